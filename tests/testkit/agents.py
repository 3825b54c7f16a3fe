"""Agents over MCP in tests: the official client, on a server in this process or in one of its own."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

from mcp import Client, StdioServerParameters
from mcp.client.streamable_http import streamable_http_client
from mcp_types import Implementation

from seedbed.dataset import open as open_dataset
from seedbed.frontends.mcp.desk import Desk
from seedbed.frontends.mcp.server import SeedbedServer
from testkit.bounds import PATIENCE_S

COMMAND = (sys.executable, "-c", "from seedbed.frontends.cli import main; main()")
PASSED_ON = ("PYTHONPATH", "SEEDBED_CACHE", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS")


def named(name: str) -> Implementation:
    """What a client says it is."""
    return Implementation(name=name, version="1")


def stdio(folder: Path, *options: str) -> StdioServerParameters:
    """``seedbed mcp`` on standard input and output, in a folder."""
    environment = {name: os.environ[name] for name in PASSED_ON if name in os.environ}
    return StdioServerParameters(command=COMMAND[0], args=[*COMMAND[1:], "mcp", *options], cwd=folder, env=environment)


@asynccontextmanager
async def in_process(folder: Path, *, mode: str = "rw", name: str = "tester", actor: str | None = None):
    """A client of a server in this process: as quick as a call, as strict as the wire."""
    async with Desk(lambda m: open_dataset(folder, mode=m), mode) as desk:
        async with Client(SeedbedServer(desk, actor=actor).app, client_info=named(name)) as client:
            client.desk = desk
            yield client


@contextmanager
def http_server(folder: Path, *options: str):
    """``seedbed mcp --http`` in a process of its own: its URL and the rest of its first lines; ended in order."""
    process = subprocess.Popen(
        [*COMMAND, "mcp", "--http", "0", *options], cwd=folder, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL
    )
    try:
        assert process.stderr is not None
        url = process.stderr.readline().decode().removeprefix("listening on ").strip()
        yield url, process.stderr.readline().decode().strip()
    finally:
        process.terminate()
        process.communicate(timeout=PATIENCE_S)


@asynccontextmanager
async def over_http(url: str, token: str, *, name: str = "tester", mode: str = "auto"):
    """A client over HTTP with the token."""
    import httpx2

    async with httpx2.AsyncClient(headers={"Authorization": f"Bearer {token}"}, timeout=PATIENCE_S) as http:
        async with Client(streamable_http_client(url, http_client=http), client_info=named(name), mode=mode) as client:
            yield client


async def call(client: Client, tool: str, **arguments: Any) -> dict[str, Any]:
    """The structured result of a call that has to succeed; the client has checked it against its schema."""
    done = await client.call_tool(tool, arguments)
    assert not done.is_error, done.content[0].text
    assert json.loads(done.content[0].text) == done.structured_content
    return done.structured_content


async def refused(client: Client, tool: str, **arguments: Any) -> dict[str, Any]:
    """The error of a call that has to fail."""
    done = await client.call_tool(tool, arguments)
    assert done.is_error, done.content[0].text
    return json.loads(done.content[0].text)


def run(work: Any) -> Any:
    """Run a coroutine, but not for ever."""
    return asyncio.run(asyncio.wait_for(work, PATIENCE_S))
