"""The file of okgv 0.1 (``okgv.db``), read as it is: plain SQLite, nothing written, no extension loaded.

Its properties are JSON in two tables: ``entries`` (what it counts by) and ``vector_entries`` (what it compares and
exports). Its vectors are in a virtual table that only an extension can open; they are left alone.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from seedbed.core.errors import InputError, NotADatasetError, NotFoundError, ReadOnlyError
from seedbed.store.faults import mapped

_MAGIC = b"SQLite format 3\x00"
_NEEDED = {"topics", "entries"}
_BATCH = 500
_BUSY_S = 20.0


@dataclass(frozen=True, slots=True)
class OkgvEntry:
    """One entry with everything that the file says of it.

    Attributes:
        id: okgv's own.
        topic: path in ``entries``, else in ``vector_entries``.
        graph, vector: properties in the one table and in the other; ``None`` where it has no row there, or one that is
            not a JSON object.
        broken: tables whose properties cannot be read.
        elsewhere: the topic in ``vector_entries`` when it is another.
        status: ``pending``, ``approved``, ``rejected``, or empty when it was never queued.
        reviewed_at, submitted_at: ISO time as okgv wrote it, or ``None``; equal times of submission are one operation.
    """

    id: str
    topic: str
    graph: dict[str, Any] | None
    vector: dict[str, Any] | None
    broken: tuple[str, ...] = ()
    elsewhere: str | None = None
    status: str = ""
    reviewed_at: str | None = None
    submitted_at: str | None = None


@dataclass(frozen=True, slots=True)
class OkgvCounts:
    """Rows by what they are.

    Attributes:
        topics, entries, log: rows; entries that stand in either table.
        operations: times of submission in the log.
        review: rows by status.
        strays: log and review rows of entries that are gone.
    """

    topics: int
    entries: int
    log: int
    operations: int
    review: dict[str, int] = field(default_factory=dict)
    strays: dict[str, int] = field(default_factory=dict)


def is_okgv(path: Path) -> bool:
    """Whether the file is an SQLite database with okgv's tables; reads it and changes nothing."""
    try:
        with path.open("rb") as file:
            if file.read(len(_MAGIC)) != _MAGIC:
                return False
        with OkgvFile(path):
            return True
    except (OSError, InputError):
        return False


