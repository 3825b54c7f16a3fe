"""``import``: rows of files, folders and okgv databases to the door."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from seedbed.core.errors import ExitCode, InputError
from seedbed.frontends.cli.options import OneOf, Whole, common, who_options
from seedbed.frontends.cli.output import counted, one_line, safe, table
from seedbed.frontends.cli.session import Session
from seedbed.frontends.cli.submitting import POLICIES, pairs, row_result, row_status

if TYPE_CHECKING:
    from seedbed.dataset import Dataset
    from seedbed.engine.decisions import Decision

REFUSALS = 20
"""Refused rows that are shown."""

OKGV = "okgv.db"
_ROWS_ONLY = ("values", "topic", "topic_column", "topic_map", "create_topics", "splits", "config", "split_column")
"""Options that mean nothing to an okgv database, which says all this itself."""


@click.command("import", short_help="Hand every row of a file, folder or okgv.db to the door.")
@click.argument("path", metavar="FILE|FOLDER")
@click.option("--map", "mappings", multiple=True, metavar="COLUMN=FIELD", help="Rename a column; may be repeated.")
@click.option("--set", "values", multiple=True, metavar="FIELD=VALUE", help="Value of a field in rows that have none.")
@click.option("--kind", metavar="NAME", help="Schema of the rows [default: the project's].")
@click.option("--topic", metavar="PATH", help="Leaf topic of all rows, or of those that name none.")
@click.option("--topic-column", metavar="COLUMN", help="Column that names each row's topic [default: topic].")
@click.option("--topic-map", metavar="FILE", help="JSON or YAML: value of that column → path; '*' for all others.")
@click.option("--create-topics", is_flag=True, help="Make leaves that are missing.")
@click.option("--split", "splits", multiple=True, metavar="NAME", help="Of a folder, only this split; repeatable.")
@click.option("--config", metavar="NAME", help="Of a folder, this configuration.")
@click.option("--split-column", metavar="COLUMN", help="Column that names each row's split.")
@click.option("--structure", metavar="FILE", help="Of an okgv.db, its structure file [default: config/structure.json].")
@click.option("--limit", type=Whole(1), help="Most rows read.")
@click.option("--state", type=OneOf("state", "accepted", "pending"), help="What accepted rows become.")
@click.option(
    "--on-duplicate", type=OneOf("policy", *POLICIES), help="Refuse duplicates, let them in, or have them reviewed."
)
@click.option("--check", "check_only", is_flag=True, help="Only say what would happen.")
@click.option("--suggest-kind", is_flag=True, help="Only print a kind for seedbed.yaml that fits the rows.")
@click.option("--results", metavar="FILE", help="Write the result of every row there, as JSON lines.")
@who_options("imports")
@common
def import_command(
    session: Session, /, path: str, mappings: tuple[str, ...], values: tuple[str, ...], **options: Any
) -> int:
    """Hand every row to the door; print how many came in, and why the others did not.

    FILE is jsonl, json, csv, tsv (also .gz, .bz2, .xz, .zst), parquet or arrow; or an okgv.db, of which topics, review
    states and log come along. FOLDER is a dataset of Hugging Face: saved to disk, or a repository of the hub. Chats,
    Alpaca rows, preferences and tool calls are read as they are. COLUMN may look inside a value: messages.0.content.
    Columns that are no fields are kept beside the entry.

    Exit status: 0 all in the dataset, 1 a row was rejected, 2 a row could not be read.
    """
    options["mapping"] = pairs(mappings, "--map", "COLUMN=FIELD")
    options["values"] = pairs(values, "--set", "FIELD=VALUE")
    results, suggest, structure = (options.pop(name) for name in ("results", "suggest_kind", "structure"))
    source = _okgv(Path(path))
    if suggest:
        return _suggest(session, source or Path(path), options, okgv=source is not None)
    with session.open("ro" if options["check_only"] else "rw") as dataset, _results(results, dataset, path) as write:
        if source is not None:
            return _move_in(session, dataset, (source, structure), options | {"on_result": write})
        if structure is not None:
            raise InputError("--structure belongs to an okgv.db", place={"file": path})
        return _import(session, dataset, path, options, write=write)


def _okgv(path: Path) -> Path | None:
    """The okgv database that ``path`` is or holds, or ``None``."""
    inside = path / OKGV if path.is_dir() else path
    if not inside.is_file():
        return None
    from seedbed.store.okgv import is_okgv

    return inside if is_okgv(inside) else None


@contextmanager
def _results(path: str | None, dataset: Dataset, source: str) -> Iterator[Callable[[dict[str, Any]], None]]:
    """Writes one result a line to the file at ``path``, or drops it where there is none."""
    if path is None:
        yield lambda result: None
        return
    dataset.file.spare(path)
    if Path(path).resolve() == Path(source).resolve():
        raise InputError(f"{path} is what is imported", place={"file": path}, fix="write results to another file")
    with ExitStack() as stack:
        try:
            file = stack.enter_context(Path(path).open("w", encoding="utf-8"))
        except OSError as error:
            raise InputError(f"cannot write {path}: {error.strerror}", place={"file": path}) from error

        def write(result: dict[str, Any]) -> None:
            file.write(json.dumps(result, default=str) + "\n")

        yield write


# -- files and folders -----------------------------------------------------------------------------------------------


@dataclass(slots=True)
class _Tally:
    """What became of rows so far."""

    counts: Counter[str] = field(default_factory=Counter)
    codes: Counter[str] = field(default_factory=Counter)
    warned: Counter[str] = field(default_factory=Counter)
    refused: list[dict[str, Any]] = field(default_factory=list)
    status: ExitCode = ExitCode.OK

    def add(self, decision: Decision) -> dict[str, Any]:
        """The row's result, counted."""
        from seedbed.dataset.moving.importing import let_in

        result = {**decision.candidate.place, **row_result(decision)}
        self.counts["rows"] += 1
        self.counts["existed" if decision.existed else result["state"]] += 1
        self.status = max(self.status, row_status(decision))
        self.warned.update(let_in(decision))
        if not decision.accepted:
            self.codes[result["code"]] += 1
            if len(self.refused) < REFUSALS:
                kept = ("file", "row", "code", "reason", "fix", "near")
                self.refused.append({k: result[k] for k in kept if result.get(k)})
        return result

    def to_dict(self) -> dict[str, Any]:
        """JSON form."""
        out: dict[str, Any] = {n: self.counts[n] for n in ("rows", "accepted", "pending", "existed", "rejected")}
        out["codes"] = dict(self.codes.most_common())
        return out | ({"warned": dict(self.warned.most_common())} if self.warned else {}) | {"refused": self.refused}


