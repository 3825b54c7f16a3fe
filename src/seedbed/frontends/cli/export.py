"""``export``."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import click

from seedbed.frontends.cli.app import common
from seedbed.frontends.cli.output import Output, safe
from seedbed.frontends.cli.session import open_dataset


@click.command("export")
@click.option("-o", "--output", required=True, metavar="PATH", help="File, or folder when --split is given.")
@click.option("-f", "--format", "format_", default="jsonl", show_default=True, metavar="FORMAT",
              help="jsonl, chatml, alpaca, sharegpt, prompt-completion, parquet or a plugin's.")  # fmt: skip
@click.option("--split", "splits", metavar="NAME=SHARE,…", help="e.g. train=0.8,validation=0.1,test=0.1")
@click.option("--split-method", type=click.Choice(["shuffle", "hash"]), default="shuffle", show_default=True,
              help="Exact sizes, or stable while the dataset grows.")  # fmt: skip
@click.option("--seed", type=int, default=42, show_default=True, help="Of the split.")
@click.option("--system-prompt", help="System turn of every conversation [default: the project's].")
@click.option("--fields", help="Columns of jsonl and parquet, in this order, joined by commas.")
@click.option("--topic", metavar="PATH", help="Only this topic and below.")
@click.option("--kind", help="Only this kind [default: the project's].")
@click.option("--include-pending", is_flag=True, help="Entries that wait for review as well; rejected ones never.")
@click.option("--strict", is_flag=True, help="Fail on strata too thin for every split.")
@click.option("--dry-run", is_flag=True, help="Show counts and warnings, write nothing.")
@common
def export_command(
    output: str, format_: str, fields: str | None, db: str | None, as_json: bool | None, **options: Any
) -> None:
    """Write accepted and approved entries in a training format, with a manifest beside them."""
    out = Output.for_streams(as_json=as_json)
    chosen = {k: v for k, v in options.items() if v is not None}
    if fields:
        chosen["fields"] = [f.strip() for f in fields.split(",") if f.strip()]
    with open_dataset(db, "ro") as dataset:
        result = dataset.export(output, format=format_, **chosen)
    data = result.to_dict()

    def lines() -> Iterator[str]:
        verb = "would write" if options["dry_run"] else "wrote"
        for name, part in data["splits"].items():
            split = f" ({safe(name)})" if len(data["splits"]) > 1 else ""
            yield f"{verb} {part['count']} rows{split} to {safe(part['file'])}"
        for warning in data.get("warnings", []):
            yield f"warning: {safe(warning['message'] if isinstance(warning, dict) else warning)}"

    out.data(data, lines)
