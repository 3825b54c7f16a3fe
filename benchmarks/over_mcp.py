"""What the MCP server costs: CPU time of its process for each accepted entry, next to the same work in process.

Rows go into a dataset of 5,000 entries in ten topics. ``submit`` hands in one row a call; ``loop`` is what an agent
does: ``next`` for five entries, ``similar`` on the five drafts, ``submit`` of the five. A server's CPU time is that of
its whole process less that of one which did a single round.

Bar: ``submit`` ≤ 5 ms a row with the static embedder, ≤ 60 ms with MiniLM (where the extra ``embed`` is there).

    python benchmarks/over_mcp.py [--quick] [--rows 500] [--entries 5000] [--embedder static]
"""

from __future__ import annotations

import argparse
import asyncio
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # as the server does, before numpy is loaded

import httpx2
from material import filled, rows
from mcp import Client, StdioServerParameters
from mcp.client.streamable_http import streamable_http_client

import seedbed

BARS_MS = {"static": 5.0, "minilm": 60.0}
COMMAND = (sys.executable, "-c", "from seedbed.frontends.cli import main; main()")
TOPICS = 10
BATCH = 5

Ask = Callable[[str, dict[str, Any]], Awaitable[dict[str, Any]]]


async def one_by_one(ask: Ask, fresh: Iterator[dict[str, Any]], n: int) -> int:
    """Entries accepted, one row a call."""
    return sum([(await ask("submit", {"rows": [next(fresh)]}))["accepted"] for _ in range(n)])


async def loop(ask: Ask, fresh: Iterator[dict[str, Any]], n: int) -> int:
    """Entries accepted, as an agent works."""
    accepted = 0
    for _ in range(n // BATCH):
        leases = (await ask("next", {"n": BATCH}))["leases"]
        drafts = [{**next(fresh), "topic": lease["topic"]} for lease in leases for _ in range(lease["n"])]
        await ask("similar", {"rows": drafts, "topic": drafts[0]["topic"], "k": 3})
        accepted += (await ask("submit", {"rows": drafts}))["accepted"]
    return accepted


WAYS = {"submit": one_by_one, "loop": loop}


def candidates(seed: int) -> Iterator[dict[str, Any]]:
    """Rows for the topics in turn, never the same."""
    for i, row in enumerate(rows(1_000_000, seed=seed)):
        topic = i % TOPICS
        yield {**row, "topic": f"area-{topic % 5}/topic-{topic}"}


def in_process(folder: Path, way: str, n: int) -> tuple[int, float]:
    """(accepted, CPU seconds) of the handle itself."""
    who = {"actor": "agent:bench", "session": "bench"}
    with seedbed.open(folder) as dataset:

        async def ask(tool: str, arguments: dict[str, Any]) -> dict[str, Any]:
            if tool == "next":
                return {"leases": dataset.next(**arguments, **who)}
            if tool == "similar":
                return {"similar": dataset.similar(**arguments)}
            return {"accepted": sum(d.accepted for d in dataset.submit(**arguments, **who))}

        fresh = candidates(1)
        asyncio.run(WAYS[way](ask, fresh, BATCH))
        cpu = time.process_time()
        accepted = asyncio.run(WAYS[way](ask, fresh, n))
        return accepted, time.process_time() - cpu


async def with_client(client: Client, way: str, n: int) -> int:
    """Entries accepted through a client after the first round."""

    async def ask(tool: str, arguments: dict[str, Any]) -> dict[str, Any]:
        done = await client.call_tool(tool, arguments)
        assert done.structured_content is not None, done.content
        return done.structured_content

    await client.list_tools()
    fresh = candidates(1)
    await WAYS[way](ask, fresh, BATCH)
    return await WAYS[way](ask, fresh, n)


async def over_stdio(folder: Path, way: str, n: int) -> int:
    server = StdioServerParameters(command=COMMAND[0], args=[*COMMAND[1:], "mcp"], cwd=folder)
    async with Client(server) as client:
        return await with_client(client, way, n)


async def over_http(folder: Path, way: str, n: int) -> int:
    server = subprocess.Popen([*COMMAND, "mcp", "--http", "0"], cwd=folder, stderr=subprocess.PIPE)
    assert server.stderr is not None
    url, token = (server.stderr.readline().decode().split()[-1] for _ in range(2))
    try:
        async with httpx2.AsyncClient(headers={"Authorization": f"Bearer {token}"}, timeout=60) as http:
            async with Client(streamable_http_client(url, http_client=http)) as client:
                return await with_client(client, way, n)
    finally:
        server.terminate()
        server.wait()


def cpu_of_children() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def server_cost(source: Path, way: str, transport: Callable[..., Awaitable[int]], n: int) -> tuple[int, float]:
    """(accepted, CPU seconds) of a server's process, less those of one that only began."""
    found: list[tuple[int, float]] = []
    for count in (0, n):
        with tempfile.TemporaryDirectory() as folder:
            shutil.copytree(source, folder, dirs_exist_ok=True)
            before = cpu_of_children()
            accepted = asyncio.run(transport(Path(folder), way, count))  # type: ignore[arg-type]
            found.append((accepted, cpu_of_children() - before))
    return found[1][0], found[1][1] - found[0][1]


def measure(embedder: str, n: int, entries: int) -> bool:
    """Print a table; whether the bar was kept."""
    bar, kept = BARS_MS[embedder], True
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder)
        filled(source, entries=entries, topics=TOPICS)
        (source / "seedbed.yaml").write_text(f"kind: qa\ntarget: 1000000\nembedder: {embedder}\n")
        if embedder != "static":
            with seedbed.open(source) as dataset:
                dataset.reembed()
        print(f"{embedder}: {n} rows into {entries} entries")
        print(f"{'':22} {'accepted':>8} {'CPU ms a row':>12} {'× in process':>12}")
        for way in WAYS:
            with tempfile.TemporaryDirectory() as copy:
                shutil.copytree(source, copy, dirs_exist_ok=True)
                accepted, base = in_process(Path(copy), way, n)
            print(f"{way + ', in process':22} {accepted:8} {1000 * base / accepted:12.2f} {1.0:12.2f}", flush=True)
            for name, transport in {"stdio": over_stdio, "HTTP": over_http}.items():
                accepted, cpu = server_cost(source, way, transport, n)
                each = 1000 * cpu / accepted
                kept &= each <= bar or way != "submit"
                print(f"{way + ', ' + name:22} {accepted:8} {each:12.2f} {cpu / base:12.2f}", flush=True)
    print(f"bar {bar:g} ms a submitted row: {'ok' if kept else 'over the bar'}")
    return kept


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="100 rows into 500 entries")
    parser.add_argument("--rows", type=int, default=500)
    parser.add_argument("--entries", type=int, default=5_000)
    parser.add_argument("--embedder", choices=[*BARS_MS, "all"], default="all")
    a = parser.parse_args()
    if a.quick:
        a.rows, a.entries = 100, 500
    there = ["static", *(["minilm"] if find_spec("onnxruntime") is not None else [])]
    for embedder in there if a.embedder == "all" else [a.embedder]:
        measure(embedder, a.rows, a.entries)


if __name__ == "__main__":
    main()