def _import(
    session: Session,
    dataset: Dataset,
    path: str,
    options: dict[str, Any],
    *,
    write: Callable[[dict[str, Any]], None],
) -> int:
    from seedbed.dataset.moving.columns import read_topic_map
    from seedbed.dataset.moving.importing import Import, ImportOptions

    if options["topic_map"] is not None:
        options["topic_map"] = read_topic_map(Path(options["topic_map"]))
    coming = Import(dataset, path, ImportOptions(**{k: v for k, v in options.items() if v is not None}))
    tally = _Tally()
    for decision in coming.decisions():
        result = tally.add(decision)
        write({k: v for k, v in result.items() if k != "neighbours"})
    summary = {"file": path, "check_only": options["check_only"], **tally.to_dict()}
    summary["read_as"] = dict(coming.columns.read_as.most_common(REFUSALS))
    summary["kept_as_meta"] = dict(coming.columns.kept.most_common(REFUSALS))
    if tally.codes["unknown_topic"] and not options["create_topics"]:
        summary["fix"] = "--create-topics makes topics that are missing"
    if coming.skipped:
        summary["skipped"] = list(coming.skipped)
    session.out.data(summary, lambda: _lines(summary))
    return int(tally.status)


def _lines(summary: dict[str, Any]) -> Iterator[str]:
    would = "would be " if summary["check_only"] else ""
    waiting = f", {summary['pending']} in review" if summary["pending"] else ""
    existed = f", {summary['existed']} already there" if summary["existed"] else ""
    rows = counted(summary["rows"], "row")
    yield f"{summary['accepted']} of {rows} {would}accepted{waiting}{existed}, {summary['rejected']} rejected"
    for code, n in summary.get("warned", {}).items():
        yield f"  {n} let in although {code}"
    for code, n in summary["codes"].items():
        yield f"  {n} {code}"
    for r in summary["refused"]:
        yield f"  {_where(r, Path(summary['file']))}: {r['code']}: {one_line(r['reason'], 160)}"
    if summary["rejected"] > len(summary["refused"]):
        more = summary["rejected"] - len(summary["refused"])
        yield f"  … and {more} more; all with their reasons: --results FILE"
    yield from (f"  {n} read as {one_line(how, 160)}" for how, n in summary["read_as"].items())
    if "fix" in summary:
        yield f"  {summary['fix']}"
    if summary["kept_as_meta"]:
        yield f"  kept beside entries: {one_line(', '.join(summary['kept_as_meta']), 160)}"
    if summary.get("skipped"):
        yield f"  left out: {one_line(', '.join(summary['skipped']), 160)}"


