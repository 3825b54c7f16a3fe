"""``topics load|tree|add|describe|move|rename|merge|split|remove``."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import click

from seedbed.core.errors import ExitCode, InputError
from seedbed.frontends.cli.options import Group, OneOf, Real, Whole, dataset_option, output_option
from seedbed.frontends.cli.output import one_line, safe
from seedbed.frontends.cli.session import Session, read_text
from seedbed.frontends.cli.topics_change import changing, tell
from seedbed.frontends.cli.topics_reshape import (
    merge_command,
    move_command,
    remove_command,
    rename_command,
    split_command,
)
from seedbed.frontends.cli.topics_tree import tree_command


@click.group("topics", cls=Group, short_help="The topic tree: load, show, change.")
@dataset_option
@output_option
def topics_command() -> None:
    """The topic tree: load, show, change. Every change is one operation that undo takes back."""


@topics_command.command("load", short_help="Load a tree of topics from a file.")
@click.argument("path", metavar="FILE")
@changing
def load_command(session: Session, /, path: str, **how: Any) -> ExitCode:
    """Load a tree of topics from FILE (nested JSON or YAML; - for stdin); existing topics are updated.

    Keys are names, {} is a leaf; _description, _target, _weight, _fields and _aspects describe the topic they are in.
    """
    from seedbed.store.tree import tree_from_text

    tree = tree_from_text(read_text("-" if path == "-" else f"@{path}", what="topics"), path)
    with session.open() as dataset:
        return tell(session, dataset.topics.load(tree if tree is not None else {}, **how))


topics_command.add_command(tree_command)


@topics_command.command("add", short_help="Add one topic, with its parents.")
@click.argument("path")
@click.option("--description", default="", help="What belongs here; goes into prompts.")
@click.option("--target", type=Whole(0), help="Accepted entries wanted here and below.")
@click.option("--weight", type=Real(0), default=1.0, show_default=True, help="Share among its siblings.")
@click.option(
    "--aspect", "aspects", multiple=True, metavar="TEXT", help="Something the topic is about; may be repeated."
)
@click.option("--meta", metavar="JSON", help='More, e.g. {"fields": {"difficulty": ["easy"]}}; @FILE reads a file.')
@changing
def add_command(session: Session, /, path: str, aspects: tuple[str, ...], meta: str | None, **options: Any) -> ExitCode:
    """Add the topic PATH (names joined by /), with its parents; one that is there is left as it is."""
    given = parse_meta(meta) | ({"aspects": list(aspects)} if aspects else {})
    with session.open() as dataset:
        return tell(session, dataset.topics.add(path, meta=given, **options))


@topics_command.command("describe", short_help="Show a topic, or change what is said of it.")
@click.argument("path")
@click.option("--description", help="What belongs here; goes into prompts.")
@click.option("--target", type=Whole(0), help="Accepted entries wanted here and below.")
@click.option("--weight", type=Real(0), help="Share among its siblings.")
@click.option("--meta", metavar="JSON", help="Keys to set, fields and aspects among them; null takes a key away.")
@click.option(
    "--clear",
    multiple=True,
    type=OneOf("attribute", "description", "target", "weight", "meta"),
    help="Empty this; repeatable.",
)
@changing
def describe_command(
    session: Session, /, path: str, meta: str | None, clear: tuple[str, ...], **options: Any
) -> ExitCode | None:
    """Show the topic PATH: description, target, weight, rules of its fields, counts; with options, change it.

    When field rules change, the entries below are checked against them.
    """
    given = {name: options.pop(name) for name in ("description", "target", "weight")}
    given = {name: value for name, value in given.items() if value is not None}
    if not given and meta is None and not clear:
        with session.open("ro") as dataset:
            shown = dataset.topics.show(path)
        session.out.data(shown, lambda: _topic_lines(shown))
        return None
    with session.open() as dataset:
        change = dataset.topics.describe(
            path,
            clear=clear,  # type: ignore[arg-type]
            meta=parse_meta(meta),
            **given,
            **options,
        )
        return tell(session, change)


for command in (move_command, rename_command, merge_command, split_command, remove_command):
    topics_command.add_command(command)


def parse_meta(text: str | None) -> dict[str, Any]:
    """The object of ``--meta``, given as JSON, ``@FILE`` or ``-``.

    Raises:
        InputError: it is no JSON object.
    """
    if text is None:
        return {}
    try:
        found = json.loads(read_text(text, what="meta"))
    except (json.JSONDecodeError, RecursionError) as error:
        raise InputError(f"--meta is not JSON: {error}", place={"option": "meta"}, code="invalid_json") from error
    if not isinstance(found, dict):
        raise InputError("--meta is not a JSON object", place={"option": "meta"}, fix='{"aspects": ["…"]}')
    return found


def _topic_lines(shown: dict[str, Any]) -> Iterator[str]:
    counts = ", ".join(f"{n} {state}" for state, n in shown["entries"].items()) or "no entries"
    target = f", target {shown['target']}" if shown["target"] is not None else ""
    weight = f", weight {shown['weight']:g}" if shown["weight"] != 1 else ""
    yield f"{safe(shown['topic'])}: {counts}{target}{weight}"
    if shown["description"]:
        yield f"  {one_line(shown['description'], 1_000)}"
    if not shown["leaf"]:
        names = ", ".join(safe(p.rpartition("/")[2]) for p in shown["subtopics"][:20])
        more = f" and {len(shown['subtopics']) - 20} more" if len(shown["subtopics"]) > 20 else ""
        yield f"  subtopics: {names}{more}"
    for name, rule in shown["fields"].items():
        said = ", ".join(f"{k} {one_line(json.dumps(v, ensure_ascii=False), 80)}" for k, v in rule.items())
        yield f"  {safe(name)}: {said}"
    for name, value in shown["meta"].items():
        if name != "fields":
            yield f"  {safe(name)}: {one_line(json.dumps(value, ensure_ascii=False, default=str), 200)}"
