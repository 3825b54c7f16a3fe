"""Entries that come to another place in the tree, held against what is allowed and what is there already."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from seedbed.core.errors import SeedbedError
from seedbed.core.protocols import CheckContext
from seedbed.core.records import Candidate, Entry, Neighbour, Origin, Topic, Verdict

if TYPE_CHECKING:
    import numpy as np

    from seedbed.dataset.handle import Dataset
    from seedbed.engine.decisions import Gate
    from seedbed.kinds.rules import TopicRules
    from seedbed.similarity.search import VectorIndex

BATCH = 500
KEPT = 8
"""Neighbours of an entry that are looked at, as at the door."""


@dataclass(frozen=True, slots=True)
class Misfit:
    """An entry that does not fit where it came to.

    Attributes:
        rowid, entry_id: which.
        topic: path of the topic it came to.
        verdict: the failing one.
        homeless: there is no topic that it could live in.
    """

    rowid: int
    entry_id: str
    topic: str
    verdict: Verdict
    homeless: bool = False

    def to_dict(self) -> dict[str, str]:
        """JSON form."""
        verdict = self.verdict
        return {"id": self.entry_id, "topic": self.topic, "code": verdict.code, "reason": verdict.reason}


class Recheck:
    """Checks stored entries anew; calls no model.

    Args:
        dataset: with the change already made, inside its transaction.

    Attributes:
        unchecked: kinds whose schema could not be loaded, so that their entries were not looked at.
    """

    def __init__(self, dataset: Dataset) -> None:
        self._dataset = dataset
        self._file = dataset.file
        self._gates: dict[str, Gate | None] = {}
        self.unchecked: set[str] = set()

    def fields(self, rowids: Sequence[int], path: str, rules: TopicRules) -> Iterator[Misfit]:
        """Entries whose fields are not what ``rules``, those of ``path``, allow."""
        for rowid, entry in self._entries(rowids):
            gate = self._gate(entry.kind)
            if gate is None:
                continue
            verdict, _ = gate.schema.validate(_candidate(entry, path), rules)
            if not verdict.passed:
                yield Misfit(rowid, entry.id, path, verdict)

    def duplicates(self, groups: Sequence[Sequence[int]], path: str, *, below: str | None = None) -> Iterator[Misfit]:
        """Entries that came to ``path`` and are too close to one that was there, or that came with another group.

        Entries of one group were together before and are not compared with each other.

        Args:
            groups: row ids.
            path: the leaf they are in now.
            below: compare with everything at and below this topic; default only the leaf itself.
        """
        current = self._file.vectors.current()
        if current is None:
            return
        import numpy as np

        from seedbed.similarity.search import VectorIndex

        rowids, _, vectors = self._file.vectors.load(root=below or path, subtree=below is not None)
        vectors = vectors.astype(np.float32)
        index = VectorIndex(current[1])

        def add(here: np.ndarray) -> None:
            index.add(rowids[here], np.zeros(int(here.sum()), np.int64), vectors[here])

        add(~np.isin(rowids, [r for group in groups for r in group]))
        for group in groups:
            here = np.isin(rowids, group)
            if len(index):
                for start in range(0, int(here.sum()), BATCH):
                    part = rowids[here][start : start + BATCH]
                    yield from self._too_close(index, part, vectors[here][start : start + BATCH], path)
            add(here)

    def _too_close(self, index: VectorIndex, rowids: np.ndarray, vectors: np.ndarray, path: str) -> Iterator[Misfit]:
        import numpy as np

        near, similarities = index.top(vectors, KEPT)
        current = self._file.vectors.current()
        floor = 1.0 if current is None else current[2]
        close = (similarities >= floor) & (near >= 0)
        found = np.flatnonzero(close.any(axis=1))
        wanted = {int(r) for r in near[close]} | {int(r) for r in rowids[found]}
        entries = dict(self._entries(sorted(wanted)))
        for i in found:
            rowid = int(rowids[i])
            entry = entries[rowid]
            others = [
                (entries[int(r)], float(s)) for r, s, c in zip(near[i], similarities[i], close[i], strict=True) if c
            ]
            verdict = self._verdict(entry, others, floor, path)
            if verdict is not None:
                yield Misfit(rowid, entry.id, path, verdict)

    def _verdict(self, entry: Entry, others: Sequence[tuple[Entry, float]], floor: float, path: str) -> Verdict | None:
        """What the check for near duplicates says of an entry beside its neighbours, where it fails it."""
        from seedbed.similarity.slots import relation

        gate = self._gate(entry.kind)
        check = next((c for c in gate.late if c.name == "near_duplicate"), None) if gate is not None else None
        if gate is None or check is None:
            return None
        text = gate.kind.embed_text(entry.content)
        neighbours = []
        for other, similarity in others:
            its = self._gate(other.kind)
            its_text = its.kind.embed_text(other.content) if its is not None else ""
            how, differing = relation(similarity, floor, text, its_text)
            neighbours.append(
                Neighbour(other.id, min(1.0, similarity), other.topic, other.content, how, tuple(differing))
            )
        context = CheckContext(
            content=entry.content,
            text=text,
            topic=Topic(path),
            neighbours=tuple(neighbours),
            duplicate_threshold=floor,
        )
        verdict = check.check(_candidate(entry, path), context)
        return None if verdict.passed else verdict

    def _entries(self, rowids: Sequence[int]) -> Iterator[tuple[int, Entry]]:
        for start in range(0, len(rowids), BATCH):
            found = self._file.entries.by_rowids(rowids[start : start + BATCH])
            yield from sorted(found.items())

    def _gate(self, kind: str) -> Gate | None:
        if kind not in self._gates:
            try:
                self._gates[kind] = self._dataset.gate(kind)
            except SeedbedError:  # a kind that the project no longer knows
                self._gates[kind] = None
                self.unchecked.add(kind)
        return self._gates[kind]


def _candidate(entry: Entry, path: str) -> Candidate:
    """The stored entry as if it were handed in at ``path``."""
    raw: dict[str, Any] = entry.content
    return Candidate(path, entry.kind, raw, Origin("submit", actor="human"))
