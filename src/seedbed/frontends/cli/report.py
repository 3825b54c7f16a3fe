"""``report`` and ``log``."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import click

from seedbed.frontends.cli.app import common
from seedbed.frontends.cli.output import Output, bar, one_line, safe, table
from seedbed.frontends.cli.session import open_dataset

if TYPE_CHECKING:
    from seedbed.dataset.reports import Report


@click.command("report")
@click.option("--topic", "root", metavar="PATH", help="Only this topic and below.")
@click.option("--all", "everything", is_flag=True, help="All cells, not only the worst ten.")
@click.option("--yield", "yields", is_flag=True, help="Accepted entries per call by model, topic and strategy.")
@common
def report_command(root: str | None, everything: bool, yields: bool, db: str | None, as_json: bool | None) -> None:
    """What is there, what is missing and what was rejected; worst cells first."""
    out = Output.for_streams(as_json=as_json)
    with open_dataset(db, "ro") as dataset:
        report = dataset.report(root)
        rates = dataset.yields() if yields else []
    data = report.to_dict(worst=None if everything else 10)
    if yields:
        data["yield"] = rates
    out.data(data, lambda: report_lines(report, everything=everything, rates=rates))


def report_lines(
    report: Report, *, everything: bool = False, rates: list[dict[str, Any]] | None = None
) -> Iterator[str]:
    """The report as text."""
    of = f" of {report.target}" if report.target is not None else ""
    others = ", ".join(f"{n} {s}" for s, n in sorted(report.states.items()) if s not in {"accepted", "approved"})
    yield f"{safe(report.dataset)}: {report.accepted}{of} {report.kind} entries" + (f" ({others})" if others else "")
    most = max((t.get("target") or t["accepted"] for t in report.topics), default=0)
    shown = report.topics if everything else sorted(report.topics, key=_fullness)[:10]
    width = max((len(t["topic"]) for t in shown), default=0)
    for row in shown:
        whole = row.get("target", most)
        yield f"  {safe(row['topic']):{width}}  {bar(row['accepted'], whole)} {row['accepted']}" + (
            f"/{row['target']}" if "target" in row else ""
        )
    if len(shown) < len(report.topics):
        yield f"  … {len(report.topics) - len(shown)} fuller topics (--all)"
    yield from _cell_lines(report, everything)
    if report.rejections:
        yield "rejected: " + ", ".join(f"{r['n']} {safe(r['code'] or r['check'])}" for r in report.rejections[:8])
    if rates:
        header = ["recipe", "model", "topic", "strategy", "calls", "accepted", "per_call"]
        yield "yield (accepted entries per call):"
        yield from ("  " + line for line in table([[r[h] for h in header] for r in rates], header))


def _fullness(row: dict[str, Any]) -> float:
    target = row.get("target")
    return float(row["accepted"]) / target if target else float(row["accepted"])


def _cell_lines(report: Report, everything: bool) -> Iterator[str]:
    if not any(c["cell"] for c in report.cells):
        return
    empty = sum(c["accepted"] == 0 for c in report.cells)
    yield f"cells: {len(report.cells)}, empty: {empty}; worst:"
    for cell in report.cells if everything else report.cells[:10]:
        missing = f", {cell['missing']} missing" if "missing" in cell else ""
        yield f"  {safe(cell['topic'])} [{safe(cell['cell'])}]: {cell['accepted']}{missing}"


@click.command("log")
@click.option("--action", help="Only this action, e.g. submit or topics.load.")
@click.option("--actor", help="Only this actor, e.g. agent:claude.")
@click.option("--limit", default=20, show_default=True, type=click.IntRange(1), help="Events shown.")
@click.option("--offset", default=0, show_default=True, type=click.IntRange(0), help="Events skipped.")
@common
def log_command(limit: int, offset: int, db: str | None, as_json: bool | None, **filters: str | None) -> None:
    """Every change with its time and actor, newest first."""
    out = Output.for_streams(as_json=as_json)
    with open_dataset(db, "ro") as dataset:
        total, events = dataset.log(limit=limit, offset=offset, **filters)

    def lines() -> Iterator[str]:
        for event in events:
            when = datetime.fromtimestamp(event["at"], UTC).astimezone().strftime("%Y-%m-%d %H:%M:%S")
            what = " ".join(str(p) for p in (event["action"], event.get("subject")) if p)
            detail = ", ".join(f"{k}={v}" for k, v in (event.get("detail") or {}).items())
            yield f"{event['id']:>5}  {when}  {safe(event['actor'])}  {safe(what)}  {one_line(detail, 120)}".rstrip()
        if offset + len(events) < total:
            yield f"{len(events)} of {total}; next: --offset {offset + len(events)}"

    out.data({"total": total, "events": events}, lines)
