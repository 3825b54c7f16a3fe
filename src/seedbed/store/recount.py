"""What an undo means for reviewers' decisions when others decided since: what still stands is counted anew.

A decision is a row of its own, and the state of an entry only follows from those that stand. Taking one back therefore
takes back no state that came of others; but what was said about one content says nothing about another.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from seedbed.core.records import State
from seedbed.store.history import TABLES
from seedbed.store.values import STATE_CODES, STATES

if TYPE_CHECKING:
    from seedbed.store.file import DatasetFile
    from seedbed.store.reviews import DecisionRow

Settle = Callable[[Sequence["DecisionRow"], bool], State]
"""The state of an entry by the decisions that stand, oldest first, and by whether it was sent to review."""

_DECISION = TABLES.index("decision")

_SINCE = f"""
WITH touched AS (
  SELECT o.entry_id AS id FROM change c JOIN decision o ON o.id = c.row_id WHERE c.event_id = ?1 AND c.tbl = 2
  UNION SELECT row_id FROM change WHERE event_id = ?1 AND tbl = 0 AND before LIKE '%"content":%')
SELECT t.id, e.state, EXISTS (SELECT 1 FROM change c INDEXED BY change_row WHERE c.event_id = ?1 AND c.row_id = t.id
    AND (c.tbl = 4 OR c.tbl = 0 AND c.after NOT LIKE '{{"state":_}}'))
  FROM touched t JOIN entry e ON e.id = t.id WHERE EXISTS (
    SELECT 1 FROM decision d WHERE d.entry_id = t.id AND d.withdrawn <> coalesce((
      SELECT json_extract(p.after, '$.withdrawn') FROM change p
        WHERE p.row_id = d.id AND p.tbl = {_DECISION} AND p.event_id <= ?1
        ORDER BY p.event_id DESC, p.seq DESC LIMIT 1), 1))
"""
"""Entries whose decisions are not those that stood after the event, their state, and whether it changed them too."""


_STALE = """
SELECT DISTINCT e.id FROM change c JOIN decision d ON d.id = c.row_id JOIN entry e ON e.id = d.entry_id
  WHERE c.event_id = ?1 AND c.tbl = 2 AND json_extract(c.before, '$.withdrawn') = 0 AND e.content <> (
    SELECT json_extract(p.before, '$.content') FROM change p WHERE p.row_id = e.id AND p.tbl = 0
      AND p.event_id > d.event_id AND p.before LIKE '%"content":%' ORDER BY p.event_id, p.seq LIMIT 1)
  AND NOT EXISTS (SELECT 1 FROM change o INDEXED BY change_row
    WHERE o.event_id = ?1 AND o.row_id = e.id AND o.tbl = 0 AND o.before LIKE '%"content":%')
"""
"""Entries with decisions that would stand again and were about another content, which the event did not change."""


class Recount:
    """Entries of one undo whose decisions are not what they were after the events that are taken back.

    Args:
        file: the dataset.
        event_id: the undo's own event.
        settle: what decisions add up to.

    Attributes:
        decided: by the event that is taken back now, and by others since: only its decisions are taken back.
        removed: decided about since, and out of the dataset.
    """

    def __init__(self, file: DatasetFile, event_id: int, settle: Settle) -> None:
        self._file, self._event, self._settle = file, event_id, settle
        self._due: set[int] = set()
        self.decided: set[int] = set()
        self.removed: set[int] = set()

    def look_at(self, event_id: int) -> Iterator[tuple[int, str, str]]:
        """Sort the entries that the event decided about, and others since.

        Yields ``(row id, code, why)`` of entries that have to stay as they are.
        """
        self.decided, self.removed = set(), set()
        for rowid, state, changed in self._file.rows(_SINCE, (event_id,)):
            if STATES[state] is State.REMOVED:
                self.removed.add(rowid)
            elif changed:
                yield rowid, "decided_since", "was decided about by a reviewer since"
            else:
                self.decided.add(rowid)
        for (rowid,) in self._file.rows(_STALE, (event_id,)):
            yield rowid, "changed_since", "has another content than the one that was decided about"
        self._due |= self.decided

    def later(self, since: int, rowid: int) -> int | None:
        """The newest event after ``since`` that changed what stands about an entry."""
        found = self._file.value(
            "SELECT max(c.event_id) FROM decision d JOIN change c ON c.row_id = d.id AND c.tbl = ?"
            " WHERE d.entry_id = ? AND c.event_id > ? AND c.event_id < ?",
            (_DECISION, rowid, since, self._event),
        )
        return None if found is None else int(found)

    def finish(self) -> list[tuple[int, str]]:
        """Give entries the state that follows from the decisions left; ``(row id, why)`` of those it cannot be given.

        What was taken back of the decisions about such an entry is not.
        """
        refused: list[tuple[int, str]] = []
        right: list[tuple[int, dict[str, Any]]] = []
        standing = self._file.reviews.standing(due := sorted(self._due))
        for rowid, was in self._file.journal.read_all("entry", due, ["state"]).items():
            state = STATES[was["state"]]
            if state is State.REMOVED:
                continue
            new = self._settled(rowid, standing.get(rowid, []))
            obstacle = self._file.reviews.obstacle(rowid) if new.live and not state.live else None
            if obstacle is None:
                right.append((rowid, {"state": STATE_CODES[new]}))
            else:
                refused.append((rowid, obstacle[1]))
                self._keep(rowid)
        self._file.journal.change_all(self._event, "entry", right)
        return refused

    def _settled(self, rowid: int, votes: Sequence[DecisionRow]) -> State:
        alone = self._settle(votes, False)
        if alone is State.ACCEPTED and self._file.reviews.was_queued(rowid):  # all that it makes a difference to
            return self._settle(votes, True)
        return alone

    def _keep(self, rowid: int) -> None:
        """Let the decisions about an entry stand as they did before this undo."""
        about = {i for (i,) in self._file.rows("SELECT id FROM decision WHERE entry_id = ?", (rowid,))}
        for page in self._file.journal.backwards(self._event, ["decision"]):
            for change in page:
                if change.row_id in about:
                    self._file.journal.change(self._event, "decision", change.row_id, change.before)
