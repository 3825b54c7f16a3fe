"""``guide``: what an agent needs to know, rendered from the live project."""

from __future__ import annotations

from pathlib import Path

import click

from seedbed.frontends.cli.options import OneOf, common
from seedbed.frontends.cli.output import safe
from seedbed.frontends.cli.session import JSON, Session
from seedbed.frontends.guides import ABOUT, GUIDES, render_guide
from seedbed.frontends.guides.installing import agents_md as agents_block
from seedbed.frontends.guides.installing import install_skill, update_agents_md


@click.command("guide", short_help="What an agent needs to know about this project.")
@click.argument("name", required=False, type=OneOf("guide", *GUIDES), metavar="[NAME]")
@click.option("--topic", metavar="PATH", help="Narrow fields, gaps and examples to this topic.")
@click.option("--list", "list_", is_flag=True, help="List the guides.")
@click.option("--skill", metavar="DIR", type=Path, help="Install the skill 'seedbed' in DIR, a folder of skills.")
@click.option("--agents-md", metavar="FILE", help="Write the part about Seedbed into AGENTS.md; - prints it.")
@common
def guide_command(
    session: Session, name: str | None, topic: str | None, list_: bool, skill: Path | None, agents_md: str | None
) -> None:
    """Print the guide NAME: agent, schema, structure, generation or review.

    Guides are Markdown on stdout, also in a pipe; --json wraps them. Without NAME the guides are listed.
    """
    if skill is not None:
        _report(session, install_skill(skill))
    if agents_md is not None:
        _agents_md(session, agents_md)
    if name is not None:
        with session.open("ro") as dataset:
            text = render_guide(dataset, name, topic=topic)
        _print(session, text, {"guide": name, "topic": topic, "text": text})
    elif list_ or (skill is None and agents_md is None):
        rows = [{"guide": guide, "about": ABOUT[guide]} for guide in GUIDES]
        session.out.data({"guides": rows}, lambda: [f"{g:12}  {ABOUT[g]}" for g in GUIDES])


def _agents_md(session: Session, file: str) -> None:
    block = agents_block(session.project().config.description)
    if file == "-":
        _print(session, block, {"text": block})
    else:
        _report(session, {file: update_agents_md(Path(file), block)})


def _report(session: Session, done: dict[str, str]) -> None:
    rows = [{"file": path, "done": what} for path, what in done.items()]
    session.out.data({"files": rows}, lambda: [f"{what:8} {safe(path)}" for path, what in done.items()])


def _print(session: Session, text: str, data: dict[str, str | None]) -> None:
    """Markdown as it is: agents read it through a pipe, where other commands print JSON."""
    if click.get_current_context().meta.get(JSON):
        session.out.json(data)
    else:
        session.out.lines(safe(text).rstrip("\n").split("\n"))
