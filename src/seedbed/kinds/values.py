"""What can be wrong with a single value, in words that are safe to print."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from seedbed.core.errors import near_names
from seedbed.core.records import Scalar

MAX_DEPTH = 64
"""Deepest nesting of lists and objects inside a field."""

MAX_BITS = 1024
"""Largest integer, in bits: what a double holds at most, and far below what Python refuses to print."""

Flaw = tuple[str, str]
"""``(code, predicate)``: what is wrong with a value; the predicate follows the field's name in a sentence."""

FORBIDDEN: Flaw = ("forbidden", "does not belong in this topic")

HALF_CHARACTER: Flaw = ("unstorable_text", "holds half of a character (a lone surrogate)")

_NAMES = {str: "a string", bool: "a boolean", int: "an integer", float: "a number", list: "a list", dict: "an object"}
TYPES = {
    "string": "a string",
    "integer": "an integer",
    "number": "a number",
    "boolean": "a boolean",
    "list": "a list",
    "object": "an object",
}


def storable(text: str) -> bool:
    """Whether ``text`` can be written as UTF-8: it holds no lone surrogate."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def json_flaw(value: Any) -> Flaw | None:
    """What keeps ``value`` from being JSON; walks without recursion, so that nesting cannot exhaust the stack."""
    stack: list[tuple[Any, int]] = [(value, 1)]
    while stack:
        item, depth = stack.pop()
        if not isinstance(item, list | tuple | dict):
            if flaw := _leaf_flaw(item):
                return flaw
            continue
        if depth > MAX_DEPTH:
            return "too_deep", f"is nested deeper than {MAX_DEPTH} levels"
        if isinstance(item, dict):
            if not all(isinstance(k, str) and storable(k) for k in item):
                return "not_json", "has a key that is not a proper string"
            item = item.values()
        stack.extend((v, depth + 1) for v in item)
    return None


def _leaf_flaw(item: Any) -> Flaw | None:
    if isinstance(item, str):
        return None if item.isascii() or storable(item) else HALF_CHARACTER
    if isinstance(item, float):
        return None if math.isfinite(item) else ("not_json", f"holds {item}, which JSON cannot hold")
    if isinstance(item, int):
        huge = item.bit_length() > MAX_BITS
        return ("not_json", "holds a number too large for JSON readers") if huge else None
    return None if item is None else ("not_json", f"holds a {type(item).__name__}, which JSON cannot hold")


def json_name(value: Any) -> str:
    """What JSON calls a value of this type, with its article: ``a list``, ``null``."""
    return "null" if value is None else _NAMES.get(type(value), f"a {type(value).__name__}")


def wrong_type(value: Any, expected: str) -> Flaw:
    """The flaw of a value of another JSON type than ``expected``."""
    return "wrong_type", f"is {json_name(value)}, not {TYPES[expected]}"


def not_allowed(value: Any, allowed: tuple[Scalar, ...]) -> Flaw:
    """The flaw of a value outside ``allowed``, with the nearest allowed one."""
    near = near_names(value[:60], [v for v in allowed if isinstance(v, str)], most=1) if isinstance(value, str) else []
    hint = f" (did you mean {near[0]!r}?)" if near else ""
    return "not_allowed", f"is {shown(value)}, not one of {listed(allowed)}{hint}"


def listed(values: Sequence[Scalar], most: int = 8) -> str:
    """The first ``most`` values, joined by commas."""
    text = ", ".join(shown(v) if isinstance(v, str) else str(v) for v in values[:most])
    return text + (f" and {len(values) - most} more" if len(values) > most else "")


def shown(value: Any, most: int = 60) -> str:
    """``value`` cut to ``most`` characters, with control characters escaped."""
    if isinstance(value, str):
        return repr(value if len(value) <= most else value[: most - 1] + "…")
    return repr(value)[:most]


def cut(value: Any, most: int, depth: int = 0) -> Any:
    """``value``, any JSON, with its texts cut to ``most`` characters; where one was, its length is said."""
    if isinstance(value, str) and len(value) > most:
        return f"{value[:most]}… ({len(value)} characters)"
    if isinstance(value, list) and depth < MAX_DEPTH:
        return [cut(each, most, depth + 1) for each in value]
    if isinstance(value, dict) and depth < MAX_DEPTH:
        return {name: cut(each, most, depth + 1) for name, each in value.items()}
    return value
