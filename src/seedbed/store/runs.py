"""Runs: executions of the engine, identified by what was asked, so that asking again continues."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from seedbed.core.errors import NotFoundError
from seedbed.store.values import pack_json, unpack_json

if TYPE_CHECKING:
    from seedbed.store.file import DatasetFile

RUNNING, DONE = "running", "done"


@dataclass(frozen=True, slots=True)
class RunRow:
    """One run.

    Attributes:
        id: row id.
        key: hash of what was asked.
        recipe, options, models: what was asked.
        status: ``running``, ``done``, or how it ended otherwise (``interrupted``, ``budget``, ``failed``).
        started_at, finished_at: Unix seconds; of the last continuation.
        summary: how it ended.
        continued: whether ``start`` found it unfinished.
    """

    id: int
    key: bytes
    recipe: str
    options: dict[str, Any]
    models: dict[str, Any]
    status: str
    started_at: float
    finished_at: float | None = None
    summary: dict[str, Any] | None = None
    continued: bool = False


_SELECT = "SELECT id, key, recipe, options, models, status, started_at, finished_at, summary FROM run "


class Runs:
    """Runs of one file."""

    def __init__(self, file: DatasetFile) -> None:
        self._file = file

    def start(self, key: bytes, recipe: str, options: Mapping[str, Any], models: Mapping[str, Any]) -> RunRow:
        """A running run: the unfinished one of the same key, with the options it began with, else a new one.

        Unfinished is whatever did not end as ``done``.
        """
        with self._file.write():
            sql = "SELECT id FROM run WHERE key = ? AND status <> ? ORDER BY id DESC LIMIT 1"
            found = self._file.value(sql, (key, DONE))
            if found is not None:
                sql = "UPDATE run SET status = ?, finished_at = NULL, summary = NULL WHERE id = ?"
                self._file.execute(sql, (RUNNING, found))
                return self._get(found, continued=True)
            sql = "INSERT INTO run (key, recipe, options, models, status, started_at) VALUES (?, ?, ?, ?, ?, ?)"
            values = (key, recipe, pack_json(dict(options)), pack_json(dict(models)), RUNNING, self._file.clock())
            return self._get(int(self._file.execute(sql, values).lastrowid or 0))

    def finish(self, run_id: int, status: str, summary: Mapping[str, Any] | None = None) -> None:
        """Record how a run ended."""
        with self._file.write():
            text = None if summary is None else pack_json(dict(summary))
            sql = "UPDATE run SET status = ?, finished_at = ?, summary = ? WHERE id = ?"
            self._file.execute(sql, (status, self._file.clock(), text, run_id))

    def get(self, run_id: int) -> RunRow:
        """One run; raises ``NotFoundError``."""
        return self._get(run_id)

    def _get(self, run_id: int, *, continued: bool = False) -> RunRow:
        row = self._file.row(_SELECT + "WHERE id = ?", (run_id,))
        if row is None:
            raise NotFoundError(f"no run {run_id}", place={"run": run_id})
        return _run(row, continued=continued)

    def latest(self) -> RunRow | None:
        """The run that was made last, or ``None``."""
        row = self._file.row(_SELECT + "ORDER BY id DESC LIMIT 1")
        return None if row is None else _run(row)

    def list(self, *, limit: int = 20, offset: int = 0) -> Sequence[RunRow]:
        """Runs, newest first."""
        return [_run(r) for r in self._file.rows(_SELECT + "ORDER BY id DESC LIMIT ? OFFSET ?", (limit, offset))]


def _run(row: Sequence[Any], *, continued: bool = False) -> RunRow:
    run_id, key, recipe, options, models, status, started_at, finished_at, summary = row
    return RunRow(
        run_id, key, recipe, unpack_json(options), unpack_json(models), status, started_at, finished_at,
        unpack_json(summary), continued,
    )  # fmt: skip
