"""Tools of a writer: what is missing, what is close, handing in, giving back."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any, Literal

from pydantic import Field

from seedbed.core.errors import ReadOnlyError
from seedbed.frontends.mcp import results
from seedbed.frontends.mcp.desk import Caller
from seedbed.frontends.mcp.tool import Arguments, Call, Names, Rows, Tool, on_desk

if TYPE_CHECKING:
    from seedbed.dataset import Dataset

KIND = "Schema of the entries; default the project's."


class NextArguments(Arguments):
    """Arguments of ``next``."""

    n: int = Field(5, ge=1, le=100, description="Entries you want to write in all.")
    topic: str | None = Field(None, description="Only this topic path and below.")
    kind: str | None = Field(None, description=KIND)
    ttl_s: float = Field(900, gt=0, le=86_400, description="Seconds until the leases run out.")
    avoid: int = Field(3, ge=0, le=20, description="Entries shown per lease from where the topic is crowded.")


class SimilarArguments(Arguments):
    """Arguments of ``similar``."""

    rows: Rows = Field(min_length=1, max_length=200, description="Candidates: content objects, or bare texts.")
    topic: str = Field(description="Topic path where they would go.")
    kind: str | None = Field(None, description=KIND)
    k: int = Field(5, ge=1, le=50, description="Neighbours per row.")
    scope: Literal["topic", "subtree", "dataset"] | None = Field(
        None, description="Look in the topic, in its parent and below, or everywhere; default the project's."
    )


class SubmitArguments(Arguments):
    """Arguments of ``submit``."""

    rows: Rows = Field(
        min_length=1,
        max_length=1_000,
        description='Content objects, each with its own "topic" unless topic is given. Each is decided by itself.',
    )
    topic: str | None = Field(None, description="Leaf topic path for all rows.")
    kind: str | None = Field(None, description=KIND)
    lease: str | None = Field(None, description="Lease that is fulfilled; default your own on the rows' cells.")
    check_only: bool = Field(False, description="Only say what would happen; write nothing.")
    on_duplicate: Literal["reject", "warn", "review"] | None = Field(
        None, description="Refuse duplicates, let them in with a warning, or put them in review; default the project's."
    )
    reason: str | None = Field(None, description="Why, for the history.")
    detail: bool = Field(False, description="All verdicts and full neighbours, also of rows that passed.")


class GiveBackArguments(Arguments):
    """Arguments of ``give_back``."""

    leases: Names = Field(default_factory=list, description="Leases you will not use; others may have those cells.")
    renew: Names = Field(default_factory=list, description="Leases you need longer.")
    ttl_s: float = Field(900, gt=0, le=86_400, description="Seconds from now that renewed leases last.")


async def next_entries(call: Call, asked: NextArguments) -> dict[str, Any]:
    """Leases on what is missing, or those that the caller holds already; given back when the connection ends."""
    call.desk.lent_to(call.caller.session)
    return await call.desk.run(lambda dataset: lease(dataset, asked, call.caller))


def lease(dataset: Dataset, asked: NextArguments, caller: Caller) -> dict[str, Any]:
    """Leases; where there is nothing new, what the caller still has to write."""
    who = {"actor": caller.actor, "session": caller.session}
    leases = dataset.next(asked.n, **who, **asked.model_dump(exclude={"n"}))
    if leases:
        return {"leases": leases}
    return {
        "leases": [],
        **dataset.leases.waiting(asked.topic, kind=asked.kind, owner=caller.actor, session=caller.session),
    }


def similar(dataset: Dataset, asked: SimilarArguments, caller: Caller) -> dict[str, Any]:
    """Neighbours of each row, or what is wrong with it."""
    from seedbed.dataset.rows import similar_dict, similar_rows

    found = similar_rows(dataset, asked.rows, topic=asked.topic, kind=asked.kind, k=asked.k, scope=asked.scope)
    return {"results": [similar_dict(number, each) for number, each in enumerate(found, 1)]}


def submit(dataset: Dataset, asked: SubmitArguments, caller: Caller) -> dict[str, Any]:
    """What the door says of each row, short where nothing is wrong."""
    from seedbed.frontends.cli.submitting import row_result, shortened

    if not (asked.check_only or dataset.file.writable):
        raise ReadOnlyError("the dataset is only read here", fix="check_only: true says what would happen")
    if asked.topic is not None:
        dataset.file.topics.get(asked.topic)
    options = asked.model_dump(exclude={"rows", "detail"})
    decisions = dataset.submit(asked.rows, actor=caller.actor, session=caller.session, **options)
    told = [{"row": i, **row_result(d)} for i, d in enumerate(decisions, 1)]
    counts = Counter("existed" if r.get("existed") else _bucket(r["state"]) for r in told)
    out: dict[str, Any] = {name: counts[name] for name in ("accepted", "pending", "existed", "rejected")}
    if asked.check_only:
        out["checked_only"] = True
    out["results"] = told if asked.detail else [shortened(r) for r in told]
    return out


def _bucket(state: str) -> str:
    return "accepted" if state == "approved" else state


def give_back(dataset: Dataset, asked: GiveBackArguments, caller: Caller) -> dict[str, Any]:
    """Give leases back, renew others."""
    done = {"given_back": dataset.leases.give_back(asked.leases)}
    done["renewed"] = dataset.leases.renew(asked.renew, ttl_s=asked.ttl_s)
    named = {lease.lower() for lease in (*asked.leases, *asked.renew)}
    return {**done, "gone": sorted(named - {*done["given_back"], *done["renewed"]})}


TOOLS = (
    Tool(
        "next",
        "Say what to write now: leases on the emptiest cells, each with the topic's brief, values to use (cell), rules "
        "of the fields, entries to stay away from and reasons for which others were rejected. Nobody else gets the "
        "same until you submit, give it back, or it runs out. Where there are none, note says why: nothing is missing, "
        "others are at it, or you hold leases that you have not fulfilled.",
        NextArguments,
        results.Leases,
        next_entries,
        access="writes",
    ),
    Tool(
        "similar",
        "Show the existing entries closest to drafts, best first, with full content. Look before you write many rows; "
        "differ in substance, not in wording.",
        SimilarArguments,
        results.Similar,
        on_desk(similar),
    ),
    Tool(
        "submit",
        "Hand entries to the door, one or many in a call. Every row is checked (schema, rules, duplicates against "
        "everything there and within the batch) and gets its own result in input order: accepted, pending (in, waits "
        "for review) or rejected with code, reason, fix and, for duplicates, the entry that is in the way. "
        "The same row again changes nothing.",
        SubmitArguments,
        results.Submission,
        on_desk(submit),
        access="both",
    ),
    Tool(
        "give_back",
        "Give back leases you will not use, or renew those you need longer. Leases end by themselves when you submit, "
        "when they run out and when you disconnect.",
        GiveBackArguments,
        results.GivenBack,
        on_desk(give_back),
        access="writes",
    ),
)
