"""``review``, ``approve`` and ``reject``: what waits for a decision, and deciding."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

import click

from seedbed.core.errors import ExitCode, InputError, RowError
from seedbed.frontends.cli.options import OneOf, Real, Whole, common, paging
from seedbed.frontends.cli.output import content_lines, counted, one_line, safe, table, verdict_line
from seedbed.frontends.cli.session import Session, parse_rows, read_text

if TYPE_CHECKING:
    from seedbed.dataset.review.reviews import Page

F = TypeVar("F", bound=Callable[..., Any])

STATES = ("pending", "disputed", "accepted", "approved", "rejected")
FILTERS = {
    "topic": "topic",
    "states": "states",
    "kind": "kind",
    "reason": "reason",
    "min_score": "min_score",
    "max_score": "max_score",
    "contains": "text",
    "reviewer": "reviewer",
}
"""Option → name in ``dataset.reviews.QueueOptions``."""


def deciding(command: F) -> F:
    """Options of everything that decides: who, in which sitting, for real or not, and as whom."""
    for option in (
        click.option("--dry-run", is_flag=True, help="Only say what would happen."),
        click.option("--session", "group", metavar="NAME", help="Name that groups several calls in the log."),
        click.option("--adjudicate", is_flag=True, help="Settle a disagreement of other reviewers."),
        click.option(
            "--reviewer", metavar="WHO", help="Who decides: human:NAME or model:ID [default: human]."
        ),
    ):  # fmt: skip
        command = option(command)
    return command


@click.command("review", short_help="What waits for a reviewer; decisions in files.")
@click.option("--topic", metavar="PATH", help="Only this topic and below.")
@click.option(
    "--state", "states", multiple=True, type=OneOf("state", *STATES),
    help="Only these states; may be repeated [default: pending].",
)  # fmt: skip
@click.option("--kind", metavar="NAME", help="Only this kind.")
@click.option("--reason", metavar="CODE", help="Only what is in review, or was decided, for this.")
@click.option("--min-score", type=Real(0), help="Only entries judged at least this.")
@click.option("--max-score", type=Real(0), help="Only entries judged at most this.")
@click.option("--contains", metavar="TEXT", help="Only entries that contain TEXT, case ignored.")
@click.option("--neighbours", default=3, show_default=True, type=Whole(0, 50), help="Closest entries with each.")
@paging("Entries")
@click.option("--count", is_flag=True, help="Only how many there are.")
@click.option("--agreement", is_flag=True, help="How far reviewers agree.")
@click.option("--reasons", is_flag=True, help="What was rejected for, by topic, model and prompt.")
@click.option("--export", "export_to", metavar="FILE", help="Write the whole queue as JSON lines to decide in.")
@click.option("--import", "import_from", metavar="FILE", help="Take decisions from such a file; - is stdin.")
@click.option("-i", "--interactive", is_flag=True, help="Decide on the screen, one key a decision.")
@deciding
@common
def review_command(session: Session, **options: Any) -> int | None:
    """Show what waits for a reviewer, oldest first, each with its closest entries.

    With --reviewer only what that reviewer has not decided about. A file of --export is filled in ("decision":
    "approve" or "reject", with "reasons" and "note", or "changes" to correct fields) and given to --import; rows that
    are left empty stay in the queue.

    Exit status: 0 done, 1 a decision was refused; its row says why.
    """
    acts = [n for n in ("count", "agreement", "reasons", "export_to", "import_from", "interactive") if options[n]]
    if len(acts) > 1:
        names = ", ".join(f"--{n.partition('_')[0]}" for n in acts)
        raise InputError(f"{names} are different things", fix="give one of them", code="usage")
    act = acts[0] if acts else "show"
    return ACTS[act](session, options)


def _wanted(options: dict[str, Any]) -> dict[str, Any]:
    return {name: options[option] or None for option, name in FILTERS.items()}


def _show(session: Session, options: dict[str, Any]) -> None:
    paged = {name: options[name] for name in ("limit", "offset", "neighbours")}
    with session.open("ro") as dataset:
        page = dataset.reviews.queue(**paged, **_wanted(options))
    data = {"total": page.total, "entries": [item.to_dict() for item in page.items]}
    session.out.data(data, lambda: _queue_lines(page, options["offset"]))


def _count(session: Session, options: dict[str, Any]) -> None:
    with session.open("ro") as dataset:
        total = dataset.reviews.queue(limit=0, neighbours=0, **_wanted(options)).total
        counts = dataset.reviews.counts(topic=options["topic"])
    shown = ", ".join(f"{n} {name}" for name, n in counts.items())
    session.out.data({"total": total, **counts}, lambda: [f"{total} in the queue ({shown})"])


def _agreement(session: Session, options: dict[str, Any]) -> None:
    with session.open("ro") as dataset:
        told = dataset.reviews.agreement(topic=options["topic"])
    session.out.data(told, lambda: _agreement_lines(told))


def _reasons(session: Session, options: dict[str, Any]) -> None:
    with session.open("ro") as dataset:
        rows = dataset.reviews.reasons(topic=options["topic"])
    header = ["reason", "n", "topic", "model", "prompt"]
    session.out.data(
        {"reasons": rows},
        lambda: table([[r[h] for h in header] for r in rows], header) if rows else ["nothing was rejected yet"],
    )


def _export(session: Session, options: dict[str, Any]) -> None:
    from seedbed.dataset.review.worksheet import write_queue

    with session.open("ro") as dataset:
        n = write_queue(dataset, options["export_to"], neighbours=options["neighbours"], **_wanted(options))
    told = {"exported": n, "file": options["export_to"]}
    session.out.data(told, lambda: [f"{counted(n, 'entry', 'entries')} written to {safe(options['export_to'])}"])


def _import(session: Session, options: dict[str, Any]) -> int:
    name = options["import_from"]
    rows = parse_rows(read_text(name if name == "-" else f"@{name}", what="decisions"), what="decisions")
    with session.open() as dataset:
        results = dataset.reviews.take(
            rows,
            reviewer=options["reviewer"] or "human",
            adjudicate=options["adjudicate"],
            session=options["group"],
            dry_run=options["dry_run"],
        )
    for row, result in zip(rows, results, strict=True):
        if isinstance(row, RowError):
            result["place"] = row.place
    return _results(session, results, options["dry_run"])


def _interactive(session: Session, options: dict[str, Any]) -> None:
    from seedbed.frontends.tui import run_review

    wanted = _wanted(options)
    reviewer = wanted.pop("reviewer") or "human"
    with session.open() as dataset:
        run_review(dataset, reviewer, adjudicate=options["adjudicate"], session=options["group"], **wanted)


ACTS: dict[str, Callable[[Session, dict[str, Any]], int | None]] = {
    "show": _show,
    "count": _count,
    "agreement": _agreement,
    "reasons": _reasons,
    "export_to": _export,
    "import_from": _import,
    "interactive": _interactive,
}
"""Option → what it does."""


@click.command("approve", short_help="Approve entries.")
@click.argument("ids", metavar="ID...", nargs=-1, required=True)
@click.option("--note", default="", metavar="TEXT", help="Why, in your words.")
@click.option("--changes", metavar="JSON", help="Fields to correct first; checked like any edit.")
@deciding
@common
def approve_command(session: Session, ids: tuple[str, ...], changes: str | None, **options: Any) -> int:
    """Approve entries by their ID (a prefix of 6 characters will do), in review or not.

    Exit status: 0 done, 1 a decision was refused, 3 there is no such entry.
    """
    options["changes"] = _fields(changes) if changes is not None else None
    return _decide(session, "approve", ids, options)


@click.command("reject", short_help="Reject entries, with the reason.")
@click.argument("ids", metavar="ID...", nargs=-1, required=True)
@click.option(
    "--reason", "reasons", multiple=True, required=True, metavar="CODE",
    help="Why, e.g. wrong, off_topic, duplicate, unclear (review.reasons in seedbed.yaml); may be repeated.",
)  # fmt: skip
@click.option("--note", default="", metavar="TEXT", help="More, in your words.")
@deciding
@common
def reject_command(session: Session, ids: tuple[str, ...], **options: Any) -> int:
    """Reject entries by their ID (a prefix of 6 characters will do), in review or not; they are never exported.

    Exit status: 0 done, 1 a decision was refused, 2 no such reason, 3 there is no such entry.
    """
    return _decide(session, "reject", ids, options)


def _fields(text: str) -> dict[str, Any]:
    fields = parse_rows(read_text(text, what="changes"), what="changes")
    if len(fields) != 1 or not isinstance(fields[0], dict):
        raise InputError(
            "changes are not one JSON object", fix='e.g. --changes \'{"answer": "…"}\'', code="not_an_object"
        )
    return dict(fields[0])


def _decide(session: Session, decision: str, ids: Sequence[str], options: dict[str, Any]) -> int:
    reviewer, group = options.pop("reviewer") or "human", options.pop("group")
    dry_run: bool = options["dry_run"]
    with session.open() as dataset:
        if "reasons" in options:
            _check_reasons(dataset.project.config.review.reasons, options["reasons"])
        call = getattr(dataset.reviews, decision)
        results = call(ids, reviewer=reviewer, session=group, **options)
    return _results(session, results, dry_run)


def _check_reasons(known: Sequence[str], given: Sequence[str]) -> None:
    """A misspelt reason is the command's mistake, not that of every entry."""
    for reason in given:
        OneOf("reason", *known).convert(reason, None, click.get_current_context())


