"""Reviewers' decisions on their way into the dataset: each is looked at by itself, all are written together."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

from seedbed.core.errors import InputError, NotFoundError, SeedbedError, UnknownNameError
from seedbed.core.records import Content, Entry, State
from seedbed.dataset.changes.editing import edit_entry
from seedbed.kinds.values import json_name
from seedbed.review.rules import check_reviewer
from seedbed.review.standing import Ballot, disputed, settle
from seedbed.store.reviews import DecisionRow
from seedbed.store.values import UID_HEX

if TYPE_CHECKING:
    from seedbed.core.config import ReviewConfig
    from seedbed.dataset.handle import Dataset

DECISIONS = ("approve", "reject")
MOST_NOTE = 2_000
"""Characters of a note that are kept."""


@dataclass(frozen=True, slots=True)
class ReviewDecision:
    """What a reviewer says of one entry.

    Attributes:
        entry_id: public id, or a prefix that only one id begins with.
        decision: ``approve`` or ``reject``.
        reviewer: ``human:NAME`` or ``model:ID``.
        reasons: codes out of ``review.reasons``, for a rejection.
        note: free text.
        changes: fields that are corrected while approving; validated and rechecked like any edit.
        adjudicate: settle a disagreement of other reviewers.
        seen: content that the reviewer looked at; refused when the entry has another one by now.
    """

    entry_id: str
    decision: str
    reviewer: str
    reasons: tuple[str, ...] = ()
    note: str = ""
    changes: Mapping[str, Any] | None = None
    adjudicate: bool = False
    seen: Content | None = None


def parse_decision(row: Any, *, reviewer: str, adjudicate: bool = False) -> ReviewDecision | SeedbedError | None:
    """A row of a review file as a decision, ``None`` where its decision is left empty, or what is wrong with it.

    Args:
        row: ``{"id", "decision", "reasons"?, "note"?, "changes"?, "reviewer"?, "adjudicate"?, "content"?}``; other
            keys are ignored, ``content`` is what the reviewer saw.
        reviewer: who decides where the row does not say.
        adjudicate: for rows that do not say.
    """
    if isinstance(row, SeedbedError):
        return row
    if not isinstance(row, Mapping):
        return InputError(f"expected a JSON object, got {json_name(row)}", code="not_an_object")
    entry_id = row.get("id")
    if not isinstance(entry_id, str) or not entry_id:
        return InputError("no id given", fix="give the entry's id under 'id'", code="no_id")
    if row.get("decision") in (None, ""):
        return None
    reasons = row.get("reasons") or ()
    reasons = (reasons,) if isinstance(reasons, str) else reasons
    if not isinstance(reasons, list | tuple) or not all(isinstance(r, str) for r in reasons):
        return InputError("reasons are not a list of codes", place={"id": entry_id}, code="invalid_reasons")
    for name, kinds in (("note", str), ("changes", Mapping), ("content", Mapping), ("reviewer", str)):
        if row.get(name) is not None and not isinstance(row[name], kinds):
            wanted = "a text" if kinds is str else "an object"
            return InputError(f"{name} is not {wanted}", place={"id": entry_id, "field": name}, code=f"invalid_{name}")
    return ReviewDecision(
        entry_id,
        str(row["decision"]),
        row.get("reviewer") or reviewer,
        tuple(reasons),
        row.get("note") or "",
        row.get("changes") or None,
        bool(row.get("adjudicate", adjudicate)),
        cast("Content | None", row.get("content")),
    )


class Sitting:
    """One call that decides about entries: results one by one, then everything into the file. Call inside ``write``.

    Args:
        dataset: whose entries.
        session: name of the sitting, for the history.
        dry_run: edits are only tried.
    """

    def __init__(self, dataset: Dataset, *, session: str | None, dry_run: bool) -> None:
        self._dataset, self._file = dataset, dataset.file
        self._config: ReviewConfig = dataset.project.config.review
        self._session, self._dry_run = session, dry_run
        self._known: dict[str, tuple[int, Entry]] = {}
        self._votes: dict[int, list[DecisionRow]] = {}
        self._states: dict[int, State] = {}
        self._before: dict[int, State] = {}
        self._fresh: dict[tuple[int, str, bool], DecisionRow] = {}
        self._withdrawn: list[int] = []
        self._reviewed: set[int] = set()
        self._edited = 0

    def run(self, wanted: Sequence[ReviewDecision | SeedbedError | None]) -> list[dict[str, Any]]:
        """One result per decision, in order; nothing is written yet."""
        self._look_up([w.entry_id for w in wanted if isinstance(w, ReviewDecision)])
        return [self._result(item) for item in wanted]

    def write(self, results: Sequence[Mapping[str, Any]], reviewers: Sequence[str]) -> int | None:
        """The event that now holds all of it, or ``None`` when nothing changed.

        Args:
            results: of ``run``, for the history.
            reviewers: who decided.
        """
        states = [(r, s) for r, s in self._states.items() if s is not self._before[r]]
        fresh = list(self._fresh.values())
        if not fresh and not self._withdrawn and not states and not self._edited:
            return None
        counts = Counter(str(r["decision"]) for r in results if not r.keys() & {"code", "existed", "skipped"})
        names = sorted(set(reviewers))
        alone = fresh[0] if len(fresh) == 1 else None
        event_id = self._file.events.add(
            "review",
            actor=names[0] if len(names) == 1 else "human",
            session=self._session,
            reason=(alone.note or None) if alone else None,
            subject=next((e.id for r, e in self._known.values() if alone and r == alone.entry_rowid), None),
            detail={**counts, **({"reviewers": names} if len(names) > 1 else {})},
        )
        self._file.reviews.write(event_id, fresh=fresh, withdrawn=self._withdrawn, states=states)
        return event_id

    def take_back(self, entry_ids: Sequence[str], reviewer: str) -> list[dict[str, Any]]:
        """Withdraw what ``reviewer`` decided about the entries; a result for each, nothing is written yet."""
        self._look_up(entry_ids)
        results: list[dict[str, Any]] = []
        for entry_id in entry_ids:
            try:
                rowid, entry = self._find(entry_id)
                self._refuse_dead(rowid, entry, self._state(rowid, entry))
                own = [v for v in self._votes[rowid] if v.reviewer == reviewer]
                if not own:
                    raise NotFoundError(f"{reviewer} did not decide about {entry.id}", code="no_decision")
                self._drop(rowid, own)
                self._settle(rowid, entry, revive=self._state(rowid, entry) is State.REJECTED)
                results.append({"id": entry.id, "decision": "withdraw", "state": str(self._states[rowid])})
            except SeedbedError as error:
                results.append(refusal(entry_id, "withdraw", error))
        return results

    # -- one decision ------------------------------------------------------------------------------------------

    def _result(self, item: ReviewDecision | SeedbedError | None) -> dict[str, Any]:
        if item is None:
            return {"id": None, "decision": None, "skipped": True}
        if isinstance(item, SeedbedError):
            return refusal(item.place.get("id"), None, item)
        try:
            self._check(item)
            return self._decide(item, *self._find(item.entry_id))
        except SeedbedError as error:
            return refusal(item.entry_id, item.decision, error)

    def _check(self, wanted: ReviewDecision) -> None:
        """Raises ``InputError`` for what is wrong without looking at the entry."""
        check_reviewer(wanted.reviewer)
        if wanted.decision not in DECISIONS:
            raise UnknownNameError("decision", wanted.decision[:60], DECISIONS)
        for reason in wanted.reasons:
            if reason not in self._config.reasons:
                raise UnknownNameError("reason", reason[:60], self._config.reasons)
        if wanted.decision == "reject" and not wanted.reasons and wanted.reviewer.startswith("model:"):
            raise InputError(  # a person may be in a hurry; what a model says is counted, and read by the next writers
                "a model rejects for a reason",
                fix=f"reasons: one or more of {', '.join(self._config.reasons)}",
                code="no_reason",
            )
        if len(wanted.note) > MOST_NOTE:
            raise InputError(f"the note has {len(wanted.note)} characters, {MOST_NOTE} at most", code="note_too_long")
        if wanted.changes and wanted.decision != "approve":
            raise InputError(
                "an entry is changed when it is approved, not when it is rejected", code="changes_on_reject"
            )
        allowed = self._config.adjudicators
        if wanted.adjudicate and allowed and wanted.reviewer not in allowed:
            raise InputError(
                f"{wanted.reviewer} does not adjudicate here: {', '.join(allowed)}", code="not_adjudicator"
            )

    def _decide(self, wanted: ReviewDecision, rowid: int, entry: Entry) -> dict[str, Any]:
        state = self._state(rowid, entry)
        self._refuse_dead(rowid, entry, state)
        if wanted.seen is not None and dict(wanted.seen) != entry.content:
            raise InputError(
                f"entry {entry.id} has another content than the one that was reviewed",
                fix="look at it again; corrections go under 'changes'",
                code="changed_since",
            )
        vote = self._vote(wanted, rowid)
        own = [v for v in self._votes[rowid] if (v.reviewer, v.adjudicates) == (vote.reviewer, vote.adjudicates)]
        result = {"id": entry.id, "decision": wanted.decision}
        if not wanted.changes and any(_same(v, vote) for v in own):
            return result | {"state": str(state), "existed": True} | self._more(rowid)
        if wanted.changes:
            entry = self._edit(wanted, rowid, entry)
            own = list(self._votes[rowid])  # all others judged a content that is no more
        kept = [v for v in self._votes[rowid] if v not in own]
        self._settle(rowid, entry, votes=[*kept, vote], revive=state is State.REJECTED)
        self._drop(rowid, own)
        self._votes[rowid].append(vote)
        self._fresh[rowid, vote.reviewer, vote.adjudicates] = vote
        return result | {"state": str(self._states[rowid])} | self._more(rowid)

    def _vote(self, wanted: ReviewDecision, rowid: int) -> DecisionRow:
        approves = wanted.decision == "approve"
        others = [v for v in self._votes[rowid] if v.reviewer != wanted.reviewer]
        settles = wanted.reviewer in self._config.adjudicators and any(v.approves != approves for v in others)
        return DecisionRow(
            id=0,
            entry_rowid=rowid,
            reviewer=wanted.reviewer,
            approves=approves,
            reasons=tuple(dict.fromkeys(wanted.reasons)),
            note=wanted.note,
            adjudicates=wanted.adjudicate or settles,
            at=self._file.clock(),
        )

    def _edit(self, wanted: ReviewDecision, rowid: int, entry: Entry) -> Entry:
        """The entry with the reviewer's corrections.

        Raises:
            InputError: with them it does not pass the checks.
        """
        decision = edit_entry(
            self._dataset,
            entry.id,
            dict(wanted.changes or {}),
            actor=wanted.reviewer,
            session=self._session,
            reason=wanted.note or "corrected in review",
            check_only=self._dry_run,
        )
        if decision.error is not None:
            raise decision.error
        if not decision.accepted:
            raise InputError(decision.failure.reason if decision.failure else "it does not pass", code=decision.code)
        self._edited += 1
        changed = entry if self._dry_run else self._file.entries.by_rowids([rowid])[rowid]
        self._known[entry.id], self._before[rowid] = (rowid, changed), changed.state
        return changed

    def _settle(
        self, rowid: int, entry: Entry, *, votes: Sequence[DecisionRow] | None = None, revive: bool = False
    ) -> None:
        """Work the entry's state out anew; with ``revive`` it must be able to come back."""
        standing = ballots(self._votes[rowid] if votes is None else votes)
        waits = self._before[rowid] is State.PENDING
        fails = not all(v.passed for v in entry.verdicts)  # what a topic wants that it came to
        queued = fails or "review" in entry.meta or (waits and self._file.reviews.was_queued(rowid))
        new = settle(standing, overlap=self._config.overlap, queued=queued)
        obstacle = self._file.reviews.obstacle(rowid) if revive and new.live else None
        if obstacle is not None:
            raise InputError(f"entry {entry.id} cannot come back: {obstacle[1]}", code=obstacle[0])
        self._states[rowid] = new

    def _drop(self, rowid: int, votes: Sequence[DecisionRow]) -> None:
        """These decisions do not stand any more; those of this very call never did."""
        self._withdrawn += [v.id for v in votes if v.id]
        for vote in votes:
            self._fresh.pop((rowid, vote.reviewer, vote.adjudicates), None)
        self._votes[rowid] = [v for v in self._votes[rowid] if not any(v is gone for gone in votes)]

    def _more(self, rowid: int) -> dict[str, Any]:
        """What an entry that still waits is waiting for."""
        if disputed(ballots(self._votes[rowid])):
            return {"disputed": True}
        missing = self._config.overlap - len({v.reviewer for v in self._votes[rowid]})
        state = self._states.get(rowid)
        return {"missing_reviewers": missing} if state is State.PENDING and missing > 0 else {}

    # -- the entries -------------------------------------------------------------------------------------------

    def _look_up(self, ids: Sequence[str]) -> None:
        """Read entries named by whole ids, and what stands about them, at one go."""
        found = self._file.entries.rowids(list(dict.fromkeys(i.lower() for i in ids if len(i) == UID_HEX)))
        entries = self._file.entries.by_rowids(list(found.values()), verdicts=True)
        self._remember([(rowid, entries[rowid]) for rowid in found.values()])

    def _remember(self, rows: Sequence[tuple[int, Entry]]) -> None:
        rowids = [rowid for rowid, _ in rows]
        standing = self._file.reviews.standing(rowids)
        self._reviewed |= self._file.reviews.reviewed(rowids)
        for rowid, entry in rows:
            self._known[entry.id] = rowid, entry
            self._before[rowid] = entry.state
            self._votes.setdefault(rowid, standing.get(rowid, []))

    def _find(self, entry_id: str) -> tuple[int, Entry]:
        found = self._known.get(entry_id.lower())
        if found is None:
            entry = self._file.entries.get(entry_id)
            if entry.id not in self._known:
                self._remember([(self._file.entries.rowids([entry.id])[entry.id], entry)])
            found = self._known[entry.id]
        return found

    def _state(self, rowid: int, entry: Entry) -> State:
        return self._states.get(rowid, entry.state)

    def _refuse_dead(self, rowid: int, entry: Entry, state: State) -> None:
        """Raises ``InputError`` for an entry that no reviewer can do anything about."""
        if state is State.REMOVED:
            raise InputError(f"entry {entry.id} was removed", fix="seedbed undo brings it back", code="removed")
        if state is State.REJECTED and rowid not in self._reviewed and rowid not in self._states:
            failing = next((v for v in entry.verdicts if not v.passed), None)
            why = f" by the check {failing.check}" if failing else ""
            raise InputError(
                f"entry {entry.id} was refused{why}, not by a reviewer",
                fix="submit it again, corrected; what a change of the tree refused comes back when that is undone",
                code="rejected",
            )


def refusal(entry_id: Any, decision: str | None, error: SeedbedError) -> dict[str, Any]:
    """The result of a decision that could not be taken: ``code``, ``reason``, and what to do about it."""
    told = error.to_dict()
    out = {"id": entry_id, "decision": decision, "state": None, "code": told["error"], "reason": told["message"]}
    return out | {k: told[k] for k in ("fix", "near") if told.get(k)}


def ballots(votes: Sequence[DecisionRow]) -> list[Ballot]:
    """Decisions as what ``review.standing`` counts."""
    return [Ballot(v.reviewer, v.approves, v.adjudicates) for v in votes]


def _same(old: DecisionRow, new: DecisionRow) -> bool:
    return (old.approves, set(old.reasons), old.note) == (new.approves, set(new.reasons), new.note)
