"""An entry as a form, and what was typed into it as changes."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from seedbed.core.records import Content
from seedbed.frontends.tui.forms import FormField
from seedbed.frontends.tui.texts import editable, edited, row_text, value_text

LONGEST = 20_000
"""Characters of a value that can be edited on the screen."""

_BOUNDS = ("minimum", "maximum", "min_length", "max_length", "pattern")


@dataclass(frozen=True, slots=True)
class _Typed:
    """How a field was shown: whether its text was escaped, and whether it is written as JSON."""

    field: FormField
    escaped: bool
    as_json: bool


class EntryForm:
    """The fields of an entry as they can be typed.

    Args:
        content: of the entry.
        rules: rule by field, as of ``FieldRule.describe``; fields of the content without one can be edited too.
    """

    def __init__(self, content: Content, rules: Mapping[str, Mapping[str, Any]]) -> None:
        names = [*rules, *(n for n in content if n not in rules)]
        wanted = [n for n in names if n in content or not rules[n].get("forbidden")]
        self._typed = [_field(n, content.get(n), rules.get(n, {})) for n in wanted]

    @property
    def fields(self) -> list[FormField]:
        """For a ``FormScreen``."""
        return [t.field for t in self._typed]

    def changes(self, values: Mapping[str, str]) -> tuple[dict[str, Any], dict[str, str]]:
        """New values of the fields that were changed, ``None`` where one was emptied; and problems by field."""
        changes: dict[str, Any] = {}
        problems: dict[str, str] = {}
        for typed in self._typed:
            name = typed.field.name
            text = values.get(name, typed.field.value)
            if text == typed.field.value:
                continue
            if typed.escaped:
                text = edited(text)
            try:
                changes[name] = _value(text, as_json=typed.as_json)
            except (ValueError, RecursionError) as error:
                problems[name] = f"not JSON: {getattr(error, 'msg', 'nested too deeply')}"
        return changes, problems


def _field(name: str, value: Any, rule: Mapping[str, Any]) -> _Typed:
    text = value_text(value)
    of_type = rule.get("type", "any")
    as_json = not isinstance(value, str) if value is not None else of_type not in ("string", "any")
    if len(text) > LONGEST:
        beginning = f"{row_text(text, 80)} ({len(text):,} characters: too long to be edited here)"
        return _Typed(FormField(name, beginning, _hint(rule, as_json), locked=True), escaped=False, as_json=as_json)
    shown, escaped = editable(text)
    hint = _hint(rule, as_json) + ("; \\xNN and \\uNNNN are control characters, \\\\ a backslash" if escaped else "")
    tall = of_type in ("list", "object") or (of_type in ("string", "any") and "enum" not in rule)
    return _Typed(FormField(name, shown, hint, tall=tall or "\n" in shown), escaped=escaped, as_json=as_json)


def _hint(rule: Mapping[str, Any], as_json: bool) -> str:
    """What belongs into a field, in a few words."""
    parts = [str(rule.get("type", "")), "required" if rule.get("required") else ""]
    if "enum" in rule:
        parts.append("one of " + ", ".join(map(str, rule["enum"])))
    parts += [f"{name.replace('_', ' ')} {rule[name]}" for name in _BOUNDS if name in rule]
    parts += ["as JSON"] if as_json and rule.get("type") in ("list", "object", "any", None) else []
    return row_text(" · ".join(filter(None, [*parts, str(rule.get("description", ""))])), 160)


def _value(text: str, *, as_json: bool) -> Any:
    """What was typed; nothing takes the field away."""
    if not text.strip():
        return None
    return json.loads(text) if as_json else text
