"""The topic tree as people and agents change it: every operation is one event in one transaction, and can be undone."""

from __future__ import annotations

import shlex
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Literal, Unpack, get_args

from seedbed.core.errors import InputError, TopicError, UnknownNameError
from seedbed.core.records import Topic
from seedbed.dataset.changes.history import OnlyTriedError, Who, named_by
from seedbed.dataset.tree.grafting import interior, last_name, merge, place, within
from seedbed.dataset.tree.reshaping import Draft, MisfitError, OnViolation, TreeChange
from seedbed.kinds.rules import TopicRules, fold
from seedbed.store.saying import EMPTY, check_meta, checked
from seedbed.store.topics import validate_path
from seedbed.store.tree import doubts, parse_tree

if TYPE_CHECKING:
    from seedbed.dataset.handle import Dataset
    from seedbed.dataset.tree.splitting import Plan
    from seedbed.store.topics import Node

__all__ = ["How", "MisfitError", "TopicTree", "TreeChange"]

Clearable = Literal["description", "target", "weight", "meta"]


class How(Who, total=False):
    """Who changes the tree, and how carefully.

    Attributes:
        actor, session, reason: for the history, as in ``Who``.
        dry_run: do it all, tell, and roll it back.
        on_violation: entries that do not fit their new place: ``refuse`` the whole operation (default), put them in
            ``review``, or ``reject`` them.
    """

    dry_run: bool
    on_violation: OnViolation


