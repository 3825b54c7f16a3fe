"""Entries: inserted in batches with verdicts and vectors, found, counted, listed and streamed."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from seedbed.core.errors import InputError, NotFoundError, StoreError
from seedbed.core.records import Content, Entry, Origin, State, Verdict
from seedbed.store.entry_rows import SELECT, EntryFilter, chunks, conditions, marks, to_entries
from seedbed.store.ids import give_up
from seedbed.store.topics import SUBTREE, subtree
from seedbed.store.values import (
    LIVE,
    OUTCOME_CODES,
    STATE_CODES,
    STATES,
    UID_HEX,
    pack_json,
    pack_optional,
    pack_text,
    pack_uid,
    uid_range,
    unpack_text,
    unpack_uid,
)

if TYPE_CHECKING:
    from seedbed.store.file import DatasetFile

__all__ = ["CellCount", "Entries", "EntryFilter", "NewEntry"]

MIN_PREFIX = 6
"""Characters of an id that have to be given."""


@dataclass(frozen=True, slots=True)
class NewEntry:
    """What is inserted.

    Attributes:
        id: public id, 20 hexadecimal characters; salted by the caller for rejected candidates.
        topic, kind, content, state, cell: where it lives and what it is.
        raw: the submission when it differs from ``content``.
        meta, origin, seed_uid, run_id, job_id: provenance.
        text_hash: 8 bytes that find exact duplicates.
        vector: float16 bytes of the file's embedder.
        verdicts: in the order the checks ran.
        event_id: the operation that brings it.
        created_at: Unix seconds; the file's clock where ``None``.
    """

    id: str
    topic: str
    kind: str
    content: Content
    state: State = State.ACCEPTED
    cell: str = ""
    raw: Any = None
    meta: dict[str, Any] = field(default_factory=dict)
    origin: Origin | None = None
    seed_uid: str | None = None
    run_id: int | None = None
    job_id: int | None = None
    text_hash: bytes | None = None
    vector: bytes | None = None
    verdicts: Sequence[Verdict] = ()
    event_id: int | None = None
    created_at: float | None = None


@dataclass(frozen=True, slots=True)
class CellCount:
    """Entries of one kind and state in one cell."""

    topic: str
    kind: str
    cell: str
    state: State
    n: int


class Entries:
    """Entries of one file."""

    def __init__(self, file: DatasetFile) -> None:
        self._file = file

    # -- writing -----------------------------------------------------------------------------------------------

    def insert(self, rows: Sequence[NewEntry]) -> list[int]:
        """Row ids of the new entries, in order; all or nothing.

        Raises:
            UnknownNameError, TopicError: a topic is unknown or not a leaf.
            NotFoundError: a seed is not in the file.
            StoreError: an id is taken (``conflict``), or a vector does not fit the file's embedder.
        """
        with self._file.write():
            give_up(self._file, [pack_uid(row.id) for row in rows])
            first = (self._file.value("SELECT seq FROM sqlite_sequence WHERE name = 'entry'") or 0) + 1
            rowids = list(range(first, first + len(rows)))
            seeds = self._seed_ids(rows)
            now = self._file.clock()
            self._file.executemany(
                "INSERT INTO entry VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                [
                    (rowid, *self._columns(row, seeds, now))
                    for rowid, row in zip(rowids, rows, strict=True)
                ],
            )  # fmt: skip
            self._insert_verdicts(rowids, rows)
            self._insert_vectors(rowids, rows)
        return rowids

    def _columns(self, row: NewEntry, seeds: dict[str, int], now: float) -> tuple[Any, ...]:
        names = self._file.names
        return (
            pack_uid(row.id),
            names.leaf(row.topic),
            names.kind(row.kind),
            STATE_CODES[row.state],
            pack_text(row.cell),
            now if row.created_at is None else row.created_at,
            None if row.origin is None else names.origin_id(row.origin),
            None if row.seed_uid is None else seeds[row.seed_uid],
            row.run_id,
            row.job_id,
            row.event_id,
            row.text_hash,
            pack_optional(row.meta),
            pack_json(row.content),
            None if row.raw is None else pack_json(row.raw),
        )

    def _insert_verdicts(self, rowids: Sequence[int], rows: Sequence[NewEntry]) -> None:
        self._file.executemany(
            "INSERT INTO verdict VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            [
                (rowid, seq, *columns)
                for rowid, row in zip(rowids, rows, strict=True)
                for seq, columns in enumerate(self.verdict_columns(row.verdicts))
            ],
        )

    def verdict_columns(self, verdicts: Sequence[Verdict]) -> list[list[Any]]:
        """Verdicts as the file keeps them: checker, outcome, score, code, reason, evidence."""
        checker = self._file.names.checker
        return [
            [
                checker(v), OUTCOME_CODES[v.outcome],
                None if v.score is None else float(v.score),
                pack_text(v.code) if v.code else None,
                pack_text(v.reason) if v.reason else None,
                pack_optional(v.evidence),
            ]
            for v in verdicts
        ]  # fmt: skip

    def amend(self, event_id: int, rowid: int, new: NewEntry) -> bool:
        """Whether an entry changed: content, cell, state, meta, verdicts and vector; the id stays.

        What was is journalled, but for the vector, which follows from the content.
        """
        with self._file.write():
            columns = {
                "content": pack_json(new.content),
                "cell": pack_text(new.cell),
                "text_hash": new.text_hash,
                "raw": None if new.raw is None else pack_json(new.raw),
                "state": STATE_CODES[new.state],
                "meta": pack_optional(new.meta),
            }
            changed = self._file.journal.change(event_id, "entry", rowid, columns)
            if changed:
                rows = self.verdict_columns(new.verdicts)
                self._file.journal.change(event_id, "verdict", rowid, {"rows": rows})
                if new.vector is not None:
                    self._file.vectors.set([(rowid, new.vector)])
            return changed

    def _insert_vectors(self, rowids: Sequence[int], rows: Sequence[NewEntry]) -> None:
        found = [(rowid, row.vector) for rowid, row in zip(rowids, rows, strict=True) if row.vector is not None]
        if not found:
            return
        embedder_id, size = self._file.names.embedder()
        wrong = next((len(v) for _, v in found if len(v) != size), None)
        if wrong is not None:
            raise StoreError(f"a vector has {wrong} bytes, the file's embedder makes {size}", code="embedder_mismatch")
        self._file.executemany("INSERT INTO vector VALUES (?, ?, ?)", [(r, embedder_id, v) for r, v in found])

    def _seed_ids(self, rows: Sequence[NewEntry]) -> dict[str, int]:
        wanted = list({row.seed_uid for row in rows if row.seed_uid is not None})
        out: dict[str, int] = {}
        for part in chunks(wanted):
            sql = f"SELECT uid, id FROM seed WHERE uid IN ({marks(part)})"
            out.update((unpack_uid(uid), i) for uid, i in self._file.rows(sql, [pack_uid(u) for u in part]))
        missing = next((uid for uid in wanted if uid not in out), None)
        if missing is not None:
            raise NotFoundError(f"no seed {missing} in {self._file.path.name}", fix="add seeds before their entries")
        return out

    def forget_removed(self) -> int:
        """Number of removed entries deleted for good, with vectors, verdicts, decisions and what the journal says.

        Events that lose changes for it say in their detail how many: ``compacted``.
        """
        with self._file.write():
            gone = "SELECT id FROM entry WHERE state = 4"
            about = (
                f"tbl IN (0, 4) AND row_id IN ({gone})"
                f" OR tbl = 2 AND row_id IN (SELECT id FROM decision WHERE entry_id IN ({gone}))"
            )
            lost = self._file.rows(
                f"SELECT event_id, count(DISTINCT row_id) FROM change WHERE tbl = 0 AND row_id IN ({gone}) GROUP BY 1"
            )
            for event_id, n in lost:
                self._file.events.extend(event_id, {"compacted": n})
            self._file.execute(f"DELETE FROM change WHERE {about}")
            return self._file.execute("DELETE FROM entry WHERE state = 4").rowcount

    def rowids(self, ids: Sequence[str]) -> dict[str, int]:
        """Row ids by whole public id, of those that are in the file."""
        out: dict[str, int] = {}
        for part in chunks([pack_uid(i) for i in ids]):
            rows = self._file.rows(f"SELECT uid, id FROM entry WHERE uid IN ({marks(part)})", part)
            out.update((unpack_uid(uid), rowid) for uid, rowid in rows)
        return out

    # -- finding -----------------------------------------------------------------------------------------------

    def get(self, entry_id: str, *, verdicts: bool = True) -> Entry:
        """One entry; ``entry_id`` may be a prefix that only one id begins with.

        Raises:
            NotFoundError: there is none.
            InputError: the prefix is too short or several ids begin with it.
        """
        place = {"id": entry_id}
        found: list[Any] = []
        if len(entry_id) == UID_HEX:
            found = self._file.rows(SELECT + "WHERE e.uid = ?", (pack_uid(entry_id.lower()),))
        elif (span := uid_range(entry_id.lower())) is not None:
            if len(entry_id) < MIN_PREFIX:
                raise InputError(
                    f"{entry_id!r} is too short for an id", place=place, fix=f"give {MIN_PREFIX} characters"
                )
            found = self._file.rows(SELECT + "WHERE e.uid BETWEEN ? AND ? LIMIT 4", span)
        if len(found) > 1:
            ids = ", ".join(unpack_uid(r[1]) for r in found[:3])
            raise InputError(
                f"several ids begin with {entry_id}", place=place, fix=f"give more of one: {ids}", code="ambiguous_id"
            )
        if not found:
            raise NotFoundError(f"no entry {entry_id!r}", place=place, fix="seedbed list shows ids")
        return to_entries(self._file, self._file.rows, found, verdicts=verdicts)[0][1]

    def exists(self, entry_id: str) -> bool:
        """Whether there is an entry of this whole id."""
        return self._file.value("SELECT 1 FROM entry WHERE uid = ?", (pack_uid(entry_id),)) is not None

    def stands(self, entry_id: str) -> bool:
        """Whether there is an entry of this whole id that was not removed; one that was gives its id up."""
        return self._file.value("SELECT 1 FROM entry WHERE uid = ? AND state <> 4", (pack_uid(entry_id),)) is not None

    def live_in(self, topic: str) -> int:
        """Number of live entries of all kinds in one leaf."""
        sql = f"SELECT sum(n) FROM cell_count WHERE topic_id = ? AND {LIVE}"
        return int(self._file.value(sql, (self._file.topics.id_of(topic),)) or 0)

    def live_rowids(self, topic: str) -> list[int]:
        """Row ids of the live entries of one topic, oldest first."""
        sql = f"SELECT id FROM entry WHERE topic_id = ? AND {LIVE} ORDER BY id"
        return [int(r[0]) for r in self._file.rows(sql, (self._file.topics.id_of(topic),))]

    def find_exact(self, text_hash: bytes, kind: str, besides: Collection[str] = ()) -> str | None:
        """Public id of a live entry of the kind with the same normalised text, other than those of ``besides``."""
        sql = (
            "SELECT e.uid FROM entry e JOIN kind k ON k.id = e.kind_id"
            f" WHERE e.text_hash = ? AND k.name = ? AND e.{LIVE} ORDER BY e.id LIMIT {len(besides) + 1:d}"
        )
        found = (unpack_uid(r[0]) for r in self._file.rows(sql, (text_hash, pack_text(kind))))
        return next((uid for uid in found if uid not in besides), None)

    def find_same(self, text_hash: bytes, kind: str, topic: str, content: Content) -> Entry | None:
        """The live entry of this topic and kind whose content is this one; ``text_hash`` is that of its text."""
        rows = self._file.rows(
            f"{SELECT}WHERE e.text_hash = ? AND k.name = ? AND t.path = ? AND e.{LIVE} ORDER BY e.id",
            (text_hash, pack_text(kind), topic),
        )
        found = (entry for _, entry in to_entries(self._file, self._file.rows, rows, verdicts=False))
        return next((entry for entry in found if entry.content == content), None)

    def by_rowids(self, rowids: Sequence[int], *, verdicts: bool = False) -> dict[int, Entry]:
        """Entries by row id; ids that are not there are left out."""
        out: dict[int, Entry] = {}
        for part in chunks(rowids):
            rows = self._file.rows(f"{SELECT}WHERE e.id IN ({marks(part)})", part)
            out.update(to_entries(self._file, self._file.rows, rows, verdicts=verdicts))
        return out

    def max_rowid(self) -> int:
        """Row id of the newest entry; 0 when there is none. Row ids are never used again."""
        return int(self._file.value("SELECT max(id) FROM entry") or 0)

    # -- listing -----------------------------------------------------------------------------------------------

    def page(
        self, wanted: EntryFilter | None = None, *, limit: int = 20, offset: int = 0, verdicts: bool = False
    ) -> list[Entry]:
        """Matching entries in the filter's order, ``offset`` of them skipped."""
        wanted = wanted or EntryFilter()
        where, values = conditions(wanted)
        order = "DESC" if wanted.order == "newest" else "ASC"
        # Page by row ids first, so that skipped rows are not read and joined.
        ids = f"SELECT e.id FROM entry e {where} ORDER BY e.id {order} LIMIT ? OFFSET ?"
        rows = self._file.rows(f"{SELECT}WHERE e.id IN ({ids}) ORDER BY e.id {order}", (*values, limit, offset))
        return [entry for _, entry in to_entries(self._file, self._file.rows, rows, verdicts=verdicts)]

    def count(self, wanted: EntryFilter | None = None) -> int:
        """Number of matching entries."""
        where, values = conditions(wanted or EntryFilter())
        return int(self._file.value(f"SELECT count(*) FROM entry e {where}", values))

    def stream(self, wanted: EntryFilter | None = None, *, batch: int = 500, verdicts: bool = False) -> Iterator[Entry]:
        """Matching entries sorted by topic path, then id; memory stays flat over any number of them.

        Shows the file as it was committed when the first entry is asked for; what the caller or anybody else writes
        meanwhile is not seen.
        """
        from array import array

        where, values = conditions(wanted or EntryFilter())
        where += " AND " if where else "WHERE "
        with self._file.snapshot() as query:
            for (topic_id,) in query("SELECT id FROM topic ORDER BY path", ()):
                sql = f"SELECT e.id FROM entry e {where}e.topic_id = ? ORDER BY e.uid"
                rowids = array("q", (r[0] for r in query(sql, (*values, topic_id))))
                for start in range(0, len(rowids), batch):
                    part = list(rowids[start : start + batch])
                    rows = query(f"{SELECT}WHERE e.id IN ({marks(part)}) ORDER BY e.uid", part)
                    yield from (e for _, e in to_entries(self._file, query, rows, verdicts=verdicts))

    # -- counting ----------------------------------------------------------------------------------------------

    def counts(self, root: str | None = None, kind: str | None = None) -> list[CellCount]:
        """Entries per cell, kind and state at and below ``root``; costs what there are cells, not entries."""
        where = "c.n > 0"
        values: list[Any] = []
        if root is not None:
            where += " AND " + SUBTREE.format("t.path")
            values += subtree(root)
        if kind is not None:
            where += " AND k.name = ?"
            values.append(pack_text(kind))
        rows = self._file.rows(
            "SELECT t.path, k.name, c.cell, c.state, c.n FROM cell_count c JOIN topic t ON t.id = c.topic_id"
            f" JOIN kind k ON k.id = c.kind_id WHERE {where} ORDER BY t.path, k.name, c.cell, c.state",
            values,
        )
        return [CellCount(t, unpack_text(k), unpack_text(cell), STATES[state], n) for t, k, cell, state, n in rows]

    def rejections(self, run_id: int | None = None, root: str | None = None) -> list[tuple[str, str, int]]:
        """``(check, reason code, number)`` of failing verdicts of rejected entries, most frequent first."""
        join = " AND EXISTS (SELECT 1 FROM entry e WHERE e.id = v.entry_id AND e.state = 0)"
        values: list[Any] = []
        if run_id is not None or root is not None:
            where, values = conditions(EntryFilter(root=root, run_id=run_id))
            join = f" AND v.entry_id IN (SELECT e.id FROM entry e {where} AND e.state = 0)"
        rows = self._file.rows(
            "SELECT c.name, coalesce(v.code, c.name), sum(v.n) FROM (SELECT v.checker_id, v.code, count(*) AS n"
            f" FROM verdict v WHERE v.outcome = 0{join} GROUP BY v.code, v.checker_id) v"
            " JOIN checker c ON c.id = v.checker_id GROUP BY 1, 2 ORDER BY 3 DESC, 1, 2",
            values,
        )
        return [(unpack_text(check), unpack_text(code), n) for check, code, n in rows]
