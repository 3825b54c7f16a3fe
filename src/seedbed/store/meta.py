"""Small facts about the dataset, by key."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from seedbed.store.values import pack_json, unpack_json

if TYPE_CHECKING:
    from seedbed.store.file import DatasetFile


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
