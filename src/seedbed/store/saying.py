"""What may be said of a topic, in whatever way it comes in: a tree, a command, a tool, a script."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from seedbed.core.errors import TopicError, UnknownNameError
from seedbed.kinds.values import json_flaw, json_name

Rule = tuple[str, Callable[[Any], bool]]
"""What a value is, and whether one is that."""

ATTRIBUTES: dict[str, Rule] = {
    "description": ("a text", lambda v: isinstance(v, str)),
    "target": ("a whole number of entries, 0 or more", lambda v: type(v) is int and 0 <= v < 2**53),
    "weight": ("a number, 0 or more", lambda v: type(v) in (int, float) and 0 <= v < math.inf),
    "meta": ("an object", lambda v: isinstance(v, Mapping)),
}
"""A topic's own attributes."""

EMPTY: dict[str, Any] = {"description": "", "target": None, "weight": 1.0}
"""Attributes that ``None`` sets back, and to what."""

ON_DUPLICATE = ("reject", "warn", "review")

META: dict[str, Rule] = {
    "aspects": ("a list of texts", lambda v: _is_list(v) and all(isinstance(a, str) for a in v)),
    "fields": ("a mapping of field names to rules", lambda v: isinstance(v, Mapping)),
    "on_duplicate": ("one of " + ", ".join(ON_DUPLICATE), lambda v: isinstance(v, str) and v in ON_DUPLICATE),
}
"""Keys of ``meta`` that mean something here; anything else is the user's own."""


def checked(path: str, name: str, value: Any, shown: str | None = None) -> Any:
    """The value of one of ``ATTRIBUTES`` as it is kept; ``None`` empties it.

    Args:
        path: the topic.
        name: of the attribute.
        value: as given.
        shown: what messages call the attribute; default its name.

    Raises:
        UnknownNameError: there is no such attribute.
        TopicError: the value is none of its kind.
    """
    if name not in ATTRIBUTES:
        raise UnknownNameError("attribute", name, ATTRIBUTES, place={"topic": path})
    if value is None:
        return EMPTY.get(name)
    what, fits = ATTRIBUTES[name]
    if not fits(value):
        raise wrong_attribute(path, shown or name, what, value)
    return value.strip() if isinstance(value, str) else value


def check_meta(path: str, meta: Mapping[str, Any], prefix: str = "") -> None:
    """Raise ``TopicError`` when a key of ``META`` holds something else, or the whole cannot be kept as JSON."""
    for name, (what, fits) in META.items():
        if meta.get(name) is not None and not fits(meta[name]):
            raise wrong_attribute(path, f"{prefix}{name}", what, meta[name])
    flaw = json_flaw(dict(meta))
    if flaw is not None:
        raise TopicError(f"meta of topic {path!r} {flaw[1]}", place={"topic": path}, fix="put it in quotes")


def wrong_attribute(path: str, shown: str, what: str, value: Any) -> TopicError:
    """The error of a value that is not ``what`` it should be."""
    said = f"{shown} of topic {path!r} is {what}, not {json_name(value)}: {value!r:.80}"
    return TopicError(said, place={"topic": path, "field": shown})


def _is_list(value: Any) -> bool:
    return isinstance(value, Sequence) and not isinstance(value, str)
