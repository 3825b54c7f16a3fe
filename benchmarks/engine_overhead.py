"""What the engine adds to a bare loop of HTTP calls: CPU and wall time a record, and memory.

Every row is a process of its own against one server (a process as well) that answers after 50 ms. The floor is 64
workers with the same aiohttp client who ask, parse the reply and insert it into SQLite. ``journal`` is a whole
``generate`` with the schema check only; ``checks`` adds every check that asks no model, and the static embedder;
``steered`` is what a user gets without options: strategies and coordinates chosen by yield as well. Imports and first
calls are left out, by a few records before the clock starts.

Bars: ≤ 1.0 ms CPU a record (journal), ≤ 1.5 ms (checks), ≤ 1.6 × the floor's wall time, ≤ 90 MB.

    python benchmarks/engine_overhead.py [--quick] [--records 2000] [--open 64] [--latency-ms 50]
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import resource
import sqlite3
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

WARM = 128
"""Records made before the clock starts: more than one a worker, so that every connection is open."""

BARS = {"floor": None, "journal": 1.0, "checks": 1.5, "steered": None}
"""Part → most ms of CPU a record."""

BAR_WALL, BAR_MB = 1.6, 90.0
TREE = {"science": {f"field-{i}": {} for i in range(20)}}
MESSAGES = [{"role": "user", "content": "Write one instruction about rivers, with its response."}]
Row = dict[str, float]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="400 records")
    parser.add_argument("--records", type=int, default=2_000)
    parser.add_argument("--open", type=int, default=64)
    parser.add_argument("--latency-ms", type=float, default=50.0)
    parser.add_argument("--part", choices=BARS, help=argparse.SUPPRESS)
    parser.add_argument("--url", default="", help=argparse.SUPPRESS)
    a = parser.parse_args()
    a.records = min(a.records, 400) if a.quick else a.records
    if a.part:
        print(json.dumps(asyncio.run(floor(a)) if a.part == "floor" else engine(a)))
        return
    from testkit.schedule import Schedule
    from testkit.server import spawned

    with spawned(Schedule(latency_s=a.latency_ms / 1000)) as server:
        show({part: measured(a, part, server.base_url("openai")) for part in BARS}, a)


def measured(a: argparse.Namespace, part: str, url: str) -> Row:
    """One part, in a process of its own."""
    command = [
        sys.executable, __file__, "--part", part, "--url", url, "--records", str(a.records), "--open", str(a.open),
    ]  # fmt: skip
    env = {**os.environ, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    done = subprocess.run(command, env=env, stdout=subprocess.PIPE, text=True, check=True)
    found: Row = json.loads(done.stdout.splitlines()[-1])
    return found


def show(rows: dict[str, Row], a: argparse.Namespace) -> None:
    """The table, with ratios to the floor."""
    base = rows["floor"]
    print(f"{a.records} records, {a.open} open calls, {a.latency_ms:g} ms a call")
    print(
        f"{'':8} {'ms CPU':>7} {'bar':>5} {'× floor':>8} {'wall s':>7} {'× floor':>8} {'MB':>5} {'calls':>6}"
        f" {'accepted':>9}"
    )
    for name, row in rows.items():
        bar = BARS[name]
        print(
            f"{name:8} {row['cpu_ms']:7.2f} {f'{bar:.1f}' if bar else '':>5} {row['cpu_ms'] / base['cpu_ms']:8.2f}"
            f" {row['wall_s']:7.2f} {row['wall_s'] / base['wall_s']:8.2f} {row['mb']:5.0f}"
            f" {row['calls']:6.0f} {row['accepted']:9.0f}{verdict(row, base, bar)}"
        )


def verdict(row: Row, base: Row, bar: float | None) -> str:
    """Which bars a part is over."""
    if bar is None:
        return ""
    over = {
        "CPU": row["cpu_ms"] > bar, "wall": row["wall_s"] > BAR_WALL * base["wall_s"], "MB": row["mb"] > BAR_MB
    }  # fmt: skip
    missed = [name for name, is_over in over.items() if is_over]
    return f"  over the bar: {', '.join(missed)}" if missed else "  ok"


class Clock:
    """CPU and wall time since it was made."""

    def __init__(self) -> None:
        self._cpu, self._wall = time.process_time(), time.perf_counter()

    def result(self, *, calls: int, accepted: int) -> Row:
        """CPU a record, wall time, and the process's largest memory."""
        cpu, wall = time.process_time() - self._cpu, time.perf_counter() - self._wall
        mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        return {"cpu_ms": 1000 * cpu / accepted, "wall_s": wall, "mb": mb, "calls": calls, "accepted": accepted}


async def floor(a: argparse.Namespace) -> Row:
    """Ask, parse and insert; one commit for every 64 rows."""
    import aiohttp

    from seedbed.recipes.instruct import instruction_schema

    wanted = {"name": "reply", "strict": True, "schema": instruction_schema()}
    body = {"model": "m", "messages": MESSAGES, "response_format": {"type": "json_schema", "json_schema": wanted}}
    waiting: list[tuple[str]] = []
    with tempfile.TemporaryDirectory() as folder:
        db = sqlite3.connect(Path(folder) / "floor.db")
        for statement in ("PRAGMA journal_mode = WAL", "PRAGMA synchronous = NORMAL", "CREATE TABLE made (content)"):
            db.execute(statement)

        async def ask(session: aiohttp.ClientSession, todo: Any) -> None:
            for i in todo:
                async with session.post(f"{a.url}/chat/completions", json={**body, "seed": i}) as response:
                    made = json.loads((await response.json())["choices"][0]["message"]["content"])
                waiting.append((json.dumps(made),))
                if len(waiting) >= a.open:
                    db.executemany("INSERT INTO made VALUES (?)", waiting)
                    db.commit()
                    waiting.clear()

        async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:
            warm = iter(range(WARM))
            await asyncio.gather(*(ask(session, warm) for _ in range(a.open)))
            clock, todo = Clock(), iter(range(a.records))
            await asyncio.gather(*(ask(session, todo) for _ in range(a.open)))
            result = clock.result(calls=a.records, accepted=a.records)
        db.close()
        return result


def engine(a: argparse.Namespace) -> Row:
    """A whole ``generate`` until the target."""
    import seedbed
    from seedbed.quality.registry import DEFAULT_CHECKS

    options = {"model": "openai:m", "concurrency": a.open, "strategy": "auto" if a.part == "steered" else "naive"}
    if a.part == "journal":
        options["checks"] = {name: False for name in DEFAULT_CHECKS if name != "schema"}
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "seedbed.yaml").write_text("kind: instruction\n", encoding="utf-8")
        environ = {"OPENAI_API_KEY": "not-a-key", "OPENAI_BASE_URL": a.url}
        with seedbed.create(Path(folder), environ=environ) as dataset:
            dataset.load_topics(TREE)
            dataset.generate("instruct", target=WARM, **options)
            clock = Clock()
            summary = dataset.generate("instruct", add=a.records, **options)
            if summary.status != "done":
                raise SystemExit(f"the run ended as {summary.status}: {summary.reasons}")
            return clock.result(calls=summary.numbers["calls"], accepted=summary.numbers["accepted_now"])


if __name__ == "__main__":
    main()
