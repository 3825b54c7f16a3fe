"""What stands in the way of an undo: rows that something happened to since, and what that was."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from seedbed.store.history import Change
from seedbed.store.values import LIVE, STATES, unpack_text, unpack_uid

if TYPE_CHECKING:
    from seedbed.store.file import DatasetFile

DESCRIBED = 100
"""Conflicts that are described; the rest is counted."""


@dataclass(frozen=True, slots=True)
class Conflict:
    """A row that cannot be set back because something happened to it since.

    Attributes:
        event_id: the event that was to be undone.
        table: of the row.
        id: public id of an entry, of that for a decision as well, path of a topic, else the row.
        code: ``changed_since``, ``decided_since`` (by a reviewer), ``cannot_return``, ``submitted_again``,
            ``topic_gone``, ``topic_taken``, ``topic_holds_entries``, ``topic_has_more`` (subtopics) or ``gone``
            (compacted away).
        message: one sentence.
        by: the later event, where one is known.
    """

    event_id: int
    table: str
    id: str
    code: str
    message: str
    by: int | None = None


class Conflicts:
    """Conflicts of one undo.

    Args:
        file: the dataset.
        event_id: the undo's own event; what it did itself is in nobody's way.

    Attributes:
        described: the first ``DESCRIBED``.
        count: number of all.
    """

    def __init__(self, file: DatasetFile, event_id: int) -> None:
        self._file, self._own = file, event_id
        self.described: list[Conflict] = []
        self.count = 0

    def refuse(self, change: Change, code: str, why: str, by: int | Callable[[], int | None]) -> None:
        """Note that ``change`` stays, described while there are few.

        Args:
            change: what was to be set back.
            code: stable reason.
            why: the rest of a sentence whose subject is the row.
            by: the later event, or what finds it.
        """
        self.count += 1
        if len(self.described) < DESCRIBED:
            what, name = self._name(change)
            event_id = by if isinstance(by, int) else by()
            self.described.append(Conflict(change.event_id, change.table, name, code, f"{what} {why}", event_id))

    def later(self, since: int, table: str, row_id: int, names: Sequence[str] = ()) -> int | None:
        """The newest event after ``since`` that changed one of the columns of the row, any of them by default."""
        found = self._file.journal.changes_of(table, row_id, since)
        events = (c.event_id for c in found if c.event_id < self._own and (not names or set(names) & c.after.keys()))
        return max(events, default=None)

    def later_in_topic(self, since: int, topic_id: int) -> int | None:
        """The newest event after ``since`` that changed a topic or its subtopics, or put entries there."""
        found = self._file.value(
            "SELECT max(id) FROM (SELECT c.event_id AS id FROM change c JOIN topic t ON t.id = c.row_id"
            " WHERE c.tbl = 1 AND (t.id = ? OR t.parent_id = ?)"
            f" UNION ALL SELECT e.event_id FROM entry e WHERE e.topic_id = ? AND e.{LIVE}"
            " UNION ALL SELECT c.event_id FROM entry e JOIN change c ON c.row_id = e.id AND c.tbl = 0"
            " WHERE e.topic_id = ? AND c.after LIKE '%\"topic_id\":%') WHERE id > ? AND id < ?",
            (topic_id, topic_id, topic_id, topic_id, since, self._own),
        )
        return None if found is None else int(found)

    def arrived(self, rowid: int, brought_by: int | None, since: int) -> int | None:
        """The event since which an entry may not have its twin beside it; ``None`` when there is none.

        Args:
            rowid: of the entry that is in the dataset.
            brought_by: the event that brought it.
            since: the event that took the twin out, about to be taken back.
        """
        journal = self._file.journal
        if brought_by is not None and brought_by > since:
            return brought_by
        now = journal.read("entry", rowid, ["state", "text_hash"])
        then, after = dict(now), dict(now)
        for change in reversed(journal.changes_of("entry", rowid, since - 1)):
            then |= {n: value for n, value in change.before.items() if n in then}
            if change.event_id > since:
                after = dict(then)
        # Side by side before the event, or brought together by it: taking it back is all right either way.
        if any(STATES[s["state"]].live and s["text_hash"] == now["text_hash"] for s in (then, after)):
            return None
        return self.later(since, "entry", rowid, list(now)) or since

    def _name(self, change: Change) -> tuple[str, str]:
        if change.table == "entry":
            uid = self._file.value("SELECT uid FROM entry WHERE id = ?", (change.row_id,))
            name = unpack_uid(uid) if uid is not None else str(change.row_id)
            return f"entry {name}", name
        if change.table == "topic":
            path = str(self._file.value("SELECT path FROM topic WHERE id = ?", (change.row_id,)))
            return f"topic {path!r}", path
        if change.table == "decision":
            about = "SELECT d.reviewer, e.uid FROM decision d JOIN entry e ON e.id = d.entry_id WHERE d.id = ?"
            if (found := self._file.row(about, (change.row_id,))) is not None:
                return f"{unpack_text(found[0])}'s decision about entry {unpack_uid(found[1])}", unpack_uid(found[1])
        name = str(change.row_id) if change.row_id else ", ".join(change.after)
        return f"{change.table} {name}", name
