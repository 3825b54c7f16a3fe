"""Two texts word by word: what is the same, what only the one has, what only the other has.

Method: Myers, "An O(ND) difference algorithm and its variations" (1986), on words instead of lines, with a limit on
work: hostile or wholly different texts come back as one replaced piece, at once.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

Side = Literal["both", "left", "right"]

MOST_WORDS = 4_000
"""Words beyond the common beginning and end that are compared one by one."""

MOST_EDITS = 400
"""Differences after which the rest counts as different."""

_WORDS = re.compile(r"\s+|\w+|[^\w\s]")


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of text: in both, or only on the ``left`` or ``right``."""

    text: str
    side: Side


def word_diff(left: str, right: str) -> list[Piece]:
    """Pieces in reading order: those of ``both`` and ``left`` joined are ``left``, of ``both`` and ``right`` ``right``.

    Where words were replaced, the left ones come first.
    """
    a, b = _WORDS.findall(left), _WORDS.findall(right)
    start = _common(a, b)
    end = _common(a[start:][::-1], b[start:][::-1])
    middle_a, middle_b = a[start : len(a) - end], b[start : len(b) - end]
    pieces = [
        Piece("".join(a[:start]), "both"),
        *_middle(middle_a, middle_b),
        Piece("".join(a[len(a) - end :]), "both"),
    ]
    return _joined(pieces)


def content_diff(left: dict[str, Any], right: dict[str, Any]) -> dict[str, list[Piece]]:
    """``word_diff`` of every field, by name in the order of ``left``; values that are no text are compared as JSON."""
    names = [*left, *(name for name in right if name not in left)]
    return {name: word_diff(_text(left.get(name)), _text(right.get(name))) for name in names}


def _text(value: Any) -> str:
    if isinstance(value, str) or value is None:
        return value or ""
    import json

    return json.dumps(value, ensure_ascii=False, default=str)


def _common(a: Sequence[str], b: Sequence[str]) -> int:
    n = 0
    for one, other in zip(a, b, strict=False):
        if one != other:
            break
        n += 1
    return n


def _middle(a: Sequence[str], b: Sequence[str]) -> list[Piece]:
    """The part between the common beginning and end."""
    trace = _trace(a, b) if len(a) <= MOST_WORDS and len(b) <= MOST_WORDS else None
    if trace is None:
        return [Piece("".join(a), "left"), Piece("".join(b), "right")]
    pieces: list[Piece] = []
    x, y = len(a), len(b)
    for edits in range(len(trace) - 1, 0, -1):
        reached, k = trace[edits - 1], x - y
        down = k == -edits or (k != edits and reached.get(k - 1, -1) < reached.get(k + 1, -1))
        before_k = k + 1 if down else k - 1
        before_x = reached[before_k]
        before_y = before_x - before_k
        while x > before_x and y > before_y and x > 0 and y > 0 and a[x - 1] == b[y - 1]:
            x, y = x - 1, y - 1
            pieces.append(Piece(a[x], "both"))
        pieces.append(Piece(b[before_y], "right") if down else Piece(a[before_x], "left"))
        x, y = before_x, before_y
    pieces.extend(Piece(word, "both") for word in reversed(a[:x]))
    return pieces[::-1]


def _trace(a: Sequence[str], b: Sequence[str]) -> list[dict[int, int]] | None:
    """For every number of edits the furthest word reached on each diagonal; ``None`` when there are too many."""
    reached = {1: 0}
    trace: list[dict[int, int]] = []
    for edits in range(min(MOST_EDITS, len(a) + len(b)) + 1):
        now: dict[int, int] = {}
        for k in range(-edits, edits + 1, 2):
            down = k == -edits or (k != edits and reached.get(k - 1, -1) < reached.get(k + 1, -1))
            x = reached[k + 1] if down else reached[k - 1] + 1
            y = x - k
            while x < len(a) and y < len(b) and a[x] == b[y]:
                x, y = x + 1, y + 1
            now[k] = x
            if x >= len(a) and y >= len(b):
                return [*trace, now]
        trace.append(now)
        reached = now
    return None


def _joined(pieces: Sequence[Piece]) -> list[Piece]:
    """Neighbouring pieces of one side as one; within a change what the left had comes first."""
    out: list[Piece] = []
    changed: dict[Side, list[str]] = {"left": [], "right": []}

    def close() -> None:
        for side in ("left", "right"):
            if text := "".join(changed[side]):
                out.append(Piece(text, side))
            changed[side] = []

    kept: list[str] = []
    for piece in pieces:
        if piece.side != "both":
            if kept:
                out.append(Piece("".join(kept), "both"))
                kept = []
            changed[piece.side].append(piece.text)
        elif piece.text:
            close()
            kept.append(piece.text)
    close()
    if kept:
        out.append(Piece("".join(kept), "both"))
    return out
