"""One reviewer's way through the queue, without a screen: what is shown, decided, corrected, taken back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import chain, islice
from typing import TYPE_CHECKING, Any

from seedbed.core.errors import (
    EmbedderMismatchError,
    MissingExtraError,
    NotFoundError,
    PluginError,
    SeedbedError,
    UnknownNameError,
)
from seedbed.core.records import Entry, State
from seedbed.dataset.review.reviews import ReviewDecision, ReviewItem
from seedbed.frontends.tui.paging import Pages, Snapshot
from seedbed.frontends.tui.texts import BEGINNING, first_text, row_text
from seedbed.review.rules import check_reviewer

if TYPE_CHECKING:
    from seedbed.dataset.handle import Dataset
    from seedbed.engine.decisions import Decision

NEIGHBOURS = 8
"""Neighbours that can be looked at."""

AHEAD = 64
"""Rows that are asked whether they still wait, on the way to the next one."""


@dataclass(frozen=True, slots=True)
class Row:
    """What the list shows of an entry; small, however large the entry is.

    Attributes:
        id, topic, why, score: of the entry.
        text: beginning of its first field.
        decided: a reviewer decided about it.
    """

    id: str
    text: str
    topic: str
    why: str
    score: float | None
    decided: bool


Filters = dict[str, Any]
"""Which entries: names of ``dataset.reviews.QueueOptions``."""


@dataclass(frozen=True, slots=True)
class Step:
    """Something that was saved, and can be taken back.

    Attributes:
        entry_id: what it is about.
        event: of the log.
        did: ``approve``, ``reject`` or ``edit``.
        before: what this sitting had said of the entry before.
    """

    entry_id: str
    event: int
    did: str
    before: str | None


class Sitting:
    """A queue as it was when it was opened, and what one reviewer does about it; everything is saved at once.

    Deciding moves no row: what was decided stays where it is, marked, until the queue is opened anew.

    Args:
        dataset: open for writing.
        reviewer: who decides.
        adjudicate: settle disagreements of others.
        session: name of the sitting in the log.
        **wanted: which entries, see ``dataset.reviews.QueueOptions``.

    Raises:
        InputError: the reviewer is not called like one.
        UnknownNameError: no such topic, kind or state.
    """

    def __init__(
        self,
        dataset: Dataset,
        *,
        reviewer: str = "human",
        adjudicate: bool = False,
        session: str | None = None,
        **wanted: Any,
    ) -> None:
        check_reviewer(reviewer)
        self.dataset, self.reviewer, self.adjudicate = dataset, reviewer, adjudicate
        started = datetime.fromtimestamp(dataset.clock(), UTC)
        self.session = session or f"review {reviewer} {started:%Y-%m-%dT%H:%M:%SZ}"
        self.wanted: Filters = {}
        self.said: dict[str, str] = {}
        self.notes: dict[str, str] = {}
        self.left = 0
        self.neighbours = NEIGHBOURS
        self._steps: list[Step] = []
        self.open(wanted)

    # -- looking -----------------------------------------------------------------------------------------------

    def __len__(self) -> int:
        return len(self._ids)

    @property
    def reasons(self) -> Sequence[str]:
        """What entries may be rejected for."""
        return self.dataset.project.config.review.reasons

    def open(self, wanted: Filters) -> None:
        """Read the queue anew, with these filters; when they are wrong it stays as it was."""
        chosen = {name: value for name, value in wanted.items() if value is not None}
        self._ids = Snapshot(self.dataset.reviews.ids(**self._asked(chosen)))
        self.wanted = chosen
        self._pages = Pages(self._read)
        self.count()

    def count(self) -> None:
        """Bring ``left``, the number of entries that wait, up to date."""
        self.left = self.dataset.reviews.queue(limit=0, neighbours=0, **self._asked(self.wanted)).total

    def id(self, index: int) -> str:
        """Id of the entry in this row."""
        return self._ids[index]

    def where(self, entry_id: str) -> int | None:
        """The row of an entry."""
        return self._ids.index(entry_id)

    def row(self, index: int) -> Row | None:
        """What the list shows of the entry in this row; ``None`` when it is gone for good."""
        return self._pages.get(index)

    def closely(self, index: int) -> ReviewItem | None:
        """The entry in this row as it is now, with its closest entries."""
        try:
            found = self.dataset.reviews.items([self.id(index)], neighbours=self.neighbours)
        except (EmbedderMismatchError, MissingExtraError, PluginError):  # it can be judged without
            self.neighbours = 0
            found = self.dataset.reviews.items([self.id(index)], neighbours=0)
        return next(iter(found), None)

    def next_open(self, index: int) -> int | None:
        """The next row after ``index`` that still waits and about which nothing was said, then the first from the top.

        Where others decided about many in a row, the first one behind those.
        """
        if not self.left:
            return None
        around = chain(range(index + 1, len(self)), range(min(index, len(self))))
        rows = (i for i in around if self._ids[i] not in self.said)
        near = list(islice(rows, AHEAD))
        for start in range(0, len(near), 8):
            part = near[start : start + 8]
            found = self.dataset.reviews.items([self._ids[i] for i in part], neighbours=0)
            waiting = {item.entry.id for item in found if self._waits(item)}
            if (row := next((i for i in part if self._ids[i] in waiting), None)) is not None:
                return row
        return next(rows, None)

    def _waits(self, item: ReviewItem) -> bool:
        """Whether an entry of the queue is still in a state that was asked for."""
        states = tuple(self.wanted.get("states") or ("pending",))
        return str(item.entry.state) in states or ("disputed" in states and item.disputed)

    def _read(self, start: int, n: int) -> list[Row | None]:
        ids = self._ids.slice(start, n)
        found = {item.entry.id: _row(item) for item in self.dataset.reviews.items(ids, neighbours=0)}
        return [found.get(i) for i in ids]

    def _asked(self, wanted: Filters) -> Filters:
        """With several reviewers an entry that this one decided about still waits, but not for this one."""
        alone = self.dataset.project.config.review.overlap == 1
        if alone or self.adjudicate or tuple(wanted.get("states") or ("pending",)) != ("pending",):
            return wanted
        return {**wanted, "reviewer": self.reviewer}

    # -- deciding ----------------------------------------------------------------------------------------------

    def decide(self, item: ReviewItem, decision: str, reasons: Sequence[str] = ()) -> dict[str, Any]:
        """The result of ``Reviews.decide``, written; with the note that was taken down for the entry.

        Args:
            item: what the reviewer has before them; refused when the entry has other content by now.
            decision: ``approve`` or ``reject``.
            reasons: codes, for a rejection.
        """
        entry = item.entry
        said = ReviewDecision(
            entry.id,
            decision,
            self.reviewer,
            tuple(reasons),
            self.notes.get(entry.id, ""),
            adjudicate=self.adjudicate,
            seen=entry.content,
        )
        (result,) = self.dataset.reviews.decide([said], session=self.session)
        if "code" not in result:
            if not result.get("existed"):
                self._saved(entry.id, decision)
            self.said[entry.id] = f"{decision} {', '.join(reasons)}".strip()
        self._changed(entry.id)
        return result

    def note(self, item: ReviewItem, text: str) -> dict[str, Any] | None:
        """Take down a note for the decision about the entry; where there is one already it is renewed with it."""
        self.notes[item.entry.id] = text.strip()
        own = next((d for d in reversed(item.decisions) if d.reviewer == self.reviewer), None)
        if own is None:
            return None
        return self.decide(item, "approve" if own.approves else "reject", own.reasons)

    def edit(self, entry: Entry, changes: Mapping[str, Any]) -> dict[str, str]:
        """Problems by field (``""``: of the whole); saved when there are none.

        Args:
            entry: as the reviewer saw it; a field that somebody else has changed since is a problem.
            changes: new values by field.
        """
        now = self.dataset.show(entry.id).content
        if others := [n for n in changes if now.get(n) != entry.content.get(n)]:
            return {n: f"changed meanwhile to: {row_text(now.get(n), 200)}; saving again replaces it" for n in others}
        decision = self.dataset.edit(entry.id, changes, check_only=True, actor=self.reviewer)
        if not (problems := _problems(decision)):
            decision = self.dataset.edit(entry.id, changes, actor=self.reviewer, session=self.session)
            if not (problems := _problems(decision)) and decision.content != entry.content:
                self._saved(entry.id, "edit")
                self.said.pop(entry.id, None)
        self._changed(entry.id)
        return problems

    def undo(self) -> Step | None:
        """Take back what was saved last in this sitting; ``None`` when nothing is left.

        Raises:
            ConflictError: somebody has changed the entry since.
        """
        if not self._steps:
            return None
        step = self._steps[-1]
        self.dataset.history.undo([step.event], actor=self.reviewer, session=self.session)
        self._steps.pop()
        self.said.pop(step.entry_id, None)
        if step.before is not None:
            self.said[step.entry_id] = step.before
        self._changed(step.entry_id)
        return step

    def _saved(self, entry_id: str, did: str) -> None:
        _, newest = self.dataset.history.log(session=self.session, actor=self.reviewer, limit=20)
        event = next(e["id"] for e in newest if e.get("subject") == entry_id)
        self._steps.append(Step(entry_id, event, did, self.said.get(entry_id)))

    def _changed(self, entry_id: str) -> None:
        self._pages.forget(self.where(entry_id))
        self.count()

    # -- what can be edited ------------------------------------------------------------------------------------

    def rules(self, entry: Entry) -> dict[str, dict[str, Any]]:
        """The rule of every field of the entry's kind in its topic, as of ``FieldRule.describe``.

        Raises:
            NotFoundError: the entry is not in the dataset, and so cannot be edited.
        """
        if not entry.state.live:
            raise NotFoundError(f"entry {entry.id} is {entry.state}", fix="take the decision back first (u)")
        try:
            own = {n: r.describe() for n, r in self.dataset.kind(entry.kind).fields.items()}
            narrowed: dict[str, Any] = self.dataset.topics.show(entry.topic)["fields"]
        except UnknownNameError:  # its kind or topic is gone: the door will say so
            return {}
        return {n: narrowed.get(n, rule) for n, rule in own.items()}


def _row(item: ReviewItem) -> Row:
    entry = item.entry
    why = item.why[:BEGINNING]
    return Row(entry.id, first_text(entry.content), entry.topic, why, item.score, bool(item.decisions))


def _problems(decision: Decision) -> dict[str, str]:
    """What keeps an edit out, by field."""
    error: SeedbedError | None = decision.error
    if error is not None:
        return {"": error.message}
    if decision.state is not State.REJECTED or decision.failure is None:
        return {}
    found: dict[str, str] = {}
    for problem in decision.failure.evidence.get("problems", ()):
        name = str(problem["field"]).partition(".")[0]
        found[name] = "; ".join(filter(None, (found.get(name), problem["message"])))
    return found or {"": f"{decision.code}: {decision.failure.reason}"}
