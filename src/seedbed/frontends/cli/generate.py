"""``generate``: grow the dataset with a recipe."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import click

from seedbed.core.errors import ExitCode
from seedbed.frontends.cli.options import OneOf, Real, Whole, common, who_options
from seedbed.frontends.cli.output import Output, safe
from seedbed.frontends.cli.progress import JsonProgress, LiveProgress, PlainProgress
from seedbed.frontends.cli.session import Session
from seedbed.frontends.cli.submitting import pairs

if TYPE_CHECKING:
    from seedbed.engine.run import RunSummary

EXIT = {
    "done": ExitCode.OK,
    "shortfall": ExitCode.SHORTFALL,
    "budget": ExitCode.BUDGET,
    "interrupted": ExitCode.INTERRUPTED,
}


@click.command("generate", short_help="Grow the dataset with a recipe until its target.")
@click.argument("recipe")
@click.argument("sources", nargs=-1, metavar="[SOURCE]...")
@click.option("--target", type=Whole(1), help="Accepted entries wanted in all (under --topic, if given).")
@click.option("--add", type=Whole(1), help="Accepted entries wanted on top of what is there.")
@click.option("--n-pairs", type=Whole(1), help="Accepted entries wanted of each chunk.")
@click.option("--topic", metavar="PATH", help="Only this topic and below.")
@click.option("--topics", metavar="FILE", help="Topic tree to load first (JSON or YAML).")
@click.option("--topic-filter", metavar="TEXT", help="Only entries that a judge finds to be about TEXT.")
@click.option("--provider", metavar="NAME", help="Provider of the writer, e.g. openai, ollama, local.")
@click.option("--model", metavar="MODEL", help="Model of the writer, with or without provider: e.g. local:smollm2.")
@click.option(
    "--role", "roles", multiple=True, metavar="ROLE=PROVIDER:MODEL", help="Model of another role, e.g. judge."
)
@click.option("--judge", is_flag=True, help="Have a judge score every entry that passes the other checks.")
@click.option("--threshold", type=Real(0, 10), help="Least judge score, 0 to 10 [default: 7]; implies --judge.")
@click.option("--strategy", type=OneOf("strategy", "auto", "naive", "coverage", "evidence"), default="auto",
              show_default=True, help="How jobs are steered; auto prefers what pays.")  # fmt: skip
@click.option("--max-cost", type=Real(0, min_open=True), metavar="USD", help="Most money to spend.")
@click.option("--max-tokens", type=Whole(1), help="Most tokens to spend in all.")
@click.option("--max-calls", type=Whole(1), help="Most calls of models.")
@click.option("--reply-tokens", type=Whole(1), help="Most tokens of one reply.")
@click.option("--temperature", type=Real(0, 2), help="Sampling temperature of the writer.")
@click.option("--concurrency", type=Whole(1), help="Most calls at once [default: by provider].")
@click.option("--requests-per-minute", type=Whole(1), help="Most requests a minute.")
@click.option("--tokens-per-minute", type=Whole(1), help="Most tokens a minute.")
@click.option("--timeout", "timeout_s", type=Real(0, min_open=True), metavar="SECONDS", help="Deadline of a call.")
@click.option("--max-attempts", type=Whole(1), help="Attempts per wanted entry before a cell is given up [default: 8].")
@click.option("--strict-balance", is_flag=True, help="Do not ask other cells for what one cannot give.")
@click.option("--max-chunks", type=Whole(1), help="Most chunks read, spread over the documents.")
@click.option("--chunk-size", type=Whole(100), metavar="CHARS", help="Characters of a chunk.")
@click.option("--chunk-overlap", type=Whole(0), metavar="CHARS", help="Characters that neighbouring chunks share.")
@click.option(
    "--table", "tables", multiple=True, metavar="NAME", help="LanceDB table; may be repeated [default: text_chunks]."
)
@click.option("--text-column", metavar="NAME", help="Column of a table that holds the text.")
@click.option("--text-field", metavar="NAME", help="Column of a file's rows that holds the text.")
@click.option("--cache", type=OneOf("cache mode", "read", "refresh", "off"), default="read", show_default=True,
              help="Use replies in the journal, ask again, or do neither.")  # fmt: skip
@click.option("--seed", type=int, default=0, show_default=True, help="Of all random choices.")
@who_options("runs it", default="engine")
@common
def generate_command(
    session: Session, /, recipe: str, sources: tuple[str, ...], roles: tuple[str, ...], **options: Any
) -> int:
    """Grow the dataset with RECIPE until the target, reading SOURCEs where the recipe needs them.

    Recipes: qa (question/answer pairs from documents, rows or tables), instruct (instructions from the topic tree).

    Asking again after an interruption continues; nothing accepted is lost and no finished call is paid again.
    As JSON, events come as lines and the last one is the summary.
    """
    out = session.out
    chosen = {k: v for k, v in options.items() if v not in (None, (), False)}
    chosen["roles"] = pairs(roles, "--role", "ROLE=PROVIDER:MODEL")
    progress = observer(out)
    with session.open() as dataset:
        try:
            summary = dataset.generate(recipe, sources, observers=[progress], **chosen)
        finally:
            progress.close()
    data = summary.to_dict()
    if isinstance(progress, JsonProgress):
        progress.event("summary", data)
    else:
        out.lines(summary_lines(data))
    return finish(out, summary)


def finish(out: Output, summary: RunSummary) -> int:
    """Say what ended a run, if it failed; returns the exit status."""
    if summary.error is not None and summary.status == "failed":
        out.error(summary.error)
        return int(summary.error.exit_code)
    return int(EXIT.get(summary.status, ExitCode.FAILURE))


def observer(out: Output) -> JsonProgress | LiveProgress | PlainProgress:
    """The progress display that fits the streams."""
    if out.as_json:
        return JsonProgress(out.stdout)
    make: Callable[..., LiveProgress | PlainProgress] = LiveProgress if sys.stderr.isatty() else PlainProgress
    return make(out.stderr)


def summary_lines(data: dict[str, Any]) -> Iterator[str]:
    """How a run ended, as text."""
    spent = "cost unknown" if data["cost_usd"] is None else f"${data['cost_usd']:.4g}"
    tokens = data["prompt_tokens"] + data["completion_tokens"]
    rejected, failed = sum(data["rejected"].values()), sum(data["failed"].values())
    yield (
        f"{data['status']}: {data['accepted']} of {data['target']} entries"
        f" ({data['accepted_now']} new, {rejected} rejected, {failed} failed)"
        f" in {data['elapsed_s']:.0f} s, {data['calls']} calls, {tokens} tokens, {spent}"
    )
    if data["rejected"]:
        yield "rejected: " + ", ".join(f"{n} {safe(code)}" for code, n in data["rejected"].items())
    if "shortfall" in data:
        yield f"missing {data['missing']}: " + "; ".join(safe(r) for r in data["reasons"])
        for cell in data["shortfall"][:5]:
            label = f" [{safe(cell['cell'])}]" if cell["cell"] else ""
            why = f" ({safe(cell['why'])})" if cell["why"] else ""
            yield f"  {safe(cell['topic'])}{label}: {cell['accepted']} of {cell['target']}{why}"
