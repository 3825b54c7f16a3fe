"""What an okgv project says in its structure file, and values as okgv stored them, in Seedbed's words.

okgv narrows fields by validators: ``"not_empty"``, ``{"one_of": [...]}``, ``{"type": "matches", "pattern": "x+"}``, or
a list of them, all of which hold. They become rules with the keys of ``FieldConfig``; the rest is named.
"""

from __future__ import annotations

import ast
import json
import re
import unicodedata
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from seedbed.core.errors import ConfigError, InputError, NotFoundError
from seedbed.kinds.fields import FieldRule
from seedbed.kinds.values import json_flaw

Rule = dict[str, Any]

MOST_LITERAL = 200_000
"""Longest text that is looked at as the literal of an object or list."""

_MOST_FILE = 64 << 20
_DEEPEST = 200
_NAME, _LEVELS = 200, 20
_ARGS = {"one_of": ("valid",), "in_range": ("lo", "hi"), "is_type": ("expected",), "matches": ("pattern",)}
_TYPES = {"dict": "object", "list": "list", "str": "string", "int": "integer", "float": "number", "bool": "boolean"}


@dataclass(frozen=True, slots=True)
class Node:
    """What a structure file says of one topic, unfolded.

    Attributes:
        fields: rule by entry field.
        function: the function that entries of this topic call.
        required, optional: rule by argument.
        forbidden: arguments that must be absent.
        scope: ``leaf``, ``subtree`` or empty.
        left: ``(what, why)`` of everything that has no counterpart.
    """

    fields: dict[str, Rule] = field(default_factory=dict)
    function: str = ""
    required: dict[str, Rule] = field(default_factory=dict)
    optional: dict[str, Rule] = field(default_factory=dict)
    forbidden: tuple[str, ...] = ()
    scope: str = ""
    left: tuple[tuple[str, str], ...] = ()


def read_structure(path: Path) -> dict[str, Node]:
    """What a structure file says of its topics, by path, parents first.

    Raises:
        NotFoundError: there is no such file.
        InputError: it is not JSON, or not an object.
    """
    place = {"file": path.as_posix()}
    try:
        with path.open(encoding="utf-8-sig") as file:
            data = json.loads(file.read(_MOST_FILE))
    except FileNotFoundError as error:
        raise NotFoundError(f"no file {str(path)!r}", place=place) from error
    except (OSError, ValueError, RecursionError) as error:
        raise InputError(f"the structure file cannot be read: {error}", place=place) from error
    if not isinstance(data, dict):
        raise InputError(f"the structure file holds a {type(data).__name__}, not an object", place=place)
    return dict(_walk(data))


def _walk(data: Mapping[str, Any]) -> Iterator[tuple[str, Node]]:
    waiting = [("", data, 0)]
    while waiting:
        prefix, node, depth = waiting.pop()
        below = []
        for name, value in node.items():
            if name.startswith("_"):
                continue
            path = f"{prefix}/{name}" if prefix else name
            value = value if isinstance(value, dict) else {}
            yield path, read_node(value.get("_meta"))
            if depth < _DEEPEST:
                below.append((path, value, depth + 1))
        waiting.extend(reversed(below))


def read_node(meta: Any) -> Node:
    """One ``_meta`` block; malformed parts are among what is left."""
    if not isinstance(meta, Mapping):
        return Node(left=() if meta is None else (("_meta", "not an object"),))
    left: list[tuple[str, str]] = []
    rules = {target: _rules(target, meta.get(target), left) for target in ("entry", "required", "optional")}
    forbidden = meta.get("forbidden") or ()
    if not isinstance(forbidden, list | tuple):
        left.append(("forbidden", "not a list of names"))
        forbidden = ()
    function, scope = meta.get("function"), meta.get("similarity_scope")
    known = {"entry", "required", "optional", "forbidden", "function", "similarity_scope"}
    left += [(str(name), "a key that okgv does not know") for name in meta if name not in known]
    return Node(
        rules["entry"],
        function if isinstance(function, str) else "",
        rules["required"],
        rules["optional"],
        tuple(str(name) for name in forbidden),
        scope if scope in ("leaf", "subtree") else "",
        tuple(left),
    )


