"""What commands that change the tree share: their options, and how a change is told."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, TypeVar

import click

from seedbed.core.errors import ExitCode
from seedbed.frontends.cli.options import OneOf, common, who_options
from seedbed.frontends.cli.output import counted, one_line, safe

if TYPE_CHECKING:
    from seedbed.dataset.tree.topics import TreeChange
    from seedbed.frontends.cli.session import Session

F = TypeVar("F", bound=Callable[..., Any])

LISTED = 30
"""Paths of one list that are shown as text; ``--json`` gives all."""


def changing(command: F) -> F:
    """The shared options and those of every change: who and why, ``--dry-run``, ``--on-violation``."""
    command = common(who_options("changes the tree")(command))
    command = click.option(
        "--on-violation",
        type=OneOf("way", "refuse", "review", "reject"),
        default="refuse",
        show_default=True,
        help="What becomes of entries that do not fit their new place.",
    )(command)
    return click.option("--dry-run", is_flag=True, help="Tell what would happen; write nothing.")(command)


def tell(session: Session, change: TreeChange) -> ExitCode:
    """Show a change; a dry run that would be refused is a failure."""
    session.out.data(change.to_dict(limit=LISTED), lambda: change_lines(change))
    return ExitCode.FAILURE if change.refused else ExitCode.OK


def change_lines(change: TreeChange) -> Iterator[str]:
    """A change as text."""
    yield _headline(change)
    yield from (f"  {safe(m['from'])} → {safe(m['to'])}" for m in change.moved[:LISTED])
    for mark, paths in (("+", change.created), ("~", change.updated), ("-", change.removed)):
        yield from (f"  {mark} {safe(p)}" for p in paths[:LISTED])
        if len(paths) > LISTED:
            yield f"  … and {len(paths) - LISTED} more"
    if change.violations:
        yield f"{counted(change.violations, 'entry does', 'entries do')} not fit:"
        yield from (f"  {w['id']} in {safe(w['topic'])}: {one_line(w['reason'], 160)}" for w in change.worst)
    if change.overlaps["pairs"]:
        yield f"siblings that do not exclude each other: {counted(change.overlaps['pairs'], 'pair')}"
        yield from (f"  {_pair(pair)}" for pair in change.overlaps["top"])
    yield from (f"note: {safe(w)}" for w in change.warnings)


def _headline(change: TreeChange) -> str:
    done = [
        f"{counted(len(getattr(change, name)), 'topic')} {name}"
        for name in ("created", "updated", "moved", "removed")
        if getattr(change, name)
    ]
    done += [f"{counted(n, 'entry', 'entries')} moved" for n in (change.entries_moved,) if n]
    done += [f"{counted(n, 'entry', 'entries')} removed" for n in (change.entries_removed,) if n]
    told = ", ".join(done) or "nothing to change"
    if change.refused:
        return f"would be refused: {told}"
    if change.dry_run:
        return f"dry run: {told}"
    return told + (f" (undo with: seedbed undo {change.event})" if change.event is not None else "")


def _pair(pair: dict[str, Any]) -> str:
    a, b = pair["topics"]
    said = "; ".join(f"{name}: {_allowed(value)}" for name, value in pair["common"].items())
    return f"{safe(a)} ~ {safe(b)}" + (f" ({one_line(said, 80)})" if said else "")


def _allowed(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(map(str, value))
    return ", ".join(f"{k} {v}" for k, v in value.items()) if isinstance(value, dict) else str(value)
