"""``export``."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import click

from seedbed.frontends.cli.options import OneOf, common
from seedbed.frontends.cli.output import counted, safe
from seedbed.frontends.cli.session import Session


@click.command("export", short_help="Write finished entries in a training format.")
@click.option("-o", "--output", required=True, metavar="PATH", help="File, or folder when --split is given.")
@click.option("-f", "--format", "format", metavar="FORMAT",
              help="jsonl, csv, parquet, chatml, openai, prompt-completion, sharegpt, alpaca or a plugin's"
              " [default: by the file's ending, else jsonl].")  # fmt: skip
@click.option("--split", "splits", metavar="NAME=SHARE,…", help="e.g. train=0.8,validation=0.1,test=0.1")
@click.option("--split-method", type=OneOf("split method", "shuffle", "hash"), default="shuffle", show_default=True,
              help="Exact sizes, or stable while the dataset grows.")  # fmt: skip
@click.option("--seed", type=int, default=42, show_default=True, help="Of the split.")
@click.option("--system-prompt", help="System turn of every conversation [default: the project's].")
@click.option(
    "--fields", metavar="NAME,…", help="Columns of jsonl, csv and parquet; of other formats beside the conversation."
)
@click.option("--topic", metavar="PATH", help="Only this topic and below.")
@click.option("--kind", metavar="NAME", help="Only this kind [default: the project's].")
@click.option("--include-pending", is_flag=True, help="Entries that wait for review as well; rejected ones never.")
@click.option("--strict", is_flag=True, help="Fail on strata too thin for every split.")
@click.option("--dry-run", is_flag=True, help="Show counts and warnings, write nothing.")
@click.option("--card/--no-card", default=True, show_default=True, help="Write a dataset card into a split folder.")
@common
def export_command(session: Session, output: str, fields: str | None, **options: Any) -> None:
    """Write accepted and approved entries in a training format, with a manifest beside them.

    Files are replaced together at the end; an export that fails leaves the old ones. Rejected entries never leave.
    """
    chosen = {k: v for k, v in options.items() if v is not None}
    if fields:
        chosen["fields"] = [f.strip() for f in fields.split(",") if f.strip()]
    with session.open("ro") as dataset:
        result = dataset.export(output, **chosen)
    data = result.to_dict()
    session.out.data(data, lambda: export_lines(data))


def export_lines(data: dict[str, Any]) -> Iterator[str]:
    """What was written, as text."""
    verb = "would write" if data.get("dry_run") else "wrote"
    for name, part in data["splits"].items():
        split = f" ({safe(name)})" if len(data["splits"]) > 1 else ""
        yield f"{verb} {counted(part['count'], 'row')}{split} to {safe(part['file'])}"
    warnings = data.get("warnings", [])
    yield from (f"warning: {safe(w['message'])}" for w in warnings[:10])
    if len(warnings) > 10:
        yield f"warning: … and {len(warnings) - 10} more thin strata (--json)"