def _results(session: Session, results: list[dict[str, Any]], dry_run: bool) -> int:
    """Show results; 1 when one was refused, 3 when none of the entries exists."""
    session.out.data(results, lambda: _result_lines(results, dry_run))
    codes = [r["code"] for r in results if "code" in r]
    if codes and len(codes) == len(results) and set(codes) == {"not_found"}:
        return int(ExitCode.NOT_FOUND)
    return int(ExitCode.FAILURE if codes else ExitCode.OK)


def _result_lines(results: list[dict[str, Any]], dry_run: bool) -> Iterator[str]:
    would = "would be " if dry_run else ""
    skipped = sum(bool(r.get("skipped")) for r in results)
    for r in results:
        if r.get("skipped"):
            continue
        head = f"row {r['row']}: " if "row" in r else ""
        if "code" in r:
            yield f"{head}✗ {one_line(r['id'] or '?', 30)}: {r['code']}: {one_line(r['reason'], 200)}"
            if r.get("fix"):
                yield f"    {one_line(r['fix'], 200)}"
            continue
        more = ", was so already" if r.get("existed") else ", reviewers disagree" if r.get("disputed") else ""
        if r.get("missing_reviewers"):
            more += f", {counted(r['missing_reviewers'], 'more reviewer')} to go"
        yield f"{head}✓ {would}{r['state']}{more} {r['id']}"
    if skipped:
        yield f"{counted(skipped, 'row')} without a decision"


