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
    """Rows of a JSON object, a JSON array or JSON lines.

    A line that is not JSON comes back as a ``RowError`` in its place, so that the other rows go on.

    Raises:
        InputError: nothing in it, or it is not JSON at all.
    """
    fix = f"give {what} as a JSON object, an array, JSON lines, @FILE, or - for stdin"
    stripped = text.strip()
    if not stripped:
        raise InputError(f"no {what} given", fix=fix, code=f"no_{what}")
    value = _parse(stripped, 1)
    if not isinstance(value, RowError):
        return value if isinstance(value, list) else [value]
    lines = [(i, line) for i, line in enumerate(text.splitlines(), 1) if line.strip()]
    rows = [_parse(line, i) for i, line in lines]
    if all(isinstance(row, RowError) for row in rows):
        value.fix = fix
        raise value
    return rows


def _parse(text: str, line: int) -> Any:
    import json

    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        place = {"line": line + error.lineno - 1, "column": error.colno}
        return RowError(f"not JSON: {error.msg.lower()}", place=place, code="invalid_json")
    except RecursionError:
        return RowError("not JSON that can be read: nested too deeply", place={"line": line}, code="invalid_json")