def _rules(target: str, block: Any, left: list[tuple[str, str]]) -> dict[str, Rule]:
    if not isinstance(block, Mapping):
        if block is not None:
            left.append((target, "not an object"))
        return {}
    out = {}
    for name, validators in block.items():
        rule, unsaid = rule_of(validators)
        left += [(f"{target}.{name}", why) for why in unsaid]
        out[str(name)] = rule
    return out


# -- validators ------------------------------------------------------------------------------------------------------


def rule_of(validators: Any) -> tuple[Rule, list[str]]:
    """The conjunction of a field's validators in the keys of ``FieldConfig``, and what could not be said in them."""
    rule: Rule = {}
    unsaid: list[str] = []
    for item in validators if isinstance(validators, list) else [validators]:
        tag, values = _tagged(item)
        translate = _TRANSLATIONS.get(tag)
        more = translate(values) if translate is not None else None
        if more is None:
            unsaid.append(f"the validator {tag!r} has no counterpart" if tag else "not a validator")
        elif (joined := _joined(rule, more)) is None:
            unsaid.append(f"the validator {tag!r} contradicts another one")
        else:
            rule = joined
    return rule, unsaid


def _tagged(item: Any) -> tuple[str, dict[str, Any]]:
    """Tag and named values of a validator, in whichever of okgv's three spellings."""
    if isinstance(item, str):
        return item, {}
    if not isinstance(item, Mapping):
        return "", {}
    if "type" in item:
        return str(item["type"]), dict(item)
    if len(item) != 1:
        return "", {}
    tag, value = next(iter(item.items()))
    names: tuple[str, ...] = _ARGS.get(str(tag), ())
    if isinstance(value, Mapping):
        return str(tag), dict(value)
    if len(names) == 1:
        return str(tag), {names[0]: value}
    if isinstance(value, list) and len(value) == len(names):
        return str(tag), dict(zip(names, value, strict=True))
    return str(tag), {}


def _one_of(values: Mapping[str, Any]) -> Rule | None:
    allowed = values.get("valid")
    if not isinstance(allowed, list) or not allowed or not all(isinstance(v, str | int | float) for v in allowed):
        return None
    return {"enum": list(allowed)}


def _in_range(values: Mapping[str, Any]) -> Rule | None:
    low, high = values.get("lo"), values.get("hi")
    if any(isinstance(v, bool) or not isinstance(v, int | float) for v in (low, high)):
        return None
    return {"minimum": low, "maximum": high}


def _is_type(values: Mapping[str, Any]) -> Rule | None:
    named = values.get("expected")
    names = {_TYPES.get(n, "") for n in (named if isinstance(named, list) else [named]) if isinstance(n, str)}
    if names == {"integer", "number"}:
        return {"type": "number"}
    return {"type": names.pop()} if len(names) == 1 and "" not in names else None


def _matches(values: Mapping[str, Any]) -> Rule | None:
    pattern = values.get("pattern")
    try:
        rule = FieldRule(patterns=(str(pattern),)).settled()
    except (re.error, ValueError, OverflowError, RecursionError):
        return None
    return {"pattern": rule.patterns[0]} if isinstance(pattern, str) else None


def _items(values: Mapping[str, Any]) -> Rule | None:
    inner, unsaid = rule_of(values["inner"]) if "inner" in values else ({}, [])
    if unsaid or not inner.keys() <= {"type", "enum", "minimum", "maximum", "pattern", "required"}:
        return None
    rule: Rule = {"type": "list"} | {k: v for k, v in inner.items() if k not in ("type", "required")}
    kind = inner.get("type") or ("string" if inner.get("required") else None)
    bounds = {"min_length": values.get("min_len"), "max_length": values.get("max_len")}
    bounds = {k: v for k, v in bounds.items() if v is not None}
    if kind == "list" or not all(isinstance(v, int) for v in bounds.values()):
        return None
    return rule | bounds | ({"items": kind} if kind else {})


