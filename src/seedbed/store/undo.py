"""Taking events back by their journal, whole or not at all."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from seedbed.core.errors import InputError, NotFoundError
from seedbed.core.records import State
from seedbed.store.conflicts import Conflict, Conflicts
from seedbed.store.entry_rows import chunks, marks
from seedbed.store.history import TABLES, Change, runs
from seedbed.store.ids import reclaim
from seedbed.store.recount import Recount, Settle
from seedbed.store.reshape import Reshape
from seedbed.store.values import LIVE, STATE_CODES, STATES, unpack_uid

if TYPE_CHECKING:
    from seedbed.store.file import DatasetFile

_REMOVED = STATE_CODES[State.REMOVED]

_ABOUT_ENTRIES = ("decision", "verdict")
"""Tables whose rows say something about an entry: they are set back after it, and only where it was."""

_BROUGHT = (
    f"e.event_id = ? AND (e.{LIVE} OR e.state = {STATE_CODES[State.REJECTED]} AND EXISTS (SELECT 1 FROM change c"
    " WHERE c.row_id = e.id AND c.tbl = 0 AND json_extract(c.before, '$.state') BETWEEN 1 AND 3))"
)
"""Entries that an event brought; those rejected since would else come back with the rejection's undo."""

SHOWN = 20
"""Entries whose ids are told."""


