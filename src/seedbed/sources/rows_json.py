"""Rows of JSON lines and JSON files. Arrays are streamed; a broken element does not stop the others."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, TextIO

from seedbed.core.errors import InputError
from seedbed.sources.row import RowResult, failed

MAX_LINE = 64 << 20
"""Most characters of one JSON line."""

MAX_OBJECT = 1 << 30
"""Most characters of a file that is one JSON object: it is held in memory."""

_CHUNK = 1 << 18
_UNDECODED = re.compile("[\udc80-\udcff]")
_HUGE = re.compile(r"[eE]\+?\d{3}|\d{309}")
_TOKEN = re.compile(r'"(?:[^"\\\n]|\\.)*"|[{}\[\],"]')
_GAP = re.compile(r"[\s,]*")
_LISTS = ("data", "rows", "examples", "items", "records", "train")


class _BadValueError(ValueError):
    """Legal for Python's parser, not for JSON."""

    def __init__(self, message: str, field: str | None = None) -> None:
        super().__init__(message)
        self.field = field


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise _BadValueError(f"the key {twice!r} appears twice", twice)
    return found


def _constant(name: str) -> Any:
    raise _BadValueError(f"{name} is not JSON")


_DECODER = json.JSONDecoder(object_pairs_hook=_unique, parse_constant=_constant)


def parse_row(text: str, path: Path, row: int) -> RowResult:
    """One JSON object; anything else is the row's error."""
    if not text.isascii() and _UNDECODED.search(text):
        return failed(path, row, "the bytes are not UTF-8")
    try:
        value = _DECODER.decode(text)
        if _HUGE.search(text):
            _refuse_infinity(value)
    except _BadValueError as error:
        return failed(path, row, str(error), error.field or _place_of_constant(text))
    except json.JSONDecodeError as error:
        return failed(path, row, f"not JSON: {error.msg} at character {error.pos + 1}")
    except RecursionError:
        return failed(path, row, "nested too deeply")
    except ValueError:  # Python reads no whole number of thousands of digits
        return failed(path, row, "a number has thousands of digits")
    return _as_object(value, path, row)


def _as_object(value: Any, path: Path, row: int) -> RowResult:
    if isinstance(value, dict):
        return RowResult(row, value)
    return failed(path, row, f"an object is expected, not {_name(value)}")


def _name(value: Any) -> str:
    names = {list: "a list", str: "a string", bool: "a truth value", type(None): "null"}
    return names.get(type(value), "a number")


def _refuse_infinity(value: Any) -> None:
    place = _find_not_finite(value)
    if place is not None:
        raise _BadValueError("a number is too large", place)


def _place_of_constant(text: str) -> str | None:
    try:
        return _find_not_finite(json.loads(text))
    except (ValueError, RecursionError):
        return None


def _find_not_finite(value: Any, place: str = "") -> str | None:
    """Dotted path of the first number that JSON cannot carry, or ``None``."""
    if isinstance(value, float):
        return None if math.isfinite(value) else place
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in items:
        found = _find_not_finite(item, f"{place}.{key}" if place else str(key))
        if found is not None:
            return found
    return None


def read_json_lines(file: TextIO, path: Path) -> Iterator[RowResult]:
    """One result a line that is not blank."""
    row = 0
    while line := file.readline(MAX_LINE):
        row += 1
        if len(line) == MAX_LINE and not line.endswith("\n"):
            while (rest := file.readline(MAX_LINE)) and not rest.endswith("\n"):
                pass
            yield failed(path, row, f"longer than {MAX_LINE >> 20} million characters")
        elif line.strip("\x00 \t\r\n"):
            yield parse_row(line, path, row)


