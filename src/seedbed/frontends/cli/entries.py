"""``similar``, ``list`` and ``show``: looking at entries."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import click

from seedbed.core.errors import ExitCode, InputError
from seedbed.frontends.cli.options import OneOf, Whole, common, paging
from seedbed.frontends.cli.output import content_lines, counted, one_line, safe, table, verdict_line
from seedbed.frontends.cli.session import Session, parse_rows, read_text

if TYPE_CHECKING:
    from seedbed.core.records import Entry

STATES = ("accepted", "pending", "approved", "rejected", "removed")


@click.command("similar", short_help="Show the entries closest to ENTRY, in full.")
@click.argument("entries", metavar="ENTRY")
@click.option("--topic", required=True, metavar="PATH", help="Topic the entry would go to.")
@click.option("--kind", metavar="NAME", help="Schema of the entry [default: the project's].")
@click.option("-k", "--top-k", "k", default=5, show_default=True, type=Whole(1, 1000), help="Neighbours shown.")
@click.option(
    "--scope", type=OneOf("scope", "topic", "subtree", "dataset"),
    help="Look in the topic, in its parent and below, or everywhere [default: the project's].",
)  # fmt: skip
@common
def similar_command(session: Session, entries: str, **options: Any) -> int:
    """Show the entries closest to ENTRY, with their full content, best first.

    ENTRY is a JSON object, an array or JSON lines of them, bare text, @FILE, or - for stdin.
    """
    from seedbed.dataset.rows import similar_dict, similar_rows

    text = read_text(entries, what="entries")
    bare = not text.lstrip().startswith(("{", "["))
    rows: list[Any] = [text.strip()] if bare and text.strip() else parse_rows(text)
    with session.open("ro") as dataset:
        found = similar_rows(dataset, rows, **options)
    if len(found) == 1 and isinstance(found[0], InputError):
        raise found[0]
    results = [similar_dict(number, each) for number, each in enumerate(found, 1)]
    session.out.data(results if len(results) > 1 else results[0], lambda: _similar_lines(results, options["topic"]))
    return int(ExitCode.INPUT if any("code" in r for r in results) else ExitCode.OK)


def _similar_lines(results: list[dict[str, Any]], topic: str) -> Iterator[str]:
    for result in results:
        head = f"row {result['row']}: " if len(results) > 1 else ""
        if "code" in result:
            yield f"{head}✗ {result['code']}: {one_line(result['reason'], 200)}"
            continue
        near = result["similar"]
        found = counted(len(near), "neighbour") if near else "no entries yet"
        yield f"{head}{found} in the scope of {safe(topic)}"
        for n in near:
            shown = n["relation"] + (f" ({'; '.join(n['differing'])})" if n["relation"] == "sibling" else "")
            yield f"  {n['similarity']:.3f} {safe(shown)}  {n['id']}  {safe(n['topic'])}"
            yield from content_lines(n["content"], "        ")


@click.command("show", short_help="Show one entry whole, with its verdicts.")
@click.argument("entry_id", metavar="ID")
@common
def show_command(session: Session, entry_id: str) -> None:
    """Show one entry whole: content, verdicts and where it came from.

    ID may be a prefix of at least 6 characters.
    """
    with session.open("ro") as dataset:
        entry = dataset.show(entry_id)
    session.out.data(entry_dict(entry), lambda: entry_lines(entry))


def entry_lines(entry: Entry) -> Iterator[str]:
    """One entry as text."""
    data = entry_dict(entry)
    cell = f"  [{safe(entry.cell)}]" if entry.cell else ""
    yield f"{entry.id}  {entry.state}  {safe(entry.kind)}  {safe(entry.topic)}{cell}"
    yield from content_lines(entry.content)
    if not entry.content:
        yield f"  (not readable): {one_line(entry.raw, 500)}"
    yield from (verdict_line(v) for v in data["verdicts"])
    for name in ("origin", "meta"):
        if data.get(name):
            yield f"  {name}: " + one_line(", ".join(f"{k}={v}" for k, v in data[name].items() if v), 300)


@click.command("list", short_help="List entries, newest first.")
@click.option("--topic", metavar="PATH", help="Only this topic and below.")
@click.option(
    "--state", "states", multiple=True, type=OneOf("state", *STATES),
    help="Only these states; may be repeated [default: all but rejected and removed].",
)  # fmt: skip
@click.option("--kind", metavar="NAME", help="Only this kind.")
@click.option("--code", metavar="NAME", help="Only entries rejected for this reason, e.g. near_duplicate.")
@click.option("--contains", metavar="TEXT", help="Only entries that contain TEXT, case ignored.")
@paging("Entries")
@common
def list_command(session: Session, limit: int, offset: int, **filters: Any) -> None:
    """List entries, newest first."""
    with session.open("ro") as dataset:
        if filters["kind"] is not None:
            dataset.kind(filters["kind"])
        total, entries = dataset.entries(
            topic=filters["topic"],
            states=filters["states"] or (("rejected",) if filters["code"] else ()),
            kind=filters["kind"],
            code=filters["code"],
            text=filters["contains"],
            limit=limit,
            offset=offset,
        )
    data = {"total": total, "entries": [entry_dict(e) for e in entries]}
    session.out.data(data, lambda: _list_lines(entries, total, offset))


def _list_lines(entries: list[Entry], total: int, offset: int) -> Iterator[str]:
    if not entries:
        yield (
            "no entries match"
            if total == 0
            else f"{counted(total, 'entry', 'entries')}, none from --offset {offset} on"
        )
        return
    rows = [[e.id[:10], _state(e), e.topic, next(iter(e.content.values()), None) or e.raw or ""] for e in entries]
    yield from table(rows, ["id", "state", "topic", "content"])
    if offset + len(entries) < total:
        yield f"{len(entries)} of {total}; next: --offset {offset + len(entries)}"


def _state(entry: Entry) -> str:
    """The state, with the reason of a rejection."""
    failing = next((v for v in entry.verdicts if not v.passed), None)
    return f"{entry.state}: {failing.code or failing.check}" if failing else str(entry.state)


def entry_dict(entry: Entry) -> dict[str, Any]:
    """JSON form of an entry, empty parts left out."""
    from dataclasses import asdict

    from seedbed.engine.decisions import verdict_dict

    out: dict[str, Any] = {
        "id": entry.id,
        "topic": entry.topic,
        "kind": entry.kind,
        "state": str(entry.state),
        "content": entry.content,
    }
    optional = {
        "cell": entry.cell,
        "meta": entry.meta,
        "raw": entry.raw,
        "origin": {k: v for k, v in asdict(entry.origin).items() if v} if entry.origin else None,
        "seed": entry.seed_uid,
        "run": entry.run_id,
        "created_at": entry.created_at,
    }
    verdicts = [verdict_dict(v) for v in entry.verdicts]
    return out | {k: v for k, v in optional.items() if v} | {"verdicts": verdicts}
