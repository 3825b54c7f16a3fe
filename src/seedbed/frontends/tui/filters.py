"""Filters of the queue as a form."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from seedbed.frontends.tui.forms import FormField
from seedbed.frontends.tui.sitting import Filters


def filter_fields(wanted: Filters) -> list[FormField]:
    """The filters as a form."""
    score = {n: "" if (v := wanted.get(n)) is None else str(v) for n in ("min_score", "max_score")}
    return [
        FormField("topic", wanted.get("topic") or "", "this topic and below"),
        FormField("states", ", ".join(wanted.get("states") or ()), "pending, disputed, accepted, approved, rejected"),
        FormField("reason", wanted.get("reason") or "", "in review, or decided, for this"),
        FormField("min_score", score["min_score"], "judged at least this"),
        FormField("max_score", score["max_score"], "judged at most this"),
    ]


def parsed_filter(values: Mapping[str, str]) -> tuple[dict[str, Any], dict[str, str]]:
    """Filters as they were typed, and problems by field."""
    parsed: dict[str, Any] = {name: values[name].strip() or None for name in ("topic", "reason")}
    parsed["states"] = tuple(filter(None, (s.strip() for s in values["states"].split(",")))) or None
    problems: dict[str, str] = {}
    for name in ("min_score", "max_score"):
        try:
            parsed[name] = float(values[name]) if values[name].strip() else None
        except ValueError:
            problems[name] = f"{values[name][:40]!r} is no number"
    return parsed, problems
