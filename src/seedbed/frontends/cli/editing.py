"""``edit``, ``move`` and ``remove``: entries that are there already."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator
from typing import Any

import click

from seedbed.core.errors import ExitCode, InputError, RowError
from seedbed.frontends.cli.options import OneOf, common, who_options
from seedbed.frontends.cli.output import counted, one_line, safe
from seedbed.frontends.cli.session import Session, parse_rows, read_text
from seedbed.frontends.cli.submitting import POLICIES, result_lines, row_result, row_status, shortened


@click.command("edit", short_help="Change fields of an entry; checked like a new one.")
@click.argument("entry_id", metavar="ID")
@click.argument("changes", metavar="[CHANGES]", required=False)
@click.option("--set", "pairs", multiple=True, metavar="FIELD=VALUE", help="New value of a field; may be repeated.")
@click.option("--check", "check_only", is_flag=True, help="Only say what would happen.")
@click.option(
    "--on-duplicate",
    type=OneOf("policy", *POLICIES),
    help="Refuse to become a duplicate, allow it, or have it reviewed [default: as for submit].",
)
@who_options("edits")
@common
def edit_command(
    session: Session, /, entry_id: str, changes: str | None, pairs: tuple[str, ...], **options: Any
) -> int:
    """Change fields of an entry; it keeps its id.

    CHANGES is a JSON object of new field values (null takes a field away), @FILE, or - for stdin; --set goes before
    it. Nothing is written when the changed entry does not pass the checks. What reviewers decided is withdrawn, because
    it was about something else.

    Exit status: 0 done, 1 it does not pass, 2 wrong input, 3 no such entry.
    """
    with session.open("ro" if options["check_only"] else "rw") as dataset:
        kind = dataset.kind(dataset.show(entry_id).kind)
        texts = {name for name, rule in kind.fields.items() if rule.type == "string"}
        new = {**_object(changes), **dict(_pair(p, texts) for p in pairs)}
        if not new:
            raise InputError(
                "no changes given", fix='write \'{"field": "value"}\', or --set field=value', code="no_changes"
            )
        decision = dataset.edit(entry_id, new, **options)
    result = {"row": 1, **row_result(decision)}
    session.out.data(
        {k: v for k, v in shortened(result).items() if k != "row"},
        lambda: result_lines([result], options["check_only"]),
    )
    return int(row_status(decision))


def _object(changes: str | None) -> dict[str, Any]:
    if changes is None:
        return {}
    rows = parse_rows(read_text(changes, what="changes"), what="changes")
    if isinstance(rows[0], RowError):
        raise rows[0]
    if len(rows) != 1 or not isinstance(rows[0], dict):
        raise InputError("changes are one JSON object", fix='write \'{"field": "value"}\'')
    return dict(rows[0])


def _pair(pair: str, texts: Collection[str]) -> tuple[str, Any]:
    """``FIELD=VALUE``: as it is for fields that hold ``texts``; else JSON where it is that."""
    name, sign, text = pair.partition("=")
    if not sign or not name:
        raise InputError(f"{pair[:60]!r} is not FIELD=VALUE", fix="write e.g. --set difficulty=hard")
    if name in texts:
        return name, text
    try:
        return name, json.loads(text)
    except (ValueError, RecursionError):
        return name, text


@click.command("move", short_help="Move entries to another topic, rechecked there.")
@click.argument("ids", metavar="ID...", nargs=-1, required=True)
@click.argument("topic", metavar="TOPIC")
@click.option(
    "--on-violation", type=OneOf("policy", "refuse", "review", "reject"), default="refuse", show_default=True,
    help="Entries that do not pass there: move nothing, or move them as pending or rejected.",
)  # fmt: skip
@click.option("--dry-run", is_flag=True, help="Only say what would happen.")
@who_options("moves")
@common
def move_command(session: Session, /, ids: tuple[str, ...], topic: str, **options: Any) -> int:
    """Move entries to another leaf topic; each is checked against its rules and entries.

    IDs may be prefixes of at least 6 characters. All of them are moved, or none.

    Exit status: 0 done, 1 a dry run found entries that do not pass, 2 refused, 3 no such entry.
    """
    with session.open("ro" if options["dry_run"] else "rw") as dataset:
        result = dataset.move(ids, topic, **options)
    session.out.data(result, lambda: _move_lines(result))
    return int(ExitCode.FAILURE if result["violations"] and result["dry_run"] else ExitCode.OK)


def _move_lines(result: dict[str, Any]) -> Iterator[str]:
    would = "would be " if result["dry_run"] else ""
    yield f"{counted(result['moved'], 'entry', 'entries')} {would}moved to {safe(result['topic'])}"
    if result["violations"]:
        yield f"  {result['violations']} of them do not pass there:"
    yield from (f"    {v['id']}  {v['code']}: {one_line(v['reason'], 160)}" for v in result["worst"])
    if result["violations"] > len(result["worst"]):
        yield f"    … and {result['violations'] - len(result['worst'])} more"


@click.command("remove", short_help="Take entries out of the dataset; undo restores them.")
@click.argument("ids", metavar="ID...", nargs=-1, required=True)
@click.option("--dry-run", is_flag=True, help="Only say what would happen.")
@who_options("removes")
@common
def remove_command(session: Session, /, ids: tuple[str, ...], **options: Any) -> None:
    """Take entries out of the dataset, all of them or none.

    undo restores them until compact forgets them for good. IDs may be prefixes of at least 6 characters.
    """
    with session.open("ro" if options["dry_run"] else "rw") as dataset:
        result = dataset.remove(ids, **options)
    would = "would be " if result["dry_run"] else ""
    session.out.data(result, lambda: [f"{counted(result['removed'], 'entry', 'entries')} {would}removed"])
