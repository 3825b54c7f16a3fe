"""Entries that are there already: other content, another topic, or out of the dataset; all of it can be undone."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Literal, Unpack

from seedbed.core.errors import InputError, NotFoundError, UnknownNameError
from seedbed.core.records import Candidate, Entry, Origin, State, Verdict
from seedbed.dataset.changes.history import Who, named_by

if TYPE_CHECKING:
    from seedbed.dataset.handle import Dataset
    from seedbed.engine.decisions import Decision, Prepared
    from seedbed.engine.operation import OnDuplicate
    from seedbed.store.entries import NewEntry

OnViolation = Literal["refuse", "review", "reject"]
"""What becomes of entries that do not pass where they would go."""

SHOWN = 5
"""Entries described of those that do not pass."""


class ViolationError(InputError):
    """Entries that do not pass where they would go; nothing was moved.

    Args:
        topic: where to.
        violations: ``{"id", "code", "reason"}`` of each.
        of: number of entries that were to go.
    """

    code = "violations"

    def __init__(self, topic: str, violations: Sequence[dict[str, Any]], of: int) -> None:
        first = violations[0]
        super().__init__(
            f"{len(violations)} of {of} entries do not pass in {topic!r}; {first['id']}: {first['reason']}",
            place={"topic": topic, "id": first["id"]},
            fix="see all with --dry-run; then --on-violation review (or reject) moves them all the same",
        )
        self.violations = list(violations)

    def to_dict(self) -> dict[str, Any]:
        """JSON form, with the first violations."""
        return {**super().to_dict(), "violations": self.violations[:20]}


def edit_entry(
    dataset: Dataset,
    entry_id: str,
    changes: Mapping[str, Any],
    *,
    check_only: bool = False,
    on_duplicate: OnDuplicate | None = None,
    **who: Unpack[Who],
) -> Decision:
    """What the door says of the entry with ``changes``; written under the same id when it passes.

    What reviewers decided about the earlier content is withdrawn: an entry that was in review waits again, and so does
    one whose new content the project wants reviewed; any other is ``accepted``.

    Args:
        dataset: where.
        entry_id: a unique prefix will do.
        changes: new values by field; ``None`` takes an optional field away.
        check_only: only say what would happen.
        on_duplicate: goes before the topic's and the project's own.
        **who: for the history.

    Raises:
        NotFoundError: no such entry, or it is not in the dataset any more (``not_live``).
    """
    file = dataset.file
    entry = live_entry(dataset, entry_id)
    prepared = _prepare(dataset, entry, changes)
    if check_only:
        return _decide(dataset, entry, prepared, on_duplicate)
    with file.write():
        now = live_entry(dataset, entry.id)
        if now != entry:  # somebody changed it meanwhile; their fields stay
            entry, prepared = now, _prepare(dataset, now, changes)
        decision = _decide(dataset, entry, prepared, on_duplicate)
        if decision.accepted and decision.error is None and decision.content != entry.content:
            event_id = file.events.add("edit", subject=entry.id, detail={"fields": sorted(changes)}, **named_by(who))
            rowid = file.entries.rowids([entry.id])[entry.id]
            file.entries.amend(event_id, rowid, _amended(dataset, entry, decision))
            file.reviews.withdraw_all(event_id, [rowid])
    return decision


def _prepare(dataset: Dataset, entry: Entry, changes: Mapping[str, Any]) -> list[Prepared]:
    content = {k: v for k, v in {**entry.content, **changes}.items() if v is not None}
    origin = entry.origin or Origin("submit")
    return dataset.intake().prepare([Candidate(entry.topic, entry.kind, content, origin, meta=entry.meta)])


def _decide(dataset: Dataset, entry: Entry, prepared: Sequence[Prepared], on_duplicate: OnDuplicate | None) -> Decision:
    """The decision on an entry that is there, with its id, and with the state it would have."""
    decision = dataset.intake().decide(prepared, on_duplicate=on_duplicate, instead_of=[entry.id])[0]
    if not decision.accepted:
        return replace(decision, entry_id=entry.id)
    if decision.content == entry.content:
        return replace(decision, entry_id=entry.id, state=entry.state, why_review="")
    queued = State.PENDING in (entry.state, decision.state) or "review" in entry.meta
    return replace(decision, entry_id=entry.id, state=State.PENDING if queued else State.ACCEPTED)


def _amended(dataset: Dataset, entry: Entry, decision: Decision) -> NewEntry:
    """The row of an entry after it was edited."""
    from seedbed.core import identity
    from seedbed.similarity.search import pack
    from seedbed.store.entries import NewEntry

    return NewEntry(
        id=entry.id,
        topic=entry.topic,
        kind=entry.kind,
        content=decision.content,
        state=decision.state,
        cell=dataset.kind(entry.kind).cell_label(decision.content),
        meta={**entry.meta, "review": {"why": decision.why_review}} if decision.why_review else entry.meta,
        text_hash=identity.text_hash(decision.text),
        vector=None if decision.vector is None else pack(decision.vector[None, :])[0],
        verdicts=decision.verdicts,
    )


def move_entries(
    dataset: Dataset,
    ids: Sequence[str],
    topic: str,
    *,
    on_violation: OnViolation = "refuse",
    dry_run: bool = False,
    **who: Unpack[Who],
) -> dict[str, Any]:
    """Move entries to another leaf, each checked against its rules and entries; calls no model.

    Returns ``{"event", "topic", "moved", "violations" (number), "worst" [{"id", "code", "reason"}], "dry_run"}``;
    entries that are there already are not counted.

    Args:
        dataset: where.
        ids: entries; unique prefixes will do.
        topic: a leaf.
        on_violation: ``refuse`` moves nothing when one does not pass, ``review`` moves those as pending, ``reject``
            as rejected.
        dry_run: only say what would happen.
        **who: for the history.

    Raises:
        ViolationError: an entry does not pass, and ``on_violation`` is ``refuse``.
        NotFoundError: no such entry, or it is not in the dataset any more (``not_live``).
        TopicError, UnknownNameError: the topic is unknown or no leaf.
    """
    if on_violation not in _MISFITS:
        raise UnknownNameError("way", on_violation, _MISFITS, place={"option": "on_violation"})
    file = dataset.file
    path = file.topics.get(topic).path
    entries = _to_move(dataset, ids, path)
    prepared = _prepare_in(dataset, entries, path)
    if dry_run:
        return _moved(path, entries, _violations(dataset, entries, prepared)) | {"dry_run": True}
    with file.write():
        now = _to_move(dataset, ids, path)
        if now != entries:  # somebody changed one meanwhile
            entries, prepared = now, _prepare_in(dataset, now, path)
        violations = _violations(dataset, entries, prepared)
        if violations and on_violation == "refuse":
            worst = [_violation(i, v) for i, v in violations.items()]
            raise ViolationError(path, worst, len(entries))
        result = _moved(path, entries, violations)
        if entries:
            result["event"] = _move(dataset, path, entries, violations, _MISFITS[on_violation], who)
    return result


_MISFITS = {"refuse": State.ACCEPTED, "review": State.PENDING, "reject": State.REJECTED}
"""What entries that do not pass become."""


def _move(
    dataset: Dataset, path: str, entries: Sequence[Entry], violations: Mapping[str, Verdict], misfit: State, who: Who
) -> int:
    """The event that moved the entries."""
    from seedbed.store.reshape import Reshape

    file = dataset.file
    sources = dict(Counter(e.topic for e in entries).most_common(SHOWN))
    detail = {"entries": len(entries), "from": sources, "violations": len(violations)}
    event_id = file.events.add("move", subject=path, detail={k: v for k, v in detail.items() if v}, **named_by(who))
    shape, rowids = Reshape(file, event_id), file.entries.rowids([e.id for e in entries])
    shape.assign(dict.fromkeys(rowids.values(), file.names.leaf(path)))
    for entry_id, verdict in violations.items():
        shape.flag(rowids[entry_id], misfit, verdict)
    return event_id


def _to_move(dataset: Dataset, ids: Sequence[str], path: str) -> list[Entry]:
    return [e for e in _live(dataset, ids) if e.topic != path]


def _prepare_in(dataset: Dataset, entries: Sequence[Entry], path: str) -> list[Prepared]:
    candidates = [Candidate(path, e.kind, e.content, e.origin or Origin("submit")) for e in entries]
    return dataset.intake().prepare(candidates)


def _violations(dataset: Dataset, entries: Sequence[Entry], prepared: Sequence[Prepared]) -> dict[str, Verdict]:
    """Failing verdicts of the entries that would not pass where they were prepared for, by id."""
    decisions = dataset.intake().decide(prepared, instead_of=[e.id for e in entries])
    out: dict[str, Verdict] = {}
    for entry, decision in zip(entries, decisions, strict=True):
        if decision.error is not None:
            raise decision.error
        if decision.failure is not None:
            out[entry.id] = decision.failure
    return out


def _violation(entry_id: str, verdict: Verdict) -> dict[str, Any]:
    return {"id": entry_id, "code": verdict.code or verdict.check, "reason": verdict.reason}


def _moved(path: str, entries: Sequence[Entry], violations: Mapping[str, Verdict]) -> dict[str, Any]:
    result: dict[str, Any] = {"event": None, "topic": path, "moved": len(entries), "violations": len(violations)}
    worst = [_violation(i, v) for i, v in list(violations.items())[:SHOWN]]
    return result | {"worst": worst, "dry_run": False}


def remove_entries(
    dataset: Dataset, ids: Sequence[str], *, dry_run: bool = False, **who: Unpack[Who]
) -> dict[str, Any]:
    """Take entries out of the dataset; ``undo`` restores them until ``compact``.

    Returns ``{"event", "removed", "topics" {path: n}, "ids", "dry_run"}``.

    Args:
        dataset: where.
        ids: entries; unique prefixes will do.
        dry_run: only say what would happen.
        **who: for the history.

    Raises:
        NotFoundError: no such entry, or it is not in the dataset any more (``not_live``); nothing was removed.
    """
    from seedbed.store.values import STATE_CODES

    file = dataset.file
    if dry_run:
        return _removed(_live(dataset, ids)) | {"dry_run": True}
    with file.write():
        entries = _live(dataset, ids)
        result = _removed(entries)
        if entries:
            alone = entries[0].id if len(entries) == 1 else None
            event_id = file.events.add("remove", subject=alone, detail={"entries": len(entries)}, **named_by(who))
            state = {"state": STATE_CODES[State.REMOVED]}
            rowids = file.entries.rowids([e.id for e in entries])
            file.journal.change_all(event_id, "entry", [(r, state) for r in rowids.values()])
            result["event"] = event_id
    return result


def _removed(entries: Sequence[Entry]) -> dict[str, Any]:
    topics = Counter(e.topic for e in entries)
    result: dict[str, Any] = {"event": None, "removed": len(entries), "topics": dict(topics.most_common())}
    return result | {"ids": [e.id for e in entries], "dry_run": False}


def _live(dataset: Dataset, ids: Sequence[str]) -> list[Entry]:
    """The entries in the order named, each once; see ``live_entry``."""
    found = (live_entry(dataset, i) for i in dict.fromkeys(ids))
    return list({entry.id: entry for entry in found}.values())


def live_entry(dataset: Dataset, entry_id: str) -> Entry:
    """The entry, without its verdicts, which is in the dataset.

    Raises:
        NotFoundError: there is none, or it was rejected or removed (``not_live``).
    """
    entry = dataset.file.entries.get(entry_id, verdicts=False)
    if entry.state.live:
        return entry
    removed = entry.state is State.REMOVED
    fix = "seedbed log shows what removed it, seedbed undo takes that back" if removed else None
    raise NotFoundError(
        f"entry {entry.id} is not in the dataset: it was {entry.state}",
        place={"id": entry.id, "topic": entry.topic},
        fix=fix or f"seedbed show {entry.id[:10]} says why",
        code="not_live",
    )
