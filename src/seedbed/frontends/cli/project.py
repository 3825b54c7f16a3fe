"""``init`` and ``reembed``."""

from __future__ import annotations

from collections.abc import Iterator
from importlib import resources
from pathlib import Path

import click

from seedbed.core.errors import UnknownNameError
from seedbed.frontends.cli.app import common
from seedbed.frontends.cli.output import Output, safe
from seedbed.frontends.cli.session import open_dataset


@click.command("init")
@click.argument("folder", default=".", type=click.Path(file_okay=False))
@click.option("-t", "--template", default="blank", show_default=True, help="Project to start from.")
@click.option("--list", "list_", is_flag=True, help="List the templates.")
@common
def init_command(folder: str, template: str, list_: bool, db: str | None, as_json: bool | None) -> None:
    """Make FOLDER a project: seedbed.yaml, a topic tree and an empty dataset. Existing files are never overwritten."""
    out = Output.for_streams(as_json=as_json)
    known = templates()
    if list_:
        data = [{"template": name, "description": text} for name, text in known.items()]
        out.data({"templates": data}, lambda: [f"{name:12}  {text}" for name, text in known.items()])
        return
    if template not in known:
        raise UnknownNameError("template", template, known)
    made, kept = _copy(template, Path(folder))
    from seedbed.dataset import create

    dataset_path = Path(db) if db else Path(folder)
    existed = (dataset_path / "seedbed.db").exists() if dataset_path.is_dir() else dataset_path.exists()
    with create(dataset_path, exist_ok=True) as dataset:
        (kept if existed else made).append(dataset.path.name)
        topics = Path(folder) / "topics.yaml"
        if not existed and topics.exists():
            from seedbed.frontends.cli.topics import read_tree

            dataset.load_topics(read_tree(str(topics)) or {})

    def lines() -> Iterator[str]:
        yield from (f"  + {safe(name)}" for name in made)
        yield from (f"  = {safe(name)} (kept)" for name in kept)

    out.data({"folder": folder, "template": template, "created": made, "kept": kept}, lines)


def templates() -> dict[str, str]:
    """Names and first comment lines of the project templates."""
    out: dict[str, str] = {}
    for folder in sorted(_home().iterdir(), key=lambda f: (f.name != "blank", f.name)):
        config = folder.joinpath("seedbed.yaml")
        if config.is_file():
            out[folder.name] = config.read_text(encoding="utf-8").splitlines()[0].lstrip("# ").rstrip()
    return out


def _home() -> Path:
    return Path(str(resources.files("seedbed.frontends"))) / "templates"


def _copy(template: str, folder: Path) -> tuple[list[str], list[str]]:
    """Copy the template's files; returns names made and names that were there."""
    made: list[str] = []
    kept: list[str] = []
    folder.mkdir(parents=True, exist_ok=True)
    for source in sorted((_home() / template).iterdir()):
        target = folder / source.name
        if target.exists():
            kept.append(source.name)
            continue
        target.write_text(source.read_text(encoding="utf-8"), encoding="utf-8")
        made.append(source.name)
    return made, kept


@click.command("reembed")
@click.argument("embedder", required=False)
@common
def reembed_command(embedder: str | None, db: str | None, as_json: bool | None) -> None:
    """Replace all vectors by those of EMBEDDER: static, minilm or provider:model [default: the project's]."""
    out = Output.for_streams(as_json=as_json)
    with open_dataset(db) as dataset:
        count = dataset.reembed(embedder)
        current = dataset.file.vectors.current()
    name = current[0] if current else ""
    out.data({"embedder": name, "entries": count}, lambda: [f"{count} entries embedded with {safe(name)}"])
