"""One row of a file as it was read: its data or its error."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from seedbed.core.errors import RowError


@dataclass(frozen=True, slots=True)
class RowResult:
    """What became of one row.

    Attributes:
        row: where it stands: the line for jsonl and csv (header and first line are 1), else its number from 1.
        data: its columns, JSON types only, or ``None``.
        error: why there is no data, or ``None``.
    """

    row: int
    data: dict[str, Any] | None = None
    error: RowError | None = None


def row_error(path: Path, row: int, message: str, field: str | None = None) -> RowError:
    """The error of one row; ``message`` completes "file, row n: …"."""
    place: dict[str, Any] = {"file": path.as_posix(), "row": row}
    if field is not None:
        place["field"] = field
    return RowError(f"{path.name}, row {row}: {message}", place=place)


def failed(path: Path, row: int, message: str, field: str | None = None) -> RowResult:
    """A row that cannot be used, with its ``row_error``."""
    return RowResult(row, error=row_error(path, row, message, field))
