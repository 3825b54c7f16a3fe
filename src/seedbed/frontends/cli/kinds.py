"""``kinds``: what entries look like."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import click

from seedbed.frontends.cli.options import common
from seedbed.frontends.cli.output import one_line, safe, table
from seedbed.frontends.cli.session import Session

if TYPE_CHECKING:
    from seedbed.dataset.project import Project


@click.command("kinds", short_help="List kinds of entries; show the fields of one.")
@click.argument("name", required=False)
@click.option("--topic", metavar="PATH", help="With the rules of this topic.")
@click.option("--schema", is_flag=True, help="JSON schema of an entry.")
@common
def kinds_command(session: Session, name: str | None, topic: str | None, schema: bool) -> None:
    """List the kinds of entries there are, or show the fields of kind NAME.

    --topic and --schema are about NAME, or the project's own kind.
    """
    project = session.project()
    if name is None and topic is None and not schema:
        rows = _all(project)
        session.out.data({"kinds": rows}, lambda: table([[r["kind"], r["about"]] for r in rows], ["kind", "about"]))
        return
    if topic is not None:
        with session.open("ro") as dataset:
            kind, rules = dataset.kind(name), dataset.topics.rules(topic)
    else:
        from seedbed.kinds.load import load_kind

        kind, rules = load_kind(name or project.config.kind, project.config, folder=project.folder), None
    if schema:
        session.out.json(kind.json_schema(rules))
        return
    told = kind.describe(rules)
    session.out.data(told, lambda: _lines(told))


def _all(project: Project) -> list[dict[str, Any]]:
    from seedbed.kinds.load import kind_names, load_kind

    own = project.config.kind
    out: list[dict[str, Any]] = []
    for name in kind_names(project.config):
        kind = load_kind(name, project.config, folder=project.folder)
        about = f"{', '.join(kind.fields)}" + (f" – {kind.description}" if kind.description else "")
        fields, balance = list(kind.fields), list(kind.balance)
        out.append({"kind": name, "default": name == own, "fields": fields, "balance": balance, "about": about})
    return out


def _lines(told: dict[str, Any]) -> Iterator[str]:
    from seedbed.frontends.cli.next import rule_phrase

    yield f"{safe(told['kind'])}: {one_line(told['description'], 300)}"
    for field, rule in told["fields"].items():
        marks = "*" if field in told["balance"] else " "
        yield f" {marks} {safe(field)}: {one_line(rule_phrase(rule), 200)}"
    yield f"compared for duplicates: {safe(', '.join(told['embed']))}" + ("; * is balanced" if told["balance"] else "")