def read_json(file: TextIO, path: Path) -> Iterator[RowResult]:
    """Rows of a list, of the list under ``data`` or the like, of columns of equal length, or of one object.

    A list is streamed; an object is held in memory. JSON lines are recognised whatever the file's ending.

    Raises:
        InputError: the file is no JSON, or holds no rows.
    """
    start = file.read(_CHUNK)
    first = start.lstrip()[:1]
    place = {"file": path.as_posix()}
    if not first:
        return
    if first == "[":
        yield from _Elements(file, path, start).read()
        return
    if first != "{":
        raise InputError(f"{path.name} is not JSON: it starts with {first!r}", place=place)
    if _is_json_lines(start, path):
        file.seek(0)
        yield from read_json_lines(file, path)
        return
    text = start + file.read(MAX_OBJECT)
    if len(text) >= MAX_OBJECT:
        raise InputError(
            f"{path.name} is one JSON object and too large", place=place, fix="write a list, or JSON lines (.jsonl)"
        )
    whole = parse_row(text, path, 1)
    if whole.data is None:
        message = whole.error.message.partition(": ")[2] if whole.error else ""
        raise InputError(f"{path.name} cannot be read: {message}", place=place)
    for row, value in enumerate(_rows_of(whole.data), start=1):
        yield _as_object(value, path, row)


def _is_json_lines(start: str, path: Path) -> bool:
    first, newline, rest = start.lstrip().partition("\n")
    return bool(newline) and rest.lstrip()[:1] == "{" and parse_row(first, path, 1).data is not None


def _rows_of(whole: dict[str, Any]) -> list[Any]:
    """The list in the object, its columns as rows, or the object as the only row."""
    named = next((whole[name] for name in _LISTS if isinstance(whole.get(name), list)), None)
    if named is not None and all(isinstance(item, dict) for item in named[:1]):
        return list(named)
    columns = list(whole.values())
    if columns and all(isinstance(c, list) for c in columns) and len({len(c) for c in columns}) == 1:
        return [dict(zip(whole, values, strict=True)) for values in zip(*columns, strict=True)]
    return [whole]


class _Elements:
    """The elements of a JSON list, read in pieces."""

    def __init__(self, file: TextIO, path: Path, start: str) -> None:
        self.file, self.path = file, path
        self.buffer, self.at = start, start.index("[") + 1
        self.ended = False
        self.row = 0

    def read(self) -> Iterator[RowResult]:
        """One result an element."""
        while True:
            match = _GAP.match(self.buffer, self.at)
            self.at = match.end() if match else self.at
            if self.at == len(self.buffer):
                if not self._more():
                    yield failed(self.path, self.row + 1, "the file ends before the list does")
                    return
            elif self.buffer[self.at] == "]":
                return
            else:
                end = self._end()
                if end is None:
                    continue
                self.row += 1
                yield parse_row(self.buffer[self.at : end], self.path, self.row)
                self.at = end

    def _end(self) -> int | None:
        """Where the element at ``at`` ends; ``None`` when more had to be read first."""
        try:
            _, end = _DECODER.raw_decode(self.buffer, self.at)
        except (ValueError, RecursionError):
            found = self._balanced()
            if found is not None:
                return found
            return None if self._more() else self._next_line()
        return None if end == len(self.buffer) and self._more() else end

    def _balanced(self) -> int | None:
        """Where brackets balance, or where a bare word ends."""
        depth = 0
        for token in _TOKEN.finditer(self.buffer, self.at):
            sign = token.group()[0]
            if token.group() == '"' and not self.ended and "\n" not in self.buffer[token.end() :]:
                return None  # the string may end in what is still to be read
            if not depth and sign in ",]}":
                return token.start() if sign != "}" else token.end()
            depth += (sign in "{[") - (sign in "}]")
            if not depth and sign in "}]":
                return token.end()
        return None

    def _next_line(self) -> int:
        """Where the next element may start when brackets never balance: a line indented like this element's."""
        indent = self.buffer[self.buffer.rfind("\n", 0, self.at) + 1 : self.at]
        start = self.buffer.find(f"\n{indent}{{", self.at) if not indent.strip() else -1
        return start if start >= 0 else len(self.buffer)

    def _more(self) -> bool:
        if self.ended:
            return False
        rest = self.buffer[self.at :]
        new = self.file.read(max(_CHUNK, len(rest)))
        self.buffer, self.at, self.ended = rest + new, 0, not new
        return bool(new)
