"""A kind that fits rows one has: types, values that repeat, and what is compared. A start to edit, not a verdict."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

LOOKED_AT = 2_000
"""Rows that a suggestion is made from."""

MOST_VALUES = 12
"""Most values of a field that is taken for one of a finite set."""

REPEATS = 3
"""Times each value of such a field has to occur on average."""

_TYPES = {str: "string", bool: "boolean", int: "integer", float: "number", list: "list", dict: "object"}


@dataclass(slots=True)
class _Seen:
    """What one field held."""

    types: Counter[str] = field(default_factory=Counter)
    values: Counter[Any] = field(default_factory=Counter)
    items: Counter[str] = field(default_factory=Counter)
    characters: int = 0

    def add(self, value: Any) -> None:
        self.types[_TYPES.get(type(value), "string")] += 1
        if isinstance(value, list):
            self.items.update(_TYPES.get(type(item), "string") for item in value)
        elif not isinstance(value, dict) and len(self.values) <= MOST_VALUES:
            self.values[value] += 1
        self.characters += len(value) if isinstance(value, str) else 0


def suggest_kind(name: str, rows: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """A ``kinds`` section for ``seedbed.yaml`` that fits the rows: ``{name: {fields, balance, embed}}``.

    Fields absent from a row are optional; a few values that repeat become an ``enum``, which is balanced when every row
    has it; the longest text among the required ones is compared.
    """
    seen: dict[str, _Seen] = {}
    total = 0
    for row in rows:
        total += 1
        for key, value in row.items():
            if value is not None:
                seen.setdefault(key, _Seen()).add(value)
        if total >= LOOKED_AT:
            break
    fields = {key: _field(found, total) for key, found in seen.items()}
    always = [key for key, rule in fields.items() if rule.get("required", True)]
    balance = [key for key in always if "enum" in fields[key]]
    texts = [key for key in always if fields[key]["type"] == "string" and "enum" not in fields[key]]
    out: dict[str, Any] = {"fields": fields}
    if balance:
        out["balance"] = balance
    if texts:
        asks = next((key for key in texts if key.lower() in _ASKS), None)
        out["embed"] = [asks or max(texts, key=lambda key: seen[key].characters)]
    return {name: out}


_ASKS = {"question", "query", "prompt", "instruction", "problem", "input", "text"}
"""Names of fields that say what an entry is about better than a longer answer does."""


def _field(seen: _Seen, total: int) -> dict[str, Any]:
    types = dict(seen.types)
    if types.keys() == {"integer", "number"}:
        types = {"number": 1}
    rule: dict[str, Any] = {"type": max(types, key=lambda t: types[t])}
    if rule["type"] == "list" and len(seen.items) == 1:
        inner = next(iter(seen.items))
        rule |= {} if inner == "list" else {"items": inner}
    n = sum(seen.values.values())
    few = 1 < len(seen.values) <= MOST_VALUES and n >= REPEATS * len(seen.values)
    if few and rule["type"] == "string" and all(len(str(v)) <= 40 for v in seen.values):
        rule["enum"] = sorted(seen.values, key=str)
    if sum(seen.types.values()) < total:
        rule["required"] = False
    return rule


def as_yaml(kinds: Mapping[str, Any]) -> str:
    """The section as text for ``seedbed.yaml``; values are JSON, which YAML reads."""
    lines = ["kinds:"]
    for name, kind in kinds.items():
        lines += [f"  {json.dumps(name, ensure_ascii=False)}:", "    fields:"]
        for key, rule in kind["fields"].items():
            said = ", ".join(f"{k}: {json.dumps(v, ensure_ascii=False)}" for k, v in rule.items())
            lines.append(f"      {json.dumps(key, ensure_ascii=False)}: {{{said}}}")
        lines += [f"    {k}: {json.dumps(kind[k], ensure_ascii=False)}" for k in ("balance", "embed") if k in kind]
    return "\n".join(lines)
