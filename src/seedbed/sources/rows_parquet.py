"""Rows of Parquet, streamed batch by batch within row groups (extra ``parquet``)."""

from __future__ import annotations

import base64
import datetime
import decimal
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from seedbed.core.errors import InputError, MissingExtraError
from seedbed.sources.row import RowResult, failed

_BATCH = 512


def read_parquet(path: Path) -> Iterator[RowResult]:
    """One result a row; NaN becomes ``None``, dates ISO 8601 text, bytes base64.

    Raises:
        MissingExtraError: pyarrow is not installed.
        InputError: the file is not Parquet.
    """
    try:
        import pyarrow
        from pyarrow import parquet
    except ImportError as error:
        raise MissingExtraError(f"reading {path.name}", "parquet") from error
    row = 0
    try:
        file = parquet.ParquetFile(path)
    except (pyarrow.ArrowException, OSError) as error:
        raise InputError(f"{path.name} is not Parquet: {_line(error)}", place={"file": path.as_posix()}) from error
    with file:
        try:
            for batch in file.iter_batches(batch_size=_BATCH):
                for data in batch.to_pylist():
                    row += 1
                    yield RowResult(row, jsonable(data))
        except (pyarrow.ArrowException, OSError) as error:
            yield failed(path, row + 1, f"the rest cannot be read: {_line(error)}")


def _line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0][:200]


def jsonable(value: Any) -> Any:
    """``value`` of an Arrow column in JSON types."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if value is None or isinstance(value, str | int | bool):
        return value
    if isinstance(value, dict):
        return {str(key): jsonable(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [jsonable(item) for item in value]
    if isinstance(value, bytes):
        return base64.b64encode(value).decode("ascii")
    if isinstance(value, datetime.datetime | datetime.date | datetime.time):
        return value.isoformat()
    if isinstance(value, decimal.Decimal):
        return str(value)
    return str(value)
