"""Content as text on the screen: never markup, control characters visible, long fields cut."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from rich.cells import chop_cells
from rich.console import Group
from rich.table import Table
from rich.text import Text

from seedbed.frontends.cli.output import fit, one_line, safe
from seedbed.review.worddiff import Side, word_diff

if TYPE_CHECKING:
    from seedbed.core.records import Neighbour

MOST = 4_000
"""Characters of a field that are shown beside others."""

BEGINNING = 400
"""Characters of the first field that a row of a list keeps."""

ONLY = {"left": "bold green", "right": "bold red"}
"""Style of words that only the one side has."""

_ESCAPED = re.compile(r"\\(\\|x[0-9a-f]{2}|u[0-9a-f]{4})")


def value_text(value: Any) -> str:
    """A field's value as text: text as it is, nothing as nothing, the rest as JSON."""
    if value is None or isinstance(value, str):
        return value or ""
    try:
        return json.dumps(value, ensure_ascii=False, default=str)
    except (RecursionError, ValueError):
        return "(nested too deeply to be shown)"


def first_text(content: Mapping[str, Any]) -> str:
    """The beginning of the first field."""
    return value_text(next(iter(content.values()), ""))[:BEGINNING]


def row_text(value: Any, width: int) -> str:
    """The beginning of a value on one line of ``width`` columns."""
    return one_line(value_text(value)[: 4 * width + 40], width)


def cell(value: Any, width: int) -> str:
    """``row_text`` padded with blanks to ``width`` columns."""
    text = row_text(value, width)
    return text + " " * max(0, width - Text(text).cell_len)


def shown(value: Any) -> str:
    """What is shown of a value beside others; ``cut_note`` tells about the rest."""
    return safe(value_text(value)[:MOST])


def cut_note(value: Any) -> str:
    """That there is more of a value than is shown, and how much; empty when it is all there."""
    n = len(value_text(value))
    return f"\n… {n:,} characters; x shows all" if n > MOST else ""


def side_by_side(content: Mapping[str, Any], neighbour: Neighbour | None) -> Table:
    """Fields of an entry, and of a neighbour beside them with the words that differ marked."""
    table = Table.grid(padding=(0, 2, 0, 0), expand=True)
    table.add_column(ratio=1)
    if neighbour is None:
        for name, value in content.items():
            table.add_row(Text(row_text(name, 60), "bold underline"))
            table.add_row(_with_note(Text(shown(value)), value))
        return table
    table.add_column(ratio=1)
    other = neighbour.content
    for name in [*content, *(n for n in other if n not in content)]:
        label = Text(row_text(name, 60), "bold underline")
        table.add_row(label, label)
        left, right = compared(shown(content.get(name)), shown(other.get(name)))
        table.add_row(_with_note(left, content.get(name)), _with_note(right, other.get(name)))
    return table


def compared(left: str, right: str) -> tuple[Text, Text]:
    """Both texts with the words marked that only the one has."""
    sides: dict[Side, Text] = {"left": Text(), "right": Text()}
    for piece in word_diff(left, right):
        for side, text in sides.items():
            if piece.side in (side, "both"):
                text.append(piece.text, ONLY[side] if piece.side == side else None)
    return sides["left"], sides["right"]


def _with_note(text: Text, value: Any) -> Text:
    return text.append(cut_note(value), "italic yellow")


def stacked(*parts: Table | Text | None) -> Group:
    """What is shown one below the other; ``None`` and empty texts are left out."""
    return Group(*(part for part in parts if part))


class FullLines(Sequence[Text]):
    """All of a content in lines of at most ``width`` columns; a million of them are still only strings."""

    def __init__(self, content: Mapping[str, Any], width: int) -> None:
        self._lines: list[str] = []
        self._heads: set[int] = set()
        for name, value in content.items():
            self._heads.add(len(self._lines))
            self._lines.append(row_text(name, width))
            for line in safe(value_text(value)).expandtabs(4).split("\n"):
                self._lines += _chopped(line, max(width, 2))
            self._lines.append("")

    def __len__(self) -> int:
        return len(self._lines)

    def __getitem__(self, index: Any) -> Any:
        return Text(self._lines[index], "bold underline" if index in self._heads else "")


def _chopped(line: str, width: int) -> list[str]:
    """The line in pieces of at most ``width`` columns, broken at blanks where there are any."""
    out, start, simple = [], 0, line.isascii()
    while start < len(line):
        piece = line[start : start + width]
        piece = piece if simple else chop_cells(piece, width)[0]
        end = start + len(piece)
        blank = line.rfind(" ", start, end + 1) if end < len(line) else -1
        if line[start : max(blank, start)].strip():  # an indentation is no place to break at
            out.append(line[start:blank])
            start = blank + 1
        else:
            out.append(piece)
            start = end
    return out or [""]


def pair_lines(pairs: Mapping[str, Any], width: int = 200) -> Text:
    """``name: value`` lines, empty values left out."""
    text = Text()
    for name, value in pairs.items():
        if value not in (None, "", (), [], {}):
            text.append(f"{name}: ", "bold").append(fit(row_text(value, width), width) + "\n")
    return text


def editable(text: str) -> tuple[str, bool]:
    """``text`` as it can be edited on a screen, and whether it had to be escaped for that; ``edited`` undoes it."""
    if safe(text) == text:
        return text, False
    return safe(text.replace("\\", "\\\\").replace("\r", "\\x0d")), True


def edited(text: str) -> str:
    """The text that an escaped one stands for."""
    return _ESCAPED.sub(lambda m: "\\" if m[1] == "\\" else chr(int(m[1][1:], 16)), text)
