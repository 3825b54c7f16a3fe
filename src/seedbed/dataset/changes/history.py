"""What happened to a dataset, and taking it back: log, undo, redo, compact."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, TypedDict, Unpack

from seedbed.core.errors import InputError

if TYPE_CHECKING:
    from seedbed.core.records import State
    from seedbed.dataset.handle import Dataset
    from seedbed.store.events import EventFilter, EventRow
    from seedbed.store.reviews import DecisionRow
    from seedbed.store.undo import Undone

LASTING = ("reembed", "compact", "reconcile", "migrate")
"""Actions that no journal can take back."""

BATCH = 500
"""Entries embedded at once."""


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
        conflicts: the first rows in the way, as JSON.
        n: number of all.
    """

    code = "conflict"

    def __init__(self, conflicts: Sequence[dict[str, Any]], n: int) -> None:
        later = sorted({c["by"] for c in conflicts if c.get("by")}, reverse=True)
        fix = "see them with --dry-run, or leave them as they are with --skip-conflicts"
        if later:
            fix = f"undo the later events first ({', '.join(map(str, later[:5]))}), or add --skip-conflicts"
        more = f", and {n - 1} more" if n > 1 else ""
        super().__init__(
            f"{conflicts[0]['message']}{more}",
            place={"event": conflicts[0]["event"], "id": conflicts[0]["id"]},
            fix=fix,
        )
        self.conflicts, self.n_conflicts = list(conflicts), n

    def to_dict(self) -> dict[str, Any]:
        """JSON form, with the first conflicts."""
        return {**super().to_dict(), "n_conflicts": self.n_conflicts, "conflicts": self.conflicts[:20]}


class OnlyTriedError(Exception):
    """Ends a transaction that only tried what would happen; whoever began it catches it."""


