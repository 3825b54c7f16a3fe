"""``mcp``: serve the dataset's verbs to agents over the Model Context Protocol."""

from __future__ import annotations

import os
from importlib.util import find_spec
from pathlib import Path

import click

from seedbed.core.errors import InputError, MissingExtraError
from seedbed.frontends.cli.options import common
from seedbed.frontends.cli.session import Session


@click.command("mcp", short_help="Serve agents over the Model Context Protocol.")
@click.option("--http", metavar="[HOST:]PORT", help="Serve HTTP on a loopback address instead of stdin and stdout.")
@click.option(
    "--token-file", metavar="FILE", type=Path, help="Keep the token of --http here, for its owner alone to read."
)
@click.option("--read-only", is_flag=True, help="Change nothing: only tools that look.")
@click.option("--actor", metavar="WHO", help="Who every client is in the log [default: agent:NAME of the client].")
@common
def mcp_command(
    session: Session, http: str | None, token_file: Path | None, read_only: bool, actor: str | None
) -> None:
    """Serve the dataset to agents: what to write, what is close, submitting, review, undo, generation.

    One client on stdin and stdout, or with --http many on this machine that send the token, which is random and shown
    on stderr. The dataset stays open and the embedder loaded.
    """
    if find_spec("mcp") is None:
        raise MissingExtraError("the MCP server", "mcp")
    if token_file is not None and http is None:
        raise InputError("--token-file goes with --http", fix="add --http PORT", code="usage")
    # Read when numpy is loaded. Its threads spin between small products: several servers would fight over the cores.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    import asyncio
    import contextlib

    from seedbed.frontends.mcp import auth, serving
    from seedbed.frontends.mcp.desk import Desk

    address = auth.parse_address(http) if http is not None else None
    token = auth.new_token() if token_file is None else auth.kept_token(token_file)

    def ready(url: str) -> None:
        shown = f"token: {token}" if token_file is None else f"token in: {token_file}"
        click.echo(f"listening on {url}\n{shown}", err=True)

    async def serve() -> None:
        desk = Desk(session.open, "ro" if read_only else "rw")
        if address is None:
            await serving.serve_stdio(desk, actor=actor)
        else:
            await serving.serve_http(desk, address, token, actor=actor, ready=ready)

    with contextlib.suppress(asyncio.CancelledError):
        asyncio.run(serve())
