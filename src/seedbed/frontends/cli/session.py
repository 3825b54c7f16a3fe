"""Open the dataset a command means."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from seedbed.core.errors import InputError, RowError

if TYPE_CHECKING:
    from seedbed.dataset import Dataset


def open_dataset(db: str | None, mode: Literal["rw", "ro"] = "rw") -> Dataset:
    """The dataset of ``--db``, ``$SEEDBED_DB`` or the current project."""
    from seedbed.dataset import open as open_

    return open_(db, mode=mode)


def read_text(argument: str, *, what: str) -> str:
    """The argument itself, standard input for ``-``, or a file's text for ``@path``.

    Raises:
        InputError: the file cannot be read.
    """
    if argument == "-":
        return sys.stdin.read()
    if argument.startswith("@"):
        try:
            return Path(argument[1:]).read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise InputError(f"cannot read {what}: {error}", place={"file": argument[1:]}) from error
    return argument


def parse_rows(text: str, *, what: str = "entries") -> list[Any]:
    """Rows of a JSON object, a JSON array or JSON lines.

    A line that is not JSON comes back as a ``RowError`` in its place, so that the other rows go on.

    Raises:
        InputError: nothing in it, or it is not JSON at all.
    """
    import json

    stripped = text.strip()
    if not stripped:
        raise InputError(f"no {what} given", fix="give a JSON object, an array, JSON lines, @file or - for stdin")
    try:
        value = json.loads(stripped)
    except json.JSONDecodeError as error:
        lines = [line for line in stripped.splitlines() if line.strip()]
        if len(lines) < 2:
            raise InputError(
                f"{what}: not JSON at character {error.pos}: {error.msg}", code="invalid_json", place={"row": 1}
            ) from error
        return [_line(i, line) for i, line in enumerate(lines, 1)]
    return value if isinstance(value, list) else [value]


def _line(number: int, line: str) -> Any:
    import json

    try:
        return json.loads(line)
    except json.JSONDecodeError as error:
        return RowError(f"not JSON: {error.msg}", place={"row": number}, code="invalid_json")
