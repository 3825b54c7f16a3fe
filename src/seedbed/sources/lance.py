"""Text chunks in LanceDB tables as seeds (extra ``lancedb``)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, ClassVar, Final

from pydantic import BaseModel, Field

from seedbed.core.config import Strict
from seedbed.core.errors import InputError, MissingExtraError, NotFoundError, SeedbedError, UnknownNameError
from seedbed.core.identity import seed_uid
from seedbed.core.records import Seed
from seedbed.sources.blocks import clean_text
from seedbed.sources.files import near_paths
from seedbed.sources.report import FileReport, SourceReport
from seedbed.sources.row import row_error
from seedbed.sources.rows_parquet import jsonable
from seedbed.sources.spread import spread

DEFAULT_TABLE: Final = "text_chunks"
TEXT_COLUMNS: Final = ("text", "content", "chunk", "chunk_text", "body", "page_content")
ID_COLUMNS: Final = ("chunk_id", "id", "uuid")
SOURCE_COLUMNS: Final = ("source", "document", "file", "file_path", "path", "filename", "url")

_BATCH = 512


class LanceOptions(Strict):
    """Which tables and columns hold the chunks."""

    tables: tuple[str, ...] = Field((), description="tables to read, in order; default: text_chunks, or the only one")
    text_column: str | None = Field(None, description="column with the text; default: text, content, chunk …")
    id_column: str | None = Field(None, description="column with the chunk's id; default: chunk_id, id …")
    source_column: str | None = Field(None, description="column that names the document; default: source, document …")
    max_chunks: int | None = Field(None, ge=1, description="most chunks in all, spread fairly over the documents")


class LanceSource:
    """Rows of one or several tables of a LanceDB folder, each a chunk of text.

    A seed's ``source`` is ``folder/table``, followed by ``/document`` where a column names it; ``meta`` holds
    ``table``, ``chunk_id`` where there is one, and the other columns except vectors.
    """

    name: ClassVar[str] = "lancedb"
    Options: ClassVar[type[BaseModel]] = LanceOptions

    def read(self, location: str, options: LanceOptions) -> Iterator[Seed]:
        """Seeds in the order of tables and rows.

        Raises:
            NotFoundError: no such folder, or no table in it.
            UnknownNameError: no such table or column; names those that exist.
            MissingExtraError: lancedb is not installed.
        """
        return self.collect(location, options, SourceReport(strict=True))

    def collect(self, location: str, options: LanceOptions, report: SourceReport) -> Iterator[Seed]:
        """Seeds of every table that can be read; rows without text and tables that fail go to ``report``."""
        seeds = self._seeds(location, options, report)
        return seeds if options.max_chunks is None else iter(spread(seeds, options.max_chunks))

    def _seeds(self, location: str, options: LanceOptions, report: SourceReport) -> Iterator[Seed]:
        folder, tables = _tables(location, options.tables)
        try:
            import lancedb
        except ImportError as error:
            raise MissingExtraError(f"reading the LanceDB folder {folder.name}", "lancedb") from error
        database = lancedb.connect(str(folder))
        for name in tables:
            account = report.open(f"{folder.as_posix()}/{name}")
            try:
                yield from _read_table(database.open_table(name), name, options, account, report)
            except SeedbedError:
                raise
            except (ValueError, OSError, RuntimeError) as error:  # what lancedb raises for a broken table
                account.note = "not read to the end"
                message = (str(error).splitlines() or [""])[0][:200]
                place = {"file": folder.as_posix(), "table": name}
                report.problem(InputError(f"cannot read the table {name!r}: {message}", place=place))


def _tables(location: str, wanted: Sequence[str]) -> tuple[Path, list[str]]:
    """The folder and the tables to read; checks all names before anything is read."""
    folder = Path(location)
    if folder.suffix == ".lance" and folder.is_dir():
        folder, wanted = folder.parent, wanted or (folder.stem,)
    if not folder.is_dir():
        raise near_paths(folder, location)
    known = sorted(path.stem for path in folder.glob("*.lance"))
    place = {"file": folder.as_posix()}
    if not known:
        raise NotFoundError(f"no LanceDB table in {folder.as_posix()!r}", place=place)
    if not wanted:
        wanted = known if len(known) == 1 else (DEFAULT_TABLE,)
    for name in wanted:
        if name not in known:
            raise UnknownNameError("table", name, known, place=place)
    return folder, list(dict.fromkeys(wanted))


def _read_table(
    table: Any, name: str, options: LanceOptions, account: FileReport, report: SourceReport
) -> Iterator[Seed]:
    columns = [field.name for field in table.schema if not _is_vector(field.type)]
    place = {"table": name}
    text_column = _column("text", options.text_column, TEXT_COLUMNS, columns, place)
    if text_column is None:
        fix = f"name one with text_column; columns: {', '.join(columns)}"
        raise InputError(f"no column of the table {name!r} is known to hold text", place=place, fix=fix)
    id_column = _column("id", options.id_column, ID_COLUMNS, columns, place)
    source_column = _column("source", options.source_column, SOURCE_COLUMNS, columns, place)
    position = -1
    for batch in table.search().select(columns).to_batches(_BATCH):
        for row in batch.to_pylist():
            position += 1
            text = row.pop(text_column)
            if not isinstance(text, str):
                if text is not None:
                    message = "the column holds no text"
                    report.problem(row_error(Path(account.source), position + 1, message, text_column))
                continue
            text = clean_text(text).strip()
            if not text:
                continue
            account.seeds += 1
            document = row.get(source_column) if source_column else None
            source = f"{account.source}/{document}" if document else account.source
            meta = {"table": name, **jsonable(row)}
            if id_column:
                meta["chunk_id"] = jsonable(row[id_column])
            yield Seed(seed_uid(source, position, text), source, text, (), position, meta)


def _column(
    role: str, named: str | None, usual: Sequence[str], columns: Sequence[str], place: dict[str, Any]
) -> str | None:
    """The column named for ``role``, else the first of the usual ones that exists, else ``None``."""
    if named is not None:
        if named not in columns:
            raise UnknownNameError("column", named, columns, place={**place, "option": f"{role}_column"})
        return named
    return next((name for name in usual if name in columns), None)


def _is_vector(kind: Any) -> bool:
    """Whether an Arrow type is a list of floats."""
    import pyarrow.types as types

    listed = types.is_fixed_size_list(kind) or types.is_list(kind) or types.is_large_list(kind)
    return bool(listed and types.is_floating(kind.value_type))
