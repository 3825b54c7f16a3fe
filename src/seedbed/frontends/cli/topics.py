"""``topics load|tree|add``."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import click

from seedbed.frontends.cli.options import Group, Real, Whole, common, dataset_option, output_option
from seedbed.frontends.cli.output import counted, one_line, safe
from seedbed.frontends.cli.session import Session, read_text


@click.group("topics", cls=Group, short_help="The topic tree: load, show, add.")
@dataset_option
@output_option
def topics_command() -> None:
    """The topic tree: load, show, add."""


@topics_command.command("load", short_help="Load a tree of topics from a file.")
@click.argument("path", metavar="FILE")
@common
def load_command(session: Session, path: str) -> None:
    """Load a tree of topics from FILE (nested JSON or YAML; - for stdin); existing topics are updated.

    Keys are names, {} is a leaf; _description, _target, _weight, _fields and _aspects describe the topic they are in.
    """
    from seedbed.store.tree import tree_from_text

    tree = tree_from_text(read_text("-" if path == "-" else f"@{path}", what="topics"), path)
    with session.open() as dataset:
        result = dataset.load_topics(tree if tree is not None else {})

    def lines() -> Iterator[str]:
        yield f"{counted(len(result['created']), 'topic')} created, {len(result['updated'])} updated"
        yield from (f"  + {safe(p)}" for p in result["created"][:30])
        if len(result["created"]) > 30:
            yield f"  … and {len(result['created']) - 30} more"

    session.out.data(result, lines)


@topics_command.command("tree", short_help="Show the tree with entries per topic.")
@click.argument("root", required=False)
@click.option("--depth", type=Whole(1), help="Levels shown.")
@common
def tree_command(session: Session, root: str | None, depth: int | None) -> None:
    """Show the tree, or the part below ROOT, with accepted entries per topic."""
    with session.open("ro") as dataset:
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
        if not shown:
            yield "no topics yet; add one: seedbed topics add PATH"
        for topic, n in shown:
            level = topic.path.count("/") - above
            target = f"/{topic.target}" if topic.target is not None else ""
            note = f"  — {one_line(topic.description, 70)}" if topic.description else ""
            yield f"{'  ' * level}{safe(topic.path.rpartition('/')[2])}  {n}{target}{note}"

    session.out.data(data, lines)


@topics_command.command("add", short_help="Add one topic, with its parents.")
@click.argument("path")
@click.option("--description", default="", help="What belongs here; goes into prompts.")
@click.option("--target", type=Whole(0), help="Accepted entries wanted here and below.")
@click.option("--weight", type=Real(0), default=1.0, show_default=True, help="Share among its siblings.")
@click.option(
    "--aspect", "aspects", multiple=True, metavar="TEXT", help="Something the topic is about; may be repeated."
)
@common
def add_command(session: Session, path: str, aspects: tuple[str, ...], **attributes: Any) -> None:
    """Add the topic PATH (names joined by /), with its parents; one that is there is left as it is."""
    meta = {"aspects": list(aspects)} if aspects else {}
    with session.open() as dataset:
        created = dataset.add_topic(path, meta=meta, **attributes)
    session.out.data(
        {"topic": path, "created": created}, lambda: [f"{'added' if created else 'there already'}: {safe(path)}"]
    )
