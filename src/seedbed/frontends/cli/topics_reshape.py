"""``topics move|rename|merge|split|remove``."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from typing import Any

import click

from seedbed.core.errors import ExitCode, InputError, RowError
from seedbed.frontends.cli.session import Session, parse_rows, read_text
from seedbed.frontends.cli.topics_change import changing, tell


@click.command("move", short_help="Put a topic under another one.")
@click.argument("path")
@click.argument("new_parent", required=False)
@click.option("--to-root", is_flag=True, help="To the top of the tree, as NEW_PARENT / does.")
@changing
def move_command(session: Session, /, path: str, new_parent: str | None, to_root: bool, **how: Any) -> ExitCode:
    """Put the topic PATH, with everything below it, under NEW_PARENT (/ for the root).

    Entries are checked against the field rules of the new path.
    """
    if to_root == (new_parent is not None):
        raise InputError(
            "say where to: NEW_PARENT, or --to-root", fix=f"seedbed topics move {shlex.quote(path)} NEW_PARENT"
        )
    with session.open() as dataset:
        return tell(session, dataset.topics.move(path, new_parent, **how))


@click.command("rename", short_help="Give a topic another name.")
@click.argument("path")
@click.argument("name")
@changing
def rename_command(session: Session, /, path: str, name: str, **how: Any) -> ExitCode:
    """Give the topic PATH another NAME, where it is."""
    with session.open() as dataset:
        return tell(session, dataset.topics.rename(path, name, **how))


@click.command("merge", short_help="Make two topics one.")
@click.argument("path")
@click.argument("into")
@changing
def merge_command(session: Session, /, path: str, into: str, **how: Any) -> ExitCode:
    """Move everything of the topic PATH to the topic INTO and remove PATH; subtopics of one name are merged as well.

    Entries are checked against the rules of INTO, and duplicates between both are found.
    """
    with session.open() as dataset:
        return tell(session, dataset.topics.merge(path, into, **how))


@click.command("remove", short_help="Remove a topic and what is below it.")
@click.argument("path")
@click.option(
    "--entries",
    metavar="refuse|remove|TOPIC",
    default="refuse",
    show_default=True,
    help="Refuse while there are entries, remove them too, or move them to TOPIC.",
)
@changing
def remove_command(session: Session, /, path: str, entries: str, **how: Any) -> ExitCode:
    """Remove the topic PATH and everything below it; planned jobs of it are cancelled."""
    with session.open() as dataset:
        return tell(session, dataset.topics.remove(path, entries, **how))


@click.command("split", short_help="Divide a topic's entries over new subtopics.")
@click.argument("path")
@click.option("--by", metavar="FIELD", help="One subtopic for every value of a field.")
@click.option(
    "--assign", metavar="FILE", help='JSON lines {"id": …, "topic": name}, or one object id → name; - for stdin.'
)
@click.option(
    "--into", multiple=True, metavar="NAMES", help="a,b,c or NAME=DESCRIPTION; repeatable. Entries go to the nearest."
)
@changing
def split_command(
    session: Session, /, path: str, by: str | None, assign: str | None, into: tuple[str, ...], **how: Any
) -> ExitCode:
    """Divide the entries of the leaf PATH over new subtopics, in one of three ways."""
    assigned = None
    if assign is not None:
        assigned = assignments(read_text("-" if assign == "-" else f"@{assign}", what="assignments"))
    with session.open() as dataset:
        change = dataset.topics.split(path, by=by, assign=assigned, into=named(into) if into else None, **how)
        return tell(session, change)


def named(values: tuple[str, ...]) -> dict[str, str]:
    """Descriptions by name, from ``a,b,c`` and ``NAME=DESCRIPTION``."""
    out: dict[str, str] = {}
    for value in values:
        name, described, description = value.partition("=")
        for one in [name] if described else value.split(","):
            if one.strip():
                out[one.strip()] = description.strip()
    return out


def assignments(text: str) -> dict[str, str]:
    """Subtopic by entry id.

    Raises:
        RowError: a row without id or topic, or an id that is there twice; names the row.
    """
    rows = parse_rows(text, what="assignments")
    if len(rows) == 1 and isinstance(rows[0], Mapping) and "id" not in rows[0]:
        rows = [{"id": entry_id, "topic": name} for entry_id, name in rows[0].items()]
    out: dict[str, str] = {}
    for number, row in enumerate(rows, 1):
        if isinstance(row, RowError):
            raise row
        entry_id, name = (row.get("id"), row.get("topic")) if isinstance(row, Mapping) else (None, None)
        if not isinstance(entry_id, str) or not isinstance(name, str):
            raise RowError(
                "an assignment needs id and topic", place={"row": number}, fix='{"id": "…", "topic": "name"}'
            )
        if out.setdefault(entry_id, name) != name:
            raise RowError(f"entry {entry_id} is assigned twice", place={"row": number})
    return out
