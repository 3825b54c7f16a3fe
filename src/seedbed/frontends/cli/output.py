"""Everything that reaches the screen: data on stdout, messages on stderr, hostile text made harmless."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import IO, Any

from seedbed.core.errors import SeedbedError

_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")


def safe(text: object) -> str:
    """``text`` with control characters, escapes, lone surrogates and direction marks shown as hexadecimal."""
    plain = str(text).replace("\r\n", "\n")
    return _CONTROL.sub(
        lambda m: f"\\x{ord(m.group()):02x}" if ord(m.group()) < 256 else f"\\u{ord(m.group()):04x}", plain
    )


def one_line(text: object, most: int = 100) -> str:
    """``safe(text)`` on one line, cut to ``most`` characters."""
    flat = " ".join(safe(text).split())
    return flat if len(flat) <= most else flat[: most - 1] + "…"


@dataclass(slots=True)
class Output:
    """Where a command writes.

    Attributes:
        as_json: JSON instead of text.
        stdout, stderr: the streams.
    """

    as_json: bool
    stdout: IO[str]
    stderr: IO[str]

    @classmethod
    def for_streams(cls, arguments: Sequence[str] = (), as_json: bool | None = None) -> Output:
        """JSON when asked for, or when stdout is not a terminal."""
        if as_json is None:
            as_json = "--json" in arguments or ("--text" not in arguments and not sys.stdout.isatty())
        return cls(as_json, sys.stdout, sys.stderr)

    def data(self, value: Any, text: Callable[[], Iterable[str]]) -> None:
        """``value`` as JSON, or the lines of ``text``."""
        if self.as_json:
            self.json(value)
        else:
            for line in text():
                self.stdout.write(line + "\n")

    def json(self, value: Any) -> None:
        """One line of JSON; lone surrogates as escapes."""
        line = json.dumps(value, ensure_ascii=False, default=str)
        if not line.isascii() and not _writable(line, self.stdout):
            line = json.dumps(value, default=str)
        self.stdout.write(line + "\n")

    def note(self, text: str) -> None:
        """A message for people, on stderr."""
        self.stderr.write(safe(text) + "\n")

    def error(self, error: SeedbedError) -> None:
        """One JSON object, or one readable line with place and fix."""
        if self.as_json:
            self.stderr.write(json.dumps(error.to_dict(), default=str) + "\n")
            return
        place = ", ".join(f"{k} {v}" for k, v in error.place.items() if k != "command")
        where = f" ({place})" if place else ""
        fix = f" — {error.fix}" if error.fix else ""
        self.stderr.write(safe(f"error[{error.stable_code}]: {error.message}{where}{fix}") + "\n")


def _writable(text: str, stream: IO[str]) -> bool:
    try:
        text.encode(stream.encoding or "utf-8")
    except (UnicodeEncodeError, LookupError):
        return False
    return True


def table(rows: Sequence[Sequence[object]], header: Sequence[str]) -> list[str]:
    """Lines of a table: columns padded to their widest cell, numbers to the right."""
    cells = [[one_line(c, 80) for c in row] for row in rows]
    widths = [max(len(header[i]), *(len(r[i]) for r in cells)) if cells else len(header[i]) for i in range(len(header))]
    numeric = [all(not isinstance(r[i], str) for r in rows) and bool(rows) for i in range(len(header))]

    def line(row: Sequence[str]) -> str:
        return "  ".join(c.rjust(w) if n else c.ljust(w) for c, w, n in zip(row, widths, numeric, strict=True)).rstrip()

    return [line(header), *map(line, cells)]


def bar(part: int, whole: int, width: int = 20) -> str:
    """A bar of ``width`` characters, filled in proportion."""
    filled = min(width, round(width * part / whole)) if whole > 0 else 0
    return "█" * filled + "·" * (width - filled)


def content_lines(content: dict[str, Any], indent: str = "  ") -> list[str]:
    """A content object as readable lines, one field after another."""
    lines: list[str] = []
    for name, value in content.items():
        text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
        first, *rest = safe(text).split("\n") or [""]
        lines.append(f"{indent}{safe(name)}: {first}")
        lines.extend(f"{indent}  {r}" for r in rest)
    return lines


def verdict_line(verdict: dict[str, Any], indent: str = "    ") -> str:
    """One verdict on one line."""
    mark = {"pass": "✓", "fail": "✗", "unscored": "–"}[verdict["outcome"]]
    score = f" {verdict['score']:g}" if "score" in verdict else ""
    limit = f" (threshold {verdict['threshold']:g})" if "threshold" in verdict else ""
    reason = f": {one_line(verdict['reason'], 160)}" if verdict.get("reason") else ""
    return f"{indent}{mark} {verdict['check']}{score}{limit}{reason}"