def _where(refused: dict[str, Any], path: Path) -> str:
    """The row, after its file where many were read."""
    row, file = f"row {refused.get('row', '?')}", Path(refused.get("file", path))
    return row if file == path else f"{safe(file.relative_to(path) if file.is_relative_to(path) else file)}, {row}"


# -- okgv ------------------------------------------------------------------------------------------------------------


def _move_in(session: Session, dataset: Dataset, files: tuple[Path, str | None], options: dict[str, Any]) -> int:
    path, structure = files
    _refuse_row_options(path, options)
    given = {k: v for k, v in options.items() if v is not None and k not in _ROWS_ONLY}
    report = dataset.move_in(path, structure=Path(structure) if structure else None, **given).to_dict()
    session.out.data(report, lambda: _report_lines(report))
    return int(ExitCode.FAILURE if report["entries"]["refused"] else ExitCode.OK)


def _refuse_row_options(path: Path, options: dict[str, Any]) -> None:
    for name in _ROWS_ONLY:
        if options[name]:
            option = {"splits": "--split", "values": "--set"}.get(name, "--" + name.replace("_", "-"))
            raise InputError(
                f"{option} means nothing here: {path.name} says itself what its entries hold and where they belong",
                place={"file": path.as_posix()},
            )


def _report_lines(report: dict[str, Any]) -> Iterator[str]:
    would = "would come in" if report["check_only"] else "came in"
    entries, topics, log = report["entries"], report["topics"], report["log"]
    there = sum(entries[name] for name in ("accepted", "pending", "approved", "rejected"))
    yield f"{there} of {counted(entries['total'], 'entry', 'entries')} {would}, as {safe(report['kind'])}"
    yield from table([(entries[n], n) for n in entries if n != "total" and entries[n]], ["n", "entries"], indent=2)
    yield f"{topics['created']} of {counted(topics['total'], 'topic')} made, {topics['existed']} already there"
    yield f"{log['events']} of {counted(log['operations'], 'operation')} in the log"
    for title, rows in (("warned of", report["warned"]), ("refused for", report["codes"])):
        yield from (f"{title} {code}: {n}" for code, n in rows.items())
    for r in report["refused"]:
        yield f"  {safe(r['okgv_id'])}: {r['code']}: {one_line(r['reason'], 140)}"
    if report["kept_as_meta"]:
        yield f"kept beside entries: {one_line(', '.join(report['kept_as_meta']), 160)}"
    for title in ("changed", "not_carried"):
        if report[title]:
            yield f"{title.replace('_', ' ')}:"
        for row in report[title]:
            at = f" ({one_line('; '.join(row.get('at', ())), 100)})" if row.get("at") else ""
            yield f"  {row['n']} × {one_line(row['what'], 60)}: {one_line(row['why'], 140)}{at}"
    if not report["check_only"]:
        yield f"take it back with: seedbed undo --session {safe(report['session'])}"


# -- suggesting ------------------------------------------------------------------------------------------------------


def _suggest(session: Session, path: Path, options: dict[str, Any], *, okgv: bool) -> int:
    from seedbed.dataset.moving.suggesting import as_yaml, suggest_kind

    name = options["kind"] or "mine"
    rows = _okgv_rows(path) if okgv else _rows(path, options)
    mapping = options["mapping"]
    kinds = suggest_kind(name, ({mapping.get(k, k): v for k, v in row.items()} for row in rows))
    session.out.data({"kinds": kinds, "yaml": as_yaml(kinds)}, lambda: safe(as_yaml(kinds)).splitlines())
    return int(ExitCode.OK)


def _okgv_rows(path: Path) -> Iterator[dict[str, Any]]:
    from seedbed.sources.okgv import read_literal
    from seedbed.store.okgv import OkgvFile

    with OkgvFile(path) as file:
        for entry in file.entries():
            row = {**(entry.vector or {}), **(entry.graph or {})}
            yield {k: (read_literal(v) or v) if isinstance(v, str) else v for k, v in row.items()}


def _rows(path: Path, options: dict[str, Any]) -> Iterator[dict[str, Any]]:
    from seedbed.sources.huggingface import open_rows, read_part

    parts = open_rows(path, splits=options["splits"], config=options["config"]).parts
    left_out = {"topic", options["topic_column"], options["split_column"]}
    for part in parts:
        for row in read_part(part):
            if row.data is not None:
                yield {k: v for k, v in row.data.items() if k not in left_out}
