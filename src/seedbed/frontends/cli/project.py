"""``init`` and ``reembed``."""

from __future__ import annotations

import os
import shlex
from collections.abc import Iterator
from importlib import resources
from pathlib import Path

import click

from seedbed.core.errors import UnknownNameError
from seedbed.frontends.cli.options import common
from seedbed.frontends.cli.output import counted, safe
from seedbed.frontends.cli.session import Session

BLANK = "blank"
"""The template of a project that is still to be designed."""


@click.command("init", short_help="Make a project: seedbed.yaml, topics, an empty dataset.")
@click.argument("folder", default=".")
@click.option(
    "-t", "--template", metavar="NAME", default=BLANK, show_default=True, help="Project to start from; see --list."
)
@click.option("--list", "list_", is_flag=True, help="List the templates.")
@common
def init_command(session: Session, folder: str, template: str, list_: bool) -> None:
    """Make FOLDER a project: seedbed.yaml, a topic tree, a brief for writers, AGENTS.md and an empty dataset.

    Existing files are never overwritten; a project of another kind is left as it is. --db FILE is written into a new
    seedbed.yaml.
    """
    known = templates()
    if list_:
        rows = [{"template": name, "description": text} for name, text in known.items()]
        width = max(map(len, known))
        session.out.data({"templates": rows}, lambda: [f"{name:{width}}  {text}" for name, text in known.items()])
        return
    if template not in known:
        raise UnknownNameError("template", template, known)
    from seedbed.dataset import create
    from seedbed.dataset.project import find_project
    from seedbed.frontends.cli import scaffold
    from seedbed.frontends.guides.installing import has_block
    from seedbed.store.tree import read_tree

    at = Path(folder)
    scaffold.refuse_another_kind(template, at)
    made, kept = scaffold.copy_template(template, at)
    if session.db is not None:
        scaffold.name_dataset(at, Path(session.db), made)
    scaffold.write_agents_md(at, made, kept)
    existed = find_project(folder, environ=os.environ).dataset.exists()
    with create(folder, exist_ok=True) as dataset:
        (kept if existed else made).append(os.path.relpath(dataset.path, folder))
        topics = at / "topics.yaml"
        loaded = dataset.load_topics(read_tree(topics) or {})["created"] if not existed and topics.exists() else []
    data = {"folder": folder, "template": template, "created": made, "kept": kept, "topics": len(loaded)}
    session.out.data(data, lambda: _init_lines(folder, made, kept, loaded))
    agents = at / scaffold.AGENTS
    if not has_block(agents):
        command = f"seedbed guide --agents-md {shlex.quote(str(agents))}"
        session.out.note(f"{agents.name} says nothing of this dataset yet: {command}")


def _init_lines(folder: str, made: list[str], kept: list[str], loaded: list[str]) -> Iterator[str]:
    yield from (f"  + {safe(name)}" for name in made)
    yield from (f"  = {safe(name)} (kept)" for name in kept)
    if loaded:
        yield f"{counted(len(loaded), 'topic')} loaded"
    go = "" if folder == "." else f"cd {safe(shlex.quote(folder))} && "
    yield f"next: {go}" + ("seedbed report" if loaded else "seedbed topics add PATH")
    yield f"for agents: {go}seedbed guide agent"


def templates() -> dict[str, str]:
    """Names and first comment lines of the project templates."""
    out: dict[str, str] = {}
    for folder in sorted(home().iterdir(), key=lambda f: (f.name != BLANK, f.name)):
        config = folder / "seedbed.yaml"
        if config.is_file():
            out[folder.name] = config.read_text(encoding="utf-8").splitlines()[0].lstrip("# ").rstrip()
    return out


def home() -> Path:
    """The folder of the templates."""
    return Path(str(resources.files("seedbed.frontends"))) / "templates"


@click.command("reembed", short_help="Replace all vectors by another embedder's.")
@click.argument("embedder", required=False)
@common
def reembed_command(session: Session, embedder: str | None) -> None:
    """Replace all vectors by those of EMBEDDER.

    EMBEDDER is static, minilm or provider:model of an embedding endpoint [default: the project's].
    """
    with session.open() as dataset:
        configured = dataset.project.config.embedder
        count = dataset.reembed(embedder)
        current = dataset.file.vectors.current()
        config = dataset.project.config_path
    name = current[0] if current else ""
    if embedder is not None and embedder != configured:
        session.out.note(f"now write 'embedder: {embedder}' into {config}: it names {configured!r}")
    entries = counted(count, "entry", "entries")
    session.out.data({"embedder": name, "entries": count}, lambda: [f"{entries} embedded with {safe(name)}"])