@dataclass(slots=True)
class Undone:
    """What an undo did, or would do; numbers are of what is different afterwards.

    Attributes:
        event_id: the undo's own event.
        events: events taken back, newest first.
        removed, restored: entries that left and re-entered the dataset.
        changed: other rows set back, by table.
        topics: entries that left or came back, by topic path.
        entries: first public ids of those.
        content_rowids: entries whose content was set back; their vectors are stale.
        conflicts: the first rows left as they are; where there are any, only ``skip_conflicts`` writes something.
        n_conflicts: number of such rows.
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
    n_conflicts: int = 0

    @property
    def empty(self) -> bool:
        """Whether nothing is different afterwards."""
        return not (self.removed or self.restored or self.changed)


class _Kept(Exception):
    """Ends the undoing of an event that is left as it is."""


class Undo:
    """One undo of several events; call inside ``file.write()``, and roll that back when conflicts forbid it.

    Args:
        file: the dataset.
        event_id: the undo's own event.
        settle: what reviewers' decisions about an entry add up to.
    """

    def __init__(self, file: DatasetFile, event_id: int, settle: Settle) -> None:
        self._file, self._journal = file, file.journal
        self._event = event_id
        self._conflicts = Conflicts(file, event_id)
        self._recount = Recount(file, event_id, settle)
        self._going: set[int] = set()
        self._leaving: set[int] = set()
        self._left: set[int] = set()
        self._rewritten: set[int] = set()
        self._topics_refused = 0

    def take_back(self, event_ids: Sequence[int], *, standing_only: bool = False) -> Undone:
        """Set back everything the events did, newest first.

        Args:
            event_ids: which, in any order.
            standing_only: pass over those that are undone when their turn comes. Taking back an undo makes what it
                took back stand again, so that all events since a moment give the dataset as it was then.

        Raises:
            NotFoundError: no such event.
            InputError: one was undone before (``already_undone``).
        """
        wanted = sorted(set(event_ids), reverse=True)
        self._going = set(wanted)
        events = [i for i in wanted if self._stands(i, or_raise=not standing_only) and self._take_back_one(i)]
        for rowid, why in self._recount.finish():
            change = Change(wanted[0], 0, "entry", rowid, {}, {})
            self._refuse(change, "cannot_return", f"would come back by the decisions left, but {why}")
        done = Undone(self._event, events, conflicts=self._conflicts.described, n_conflicts=self._conflicts.count)
        came_back = "SELECT row_id FROM change WHERE event_id = ? AND tbl = 0 AND before GLOB '*\"state\":[04]*'"
        reclaim(self._file, [rowid for (rowid,) in self._file.rows(came_back, (self._event,))])
        self._account(done)
        if done.changed["topic"]:
            Reshape(self._file, self._event).cancel_homeless()
        return done

    def _stands(self, event_id: int, *, or_raise: bool) -> bool:
        sql = "SELECT e.undone_by, u.action FROM event e LEFT JOIN event u ON u.id = e.undone_by WHERE e.id = ?"
        found = self._file.row(sql, (event_id,))
        if found is None:
            raise NotFoundError(f"no event {event_id}", place={"event": event_id}, fix="seedbed log shows events")
        by, action = found
        if by is not None and or_raise:
            raise InputError(
                f"event {event_id} was undone before, by event {by}",
                place={"event": event_id},
                fix=f"seedbed {'redo' if action == 'undo' else 'undo'} {by} brings it back",
                code="already_undone",
            )
        return by is None

    def _take_back_one(self, event_id: int) -> bool:
        """Whether the event was taken back; where the tree is in the way of a topic it stays as a whole."""
        self._left, self._rewritten, self._topics_refused = set(), set(), 0
        try:
            with self._file.write():
                self._look_at_decisions(event_id)
                # Entries that it brought leave, whatever was done to them since.
                self._journal.set_states(self._event, _REMOVED, _BROUGHT, (event_id,))
                topics = [c for page in self._journal.backwards(event_id, ["topic"]) for c in page]
                self._leaving = self._topics_that_leave(event_id, topics)
                for page in self._journal.backwards(event_id, [t for t in TABLES if t not in _ABOUT_ENTRIES]):
                    for run in runs(page):
                        self._set_back(run)
                self._check_tree(topics)
                if self._topics_refused:
                    raise _Kept
                for page in self._journal.backwards(event_id, _ABOUT_ENTRIES):
                    for run in runs(page):
                        self._set_back_about(run)
                self._journal.change(self._event, "event", event_id, {"undone_by": self._event})
        except _Kept:
            return False
        return True

    def _look_at_decisions(self, event_id: int) -> None:
        """Leave entries of which it cannot be set back what reviewers said, or what they said it about."""
        for rowid, code, why in self._recount.look_at(event_id):
            self._refuse(Change(event_id, 0, "entry", rowid, {}, {}), code, why, ["content"])
        self._left |= self._recount.removed

    # -- rows --------------------------------------------------------------------------------------------------

    def _set_back(self, run: Sequence[Change]) -> None:
        """Changes of the same columns of one table, no row twice."""
        table, names = run[0].table, list(run[0].before)
        if table == "topic" and len(run) > 1:
            for change in run:  # what one topic may become depends on the one before it
                self._set_back([change])
            return
        if table == "entry":
            run = [c for c in run if c.row_id not in self._recount.decided and c.row_id not in self._left]
        if table == "meta":
            now = {0: self._journal.read(table, 0, names)}
        else:
            now = self._journal.read_all(table, [c.row_id for c in run], names)
        good = [c for c in run if self._unchanged(c, now.get(c.row_id))]
        if table == "topic":
            good = [c for c in good if self._fits(c)]
        elif table == "entry":
            good = self._fitting_entries(good)
            if "content" in names:
                self._rewritten.update(c.row_id for c in good)
        if table == "meta":
            for change in good:
                self._journal.change(self._event, table, 0, change.before)
        else:
            self._journal.change_all(self._event, table, [(c.row_id, c.before) for c in good])

    def _set_back_about(self, run: Sequence[Change]) -> None:
        """What is said about entries; of those that were left as they are it stays as well."""
        if run[0].table == "decision":
            about = self._journal.read_all("decision", [c.row_id for c in run], ["entry_id"])
            kept = [c for c in run if about.get(c.row_id, {}).get("entry_id") not in self._left]
            if kept:
                self._set_back(kept)
            return
        for change in run:
            # Verdicts belong to a content: where that was set back they are, else only where nobody judged again.
            due = change.row_id in self._rewritten or self._journal.read("verdict", change.row_id, ()) == change.after
            if due and change.row_id not in self._left:
                self._journal.change(self._event, "verdict", change.row_id, change.before)

    def _unchanged(self, change: Change, now: dict[str, Any] | None) -> bool:
        if now is None:
            self._refuse(change, "gone", "is not in the file any more: it was compacted away")
            return False
        differing = [n for n, value in change.after.items() if now[n] != value]
        if change.table == "entry" and now.get("state") == _REMOVED and differing == ["state"]:
            self._left.add(change.row_id)  # it was removed since, which goes further than what is undone here
            return False
        if differing:
            decided = change.table == "decision"
            why = "was taken back or replaced since" if decided else f"has another {', '.join(differing)} since"
            self._refuse(change, "changed_since", why, differing)
        return not differing

    def _refuse(
        self, change: Change, code: str, why: str, names: Sequence[str] = (), *, topic_id: int | None = None
    ) -> None:
        """Leave a row as it is, because of a later event: of the row's columns ``names``, or of a topic."""
        if self._leaves(change):  # nobody has to know how it was
            if change.table == "entry":
                self._left.add(change.row_id)
            return

        def by() -> int | None:
            if topic_id is not None:
                return self._conflicts.later_in_topic(change.event_id, topic_id)
            if code == "decided_since":
                return self._recount.later(change.event_id, change.row_id)
            return self._conflicts.later(change.event_id, change.table, change.row_id, names or list(change.after))

        self._conflicts.refuse(change, code, why, by)
        if change.table == "entry":
            self._left.add(change.row_id)
        self._topics_refused += change.table == "topic"

    # -- entries that come back --------------------------------------------------------------------------------

    def _fitting_entries(self, changes: Sequence[Change]) -> list[Change]:
        """Those whose return neither doubles an entry nor puts one where none may be."""
        self._refuse_doubled(self._staying([c for c in changes if _comes_back(c) or "text_hash" in c.before]))
        placed = {c.row_id: c for c in changes if _comes_back(c) or "topic_id" in c.before}
        will = self._journal.read_all("entry", list(placed), ["topic_id", "state"])
        will = {rowid: {**row, **placed[rowid].before} for rowid, row in will.items()}
        homes = {rowid: row["topic_id"] for rowid, row in will.items() if STATES[row["state"]].live}
        leaves = {topic_id: self._takes_entries(topic_id) for topic_id in set(homes.values())}
        for rowid, change in placed.items():
            if rowid in homes and rowid not in self._left and not leaves[homes[rowid]]:
                self._refuse(change, "topic_gone", "has no leaf topic to return to", topic_id=homes[rowid])
        return [c for c in changes if c.row_id not in self._left]

    def _staying(self, changes: Sequence[Change]) -> list[Change]:
        """Those of entries that do not leave again with an older event of the same undo, the one that brought them."""
        brought = self._journal.read_all("entry", [c.row_id for c in changes], ["event_id"])
        return [c for c in changes if brought.get(c.row_id, {}).get("event_id") not in self._going - {c.event_id}]

    def _leaves(self, change: Change) -> bool:
        """Whether a change is of an entry that leaves with an older event of the same undo, the one that brought it."""
        if change.table == "decision":
            rowid = self._journal.read("decision", change.row_id, ["entry_id"])["entry_id"]
            change = replace(change, table="entry", row_id=rowid)
        return change.table == "entry" and not self._staying([change])

    def _is_set_back(self, rowid: int, last: int) -> bool:
        """Whether an entry was changed by one of the events up to ``last`` that are taken back."""
        sql = "SELECT DISTINCT event_id FROM change WHERE row_id = ? AND tbl = 0 AND event_id <= ?"
        rows = self._file.rows(sql, (rowid, last))
        return any(event_id in self._going for (event_id,) in rows)

    def _refuse_doubled(self, changes: Sequence[Change]) -> None:
        """Leave entries whose text came into the dataset again after the event that took it out."""
        by_row = {c.row_id: c for c in changes}
        sql = (
            "SELECT e.id, d.id, d.uid, d.event_id FROM entry e JOIN entry d ON d.text_hash = {}"
            f" AND d.kind_id = e.kind_id AND d.id <> e.id AND d.{LIVE} WHERE e.id "
        )
        pairs: list[tuple[Any, ...]] = []
        for part in chunks([r for r, c in by_row.items() if "text_hash" not in c.before]):
            pairs += self._file.rows(f"{sql.format('e.text_hash')}IN ({marks(part)})", part)
        for rowid, change in by_row.items():
            if "text_hash" in change.before:
                pairs += self._file.rows(f"{sql.format('?')}= ?", (change.before["text_hash"], rowid))
        for rowid, other, uid, brought_by in pairs:
            if brought_by in self._going or self._is_set_back(other, by_row[rowid].event_id):
                continue  # both become what they were together
            by = None if rowid in self._left else self._conflicts.arrived(other, brought_by, by_row[rowid].event_id)
            if by is not None:
                self._left.add(rowid)
                self._conflicts.refuse(by_row[rowid], "submitted_again", f"is there again as {unpack_uid(uid)}", by)

    # -- topics ------------------------------------------------------------------------------------------------

    def _topics_that_leave(self, event_id: int, changes: Sequence[Change]) -> set[int]:
        """Topics that the event made and that nothing but its own entries is in: they make room for what comes back."""
        made = [c.row_id for c in changes if c.before.get("removed") == 1]
        others = (
            f"SELECT 1 FROM entry e WHERE e.topic_id = ? AND e.{LIVE} AND NOT EXISTS"
            " (SELECT 1 FROM change c WHERE c.row_id = e.id AND c.tbl = 0 AND c.event_id = ?) LIMIT 1"
        )
        return {t for t in made if self._file.value(others, (t, event_id)) is None}

    def _check_tree(self, changes: Sequence[Change]) -> None:
        """Every topic that was changed hangs where its path says, and entries are in leaves that are there."""
        held = f"(SELECT count(*) FROM entry e WHERE e.topic_id = {{}}.id AND e.{LIVE})"
        sql = (
            f"SELECT t.path, t.removed, {held.format('t')}, p.id, p.path, p.removed, {held.format('p')},"
            " EXISTS (SELECT 1 FROM topic c WHERE c.parent_id = t.id AND c.removed = 0),"
            " (SELECT c.path FROM topic c WHERE c.parent_id = t.id AND c.removed = 0 AND"
            " (instr(c.path, t.path || '/') <> 1 OR instr(substr(c.path, length(t.path) + 2), '/')) LIMIT 1)"
            " FROM topic t LEFT JOIN topic p ON p.id = t.parent_id WHERE t.id = ?"
        )
        for change in {c.row_id: c for c in changes}.values():
            found = self._file.row(sql, (change.row_id,)) or ("", 1, 0, None, None, 0, 0, 0, None)
            path, removed, own, parent_id, parent, gone, above, below, stray = found
            if removed:
                if own or below:
                    why = f"holds {own} {'entry' if own == 1 else 'entries'}" if own else "has subtopics"
                    self._refuse(change, "topic_holds_entries", f"{why} added since", topic_id=change.row_id)
            elif gone or path.rpartition("/")[0] != (parent or ""):
                why = "has no parent to return to: that was moved or removed since"
                self._refuse(change, "topic_gone", why, topic_id=parent_id)
            elif above:
                why = f"cannot be below {parent!r}, which holds {above} {'entry' if above == 1 else 'entries'}"
                self._refuse(change, "topic_holds_entries", why, topic_id=parent_id)
            elif stray:
                why = f"has the subtopic {stray!r}, which came there since"
                self._refuse(change, "topic_has_more", why, topic_id=change.row_id)

    def _fits(self, change: Change) -> bool:
        """Whether a topic's row can be set back beside what the tree is now."""
        now = self._journal.read("topic", change.row_id, ["path", "removed"])
        will = {**now, **change.before}
        if will["removed"]:
            return True  # what is in it may leave as well; looked at in the end
        sql = "SELECT id FROM topic WHERE path = ? AND removed = 0 AND id <> ?"
        other = self._file.value(sql, (will["path"], change.row_id))
        if other is not None:
            why = f"cannot be {will['path']!r} again: another topic has that path"
            self._refuse(change, "topic_taken", why, topic_id=other)
        return other is None

    def _takes_entries(self, topic_id: int) -> bool:
        children = self._file.rows("SELECT id FROM topic WHERE parent_id = ? AND removed = 0", (topic_id,))
        there = self._file.value("SELECT removed = 0 FROM topic WHERE id = ?", (topic_id,))
        return bool(there) and all(child in self._leaving for (child,) in children)

    # -- telling -----------------------------------------------------------------------------------------------

    def _account(self, done: Undone) -> None:
        """Count what is different now, from the undo's own journal: what came and went again is not told."""
        values = (self._event, self._event)
        for path, left, came, n in self._file.rows(f"{_TOUCHED} GROUP BY 1, 2, 3".format("t.path", "count(*)"), values):
            if left or came:
                done.topics[path] += n
                done.removed += left * n
                done.restored += came * n
            else:
                done.changed["entry"] += n
        done.changed.update(self._journal.different(self._event))
        first = f"{_TOUCHED} AND (went OR came) ORDER BY e.id LIMIT {SHOWN:d}"
        done.entries = [unpack_uid(row[0]) for row in self._file.rows(first.format("e.uid", "1"), values)]
        rewritten = "SELECT DISTINCT row_id FROM change WHERE event_id = ? AND tbl = 0 AND before LIKE '%\"content\":%'"
        done.content_rowids = [row[0] for row in self._file.rows(rewritten, (self._event,))]


