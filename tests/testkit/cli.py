"""The command line in process: arguments and standard input in, exit status and what was written out."""

from __future__ import annotations

import io
import json
import sys
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from seedbed.core.errors import ExitCode
from seedbed.frontends.cli.app import run


class Stream(io.TextIOWrapper):
    """A text stream in memory that says whether it is a terminal."""

    def __init__(self, data: bytes = b"", *, tty: bool = False, encoding: str = "utf-8") -> None:
        super().__init__(io.BytesIO(data), encoding=encoding, newline="\n")
        self.tty = tty

    def isatty(self) -> bool:
        return self.tty

    def text(self) -> str:
        """What was written so far."""
        self.flush()
        return self.buffer.getvalue().decode(self.encoding)  # type: ignore[attr-defined]


@dataclass(frozen=True)
class Result:
    """What a command did."""

    status: ExitCode
    out: str
    err: str

    @property
    def json(self) -> Any:
        """Standard output as one JSON value."""
        return json.loads(self.out)

    @property
    def events(self) -> list[dict[str, Any]]:
        """Standard output as JSON lines."""
        return [json.loads(line) for line in self.out.splitlines()]

    @property
    def error(self) -> dict[str, Any]:
        """The last line of standard error as a JSON error."""
        return json.loads(self.err.splitlines()[-1])

    @property
    def lines(self) -> list[str]:
        """Standard output by lines."""
        return self.out.splitlines()


@contextmanager
def streams(stdin: bytes, out: Stream, err: Stream):
    """``sys``'s three streams replaced."""
    before = sys.stdin, sys.stdout, sys.stderr
    sys.stdin, sys.stdout, sys.stderr = Stream(stdin), out, err
    try:
        yield
    finally:
        sys.stdin, sys.stdout, sys.stderr = before


def seedbed(*arguments: object, stdin: str | bytes = "", tty: bool = False, encoding: str = "utf-8") -> Result:
    """Run a command as a pipe would see it, or with ``tty`` as a person at a terminal would."""
    data = stdin.encode() if isinstance(stdin, str) else stdin
    out, err = Stream(tty=tty, encoding=encoding), Stream(tty=tty)
    with streams(data, out, err):
        status = run([str(a) for a in arguments])
    return Result(status, out.text(), err.text())


def text(*arguments: object, **options: Any) -> Result:
    """Run a command as a person at a terminal would."""
    return seedbed(*arguments, tty=True, **options)
