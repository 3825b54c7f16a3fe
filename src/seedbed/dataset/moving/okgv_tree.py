"""The topics of an okgv file as they will stand in a dataset: names, narrowed rules, leaves for what had none."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from seedbed.core.records import Topic
from seedbed.dataset.moving.report import Ledger
from seedbed.sources.okgv import Node, clean_path, field_rule, tool_of

if TYPE_CHECKING:
    from seedbed.kinds.fields import FieldRule
    from seedbed.kinds.kind import Kind
    from seedbed.store.topics import Topics

LEAF = "general"
"""Name of the leaf that takes entries of a topic with subtopics."""


class MovingTree:
    """The plan of one move.

    Args:
        paths: okgv's topics, parents first.
        nodes: what its structure file says of them.
        kind: schema that rules narrow.
        there: the dataset's own topics.

    Attributes:
        topics: as they will stand, parents first.
        lost: rules without a counterpart.
        changed: names that had to be changed, and entries that got a leaf.
    """

    def __init__(self, paths: Sequence[str], nodes: Mapping[str, Node], kind: Kind, there: Topics) -> None:
        self.lost, self.changed = Ledger(), Ledger()
        self._nodes, self._kind, self._there = nodes, kind, there
        self._rules: dict[str, dict[str, FieldRule]] = {}
        self._chains: dict[str, list[Node]] = {}
        self._parents: set[str] = set()
        self._homes: dict[str, str] = {}
        found: dict[str, Topic] = {}
        for old in paths:
            path = clean_path(old)
            if path != old:
                self.changed.note("topic name", "a topic cannot be called that here", f"{old!r} → {path!r}")
            if path in found:
                self.changed.note("topic", "joined with another of the same name", path)
                continue
            self._parents.add(path.rpartition("/")[0])
            found[path] = Topic(path, meta=self._meta(old, path))
        self.topics = list(found.values())
        for old in nodes.keys() - set(paths):
            self.lost.note("topic", "stands in the structure file but not in the database", old)

    def home(self, old: str, entry_id: str) -> str:
        """The leaf that entries of okgv's topic ``old`` go to."""
        if old not in self._homes:
            path = clean_path(old)
            while path in self._parents or self._is_parent(path):
                path = f"{path}/{LEAF}"
            self._homes[old] = path
        path = self._homes[old]
        if path != clean_path(old):
            why = f"their topic has subtopics; they went to a leaf {LEAF!r} below it"
            self.changed.note("entries at an interior topic", why, f"{entry_id} → {path}")
        return path

    def tool(self, old: str) -> dict[str, Any] | None:
        """The tool that entries of okgv's topic ``old`` call, where its structure file names one."""
        return tool_of(self._chain(old))

    def _is_parent(self, path: str) -> bool:
        topic = self._there.find(path)
        return topic is not None and not topic.is_leaf

    def _chain(self, old: str) -> list[Node]:
        if old not in self._chains:
            parts = old.split("/")
            paths = ("/".join(parts[: i + 1]) for i in range(len(parts)))
            self._chains[old] = [self._nodes[p] for p in paths if p in self._nodes]
        return self._chains[old]

    def _meta(self, old: str, path: str) -> dict[str, Any]:
        """Narrowed fields of the topic; what cannot be said, or cannot hold here, is noted as lost."""
        parent = self._rules.get(path.rpartition("/")[0], self._kind.fields)
        node = self._nodes.get(old)
        self._rules[path] = rules = dict(parent)
        if node is None:
            return {}
        for what, why in node.left:
            self.lost.note(f"rule {what}", why, path)
        declared = dict(node.fields)
        if node.function and "function" in rules:
            declared["function"] = {**declared.get("function", {}), "enum": [node.function]}
        kept: dict[str, Any] = {}
        for name, rule in declared.items():
            narrowing = field_rule(rule) if rule else None
            if name not in rules:
                self.lost.note(f"rule for {name!r}", f"the kind {self._kind.name!r} has no such field", path)
            elif narrowing is not None:
                try:
                    rules[name] = rules[name].narrowed(narrowing)
                    kept[name] = rule
                except ValueError as error:
                    self.lost.note(f"rule for {name!r}", f"no value would be left: {error}", path)
        self._note_contract(node, path)
        return {"fields": kept} if kept else {}

    def _note_contract(self, node: Node, path: str) -> None:
        if node.scope == "subtree":
            self.lost.note(
                "similarity_scope", "it is set for the whole project: similarity_scope in seedbed.yaml", path
            )
        if (node.function or node.required or node.optional or node.forbidden) and "tools" not in self._kind.fields:
            self.lost.note(
                "function and its arguments", "only a kind with tools and calls checks them: --kind tool_use", path
            )
