"""What happened to a dataset, and taking it back: log, undo, redo, compact."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, TypedDict, Unpack

from seedbed.core.errors import InputError

if TYPE_CHECKING:
    from seedbed.dataset.handle import Dataset
    from seedbed.store.events import EventFilter, EventRow
    from seedbed.store.undo import Undone

LASTING = ("reembed", "compact", "migrate")
"""Actions that no journal can take back."""


class Who(TypedDict, total=False):
    """Who changes the dataset, for the history.

    Attributes:
        actor: ``human``, ``human:<name>``, ``agent:<name>``, ``model:<id>``.
        session: name of one sitting; everything of it can be undone at once.
        reason: why.
    """

    actor: str
    session: str | None
    reason: str | None


class ConflictError(InputError):
    """What was to be undone has been changed again since; nothing was written.

    Args:
        conflicts: every row in the way, as JSON.
    """

    code = "conflict"

    def __init__(self, conflicts: Sequence[dict[str, Any]]) -> None:
        later = sorted({c["by"] for c in conflicts if c.get("by")}, reverse=True)
        fix = "see them with --dry-run, or leave them as they are with --skip-conflicts"
        if later:
            fix = f"undo the later events first ({', '.join(map(str, later[:5]))}), or add --skip-conflicts"
        more = f", and {len(conflicts) - 1} more" if len(conflicts) > 1 else ""
        super().__init__(
            f"{conflicts[0]['message']}{more}",
            place={"event": conflicts[0]["event"], "id": conflicts[0]["id"]},
            fix=fix,
        )
        self.conflicts = list(conflicts)

    def to_dict(self) -> dict[str, Any]:
        """JSON form, with the first conflicts."""
        return {**super().to_dict(), "conflicts": self.conflicts[:20]}


@dataclass(frozen=True, slots=True)
class UndoResult:
    """What an undo or redo did, or would do.

    Attributes:
        event: the new event; ``None`` of a dry run.
        undone: the events taken back, newest first: ``{"id", "action", "at", "actor"}``.
        removed, restored: entries that left the dataset or came back.
        changed: other rows set back, by table.
        topics: those entries by topic, most first.
        entries: ids of the first of them.
        conflicts: rows in the way: ``{"event", "table", "id", "code", "message", "by"}``.
        dry_run: nothing was written.
    """

    event: int | None
    undone: list[dict[str, Any]]
    removed: int = 0
    restored: int = 0
    changed: dict[str, int] = field(default_factory=dict)
    topics: dict[str, int] = field(default_factory=dict)
    entries: list[str] = field(default_factory=list)
    conflicts: list[dict[str, Any]] = field(default_factory=list)
    dry_run: bool = False

    def to_dict(self) -> dict[str, Any]:
        """JSON form."""
        return asdict(self)


class _RolledBack(Exception):
    """Ends a transaction that was only tried."""


class History:
    """The events of one dataset; reached as ``Dataset.history``."""

    def __init__(self, dataset: Dataset) -> None:
        self._dataset = dataset
        self._file = dataset.file

    def log(
        self, *, limit: int = 20, offset: int = 0, **wanted: Unpack[EventFilter]
    ) -> tuple[int, list[dict[str, Any]]]:
        """Number of matching events, and one page of them, newest first.

        Each is ``{"id", "at" (ISO 8601, UTC), "action", "actor", "session", "reason", "subject", "detail", "entries"
        (brought), "changes" (rows changed), "undone_by"}``, empty ones left out.

        Args:
            limit: events on the page.
            offset: events skipped.
            **wanted: ``topic`` (it and below), ``action``, ``actor``, ``session``; ``after``, ``before`` (Unix s).
        """
        if wanted.get("topic") is not None:
            self._file.topics.get(str(wanted["topic"]))
        rows = self._file.events.page(limit=limit, offset=offset, **wanted)
        counts = self._file.journal.counts([r.id for r in rows])
        return self._file.events.count(**wanted), [_event_dict(r, *counts[r.id]) for r in rows]

    # -- undo and redo -----------------------------------------------------------------------------------------

    def undo(
        self,
        ids: Sequence[int] = (),
        *,
        of_session: str | None = None,
        since: float | None = None,
        last: int | None = None,
        dry_run: bool = False,
        skip_conflicts: bool = False,
        **who: Unpack[Who],
    ) -> UndoResult:
        """Take back the events ``ids``; or those of a session, since a time, or the last ones (default: the last one).

        One transaction. What the events brought is removed, what they changed is set back; an undo is an event
        itself and can be redone.

        Args:
            ids: of ``log``.
            of_session: everything of this sitting that was not undone yet.
            since: everything from this time on, Unix seconds: the dataset as it was then.
            last: that many operations, undos and redos not counted.
            dry_run: only say what would happen.
            skip_conflicts: leave rows that were changed again since as they are now.
            **who: see ``Who``.

        Raises:
            ConflictError: something was changed again since; nothing was written.
            NotFoundError: no such event. InputError: it was undone before, or cannot be (``irreversible``), or
                there is nothing to undo (``nothing_to_undo``).
        """
        chosen = self._chosen(ids, session=of_session, since=since, last=last)
        return self._take_back("undo", chosen, dry_run=dry_run, skip_conflicts=skip_conflicts, **who)

    def redo(
        self,
        ids: Sequence[int] = (),
        *,
        last: int = 1,
        dry_run: bool = False,
        skip_conflicts: bool = False,
        **who: Unpack[Who],
    ) -> UndoResult:
        """Take back the undo events ``ids``, default the last ``last`` of them; see ``undo``."""
        if not ids:
            rows = self._page(action="undo")
            ids = [r.id for r in rows if r.undone_by is None][:last]
            if not ids:
                raise InputError(
                    "there is no undo to take back", code="nothing_to_redo", fix="seedbed log --action undo"
                )
        for event_id in ids:
            row = self._one(event_id)
            if row.action != "undo":
                raise InputError(
                    f"event {event_id} is no undo but {row.action!r}",
                    place={"event": event_id},
                    fix=f"seedbed redo {row.undone_by}" if row.undone_by else f"seedbed undo {event_id}",
                    code="not_an_undo",
                )
        return self._take_back("redo", list(ids), dry_run=dry_run, skip_conflicts=skip_conflicts, **who)

    def _chosen(self, ids: Sequence[int], *, session: str | None, since: float | None, last: int | None) -> list[int]:
        if sum((bool(ids), session is not None, since is not None, last is not None)) > 1:
            raise InputError("say which events by id, session, time or number: one of them", code="ambiguous")
        if ids:
            for event_id in ids:
                if self._one(event_id).action in LASTING:
                    raise InputError(
                        f"event {event_id} ({self._one(event_id).action}) cannot be undone",
                        place={"event": event_id},
                        code="irreversible",
                    )
            return list(ids)
        if session is not None:
            rows = self._page(session=session)
        elif since is not None:
            rows = self._page(after=since)
        else:
            rows = self._operations(last or 1)
        found = [r.id for r in rows if r.undone_by is None and r.action not in LASTING]
        if not found:
            raise InputError("there is nothing to undo", code="nothing_to_undo", fix="seedbed log shows what happened")
        return found

    def _page(self, **wanted: Unpack[EventFilter]) -> list[EventRow]:
        """All matching events, newest first."""
        out: list[EventRow] = []
        while page := self._file.events.page(limit=500, offset=len(out), **wanted):
            out += page
        return out

    def _operations(self, most: int) -> list[EventRow]:
        """The last operations that changed something and were not undone; undos and redos are none."""
        out: list[EventRow] = []
        offset = 0
        while page := self._file.events.page(limit=100, offset=offset):
            counts = self._file.journal.counts([r.id for r in page])
            out += [
                r
                for r in page
                if r.undone_by is None and r.action not in ("undo", "redo", *LASTING) and any(counts[r.id])
            ]
            if len(out) >= most:
                break
            offset += len(page)
        return out[:most]

    def _one(self, event_id: int) -> EventRow:
        return self._file.events.get(event_id)

    def _take_back(
        self, action: str, ids: Sequence[int], *, dry_run: bool, skip_conflicts: bool, **who: Unpack[Who]
    ) -> UndoResult:
        from seedbed.store.undo import Undo

        rows = {i: self._one(i) for i in ids}
        try:
            with self._file.write():
                event_id = self._file.events.add(
                    action,
                    actor=who.get("actor") or "human",
                    session=who.get("session"),
                    reason=who.get("reason"),
                    detail={"of": sorted(ids)},
                )
                done = Undo(self._file, event_id).take_back(ids)
                result = _result(done, rows, dry_run=dry_run)
                if dry_run:
                    raise _RolledBack
                if done.conflicts and not skip_conflicts:
                    raise ConflictError(result.conflicts)
                self._embed_again(done)
        except _RolledBack:
            pass
        self._dataset.forget()
        return result

    def _embed_again(self, done: Undone) -> None:
        """Contents that were set back have vectors of what they were before."""
        if not done.content_rowids:
            return
        from seedbed.similarity.search import pack

        entries = self._file.entries.by_rowids(done.content_rowids)
        texts = [self._dataset.kind(e.kind).embed_text(e.content) for e in entries.values()]
        self._file.vectors.set(list(zip(entries, pack(self._dataset.embedder().encode(texts)), strict=True)))

    # -- giving room back --------------------------------------------------------------------------------------

    def compact(self, *, keep_removed: bool = False, dry_run: bool = False, **who: Unpack[Who]) -> dict[str, Any]:
        """Shrink the file: forget removed entries for good, and give free pages back to the disk.

        Returns ``{"entries" (forgotten), "bytes_before", "bytes_after"}``. Afterwards those entries cannot be
        restored by undo or redo.

        Args:
            keep_removed: only give free pages back.
            dry_run: only count.
            **who: see ``Who``.
        """
        from seedbed.core.records import State
        from seedbed.store.entries import EntryFilter

        count = 0 if keep_removed else self._file.entries.count(EntryFilter(states=(State.REMOVED,)))
        before = self._file.size()
        if dry_run:
            return {"entries": count, "bytes_before": before, "dry_run": True}
        if count:
            with self._file.write():
                self._file.entries.forget_removed()
                self._file.events.add(
                    "compact",
                    actor=who.get("actor") or "human",
                    session=who.get("session"),
                    reason=who.get("reason"),
                    detail={"entries": count},
                )
        self._file.vacuum()
        return {"entries": count, "bytes_before": before, "bytes_after": self._file.size()}


def _event_dict(row: EventRow, entries: int, changes: int) -> dict[str, Any]:
    out: dict[str, Any] = {"id": row.id, "at": iso(row.at), "action": row.action, "actor": row.actor}
    rest: dict[str, Any] = {"session": row.session, "reason": row.reason, "subject": row.subject, "detail": row.detail}
    rest |= {"entries": entries, "changes": changes, "undone_by": row.undone_by}
    return out | {name: value for name, value in rest.items() if value}


def iso(at: float) -> str:
    """Unix seconds as ISO 8601 in UTC, to the millisecond."""
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _result(done: Undone, rows: dict[int, EventRow], *, dry_run: bool) -> UndoResult:
    undone = [{"id": i, "action": rows[i].action, "at": iso(rows[i].at), "actor": rows[i].actor} for i in done.events]
    conflicts = [
        {"event": c.event_id, "table": c.table, "id": c.id, "code": c.code, "message": c.message, "by": c.by}
        for c in done.conflicts
    ]
    return UndoResult(
        event=None if dry_run else done.event_id,
        undone=undone,
        removed=done.removed,
        restored=done.restored,
        changed={t: n for t, n in done.changed.items() if n},
        topics=dict(done.topics.most_common()),
        entries=done.entries,
        conflicts=conflicts,
        dry_run=dry_run,
    )
