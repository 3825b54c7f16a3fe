"""Tools of a reviewer: the queue, and deciding."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from pydantic import Field

from seedbed.frontends.mcp import results
from seedbed.frontends.mcp.desk import Caller
from seedbed.frontends.mcp.tool import Arguments, Rows, Several, Tool, on_desk

if TYPE_CHECKING:
    from seedbed.dataset import Dataset


class ReviewArguments(Arguments):
    """Arguments of ``review``."""

    topic: str | None = Field(None, description="Only this topic path and below.")
    states: Several[Literal["pending", "disputed", "accepted", "approved", "rejected"]] = Field(
        default_factory=list, description="Only these states; default pending."
    )
    reason: str | None = Field(None, description="Only what is in review, or was decided, for this code.")
    contains: str | None = Field(None, description="Only entries that contain this text, case ignored.")
    max_score: float | None = Field(None, ge=0, description="Only entries judged at most this.")
    neighbours: int = Field(3, ge=0, le=20, description="Closest entries shown with each, in full.")
    limit: int = Field(10, ge=1, le=100, description="Entries shown, oldest first.")
    after: str | None = Field(None, description="Only what comes behind this id: next_after of the page before.")
    reviewer: str | None = Field(None, description="As whom you decide, when not as yourself.")
    mine_too: bool = Field(False, description="Also entries that you have decided about already.")


class DecideArguments(Arguments):
    """Arguments of ``decide``."""

    decisions: Rows = Field(
        min_length=1,
        max_length=500,
        description='Objects {"id", "decision": "approve" or "reject", "reasons": [codes, for a rejection], "note"?, '
        '"changes"?: {field: corrected value}, "content"?: what you looked at}.',
    )
    reviewer: str | None = Field(
        None, description="Who decides, human:NAME or model:ID; default you. Name a human only when one told you so."
    )
    adjudicate: bool = Field(False, description="Settle a disagreement of other reviewers.")
    dry_run: bool = Field(False, description="Only say what would happen.")


def review(dataset: Dataset, asked: ReviewArguments, caller: Caller) -> dict[str, Any]:
    """A page of the queue."""
    page = dataset.reviews.queue(
        limit=asked.limit,
        neighbours=asked.neighbours,
        after=asked.after,
        topic=asked.topic,
        states=asked.states or ("pending",),
        reason=asked.reason,
        text=asked.contains,
        max_score=asked.max_score,
        reviewer=None if asked.mine_too else asked.reviewer or caller.reviewer,
    )
    out: dict[str, Any] = {"total": page.total, "entries": [item.to_dict() for item in page.items]}
    out["reasons"] = dataset.project.config.review.reasons
    if len(page.items) == asked.limit:
        out["next_after"] = page.items[-1].entry.id
    return out


def decide(dataset: Dataset, asked: DecideArguments, caller: Caller) -> dict[str, Any]:
    """Take decisions, each by itself."""
    reviewer = asked.reviewer or caller.reviewer
    taken = dataset.reviews.take(
        asked.decisions,
        reviewer=reviewer,
        adjudicate=asked.adjudicate,
        session=caller.session,
        dry_run=asked.dry_run,
    )
    return {"reviewer": reviewer, "results": taken}


TOOLS = (
    Tool(
        "review",
        "Show what waits for a reviewer, oldest first: content, why it is in review, verdicts, closest entries and "
        "other reviewers' decisions.",
        ReviewArguments,
        results.Queue,
        on_desk(review),
    ),
    Tool(
        "decide",
        "Approve or reject entries, in review or not, one result each. A rejection needs a reason code (review lists "
        "them); what you decide again replaces what you decided before.",
        DecideArguments,
        results.Decisions,
        on_desk(decide),
        access="writes",
        destructive=True,
    ),
)
