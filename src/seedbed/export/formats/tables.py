"""The entry as a row of a table: CSV and Parquet.

A table names its columns before its first row, and an optional field may turn up in the last one. Rows are therefore
set down in a file of their own first, which keeps memory flat.
"""

from __future__ import annotations

import csv
import json
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import Any, ClassVar

from seedbed.core.errors import MissingExtraError
from seedbed.export.formats.rows import WholeEntry, dump

BATCH = 2_000

Types = dict[str, set[type]]
"""Column → types of its values, ``None`` left out; in the order columns were met."""


class CsvFormat(WholeEntry):
    """``csv``: the columns of ``jsonl``; nested values are JSON text, and a value that is absent is an empty cell."""

    name: ClassVar[str] = "csv"
    suffix: ClassVar[str] = ".csv"

    def write(self, rows: Iterable[dict[str, Any]], path: Path) -> int:
        """Write a header and rows; returns the number of rows."""
        count = 0
        with set_down(rows, path) as (types, again), path.open("w", encoding="utf-8", newline="") as stream:
            # Not "\n" alone: a carriage return inside a value would go unquoted.
            writer = csv.writer(stream)
            writer.writerow(types)
            for row in again:
                writer.writerow(_cell(row.get(name)) for name in types)
                count += 1
        return count


class ParquetFormat(WholeEntry):
    """``parquet``: the columns of ``jsonl`` with an explicit schema; nested values are JSON text (extra ``parquet``).

    Explicit types and JSON text keep the file readable by every release of ``datasets``, which would else pad
    nested objects of different rows into one struct.
    """

    name: ClassVar[str] = "parquet"
    suffix: ClassVar[str] = ".parquet"

    def write(self, rows: Iterable[dict[str, Any]], path: Path) -> int:
        """Write rows in groups; returns their number.

        Raises:
            MissingExtraError: pyarrow is not installed.
        """
        try:
            import pyarrow as pa
            import pyarrow.parquet as pq
        except ImportError as error:
            raise MissingExtraError("writing Parquet files", "parquet") from error
        count = 0
        with set_down(rows, path) as (types, again):
            schema = pa.schema([(name, _type(pa, found)) for name, found in types.items()])
            with pq.ParquetWriter(path, schema) as writer:
                while group := list(islice(again, BATCH)):
                    arrays = [_array(pa, [r.get(f.name) for r in group], f.type) for f in schema]
                    writer.write_table(pa.Table.from_arrays(arrays, schema=schema))
                    count += len(group)
        return count


@contextmanager
def set_down(rows: Iterable[dict[str, Any]], path: Path) -> Iterator[tuple[Types, Iterator[dict[str, Any]]]]:
    """Columns of all rows with the types of their values, and the rows once more; kept in a file beside ``path``."""
    types: Types = {}
    with tempfile.TemporaryFile("w+", dir=path.parent, encoding="utf-8", newline="\n") as stream:
        for row in rows:
            for name, value in row.items():
                types.setdefault(name, set()).add(_type_of(value))
            stream.write(dump(row) + "\n")
        stream.seek(0)
        yield {n: found - {type(None)} for n, found in types.items()}, (json.loads(line) for line in stream)


def _type_of(value: Any) -> type:
    """The value's type; an integer that 64 bits cannot hold goes as text."""
    return str if isinstance(value, int) and value.bit_length() > 63 else type(value)


def _type(pa: Any, found: set[type]) -> Any:
    if found == {bool}:
        return pa.bool_()
    if found == {int}:
        return pa.int64()
    if found and found <= {int, float}:
        return pa.float64()
    return pa.string()


def _array(pa: Any, values: list[Any], kind: Any) -> Any:
    if pa.types.is_string(kind):
        values = [v if v is None else _text(v) for v in values]
    elif pa.types.is_floating(kind):
        values = [v if v is None else float(v) for v in values]  # Arrow refuses integers beyond 2^53 here
    return pa.array(values, kind)


def _cell(value: Any) -> str:
    return "" if value is None else _text(value)


def _text(value: Any) -> str:
    text = value if isinstance(value, str) else dump(value)
    return text.encode("utf-8", "backslashreplace").decode("utf-8")
