"""Rows of jsonl, json, csv and parquet files: one result each, in order, in flat memory; and rows as seeds."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, ClassVar, Final

from pydantic import BaseModel, Field

from seedbed.core.config import Strict
from seedbed.core.errors import InputError, NotFoundError, RowError, SeedbedError, near_names
from seedbed.core.identity import canonical_json, seed_uid
from seedbed.core.records import Seed
from seedbed.sources.blocks import clean_text
from seedbed.sources.files import PACKED, ROW_ENDINGS, damage, find_files, open_text, row_ending
from seedbed.sources.report import FileReport, SourceReport
from seedbed.sources.row import RowResult, failed
from seedbed.sources.rows_csv import read_csv
from seedbed.sources.rows_json import read_json, read_json_lines
from seedbed.sources.rows_parquet import read_parquet
from seedbed.sources.spread import spread

TEXT_COLUMNS: Final = ("text", "content", "body", "chunk", "chunk_text", "page_content", "passage", "document")
"""Columns whose text stands for the row, most likely first."""

ANSWER_COLUMNS: Final = ("answer", "response", "output", "completion")
"""Columns that stand for the row where no question stands beside them."""

_QUESTION_COLUMNS: Final = ("question", "prompt", "instruction", "query", "problem", "input")

__all__ = ["RowOptions", "RowResult", "RowSource", "read_rows", "render_row"]


class RowOptions(Strict):
    """How rows become seeds."""

    text_field: str | None = Field(None, description="column that holds the text; default: found, else all columns")
    max_chunks: int | None = Field(None, ge=1, description="most rows in all, spread fairly over the files")
    include: tuple[str, ...] = Field((), description="patterns of which a file must match one")
    exclude: tuple[str, ...] = Field((), description="patterns of files to leave out")
    encoding: str | None = Field(None, description="encoding of text files; default: found out, UTF-8 first")


def read_rows(path: str | Path, *, encoding: str | None = None) -> Iterator[RowResult]:
    """One result per row of ``path``, in input order: its data, or why it cannot be used.

    Memory does not grow with the number of rows (a JSON object that holds lists is the exception).

    Raises:
        NotFoundError: no such file.
        InputError: the file as a whole cannot be read, or its ending is not one of rows.
        MissingExtraError: Parquet without pyarrow.
    """
    path = Path(path)
    ending = row_ending(path)
    if ending not in ROW_ENDINGS or (ending == ".parquet" and ending != path.suffix.lower()):
        raise InputError(
            f"cannot read rows from {path.name}: unsupported ending {''.join(path.suffixes[-2:])!r}",
            place={"file": path.as_posix()},
            fix=f"supported: {', '.join(sorted(ROW_ENDINGS))}; all but .parquet also with {', '.join(sorted(PACKED))}",
        )
    if not path.is_file():
        raise NotFoundError(f"no file {str(path)!r}", place={"file": path.as_posix()})
    if ending == ".parquet":
        yield from read_parquet(path)
        return
    tabular = ending in (".csv", ".tsv")
    row = 0
    with open_text(path, encoding=encoding, guess=tabular) as file:
        read = read_csv if tabular else read_json if ending == ".json" else read_json_lines
        try:
            for result in read(file, path):
                row = result.row
                yield result
        except damage(path) as error:
            yield failed(path, row + 1, f"the rest cannot be read: {error}")


class RowSource:
    """Rows as seeds: the text of one column, or the whole row rendered; the other columns go to ``meta``.

    ``meta["row"]`` is the row's place in its file; ``position`` is that place less one, so that a bad row elsewhere
    changes no seed's identity.
    """

    name: ClassVar[str] = "rows"
    Options: ClassVar[type[BaseModel]] = RowOptions

    def read(self, location: str, options: RowOptions) -> Iterator[Seed]:
        """Seeds in the order of files and rows.

        Raises:
            NotFoundError: nothing is at ``location``.
            RowError: the first bad row, with file, row and field; ``collect`` goes on instead.
            InputError: a file that cannot be read.
        """
        return self.collect(location, options, SourceReport(strict=True))

    def collect(self, location: str, options: RowOptions, report: SourceReport) -> Iterator[Seed]:
        """Seeds of every good row; what is wrong goes to ``report``."""
        seeds = self._seeds(location, options, report)
        return seeds if options.max_chunks is None else iter(spread(seeds, options.max_chunks))

    def _seeds(self, location: str, options: RowOptions, report: SourceReport) -> Iterator[Seed]:
        for path in find_files(location, options.include, options.exclude):
            if row_ending(path) not in ROW_ENDINGS and path != Path(location):
                report.skipped.append((path.as_posix(), f"not rows: {path.suffix or 'no ending'}"))
                continue
            account = report.open(path.as_posix())
            try:
                for result in read_rows(path, encoding=options.encoding):
                    seed = self._seed(result, path, options, report)
                    if seed is not None:
                        account.seeds += 1
                        yield seed
            except SeedbedError as error:
                if report.strict:
                    raise
                account.note = "not read" if not account.seeds else "not read to the end"
                report.problem(error)
            _note_empty(account)

    def _seed(self, result: RowResult, path: Path, options: RowOptions, report: SourceReport) -> Seed | None:
        """The row's seed; ``None`` for a blank one, or when its error went to ``report``."""
        if result.data is None:
            if result.error is not None:
                report.problem(result.error)
            return None
        try:
            column, text = _text_of(result.data, options.text_field)
        except KeyError:
            report.problem(_no_column(path, result, str(options.text_field)))
            return None
        text = clean_text(text).strip()
        if not text:
            return None
        position = result.row - 1
        others = {key: value for key, value in result.data.items() if key != column}
        source = path.as_posix()
        return Seed(seed_uid(source, position, text), source, text, (), position, {"row": result.row, **others})


def _note_empty(account: FileReport) -> None:
    if not account.seeds and not account.note:
        account.note = "empty"


def _no_column(path: Path, result: RowResult, column: str) -> RowError:
    near = near_names(column, result.data or ())
    return RowError(
        f"{path.name}, row {result.row}: no column {column!r}",
        place={"file": path.as_posix(), "row": result.row, "field": column},
        fix=f"did you mean {near[0]!r}?" if near else f"columns: {', '.join(list(result.data or ())[:12])}",
    )


def _text_of(data: Mapping[str, Any], column: str | None) -> tuple[str | None, str]:
    """The column that holds the text, ``None`` when the whole row is rendered, and the text.

    Raises:
        KeyError: the column asked for is not there.
    """
    if column is not None:
        value = data[column]
        return column, value if isinstance(value, str) else "" if value is None else canonical_json(value)
    by_name = {key.casefold(): key for key in data}
    asks = any(name in by_name for name in _QUESTION_COLUMNS)
    for name in TEXT_COLUMNS if asks else TEXT_COLUMNS + ANSWER_COLUMNS:
        key = by_name.get(name)
        if key is not None and isinstance(data[key], str) and data[key].strip():
            return key, data[key]
    return None, render_row(data)


def render_row(data: Mapping[str, Any]) -> str:
    """All columns that hold something as ``name: value`` lines, in the row's order; nested values as JSON."""
    parts = []
    for key, value in data.items():
        text = value if isinstance(value, str) else "" if value is None else canonical_json(value)
        if text.strip():
            parts.append(f"{key}: {text.strip()}")
    return "\n".join(parts)
