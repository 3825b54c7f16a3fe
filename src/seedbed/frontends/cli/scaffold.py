"""What ``init`` writes: a template's files, ``AGENTS.md``, the dataset's name; what is there is never overwritten."""

from __future__ import annotations

import json
import os
from pathlib import Path

from seedbed.core.config import CONFIG_NAME, DATASET_NAME, load_config
from seedbed.core.errors import InputError, ReadOnlyError
from seedbed.frontends.cli.project import BLANK, home
from seedbed.frontends.guides.installing import agents_md

AGENTS = "AGENTS.md"


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
        for source in sorted(f for f in (home() / template).iterdir() if f.is_file()):
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


def refuse_another_kind(template: str, folder: Path) -> None:
    """Raise ``InputError`` where a project is already whose entries are not of the template's kind."""
    if template == BLANK or not (folder / CONFIG_NAME).is_file():
        return
    there, wanted = (load_config(at / CONFIG_NAME).kind for at in (folder, home() / template))
    if there != wanted:
        raise InputError(
            f"there is a project of kind {there!r} in {str(folder)!r}; template {template!r} makes one of {wanted!r}",
            place={"file": str(folder / CONFIG_NAME)},
            fix="choose another folder, or leave out --template",
            code="project_exists",
        )


def name_dataset(folder: Path, dataset: Path, made: list[str]) -> None:
    """Write the name of the dataset into a new ``seedbed.yaml``; raises ``InputError`` where an old one differs."""
    path, config = dataset.expanduser().absolute(), folder / CONFIG_NAME
    path = path / DATASET_NAME if path.is_dir() else path
    named = folder.absolute() / load_config(config).dataset
    if os.path.normpath(path) == os.path.normpath(named):
        return
    line = f"dataset: {json.dumps(os.path.relpath(path, folder.absolute()), ensure_ascii=False)}"
    if CONFIG_NAME not in made:
        raise InputError(
            f"{CONFIG_NAME} names another dataset: {named}",
            place={"file": str(config)},
            fix=f"leave out --db, or write '{line}' into it",
        )
    with config.open("a", encoding="utf-8") as file:
        file.write(f"{line}\n")


def write_agents_md(folder: Path, made: list[str], kept: list[str]) -> None:
    """Put ``AGENTS.md`` into the project, unless there is one: then ``guide --agents-md`` adds to it when asked."""
    path = folder / AGENTS
    if path.exists():
        kept.append(path.name)
        return
    path.write_text(agents_md(load_config(folder / CONFIG_NAME).description), encoding="utf-8")
    made.append(path.name)
