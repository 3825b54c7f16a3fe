"""``topics load|tree|add``."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click

from seedbed.core.errors import InputError
from seedbed.frontends.cli.app import common
from seedbed.frontends.cli.output import Output, one_line, safe
from seedbed.frontends.cli.session import open_dataset


@click.group("topics")
def topics_command() -> None:
    """The topic tree: load, show, add."""


@topics_command.command("load")
@click.argument("path", metavar="FILE")
@common
def load_command(path: str, db: str | None, as_json: bool | None) -> None:
    """Load a tree of topics from FILE (nested JSON or YAML; - for stdin); existing topics are updated.

    Keys are names, {} is a leaf; _description, _target, _weight, _fields and _aspects describe the topic they are in.
    """
    out = Output.for_streams(as_json=as_json)
    tree = read_tree(path)
    with open_dataset(db) as dataset:
        result = dataset.load_topics(tree)

    def lines() -> Iterator[str]:
        yield f"{len(result['created'])} topics created, {len(result['updated'])} updated"
        yield from (f"  + {safe(p)}" for p in result["created"][:30])
        if len(result["created"]) > 30:
            yield f"  … and {len(result['created']) - 30} more"

    out.data(result, lines)


@topics_command.command("tree")
@click.argument("root", required=False)
@click.option("--depth", type=click.IntRange(1), help="Levels shown.")
@common
def tree_command(root: str | None, depth: int | None, db: str | None, as_json: bool | None) -> None:
    """Show the tree, or the part below ROOT, with entries per topic."""
    out = Output.for_streams(as_json=as_json)
    with open_dataset(db, "ro") as dataset:
        if root is not None:
            dataset.file.topics.get(root)
        rows = dataset.tree(root)
    above = root.count("/") if root else 0
    shown = [(t, n) for t, n in rows if depth is None or t.path.count("/") - above < depth]
    data = [
        {"topic": t.path, "entries": n, "leaf": t.is_leaf}
        | ({"description": t.description} if t.description else {})
        | ({"target": t.target} if t.target is not None else {})
        for t, n in shown
    ]

    def lines() -> Iterator[str]:
        for topic, n in shown:
            level = topic.path.count("/") - above
            note = f"  — {one_line(topic.description, 70)}" if topic.description else ""
            yield f"{'  ' * level}{safe(topic.path.rpartition('/')[2])}  {n}{note}"

    out.data(data, lines)


@topics_command.command("add")
@click.argument("path")
@click.option("--description", default="", help="What belongs here; goes into prompts.")
@click.option("--target", type=click.IntRange(0), help="Accepted entries wanted here and below.")
@click.option("--weight", type=click.FloatRange(0), default=1.0, show_default=True, help="Share among its siblings.")
@click.option("--aspect", "aspects", multiple=True, help="Something the topic is about; may be repeated.")
@common
def add_command(path: str, db: str | None, as_json: bool | None, aspects: tuple[str, ...], **attributes: Any) -> None:
    """Add the topic PATH (names joined by /), with its parents."""
    out = Output.for_streams(as_json=as_json)
    meta = {"aspects": list(aspects)} if aspects else {}
    with open_dataset(db) as dataset:
        created = dataset.add_topic(path, meta=meta, **attributes)
    out.data({"topic": path, "created": created}, lambda: [f"{'added' if created else 'there already'}: {safe(path)}"])


def read_tree(path: str) -> Any:
    """The nested tree in a JSON or YAML file, or on stdin for ``-``.

    Raises:
        InputError: it cannot be read; names file and line.
    """
    import sys

    import yaml

    try:
        text = sys.stdin.read() if path == "-" else Path(path).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"cannot read the tree: {error}", place={"file": path}) from error
    try:
        return json.loads(text)
    except json.JSONDecodeError:
        pass  # YAML is a superset in practice, and gives the better message
    try:
        return yaml.load(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        place = {"file": path, **({"row": mark.line + 1} if mark else {})}
        raise InputError(
            f"the tree is neither JSON nor YAML: {getattr(error, 'problem', error)}", place=place
        ) from error