_TOUCHED = (
    "WITH first AS (SELECT row_id, min(seq), json_extract(before, '$.state') AS was FROM change WHERE event_id = ?"
    " AND tbl = 0 AND before LIKE '%\"state\":%' GROUP BY row_id),"
    " touched AS (SELECT c.row_id, coalesce(f.was, -1) AS was, max(c.before NOT LIKE '{{\"state\":_}}') AS more"
    " FROM change c LEFT JOIN first f ON f.row_id = c.row_id WHERE c.event_id = ? AND c.tbl = 0 GROUP BY c.row_id)"
    " SELECT {}, c.was BETWEEN 1 AND 3 AND e.state NOT BETWEEN 1 AND 3 AS went,"
    " c.was >= 0 AND c.was NOT BETWEEN 1 AND 3 AND e.state BETWEEN 1 AND 3 AS came, {}"
    " FROM touched c JOIN entry e ON e.id = c.row_id JOIN topic t ON t.id = e.topic_id"
    " WHERE (c.more OR c.was >= 0 AND c.was <> e.state)"
)
"""Entries that an event changed: what of them, whether they left the dataset, whether they came back, and a number."""


def _comes_back(change: Change) -> bool:
    """Whether setting the change back brings an entry into the dataset again."""
    was, is_now = change.before.get("state"), change.after.get("state")
    return was is not None and is_now is not None and STATES[was].live and not STATES[is_now].live
