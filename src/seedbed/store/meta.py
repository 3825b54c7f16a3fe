"""Small facts about the dataset, by key."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from seedbed.store.values import pack_json, unpack_json

if TYPE_CHECKING:
    from seedbed.store.file import DatasetFile

TREE_EPOCH: Literal["tree_epoch"] = "tree_epoch"
VECTOR_EPOCH: Literal["vector_epoch"] = "vector_epoch"


class Versions(NamedTuple):
    """Numbers that only grow: whoever holds something of the file compares them with those it was read at.

    Attributes:
        tree: changes of the topic tree, whoever made them.
        vectors: changes of vectors otherwise than by new entries.
        newest: row id of the newest entry, 0 where there is none; row ids are never used again.
    """

    tree: int = 0
    vectors: int = 0
    newest: int = 0


class Meta:
    """JSON values by key."""

    def __init__(self, file: DatasetFile) -> None:
        self._file = file

    def get(self, key: str, default: Any = None) -> Any:
        """The value of ``key``, or ``default`` where there is none."""
        found = self._file.row("SELECT value FROM meta WHERE key = ?", (key,))
        return default if found is None else unpack_json(found[0])

    def set(self, key: str, value: Any) -> None:
        """Keep ``value`` under ``key``."""
        with self._file.write():
            self._file.execute(
                "INSERT INTO meta VALUES (?, ?) ON CONFLICT DO UPDATE SET value = excluded.value",
                (key, pack_json(value)),
            )

    def versions(self) -> Versions:
        """What is newest of the tree, the vectors and the entries, in one query."""
        rows = self._file.rows(
            "SELECT key, value FROM meta WHERE key IN (?, ?) UNION ALL SELECT '', max(id) FROM entry",
            (TREE_EPOCH, VECTOR_EPOCH),
        )
        found: dict[str, Any] = dict(rows)
        tree, vectors = (found.get(key) for key in (TREE_EPOCH, VECTOR_EPOCH))
        return Versions(
            0 if tree is None else int(unpack_json(tree)),
            0 if vectors is None else int(unpack_json(vectors)),
            int(found[""] or 0),
        )

    def bump(self, epoch: Literal["tree_epoch", "vector_epoch"]) -> None:
        """Tell every holder of topics, or of vectors, in whatever process, to read them anew."""
        self.set(epoch, int(self.get(epoch, 0)) + 1)
