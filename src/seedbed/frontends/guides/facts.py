"""What guides say about a project, read from the live dataset: plain values for the templates."""

from __future__ import annotations

import inspect
import json
import re
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from seedbed.core.errors import SeedbedError

if TYPE_CHECKING:
    from pydantic import BaseModel

    from seedbed.core.records import Topic
    from seedbed.dataset import Dataset
    from seedbed.dataset.reports import Report
    from seedbed.kinds.fields import FieldRule
    from seedbed.kinds.kind import Kind
    from seedbed.kinds.rules import TopicRules

GAPS = 5
"""Shortest cells that a guide lists."""

BRIEF = "generation.md"
"""The project's own brief for writers."""

MOST_BRIEF = 12_000
"""Characters of a brief that are shown: it is a file of the user's, and might be anything."""

_NOUNS = {
    "string": "text",
    "integer": "whole number",
    "number": "number",
    "boolean": "true or false",
    "list": "list",
    "object": "object",
    None: "any JSON",
}
_PLURALS = {"string": "texts", "integer": "whole numbers", "number": "numbers", "boolean": "true or false",
            "object": "objects", None: "items"}  # fmt: skip


_SPELLINGS: tuple[tuple[str, str | Callable[[re.Match[str]], str]], ...] = (
    (r"\b(typing|collections\.abc|pathlib|seedbed[\w.]*)\.", ""),
    (r"Literal\[(.*?)\]", lambda found: " or ".join(re.findall(r"'(\w+)'", found[1]))),
    (r"Optional\[(.*?)\]", r"\1"),
)
"""Annotations as a reader of YAML thinks of them."""


def place(dataset: Dataset, topic: str | None) -> tuple[Topic | None, TopicRules | None, list[Topic]]:
    """The topic, the rules folded along its path, and the leaves below it (of the whole tree without ``topic``).

    Raises:
        UnknownNameError: no such topic; near names are given.
    """
    from seedbed.kinds.rules import fold

    topics = dataset.file.topics
    if topic is None:
        return None, None, topics.leaves(None)
    found = topics.get(topic)
    parts = topic.split("/")
    chain = [topics.get("/".join(parts[: i + 1])) for i in range(len(parts))]
    return found, fold(chain), [found] if found.is_leaf else topics.leaves(topic)


def aspects(topic: Topic | None) -> str:
    """What the topic is to be spread over, joined by commas; whatever else stands there is left out."""
    found = topic.meta.get("aspects") if topic is not None else None
    return ", ".join(a for a in found if isinstance(a, str)) if isinstance(found, list | tuple) else ""


def field_rows(kind: Kind, rules: TopicRules | None) -> list[dict[str, Any]]:
    """``{"name", "rule", "about", "required", "filled", "narrowed", "balanced"}`` of every field."""
    return [
        {
            "name": name,
            "rule": rule_text(rule),
            "about": " ".join(rule.description.split()),
            "required": rule.required,
            "filled": _filled(rule),
            "narrowed": bool(rules) and rules is not None and name in rules.fields,
            "balanced": name in kind.balance,
        }
        for name, rule in kind.rules(rules).items()
    ]


def rule_text(rule: FieldRule) -> str:
    """A field's rule in a few words: ``text of at least 20 characters``, ``one of easy, hard; optional``."""
    if rule.forbidden:
        return "leave it out here"
    parts = [_values(rule), *_limits(rule)]
    if _filled(rule) is not None:
        parts.append("leave it out, it is filled in")
    elif not rule.required:
        default = f", else {json.dumps(rule.default, ensure_ascii=False)}"
        parts.append("optional" + (default if rule.default is not None else ""))
    parts += [f"matches `{p}`" for p in rule.patterns]
    return "; ".join(p for p in parts if p)


def _filled(rule: FieldRule) -> Any:
    """The default where it is something that a project fills in, as against a mere ``""`` or number; else ``None``."""
    return rule.default if isinstance(rule.default, list | dict) and rule.default and not rule.required else None


def _values(rule: FieldRule) -> str:
    if rule.enum is not None:
        shown = ", ".join(v if isinstance(v, str) else json.dumps(v) for v in rule.enum[:12])
        more = f" and {len(rule.enum) - 12} more" if len(rule.enum) > 12 else ""
        one = rule.enum[0] if rule.enum else ""
        exactly = f'exactly "{one}"' if isinstance(one, str) else f"exactly {json.dumps(one)}"
        if rule.type == "list":
            return f"list of any of {shown}{more}"
        return exactly if len(rule.enum) == 1 else f"one of {shown}{more}" if rule.enum else "nothing fits"
    if rule.type == "list":
        return f"list of {_PLURALS.get(rule.items, 'items')}"
    return _NOUNS.get(rule.type, str(rule.type))


