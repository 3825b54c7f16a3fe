"""Rows of Arrow files, streaming or random access, as ``datasets`` writes them, and what their schemas say."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from seedbed.core.errors import InputError, MissingExtraError
from seedbed.sources.row import RowResult, failed
from seedbed.sources.rows_parquet import batch_rows

_SLICE = 512
_KEY = b"huggingface"


def read_arrow(path: Path) -> Iterator[RowResult]:
    """One result a row, values in JSON types as of Parquet; the file is mapped, not loaded.

    Raises:
        MissingExtraError: pyarrow is not installed.
        InputError: the file is not Arrow.
    """
    pyarrow = _pyarrow(path)
    row = 0
    try:
        with pyarrow.memory_map(str(path)) as source:
            for batch in _batches(source):
                for start in range(0, batch.num_rows, _SLICE):
                    part = batch.slice(start, _SLICE)
                    yield from batch_rows(part, path, row + 1)
                    row += part.num_rows
    except (pyarrow.ArrowException, OSError) as error:
        if row == 0:
            raise _not_arrow(path, error) from error
        yield failed(path, row + 1, f"the rest cannot be read: {_line(error)}")


def features_of(path: Path) -> dict[str, Any]:
    """The columns' features as ``datasets`` noted them in an Arrow or Parquet file's schema; empty where it did not.

    Raises:
        MissingExtraError: pyarrow is not installed.
        InputError: the file is neither.
    """
    pyarrow = _pyarrow(path)
    try:
        if path.suffix.lower() == ".parquet":
            from pyarrow import parquet

            schema = parquet.read_schema(path)
        else:
            with pyarrow.memory_map(str(path)) as source:
                schema = _opened(source)[0].schema
    except (pyarrow.ArrowException, OSError) as error:
        raise _not_arrow(path, error) from error
    try:
        noted = json.loads((schema.metadata or {}).get(_KEY, b"{}"))
    except (ValueError, RecursionError):
        return {}
    found = noted.get("info") if isinstance(noted, dict) else None
    features = found.get("features") if isinstance(found, dict) else None
    return features if isinstance(features, dict) else {}


def _pyarrow(path: Path) -> Any:
    try:
        import pyarrow
    except ImportError as error:
        raise MissingExtraError(f"reading {path.name}", "parquet") from error
    return pyarrow


def _opened(source: Any) -> tuple[Any, bool]:
    """A reader, and whether it is one of the streaming format."""
    import pyarrow
    from pyarrow import ipc

    try:
        return ipc.open_stream(source), True
    except pyarrow.ArrowInvalid:
        source.seek(0)
        return ipc.open_file(source), False


def _batches(source: Any) -> Iterator[Any]:
    reader, streaming = _opened(source)
    if streaming:
        yield from reader
    else:
        yield from (reader.get_batch(i) for i in range(reader.num_record_batches))


def _not_arrow(path: Path, error: Exception) -> InputError:
    what = "Parquet" if path.suffix.lower() == ".parquet" else "Arrow"
    return InputError(f"{path.name} is not {what}: {_line(error)}", place={"file": path.as_posix()})


def _line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0][:200]
