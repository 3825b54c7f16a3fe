"""The rule of one field: what it may hold, as declared, narrowed and checked."""

from __future__ import annotations

import functools
import math
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from seedbed.core.errors import ConfigError
from seedbed.core.records import Scalar
from seedbed.kinds.values import (
    FORBIDDEN,
    HALF_CHARACTER,
    TYPES,
    Flaw,
    json_flaw,
    listed,
    not_allowed,
    shown,
    storable,
    wrong_type,
)

if TYPE_CHECKING:
    from seedbed.core.config import FieldConfig

MAX_FINITE = 100
"""Largest integer range that counts as a finite set of values."""

MAX_MATCHED = 20_000
"""Longest text a user's pattern is tried on: hostile text must not meet an unlucky expression."""

_FINE: list[Flaw] = []
_JSON_TYPES = {"list": "array"}
_NUMERIC = frozenset({"integer", "number"})
_SIZED = ("string", "list")


@dataclass(frozen=True, slots=True)
class FieldRule:
    """What one field may hold. Of a list, ``enum``, bounds and patterns are rules for the items.

    Attributes:
        type: ``string``, ``integer``, ``number``, ``boolean``, ``list``, ``object``; ``None`` allows any JSON value.
        items: type of a list's items, or ``None`` for any.
        description: what it holds, for writers.
        required: must be there and, for strings, not blank.
        forbidden: must be absent.
        enum: the only values allowed.
        minimum, maximum: bounds of a number, inclusive.
        min_length, max_length: bounds of characters or items, inclusive.
        patterns: regular expressions the whole string must match, each of them.
        default: value of an optional field that is absent; ``None`` leaves it out.
    """

    type: str | None = None
    items: str | None = None
    description: str = ""
    required: bool = False
    forbidden: bool = False
    enum: tuple[Scalar, ...] | None = None
    minimum: float | None = None
    maximum: float | None = None
    min_length: int | None = None
    max_length: int | None = None
    patterns: tuple[str, ...] = ()
    default: Any = None

    @classmethod
    def from_config(cls, config: FieldConfig, *, partial: bool = False) -> FieldRule:
        """The rule that a ``FieldConfig`` declares.

        Args:
            config: as parsed.
            partial: take only the keys that were given, so that the rule narrows another one.

        Raises:
            ConfigError: the pattern is not a regular expression, or nothing can satisfy the rule.
        """
        given = config.model_fields_set
        kind: str | None = config.type
        if "type" not in given:
            kind = None if partial else _type_of(config.enum) or config.type
        rule = cls(
            type=kind,
            items=config.items,
            description=config.description,
            required=config.required if "required" in given else not partial and not config.forbidden,
            forbidden=config.forbidden,
            enum=tuple(config.enum) if config.enum is not None else None,
            minimum=config.minimum,
            maximum=config.maximum,
            min_length=config.min_length,
            max_length=config.max_length,
            patterns=(config.pattern,) if config.pattern is not None else (),
        )
        try:
            return rule.settled()
        except (ValueError, re.error) as error:
            raise ConfigError(str(error), fix="change the field's rules so that some value satisfies them") from error

    def read(self, value: Any) -> tuple[Any, list[Flaw]]:
        """``value`` in its one spelling (``3.0`` is the integer ``3``) and what is wrong with it; converts no types."""
        kind = self.type
        if self.forbidden:
            return value, [FORBIDDEN]
        if kind == "string":
            return self._read_scalar(value) if isinstance(value, str) else (value, [wrong_type(value, kind)])
        if kind in _NUMERIC:
            return self._read_number(value, kind)
        if kind == "boolean":
            return self._read_scalar(value) if isinstance(value, bool) else (value, [wrong_type(value, kind)])
        return self._read_nested(value)

    def values(self) -> tuple[Scalar, ...] | None:
        """The legal values in declared order where they are finitely many, else ``None``."""
        if self.type in ("list", "object"):
            return None
        if self.enum is not None:
            return self.enum
        if self.type == "boolean":
            return (False, True)
        if self.type == "integer" and self.minimum is not None and self.maximum is not None:
            low, high = math.ceil(self.minimum), math.floor(self.maximum)
            return tuple(range(low, high + 1)) if high - low < MAX_FINITE else None
        return None

    def narrowed(self, other: FieldRule) -> FieldRule:
        """The conjunction of both rules.

        Raises:
            ValueError: no value can satisfy both, or a bound does not apply to the type; the text says why.
        """
        if self.type and other.type and self.type != other.type:
            if {self.type, other.type} != {"integer", "number"}:
                raise ValueError(f"it cannot be {TYPES[self.type]} and {TYPES[other.type]}")
            kind: str | None = "integer"
        else:
            kind = self.type or other.type
        enum = self.enum if other.enum is None else other.enum
        if self.enum is not None and other.enum is not None:
            enum = tuple(v for v in self.enum if _member(v, other.enum) is not None)
            if not enum:
                raise ValueError(f"no value is both one of {listed(self.enum)} and one of {listed(other.enum)}")
        rule = replace(
            self,
            type=kind,
            items=self.items or other.items,
            description=other.description or self.description,
            required=self.required or other.required,
            forbidden=self.forbidden or other.forbidden,
            default=None if other.forbidden else self.default,
            enum=enum,
            minimum=_tighter(self.minimum, other.minimum, max),
            maximum=_tighter(self.maximum, other.maximum, min),
            min_length=_tighter(self.min_length, other.min_length, max),
            max_length=_tighter(self.max_length, other.max_length, min),
            patterns=self.patterns + tuple(p for p in other.patterns if p not in self.patterns),
        )
        return rule.settled()

    def settled(self) -> FieldRule:
        """This rule with impossible values taken out of ``enum``.

        Raises:
            ValueError: provably nothing satisfies it, or a bound does not apply to its type.
            re.error: a pattern is not a regular expression.
        """
        if self.required and self.forbidden:
            raise ValueError("it is both required and forbidden")
        for pattern in self.patterns:
            _compiled(pattern)
        self._check_bounds()
        if self.enum is None or self.forbidden:
            return self
        loose = replace(self._item_rule() if self.type == "list" else self, enum=None)
        enum = tuple(value for value, flaws in map(loose.read, self.enum) if not flaws)
        if not enum:
            raise ValueError(f"none of {listed(self.enum) or 'the allowed values'} satisfies the other rules")
        return replace(self, enum=enum)

    def _check_bounds(self) -> None:
        subject = self.items if self.type == "list" else self.type
        if (self.minimum is not None or self.maximum is not None) and subject and subject not in _NUMERIC:
            raise ValueError(f"minimum and maximum do not apply to {TYPES[subject]}")
        if (self.min_length is not None or self.max_length is not None) and self.type and self.type not in _SIZED:
            raise ValueError(f"min_length and max_length do not apply to {TYPES[self.type]}")
        if self.patterns and subject and subject != "string":
            raise ValueError(f"a pattern does not apply to {TYPES[subject]}")
        if self.items is not None and self.type and self.type != "list":
            raise ValueError(f"items does not apply to {TYPES[self.type]}")
        for least, most in ((self.minimum, self.maximum), (self.min_length, self.max_length)):
            if least is not None and most is not None and least > most:
                raise ValueError(f"nothing is at least {least:g} and at most {most:g}")

    def schema(self) -> dict[str, Any]:
        """JSON schema of the field."""
        out: dict[str, Any] = {}
        if self.type:
            out["type"] = _JSON_TYPES.get(self.type, self.type)
        if self.description:
            out["description"] = self.description
        if self.type == "list":
            out["items"] = self._item_rule().schema()
            out |= _given(minItems=self.min_length, maxItems=self.max_length)
            return out
        least = self.min_length
        if self.required and self.type == "string" and self.enum is None:
            least = max(1, least or 0)
        out |= _given(minimum=self.minimum, maximum=self.maximum, minLength=least, maxLength=self.max_length)
        if self.enum is not None:
            out["enum"] = list(self.enum)
        if len(self.patterns) == 1:
            out["pattern"] = f"^(?:{self.patterns[0]})$"
        elif self.patterns:
            out["allOf"] = [{"pattern": f"^(?:{p})$"} for p in self.patterns]
        return out

    def describe(self) -> dict[str, Any]:
        """The rule for people and agents: keys of ``FieldConfig``, unset ones left out."""
        out: dict[str, Any] = {"type": self.type or "any", "required": self.required}
        if self.forbidden:
            return {**out, "forbidden": True}
        out |= _given(items=self.items, minimum=self.minimum, maximum=self.maximum)
        out |= _given(min_length=self.min_length, max_length=self.max_length, default=self.default)
        if self.description:
            out["description"] = self.description
        if self.enum is not None:
            out["enum"] = list(self.enum)
        if self.patterns:
            out["pattern"] = self.patterns[0] if len(self.patterns) == 1 else list(self.patterns)
        return out

    def _item_rule(self) -> FieldRule:
        return FieldRule(
            type=self.items, enum=self.enum, minimum=self.minimum, maximum=self.maximum, patterns=self.patterns
        )

    def _read_scalar(self, value: Any) -> tuple[Any, list[Flaw]]:
        flaws: list[Flaw] = _FINE
        if self.enum is not None:
            member = _member(value, self.enum)
            return (value, [not_allowed(value, self.enum)]) if member is None else (member, _FINE)
        if isinstance(value, str):
            if not value.isascii() and not storable(value):
                return value, [HALF_CHARACTER]
            if self.min_length is not None or self.max_length is not None:
                flaws = self._length_flaws(len(value), "characters")
            if self.patterns and not flaws:
                flaws = self._pattern_flaws(value)
            return value, flaws
        if self.minimum is not None and value < self.minimum:
            flaws = [("below_minimum", f"is {shown(value)}, less than {self.minimum:g}")]
        elif self.maximum is not None and value > self.maximum:
            flaws = [("above_maximum", f"is {shown(value)}, more than {self.maximum:g}")]
        return value, flaws

    def _read_number(self, value: Any, kind: str) -> tuple[Any, list[Flaw]]:
        if isinstance(value, bool) or not isinstance(value, int | float):
            return value, [wrong_type(value, kind)]
        if flaw := json_flaw(value):
            return value, [flaw]
        if kind == "integer" and isinstance(value, float):
            if not value.is_integer():
                return value, [wrong_type(value, kind)]
            value = int(value)
        return self._read_scalar(value)

    def _read_nested(self, value: Any) -> tuple[Any, list[Flaw]]:
        if isinstance(value, tuple):
            value = list(value)
        if self.type == "list" and not isinstance(value, list):
            return value, [wrong_type(value, "list")]
        if self.type == "object" and not isinstance(value, dict):
            return value, [wrong_type(value, "object")]
        if flaw := json_flaw(value):
            return value, [flaw]
        if self.type is None and not isinstance(value, list | dict):
            return self._read_scalar(value)
        if self.type != "list":
            return value, _FINE
        flaws = self._length_flaws(len(value), "items")
        if self.items is None and self.enum is None:
            return value, flaws
        rule, out = self._item_rule(), []
        for i, item in enumerate(value):
            kept, wrong = rule.read(item)
            out.append(kept)
            if wrong and len(flaws) < 5:
                flaws = [*flaws, (wrong[0][0], f"[{i}] {wrong[0][1]}")]
        return out, flaws

    def _length_flaws(self, length: int, unit: str) -> list[Flaw]:
        if self.min_length is not None and length < self.min_length:
            return [("too_short", f"has {length} {unit}, fewer than {self.min_length}")]
        if self.max_length is not None and length > self.max_length:
            return [("too_long", f"has {length} {unit}, more than {self.max_length}")]
        return _FINE

    def _pattern_flaws(self, value: str) -> list[Flaw]:
        if len(value) > MAX_MATCHED:
            return [("pattern", f"has {len(value)} characters, too many for a field with a pattern")]
        return [
            ("pattern", f"is {shown(value)}, which does not match {p!r}")
            for p in self.patterns
            if _compiled(p).fullmatch(value) is None
        ]


@functools.lru_cache(maxsize=256)
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern)


def _member(value: Any, allowed: tuple[Scalar, ...]) -> Scalar | None:
    """The allowed value that equals ``value``; true is not 1."""
    boolean = isinstance(value, bool)
    for option in allowed:
        if option == value and isinstance(option, bool) is boolean:
            return option
    return None


def _type_of(values: Sequence[Scalar] | None) -> str | None:
    """The JSON type that all ``values`` share."""
    if not values:
        return None
    if all(isinstance(v, bool) for v in values):
        return "boolean"
    if any(isinstance(v, bool | str) for v in values):
        return None
    return "integer" if all(isinstance(v, int) for v in values) else "number"


def _given(**keywords: Any) -> dict[str, Any]:
    return {k: v for k, v in keywords.items() if v is not None}


def _tighter(a: Any, b: Any, pick: Any) -> Any:
    return b if a is None else a if b is None else pick(a, b)
