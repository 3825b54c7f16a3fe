"""``demo``: the main job on real input, from documents to exported files, with the embedded local model."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from seedbed.core.errors import InputError
from seedbed.frontends.cli.entries import entry_dict
from seedbed.frontends.cli.generate import finish, observer, summary_lines
from seedbed.frontends.cli.options import Whole, plain
from seedbed.frontends.cli.output import content_lines, one_line, safe, verdict_line
from seedbed.frontends.cli.progress import JsonProgress
from seedbed.frontends.cli.report import report_lines
from seedbed.frontends.cli.session import Session

if TYPE_CHECKING:
    from seedbed.core.records import Entry
    from seedbed.dataset import Dataset

DEMO_MARK = "# Questions and answers about Seedbed itself"
"""How the demo's ``seedbed.yaml`` begins."""


@click.command("demo", short_help="Make a small dataset from Seedbed's own documents.")
@click.option("-o", "--output", default="demo", show_default=True, metavar="FOLDER", help="Project folder to make.")
@click.option("--docs", metavar="FOLDER", help="Documents to read [default: Seedbed's own].")
@click.option("--target", default=16, show_default=True, type=Whole(1), help="Entries wanted.")
@click.option("--model", metavar="MODEL", default="local:smollm2", show_default=True, help="Writer, as provider:model.")
@plain
def demo_command(session: Session, output: str, docs: str | None, target: int, model: str) -> int:
    """Make a small question/answer dataset from Seedbed's own documents; no key, no server.

    Downloads the local model's weights (98 MB) into the user's cache once. Running it again continues.
    """
    out = session.out
    folder = Path(output)
    source = Path(docs) if docs else own_documents()
    from seedbed.dataset import create

    _make_project(folder)
    if model.startswith("local:"):
        _pull(model)
    progress = observer(out)
    with create(folder, exist_ok=True) as dataset:
        _load_topics(dataset, folder)
        try:
            summary = dataset.generate("qa", [str(source / "*.md")], target=target, model=model, observers=[progress])
        finally:
            progress.close()
        data = {"summary": summary.to_dict(), "report": dataset.report().to_dict(), **_examples(dataset)}
        data["files"] = _export(dataset, folder) if summary.accepted else []
        if isinstance(progress, JsonProgress):
            progress.event("demo", data)
        else:
            out.lines(_lines(dataset, data))
    return finish(out, summary)


def own_documents() -> Path:
    """Seedbed's documents: installed with the package, or beside it in a checkout.

    Raises:
        InputError: neither is there.
    """
    package = Path(__file__).resolve().parents[2]
    for folder in (package / "docs", package.parents[1] / "docs"):
        if any(folder.glob("*.md")):
            return folder
    raise InputError("Seedbed's own documents are not installed", fix="name a folder of documents with --docs")


def _make_project(folder: Path) -> None:
    """Copy the demo's template.

    Raises:
        InputError: the folder is somebody's project.
    """
    from seedbed.frontends.cli.scaffold import copy_template

    _, kept = copy_template("demo", folder)
    config = folder / "seedbed.yaml"
    if config.name in kept and not config.read_text(encoding="utf-8").startswith(DEMO_MARK):
        raise InputError(
            f"{str(folder)!r} holds another project",
            place={"file": str(config)},
            fix="name an empty folder with --output",
        )


def _load_topics(dataset: Dataset, folder: Path) -> None:
    from seedbed.store.tree import read_tree

    if not dataset.file.topics.all():
        dataset.load_topics(read_tree(folder / "topics.yaml"), actor="demo")


def _pull(model: str) -> None:
    import os

    from seedbed.core.wheels import cache_dir
    from seedbed.frontends.cli.progress import download_bar
    from seedbed.providers.weights import pull

    with download_bar(model) as show:
        pull(model.partition(":")[2], cache=cache_dir(os.environ), environ=os.environ, progress=show)


def _examples(dataset: Dataset) -> dict[str, Any]:
    """Three accepted entries of different topics, and a rejected candidate with what its place brought later."""
    _, accepted = dataset.entries(states=("accepted",), limit=200)
    by_topic = {e.topic: e for e in accepted}
    shown = [entry_dict(dataset.show(e.id)) for e in list(by_topic.values())[:3]]
    _, rejected = dataset.entries(states=("rejected",), limit=200)
    pair = _steered(rejected, accepted)
    steered = {"rejected": entry_dict(dataset.show(pair[0].id)), "then": entry_dict(pair[1])} if pair else None
    return {"entries": shown, "steered": steered}


def _steered(rejected: list[Entry], accepted: list[Entry]) -> tuple[Entry, Entry] | None:
    """A rejection and the first entry after it: of the same job if there is one, else of the same topic."""
    oldest_first = sorted(accepted, key=lambda e: (e.created_at, e.job_id or 0))
    near = sorted(rejected, key=lambda e: not any(v.code == "near_duplicate" for v in e.verdicts))
    for same in ("job_id", "topic"):
        for bad in near:
            for good in oldest_first:
                later = good.created_at >= bad.created_at and (good.job_id or 0) >= (bad.job_id or 0)
                if bad.content and later and getattr(good, same) == getattr(bad, same):
                    return bad, good
    return None


def _export(dataset: Dataset, folder: Path) -> list[str]:
    """Entries as jsonl, and as stratified chat splits; returns the files written, relative to the folder."""
    dataset.export(folder / "export" / "qa.jsonl", format="jsonl")
    splits = "train=0.75,validation=0.25"
    dataset.export(folder / "export" / "chatml", format="chatml", splits=splits)
    return sorted(str(p.relative_to(folder)) for p in (folder / "export").rglob("*") if p.is_file())


def _lines(dataset: Dataset, data: dict[str, Any]) -> Iterator[str]:
    yield ""
    yield from summary_lines(data["summary"])
    yield ""
    yield from report_lines(dataset.report(), limit=None)
    yield ""
    yield "Three entries with their verdicts:"
    for entry in data["entries"]:
        yield f"  {entry['id']}  {safe(entry['topic'])}"
        yield from content_lines(entry["content"], "    ")
        yield from (verdict_line(v, "      ") for v in entry.get("verdicts", []))
    if data["steered"]:
        yield ""
        yield from _steered_lines(data["steered"])
    yield ""
    yield f"Exported to {safe(dataset.project.folder)}:"
    yield from (f"  {safe(name)}" for name in data["files"])
    if sys.stdout.isatty():
        yield ""
        yield f"Look around: seedbed list --db {safe(dataset.project.folder)}"


def _steered_lines(steered: dict[str, Any]) -> Iterator[str]:
    bad, good = steered["rejected"], steered["then"]
    yield "A rejected candidate, and what was asked next:"
    yield from content_lines(bad["content"], "    ")
    yield from (verdict_line(v, "      ") for v in bad.get("verdicts", []) if v["outcome"] == "fail")
    how = good.get("origin", {}).get("strategy", "")
    where = good.get("meta", {}).get("coordinates") or {}
    point = ", ".join(f"{k}: {one_line(v, 60)}" for k, v in where.items()) if isinstance(where, dict) else ""
    yield f"  steered by {how or 'naive'}" + (f" ({point})" if point else "") + ":"
    yield from content_lines(good["content"], "    ")
