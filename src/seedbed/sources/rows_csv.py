"""Rows of CSV: delimiter found, quoted line breaks kept, one bad row does not stop the others."""

from __future__ import annotations

import csv
import re
from collections import Counter, deque
from collections.abc import Iterator
from io import StringIO
from itertools import islice
from pathlib import Path
from typing import TextIO

from seedbed.core.errors import InputError
from seedbed.sources.files import row_ending
from seedbed.sources.row import RowResult, failed

MAX_FIELD = 16 << 20
"""Most characters of one field."""

MAX_LINES = 10_000
"""Most lines of one record: a quote left open is noticed after as many."""

_DELIMITERS = ",;\t|"
_SAMPLE = 65_536
_UNDECODED = re.compile("[\udc80-\udcff]")


class _OpenQuoteError(Exception):
    """A record went on for too many lines."""


class _Lines:
    """Lines of the file, those of the record being read kept for a second try."""

    def __init__(self, file: TextIO) -> None:
        self.file = file
        self.waiting: deque[str] = deque()
        self.taken: list[str] = []
        self.number = 0

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        if len(self.taken) >= MAX_LINES:
            raise _OpenQuoteError
        line = self.waiting.popleft() if self.waiting else self.file.readline()
        if not line:
            raise StopIteration
        self.taken.append(line)
        self.number += 1
        return line

    def give_back_all_but_one(self) -> None:
        """The next read starts at the second line of the record that failed."""
        self.waiting.extendleft(reversed(self.taken[1:]))
        self.number -= len(self.taken) - 1


def read_csv(file: TextIO, path: Path) -> Iterator[RowResult]:
    """One result a record below the header; every value is a string.

    Raises:
        InputError: the header names a column twice, or cannot be read.
    """
    csv.field_size_limit(max(csv.field_size_limit(), MAX_FIELD))
    sample = file.read(_SAMPLE)
    file.seek(0)
    delimiter = "\t" if row_ending(path) == ".tsv" else _delimiter(sample)
    records = _records(_Lines(file), delimiter, path)
    header: list[str] | None = None
    for row, record in records:
        if header is None:
            header = _header(record, path)
        elif isinstance(record, str):
            yield failed(path, row, record)
        elif any(record):
            yield _row(header, record, path, row)


def _records(lines: _Lines, delimiter: str, path: Path) -> Iterator[tuple[int, list[str] | str]]:
    """Line number and fields of each record, or what is wrong with it."""
    reader = csv.reader(lines, delimiter=delimiter, strict=True)
    while True:
        start = lines.number + 1
        lines.taken.clear()
        try:
            yield start, next(reader)
        except StopIteration:
            return
        except (_OpenQuoteError, csv.Error) as error:
            unclosed = isinstance(error, _OpenQuoteError) or "unexpected end" in str(error)
            if len(lines.taken) > 1:
                lines.give_back_all_but_one()
            reader = csv.reader(lines, delimiter=delimiter, strict=True)
            yield start, "a quote is opened and never closed" if unclosed else f"not CSV: {error}"


def _delimiter(sample: str) -> str:
    """The delimiter that cuts the header, and most records of ``sample`` into the same number of fields."""
    best, best_score = ",", 0.0
    for delimiter in _DELIMITERS:
        widths: list[int] = []
        try:
            for record in islice(csv.reader(StringIO(sample, newline=""), delimiter=delimiter), 200):
                widths += [len(record)] if record else []
        except csv.Error:
            continue
        width, count = Counter(widths).most_common(1)[0] if widths else (1, 0)
        # A header that is not cut is one name, whatever the rows below look like.
        score = count / len(widths) + width / 1000 if width > 1 and widths[0] > 1 else 0.0
        if score > best_score:
            best, best_score = delimiter, score
    return best


def _header(record: list[str] | str, path: Path) -> list[str]:
    place = {"file": path.as_posix(), "row": 1}
    if isinstance(record, str):
        raise InputError(f"the header of {path.name} cannot be read: {record}", place=place)
    names = [name.strip() or f"column_{index}" for index, name in enumerate(record, start=1)]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise InputError(f"the header of {path.name} names {twice!r} twice", place={**place, "field": twice})
    return names


def _row(header: list[str], record: list[str], path: Path, row: int) -> RowResult:
    if len(record) != len(header):
        return failed(path, row, f"{len(record)} fields, but the header names {len(header)}")
    data = dict(zip(header, record, strict=True))
    bad = next((name for name, value in data.items() if not value.isascii() and _UNDECODED.search(value)), None)
    return RowResult(row, data) if bad is None else failed(path, row, "the bytes are not UTF-8", bad)