def _queue_lines(page: Page, offset: int) -> Iterator[str]:
    if not page.items:
        yield (
            "nothing waits for review"
            if page.total == 0
            else f"{counted(page.total, 'entry', 'entries')}, none from --offset {offset} on"
        )
        return
    for item in page.items:
        data = item.to_dict()
        mark = "  disputed" if item.disputed else ""
        yield f"{item.entry.id}  {item.entry.state}{mark}  {safe(item.entry.topic)}"
        if item.why:
            yield f"  in review: {one_line(item.why, 200)}"
        yield from content_lines(item.entry.content)
        yield from (verdict_line(v) for v in data["verdicts"])
        for d in data["decisions"]:
            reasons = f" ({', '.join(d['reasons'])})" if d.get("reasons") else ""
            note = f": {one_line(d['note'], 160)}" if d.get("note") else ""
            yield f"    {safe(d['reviewer'])} {d['decision']}s{safe(reasons)}{note}"
        for n in data["neighbours"]:
            yield f"    {n['similarity']:.3f} {n['relation']}  {n['id']}  {safe(n['topic'])}"
            yield f"      {one_line(json.dumps(n['content'], ensure_ascii=False, default=str), 300)}"
    if offset + len(page.items) < page.total:
        yield f"{len(page.items)} of {page.total}; next: --offset {offset + len(page.items)}"


def _agreement_lines(told: dict[str, Any]) -> Iterator[str]:
    yield (
        f"{counted(told['entries'], 'reviewed entry', 'reviewed entries')}, {told['overlapping']} by several reviewers,"
        f" {told['disagreed']} disagreed about"
    )
    for name, label in (("raw", "raw agreement"), ("alpha", "Krippendorff's alpha")):
        yield f"{label}: {_number(told[name])}"
    for pair in told["kappa"]:
        yield f"Cohen's kappa, {safe(' and '.join(pair['reviewers']))}: {_number(pair)}"
    for name, counts in told["reviewers"].items():
        yield f"  {safe(name)}: " + ", ".join(f"{n} {value}" for value, n in sorted(counts.items()))


def _number(measure: dict[str, Any]) -> str:
    if measure["value"] is None:
        return f"– ({measure['reason']})"
    return f"{measure['value']:.3f} over {counted(measure['entries'], 'entry', 'entries')}"
