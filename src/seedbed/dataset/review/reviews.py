"""Review as scripts, the command line and servers see it: the queue, decisions, agreement, reasons."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, TypedDict, Unpack

from seedbed.core.errors import SeedbedError, UnknownNameError
from seedbed.core.records import Entry, Neighbour, State, Verdict
from seedbed.dataset.changes.history import OnlyTriedError
from seedbed.dataset.review.deciding import ReviewDecision, Sitting, ballots, parse_decision
from seedbed.review import rules
from seedbed.review.rules import check_reviewer
from seedbed.review.standing import disputed
from seedbed.store.reviews import BY, DecisionRow, QueueFilter

if TYPE_CHECKING:
    from seedbed.dataset.handle import Dataset

__all__ = ["Page", "QueueOptions", "ReviewDecision", "ReviewItem", "Reviews"]

DISPUTED = "disputed"
"""Not a state of its own: pending, and reviewers disagree."""

STATES = ("pending", DISPUTED, "accepted", "approved", "rejected")

BATCH = 200
"""Entries that are read at once while a whole queue is gone through."""


class QueueOptions(TypedDict, total=False):
    """Which entries; what is missing or ``None`` does not restrict.

    Attributes:
        topic: this topic and below.
        states: any of ``STATES``; default ``pending``.
        kind: name of the schema.
        reason: in review for this (``judge_below``, ``new_topic`` …), or decided for this (``wrong`` …).
        min_score, max_score: judged, and within.
        text: a value of the content contains this, case ignored.
        reviewer: what this reviewer has not decided about.
    """

    topic: str | None
    states: Sequence[str]
    kind: str | None
    reason: str | None
    min_score: float | None
    max_score: float | None
    text: str | None
    reviewer: str | None


@dataclass(frozen=True, slots=True)
class ReviewItem:
    """One entry as a reviewer sees it.

    Attributes:
        entry: with its verdicts.
        neighbours: closest entries, best first, as many as were asked for.
        why: why it is in review, ``code: sentence``; empty when nobody sent it there.
        decisions: that stand, oldest first.
    """

    entry: Entry
    neighbours: tuple[Neighbour, ...] = ()
    why: str = ""
    decisions: tuple[DecisionRow, ...] = ()

    @property
    def score(self) -> float | None:
        """The judge's score."""
        return rules.judge_score(self.entry.verdicts)

    @property
    def disputed(self) -> bool:
        """Whether reviewers disagree and nobody has settled it."""
        return disputed(ballots(self.decisions))

    def to_dict(self) -> dict[str, Any]:
        """JSON form; of the verdicts those that say more than that a check was passed."""
        from seedbed.engine.decisions import neighbour_dict, verdict_dict

        telling = [v for v in self.entry.verdicts if _says_more(v)]
        out: dict[str, Any] = {
            "id": self.entry.id,
            "topic": self.entry.topic,
            "kind": self.entry.kind,
            "state": str(self.entry.state),
            "content": self.entry.content,
            "why": self.why,
            "verdicts": [{k: v for k, v in verdict_dict(each).items() if k != "evidence"} for each in telling],
            "neighbours": [neighbour_dict(n) for n in self.neighbours],
            "decisions": [_decision_dict(d) for d in self.decisions],
        }
        return out | ({DISPUTED: True} if self.disputed else {})


def _says_more(verdict: Verdict) -> bool:
    """Whether a verdict says more than that a check was passed, or had no source text to look at."""
    if verdict.code == "no_seed":
        return False
    return verdict.score is not None or bool(verdict.reason) or str(verdict.outcome) != "pass"


@dataclass(frozen=True, slots=True)
class Page:
    """A page of the queue: ``total`` entries match, ``items`` are shown."""

    total: int
    items: tuple[ReviewItem, ...]


