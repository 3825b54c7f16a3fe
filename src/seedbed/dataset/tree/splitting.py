"""Which of a topic's entries go to which of its new subtopics."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from seedbed.core.errors import InputError, NotFoundError, TopicError, UnknownNameError
from seedbed.core.records import Cell, Outcome, Topic, Verdict
from seedbed.dataset.tree.rechecking import BATCH, Misfit

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy as np

    from seedbed.core.records import Entry, Scalar
    from seedbed.dataset.handle import Dataset
    from seedbed.dataset.tree.reshaping import Draft
    from seedbed.kinds.rules import TopicRules
    from seedbed.store.topics import Node

MAX_LEAVES = 200
"""Subtopics that one split makes at most."""


@dataclass(slots=True)
class Plan:
    """Subtopics to be made, and who lives where.

    Attributes:
        leaves: the new topics by name.
        homes: row ids of entries by name of their leaf.
        homeless: entries that belong to none.
    """

    leaves: dict[str, Topic] = field(default_factory=dict)
    homes: dict[str, list[int]] = field(default_factory=dict)
    homeless: list[Misfit] = field(default_factory=list)

    def leaf(self, path: str, name: Any, **attributes: Any) -> None:
        """Add a leaf below ``path``; raises ``TopicError`` when it is no name or there are too many."""
        name = name.strip() if isinstance(name, str) else name
        if not isinstance(name, str) or not name or "/" in name:
            raise TopicError(f"{name!r} is no name for a subtopic", place={"topic": path}, fix="use a name without /")
        self.leaves.setdefault(name, Topic(f"{path}/{name}", **attributes))
        if len(self.leaves) > MAX_LEAVES:
            raise TopicError(
                f"splitting {path!r} would make more than {MAX_LEAVES} subtopics",
                place={"topic": path},
                fix="split by a field with fewer values",
            )

    def put(self, rowid: int, name: str) -> None:
        """An entry's leaf."""
        self.homes.setdefault(name, []).append(rowid)

    def miss(self, rowid: int, entry_id: str, path: str, why: str) -> None:
        """An entry without a leaf."""
        verdict = Verdict("split", "1", Outcome.FAIL, reason=why, code="unassigned")
        self.homeless.append(Misfit(rowid, entry_id, path, verdict, homeless=True))


def split_topic(draft: Draft, node: Node, plan: Plan) -> None:
    """Make the plan's leaves below ``node`` and move its entries there."""
    if not plan.leaves:
        raise TopicError(f"there is nothing to split {node.path!r} into", place={"topic": node.path})
    ids = {name: draft.shape.insert(_valid(topic), node.id) for name, topic in plan.leaves.items()}
    draft.assign(node, {ids[name]: rowids for name, rowids in plan.homes.items()})
    draft.shape.cancel_work([node.id])
    for misfit in plan.homeless:
        draft.misfit(misfit)


def _valid(topic: Topic) -> Topic:
    from seedbed.store.topics import validate_path

    return Topic(validate_path(topic.path), topic.description, meta=topic.meta)


def plan_by_field(dataset: Dataset, node: Node, name: str, rules: TopicRules, rowids: Sequence[int]) -> Plan:
    """One leaf for every value of a field, which it allows alone: the legal ones, else those that entries have.

    Raises:
        UnknownNameError: no such field.
        TopicError: too many values, or one that gives no name.
    """
    kind = dataset.kind()
    if name not in kind.fields:
        raise UnknownNameError("field", name, kind.fields, place={"topic": node.path})
    plan, names = Plan(), _ValueNames(node.path)

    def leaf(value: Scalar) -> str:
        label = names.of(value)
        plan.leaf(node.path, label, meta={"fields": {name: [value]}})
        return label

    rule = kind.rules(rules)[name]
    legal = rule.values()
    for value in legal or ():
        leaf(value)
    for rowid, entry in _entries(dataset, rowids):
        found = entry.content.get(name)
        if not isinstance(found, str | int | float | bool):
            plan.miss(rowid, entry.id, node.path, f"has no {name} to go by")
        elif legal is not None and rule.read(found)[1]:
            plan.miss(rowid, entry.id, node.path, f"{name} {rule.read(found)[1][0][1]}")
        else:
            plan.put(rowid, leaf(rule.read(found)[0]))
    return plan


class _ValueNames:
    """Names of leaves from values; two values never share one."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._values: dict[str, tuple[bool, Scalar]] = {}

    def of(self, value: Scalar) -> str:
        label = Cell("", (("", value),)).label[1:].replace("/", "-").strip()
        said = isinstance(value, bool), value
        if self._values.setdefault(label, said) != said:
            raise TopicError(
                f"{value!r} and {self._values[label][1]!r} would give one name, {label!r}",
                place={"topic": self._path},
                fix="name the subtopics yourself with --assign",
            )
        return label


def plan_assigned(dataset: Dataset, node: Node, assigned: Mapping[str, str], rowids: Sequence[int]) -> Plan:
    """Leaves as they are named by entry id; a leaf is named by itself or by its whole path.

    Raises:
        NotFoundError: an id that is not of a live entry of the topic.
        TopicError: a name that is none.
    """
    plan = Plan()
    ids = {entry.id: rowid for rowid, entry in _entries(dataset, rowids)}
    stray = next((i for i in assigned if i not in ids), None)
    if stray is not None:
        raise NotFoundError(f"{node.path!r} holds no entry {stray!r}", place={"id": stray, "topic": node.path})
    for entry_id, name in assigned.items():
        name = name.removeprefix(f"{node.path}/") if isinstance(name, str) else name
        plan.leaf(node.path, name)
        plan.put(ids[entry_id], name.strip())
    for entry_id, rowid in ids.items():
        if entry_id not in assigned:
            plan.miss(rowid, entry_id, node.path, "is not assigned to a subtopic")
    return plan


def label_vectors(dataset: Dataset, into: Mapping[str, str]) -> np.ndarray:
    """Vectors ``(leaves, dim)`` of names with descriptions; asks the project's embedder, so no lock should be held."""
    if len(into) < 2:
        fix = "write names as a,b,c; or each with its description, one --into NAME=DESCRIPTION after the other"
        raise InputError("nearest of what? give at least two subtopics", place={"option": "into"}, fix=fix)
    return dataset.embedder().encode([f"{name}: {said}" if said else name for name, said in into.items()])


def plan_nearest(
    dataset: Dataset, node: Node, into: Mapping[str, str], labels: np.ndarray, rowids: Sequence[int]
) -> Plan:
    """Every entry goes to the leaf whose name and description are closest to it (cosine); ties to the first."""
    import numpy as np

    plan, names = Plan(), [name.strip() for name in into]
    for name, said in into.items():
        plan.leaf(node.path, name, description=said)
    here, _, vectors = dataset.file.vectors.load(root=node.path, subtree=False)
    nearest = dict(zip(here.tolist(), (vectors.astype(np.float32) @ labels.T).argmax(axis=1).tolist(), strict=True))
    missing = [r for r in rowids if r not in nearest]
    for rowid, entry in _entries(dataset, missing):
        vector = dataset.embedder().encode([dataset.kind(entry.kind).embed_text(entry.content)])[0]
        nearest[rowid] = int((vector @ labels.T).argmax())
    for rowid in rowids:
        plan.put(rowid, names[nearest[rowid]])
    return plan


def _entries(dataset: Dataset, rowids: Sequence[int]) -> Iterator[tuple[int, Entry]]:
    for start in range(0, len(rowids), BATCH):
        yield from sorted(dataset.file.entries.by_rowids(rowids[start : start + BATCH]).items())
