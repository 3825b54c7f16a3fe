"""``log``, ``undo``, ``redo`` and ``compact``."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import click

from seedbed.core.errors import ExitCode, InputError
from seedbed.frontends.cli.options import Whole, common, paging, who_options
from seedbed.frontends.cli.output import counted, counted_rows, one_line, safe, table
from seedbed.frontends.cli.session import Session

if TYPE_CHECKING:
    from seedbed.dataset.changes.history import UndoResult

_AGO = re.compile(r"(\d+(?:\.\d+)?)\s*(s|m|h|d|w)")
_SECONDS = {"s": 1, "m": 60, "h": 3_600, "d": 86_400, "w": 604_800}

MOST_TOPICS = 10
"""Topics named in the text of an undo."""


class Moment(click.ParamType[float]):
    """A time: ISO 8601 (local where it names no zone), or how long ago, like ``90m``, ``2h``, ``3d``."""

    name = "time"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """Unix seconds."""
        if isinstance(value, float):
            return value
        ago = _AGO.fullmatch(value.strip())
        if ago is not None:
            return time.time() - float(ago[1]) * _SECONDS[ago[2]]
        try:
            return datetime.fromisoformat(value.strip()).astimezone(UTC).timestamp()
        except (ValueError, OverflowError) as error:
            fix = "write e.g. 2026-05-01T14:30, 2026-05-01T14:30:00Z, or how long ago: 90m, 2h, 3d"
            raise InputError(f"{value[:60]!r} is no time", fix=fix, code="invalid_time") from error


@click.command("log", short_help="Every change with its time, actor and reason, newest first.")
@click.option("--topic", metavar="PATH", help="Only changes of this topic and below.")
@click.option("--action", metavar="NAME", help="Only this action, e.g. submit or topics.load.")
@click.option("--actor", metavar="NAME", help="Only this actor, e.g. agent:claude.")
@click.option("--session", "sitting", metavar="NAME", help="Only this session.")
@click.option("--after", "--since", type=Moment(), help="At or after this time, e.g. 2026-05-01T14:30 or 2h.")
@click.option("--before", "--until", type=Moment(), help="Before this time.")
@click.option("--count", "count_only", is_flag=True, help="Only say how many.")
@paging("Events")
@common
def log_command(
    session: Session, limit: int, offset: int, count_only: bool, sitting: str | None, **filters: Any
) -> None:
    """Every change with its time, actor and reason, newest first.

    Each has an id that undo takes. Times are ISO 8601, local where they name no zone, or how long ago: 90m, 2h, 3d.
    """
    with session.open("ro") as dataset:
        total, events = dataset.history.log(limit=limit, offset=offset, session=sitting, **filters)
    if count_only:
        session.out.data({"total": total}, lambda: [counted(total, "event")])
        return
    session.out.data({"total": total, "events": events}, lambda: _log_lines(total, events, offset))


def _log_lines(total: int, events: list[dict[str, Any]], offset: int) -> Iterator[str]:
    if not events:
        yield "no events match" if total == 0 else f"{counted(total, 'event')}, none from --offset {offset} on"
        return
    rows = []
    for event in events:
        when = datetime.fromisoformat(event["at"]).astimezone().strftime("%Y-%m-%d %H:%M:%S")
        about = [event.get("subject"), *(f"{k}={_short(v)}" for k, v in (event.get("detail") or {}).items())]
        about += [f"({event['reason']})"] if event.get("reason") else []
        about += [f"undone by {event['undone_by']}"] if event.get("undone_by") else []
        told = one_line(", ".join(str(a) for a in about if a), 200)
        rows.append([event["id"], when, event["actor"], event["action"], told])
    yield from table(rows, ["id", "time", "actor", "action", "about"])
    if offset + len(events) < total:
        yield f"{len(events)} of {total}; next: --offset {offset + len(events)}"


def _short(value: Any) -> Any:
    """Long lists by their length: the log says what happened, ``--json`` says all of it."""
    return len(value) if isinstance(value, list) and len(value) > 3 else value


@click.command("undo", short_help="Take back operations by id, session, time or number.")
@click.argument("events", metavar="[EVENT]...", nargs=-1, type=int)
@click.option("--last", type=Whole(1), help="The last N operations [default: the last one].")
@click.option("--session", "--of-session", "of_session", metavar="NAME", help="Everything of this session.")
@click.option("--since", type=Moment(), help="Everything from this time on: the dataset as it was then.")
@click.option("--dry-run", is_flag=True, help="Only say what would happen.")
@click.option("--skip-conflicts", is_flag=True, help="Leave what was changed again since as it is now.")
@click.option("-i", "--interactive", is_flag=True, help="Choose on a timeline.")
@who_options("undoes", sitting=False)
@common
def undo_command(session: Session, /, events: tuple[int, ...], interactive: bool, **options: Any) -> int:
    """Take back operations: entries they brought are removed, what they changed is set back.

    EVENT is an id of log; without any, the last operation that was not undone. What was changed again since stands in
    the way: nothing is written then, unless --skip-conflicts. redo takes an undo back.

    Exit status: 0 done, 1 a dry run found conflicts, 2 refused, 3 no such event.
    """
    if interactive:
        from seedbed.frontends.tui import run_undo

        with session.open() as dataset:
            run_undo(dataset, actor=options["actor"])
        return int(ExitCode.OK)
    with session.open() as dataset:
        result = dataset.history.undo(events, **options)
    session.out.data(result.to_dict(), lambda: _undo_lines(result, "undone"))
    return _undo_status(result, options["skip_conflicts"])


@click.command("redo", short_help="Take back an undo.")
@click.argument("events", metavar="[EVENT]...", nargs=-1, type=int)
@click.option("--last", type=Whole(1), default=1, show_default=True, help="The last N undos.")
@click.option("--dry-run", is_flag=True, help="Only say what would happen.")
@click.option("--skip-conflicts", is_flag=True, help="Leave what was changed again since as it is now.")
@who_options("redoes")
@common
def redo_command(session: Session, /, events: tuple[int, ...], **options: Any) -> int:
    """Take back undos: what they removed returns, what they set back is as it was.

    EVENT is the id of an undo in log; without any, the last one that was not taken back.
    """
    with session.open() as dataset:
        result = dataset.history.redo(events, **options)
    session.out.data(result.to_dict(), lambda: _undo_lines(result, "redone"))
    return _undo_status(result, options["skip_conflicts"])


def _undo_status(result: UndoResult, skip_conflicts: bool) -> int:
    """1 when it was only tried, and would be refused."""
    refused = result.dry_run and result.n_conflicts and not skip_conflicts
    return int(ExitCode.FAILURE if refused else ExitCode.OK)


def _undo_lines(result: UndoResult, done: str) -> Iterator[str]:
    names = ", ".join(f"{e['id']} ({safe(e['action'])})" for e in result.undone[:5]) or "nothing"
    more = f" and {len(result.undone) - 5} more" if len(result.undone) > 5 else ""
    yield f"{f'would be {done}' if result.dry_run else done}: {names}{more}"
    told = [(result.removed, "removed"), (result.restored, "restored")]
    yield from (f"  {counted(n, 'entry', 'entries')} {what}" for n, what in told if n)
    shown = list(result.topics.items())[:MOST_TOPICS]
    yield from (f"    {n:>6}  {safe(topic)}" for topic, n in shown)
    if len(result.topics) > len(shown):
        yield f"    … in {len(result.topics) - len(shown)} more topics"
    yield from (f"  {counted_rows(t, n)} changed back" for t, n in result.changed.items())
    for conflict in result.conflicts[:5]:
        by = f", by event {conflict['by']}" if conflict["by"] else ""
        yield f"  ✗ {one_line(conflict['message'] + by, 200)}"
    if result.n_conflicts > 5:
        yield f"  … and {result.n_conflicts - 5} more conflicts"
    if result.event is not None:
        yield f"take it back with: seedbed {'redo' if done == 'undone' else 'undo'} {result.event}"


@click.command("compact", short_help="Shrink the file: forget removed entries for good.")
@click.option("--keep-removed", is_flag=True, help="Keep what undo and redo can restore; only give free pages back.")
@click.option("--dry-run", is_flag=True, help="Only count.")
@who_options("compacts")
@common
def compact_command(session: Session, /, **options: Any) -> None:
    """Shrink the file.

    Entries that were removed or undone are forgotten for good: neither undo nor redo can restore them any more.
    """
    with session.open("ro" if options["dry_run"] else "rw") as dataset:
        result = dataset.history.compact(**options)
    session.out.data(result, lambda: _compact_lines(result))


def _compact_lines(result: dict[str, Any]) -> Iterator[str]:
    gone = counted(result["entries"], "removed entry", "removed entries")
    if "bytes_after" not in result:
        yield f"{gone} would be forgotten; the file has {result['bytes_before']:,} bytes"
    else:
        yield f"{gone} forgotten; {result['bytes_before']:,} → {result['bytes_after']:,} bytes"
