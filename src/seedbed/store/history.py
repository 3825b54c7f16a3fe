"""The journal: what every event changed, so that it can be taken back, and taken back again.

A change is a row's columns before and after. Nothing is ever deleted by a change: entries become ``removed``, topics
are flagged, decisions are withdrawn, so that undoing is setting columns back. An undo is an event with a journal of its
own; undoing that one is a redo. Entries that an event brought are known by ``entry.event_id`` and need no journal.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING, Any

from seedbed.store.entry_rows import chunks, marks
from seedbed.store.meta import VECTOR_EPOCH
from seedbed.store.values import STATES, pack_json

if TYPE_CHECKING:
    from seedbed.store.file import DatasetFile

TABLES = ("entry", "topic", "decision", "meta", "verdict", "event", "seed")
"""What can be changed; the index is what the file keeps."""

PAGE = 2_000
"""Changes read at once."""


@dataclass(frozen=True, slots=True)
class Change:
    """One changed row.

    Attributes:
        event_id, seq: which change of which event.
        table: one of ``TABLES``.
        row_id: its row; 0 for ``meta``, whose columns are keys.
        before, after: columns as they were and became, in the form the file keeps.
    """

    event_id: int
    seq: int
    table: str
    row_id: int
    before: dict[str, Any]
    after: dict[str, Any]


class Journal:
    """Changes of one file."""

    def __init__(self, file: DatasetFile) -> None:
        self._file = file

    # -- changing ----------------------------------------------------------------------------------------------

    def change(self, event_id: int, table: str, row_id: int, columns: Mapping[str, Any]) -> bool:
        """Whether any of ``columns`` of the row changed; call inside ``write``.

        Args:
            event_id: the operation.
            table: one of ``TABLES``; of ``verdict`` the only column is ``rows`` (see ``rows_of``).
            row_id: whose; 0 for ``meta``, whose columns are keys.
            columns: new values in the form the file keeps.
        """
        before = self.read(table, row_id, list(columns))
        after = {name: value for name, value in columns.items() if before[name] != value}
        if not after:
            return False
        self._note(event_id, [(table, row_id, {name: before[name] for name in after}, after)])
        self.write(table, row_id, after)
        if table == "entry" and _is_searched_otherwise(before, after):
            self.touch_vectors()
        return True

    def inserted(self, event_id: int, table: str, row_id: int) -> None:
        """Note that the event brought a row of ``topic`` or ``decision``: undoing it flags the row."""
        flag = {"topic": "removed", "decision": "withdrawn"}[table]
        self._note(event_id, [(table, row_id, {flag: 1}, {flag: 0})])

    def change_all(self, event_id: int, table: str, rows: Sequence[tuple[int, Mapping[str, Any]]]) -> int:
        """Number of rows of ``entry``, ``topic`` or ``decision`` that changed; each ``(row id, new columns)``."""
        changed = 0
        for names, group in groupby(rows, key=lambda r: tuple(r[1])):
            for part in chunks(list(group)):
                changed += self._change_part(event_id, table, list(names), part)
        return changed

    def _change_part(
        self, event_id: int, table: str, names: list[str], part: Sequence[tuple[int, Mapping[str, Any]]]
    ) -> int:
        there = self.read_all(table, [r for r, _ in part], names)
        notes = []
        for row_id, columns in part:
            before = there[row_id]
            if any(before[n] != columns[n] for n in names):
                notes.append((table, row_id, before, {n: columns[n] for n in names}))
                there[row_id] = {n: columns[n] for n in names}
        self._note(event_id, notes)
        sets = ", ".join(f"{n} = ?" for n in names)
        self._file.executemany(
            f"UPDATE {table} SET {sets} WHERE id = ?", [(*after.values(), row_id) for _, row_id, _, after in notes]
        )
        if table == "entry" and any(_is_searched_otherwise(before, after) for _, _, before, after in notes):
            self.touch_vectors()
        if notes and table == "topic":
            self._file.topics.touch()
        return len(notes)

    def set_states(self, event_id: int, state: int, where: str, values: Sequence[Any]) -> int:
        """Number of entries matching ``where``, a condition on ``entry e``, that were in another state before."""
        code, first = TABLES.index("entry"), self._next_seq(event_id)
        journaled = self._file.execute(
            "INSERT INTO change SELECT ?, ? - 1 + row_number() OVER (ORDER BY id), ?, id,"
            f" '{{\"state\":' || state || '}}', ? FROM entry e WHERE state <> ? AND ({where})",
            (event_id, first, code, pack_json({"state": state}), state, *values),
        ).rowcount
        if journaled:
            sql = f"UPDATE entry AS e SET state = ? WHERE state <> ? AND ({where})"
            self._file.execute(sql, (state, state, *values))
            self.touch_vectors()
        return max(0, journaled)

    def touch_vectors(self) -> None:
        """Tell every holder of vectors, in whatever process, to load them anew."""
        self._file.meta.bump(VECTOR_EPOCH)

    # -- reading -----------------------------------------------------------------------------------------------

    def changes(self, event_id: int) -> list[Change]:
        """Changes of an event, in the order they were made."""
        return self._found("event_id = ?", (event_id,))

    def counts(self, event_ids: Sequence[int]) -> dict[int, tuple[int, int]]:
        """``(entries it brought that were not rejected, rows it changed)`` by event."""
        out = dict.fromkeys(event_ids, (0, 0))
        for part in chunks(event_ids):
            entries: dict[int, int] = dict(
                self._file.rows(
                    f"SELECT event_id, count(*) FROM entry WHERE event_id IN ({marks(part)}) AND state <> 0"
                    " GROUP BY event_id",
                    part,
                )
            )
            sql = f"SELECT event_id, count(*) FROM change WHERE event_id IN ({marks(part)}) AND tbl <> 5 GROUP BY 1"
            changes: dict[int, int] = dict(self._file.rows(sql, part))
            out.update((e, (entries.get(e, 0), changes.get(e, 0))) for e in part)
        return out

    def different(self, event_id: int) -> dict[str, int]:
        """Numbers of topics, decisions, settings and seeds that an event left other than they were, by table."""
        rows = self._file.rows(
            "SELECT r.tbl, count(*) FROM (SELECT tbl, row_id, min(seq) AS first, max(seq) AS last FROM change"
            " WHERE event_id = ?1 AND tbl NOT IN (0, 4, 5) GROUP BY tbl, row_id) r"
            " JOIN change f ON f.event_id = ?1 AND f.seq = r.first JOIN change l ON l.event_id = ?1 AND l.seq = r.last"
            " WHERE f.before <> l.after GROUP BY r.tbl",
            (event_id,),
        )
        return {TABLES[table]: n for table, n in rows}

    def backwards(self, event_id: int, tables: Sequence[str] = TABLES) -> Iterator[list[Change]]:
        """Changes of an event in pages, last first, so that memory stays flat over any number of them."""
        last = self._next_seq(event_id)
        codes = ", ".join(str(TABLES.index(table)) for table in tables)
        where = f"event_id = ? AND seq < ? AND tbl IN ({codes})"
        while page := self._found(where, (event_id, last), f"ORDER BY seq DESC LIMIT {PAGE:d}"):
            yield page
            last = page[-1].seq

    def changes_of(self, table: str, row_id: int, since: int = 0) -> list[Change]:
        """Changes of a row by events after ``since``, oldest first."""
        return self._found("row_id = ? AND tbl = ? AND event_id > ?", (row_id, TABLES.index(table), since))

    def _found(self, where: str, values: Sequence[Any], order: str = "ORDER BY event_id, seq") -> list[Change]:
        sql = "SELECT event_id, seq, tbl, row_id, before, after FROM change"
        rows = self._file.rows(f"{sql} WHERE {where} {order}", values)
        return [Change(e, s, TABLES[t], r, _decoded(b), _decoded(a)) for e, s, t, r, b, a in rows]

    def read(self, table: str, row_id: int, names: Sequence[str]) -> dict[str, Any]:
        """Columns of a row as the file keeps them; all ``None`` where there is no such row."""
        if table == "meta":
            return {n: self._file.value("SELECT value FROM meta WHERE key = ?", (n,)) for n in names}
        if table == "verdict":
            return {"rows": rows_of(self._file, row_id)}
        return self.read_all(table, [row_id], names).get(row_id, dict.fromkeys(names))

    def read_all(self, table: str, row_ids: Sequence[int], names: Sequence[str]) -> dict[int, dict[str, Any]]:
        """Columns by row id, of the rows that there are."""
        out: dict[int, dict[str, Any]] = {}
        for part in chunks(row_ids):
            sql = f"SELECT id, {', '.join(names)} FROM {table} WHERE id IN ({marks(part)})"
            out.update((r[0], dict(zip(names, r[1:], strict=True))) for r in self._file.rows(sql, part))
        return out

    def write(self, table: str, row_id: int, columns: Mapping[str, Any]) -> None:
        """Set columns without a journal; for undoing, which journals by itself."""
        if table == "meta":
            for key, value in columns.items():
                self._file.execute("DELETE FROM meta WHERE key = ?", (key,))
                if value is not None:
                    self._file.execute("INSERT INTO meta VALUES (?, ?)", (key, value))
        elif table == "verdict":
            self._file.execute("DELETE FROM verdict WHERE entry_id = ?", (row_id,))
            rows = [(row_id, seq, *row) for seq, row in enumerate(columns["rows"])]
            self._file.executemany("INSERT INTO verdict VALUES (?, ?, ?, ?, ?, ?, ?, ?)", rows)
        else:
            sets = ", ".join(f"{n} = ?" for n in columns)
            self._file.execute(f"UPDATE {table} SET {sets} WHERE id = ?", (*columns.values(), row_id))
            if table == "topic":
                self._file.topics.touch()

    def _note(self, event_id: int, notes: Sequence[tuple[str, int, Mapping[str, Any], Mapping[str, Any]]]) -> None:
        first = self._next_seq(event_id)
        self._file.executemany(
            "INSERT INTO change VALUES (?, ?, ?, ?, ?, ?)",
            [
                (event_id, seq, TABLES.index(table), row_id, _encoded(before), _encoded(after))
                for seq, (table, row_id, before, after) in enumerate(notes, first)
            ],
        )

    def _next_seq(self, event_id: int) -> int:
        return int(self._file.value("SELECT max(seq) FROM change WHERE event_id = ?", (event_id,)) or 0) + 1


def rows_of(file: DatasetFile, entry_rowid: int) -> list[list[Any]]:
    """Verdicts of an entry as the file keeps them: checker, outcome, score, code, reason, evidence."""
    sql = "SELECT checker_id, outcome, score, code, reason, evidence FROM verdict WHERE entry_id = ? ORDER BY seq"
    return [list(row) for row in file.rows(sql, (entry_rowid,))]


def runs(changes: Sequence[Change]) -> Iterator[list[Change]]:
    """Neighbouring changes of the same columns of one table, no row twice: what can be undone at one go."""
    for _, group in groupby(changes, key=lambda c: (c.table, tuple(c.after))):
        run: list[Change] = []
        seen: set[int] = set()
        for change in group:
            if change.row_id in seen:
                yield run
                run, seen = [], set()
            run.append(change)
            seen.add(change.row_id)
        yield run


def _is_searched_otherwise(before: Mapping[str, Any], after: Mapping[str, Any]) -> bool:
    """Whether a change of an entry makes vectors that somebody has loaded stale."""
    if "topic_id" in after or "content" in after:
        return True
    return "state" in after and STATES[before["state"]].live is not STATES[after["state"]].live


def _bytes(value: dict[str, Any]) -> Any:
    return bytes.fromhex(value["hex"]) if value.keys() == {"hex"} else value


_encoded = json.JSONEncoder(ensure_ascii=True, separators=(",", ":"), default=lambda b: {"hex": b.hex()}).encode
_decoded = json.JSONDecoder(object_hook=_bytes).decode
