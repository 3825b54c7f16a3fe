"""Rows of a file through the door, in bounded batches; every row has its own result in file order."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from typing import TYPE_CHECKING, Any

from seedbed.core.errors import InputError, SeedbedError, UnknownNameError
from seedbed.core.records import Candidate, Origin
from seedbed.dataset.rows import candidate_of, decide_rows

if TYPE_CHECKING:
    from seedbed.dataset.handle import Dataset
    from seedbed.engine.decisions import Decision
    from seedbed.kinds.kind import Kind
    from seedbed.sources.rows import RowResult

BATCH = 512


def import_file(
    dataset: Dataset,
    path: str,
    *,
    topic: str | None = None,
    topic_field: str | None = None,
    mapping: Mapping[str, str] | None = None,
    kind: str | None = None,
    actor: str = "human",
    check_only: bool = False,
) -> Iterator[Decision]:
    """What the door says of each row; committed in batches, so that a later failure keeps what was accepted.

    Args:
        dataset: where to.
        path: jsonl, json, csv or parquet file.
        topic: leaf for all rows.
        topic_field: column that names each row's topic.
        mapping: file column → field of the kind; columns not named keep their name. Columns the kind does not
            know are kept as ``meta`` when a mapping is given, else they are an error of the row.
        kind: schema, default the project's.
        actor: who imports, for the history.
        check_only: only say what would happen.

    Raises:
        InputError: the file cannot be read at all.
        UnknownNameError: a field that the kind lacks, or a column that the file lacks.
    """
    from seedbed.sources.rows import read_rows

    schema = dataset.kind(kind)
    unknown = [field for field in (mapping or {}).values() if field not in schema.fields]
    if unknown:
        raise UnknownNameError("field", unknown[0], schema.fields)
    event = {"action": "import", "actor": actor, "detail": {"file": path}}
    columns = Columns(topic, topic_field, dict(mapping or {}), Origin("import", actor=actor))
    rows = iter(read_rows(path))
    checked = False
    while batch := list(islice(rows, BATCH)):
        if not checked:
            columns.check(batch, path)
            checked = True
        proposed = [columns.candidate(row, schema, path) for row in batch]
        yield from decide_rows(dataset.intake(), proposed, write=not check_only, event=event)


@dataclass(frozen=True, slots=True)
class Columns:
    """How columns of a file become fields of a kind."""

    topic: str | None
    topic_field: str | None
    mapping: dict[str, str]
    origin: Origin

    def check(self, rows: Sequence[RowResult], path: str) -> None:
        """Raises ``UnknownNameError`` when a named column is in none of ``rows``: a typo would lose every value."""
        there = {name for row in rows if row.data is not None for name in row.data}
        for name in (*self.mapping, *([self.topic_field] if self.topic_field else [])):
            if there and name not in there:
                raise UnknownNameError("column", name, there, place={"file": path})

    def candidate(self, row: RowResult, kind: Kind, path: str) -> Candidate | SeedbedError:
        """The row as a candidate, or what is wrong with it, with file and row."""
        place = {"file": path, "row": row.row}
        if row.error is not None or row.data is None:
            return row.error or InputError("no object in this row", place=place)
        content = dict(row.data)
        where = self.topic
        if self.topic_field is not None:
            named = content.pop(self.topic_field, None)
            where = where or (str(named) if named else None)
        meta: dict[str, Any] = {}
        if self.mapping:
            kept = {*self.mapping, *kind.fields, "topic"}
            meta = {k: v for k, v in content.items() if k not in kept}
            content = {self.mapping.get(k, k): v for k, v in content.items() if k in kept}
        found = candidate_of(content, topic=where, kind=kind, origin=self.origin, place=place)
        return replace(found, meta=meta) if isinstance(found, Candidate) else found
