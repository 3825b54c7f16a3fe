"""Taking events back by their journal, whole or not at all."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from copy import deepcopy
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from seedbed.core.errors import InputError, NotFoundError
from seedbed.core.records import State
from seedbed.store.entry_rows import chunks, marks
from seedbed.store.history import Change, runs
from seedbed.store.values import LIVE, STATE_CODES, STATES, unpack_uid

if TYPE_CHECKING:
    from seedbed.store.file import DatasetFile

_REMOVED = STATE_CODES[State.REMOVED]
SHOWN = 20
"""Conflicts and entries that are described; the rest is counted."""


@dataclass(frozen=True, slots=True)
class Conflict:
    """A row that cannot be set back because something happened to it since.

    Attributes:
        event_id: the event that was to be undone.
        table: of the row.
        id: public id of an entry, path of a topic, else the row.
        code: ``changed_since``, ``submitted_again``, ``topic_gone``, ``topic_taken``, ``topic_holds_entries``.
        message: one sentence.
        by: the later event, where one is known.
    """

    event_id: int
    table: str
    id: str
    code: str
    message: str
    by: int | None = None


@dataclass(slots=True)
class Undone:
    """What an undo did, or would do.

    Attributes:
        event_id: the undo's own event.
        events: events taken back, newest first.
        removed, restored: entries that left and re-entered the dataset.
        changed: other rows set back, by table.
        topics: entries that left or came back, by topic path.
        entries: first public ids of those.
        content_rowids: entries whose content was set back; their vectors are stale.
        conflicts: rows left as they are; only with ``skip_conflicts`` is anything written when there are any.
    """

    event_id: int = 0
    events: list[int] = field(default_factory=list)
    removed: int = 0
    restored: int = 0
    changed: Counter[str] = field(default_factory=Counter)
    topics: Counter[str] = field(default_factory=Counter)
    entries: list[str] = field(default_factory=list)
    content_rowids: list[int] = field(default_factory=list)
    conflicts: list[Conflict] = field(default_factory=list)


class _Kept(Exception):
    """Ends the undoing of an event that is left as it is."""


class Undo:
    """One undo of several events; call inside ``file.write()``, and roll that back when conflicts forbid it.

    Args:
        file: the dataset.
        event_id: the undo's own event.
    """

    def __init__(self, file: DatasetFile, event_id: int) -> None:
        self._file, self._journal = file, file.journal
        self.done = Undone(event_id)
        self._leaving: set[int] = set()

    def take_back(self, event_ids: Sequence[int]) -> Undone:
        """Set back everything the events did, newest first.

        Raises:
            NotFoundError: no such event.
            InputError: one was undone before (``already_undone``).
        """
        for event_id in sorted(set(event_ids), reverse=True):
            found = self._file.row("SELECT undone_by FROM event WHERE id = ?", (event_id,))
            if found is None:
                raise NotFoundError(f"no event {event_id}", place={"event": event_id}, fix="seedbed log shows events")
            if found[0] is not None:
                raise InputError(
                    f"event {event_id} was undone before, by event {found[0]}",
                    place={"event": event_id},
                    fix=f"seedbed redo {found[0]} brings it back",
                    code="already_undone",
                )
            self._take_back_one(event_id)
        return self.done

    def _take_back_one(self, event_id: int) -> None:
        """One event; where the tree is in the way of a topic it is left as it is as a whole."""
        before = deepcopy(self.done)
        try:
            with self._file.write():
                self._remove_entries(event_id)
                changes = self._journal.changes(event_id)[::-1]
                self._leaving = self._topics_that_leave(changes)
                for run in runs(changes):
                    self._set_back(run)
                self._check_tree(changes)
                if any(c.table == "topic" for c in self.done.conflicts[len(before.conflicts) :]):
                    raise _Kept
                self._journal.change(self.done.event_id, "event", event_id, {"undone_by": self.done.event_id})
                self.done.events.append(event_id)
        except _Kept:
            before.conflicts = self.done.conflicts
            self.done = before

    def _remove_entries(self, event_id: int) -> None:
        """Entries that the event brought leave the dataset, whatever was done to them since."""
        where, values = f"e.event_id = ? AND e.{LIVE}", (event_id,)
        self._describe(where, values)
        self.done.removed += self._journal.set_states(self.done.event_id, _REMOVED, where, values)

    def _describe(self, where: str, values: Sequence[Any]) -> None:
        sql = f"SELECT t.path, count(*) FROM entry e JOIN topic t ON t.id = e.topic_id WHERE {where} GROUP BY t.path"
        self.done.topics.update(dict(self._file.rows(sql, values)))
        if len(self.done.entries) < SHOWN:
            rows = self._file.rows(f"SELECT e.uid FROM entry e WHERE {where} ORDER BY e.id LIMIT {SHOWN}", values)
            self.done.entries = [*self.done.entries, *(unpack_uid(r[0]) for r in rows)][:SHOWN]

    def _topics_that_leave(self, changes: Sequence[Change]) -> set[int]:
        """Topics that the event made and that nothing but its own entries is in: they make room for what comes back."""
        made = [c.row_id for c in changes if c.table == "topic" and c.before.get("removed") == 1]
        own = {c.row_id for c in changes if c.table == "entry"}
        sql = f"SELECT id FROM entry WHERE topic_id = ? AND {LIVE}"
        return {t for t in made if all(rowid in own for (rowid,) in self._file.rows(sql, (t,)))}

    def _check_tree(self, changes: Sequence[Change]) -> None:
        """Every topic that was touched hangs where its path says, and entries are in leaves that are there."""
        held = f"(SELECT count(*) FROM entry e WHERE e.topic_id = {{}}.id AND e.{LIVE})"
        sql = (
            f"SELECT t.path, t.removed, {held.format('t')}, p.path, p.removed, {held.format('p')},"
            " EXISTS (SELECT 1 FROM topic c WHERE c.parent_id = t.id AND c.removed = 0)"
            " FROM topic t LEFT JOIN topic p ON p.id = t.parent_id WHERE t.id = ?"
        )
        for change in {c.row_id: c for c in changes if c.table == "topic"}.values():
            path, removed, own, parent, gone, above, below = self._file.row(sql, (change.row_id,)) or ("", 1, *[0] * 5)
            if removed:
                if own or below:
                    what = f"holds {own} entries" if own else "has subtopics"
                    self._refuse(change, "topic_holds_entries", f"{what} that were added since")
            elif gone or path.rpartition("/")[0] != (parent or ""):
                self._refuse(change, "topic_gone", "has no parent to return to: that was moved or removed since")
            elif above:
                self._refuse(change, "topic_holds_entries", f"cannot be below {parent!r}, which holds {above} entries")

    def _set_back(self, run: Sequence[Change]) -> None:
        table, names = run[0].table, list(run[0].before)
        if table == "topic" and len(run) > 1:
            for change in run:  # what one topic may become depends on the one before it
                self._set_back([change])
            return
        if table in ("meta", "verdict"):
            for change in run:
                self._set_back_one(change)
            return
        now = self._journal.read_all(table, [c.row_id for c in run], names)
        good = [c for c in run if self._unchanged(c, now.get(c.row_id))]
        good = [c for c in good if self._fits(c)] if table != "entry" else self._fitting_entries(good)
        if table == "entry" and "state" in names:
            self._count_states(good)
        elif table != "event":
            self.done.changed[table] += len(good)
        if table == "entry" and "content" in names:
            self.done.content_rowids += [c.row_id for c in good]
        self._journal.change_all(self.done.event_id, table, [(c.row_id, c.before) for c in good])

    def _set_back_one(self, change: Change) -> None:
        now = self._journal.read(change.table, change.row_id, list(change.after))
        if now == change.after or change.table == "verdict":
            # Verdicts go with the content they are of, which is compared by itself.
            self._journal.change(self.done.event_id, change.table, change.row_id, change.before)
            self.done.changed[change.table] += change.table != "verdict"
        else:
            self._refuse(change, "changed_since", "was changed since")

    def _unchanged(self, change: Change, now: dict[str, Any] | None) -> bool:
        if now is None:
            self._refuse(change, "gone", "is not in the file any more; it was compacted away")
            return False
        differing = [n for n, value in change.after.items() if now[n] != value]
        if change.table == "entry" and now.get("state") == _REMOVED and differing == ["state"]:
            return False  # it was removed altogether since, which goes further than what is undone here
        if differing:
            self._refuse(change, "changed_since", f"has another {', '.join(differing)} since", differing)
        return not differing

    def _fits(self, change: Change) -> bool:
        """Whether a topic's row can be set back beside what the tree is now."""
        if change.table != "topic":
            return True
        now = self._journal.read("topic", change.row_id, ["path", "removed"])
        will = {**now, **change.before}
        if will["removed"]:
            return True  # what is in it may leave as well; looked at in the end
        sql = "SELECT 1 FROM topic WHERE path = ? AND removed = 0 AND id <> ?"
        if self._file.value(sql, (will["path"], change.row_id)):
            self._refuse(change, "topic_taken", f"cannot be {will['path']!r} again: another topic has that path")
            return False
        return True

    def _fitting_entries(self, changes: Sequence[Change]) -> list[Change]:
        """Those whose return neither doubles an entry nor puts one where none may be."""
        back = [c for c in changes if _comes_back(c) or "topic_id" in c.before]
        if not back:
            return list(changes)
        refused: set[int] = set()
        by_row = {c.row_id: c for c in back}
        for part in chunks(list(by_row)):
            rows = self._file.rows(
                "SELECT e.id, d.uid FROM entry e JOIN entry d ON d.text_hash = e.text_hash AND d.kind_id = e.kind_id"
                f" AND d.id <> e.id AND d.{LIVE} WHERE e.id IN ({marks(part)}) AND e.state = {_REMOVED:d}",
                part,
            )
            for rowid, uid in rows:
                if rowid not in refused and _comes_back(by_row[rowid]):
                    refused.add(rowid)
                    self._refuse(by_row[rowid], "submitted_again", f"is there again as {unpack_uid(uid)}")
        homes = {r: c["topic_id"] for r, c in self._journal.read_all("entry", list(by_row), ["topic_id"]).items()}
        homes |= {c.row_id: c.before["topic_id"] for c in back if "topic_id" in c.before}
        leaves = {topic_id: self._takes_entries(topic_id) for topic_id in set(homes.values())}
        for change in back:
            if change.row_id not in refused and not leaves[homes[change.row_id]]:
                refused.add(change.row_id)
                self._refuse(change, "topic_gone", "has no leaf topic to return to")
        return [c for c in changes if c.row_id not in refused]

    def _takes_entries(self, topic_id: int) -> bool:
        children = self._file.rows("SELECT id FROM topic WHERE parent_id = ? AND removed = 0", (topic_id,))
        there = self._file.value("SELECT removed = 0 FROM topic WHERE id = ?", (topic_id,))
        return bool(there) and all(child in self._leaving for (child,) in children)

    def _count_states(self, changes: Sequence[Change]) -> None:
        gone = [c.row_id for c in changes if c.before["state"] == _REMOVED]
        back = [c.row_id for c in changes if _comes_back(c)]
        self.done.removed += len(gone)
        self.done.restored += len(back)
        self.done.changed["entry"] += len(changes) - len(gone) - len(back)
        for part in chunks([*gone, *back]):
            self._describe(f"e.id IN ({marks(part)})", part)

    def _refuse(self, change: Change, code: str, why: str, names: Sequence[str] = ()) -> None:
        by = self._journal.later(change, list(names) or list(change.after))
        what, name = self._name(change)
        self.done.conflicts.append(Conflict(change.event_id, change.table, name, code, f"{what} {why}", by))

    def _name(self, change: Change) -> tuple[str, str]:
        if change.table == "entry":
            uid = self._file.value("SELECT uid FROM entry WHERE id = ?", (change.row_id,))
            name = unpack_uid(uid) if uid is not None else str(change.row_id)
            return f"entry {name}", name
        if change.table == "topic":
            path = str(self._file.value("SELECT path FROM topic WHERE id = ?", (change.row_id,)))
            return f"topic {path!r}", path
        return f"{change.table} {change.row_id or ', '.join(change.after)}", str(change.row_id)


def _comes_back(change: Change) -> bool:
    state = change.before.get("state")
    return change.after.get("state") == _REMOVED and state is not None and STATES[state].live