def _limits(rule: FieldRule) -> Iterator[str]:
    if rule.enum is None or rule.type == "list":
        yield _between(rule.min_length, rule.max_length, " items" if rule.type == "list" else " characters")
        yield _between(rule.minimum, rule.maximum, "")


def _between(least: float | None, most: float | None, unit: str) -> str:
    if least is None and most is None:
        return ""
    if most is None:
        return f"{least:g} or more{unit}"
    if least == most or most == 0:
        return f"{'no' if most == 0 and unit else format(most, 'g')}{unit}"
    return f"at most {most:g}{unit}" if least is None else f"{least:g} to {most:g}{unit}"


def lengths(dataset: Dataset) -> str:
    """Fewest and most characters that the check ``rules`` asks of fields by name; empty where it names none."""
    from pydantic import ValidationError

    from seedbed.quality.rules import RulesOptions

    options = dataset.project.config.checks.get("rules")
    try:
        rules = RulesOptions.model_validate(options if isinstance(options, dict) else {})
    except ValidationError:
        return ""  # whoever submits is told
    least = {} if "too_short" in rules.skip else rules.min_chars
    most = {} if "too_long" in rules.skip else rules.max_chars
    return ", ".join(f"`{name}` {_between(least.get(name), most.get(name), '')}" for name in {**least, **most})


def standing(dataset: Dataset, topic: str | None) -> dict[str, Any]:
    """Counts and the shortest cells: ``entries``, ``target``, ``missing``, ``pending``, ``gaps``, ``refused``."""
    report: Report = dataset.report(topic)
    short = [c for c in report.cells if c.get("missing", 0) or ("missing" not in c and not c["accepted"])]
    return {
        "entries": report.accepted,
        "target": report.target,
        "missing": sum(c.get("missing", 0) for c in report.cells),
        "pending": report.states.get("pending", 0),
        "cells": len(report.cells),
        "gaps": short[:GAPS],
        "more": max(0, len(short) - GAPS),
        "refused": report.rejections[:5],
    }


def brief(dataset: Dataset) -> str:
    """The project's ``generation.md`` without its first heading; empty when there is none, or it is not text."""
    path = dataset.project.folder / BRIEF
    try:
        with path.open(encoding="utf-8-sig") as stream:
            text = stream.read(MOST_BRIEF + 1)
    except (OSError, UnicodeDecodeError):
        return ""
    if len(text) > MOST_BRIEF:
        text = text[:MOST_BRIEF] + f"\n… (the rest is in {BRIEF})"
    first, _, rest = text.lstrip().partition("\n")
    return (rest if first.startswith("# ") else text).strip()


def examples(dataset: Dataset, topic: str | None, n: int) -> list[dict[str, Any]]:
    """Content of the newest finished entries of the topic and below, at most ``n``."""
    _, found = dataset.entries(topic=topic, states=("approved", "accepted"), limit=n)
    return [dict(e.content) for e in found]


def option_rows(model: type[BaseModel]) -> list[dict[str, str]]:
    """``{"key", "type", "default", "about"}`` of every key of an options model, as a reader of YAML thinks of it."""
    rows = []
    for name, info in model.model_fields.items():
        text = inspect.formatannotation(info.annotation).replace(" | None", "")
        for pattern, instead in _SPELLINGS:
            text = re.sub(pattern, instead, text)
        default = None if info.is_required() else info.get_default(call_default_factory=True)
        plain = isinstance(default, str | int | float | bool | list) and default not in ("", [])
        shown = json.dumps(default, default=str) if plain else ""
        rows.append({"key": name, "type": text, "default": shown, "about": info.description or ""})
    return rows


def kinds(dataset: Dataset) -> list[dict[str, Any]]:
    """Built-in and declared kinds: ``{"name", "about", "fields"}``; of one that does not load its problem."""
    from seedbed.kinds.load import kind_names

    out = []
    for name in kind_names(dataset.project.config):
        try:
            kind = dataset.kind(name)
        except SeedbedError as error:
            out.append({"name": name, "about": error.message, "fields": []})
        else:
            fields = [f if rule.required else f"{f}?" for f, rule in kind.fields.items()]
            out.append({"name": name, "about": kind.description, "fields": fields})
    return out


def reasons(dataset: Dataset, topic: str | None) -> list[dict[str, Any]]:
    """Why reviewers rejected entries here: ``{"reason", "n"}``, most first."""
    return dataset.reviews.reasons(topic=topic, by=(), limit=8)
