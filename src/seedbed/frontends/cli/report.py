"""``report`` and ``log``."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import click

from seedbed.frontends.cli.options import common, paging
from seedbed.frontends.cli.output import bar, columns, one_line, safe, table
from seedbed.frontends.cli.session import Session

if TYPE_CHECKING:
    from seedbed.dataset.reports import Report


@click.command("report", short_help="What is there, what is missing, what was rejected.")
@click.option("--topic", "root", metavar="PATH", help="Only this topic and below.")
@click.option("--kind", metavar="NAME", help="Balance of this kind [default: the project's].")
@click.option("--all", "everything", is_flag=True, help="All cells, not only the worst ten.")
@click.option("--yield", "yields", is_flag=True, help="Accepted entries per call by model, topic and strategy.")
@common
def report_command(session: Session, root: str | None, kind: str | None, everything: bool, yields: bool) -> None:
    """What is there, what is missing and what was rejected; worst topics and cells first."""
    with session.open("ro") as dataset:
        report = dataset.report(root, kind=kind)
        rates = dataset.yields() if yields else []
    data = report.to_dict(worst=None if everything else 10)
    if yields:
        data["yield"] = rates
    session.out.data(data, lambda: report_lines(report, everything=everything, rates=rates if yields else None))


def report_lines(
    report: Report, *, everything: bool = False, rates: list[dict[str, Any]] | None = None
) -> Iterator[str]:
    """The report as text; ``rates`` are rows of ``Dataset.yields``."""
    yield _headline(report)
    if not report.topics:
        yield "no topics yet; add one: seedbed topics add PATH"
    yield from _topic_lines(report, everything)
    yield from _cell_lines(report, everything)
    if report.rejections:
        yield "rejected: " + ", ".join(f"{r['n']} {safe(r['code'] or r['check'])}" for r in report.rejections[:8])
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
    beside += [f"{n} of kind {safe(kind)}" for kind, n in sorted(report.others.items())]
    kind = f"{safe(report.kind)} {'entry' if report.accepted == 1 and not of else 'entries'}"
    return f"{safe(report.dataset)}: {report.accepted}{of} {kind}{where}" + (
        f" ({', '.join(beside)})" if beside else ""
    )


def _topic_lines(report: Report, everything: bool) -> Iterator[str]:
    most = max((t.get("target") or t["accepted"] for t in report.topics), default=0)
    shown = report.topics if everything else sorted(report.topics, key=_fullness)[:10]
    width = max((columns(safe(t["topic"])) for t in shown), default=0)
    for row in shown:
        name, target = safe(row["topic"]), row.get("target")
        drawn = bar(row["accepted"], most if target is None else target)
        of = f"/{target}" if target is not None else ""
        yield f"  {name}{' ' * (width - columns(name))}  {drawn} {row['accepted']}{of}"
    if len(shown) < len(report.topics):
        yield f"  … and {len(report.topics) - len(shown)} fuller ones (--all)"


def _fullness(row: dict[str, Any]) -> float:
    target = row.get("target")
    return float(row["accepted"]) / target if target else float(row["accepted"])


def _cell_lines(report: Report, everything: bool) -> Iterator[str]:
    if not any(c["cell"] for c in report.cells):
        return
    short = [c for c in report.cells if c.get("missing", c["accepted"] == 0)]
    shown = report.cells if everything else short[:10]
    empty = sum(c["accepted"] == 0 for c in report.cells)
    yield f"cells: {len(report.cells)}, {empty} empty" + (", the shortest:" if shown and not everything else "")
    for cell in shown:
        missing = f", {cell['missing']} missing" if cell.get("missing") else ""
        yield f"  {safe(cell['topic'])} [{safe(cell['cell'])}]: {cell['accepted']}{missing}"
    if len(shown) < len(short):
        yield f"  … and {len(short) - len(shown)} more (--all)"


@click.command("log", short_help="Every change with its time and actor, newest first.")
@click.option("--action", metavar="NAME", help="Only this action, e.g. submit or topics.load.")
@click.option("--actor", metavar="NAME", help="Only this actor, e.g. agent:claude.")
@paging("Events")
@common
def log_command(session: Session, limit: int, offset: int, **filters: str | None) -> None:
    """Every change with its time and actor, newest first."""
    with session.open("ro") as dataset:
        total, events = dataset.log(limit=limit, offset=offset, **filters)
    session.out.data({"total": total, "events": events}, lambda: _log_lines(total, events, offset))


def _log_lines(total: int, events: list[dict[str, Any]], offset: int) -> Iterator[str]:
    if not events:
        yield "no events match" if total == 0 else f"{total} events, none from --offset {offset} on"
        return
    rows = []
    for event in events:
        when = datetime.fromtimestamp(event["at"], UTC).astimezone().strftime("%Y-%m-%d %H:%M:%S")
        about = [event.get("subject"), *(f"{k}={_short(v)}" for k, v in (event.get("detail") or {}).items())]
        told = one_line(", ".join(str(a) for a in about if a), 200)
        rows.append([event["id"], when, event["actor"], event["action"], told])
    yield from table(rows, ["id", "time", "actor", "action", "about"])
    if offset + len(events) < total:
        yield f"{len(events)} of {total}; next: --offset {offset + len(events)}"


def _short(value: Any) -> Any:
    """Long lists by their length: the log says what happened, ``--json`` says all of it."""
    return len(value) if isinstance(value, list) and len(value) > 3 else value