_TRANSLATIONS: dict[str, Callable[[Mapping[str, Any]], Rule | None]] = {
    "one_of": _one_of,
    "in_range": _in_range,
    "is_type": _is_type,
    "matches": _matches,
    "items": _items,
    "not_empty": lambda _: {"required": True},
}


def _joined(rule: Rule, more: Rule) -> Rule | None:
    """Both rules as one, ``None`` when nothing satisfies both or it cannot be said."""
    out = rule | {k: v for k, v in more.items() if k not in rule}
    for key in rule.keys() & more.keys():
        a, b = rule[key], more[key]
        if key == "enum":
            out[key] = [v for v in a if v in b]
        elif key in ("minimum", "min_length", "maximum", "max_length"):
            out[key] = max(a, b) if key.startswith("min") else min(a, b)
        elif key == "pattern" and a != b:
            out[key] = rf"(?=(?:{a})\Z)(?:{b})"
        elif key == "type" and {a, b} == {"integer", "number"}:
            out[key] = "integer"
        elif a != b:
            return None
    return None if field_rule(out) is None else out


def field_rule(rule: Rule) -> FieldRule | None:
    """``rule`` as the door applies it, or ``None`` when nothing can satisfy it."""
    from seedbed.core.config import FieldConfig, parse_options

    try:
        return FieldRule.from_config(parse_options(FieldConfig, rule), partial=True)
    except ConfigError:
        return None


# -- functions -------------------------------------------------------------------------------------------------------


def tool_of(chain: Sequence[Node]) -> dict[str, Any] | None:
    """The tool that entries below these topics call, or ``None`` where no function is named.

    Args:
        chain: a path's nodes, outermost first; the arguments of all of them hold together.
    """
    name = next((node.function for node in reversed(chain) if node.function), "")
    if not name:
        return None
    rules: dict[str, Rule] = {}
    required: list[str] = []
    for node in chain:
        for argument, rule in (*node.optional.items(), *node.required.items()):
            rules[argument] = _joined(rules.get(argument, {}), rule) or rule
        required += [a for a in node.required if a not in required]
        for argument in node.forbidden:
            rules.pop(argument, None)
    properties = {argument: _schema(rule) for argument, rule in rules.items()}
    parameters: dict[str, Any] = {"type": "object", "properties": properties, "additionalProperties": False}
    if wanted := [a for a in required if a in properties]:
        parameters["required"] = wanted
    return {"type": "function", "function": {"name": name, "description": "", "parameters": parameters}}


def _schema(rule: Rule) -> dict[str, Any]:
    found = field_rule(rule)
    schema = found.schema() if found is not None else {}
    if rule.get("required") and "enum" not in schema:
        schema |= {"type": "string", "minLength": 1}
    return schema


# -- values ----------------------------------------------------------------------------------------------------------


def read_literal(text: str) -> Any:
    """The object or list that ``text`` spells as JSON or as Python writes it; ``None`` when it is none.

    Nothing is run: only literals are read, and only those that JSON can hold come back.
    """
    stripped = text.strip()
    if len(stripped) > MOST_LITERAL or not stripped or stripped[0] + stripped[-1] not in ("{}", "[]"):
        return None
    try:
        value = json.loads(stripped)
    except (ValueError, RecursionError):
        try:
            value = ast.literal_eval(stripped)
        except (ValueError, SyntaxError, RecursionError, MemoryError, TypeError):
            return None
    return value if isinstance(value, dict | list) and json_flaw(value) is None else None


def clean_path(path: str) -> str:
    """``path`` as a topic may be called: okgv took empty names, blanks at the ends and control characters."""
    names = []
    for name in unicodedata.normalize("NFC", path).split("/"):
        kept = "".join("_" if unicodedata.category(c) in _UNSEEN else c for c in name).strip()[:_NAME].strip()
        if kept:
            names.append({".": "dot", "..": "dots"}.get(kept, kept))
    if len(names) > _LEVELS - 1:  # one level is left for a leaf below
        names = [*names[: _LEVELS - 2], " ".join(names[_LEVELS - 2 :])[:_NAME].strip()]
    return "/".join(names) or "unnamed"


_UNSEEN = {"Cc", "Cf", "Cs", "Zl", "Zp"}
