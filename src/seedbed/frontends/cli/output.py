"""Everything that reaches the screen: data on stdout, messages on stderr, hostile text made harmless."""

from __future__ import annotations

import json
import os
import re
import sys
import unicodedata
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import IO, Any

from seedbed.core.errors import SeedbedError

_DIRECTION = "\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069"
_CONTROL = re.compile(f"[\x00-\x08\x0b-\x1f\x7f-\x9f{_DIRECTION}\ud800-\udfff]")
_JSON_CONTROL = re.compile(f"[\x7f-\x9f{_DIRECTION}]")  # JSON itself escapes what is below a blank

NARROWEST = 60
"""Columns that lines are made for where the terminal is narrower."""


def safe(text: object) -> str:
    """``text`` with control characters, escapes, lone surrogates and direction marks shown as hexadecimal."""
    plain = str(text).replace("\r\n", "\n")
    return _CONTROL.sub(
        lambda m: f"\\x{ord(m.group()):02x}" if ord(m.group()) < 256 else f"\\u{ord(m.group()):04x}", plain
    )


def one_line(text: object, most: int = 100) -> str:
    """``safe(text)`` on one line, cut to ``most`` columns."""
    return fit(" ".join(safe(text).split()), most)


def fit(text: str, most: int) -> str:
    """``text`` cut to ``most`` columns of a terminal; wide characters count twice, combining ones nothing."""
    if text.isascii():
        return text if len(text) <= most else text[: most - 1] + "…"
    used = 0
    for i, character in enumerate(text):
        used += columns(character)
        if used > most:
            kept = text[:i]
            while columns(kept) > most - 1:
                kept = kept[:-1]
            return kept + "…"
    return text


def columns(text: str) -> int:
    """Columns that ``text`` takes on a terminal."""
    if text.isascii():
        return len(text)
    return sum(0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)


def terminal_columns(stream: IO[str] | None = None) -> int:
    """Columns of the terminal that ``stream`` (default stdout) is; ``$COLUMNS`` goes before it, 120 where none is."""
    try:
        found = int(os.environ.get("COLUMNS", 0)) or os.get_terminal_size((stream or sys.stdout).fileno()).columns
    except (OSError, ValueError):
        found = 120
    return max(NARROWEST, found)


@dataclass(slots=True)
class Output:
    """Where a command writes.

    Attributes:
        as_json: JSON instead of text on stdout.
        errors_as_json: the same for errors on stderr.
        stdout, stderr: the streams.
    """

    as_json: bool
    errors_as_json: bool
    stdout: IO[str]
    stderr: IO[str]

    @classmethod
    def for_streams(cls, asked: bool | None = None) -> Output:
        """JSON when asked for, or when stdout is no terminal; errors stay text for people who see stderr."""
        if asked is not None:
            return cls(asked, asked, sys.stdout, sys.stderr)
        piped = not sys.stdout.isatty()
        return cls(piped, piped and not sys.stderr.isatty(), sys.stdout, sys.stderr)

    def data(self, value: Any, text: Callable[[], Iterable[str]]) -> None:
        """``value`` as JSON, or the lines of ``text``."""
        if self.as_json:
            self.json(value)
        else:
            self.lines(text())

    def lines(self, lines: Iterable[str]) -> None:
        """Lines of text on stdout; characters that its encoding lacks as escapes."""
        for line in lines:
            self.stdout.write(_encodable(line, self.stdout) + "\n")

    def json(self, value: Any) -> None:
        """One line of JSON, safe to show on a terminal; lone surrogates as escapes."""
        self.stdout.write(json_line(value, self.stdout) + "\n")

    def note(self, text: str) -> None:
        """A message for people, on stderr."""
        self.stderr.write(safe(text) + "\n")

    def error(self, error: SeedbedError) -> None:
        """One JSON object, or one readable line with place and fix."""
        if self.errors_as_json:
            self.stderr.write(json.dumps(error.to_dict(), default=str) + "\n")
        else:
            self.stderr.write(error_line(error) + "\n")


def error_line(error: SeedbedError) -> str:
    """``error[code]: message (place) — fix``, on one line."""
    said = {k for k, v in error.place.items() if isinstance(v, str) and v in error.message}
    place = ", ".join(f"{k} {v}" for k, v in error.place.items() if k not in said and k != "command")
    where = f" ({place})" if place else ""
    fix = f" — {error.fix}" if error.fix else ""
    return " ".join(safe(f"error[{error.stable_code}]: {error.message}{where}{fix}").split("\n"))


def json_line(value: Any, stream: IO[str]) -> str:
    """``value`` as one line of JSON that ``stream`` can encode and that no terminal acts upon."""
    line = json.dumps(value, ensure_ascii=False, default=str)
    if line.isascii():
        return line.replace("\x7f", "\\u007f")
    if _encodable(line, stream) != line:
        return json.dumps(value, default=str)
    return _JSON_CONTROL.sub(lambda m: f"\\u{ord(m.group()):04x}", line)


def _encodable(text: str, stream: IO[str]) -> str:
    if text.isascii():
        return text
    encoding = getattr(stream, "encoding", None) or "utf-8"
    return text.encode(encoding, "backslashreplace").decode(encoding)


def table(rows: Sequence[Sequence[object]], header: Sequence[str], *, indent: int = 0) -> list[str]:
    """Lines of a table: columns padded to their widest cell, numbers to the right, the last cut to the terminal."""
    cells = [[one_line(c, 80) for c in row[:-1]] + [one_line(row[-1], 1_000)] for row in rows]
    widths = [max(map(columns, (header[i], *(r[i] for r in cells)))) for i in range(len(header))]
    numeric = [all(not isinstance(r[i], str) for r in rows) and bool(rows) for i in range(len(header))]
    left = sum(widths[:-1]) + 2 * (len(header) - 1) + indent
    widths[-1] = min(widths[-1], max(20, terminal_columns() - left))

    def line(row: Sequence[str]) -> str:
        padded = []
        for text, width, number in zip((*row[:-1], fit(row[-1], widths[-1])), widths, numeric, strict=True):
            blanks = " " * (width - columns(text))
            padded.append(blanks + text if number else text + blanks)
        return " " * indent + "  ".join(padded).rstrip()

    return [line(header), *map(line, cells)]


def bar(part: int, whole: int, width: int = 20) -> str:
    """A bar of ``width`` characters, filled in proportion."""
    filled = min(width, round(width * part / whole)) if whole > 0 else 0
    return "█" * filled + "·" * (width - filled)


def counted(n: int, one: str, many: str | None = None) -> str:
    """``1 entry``, ``2 entries``."""
    return f"{n} {one if n == 1 else many or one + 's'}"


def counted_rows(table: str, n: int) -> str:
    """Rows of a table of the file as people call them: ``2 decisions``, ``1 setting``."""
    return counted(n, *{"entry": ("entry", "entries"), "meta": ("setting",)}.get(table, (table,)))


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