class TopicTree:
    """The tree of one dataset; reached as ``Dataset.topics``.

    Every operation is all or nothing: rules that contradict each other, an unknown topic or entries that do not fit
    raise before anything is kept. Options of all of them: see ``How``.
    """

    def __init__(self, dataset: Dataset) -> None:
        self._dataset = dataset
        self._file = dataset.file

    # -- growing -----------------------------------------------------------------------------------------------

    def load(self, tree: Any, **how: Unpack[How]) -> TreeChange:
        """Make the topics of a nested mapping, and bring those that exist up to date.

        What the tree does not say of a topic stays as it is, ``None`` empties it; topics that it does not name stay.

        Args:
            tree: names as keys, ``{}`` is a leaf, keys with ``_`` describe (``_description``, ``_target`` …).
            **how: see ``How``.

        Raises:
            TopicError, UnknownNameError: a name or rule is wrong; names topic and field.
            MisfitError: entries do not satisfy new rules.
        """
        topics = parse_tree(tree)

        def work(draft: Draft) -> None:
            draft.change.warnings += doubts(topics)
            for said in topics:
                found = draft.topics.node(said.path)
                if found is None:
                    draft.shape.add(said.of(Topic(said.path)))
                else:
                    draft.shape.describe(found.id, said.of(found.topic))

        return self._run("topics.load", None, how, work)

    def add(self, path: str, **options: Any) -> TreeChange:
        """Make one topic, and its parents where they are missing; one that exists is left as it is.

        Args:
            path: names joined by ``/``.
            **options: ``description``, ``target``, ``weight``, ``meta``, and those of ``How``.

        Raises:
            TopicError: the path is malformed, or the parent holds entries.
        """
        how, attributes = _parted(options)
        topic = Topic(validate_path(path), **_attributes(path, attributes))
        return self._run("topics.add", topic.path, how, lambda draft: draft.shape.add(topic))

    def describe(
        self, path: str, *, clear: Sequence[Clearable] = (), meta: Mapping[str, Any] | None = None, **options: Any
    ) -> TreeChange:
        """Change what is said of a topic; entries below are rechecked when its field rules change.

        Args:
            path: the topic.
            clear: attributes that are emptied first.
            meta: keys to set; ``None`` as a value takes the key away.
            **options: ``description``, ``target``, ``weight``, and those of ``How``.

        Raises:
            UnknownNameError: no such topic, or a rule for an unknown field.
            TopicError, MisfitError: the new rules contradict others, or entries do not satisfy them.
        """
        how, attributes = _parted(options)
        given = {k: v for k, v in _attributes(path, attributes).items() if v is not None}
        wanted = dict(checked(path, "meta", meta) or {})
        check_meta(path, wanted)
        empty: dict[str, Any] = {**EMPTY, "meta": {}}
        for name in clear:
            if name not in empty:
                raise UnknownNameError("attribute", str(name), empty, place={"topic": path})

        def work(draft: Draft) -> None:
            node = draft.node(path)
            topic = replace(node.topic, **{str(name): empty[name] for name in clear})
            kept = {k: v for k, v in {**topic.meta, **wanted}.items() if v is not None}
            draft.shape.describe(node.id, replace(topic, **given, meta=kept))

        return self._run("topics.describe", path, how, work)

    # -- moving ------------------------------------------------------------------------------------------------

    def move(self, path: str, new_parent: str | None, **how: Unpack[How]) -> TreeChange:
        """Put a topic with everything below it under another one, or at the root (``None`` or ``/``).

        Raises:
            UnknownNameError: no such topic.
            TopicError: into itself, a sibling of that name is there, or the new parent holds entries.
            MisfitError: entries do not satisfy the rules of the new path.
        """

        def work(draft: Draft) -> None:
            node = draft.node(path)
            parent = draft.node(new_parent) if new_parent not in (None, "", "/") else None
            if parent is not None and within(parent.path, node.path):
                raise TopicError(f"{node.path!r} cannot be moved into itself", place={"topic": parent.path})
            if node.parent_id != (None if parent is None else parent.id):
                place(draft, node, parent, last_name(node.path))

        return self._run("topics.move", path, how, work)

    def rename(self, path: str, new_name: str, **how: Unpack[How]) -> TreeChange:
        """Give a topic another name where it is.

        Raises:
            UnknownNameError: no such topic.
            TopicError: the name is malformed, or a sibling has it.
        """

        def work(draft: Draft) -> None:
            node = draft.node(path)
            if "/" in new_name:
                fix = f"to put it elsewhere: seedbed topics move {shlex.quote(node.path)} PARENT"
                raise TopicError(f"the name {new_name!r} holds a slash", place={"topic": node.path}, fix=fix)
            name = unicodedata.normalize("NFC", new_name)
            if name != last_name(node.path):
                above = node.path.rpartition("/")[0]
                place(draft, node, draft.node(above) if above else None, name)

        return self._run("topics.rename", path, how, work)

    def merge(self, source: str, into: str, **how: Unpack[How]) -> TreeChange:
        """Move everything of ``source`` into ``into`` and take ``source`` away; subtopics of one name are merged too.

        What ``into`` says of itself stays. Entries are held against its rules and against its entries: exact and near
        duplicates do not fit.

        Raises:
            UnknownNameError: no such topic.
            TopicError: into itself or below itself, or entries would share a topic with subtopics.
            MisfitError: entries do not fit.
        """

        def work(draft: Draft) -> None:
            node, target = draft.node(source), draft.node(into)
            if within(target.path, node.path):
                raise TopicError(f"{node.path!r} cannot be merged into itself", place={"topic": target.path})
            merge(draft, node, target)

        return self._run("topics.merge", source, how, work)

    def remove(self, path: str, entries: str = "refuse", **how: Unpack[How]) -> TreeChange:
        """Take a topic with everything below it out of the tree; planned jobs of it are cancelled.

        Args:
            path: the topic.
            entries: ``refuse`` when there are any, ``remove`` them as well, or the leaf topic that they move to.
            **how: see ``How``.

        Raises:
            UnknownNameError: no such topic.
            TopicError: it holds entries (``topic_holds_entries``), or they cannot go where they should.
            MisfitError: entries do not fit there.
        """

        def work(draft: Draft) -> None:
            nodes = draft.below(draft.node(path))
            held = draft.shape.held([n.id for n in nodes])
            if entries == "remove":
                draft.withdraw(nodes)
            elif entries == "refuse" and held:
                raise TopicError(
                    f"topic {nodes[0].path!r} holds {held} {'entry' if held == 1 else 'entries'}",
                    place={"topic": nodes[0].path},
                    fix="add --entries remove, or --entries TOPIC to move them there",
                    code="topic_holds_entries",
                )
            elif entries != "refuse":
                target = draft.node(entries)
                if within(target.path, nodes[0].path):
                    raise TopicError(f"entries cannot go to {target.path!r}: it is removed", place={"topic": entries})
                if not target.topic.is_leaf:
                    raise interior(target, nodes[0])
                draft.carry(nodes, target)
            draft.remove(nodes)

        return self._run("topics.remove", path, how, work)

    def split(
        self,
        path: str,
        *,
        by: str | None = None,
        assign: Mapping[str, str] | None = None,
        into: Sequence[str] | Mapping[str, str] | None = None,
        **how: Unpack[How],
    ) -> TreeChange:
        """Make subtopics of a leaf and give each of its entries to one of them; exactly one way is chosen.

        Args:
            path: the leaf.
            by: a field: one subtopic for every value, which then allows that value alone.
            assign: entry id → name of its subtopic.
            into: names, or names with descriptions: entries go to the closest by meaning (embedder, no model).
            **how: see ``How``; entries without a subtopic can only be refused or rejected.

        Raises:
            UnknownNameError: no such topic or field.
            InputError: not exactly one way.
            TopicError: it has subtopics already, or a name is malformed.
            MisfitError: entries belong to no subtopic or do not satisfy its rules.
        """
        from seedbed.dataset.tree import splitting

        if sum(way is not None for way in (by, assign, into)) != 1:
            raise InputError(
                "say how to split: by a field, by assignments, or into named subtopics",
                place={"topic": path},
                fix="give exactly one of by (a field), assign (entry → name) and into (two names or more)",
            )
        named = dict(into) if isinstance(into, Mapping) else dict.fromkeys(into or (), "")
        labels = splitting.label_vectors(self._dataset, named) if into is not None else None

        def plan(node: Node, rowids: Sequence[int]) -> Plan:
            if by is not None:
                return splitting.plan_by_field(self._dataset, node, by, self.rules(node.path), rowids)
            if labels is not None:
                return splitting.plan_nearest(self._dataset, node, named, labels, rowids)
            return splitting.plan_assigned(self._dataset, node, assign or {}, rowids)

        def work(draft: Draft) -> None:
            node = draft.node(path)
            if not node.topic.is_leaf:
                raise TopicError(f"topic {node.path!r} has subtopics already", place={"topic": node.path})
            splitting.split_topic(draft, node, plan(node, draft.shape.live_rowids(node.id)))

        return self._run("topics.split", path, how, work)

    # -- looking -----------------------------------------------------------------------------------------------

    def show(self, path: str) -> dict[str, Any]:
        """A topic as JSON: description, target, weight, meta, rules of its fields by path, entries by state, subtopics.

        Raises:
            UnknownNameError: no such topic.
        """
        topic = self._file.topics.get(path)
        kind, rules = self._dataset.kind(), self.rules(topic.path)
        below = self._file.topics.all(topic.path)[1:]
        return {
            "topic": topic.path,
            "description": topic.description,
            "target": topic.target,
            "weight": topic.weight,
            "meta": topic.meta,
            "leaf": topic.is_leaf,
            "fields": {n: kind.rules(rules)[n].describe() for n in rules.fields if n in kind.fields},
            "entries": self.counts(topic.path).get(topic.path, {}),
            "subtopics": [t.path for t in below if t.path.count("/") == topic.path.count("/") + 1],
            "topics_below": len(below),
        }

    def counts(self, root: str | None = None) -> dict[str, dict[str, int]]:
        """Entries by state of every topic that has any, with those below it; costs what there are cells, not entries.

        Raises:
            UnknownNameError: no topic ``root``.
        """
        root = None if root is None else self._file.topics.get(root).path
        top = 1 if root is None else root.count("/") + 1
        out: dict[str, dict[str, int]] = {}
        for count in self._file.entries.counts(root=root):
            parts = count.topic.split("/")
            for i in range(top, len(parts) + 1):
                states = out.setdefault("/".join(parts[:i]), {})
                states[str(count.state)] = states.get(str(count.state), 0) + count.n
        return out

    def rules(self, path: str) -> TopicRules:
        """What the path of a topic allows of fields; raises ``UnknownNameError``."""
        parts = path.split("/")
        return fold([self._file.topics.get("/".join(parts[: i + 1])) for i in range(len(parts))])

    # -- running -----------------------------------------------------------------------------------------------

    def _run(self, action: str, subject: str | None, how: How, work: Callable[[Draft], object]) -> TreeChange:
        """Make a change in one transaction; roll it back when it was only tried, or changed nothing."""
        on_violation, dry_run = how.get("on_violation", "refuse"), how.get("dry_run", False)
        if on_violation not in get_args(OnViolation):
            raise UnknownNameError("way", str(on_violation), get_args(OnViolation), place={"option": "on_violation"})
        who = named_by({name: value for name, value in how.items() if name not in ("on_violation", "dry_run")})
        change = TreeChange()
        try:
            with self._file.write():
                event = self._file.events.add(action, subject=subject, **who)
                change = Draft(self._dataset, event).run(work, subject or "the tree", on_violation, dry_run=dry_run)
                if dry_run or change.empty:
                    raise OnlyTriedError
                change.event = event
        except OnlyTriedError:
            pass
        finally:
            self._dataset.forget()
        return change


def _parted(options: Mapping[str, Any]) -> tuple[How, dict[str, Any]]:
    """Options of every operation, and those of a topic."""
    how = {name: value for name, value in options.items() if name in How.__annotations__}
    return How(**how), {name: value for name, value in options.items() if name not in how}  # type: ignore[typeddict-item]


def _attributes(path: str, given: Mapping[str, Any]) -> dict[str, Any]:
    """Attributes of a topic as they may be; raises ``TopicError`` or ``UnknownNameError``."""
    found = {name: checked(path, name, value) for name, value in given.items()}
    check_meta(path, found.get("meta") or {})
    return {name: value for name, value in found.items() if given[name] is not None or name == "target"}
