"""JSON schemas as llama.cpp's grammar converter takes them: what it would print warnings or fail about is left out.

The converter reads patterns as literal JSON text between the quotes, knows no character shorthands, and a grammar
with more than 2,000 repetitions of one element does not load. Leaving a limit out asks for less; the door checks it.
"""

from __future__ import annotations

import re
from typing import Any, Final

from seedbed.providers.schemas import Schema, plain

MOST_REPEATS: Final = 2000
_INSIDE = {"d": "0-9", "w": "A-Za-z0-9_", "s": " "}
_NOT = '[^"\\\\\\n'  # a raw quote, backslash or line break would not be JSON
_ANY = f"{_NOT}]"
_REPEAT = re.compile(r"\{(\d*),?(\d*)\}")
_MAPS = ("properties", "$defs", "definitions")


def grammar_form(schema: Schema) -> Schema:
    """A copy of ``schema`` that llama.cpp turns into a grammar without complaint."""
    return {key: _fitted(key, value) for key, value in _strings(plain(schema)).items()}


def _fitted(key: str, value: Any) -> Any:
    if key in _MAPS and isinstance(value, dict):
        return {name: grammar_form(part) if isinstance(part, dict) else part for name, part in value.items()}
    if key in ("enum", "const", "required"):
        return value
    if isinstance(value, dict):
        return grammar_form(value)
    if isinstance(value, list):
        return [grammar_form(part) if isinstance(part, dict) else part for part in value]
    return value


def _strings(schema: Schema) -> Schema:
    """``schema`` with its own pattern and lengths made fit."""
    out = dict(schema)
    if isinstance(out.get("pattern"), str):
        pattern = gbnf_pattern(out["pattern"])
        if pattern is None:
            del out["pattern"]
        else:
            out["pattern"] = pattern
    for key in ("minLength", "maxLength", "minItems", "maxItems"):
        if isinstance(out.get(key), int) and out[key] > MOST_REPEATS:
            del out[key]
    return out


def gbnf_pattern(pattern: str) -> str | None:
    r"""``pattern`` in the converter's dialect, or ``None`` where that cannot be.

    ``\d``, ``\w``, ``\s`` become classes, ``.`` and ``[^…]`` spare what JSON would escape, ``(?:`` becomes ``(``. Not
    to be had: patterns without both anchors, other shorthands, look-around, back references, very long repeats.
    """
    if not (pattern.startswith("^") and pattern.endswith("$")) or pattern.endswith("\\$"):
        return None
    body = pattern[1:-1].replace("(?:", "(")
    if "(?" in body or any(int(n or 0) > MOST_REPEATS for pair in _REPEAT.findall(body) for n in pair):
        return None
    out: list[str] = []
    in_class = False
    at = 0
    while at < len(body):
        char = body[at]
        if char == "\\":
            at += 1
            piece = _escape(body[at : at + 1], in_class)
            if piece is None:
                return None
            out.append(piece)
        else:
            if char == "[" and not in_class:
                in_class = True
                if body[at + 1 : at + 2] == "^":
                    at, char = at + 1, _NOT
            elif char == "]" and in_class:
                in_class = False
            elif char in "^$" and not in_class:
                return None
            out.append(_ANY if char == "." and not in_class else char)
        at += 1
    return f"^{''.join(out)}$"


def _escape(char: str, in_class: bool) -> str | None:
    """What a backslash and ``char`` become; ``None`` for what has no counterpart."""
    if char in _INSIDE:
        return _INSIDE[char] if in_class else f"[{_INSIDE[char]}]"
    if not char or (char.isalnum() and char not in "ntr"):
        return None
    return "/" if char == "/" else f"\\{char}"
