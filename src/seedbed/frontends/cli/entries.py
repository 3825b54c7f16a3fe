"""``similar``, ``submit``, ``show``, ``list`` and ``import``."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import click

from seedbed.core.errors import ExitCode, RowError
from seedbed.frontends.cli.app import common
from seedbed.frontends.cli.output import Output, content_lines, one_line, safe, table, verdict_line
from seedbed.frontends.cli.session import open_dataset, parse_rows, read_text

if TYPE_CHECKING:
    from seedbed.core.records import Entry
    from seedbed.engine.intake import Decision


@click.command("similar")
@click.argument("entries", metavar="ENTRY")
@click.option("--topic", required=True, metavar="PATH", help="Leaf topic the entry would go to.")
@click.option("--kind", help="Schema of the entry [default: the project's].")
@click.option(
    "-k", "--top-k", "k", default=5, show_default=True, type=click.IntRange(1, 1000), help="Neighbours shown."
)
@common
def similar_command(entries: str, topic: str, kind: str | None, k: int, db: str | None, as_json: bool | None) -> None:
    """Show the entries closest to ENTRY, with their full content.

    ENTRY is a JSON object, an array or JSON lines of them, bare text, @file, or - for stdin.
    """
    out = Output.for_streams(as_json=as_json)
    text = read_text(entries, what="entries")
    bare = not text.lstrip().startswith(("{", "["))
    rows: list[Any] = [text.strip()] if bare else parse_rows(text)
    from seedbed.engine.intake import neighbour_dict

    with open_dataset(db, "ro") as dataset:
        found = dataset.similar(_whole(rows), topic=topic, kind=kind, k=k)
    result = [{"row": i + 1, "similar": [neighbour_dict(n) for n in row]} for i, row in enumerate(found)]

    def text_lines() -> Iterator[str]:
        for row in result:
            yield f"row {row['row']}: {len(row['similar'])} neighbours" if len(result) > 1 else f"topic {safe(topic)}"
            for n in row["similar"]:
                marks = f" {n['relation']}" + (f" ({'; '.join(n['differing'])})" if n.get("differing") else "")
                yield f"  {n['similarity']:.3f}{safe(marks)}  {n['id']}  {safe(n['topic'])}"
                yield from content_lines(n["content"], "         ")

    out.data(result if len(result) > 1 else result[0], text_lines)


def _whole(rows: list[Any]) -> list[Any]:
    broken = next((r for r in rows if isinstance(r, RowError)), None)
    if broken is not None:
        raise broken
    return rows


@click.command("submit")
@click.argument("entries", metavar="ENTRY")
@click.option("--topic", metavar="PATH", help="Leaf topic [default: each row's own 'topic'].")
@click.option("--kind", help="Schema of the entries [default: the project's].")
@click.option("--check", "check_only", is_flag=True, help="Only say what would happen.")
@click.option("--actor", default="human", show_default=True, help="Who submits: human:NAME or agent:NAME.")
@click.option("--session", help="Name that groups several submissions.")
@common
def submit_command(entries: str, db: str | None, as_json: bool | None, **options: Any) -> int:
    """Hand ENTRY to the door; say of each row what happened and why.

    ENTRY is a JSON object, an array or JSON lines, @file, or - for stdin. Exit status 1 when a row was not accepted.
    """
    out = Output.for_streams(as_json=as_json)
    rows = parse_rows(read_text(entries, what="entries"))
    single = len(rows) == 1
    with open_dataset(db) as dataset:
        if options["topic"] is not None:
            dataset.file.topics.get(options["topic"])
        good = [r for r in rows if not isinstance(r, RowError)]
        decisions = iter(dataset.submit(good, **options))
        results = [
            {"row": i, "state": "rejected", **row.to_dict()}
            if isinstance(row, RowError)
            else _result(i, next(decisions))
            for i, row in enumerate(rows, 1)
        ]
    out.data(results[0] if single else results, lambda: _result_lines(results))
    return int(ExitCode.OK if all(_kept(r) for r in results) else ExitCode.FAILURE)


def _result(row: int, decision: Decision) -> dict[str, Any]:
    return {"row": row, **decision.to_dict()}


def _kept(result: dict[str, Any]) -> bool:
    return result["state"] != "rejected"


def _result_lines(results: list[dict[str, Any]]) -> Iterator[str]:
    for result in results:
        if "error" in result:
            yield f"row {result['row']}: ✗ {result['error']}: {one_line(result['message'], 200)}"
            continue
        there = " (was there already)" if result.get("existed") else ""
        mark = "✓" if _kept(result) else "✗"
        yield f"row {result['row']}: {mark} {result['state']}{there} {result['id'] or ''}".rstrip()
        if not _kept(result):
            yield from (verdict_line(v) for v in result["verdicts"] if v["outcome"] == "fail")


@click.command("show")
@click.argument("entry_id", metavar="ID")
@common
def show_command(entry_id: str, db: str | None, as_json: bool | None) -> None:
    """Show one entry whole: content, verdicts and where it came from. ID may be a prefix of at least 6 characters."""
    out = Output.for_streams(as_json=as_json)
    with open_dataset(db, "ro") as dataset:
        entry = dataset.show(entry_id)
    data = entry_dict(entry)

    def lines() -> Iterator[str]:
        yield f"{entry.id}  {entry.state}  {safe(entry.topic)}" + (f"  [{safe(entry.cell)}]" if entry.cell else "")
        yield from content_lines(entry.content)
        yield from (verdict_line(v) for v in data["verdicts"])
        for name in ("origin", "meta"):
            if data.get(name):
                yield f"  {name}: " + one_line(", ".join(f"{k}={v}" for k, v in data[name].items() if v), 300)

    out.data(data, lines)


@click.command("list")
@click.option("--topic", metavar="PATH", help="Only this topic and below.")
@click.option(
    "--state", "states", multiple=True, type=click.Choice(["accepted", "pending", "approved", "rejected"]),
    help="Only these states; may be repeated [default: all but rejected].",
)  # fmt: skip
@click.option("--kind", help="Only this kind.")
@click.option("--code", help="Only entries rejected for this reason, e.g. near_duplicate.")
@click.option("--text", "text_", metavar="WORDS", help="Only entries that contain WORDS.")
@click.option("--limit", default=20, show_default=True, type=click.IntRange(1), help="Entries shown.")
@click.option("--offset", default=0, show_default=True, type=click.IntRange(0), help="Entries skipped.")
@common
def list_command(db: str | None, as_json: bool | None, limit: int, offset: int, **filters: Any) -> None:
    """List entries, newest first."""
    out = Output.for_streams(as_json=as_json)
    with open_dataset(db, "ro") as dataset:
        total, entries = dataset.entries(
            topic=filters["topic"],
            states=filters["states"] or (("rejected",) if filters["code"] else ()),
            kind=filters["kind"],
            code=filters["code"],
            text=filters["text_"],
            limit=limit,
            offset=offset,
        )
    rows = [entry_dict(e) for e in entries]

    def lines() -> Iterator[str]:
        yield from table(
            [[e.id[:10], e.state, e.topic, next(iter(e.content.values()), "")] for e in entries],
            ["id", "state", "topic", "content"],
        )
        if offset + len(entries) < total:
            yield f"{len(entries)} of {total}; next: --offset {offset + len(entries)}"

    out.data({"total": total, "entries": rows}, lines)


@click.command("import")
@click.argument("path", metavar="FILE")
@click.option("--topic", metavar="PATH", help="Leaf topic for all rows.")
@click.option("--topic-field", metavar="COLUMN", help="Column that names each row's topic [default: topic].")
@click.option("--map", "mappings", multiple=True, metavar="COLUMN=FIELD", help="Rename a column; may be repeated.")
@click.option("--kind", help="Schema of the rows [default: the project's].")
@click.option("--check", "check_only", is_flag=True, help="Only say what would happen.")
@click.option("--actor", default="human", show_default=True, help="Who imports.")
@common
def import_command(path: str, db: str | None, as_json: bool | None, mappings: tuple[str, ...], **options: Any) -> int:
    """Hand every row of FILE (jsonl, json, csv, parquet) to the door.

    With --json, one result a row in file order, then a summary; else the summary and the first refusals.
    """
    out = Output.for_streams(as_json=as_json)
    mapping = _mapping(mappings)
    accepted = existed = 0
    refused: list[dict[str, Any]] = []
    rows = 0
    with open_dataset(db) as dataset:
        for decision in dataset.import_rows(path, mapping=mapping, **options):
            rows += 1
            result = {**decision.candidate.place, **decision.to_dict()}
            accepted += decision.accepted and not decision.existed
            existed += decision.existed
            if not decision.accepted and len(refused) < 20:
                refused.append(result)
            if out.as_json:
                result.pop("neighbours", None)
                out.json(result)
    summary = {
        "file": path,
        "rows": rows,
        "accepted": accepted,
        "existed": existed,
        "rejected": rows - accepted - existed,
    }

    def lines() -> Iterator[str]:
        yield f"{accepted} of {rows} rows accepted, {existed} were there, {summary['rejected']} rejected"
        for r in refused:
            reason = r.get("reason") or r.get("message", "")
            yield f"  row {r.get('row', '?')}: {r.get('code') or r.get('error')}: {one_line(reason, 140)}"

    out.data({"summary": summary}, lines)
    return int(ExitCode.OK if summary["rejected"] == 0 else ExitCode.FAILURE)


def _mapping(pairs: tuple[str, ...]) -> dict[str, str]:
    out: dict[str, str] = {}
    for pair in pairs:
        column, sign, field = pair.partition("=")
        if not sign or not column or not field:
            raise click.BadParameter(f"{pair!r} is not COLUMN=FIELD", param_hint="--map")
        out[column] = field
    return out


def entry_dict(entry: Entry) -> dict[str, Any]:
    """JSON form of an entry, empty parts left out."""
    from dataclasses import asdict

    from seedbed.engine.intake import verdict_dict

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
        "verdicts": [verdict_dict(v) for v in entry.verdicts],
    }
    return out | {k: v for k, v in optional.items() if v}
