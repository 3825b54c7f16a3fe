"""The entry as it is: JSON lines and Parquet."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import chain, islice
from pathlib import Path
from typing import Any, ClassVar

from seedbed.core.errors import MissingExtraError
from seedbed.core.records import Content
from seedbed.export.formats.rows import JsonRows, dump

BATCH = 2_000


class JsonlFormat(JsonRows):
    """``jsonl``: id, topic, kind, the entry's fields and where it came from."""

    name: ClassVar[str] = "jsonl"
    kinds: ClassVar[tuple[str, ...]] = ()
    whole: ClassVar[bool] = True
    """Rows carry id, topic, kind and provenance, and can be projected by ``fields``."""

    def encode(self, content: Content, *, kind: str, system_prompt: str | None) -> dict[str, Any]:
        """The content unchanged."""
        del kind, system_prompt
        return dict(content)


class ParquetFormat:
    """``parquet``: the columns of ``jsonl`` with an explicit schema; nested values are JSON text (extra ``parquet``).

    Explicit types and JSON text keep the file readable by every release of ``datasets``, which would else pad
    nested objects of different rows into one struct.
    """

    name: ClassVar[str] = "parquet"
    suffix: ClassVar[str] = ".parquet"
    kinds: ClassVar[tuple[str, ...]] = ()
    whole: ClassVar[bool] = True

    def encode(self, content: Content, *, kind: str, system_prompt: str | None) -> dict[str, Any]:
        """The content unchanged."""
        del kind, system_prompt
        return dict(content)

    def write(self, rows: Iterable[dict[str, Any]], path: Path) -> int:
        """Write rows in groups; returns their number. Column types are those of the first group.

        Raises:
            MissingExtraError: pyarrow is not installed.
        """
        try:
            import pyarrow as pa
            import pyarrow.parquet as pq
        except ImportError as error:
            raise MissingExtraError("writing Parquet files", "parquet") from error
        source = iter(rows)
        first = list(islice(source, BATCH))
        schema = pa.schema([(name, _type(pa, [r.get(name) for r in first])) for name in _columns(first)])
        count = 0
        with pq.ParquetWriter(path, schema) as writer:
            for group in chain([first], iter(lambda: list(islice(source, BATCH)), [])):
                if group:
                    arrays = [_array(pa, [r.get(f.name) for r in group], f.type) for f in schema]
                    writer.write_table(pa.Table.from_arrays(arrays, schema=schema))
                    count += len(group)
        return count


def _columns(rows: list[dict[str, Any]]) -> list[str]:
    return list(dict.fromkeys(name for row in rows for name in row))


def _type(pa: Any, values: list[Any]) -> Any:
    kinds = {type(v) for v in values if v is not None}
    if kinds == {bool}:
        return pa.bool_()
    if kinds == {int}:
        return pa.int64()
    if kinds and kinds <= {int, float}:
        return pa.float64()
    return pa.string()


def _array(pa: Any, values: list[Any], kind: Any) -> Any:
    if pa.types.is_string(kind):
        values = [v if v is None else _text(v) for v in values]
    return pa.array(values, kind)


def _text(value: Any) -> str:
    text = value if isinstance(value, str) else dump(value)
    return text.encode("utf-8", "backslashreplace").decode("utf-8")
