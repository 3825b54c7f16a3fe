"""``reconcile`` and ``revalidate``."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import click

from seedbed.core.errors import ExitCode
from seedbed.frontends.cli.options import common, who_options
from seedbed.frontends.cli.output import counted, one_line, safe
from seedbed.frontends.cli.session import Session

if TYPE_CHECKING:
    from seedbed.dataset.changes.upkeep import Reconciled


@click.command("reconcile", short_help="Check everything in the file against everything.")
@click.option("--fix", is_flag=True, help="Repair what follows from the rest.")
@click.option(
    "--embed/--no-embed", default=None, help="Embed every text to compare vectors [default: if it runs here]."
)
@who_options("repairs")
@common
def reconcile_command(session: Session, /, fix: bool, **options: Any) -> int:
    """Check everything in the file against everything.

    Pages, references, tree, homes of entries, counters, vectors, verdicts, duplicates, history, leases; of every entry
    its cell, its text and its vector.

    Exit status: 0 consistent (or all repaired), 1 not.
    """
    with session.open("rw" if fix else "ro") as dataset:
        done = dataset.reconcile(fix=fix, **options)
    session.out.data(done.to_dict(), lambda: _reconcile_lines(done))
    return int(ExitCode.OK if done.consistent else ExitCode.FAILURE)


def _reconcile_lines(done: Reconciled) -> Iterator[str]:
    for found in done.findings:
        mark = "✗" if found.left else "✓"
        tail = f": {found.problems} wrong" if found.problems else ""
        tail += f", {found.fixed} {found.fix}" if found.fixed else ""
        yield f"{mark} {found.check:11} {found.what} ({found.looked_at} looked at){tail}"
        yield from (f"    {one_line(example, 160)}" for example in found.examples)
    if done.consistent:
        yield "consistent"
    elif not done.fixed and any(f.fix and f.problems for f in done.findings):
        yield "repair with: seedbed reconcile --fix"


@click.command("revalidate", short_help="Find entries that today's schema and rules do not allow.")
@click.option("--topic", metavar="PATH", help="Only this topic and below.")
@click.option("--queue/--no-queue", default=True, help="Put them into review, or only list them [default: queue].")
@click.option("--dry-run", is_flag=True, help="Only say what would happen.")
@who_options("revalidates")
@common
def revalidate_command(session: Session, /, **options: Any) -> int:
    """Find entries that the schema and the topics' rules of today do not allow, and put them into review.

    Exit status: 0 all pass, 1 some do not.
    """
    reads = options["dry_run"] or not options["queue"]
    with session.open("ro" if reads else "rw") as dataset:
        result = dataset.revalidate(**options)
    session.out.data(result, lambda: _revalidate_lines(result))
    return int(ExitCode.FAILURE if result["violations"] else ExitCode.OK)


def _revalidate_lines(result: dict[str, Any]) -> Iterator[str]:
    yield f"{counted(result['checked'], 'entry', 'entries')} checked, {result['violations']} do not pass"
    yield from (f"  {n:>6}  {safe(code)}" for code, n in result["by_code"].items())
    yield from (f"  {v['id']}  {safe(v['topic'])}: {one_line(v['reason'], 160)}" for v in result["worst"][:5])
    if result["queued"]:
        yield f"{result['queued']} are in review now: seedbed review"
    for kind in result["unchecked"]:
        yield f"not checked: entries of kind {safe(kind)!r}, which the project does not know"
