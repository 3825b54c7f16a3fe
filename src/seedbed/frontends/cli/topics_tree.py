"""``topics tree``: text, JSON or DOT."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import click

from seedbed.frontends.cli.options import Whole, common
from seedbed.frontends.cli.output import one_line, safe
from seedbed.frontends.cli.session import Session

if TYPE_CHECKING:
    from seedbed.core.records import Topic

Row = tuple["Topic", int, dict[str, int]]
"""A topic with its finished entries and, where asked for, its entries by state."""


@click.command("tree", short_help="Show the tree with entries per topic.")
@click.argument("root", required=False)
@click.option("--depth", type=Whole(1), help="Levels shown.")
@click.option("--counts", is_flag=True, help="Entries by state: in review, rejected …")
@click.option("--dot", is_flag=True, help="A graph for Graphviz on stdout.")
@click.option("--yaml", "as_yaml", is_flag=True, help="The whole tree as topics load reads it, on stdout.")
@click.option("-i", "--interactive", is_flag=True, help="Look around in the tree and its entries on the screen.")
@common
def tree_command(session: Session, root: str | None, depth: int | None, counts: bool, **form: bool) -> None:
    """Show the tree, or the part below ROOT, with accepted entries per topic."""
    if form["interactive"]:
        from seedbed.frontends.tui import run_tree

        with session.open("ro") as dataset:
            run_tree(dataset, root)
        return
    with session.open("ro") as dataset:
        if root is not None:
            root = dataset.file.topics.get(root).path
        states = dataset.topics.counts(root) if counts else {}
        rows: list[Row] = [(t, n, states.get(t.path, {})) for t, n in dataset.tree(root)]
    above = root.count("/") if root else 0
    shown = [row for row in rows if depth is None or row[0].path.count("/") - above < depth]
    if form["as_yaml"]:
        session.out.lines(yaml_lines([row[0] for row in shown], root))
    elif form["dot"]:
        session.out.lines(dot_lines(shown))
    else:
        session.out.data([_data(row, counts) for row in shown], lambda: _lines(shown, above))


def _data(row: Row, counts: bool) -> dict[str, Any]:
    topic, n, states = row
    out: dict[str, Any] = {"topic": topic.path, "entries": n, "leaf": topic.is_leaf}
    if topic.description:
        out["description"] = topic.description
    if topic.target is not None:
        out["target"] = topic.target
    return out | ({"counts": states} if counts else {})


def _lines(rows: Sequence[Row], above: int) -> Iterator[str]:
    if not rows:
        yield "no topics yet; add one: seedbed topics add PATH"
    for topic, n, states in rows:
        level = topic.path.count("/") - above
        target = f"/{topic.target}" if topic.target is not None else ""
        beside = ", ".join(f"{number} {state}" for state, number in states.items() if state != "accepted")
        note = f"  — {one_line(topic.description, 70)}" if topic.description else ""
        name = safe(topic.path.rpartition("/")[2])
        yield f"{'  ' * level}{name}  {n}{target}{f' ({beside})' if beside else ''}{note}"


def yaml_lines(topics: Sequence[Topic], root: str | None = None) -> list[str]:
    """The tree as ``topics load`` reads it."""
    import yaml

    from seedbed.store.tree import nested_tree

    nested = nested_tree(topics, root)
    plain = yaml.safe_dump(nested, sort_keys=False, allow_unicode=True, width=100)
    if safe(plain) != plain:  # marks that turn the direction of what follows
        plain = yaml.safe_dump(nested, sort_keys=False, allow_unicode=False, width=100)
    return plain.splitlines()


def dot_lines(rows: Sequence[Row]) -> Iterator[str]:
    """The tree in the language of Graphviz; a node is known by its whole path, since names repeat."""
    there = {topic.path for topic, _, _ in rows}
    yield "digraph topics {"
    yield "  node [shape=box];"
    for topic, n, _ in rows:
        parent, _, name = topic.path.rpartition("/")
        target = f"/{topic.target}" if topic.target is not None else ""
        yield f"  {_quoted(topic.path)} [label={_quoted(name, f'{n}{target}')}];"
        if parent in there:
            yield f"  {_quoted(parent)} -> {_quoted(topic.path)};"
    yield "}"


def _quoted(*lines: str) -> str:
    escaped = (safe(line).replace("\\", "\\\\").replace('"', '\\"') for line in lines)
    return '"' + "\\n".join(escaped) + '"'
