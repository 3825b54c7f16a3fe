"""Vectors as float16 blobs, one per entry, all of the file's one embedder."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from seedbed.core.errors import EmbedderMismatchError, StoreError
from seedbed.store.entry_rows import chunks, marks
from seedbed.store.meta import VECTOR_EPOCH
from seedbed.store.topics import SUBTREE, subtree
from seedbed.store.values import LIVE

if TYPE_CHECKING:
    import numpy as np

    from seedbed.store.file import DatasetFile


class Vectors:
    """Vectors of one file."""

    def __init__(self, file: DatasetFile) -> None:
        self._file = file

    def current(self) -> tuple[str, int, float] | None:
        """Name, dimension and duplicate threshold of the file's embedder, or ``None`` before one is registered."""
        found = self._file.row("SELECT name, dim, threshold FROM embedder ORDER BY id DESC LIMIT 1")
        return None if found is None else (str(found[0]), int(found[1]), float(found[2]))

    def register(self, embedder: str, dim: int, threshold: float) -> None:
        """Make ``embedder`` the file's own; its threshold is brought up to date when it is already.

        Raises:
            EmbedderMismatchError: the file has another one; ``replace`` changes it.
        """
        with self._file.write():
            there = self.current()
            if there is None:
                self._insert(embedder, dim, threshold)
            elif there[:2] != (embedder, dim):
                raise EmbedderMismatchError(
                    f"{self._file.path.name} was embedded with {there[0]!r}, not {embedder!r}",
                    place={"file": str(self._file.path), "embedder": there[0]},
                    fix="seedbed reembed",
                )
            elif there[2] != threshold:
                self._file.execute("UPDATE embedder SET threshold = ?", (float(threshold),))

    def _insert(self, embedder: str, dim: int, threshold: float) -> int:
        sql = "INSERT INTO embedder (name, dim, threshold) VALUES (?, ?, ?)"
        return int(self._file.execute(sql, (embedder, int(dim), float(threshold))).lastrowid or 0)

    def set(self, rows: Sequence[tuple[int, bytes]]) -> None:
        """Give entries other vectors of the file's embedder; each ``(row id, float16 bytes)``."""
        current = self.current()
        if current is None:
            raise StoreError("vectors need an embedder, and none is registered", code="no_embedder")
        with self._file.write():
            embedder_id = self._file.names.embedder()[0]
            self._file.executemany(
                "INSERT OR REPLACE INTO vector VALUES (?, ?, ?)",
                [(r, embedder_id, self._fitting(v, current[1])) for r, v in rows],
            )
            self._file.journal.touch_vectors()

    def of(self, rowids: Sequence[int]) -> dict[int, bytes]:
        """Float16 bytes by row id of the entry, for the few that are looked at one by one."""
        out: dict[int, bytes] = {}
        for part in chunks(rowids):
            out.update(self._file.rows(f"SELECT entry_id, v FROM vector WHERE entry_id IN ({marks(part)})", part))
        return out

    def newest(self, topic: str, most: int) -> list[tuple[int, bytes]]:
        """Row ids and float16 bytes of the newest live entries of one topic, at most ``most``, newest first."""
        return self._file.rows(
            "SELECT entry_id, v FROM vector WHERE entry_id IN (SELECT e.id FROM entry e WHERE e.topic_id = ?"
            f" AND e.{LIVE} ORDER BY e.id DESC LIMIT ?) ORDER BY entry_id DESC",
            (self._file.topics.id_of(topic), most),
        )

    def rowids(self) -> list[int]:
        """Row ids of all entries that have a vector, rejected and removed ones as well, in order."""
        return [int(r[0]) for r in self._file.rows("SELECT entry_id FROM vector ORDER BY entry_id")]

    def load(
        self, *, root: str | None = None, subtree: bool = True, after_rowid: int = 0
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Row ids ``(n,)`` int64, topic ids ``(n,)`` int64 and vectors ``(n, dim)`` float16, in row id order.

        Only live entries are there. The vectors are read-only.

        Args:
            root: only this topic.
            subtree: and everything below it.
            after_rowid: only entries that are newer.
        """
        import numpy as np

        rows = self._rows(root, subtree, after_rowid)
        rowids, topics, blobs = zip(*rows, strict=True) if rows else ((), (), ())
        current = self.current()
        dim = 0 if current is None else current[1]
        data = b"".join(blobs)
        if len(data) != 2 * dim * len(rows):
            raise StoreError(f"{self._file.path.name} holds vectors that do not fit its embedder", code="damaged_file")
        vectors = np.frombuffer(data, np.float16).reshape(len(rows), dim)
        return np.array(rowids, np.int64), np.array(topics, np.int64), vectors

    def _rows(self, root: str | None, below: bool, after_rowid: int) -> list[tuple[Any, ...]]:
        select = "SELECT e.id, e.topic_id, v.v FROM "
        if root is None:  # CROSS JOIN fixes the order: vectors come sorted, and nothing is sorted again
            return self._file.rows(
                f"{select}vector v CROSS JOIN entry e ON e.id = v.entry_id"
                f" WHERE v.entry_id > ? AND e.{LIVE} ORDER BY v.entry_id",
                (after_rowid,),
            )
        condition, chosen = (SUBTREE.format("path"), subtree(root)) if below else ("path = ?", subtree(root)[:1])
        return self._file.rows(
            f"{select}entry e CROSS JOIN vector v ON v.entry_id = e.id"
            f" WHERE e.topic_id IN (SELECT id FROM topic WHERE {condition}) AND e.{LIVE} AND e.id > ?"
            " ORDER BY e.id",
            (*chosen, after_rowid),
        )

    def replace(self, embedder: str, dim: int, threshold: float, rows: Iterable[tuple[int, bytes]]) -> int:
        """Take ``embedder`` and its vectors instead of all there are, in one transaction; returns their number.

        Args:
            embedder: name of the new one.
            dim: its vectors' length.
            threshold: its duplicate threshold.
            rows: ``(row id, float16 bytes)``; may read the file while it is consumed.
        """
        with self._file.write():
            self._file.execute("DELETE FROM vector")
            self._file.execute("DELETE FROM embedder")
            embedder_id = self._insert(embedder, dim, threshold)
            self._file.names.forget()
            sql = "INSERT INTO vector VALUES (?, ?, ?)"
            changed = self._file.executemany(sql, ((r, embedder_id, self._fitting(v, dim)) for r, v in rows))
            self._file.meta.bump(VECTOR_EPOCH)
        return max(0, changed)

    def _fitting(self, vector: bytes, dim: int) -> bytes:
        if len(vector) != 2 * dim:
            raise StoreError(
                f"a vector has {len(vector)} bytes, {dim} numbers take {2 * dim}", code="embedder_mismatch"
            )
        return vector
