"""Tools that only look: report, list, show, log."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Literal

from pydantic import Field

from seedbed.frontends.mcp import results
from seedbed.frontends.mcp.desk import Caller
from seedbed.frontends.mcp.tool import Arguments, Names, Several, Tool, on_desk
from seedbed.kinds.values import cut

if TYPE_CHECKING:
    from seedbed.dataset import Dataset

OFFSET = "Items skipped: next_offset of the page before."
LONGEST_TEXT = 2_000
"""Characters of a text in a list of entries."""

State = Literal["accepted", "pending", "approved", "rejected", "removed"]


class ReportArguments(Arguments):
    """Arguments of ``report``."""

    topic: str | None = Field(None, description="Only this topic path and below.")
    kind: str | None = Field(None, description="Balance of this kind; default the project's.")
    by: Names = Field(
        default_factory=list,
        description="Count entries by these instead: fields of the kind, or topic, state, model, via, actor.",
    )
    limit: int = Field(5, ge=1, le=200, description="Topics, cells or groups shown, the worst first.")
    offset: int = Field(0, ge=0, description=OFFSET)


class ListArguments(Arguments):
    """Arguments of ``list``."""

    topic: str | None = Field(None, description="Only this topic path and below.")
    states: Several[State] = Field(
        default_factory=list, description="Only these states; default all but rejected and removed."
    )
    kind: str | None = Field(None, description="Only this kind.")
    code: str | None = Field(None, description="Only entries rejected for this reason, e.g. near_duplicate.")
    contains: str | None = Field(None, description="Only entries that contain this text, case ignored.")
    limit: int = Field(20, ge=1, le=200, description="Entries shown, newest first.")
    offset: int = Field(0, ge=0, description=OFFSET)


class ShowArguments(Arguments):
    """Arguments of ``show``."""

    ids: Names = Field(min_length=1, max_length=50, description="Ids of entries, or prefixes of 6 characters or more.")


class LogArguments(Arguments):
    """Arguments of ``log``."""

    topic: str | None = Field(None, description="Events about this topic path or below.")
    action: str | None = Field(None, description="Only this action, e.g. submit, edit, topics.move, review, undo.")
    actor: str | None = Field(None, description="Only this actor, e.g. agent:claude.")
    session: str | None = Field(None, description="Only this session; 'mine' is this connection's own.")
    since: datetime | None = Field(None, description="From this time on (ISO 8601; UTC unless it says otherwise).")
    limit: int = Field(20, ge=1, le=200, description="Events shown, newest first.")
    offset: int = Field(0, ge=0, description=OFFSET)


def report(dataset: Dataset, asked: ReportArguments, caller: Caller) -> dict[str, Any]:
    """One page of the balance, or of counts by any fields."""
    if asked.by:
        groups = dataset.grouped(asked.by, asked.topic, kind=asked.kind)
        shown = groups[asked.offset : asked.offset + asked.limit]
        out: dict[str, Any] = {"total": sum(g["n"] for g in groups), "groups": len(groups), "counts": shown}
        return out | _more(len(groups), asked.offset + len(shown))
    found = dataset.report(asked.topic, kind=asked.kind)
    out = found.to_dict(limit=asked.limit, offset=asked.offset)
    return out | _more(max(len(found.cells), len(found.topics)), asked.offset + asked.limit)


def list_entries(dataset: Dataset, asked: ListArguments, caller: Caller) -> dict[str, Any]:
    """One page of entries, short."""
    if asked.kind is not None:
        dataset.kind(asked.kind)
    total, entries = dataset.entries(
        topic=asked.topic,
        states=asked.states or (("rejected",) if asked.code else ()),
        kind=asked.kind,
        code=asked.code,
        text=asked.contains,
        limit=asked.limit,
        offset=asked.offset,
    )
    shown: list[dict[str, Any]] = []
    for entry in entries:
        row: dict[str, Any] = {"id": entry.id, "topic": entry.topic, "kind": entry.kind, "state": str(entry.state)}
        failing = next((v for v in entry.verdicts if not v.passed), None)
        if failing is not None:
            row |= {"code": failing.code or failing.check, "reason": failing.reason}
        shown.append(row | {"content": cut(entry.content, LONGEST_TEXT)})
    return {"total": total, "entries": shown} | _more(total, asked.offset + len(shown))


def show(dataset: Dataset, asked: ShowArguments, caller: Caller) -> dict[str, Any]:
    """Whole entries, in the order asked for."""
    from seedbed.frontends.cli.entries import entry_dict

    return {"entries": [entry_dict(dataset.show(entry_id)) for entry_id in asked.ids]}


def log(dataset: Dataset, asked: LogArguments, caller: Caller) -> dict[str, Any]:
    """One page of what happened."""
    session = caller.session if asked.session == "mine" else asked.session
    total, events = dataset.history.log(
        topic=asked.topic,
        action=asked.action,
        actor=asked.actor,
        session=session,
        after=unix(asked.since),
        limit=asked.limit,
        offset=asked.offset,
    )
    return {"total": total, "events": events} | _more(total, asked.offset + len(events))


def unix(at: datetime | None) -> float | None:
    """Unix seconds; a time without a zone is UTC."""
    if at is None:
        return None
    return (at if at.tzinfo is not None else at.replace(tzinfo=UTC)).timestamp()


def _more(total: int, end: int) -> dict[str, int]:
    return {"next_offset": end} if end < total else {}


TOOLS = (
    Tool(
        "report",
        "Say what is there, what is missing and what was rejected; worst topics and cells first. Short by default.",
        ReportArguments,
        results.Report,
        on_desk(report),
    ),
    Tool(
        "list",
        "List entries, newest first, with their content (long texts are cut, show has them whole); filter by topic, "
        "state, reason of rejection or text.",
        ListArguments,
        results.EntryPage,
        on_desk(list_entries),
    ),
    Tool(
        "show",
        "Show entries whole: content, verdicts of all checks, where they came from.",
        ShowArguments,
        results.Entries,
        on_desk(show),
    ),
    Tool(
        "log",
        "Show who changed what, when and why, newest first. The ids are what undo takes.",
        LogArguments,
        results.Log,
        on_desk(log),
    ),
)