@dataclass(frozen=True, slots=True)
class UndoResult:
    """What an undo or redo did, or would do; numbers are of what is different afterwards.

    Attributes:
        event: the new event; ``None`` of a dry run.
        undone: the events taken back, newest first: ``{"id", "action", "at", "actor"}``.
        removed, restored: entries that left the dataset or came back.
        changed: other rows set back, by table.
        topics: entries that left or came back by topic, most first.
        entries: ids of the first of them.
        conflicts: the first rows in the way: ``{"event", "table", "id", "code", "message", "by"}``; ``by`` is the later
            event, if one is known.
        n_conflicts: number of all rows in the way.
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
    n_conflicts: int = 0
    dry_run: bool = False

    def to_dict(self) -> dict[str, Any]:
        """JSON form."""
        return asdict(self)


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
            **wanted: see ``EventFilter``: ``topic``, ``action``, ``actor``, ``session``, ``after``, ``before``.

        Raises:
            UnknownNameError: there never was such a topic.
        """
        total = self._file.events.count(**wanted)
        topic = wanted.get("topic")
        if topic is not None and not total:
            self._file.topics.get(topic)  # of a topic that was removed the history still tells; of none there is none
        rows = self._file.events.page(limit=limit, offset=offset, **wanted)
        counts = self._file.journal.counts([r.id for r in rows])
        return total, [_event_dict(r, *counts[r.id]) for r in rows]

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
            of_session: everything that this sitting did, its undos included.
            since: everything from this time on, undos included, Unix seconds: the dataset as it was then.
            last: that many operations; undos, redos, and what changed nothing do not count.
            dry_run: only say what would happen.
            skip_conflicts: leave rows that were changed again since as they are now.
            **who: see ``Who``.

        Raises:
            ConflictError: something was changed again since; nothing was written.
            NotFoundError: no such event.
            InputError: it was undone before (``already_undone``), cannot be undone (``irreversible``), what it removed
                was compacted away (``compacted``), or there is nothing to undo (``nothing_to_undo``).
        """
        if sum((bool(ids), of_session is not None, since is not None, last is not None)) > 1:
            raise InputError("say which events by id, session, time or number: one of them", code="ambiguous")
        with self._file.write():  # nobody else takes back meanwhile what is chosen here
            if ids:
                chosen = self._named(ids)
            elif of_session is not None or since is not None:
                chosen = [r for r in self._every(session=of_session, after=since) if r.action not in LASTING]
            else:
                chosen = self._operations(1 if last is None else last)
            if all(row.undone_by is not None for row in chosen) and not ids:
                fix = "seedbed log shows what happened"
                raise InputError("there is nothing to undo", code="nothing_to_undo", fix=fix)
            named = bool(ids)
            return self._take_back("undo", chosen, dry_run=dry_run, skip_conflicts=skip_conflicts, named=named, who=who)

    def _named(self, ids: Sequence[int]) -> list[EventRow]:
        chosen = [self._file.events.get(i) for i in ids]
        for row in chosen:
            if row.action in LASTING:
                raise InputError(
                    f"event {row.id} ({row.action}) cannot be undone", place={"event": row.id}, code="irreversible"
                )
        return chosen

    def redo(
        self,
        ids: Sequence[int] = (),
        *,
        last: int = 1,
        dry_run: bool = False,
        skip_conflicts: bool = False,
        **who: Unpack[Who],
    ) -> UndoResult:
        """Take back the undo events ``ids``, default the last ``last`` of them that stand; see ``undo``.

        Raises:
            InputError: as of ``undo``; an event is no undo (``not_an_undo``), or none stands (``nothing_to_redo``).
        """
        with self._file.write():
            chosen = self._undos(ids, last)
            return self._take_back("redo", chosen, dry_run=dry_run, skip_conflicts=skip_conflicts, named=True, who=who)

    def _undos(self, ids: Sequence[int], last: int) -> list[EventRow]:
        if ids:
            chosen = [self._file.events.get(i) for i in ids]
        else:
            chosen = [r for r in self._every(action="undo") if r.undone_by is None][: max(0, last)]
        if not chosen:
            raise InputError("there is no undo to take back", code="nothing_to_redo", fix="seedbed log --action undo")
        for row in chosen:
            if row.action != "undo":
                by = row.undone_by
                raise InputError(
                    f"event {row.id} is no undo but {row.action!r}",
                    place={"event": row.id},
                    fix=f"seedbed redo {by} takes back what undid it" if by else f"seedbed undo {row.id} takes it back",
                    code="not_an_undo",
                )
        return chosen

    def _every(self, **wanted: Unpack[EventFilter]) -> list[EventRow]:
        """All matching events, newest first."""
        out: list[EventRow] = []
        while page := self._file.events.page(limit=500, offset=len(out), **wanted):
            out += page
        return out

    def _operations(self, most: int) -> list[EventRow]:
        """The last operations that changed something and stand; undos and redos are none."""
        out: list[EventRow] = []
        offset = 0
        while len(out) < most and (page := self._file.events.page(limit=100, offset=offset)):
            counts = self._file.journal.counts([r.id for r in page])
            done = [r for r in page if r.undone_by is None and any(counts[r.id])]
            out += [r for r in done if r.action not in ("undo", "redo", *LASTING)]
            offset += len(page)
        return out[: max(0, most)]

    def _take_back(
        self, action: str, rows: Sequence[EventRow], *, dry_run: bool, skip_conflicts: bool, named: bool, who: Who
    ) -> UndoResult:
        """Take back ``rows``; unless they were ``named`` one by one, those that are undone already are passed over."""
        from seedbed.store.undo import Undo

        try:
            with self._file.write():
                event_id = self._file.events.add(action, **named_by(who))
                done = Undo(self._file, event_id, self._settle).take_back([r.id for r in rows], standing_only=not named)
                result = _result(done, {r.id: r for r in rows}, dry_run=dry_run)
                if done.empty and not done.conflicts:
                    _refuse_compacted(rows)
                if dry_run:
                    raise OnlyTriedError
                if done.conflicts and not skip_conflicts:
                    raise ConflictError(result.conflicts, result.n_conflicts)
                self._file.events.describe(event_id, {"of": sorted(done.events)} | _told(result))
                self._embed_again(done)
        except OnlyTriedError:
            pass
        self._dataset.forget()
        return result

    def _settle(self, votes: Sequence[DecisionRow], queued: bool) -> State:
        from seedbed.dataset.review.deciding import ballots
        from seedbed.review.standing import settle

        return settle(ballots(votes), overlap=self._dataset.project.config.review.overlap, queued=queued)

    def _embed_again(self, done: Undone) -> None:
        """Contents that were set back have vectors of what they were before."""
        from seedbed.similarity.search import pack

        for start in range(0, len(done.content_rowids), BATCH):
            entries = self._file.entries.by_rowids(done.content_rowids[start : start + BATCH])
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
                self._file.events.add("compact", detail={"entries": count}, **named_by(who))
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


def named_by(who: Mapping[str, Any]) -> Who:
    """Who it was, complete: ``human`` where nobody says.

    Raises:
        TypeError: an option is none of ``Who``: a mistyped ``dry_run`` must not write.
    """
    if unknown := sorted(who.keys() - Who.__annotations__.keys()):
        raise TypeError(f"unexpected option {unknown[0]!r}")
    return {"actor": who.get("actor") or "human", "session": who.get("session"), "reason": who.get("reason")}


def _refuse_compacted(rows: Sequence[EventRow]) -> None:
    """Raise ``InputError`` when there is nothing to take back because it was compacted away."""
    lost = next((r for r in rows if r.detail.get("compacted")), None)
    if lost is not None:
        n = lost.detail["compacted"]
        raise InputError(
            f"nothing of event {lost.id} ({lost.action}) is left to take back: its"
            f" {'entry was' if n == 1 else f'{n} entries were'} compacted away",
            place={"event": lost.id},
            fix="submit them again",
            code="compacted",
        )


def _told(result: UndoResult) -> dict[str, int]:
    """Numbers for the history."""
    told = {"removed": result.removed, "restored": result.restored, "conflicts": result.n_conflicts}
    return {name: n for name, n in told.items() if n}


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
        n_conflicts=done.n_conflicts,
        dry_run=dry_run,
    )
