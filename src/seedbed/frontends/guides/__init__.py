"""Guides for agents, rendered from the live project: what to write, where it is missing, and with which commands."""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Any

from seedbed.core.errors import UnknownNameError

if TYPE_CHECKING:
    from jinja2 import Environment

    from seedbed.dataset import Dataset

GUIDES = ("agent", "schema", "structure", "generation", "review")

ABOUT = {
    "agent": "The whole loop: what is missing, write, submit, mend. Enough to start.",
    "schema": "Designing what an entry is, with the user; keys of seedbed.yaml.",
    "structure": "Designing the topic tree: siblings, narrowing, targets.",
    "generation": "Writing good entries for this project: the brief, fields, examples.",
    "review": "Judging entries: the queue, what to look at, how to decide.",
}
"""One line about each guide."""

HOME = Path(__file__).parent
MOST_EXAMPLES = 3
_LINE = 240


def render_guide(dataset: Dataset, name: str, *, topic: str | None = None) -> str:
    """The guide as Markdown, with this project's fields, gaps and names in it; calls no model and writes nothing.

    Args:
        dataset: open, reading is enough.
        name: one of ``GUIDES``.
        topic: narrow fields, gaps and examples to this topic and below.

    Raises:
        UnknownNameError: no such guide or topic; near names are given.
        ConfigError, PluginError: the project's kind does not load.
    """
    if name not in GUIDES:
        raise UnknownNameError("guide", name, GUIDES)
    text = _environment().get_template(f"{name}.md.j2").render(_values(dataset, name, topic))
    return re.sub(r"\n{3,}", "\n\n", text).strip() + "\n"


def _values(dataset: Dataset, name: str, topic: str | None) -> dict[str, Any]:
    from seedbed.frontends.guides import facts

    found, rules, leaves = facts.place(dataset, topic)
    kind, config = dataset.kind(), dataset.project.config
    values: dict[str, Any] = {
        "config": config,
        "kind": kind,
        "dataset": dataset.path.name,
        "topic": found,
        "aspects": facts.aspects(found),
        "leaves": leaves,
        "fields": facts.field_rows(kind, rules),
        "lengths": facts.lengths(dataset),
        "review": config.review,
    }
    if name in ("agent", "structure", "review"):
        values["standing"] = facts.standing(dataset, topic)
    if name in ("agent", "generation", "review"):
        values["reasons"] = facts.reasons(dataset, topic)
    if name in ("generation", "review"):
        values |= {"brief": facts.brief(dataset), "examples": facts.examples(dataset, topic, MOST_EXAMPLES)}
    if name == "schema":
        values |= _schema_values(dataset)
    return values


def _schema_values(dataset: Dataset) -> dict[str, Any]:
    from seedbed.core import config
    from seedbed.frontends.guides import facts

    return {
        "kinds": facts.kinds(dataset),
        "keys": facts.option_rows(config.ProjectConfig),
        "kind_keys": facts.option_rows(config.KindConfig),
        "field_keys": facts.option_rows(config.FieldConfig),
        "review_keys": facts.option_rows(config.ReviewConfig),
    }


def _environment() -> Environment:
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    from seedbed.frontends.cli.output import counted

    environment = Environment(
        loader=FileSystemLoader(HOME),
        undefined=StrictUndefined,
        autoescape=False,  # guides are Markdown for an agent, not markup for a browser
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    environment.filters |= {"line": _line, "cell": _cell, "compact": _compact, "counted": counted, "shell": shlex.quote}
    return environment


def _line(text: object, most: int = _LINE) -> str:
    """``text`` on one line, at most ``most`` characters."""
    joined = " ".join(str(text).replace("``", "`").split())
    return joined if len(joined) <= most else joined[: most - 1] + "…"


def _cell(text: object) -> str:
    """``text`` as the cell of a table."""
    return _line(text).replace("|", "\\|")


def _compact(value: Any) -> str:
    """``value`` as one line of JSON."""
    import json

    return _line(json.dumps(value, ensure_ascii=False), 1_500)
