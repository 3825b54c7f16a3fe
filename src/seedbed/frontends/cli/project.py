"""``init`` and ``reembed``."""

from __future__ import annotations

import os
from collections.abc import Iterator
from importlib import resources
from pathlib import Path

import click

from seedbed.core.errors import InputError, ReadOnlyError, UnknownNameError
from seedbed.frontends.cli.options import common
from seedbed.frontends.cli.output import counted, safe
from seedbed.frontends.cli.session import Session


@click.command("init", short_help="Make a project: seedbed.yaml, topics, an empty dataset.")
@click.argument("folder", default=".")
@click.option(
    "-t", "--template", metavar="NAME", default="blank", show_default=True, help="Project to start from; see --list."
)
@click.option("--list", "list_", is_flag=True, help="List the templates.")
@common
def init_command(session: Session, folder: str, template: str, list_: bool) -> None:
    """Make FOLDER a project: seedbed.yaml, a topic tree, a brief for writers, AGENTS.md and an empty dataset.

    Existing files are never overwritten.
    """
    known = templates()
    if list_:
        rows = [{"template": name, "description": text} for name, text in known.items()]
        width = max(map(len, known))
        session.out.data({"templates": rows}, lambda: [f"{name:{width}}  {text}" for name, text in known.items()])
        return
    if template not in known:
        raise UnknownNameError("template", template, known)
    made, kept = copy_template(template, Path(folder))
    _write_agents_md(Path(folder), made, kept)
    from seedbed.dataset import create
    from seedbed.dataset.project import find_project
    from seedbed.store.tree import read_tree

    existed = find_project(session.db or folder, environ=os.environ).dataset.exists()
    with create(session.db or folder, exist_ok=True) as dataset:
        (kept if existed else made).append(os.path.relpath(dataset.path, folder))
        topics = Path(folder) / "topics.yaml"
        loaded = dataset.load_topics(read_tree(topics) or {})["created"] if not existed and topics.exists() else []
    data = {"folder": folder, "template": template, "created": made, "kept": kept, "topics": len(loaded)}
    session.out.data(data, lambda: _init_lines(folder, made, kept, loaded))


def _init_lines(folder: str, made: list[str], kept: list[str], loaded: list[str]) -> Iterator[str]:
    yield from (f"  + {safe(name)}" for name in made)
    yield from (f"  = {safe(name)} (kept)" for name in kept)
    if loaded:
        yield f"{counted(len(loaded), 'topic')} loaded"
    go = "" if folder == "." else f"cd {safe(folder)} && "
    yield f"next: {go}" + ("seedbed report" if loaded else "seedbed topics add PATH")
    yield f"for agents: {go}seedbed guide agent"


def templates() -> dict[str, str]:
    """Names and first comment lines of the project templates."""
    out: dict[str, str] = {}
    for folder in sorted(_home().iterdir(), key=lambda f: (f.name != "blank", f.name)):
        config = folder / "seedbed.yaml"
        if config.is_file():
            out[folder.name] = config.read_text(encoding="utf-8").splitlines()[0].lstrip("# ").rstrip()
    return out


def _home() -> Path:
    return Path(str(resources.files("seedbed.frontends"))) / "templates"


def copy_template(template: str, folder: Path) -> tuple[list[str], list[str]]:
    """Copy the template's files; returns names made and names that were there.

    Raises:
        InputError: ``folder`` is a file.
        ReadOnlyError: it cannot be written.
    """
    made: list[str] = []
    kept: list[str] = []
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for source in sorted(f for f in (_home() / template).iterdir() if f.is_file()):
            target = folder / source.name
            if target.exists():
                kept.append(source.name)
                continue
            target.write_text(source.read_text(encoding="utf-8"), encoding="utf-8")
            made.append(source.name)
    except (FileExistsError, NotADirectoryError) as error:
        raise InputError(f"{str(folder)!r} is a file, not a folder", place={"file": str(folder)}) from error
    except PermissionError as error:
        raise ReadOnlyError(f"cannot write in {str(folder)!r}", place={"file": str(error.filename)}) from error
    return made, kept


def _write_agents_md(folder: Path, made: list[str], kept: list[str]) -> None:
    """Put ``AGENTS.md`` into the project, unless there is one: then ``guide --agents-md`` adds to it when asked."""
    from seedbed.core.config import CONFIG_NAME, load_config
    from seedbed.frontends.guides.installing import agents_md

    path = folder / "AGENTS.md"
    if path.exists():
        kept.append(path.name)
        return
    path.write_text(agents_md(load_config(folder / CONFIG_NAME).description), encoding="utf-8")
    made.append(path.name)


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
