"""What every command gets: where it writes and which dataset it means; and how arguments become rows."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from seedbed.core.errors import InputError, NotFoundError, RowError
from seedbed.frontends.cli.output import Output

if TYPE_CHECKING:
    from seedbed.dataset import Dataset
    from seedbed.dataset.project import Project

DB, JSON = "db", "as_json"
"""Names of the shared options."""


@dataclass(frozen=True, slots=True)
class Session:
    """One call of a command.

    Attributes:
        out: where it writes.
        db: what ``--db`` says, or ``None``.
    """

    out: Output
    db: str | None = None

    @classmethod
    def of(cls, shared: Mapping[str, Any]) -> Session:
        """The session that the shared options describe."""
        return cls(Output.for_streams(shared.get(JSON)), shared.get(DB))

    def open(self, mode: Literal["rw", "ro"] = "rw") -> Dataset:
        """The dataset of ``--db``, ``$SEEDBED_DB`` or the current project."""
        from seedbed.dataset import open as open_

        return open_(self.db, mode=mode)

    def project(self) -> Project:
        """The project that ``--db``, ``$SEEDBED_DB`` or the current folder names; the dataset need not exist."""
        from seedbed.dataset.project import find_project

        return find_project(self.db, environ=os.environ)


def read_text(argument: str, *, what: str) -> str:
    """The argument itself, standard input for ``-``, or a file's text for ``@path``.

    Raises:
        NotFoundError: no such file.
        InputError: it cannot be read, or is not UTF-8.
    """
    name = "-" if argument == "-" else argument[1:]
    try:
        if argument == "-":
            return sys.stdin.buffer.read().decode("utf-8-sig")
        return Path(name).read_text(encoding="utf-8-sig") if argument.startswith("@") else argument
    except FileNotFoundError as error:
        raise NotFoundError(f"no file {name!r}", place={"file": name}) from error
    except UnicodeDecodeError as error:
        raise InputError(f"{what} are not UTF-8 at byte {error.start}", place={"file": name}) from error
    except OSError as error:
        raise InputError(f"cannot read {what}: {error.strerror}", place={"file": name}) from error


def parse_rows(text: str, *, what: str = "entries") -> list[Any]:
    """Rows of a JSON object, a JSON array or JSON lines; at least one.

    A line that is not JSON, and an object with a key twice, comes back as a ``RowError`` in its place, so that the
    other rows go on.

    Raises:
        InputError: nothing in it, or it is not JSON at all.
    """
    fix = f"give {what} as a JSON object, an array, JSON lines, @FILE, or - for stdin"
    stripped = text.strip()
    value = _parse(stripped, 1) if stripped else []
    if not isinstance(value, RowError):
        rows = value if isinstance(value, list) else [value]
        if not rows:
            raise InputError(f"no {what} given", fix=fix, code=f"no_{what}")
        return rows
    # At line feeds alone: a text may hold other ends of line, which JSON does not escape.
    lines = [(i, line) for i, line in enumerate(text.split("\n"), 1) if line.strip()]
    rows = [_parse(line.strip(), i) for i, line in lines]
    if all(isinstance(row, RowError) for row in rows):
        value.fix = fix
        raise value
    return rows


def _parse(text: str, line: int) -> Any:
    """The value of JSON text, or why it has none; an element of a list may be an error of its own."""
    import json

    def refused(message: str, **place: int) -> RowError:
        return RowError(message, place={"line": line} | place, code="invalid_json")

    twice: list[RowError] = []

    def unique(pairs: list[tuple[str, Any]]) -> Any:
        found = dict(pairs)
        if len(found) < len(pairs):
            names = [name for name, _ in pairs]
            key = next(name for name in names if names.count(name) > 1)
            twice.append(refused(f"the key {key!r:.80} is there twice"))
            return twice[-1]
        return found

    try:
        value = json.loads(text, object_pairs_hook=unique)
    except json.JSONDecodeError as error:
        return refused(f"not JSON: {error.msg.lower()}", line=line + error.lineno - 1, column=error.colno)
    except RecursionError:
        return refused("not JSON that can be read: nested too deeply")
    except ValueError:  # of Python's limit on the digits of a number
        return refused("not JSON that can be read: a number has thousands of digits")
    if not twice:
        return value
    return [_error_in(row) or row for row in value] if isinstance(value, list) else _error_in(value)


def _error_in(value: Any) -> RowError | None:
    """The first error anywhere in a parsed value."""
    stack = [value]
    while stack:
        item = stack.pop()
        if isinstance(item, RowError):
            return item
        stack.extend(item.values() if isinstance(item, dict) else item if isinstance(item, list) else ())
    return None
