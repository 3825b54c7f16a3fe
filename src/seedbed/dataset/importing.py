"""Rows of a file through the door, in bounded batches; every row has its own result in file order."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from seedbed.core.errors import InputError, SeedbedError, UnknownNameError
from seedbed.core.records import Candidate, Origin, State
from seedbed.dataset.handle import candidate_of
from seedbed.engine.intake import Decision

if TYPE_CHECKING:
    from seedbed.dataset.handle import Dataset
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
    """
    from seedbed.sources.rows import read_rows

    schema = dataset.kind(kind)
    unknown = [field for field in (mapping or {}).values() if field not in schema.fields]
    if unknown:
        raise UnknownNameError("field", unknown[0], schema.fields)
    event = {"action": "import", "actor": actor, "detail": {"file": path}}
    columns = Columns(topic, topic_field, dict(mapping or {}), Origin("import", actor=actor))
    batch: list[Candidate | SeedbedError] = []

    def flush() -> Iterator[Decision]:
        candidates = [c for c in batch if isinstance(c, Candidate)]
        decided = iter(dataset.intake().submit(candidates, write=not check_only, event=event))
        for item in batch:
            yield next(decided) if isinstance(item, Candidate) else _broken(item)
        batch.clear()

    for row in read_rows(path):
        batch.append(columns.candidate(row, schema, path))
        if len(batch) >= BATCH:
            yield from flush()
    yield from flush()


@dataclass(frozen=True, slots=True)
class Columns:
    """How columns of a file become fields of a kind."""

    topic: str | None
    topic_field: str | None
    mapping: dict[str, str]
    origin: Origin

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
            meta = {k: v for k, v in content.items() if k not in self.mapping and k not in kind.fields}
            content = {self.mapping.get(k, k): v for k, v in content.items() if k not in meta}
        try:
            return replace(candidate_of(content, topic=where, kind=kind, origin=self.origin, place=place), meta=meta)
        except InputError as error:
            return error


def _broken(error: SeedbedError) -> Decision:
    """The result of a row that never became a candidate."""
    nothing = Candidate("", "", None, Origin("import"), place=error.place)
    return Decision(nothing, State.REJECTED, "", {}, (), error=error)
