"""``report``."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import click

from seedbed.dataset.reports import WORST
from seedbed.frontends.cli.options import Whole, common
from seedbed.frontends.cli.output import bar, columns, counted, safe, table
from seedbed.frontends.cli.session import Session

if TYPE_CHECKING:
    from seedbed.dataset.reports import Report


@click.command("report", short_help="What is there, what is missing, what was rejected.")
@click.option("--topic", "root", metavar="PATH", help="Only this topic and below.")
@click.option("--kind", metavar="NAME", help="Balance of this kind [default: the project's].")
@click.option("--all", "everything", is_flag=True, help="All topics and cells, not only the worst.")
@click.option("--limit", type=Whole(1), help="Topics and cells shown [default: 3].")
@click.option("--offset", type=Whole(0), default=0, show_default=True, help="Topics and cells skipped.")
@click.option(
    "--by", metavar="FIELD,...", help="Count entries by any fields instead, or by topic, state, model, via, actor."
)
@click.option("--yield", "yields", is_flag=True, help="Accepted entries per call by model, topic and strategy.")
@common
def report_command(session: Session, root: str | None, kind: str | None, **options: Any) -> None:
    """What is there, what is missing and what was rejected; worst topics and cells first.

    Short by default, however large the dataset is. --by shows 20 groups, the largest first; --limit, --offset and
    --all page through them as well.
    """
    with session.open("ro") as dataset:
        if options["by"] is not None:
            by = [name.strip() for name in options["by"].split(",") if name.strip()]
            groups = dataset.grouped(by, root, kind=kind)
            _show_groups(session, by, groups, options)
            return
        report = dataset.report(root, kind=kind)
        rates = dataset.yields() if options["yields"] else None
    limit = None if options["everything"] else options["limit"] or WORST
    data = report.to_dict(limit=limit, offset=options["offset"])
    if rates is not None:
        data["yield"] = rates
    session.out.data(data, lambda: report_lines(report, limit=limit, offset=options["offset"], rates=rates))


def _show_groups(session: Session, by: list[str], groups: list[dict[str, Any]], options: dict[str, Any]) -> None:
    end = None if options["everything"] else options["offset"] + (options["limit"] or 20)
    shown = groups[options["offset"] : end]
    data: dict[str, Any] = {"total": sum(g["n"] for g in groups), "groups": len(groups), "counts": shown}

    def lines() -> Iterator[str]:
        yield from table([[*(str(g[name]) for name in by), g["n"]] for g in shown], [*by, "entries"])
        if end is not None and end < len(groups):
            yield f"{len(shown)} of {len(groups)} groups; next: --offset {end}"

    session.out.data(data, lines)


def report_lines(
    report: Report, *, limit: int | None = WORST, offset: int = 0, rates: list[dict[str, Any]] | None = None
) -> Iterator[str]:
    """The report as text; ``rates`` are rows of ``Dataset.yields``."""
    page = slice(offset, None if limit is None else offset + limit)
    yield _headline(report)
    if not report.topics:
        yield "no topics yet; add one: seedbed topics add PATH"
    yield from _topic_lines(report, page)
    yield from _cell_lines(report, page)
    if report.rejections:
        yield "rejected: " + ", ".join(f"{r['n']} {safe(r['code'])}" for r in report.rejections[:5])
    if rates:
        header = ["recipe", "model", "topic", "strategy", "calls", "accepted", "per_call"]
        yield "yield (accepted entries per call):"
        yield from table([[r[h] for h in header] for r in rates], header, indent=2)
    elif rates is not None:
        yield "yield: no calls of models yet"


def _headline(report: Report) -> str:
    of = f" of {report.target}" if report.target is not None else ""
    where = f" under {safe(report.root)}" if report.root else ""
    beside = [f"{n} {s}" for s, n in sorted(report.states.items()) if s not in {"accepted", "approved"}]
    beside += [f"{report.leased} leased"] if report.leased else []
    beside += [f"{n} of kind {safe(kind)}" for kind, n in sorted(report.others.items())]
    kind = f"{safe(report.kind)} {'entry' if report.accepted == 1 and not of else 'entries'}"
    return f"{safe(report.dataset)}: {report.accepted}{of} {kind}{where}" + (
        f" ({', '.join(beside)})" if beside else ""
    )


def _topic_lines(report: Report, page: slice) -> Iterator[str]:
    from seedbed.dataset.reports import emptiest

    most = max((t.get("target") or t["accepted"] for t in report.topics), default=0)
    shown = report.topics if page.stop is None else emptiest(report.topics)[page]
    width = max((columns(safe(t["topic"])) for t in shown), default=0)
    for row in shown:
        name, target = safe(row["topic"]), row.get("target")
        drawn = bar(row["accepted"], most if target is None else target, 10)
        of = f"/{target}" if target is not None else ""
        yield f"  {name}{' ' * (width - columns(name))}  {drawn} {row['accepted']}{of}"
    if page.stop is not None and page.stop < len(report.topics):
        yield f"  … and {counted(len(report.topics) - page.stop, 'fuller one')} (--offset {page.stop}, or --all)"


def _cell_lines(report: Report, page: slice) -> Iterator[str]:
    if not any(c["cell"] for c in report.cells):
        return
    short = [c for c in report.cells if c.get("missing", c["accepted"] == 0)]
    shown = report.cells if page.stop is None else short[page]
    empty = sum(c["accepted"] == 0 for c in report.cells)
    yield f"cells: {len(report.cells)}, {empty} empty" + (", the shortest:" if shown and page.stop is not None else "")
    for cell in shown:
        missing = f", {cell['missing']} missing" if cell.get("missing") else ""
        yield f"  {safe(cell['topic'])} [{safe(cell['cell'])}]: {cell['accepted']}{missing}"
    if page.stop is not None and page.stop < len(short):
        yield f"  … and {len(short) - page.stop} more"
