"""Entries that are there already: other content, another topic, or out of the dataset; all of it can be undone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Literal, Unpack

from seedbed.core.errors import InputError, NotFoundError
from seedbed.core.records import Candidate, Entry, Origin, State, Verdict
from seedbed.dataset.history import Who

if TYPE_CHECKING:
    from seedbed.dataset.handle import Dataset
    from seedbed.engine.decisions import Decision
    from seedbed.engine.operation import OnDuplicate

OnViolation = Literal["refuse", "review", "reject"]
"""What becomes of entries that do not pass where they would go."""

SHOWN = 5


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
    """What the door says of the entry with ``changes``; written when it passes, under the same id and state.

    What reviewers decided about the earlier content is withdrawn.

    Args:
        dataset: where.
        entry_id: a unique prefix will do.
        changes: new values by field; ``None`` takes an optional field away.
        check_only: only say what would happen.
        on_duplicate: goes before the topic's and the project's own.
        **who: for the history.

    Raises:
        NotFoundError: no such entry, or it is not in the dataset any more.
    """
    from seedbed.core import identity
    from seedbed.similarity.search import pack
    from seedbed.store.entries import NewEntry

    file, intake = dataset.file, dataset.intake()
    entry = live_entry(dataset, entry_id)
    content = {k: v for k, v in {**entry.content, **changes}.items() if v is not None}
    candidate = Candidate(entry.topic, entry.kind, content, entry.origin or Origin("submit"), meta=entry.meta)
    prepared = intake.prepare([candidate])

    def decide() -> Decision:
        return _as(entry, intake.decide(prepared, on_duplicate=on_duplicate, instead_of=[entry.id])[0])

    if check_only:
        return decide()
    with file.write():
        decision = decide()
        if not decision.accepted or decision.error is not None or decision.content == entry.content:
            return decision
        event_id = file.events.add("edit", subject=entry.id, detail={"fields": sorted(changes)}, **_named(who))
        new = NewEntry(
            id=entry.id,
            topic=entry.topic,
            kind=entry.kind,
            content=decision.content,
            cell=dataset.kind(entry.kind).cell_label(decision.content),
            text_hash=identity.text_hash(decision.text),
            vector=None if decision.vector is None else pack(decision.vector[None, :])[0],
            verdicts=decision.verdicts,
        )
        rowid = file.entries.rowids([entry.id])[entry.id]
        file.entries.amend(event_id, rowid, new)
        file.reviews.withdraw_all(event_id, [rowid])
    return decision


def _as(entry: Entry, decision: Decision) -> Decision:
    """The decision on an entry that is there: it keeps id and state when it passes."""
    if not decision.accepted:
        return replace(decision, entry_id=entry.id)
    return replace(decision, entry_id=entry.id, state=entry.state, existed=False)


def move_entries(
    dataset: Dataset,
    ids: Sequence[str],
    topic: str,
    *,
    on_violation: OnViolation = "refuse",
    dry_run: bool = False,
    **who: Unpack[Who],
) -> dict[str, Any]:
    """Move entries to another leaf, each checked against its rules and entries.

    Returns ``{"event", "topic", "moved", "violations" (number), "worst" [{"id", "code", "reason"}], "dry_run"}``.

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
        NotFoundError: no such entry. TopicError, UnknownNameError: the topic is unknown or no leaf.
    """
    file = dataset.file
    entries = [e for e in (live_entry(dataset, i) for i in dict.fromkeys(ids)) if e.topic != topic]
    target = file.topics.get(topic)
    violations = check_in(dataset, entries, target.path)
    if violations and on_violation == "refuse" and not dry_run:
        raise ViolationError(target.path, list(violations.values()), len(entries))
    result: dict[str, Any] = {"event": None, "topic": target.path, "moved": len(entries)}
    result |= {"violations": len(violations), "worst": list(violations.values())[:SHOWN], "dry_run": dry_run}
    if dry_run or not entries:
        return result
    with file.write():
        topic_id = file.names.leaf(target.path)
        event_id = file.events.add("move", subject=target.path, detail={"entries": len(entries)}, **_named(who))
        rowids = file.entries.rowids([e.id for e in entries])
        file.journal.change_all(event_id, "entry", [(r, {"topic_id": topic_id}) for r in rowids.values()])
        set_aside(dataset, event_id, [rowids[i] for i in violations], on_violation)
    return result | {"event": event_id}


def set_aside(dataset: Dataset, event_id: int, rowids: Sequence[int], how: str) -> None:
    """Make entries pending (``review``) or rejected (``reject``); call inside ``write``."""
    from seedbed.store.values import STATE_CODES

    state = STATE_CODES[State.PENDING if how == "review" else State.REJECTED]
    dataset.file.reviews.withdraw_all(event_id, rowids)
    dataset.file.journal.change_all(event_id, "entry", [(r, {"state": state}) for r in rowids])


def check_in(dataset: Dataset, entries: Sequence[Entry], topic: str) -> dict[str, dict[str, Any]]:
    """Entries that would not pass in ``topic``, by id: ``{"id", "code", "reason"}``; calls no model."""
    intake = dataset.intake()
    candidates = [Candidate(topic, e.kind, e.content, e.origin or Origin("submit")) for e in entries]
    decisions = intake.decide(intake.prepare(candidates), instead_of=[e.id for e in entries])
    out: dict[str, dict[str, Any]] = {}
    for entry, decision in zip(entries, decisions, strict=True):
        if decision.error is not None:
            raise decision.error
        if not decision.accepted:
            failure: Verdict | None = decision.failure
            reason = failure.reason if failure is not None else ""
            out[entry.id] = {"id": entry.id, "code": decision.code, "reason": reason}
    return out


def remove_entries(
    dataset: Dataset, ids: Sequence[str], *, dry_run: bool = False, **who: Unpack[Who]
) -> dict[str, Any]:
    """Take entries out of the dataset; ``undo`` restores them until ``compact``.

    Returns ``{"event", "removed", "topics" {path: n}, "ids", "dry_run"}``.

    Raises:
        NotFoundError: no such entry, or it is not in the dataset any more; nothing was removed.
    """
    from collections import Counter

    from seedbed.store.values import STATE_CODES

    file = dataset.file
    entries = [live_entry(dataset, i) for i in dict.fromkeys(ids)]
    topics = Counter(e.topic for e in entries)
    result: dict[str, Any] = {"event": None, "removed": len(entries), "topics": dict(topics.most_common())}
    result |= {"ids": [e.id for e in entries], "dry_run": dry_run}
    if dry_run or not entries:
        return result
    with file.write():
        alone = entries[0].id if len(entries) == 1 else None
        event_id = file.events.add("remove", subject=alone, detail={"entries": len(entries)}, **_named(who))
        rowids = file.entries.rowids([e.id for e in entries])
        state = STATE_CODES[State.REMOVED]
        file.journal.change_all(event_id, "entry", [(r, {"state": state}) for r in rowids.values()])
    return result | {"event": event_id}


def live_entry(dataset: Dataset, entry_id: str) -> Entry:
    """The entry, which is in the dataset.

    Raises:
        NotFoundError: there is none, or it was rejected or removed (``not_live``).
    """
    entry = dataset.file.entries.get(entry_id)
    if not entry.state.live:
        fix = "seedbed log shows the event; seedbed undo takes it back" if entry.state is State.REMOVED else None
        raise NotFoundError(
            f"entry {entry.id} is {entry.state}", place={"id": entry.id, "topic": entry.topic}, fix=fix, code="not_live"
        )
    return entry


def _named(who: Who) -> Who:
    return {"actor": who.get("actor") or "human", "session": who.get("session"), "reason": who.get("reason")}