class OkgvFile:
    """An open ``okgv.db``.

    Raises:
        NotFoundError: there is no such file.
        InputError: it is something else (``not_okgv``).
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        if not path.is_file():
            raise NotFoundError(f"no file {str(path)!r}", place={"file": str(path)})
        try:
            self._connection = _connect(path)
        except NotADatasetError as error:
            raise _not_okgv(path) from error
        self._tables = {row[0] for row in self._rows("SELECT name FROM sqlite_schema")}
        if not self._tables.issuperset(_NEEDED):
            self.close()
            raise _not_okgv(path)

    def __enter__(self) -> OkgvFile:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def close(self) -> None:
        """Release the file."""
        self._connection.close()

    def topics(self) -> list[str]:
        """Paths, parents before children, siblings in the order they were made."""
        rows = self._rows("SELECT path, parent FROM topics ORDER BY rowid")
        children: dict[str | None, list[str]] = {}
        known = {path for path, _ in rows}
        for path, parent in rows:
            children.setdefault(parent if parent in known and parent != path else None, []).append(path)
        out: list[str] = []
        waiting = children.get(None, [])[::-1]
        seen: set[str] = set()
        while waiting:
            path = waiting.pop()
            if path not in seen:
                seen.add(path)
                out.append(path)
                waiting.extend(reversed(children.get(path, ())))
        return [*out, *(path for path, _ in rows if path not in seen)]  # a ring of parents has no top

    def counts(self) -> OkgvCounts:
        """Rows of every table but the vectors."""
        log, review, vectors = (name in self._tables for name in ("log", "review", "vector_entries"))
        there = "SELECT id FROM entries" + (" UNION SELECT id FROM vector_entries" if vectors else "")
        strays = {}
        for name, known in (("log", log), ("review", review)):
            if known:
                strays[name] = self._number(f"SELECT count(*) FROM {name} WHERE entry_id NOT IN ({there})")
        return OkgvCounts(
            topics=self._number("SELECT count(*) FROM topics"),
            entries=self._number(f"SELECT count(*) FROM ({there})"),
            log=self._number("SELECT count(*) FROM log") if log else 0,
            operations=self._number("SELECT count(DISTINCT timestamp) FROM log") if log else 0,
            review=dict(self._rows("SELECT status, count(*) FROM review GROUP BY 1 ORDER BY 1")) if review else {},
            strays=strays,
        )

    def entries(self, *, rejected: bool | None = None) -> Iterator[OkgvEntry]:
        """Entries in the order of submission, those of one operation together; memory does not grow with their number.

        Args:
            rejected: only those whose review says so, or only the others; all when ``None``.
        """
        cursor = self._connection.execute(self._select(rejected))
        while True:
            with mapped(self.path):
                rows = cursor.fetchmany(_BATCH)
            if not rows:
                return
            yield from map(_entry, rows)

    def _select(self, rejected: bool | None) -> str:
        """The query over all tables that there are: a file without reviews, log or vectors is whole all the same."""
        vectors, log, review = (name in self._tables for name in ("vector_entries", "log", "review"))
        both = "SELECT e.id AS id, e.topic AS t, e.properties AS p, e.rowid AS n, NULL AS vt, NULL AS vp FROM entries e"
        if vectors:
            both = (
                "SELECT e.id AS id, e.topic AS t, e.properties AS p, e.rowid AS n, v.topic AS vt, v.properties AS vp"
                " FROM entries e LEFT JOIN vector_entries v ON v.id = e.id"
                " UNION ALL SELECT v.id, NULL, NULL, NULL, v.topic, v.properties FROM vector_entries v"
                " WHERE NOT EXISTS (SELECT 1 FROM entries e WHERE e.id = v.id)"
            )
        first = "(SELECT entry_id, min(id) AS n, min(timestamp) AS at FROM log GROUP BY entry_id)"
        joins = f" LEFT JOIN {first} l ON l.entry_id = b.id" if log else ""
        joins += " LEFT JOIN review r ON r.entry_id = b.id" if review else ""
        status = "r.status, r.reviewed_at" if review else "NULL, NULL"
        where = ""
        if review and rejected is not None:
            where = f" WHERE coalesce(r.status, '') {'=' if rejected else '<>'} 'rejected'"
        elif rejected:
            where = " WHERE 0"
        order = " ORDER BY l.at IS NULL, l.at, l.n, b.n IS NULL, b.n" if log else " ORDER BY b.n IS NULL, b.n"
        columns = f"b.id, b.t, b.p, b.vt, b.vp, {status}, {'l.at' if log else 'NULL'}"
        return f"SELECT {columns} FROM ({both}) b{joins}{where}{order}"

    def _rows(self, sql: str) -> list[tuple[Any, ...]]:
        with mapped(self.path):
            return self._connection.execute(sql).fetchall()

    def _number(self, sql: str) -> int:
        return int(self._rows(sql)[0][0])


def _connect(path: Path) -> sqlite3.Connection:
    """A connection that leaves nothing behind: without a WAL nobody is writing, and the file is read as it is."""
    wal = path.with_name(path.name + "-wal")
    busy = wal.is_file() and wal.stat().st_size > 0
    uri = f"{path.absolute().as_uri()}?mode=ro" + ("" if busy else "&immutable=1")
    try:
        with mapped(path):
            connection = sqlite3.connect(uri, uri=True, timeout=_BUSY_S, isolation_level=None)
            connection.text_factory = _text
            connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()
    except ReadOnlyError as error:
        raise ReadOnlyError(
            f"{path.name} has unfinished business in {wal.name}, and its folder cannot be written",
            place={"file": str(path)},
            fix="copy both files to a folder that can be written",
        ) from error
    return connection


def _text(data: bytes) -> str:
    return data.decode("utf-8", "surrogateescape")


def _entry(row: tuple[Any, ...]) -> OkgvEntry:
    entry_id, topic, graph, vector_topic, vector, status, reviewed_at, submitted_at = row
    read = {"entries": _properties(graph), "vector_entries": _properties(vector)}
    given = {"entries": graph, "vector_entries": vector}
    return OkgvEntry(
        id=str(entry_id),
        topic=str(vector_topic if topic is None else topic),
        graph=read["entries"],
        vector=read["vector_entries"],
        broken=tuple(name for name, value in given.items() if value is not None and read[name] is None),
        elsewhere=None if topic is None or vector_topic in (None, topic) else str(vector_topic),
        status=str(status or ""),
        reviewed_at=reviewed_at,
        submitted_at=submitted_at,
    )


def _properties(text: Any) -> dict[str, Any] | None:
    try:
        found = json.loads(text) if isinstance(text, str) else None
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def _not_okgv(path: Path) -> InputError:
    return InputError(f"{path.name} is not a file of okgv", place={"file": str(path)}, code="not_okgv")
