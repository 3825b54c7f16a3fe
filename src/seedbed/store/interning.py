"""Values that are stored once and referred to by a small integer: topics, kinds, origins, checkers, the embedder."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from seedbed.core.errors import StoreError, TopicError
from seedbed.core.records import Origin, Verdict
from seedbed.store.meta import Versions
from seedbed.store.values import pack_text, unpack_text

if TYPE_CHECKING:
    from seedbed.store.file import DatasetFile

Checker = tuple[str, str, float | None]
"""Name, version and threshold of a check."""


class Names:
    """Ids of shared values, looked up or made inside a write, and remembered as long as they hold."""

    def __init__(self, file: DatasetFile) -> None:
        self._file = file
        self._leaves: dict[str, int] = {}
        self._kinds: dict[str, int] = {}
        self._origins: dict[Origin, int] = {}
        self._checkers: dict[Checker, int] = {}
        self._embedder: tuple[int, int] | None = None
        self._origins_by_id: dict[int, Origin] = {}
        self._read_at = Versions()

    def forget(self) -> None:
        """Look everything up anew: something was rolled back."""
        for cache in (self._kinds, self._origins, self._checkers, self._origins_by_id):
            cache.clear()
        self._leaves.clear()
        self._embedder = None

    def refresh(self, now: Versions) -> None:
        """Look up anew what another process has changed; kinds, origins and checkers are only ever added."""
        if now.tree != self._read_at.tree:
            self._leaves.clear()
        if now.vectors != self._read_at.vectors:
            self._embedder = None
        self._read_at = now

    def leaf(self, path: str) -> int:
        """Id of a topic that takes entries.

        Raises:
            UnknownNameError: there is none.
            TopicError: it has subtopics.
        """
        if path not in self._leaves:
            topic_id = self._file.topics.id_of(path)
            if self._file.value("SELECT 1 FROM topic WHERE parent_id = ? AND removed = 0 LIMIT 1", (topic_id,)):
                raise TopicError(
                    f"topic {path!r} has subtopics; entries belong in a leaf",
                    place={"topic": path},
                    code="interior_topic",
                )
            self._leaves[path] = topic_id
        return self._leaves[path]

    def kind(self, name: str) -> int:
        """Id of a kind, made when new."""
        if name not in self._kinds:
            self._kinds[name] = self._find_or_insert("kind", {"name": name})
        return self._kinds[name]

    def origin_id(self, origin: Origin) -> int:
        """Id of an origin, made when new."""
        if origin not in self._origins:
            columns = {name: pack_text(getattr(origin, name)) for name in Origin.__slots__}
            self._origins[origin] = self._find_or_insert("origin", columns)
        return self._origins[origin]

    def origin(self, origin_id: int | None) -> Origin | None:
        """The origin with this id."""
        if origin_id is None:
            return None
        if origin_id not in self._origins_by_id:
            row = self._file.row(f"SELECT {', '.join(Origin.__slots__)} FROM origin WHERE id = ?", (origin_id,))
            self._origins_by_id[origin_id] = Origin(*map(unpack_text, row or ()))
        return self._origins_by_id[origin_id]

    def checker(self, verdict: Verdict) -> int:
        """Id of the check, version and threshold that a verdict is of, made when new."""
        key = verdict.check, verdict.version, verdict.threshold
        if key not in self._checkers:
            threshold = None if verdict.threshold is None else float(verdict.threshold)
            columns = {"name": verdict.check, "version": verdict.version, "threshold": threshold}
            self._checkers[key] = self._find_or_insert("checker", columns)
        return self._checkers[key]

    def embedder(self) -> tuple[int, int]:
        """Id and bytes per vector of the file's embedder.

        Raises:
            StoreError: none is registered.
        """
        if self._embedder is None:
            row = self._file.row("SELECT id, dim FROM embedder ORDER BY id DESC LIMIT 1")
            if row is None:
                raise StoreError("vectors need an embedder, and none is registered", code="no_embedder")
            self._embedder = int(row[0]), 2 * int(row[1])
        return self._embedder

    def _find_or_insert(self, table: str, columns: dict[str, Any]) -> int:
        same = " AND ".join(f"{name} IS ?" for name in columns)
        values = list(columns.values())
        found = self._file.value(f"SELECT id FROM {table} WHERE {same}", values)
        if found is None:
            marks = ", ".join("?" * len(columns))
            sql = f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({marks})"
            found = self._file.execute(sql, values).lastrowid
        return int(found or 0)
