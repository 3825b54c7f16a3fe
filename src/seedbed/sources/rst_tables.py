"""Tables of reStructuredText as a header and rows of cells."""

from __future__ import annotations

import csv
import re
from collections.abc import Sequence
from itertools import pairwise

_GRID = re.compile(r"^\+(?:[-=]+\+)+$")
_SIMPLE = re.compile(r"^=+(?: +=+)+$")
_UNDER = re.compile(r"^-+(?: +-+)*$")
_OUTER_ITEM = re.compile(r"^[*-]\s+[*-](?:\s+|$)")
_INNER_ITEM = re.compile(r"^\s+[*-](?:\s+|$)")

Table = tuple[int, list[str], list[list[str]]]
"""Index of the line after the table, cells of the header (empty without one), rows of cells."""


def is_table_border(line: str) -> str:
    """``grid`` or ``simple`` when a table starts with ``line``, else an empty string."""
    return "grid" if _GRID.match(line) else "simple" if _SIMPLE.match(line) else ""


def grid_table(lines: Sequence[str], at: int) -> Table:
    """The grid table that starts at line ``at``; cells are cut where the top border has its corners."""
    end = at
    while end < len(lines) and lines[end][:1] in ("+", "|") and lines[end]:
        end += 1
    corners = [i for i, c in enumerate(lines[at]) if c == "+"]
    header: list[str] = []
    rows: list[list[str]] = []
    cells = [""] * (len(corners) - 1)
    for line in lines[at + 1 : end]:
        if line.startswith(("+-", "+=")):
            if any(cells):
                rows.append(cells)
            if line.startswith("+=") and not header:
                header, rows = (rows[0] if rows else []), rows[1:]
            cells = [""] * (len(corners) - 1)
            continue
        for index, (left, right) in enumerate(pairwise(corners)):
            cells[index] = f"{cells[index]} {line[left + 1 : right].strip(' |')}".strip()
    if any(cells):
        rows.append(cells)
    return end, header, rows


def simple_table(lines: Sequence[str], at: int) -> Table:
    """The simple table that starts at line ``at``; a row with an empty first cell goes on with the one above."""
    spans = [(m.start(), m.end()) for m in re.finditer("=+", lines[at])]
    borders = [at]
    end = at + 1
    while end < len(lines) and len(borders) < 3:
        if _SIMPLE.match(lines[end]):
            borders.append(end)
            if not "".join(lines[end + 1 : end + 2]):
                end += 1
                break
        end += 1
    header_end = borders[1] if len(borders) > 2 else at
    last = borders[-1] if len(borders) > 1 else end
    head = _simple_rows(lines[at + 1 : header_end], spans)
    header = [" ".join(column).strip() for column in zip(*head, strict=True)] if head else []
    return end, header, _simple_rows(lines[max(header_end, at) + 1 : last], spans)


def _simple_rows(lines: Sequence[str], spans: Sequence[tuple[int, int]]) -> list[list[str]]:
    rows: list[list[str]] = []
    for line in lines:
        if not line or _UNDER.match(line):
            continue
        edges = [*(start for start, _ in spans), len(line) + 1]
        cells = [line[a:b].strip() for a, b in pairwise(edges)]
        if rows and not cells[0]:
            rows[-1] = [f"{above} {cell}".strip() for above, cell in zip(rows[-1], cells, strict=True)]
        else:
            rows.append(cells)
    return rows


def list_cells(lines: Sequence[str]) -> list[list[str]]:
    """Rows of a ``list-table`` directive's body."""
    rows: list[list[str]] = []
    for line in lines:
        outer, inner = _OUTER_ITEM.match(line), _INNER_ITEM.match(line)
        if outer:
            rows.append([line[outer.end() :]])
        elif inner and rows:
            rows[-1].append(line[inner.end() :])
        elif rows and line:
            rows[-1][-1] = f"{rows[-1][-1]} {line.strip()}".strip()
    return rows


def csv_cells(lines: Sequence[str]) -> list[list[str]]:
    """Rows of a ``csv-table`` directive's body."""
    return [[cell.strip() for cell in row] for row in csv.reader(lines, skipinitialspace=True) if row]
