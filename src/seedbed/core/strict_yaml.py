"""YAML as every file is read here: a key stands once in its place, and nothing is nested or repeated without end.

YAML itself keeps the last of two equal keys, so half of a file is lost without a word; and its aliases let a few lines
stand for billions of values.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

MAX_NESTING = 80
"""Mappings and lists in each other; the C loader's own stack overflows at some thousands."""

MAX_REPEATED = 100_000
"""Values that all aliases of a text stand for together."""


class YamlError(ValueError):
    """A text is no YAML, or none that is read.

    Attributes:
        row: line, from 1, where it can be told.
        key: the key that stands twice, if that is what is wrong.
    """

    def __init__(self, message: str, row: int | None = None, key: str | None = None) -> None:
        super().__init__(message)
        self.row, self.key = row, key


def load_yaml(text: str) -> Any:
    """What the text says; ``None`` when it is empty.

    Raises:
        YamlError: it is no YAML, a key stands twice, or it is nested too deeply or repeats too much.
    """
    import yaml  # deferred: many commands read no YAML

    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        _check(yaml.parse(text, Loader=loader))
        return yaml.load(text, Loader=loader)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        message = (str(getattr(error, "problem", None) or error).splitlines() or ["no YAML"])[0]
        raise YamlError(message[:200], mark.line + 1 if mark else None) from error
    except YamlError:
        raise
    except ValueError as error:  # e.g. a date that does not exist
        raise YamlError(str(error)[:200]) from error


def _check(events: Iterable[Any]) -> None:
    """Raise ``YamlError`` for what ``yaml.load`` would take, but no reader should."""
    open_: list[_Open] = []
    sizes: dict[str, int | None] = {}
    repeated = 0
    for event in events:
        kind = type(event).__name__
        if kind in ("MappingEndEvent", "SequenceEndEvent"):
            done = open_.pop()
            sizes |= {done.anchor: done.size} if done.anchor else {}
            size = done.size
        elif kind in ("MappingStartEvent", "SequenceStartEvent", "ScalarEvent", "AliasEvent"):
            row = event.start_mark.line + 1
            if open_ and not open_[-1].takes(event.value if kind == "ScalarEvent" else None):
                raise YamlError(f"{event.value!r} stands twice in one place", row, event.value)
            if kind.endswith("StartEvent"):
                open_.append(_Open(kind == "MappingStartEvent", event.anchor))
                sizes |= {event.anchor: None} if event.anchor else {}
                if len(open_) > MAX_NESTING:
                    raise YamlError("nested too deeply", row)
                continue
            size = 1
            if kind == "AliasEvent":
                size = _size(sizes, event.anchor, row)
                repeated += size
            if repeated > MAX_REPEATED:
                raise YamlError(f"its aliases stand for more than {MAX_REPEATED} values", row)
        else:
            continue
        if open_:
            open_[-1].size += size


def _size(sizes: dict[str, int | None], anchor: str, row: int) -> int:
    """Values that an alias stands for."""
    size = sizes.get(anchor, 1)
    if size is None:
        raise YamlError(f"*{anchor} stands for what it is part of", row)
    return size


class _Open:
    """A mapping or list that is being read.

    Attributes:
        anchor: its name, if it has one.
        size: values in it so far, with what its aliases stand for.
    """

    def __init__(self, mapping: bool, anchor: str | None) -> None:
        self.anchor, self.size = anchor, 1
        self._mapping, self._key_next = mapping, True
        self._keys: set[str] = set()

    def takes(self, scalar: str | None) -> bool:
        """Whether the next thing in it, a scalar or ``None`` for anything else, is no key that was there before."""
        if not self._mapping:
            return True
        is_key, self._key_next = self._key_next, not self._key_next
        if not is_key or scalar is None or scalar == "<<":
            return True
        there = scalar in self._keys
        self._keys.add(scalar)
        return not there