class Reviews:
    """Review of one dataset; reached as ``Dataset.reviews``."""

    def __init__(self, dataset: Dataset) -> None:
        self._dataset = dataset
        self._file = dataset.file

    # -- looking -----------------------------------------------------------------------------------------------

    def queue(
        self,
        *,
        limit: int = 20,
        offset: int = 0,
        neighbours: int = 3,
        after: str | None = None,
        **wanted: Unpack[QueueOptions],
    ) -> Page:
        """A page of the queue, oldest entries first; calls no language model.

        Decisions take entries out of the queue, so whoever pages while deciding goes on ``after`` the last entry seen
        rather than by ``offset``.

        Args:
            limit: entries on the page.
            offset: entries skipped.
            neighbours: closest entries shown with each; 0 spares the search.
            after: id of an entry; only what comes behind it.
            **wanted: see ``QueueOptions``.

        Raises:
            UnknownNameError: no such topic, kind or state.
        """
        chosen = self._filter(wanted)
        start = 0 if after is None else self._file.entries.rowids([id_ := self._file.entries.get(after).id])[id_]
        rowids = self._file.reviews.rowids(chosen, limit=limit, offset=offset, after=start)
        return Page(self._file.reviews.count(chosen), tuple(self._items(rowids, neighbours)))

    def ids(self, **wanted: Unpack[QueueOptions]) -> list[str]:
        """Ids of the whole queue as it is now, oldest first; for ``items``."""
        return self._file.reviews.ids(self._filter(wanted))

    def items(self, ids: Sequence[str], *, neighbours: int = 3) -> list[ReviewItem]:
        """These entries as a reviewer sees them, in this order, whatever their state; unknown ids are left out."""
        found = self._file.entries.rowids(ids)
        return list(self._items([found[i] for i in ids if i in found], neighbours))

    def every(self, *, neighbours: int = 3, **wanted: Unpack[QueueOptions]) -> Iterator[ReviewItem]:
        """The whole queue as it was at the call, oldest first; memory stays flat."""
        for part in _parts(self._file.reviews.rowids(self._filter(wanted))):
            yield from self._items(part, neighbours)

    def counts(self, *, topic: str | None = None) -> dict[str, int]:
        """Entries ``pending`` and ``disputed``, and entries that reviewers ``approved`` and ``rejected``."""
        return self._file.reviews.counts(self._known_topic(topic))

    # -- deciding ----------------------------------------------------------------------------------------------

    def decide(
        self,
        decisions: Sequence[ReviewDecision | SeedbedError | None],
        *,
        session: str | None = None,
        dry_run: bool = False,
    ) -> list[dict[str, Any]]:
        """One result per decision, in input order; all that are in order are written, in one transaction.

        A result is ``{"id", "decision", "state"}``, with ``existed`` for a repetition, ``disputed`` or
        ``missing_reviewers`` where the entry still waits, or ``code`` and ``reason`` where nothing was done. Who
        decides again replaces what they decided before. Entries that are not in review may be decided about as well.

        Args:
            decisions: what reviewers say; an error stays with its place, ``None`` was left open.
            session: groups several calls of one sitting.
            dry_run: only say what would happen.
        """
        sitting = Sitting(self._dataset, session=session, dry_run=dry_run)
        results: list[dict[str, Any]] = []
        try:
            with self._file.write():
                results = sitting.run(decisions)
                if dry_run:
                    raise OnlyTriedError
                sitting.write(results, _deciders(decisions, results))
        except OnlyTriedError:
            pass
        return results

    def approve(self, ids: Sequence[str], *, reviewer: str, **options: Any) -> list[dict[str, Any]]:
        """Approve entries; options are ``note``, ``changes``, ``adjudicate``, ``session``, ``dry_run``."""
        return self._decide_all(ids, "approve", reviewer, options)

    def reject(self, ids: Sequence[str], *, reviewer: str, **options: Any) -> list[dict[str, Any]]:
        """Reject entries; options are ``reasons``, ``note``, ``adjudicate``, ``session``, ``dry_run``."""
        return self._decide_all(ids, "reject", reviewer, options)

    def _decide_all(
        self, ids: Sequence[str], decision: str, reviewer: str, options: dict[str, Any]
    ) -> list[dict[str, Any]]:
        call = {name: options.pop(name) for name in ("session", "dry_run") if name in options}
        return self.decide([ReviewDecision(i, decision, reviewer, **options) for i in ids], **call)

    def take(
        self,
        rows: Sequence[Any],
        *,
        reviewer: str = "human",
        adjudicate: bool = False,
        session: str | None = None,
        dry_run: bool = False,
    ) -> list[dict[str, Any]]:
        """Results of the rows of a review file, numbered in input order; rows without a decision are skipped.

        Args:
            rows: objects with ``id``, ``decision``, ``reasons``, ``note``; see ``deciding.parse_decision``.
            reviewer: who decides where a row does not say.
            adjudicate: settle disagreements.
            session: groups several calls of one sitting.
            dry_run: only say what would happen.
        """
        check_reviewer(reviewer)
        parsed = [parse_decision(row, reviewer=reviewer, adjudicate=adjudicate) for row in rows]
        results = self.decide(parsed, session=session, dry_run=dry_run)
        for row, result in zip(rows, results, strict=True):
            if result.get("skipped"):
                result["id"] = row.get("id")
        return [{"row": number, **result} for number, result in enumerate(results, 1)]

    def withdraw(
        self, ids: Sequence[str], *, reviewer: str, session: str | None = None, dry_run: bool = False
    ) -> list[dict[str, Any]]:
        """Take back what ``reviewer`` decided about entries; results as of ``decide``."""
        check_reviewer(reviewer)
        sitting = Sitting(self._dataset, session=session, dry_run=dry_run)
        results: list[dict[str, Any]] = []
        try:
            with self._file.write():
                results = sitting.take_back(ids, reviewer)
                if dry_run:
                    raise OnlyTriedError
                sitting.write(results, [reviewer])
        except OnlyTriedError:
            pass
        return results

    # -- in numbers --------------------------------------------------------------------------------------------

    def agreement(self, *, topic: str | None = None) -> dict[str, Any]:
        """How far reviewers agree, as of ``review.agreement.summary``; adjudications do not count."""
        from seedbed.review.agreement import summary

        ratings: dict[int, dict[str, str]] = {}
        for rowid, reviewer, approves in self._file.reviews.ratings(self._known_topic(topic)):
            ratings.setdefault(rowid, {})[reviewer] = "approve" if approves else "reject"
        return summary(ratings)

    def reasons(
        self, *, topic: str | None = None, by: Sequence[str] = ("topic", "model", "prompt"), limit: int | None = None
    ) -> list[dict[str, Any]]:
        """What entries were rejected for: ``{"reason", "n", …}`` by the names in ``by``, most first.

        Args:
            topic: this topic and below.
            by: any of ``topic``, ``model``, ``prompt``, ``prompt_version``; nothing adds all up.
            limit: most rows.
        """
        for name in by:
            if name not in BY:
                raise UnknownNameError("grouping", name, BY)
        rows = self._file.reviews.reasons(self._known_topic(topic), by, limit=-1 if limit is None else limit)
        return [{"reason": key[0], "n": n, **dict(zip(by, key[1:], strict=True))} for key, n in rows]

    # -- entries as a reviewer sees them -----------------------------------------------------------------------

    def _items(self, rowids: Sequence[int], neighbours: int) -> Iterator[ReviewItem]:
        found = self._file.entries.by_rowids(rowids, verdicts=True)
        entries = {rowid: found[rowid] for rowid in rowids if rowid in found}
        standing = self._file.reviews.standing(rowids)
        vectors = self._file.vectors.of(rowids) if neighbours else {}
        for rowid, entry in entries.items():
            near = self._neighbours(entry, vectors[rowid], neighbours) if rowid in vectors else ()
            about = entry.meta.get("review")
            why = str(about.get("why") or "") if isinstance(about, dict) else ""
            yield ReviewItem(entry, near, why, tuple(standing.get(rowid, ())))

    def _neighbours(self, entry: Entry, vector: bytes, k: int) -> tuple[Neighbour, ...]:
        import numpy as np

        try:
            text = self._dataset.kind(entry.kind).embed_text(entry.content)
            numbers = np.frombuffer(vector, np.float16).astype(np.float32)
            found = self._dataset.intake().nearby.top(numbers, text, entry.topic, k=k + 1)
        except UnknownNameError:  # its topic or kind is gone, and it can be judged without
            return ()
        return tuple(n for n in found if n.entry_id != entry.id)[:k]

    def _filter(self, wanted: QueueOptions) -> QueueFilter:
        names = tuple(wanted.get("states") or ("pending",))
        for name in names:
            if name not in STATES:
                raise UnknownNameError("state", str(name), STATES)
        if (kind := wanted.get("kind")) is not None:
            self._dataset.kind(kind)
        return QueueFilter(
            root=self._known_topic(wanted.get("topic")),
            kind=kind,
            states=tuple({State.PENDING if name == DISPUTED else State(name) for name in names}),
            disputed=set(names) == {DISPUTED},
            reason=wanted.get("reason"),
            min_score=wanted.get("min_score"),
            max_score=wanted.get("max_score"),
            judge=rules.JUDGE,
            text=wanted.get("text"),
            without=wanted.get("reviewer"),
        )

    def _known_topic(self, path: str | None) -> str | None:
        """``path`` when the tree has it; raises ``UnknownNameError``."""
        return None if path is None else self._file.topics.get(path).path


def _deciders(decisions: Sequence[Any], results: Sequence[dict[str, Any]]) -> list[str]:
    """Reviewers whose decisions were taken."""
    taken = zip(decisions, results, strict=True)
    return [d.reviewer for d, r in taken if isinstance(d, ReviewDecision) and "code" not in r]


def _parts(rowids: Sequence[int]) -> Iterator[Sequence[int]]:
    return (rowids[start : start + BATCH] for start in range(0, len(rowids), BATCH))


def _decision_dict(row: DecisionRow) -> dict[str, Any]:
    """JSON form of a decision, empty parts left out."""
    out: dict[str, Any] = {"reviewer": row.reviewer, "decision": "approve" if row.approves else "reject"}
    rest = {"reasons": list(row.reasons), "note": row.note, "adjudicates": row.adjudicates}
    at = datetime.fromtimestamp(row.at, UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
    return out | {k: v for k, v in rest.items() if v} | {"at": at}
