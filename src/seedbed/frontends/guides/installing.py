"""Texts that a project or an agent's home keeps: the block in ``AGENTS.md`` and the installable skill."""

from __future__ import annotations

from importlib import resources
from pathlib import Path

from seedbed.core.errors import InputError, ReadOnlyError

BEGIN, END = "<!-- seedbed: begin (written by `seedbed guide --agents-md`) -->", "<!-- seedbed: end -->"
SKILL = "seedbed"
"""Name of the skill, and of the folder it is installed in."""

_OURS = f"name: {SKILL}\n"


def agents_md(description: str = "") -> str:
    """The block about Seedbed for a project's ``AGENTS.md``, between two marks, with a final newline."""
    about = f"{' '.join(description.split())[:600]}\n\n" if description.strip() else ""
    text = (resources.files("seedbed.frontends.guides") / "agents.md").read_text(encoding="utf-8")
    return f"{BEGIN}\n{text.strip().replace('{about}', about)}\n{END}\n"


def with_block(text: str, block: str) -> str:
    """``text`` with ``block`` in the place of the one it has, or at its end; everything else is left as it is."""
    start, end = text.find(BEGIN), text.find(END)
    if start < 0 or end < start:
        return f"{text.rstrip()}\n\n{block}" if text.strip() else block
    rest = text[end + len(END) :]
    return text[:start] + block + rest.removeprefix("\n")


def has_block(path: Path) -> bool:
    """Whether the file holds a block of ours."""
    return BEGIN.encode() in path.read_bytes()


def update_agents_md(path: Path, block: str) -> str:
    """Write the block into the file; says whether it was ``created``, ``updated`` or the ``same`` before.

    Raises:
        InputError: the file is not UTF-8 text.
        ReadOnlyError: it cannot be written.
    """
    try:
        before = path.read_bytes().decode("utf-8") if path.exists() else None
        after = with_block(before or "", block)
        if after == before:
            return "same"
        path.write_bytes(after.encode("utf-8"))
    except UnicodeDecodeError as error:
        raise InputError(f"{path} is not UTF-8 at byte {error.start}", place={"file": str(path)}) from error
    except OSError as error:
        raise ReadOnlyError(f"cannot write {path}: {error.strerror}", place={"file": str(path)}) from error
    return "created" if before is None else "updated"


def install_skill(folder: Path) -> dict[str, str]:
    """Put the skill into ``folder/seedbed``, over an earlier version of it; each file's path → what was done.

    Raises:
        InputError: a skill of the same name but of somebody else's is there.
        ReadOnlyError: the folder cannot be written.
    """
    home = Path(str(resources.files("seedbed.frontends"))) / "skill"
    target = folder / SKILL
    done: dict[str, str] = {}
    try:
        there = target / "SKILL.md"
        if there.exists() and _OURS not in there.read_text(encoding="utf-8", errors="replace")[:400]:
            raise InputError(f"{there} is another skill", place={"file": str(there)}, fix="choose another folder")
        for source in sorted(home.rglob("*.md")):
            path = target / source.relative_to(home)
            text = source.read_bytes()
            before = path.read_bytes() if path.exists() else None
            done[str(path)] = "same" if before == text else "created" if before is None else "updated"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(text)
    except OSError as error:
        raise ReadOnlyError(f"cannot write in {folder}: {error.strerror}", place={"file": str(folder)}) from error
    return done
