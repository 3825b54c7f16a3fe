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
    """One result a row; NaN becomes ``None``, dates and times ISO 8601 text, bytes base64.

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
                yield from batch_rows(batch, path, row + 1)
                row += batch.num_rows
        except (pyarrow.ArrowException, OSError) as error:
            yield failed(path, row + 1, f"the rest cannot be read: {_line(error)}")


def batch_rows(batch: Any, path: Path, first: int) -> Iterator[RowResult]:
    """One result for each row of an Arrow record batch, numbered from ``first``; a wrong value is its row's error."""
    import pyarrow

    try:
        rows = batch.to_pylist()
    except (ValueError, OverflowError, pyarrow.ArrowException):  # what Python has no value for: taken cell by cell
        for index in range(batch.num_rows):
            yield _row(batch, index, path, first + index)
    else:
        yield from (RowResult(row, jsonable(data)) for row, data in enumerate(rows, first))


def _row(batch: Any, index: int, path: Path, row: int) -> RowResult:
    import pyarrow

    data: dict[str, Any] = {}
    for name, column in zip(batch.schema.names, batch.columns, strict=True):
        try:
            data[name] = jsonable(_value(column[index]))
        except UnicodeDecodeError:
            return failed(path, row, "the bytes are not UTF-8", name)
        except (ValueError, OverflowError, pyarrow.ArrowException) as error:
            return failed(path, row, f"{name}: {_line(error)}", name)
    return RowResult(row, data)


def _value(scalar: Any) -> Any:
    """The value as Python's, or as Arrow's text: Python's times end at microseconds."""
    import pyarrow

    try:
        return scalar.as_py()
    except ValueError:
        if not pyarrow.types.is_temporal(scalar.type):
            raise
        text = scalar.cast(pyarrow.string()).as_py()
        return text.replace(" ", "T", 1) if pyarrow.types.is_timestamp(scalar.type) else text


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
