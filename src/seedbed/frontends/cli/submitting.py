"""``submit``: rows to the door."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

import click

from seedbed.core.errors import LONGEST_NAME, ExitCode
from seedbed.frontends.cli.options import OneOf, common, who_options
from seedbed.frontends.cli.output import content_lines, one_line, safe, verdict_line
from seedbed.frontends.cli.session import Session, parse_rows, read_text

if TYPE_CHECKING:
    from seedbed.engine.decisions import Decision

POLICIES = ("reject", "warn", "review")
"""What becomes of duplicates."""

SHOWN = 3
"""Neighbours shown of a row where no detail is asked for."""


@click.command("submit", short_help="Hand entries to the door; say what happened and why.")
@click.argument("entries", metavar="ENTRY")
@click.option("--topic", metavar="PATH", help="Leaf topic [default: each row's own 'topic'].")
@click.option("--kind", metavar="NAME", help="Schema of the entries [default: the project's].")
@click.option("--check", "check_only", is_flag=True, help="Only say what would happen.")
@click.option(
    "--on-duplicate", type=OneOf("policy", *POLICIES),
    help="Refuse duplicates, let them in with a warning, or have them reviewed [default: as the topic, or else the"
    " project says].",
)  # fmt: skip
@click.option("--detail", is_flag=True, help="All verdicts and whole neighbours, also of rows that passed; as JSON.")
@click.option("--lease", metavar="ID", help="Lease of next that this fulfils [default: the actor's own on the cell].")
@who_options("submits")
@common
def submit_command(session: Session, /, entries: str, detail: bool, **options: Any) -> int:
    """Hand ENTRY to the door; say of each row what happened and why.

    ENTRY is a JSON object, an array or JSON lines, @FILE, or - for stdin. Rows are compared with the dataset and with
    each other; the very same entry again changes nothing.

    Exit status: 0 all in the dataset, 1 a row was rejected, 2 a row could not be looked at.
    """
    rows = parse_rows(read_text(entries, what="entries"))
    with session.open("ro" if options["check_only"] else "rw") as dataset:
        if options["topic"] is not None:
            dataset.file.topics.get(options["topic"])
        decisions = dataset.submit(rows, **options)
    alone = decisions[0] if len(decisions) == 1 else None
    if alone is not None and alone.error is not None:
        raise alone.error
    results = [{"row": i, **row_result(d)} for i, d in enumerate(decisions, 1)]
    told = results if detail else [shortened(r) for r in results]
    session.out.data(told if alone is None else told[0], lambda: result_lines(results, options["check_only"]))
    return int(max(map(row_status, decisions), default=ExitCode.OK))


def row_result(decision: Decision) -> dict[str, Any]:
    """JSON of one row's decision; ``code`` and ``reason`` say why it is not in the dataset."""
    if decision.error is None:
        return decision.to_dict()
    told = decision.error.to_dict()
    place = {k: v for k, v in told.get("place", {}).items() if k != "row"}
    out = {"id": None, "state": "rejected", "code": told["error"], "reason": told["message"]}
    named = decision.candidate.topic
    topic = named if len(named) <= LONGEST_NAME else f"{named[: LONGEST_NAME - 1]}…"
    more = {"topic": topic, "place": place, "fix": told.get("fix"), "near": told.get("near")}
    return out | {k: v for k, v in more.items() if v}


def shortened(result: dict[str, Any]) -> dict[str, Any]:
    """A row's result without what says nothing new.

    A row that passed keeps the ids of its closest entries. Of one that failed the failing verdicts stay and the
    closest entries in full, the one to blame first. What is a reason or a warning of the row is not said again.
    """
    out = {k: v for k, v in result.items() if k not in ("verdicts", "neighbours")}
    verdicts, near = result.get("verdicts", []), result.get("neighbours", [])
    if result["state"] != "rejected" and not result.get("warnings"):
        if near and not result.get("existed"):
            out["neighbours"] = [{k: n[k] for k in ("id", "similarity", "relation")} for n in near[:SHOWN]]
        return out
    telling = [v for v in verdicts if v["outcome"] == "fail" or (v.get("code") and v["outcome"] != "unscored")]
    blamed = {v.get("evidence", {}).get("entry_id") for v in telling}
    if telling:
        said = {"evidence", *(("code", "reason") if len(telling) == 1 and "code" in result else ())}
        told = result.get("warnings", ())
        out["verdicts"] = [{k: v for k, v in each.items() if k not in said and v not in told} for each in telling]
    if near:
        out["neighbours"] = sorted(near, key=lambda n: n["id"] not in blamed)[:SHOWN]
    return out


def row_status(decision: Decision) -> ExitCode:
    """2 when the row could not be looked at, 1 when it was rejected, 0 when it is in the dataset."""
    if decision.error is not None:
        return ExitCode.INPUT
    return ExitCode.OK if decision.accepted else ExitCode.FAILURE


def result_lines(results: list[dict[str, Any]], check_only: bool) -> Iterator[str]:
    """What the door said of each row, as text."""
    would = "would be " if check_only else ""
    for result in results:
        head = f"row {result['row']}: " if len(results) > 1 else ""
        there = ", was there already" if result.get("existed") else ""
        if result["state"] != "rejected":
            yield f"{head}✓ {would}{result['state']}{there} {result['id']}"
            if result.get("why_review"):
                yield f"    in review: {one_line(result['why_review'], 200)}"
            yield from (f"    ! {one_line(w, 200)}" for w in result.get("warnings", ()))
            continue
        kept = f" {result['id']}" if result.get("id") else ""
        yield f"{head}✗ {would}rejected{kept}: {result['code']}: {one_line(result['reason'], 200)}"
        if result.get("fix"):
            yield f"    {one_line(result['fix'], 200)}"
        yield from _evidence(result)


def _evidence(result: dict[str, Any]) -> Iterator[str]:
    """The entry that a duplicate is too close to, whole: it says what to write instead."""
    failing = [v for v in result.get("verdicts", ()) if v["outcome"] == "fail"]
    blamed = {v.get("evidence", {}).get("entry_id") for v in failing}
    for neighbour in result.get("neighbours", ()):
        if neighbour["id"] in blamed:
            yield f"    {neighbour['id']}  {safe(neighbour['topic'])}"
            yield from content_lines(neighbour["content"], "      ")
    if len(failing) > 1:
        yield from (verdict_line(v) for v in failing)


def pairs(given: Iterable[str], option: str, form: str) -> dict[str, str]:
    """``LEFT=RIGHT`` arguments as a mapping.

    Raises:
        click.BadParameter: one is not of that form.
    """
    out: dict[str, str] = {}
    for pair in given:
        left, sign, right = pair.partition("=")
        if not sign or not left or not right:
            raise click.BadParameter(f"{pair!r} is not {form}", ctx=click.get_current_context(), param_hint=option)
        out[left] = right
    return out
