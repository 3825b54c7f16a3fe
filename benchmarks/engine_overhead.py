"""What the engine costs on top of a bare loop: CPU a record, wall time, memory.

A server on loopback answers after 50 ms; 64 calls are open; 2,000 records are made. The floor is a loop with the same
HTTP client that parses the reply and commits rows to SQLite. The engine runs with schema check and journal only, then
with every cheap check and the static embedder. CPU is this process's, imports and warm-up excluded; the server is
another process.

    python benchmarks/engine_overhead.py [--records 2000]
"""

from __future__ import annotations

import argparse
import asyncio
import json
import resource
import sqlite3
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

import seedbed
from seedbed.core.records import ChatRequest, Message
from seedbed.providers.open import open_provider
from testkit.schedule import Schedule
from testkit.server import spawned

OPEN = 64
SCHEMA = {
    "type": "object",
    "properties": {"instruction": {"type": "string"}, "response": {"type": "string"}},
    "required": ["instruction", "response"],
}
CHEAP = ("rules", "exact_duplicate", "near_duplicate", "grounded", "relevant")


def environ(url: str) -> dict[str, str]:
    return {"OPENAI_API_KEY": "none", "OPENAI_BASE_URL": url}


def floor(url: str, folder: Path, records: int) -> None:
    """The bare loop: same client, parse, insert, commit every 64 rows."""
    db = sqlite3.connect(folder / "floor.db", isolation_level=None)
    db.execute("PRAGMA journal_mode=WAL")
    db.execute("PRAGMA synchronous=NORMAL")
    db.execute("CREATE TABLE row(id INTEGER PRIMARY KEY, content TEXT)")

    async def run() -> None:
        provider = open_provider("openai", environ=environ(url))
        numbers = iter(range(records))
        waiting: list[str] = []

        async def worker() -> None:
            for i in numbers:
                request = ChatRequest("m", (Message("user", f"Write an instruction, number {i}."),), schema=SCHEMA)
                waiting.append(json.dumps(json.loads((await provider.chat(request)).text)))
                if len(waiting) >= 64:
                    rows = [(row,) for row in waiting]
                    waiting.clear()
                    db.execute("BEGIN")
                    db.executemany("INSERT INTO row(content) VALUES(?)", rows)
                    db.execute("COMMIT")

        await asyncio.gather(*(worker() for _ in range(OPEN)))
        await provider.aclose()

    asyncio.run(run())


def engine(url: str, folder: Path, records: int, checks: dict[str, bool]) -> None:
    """The same records through plan, journal, door and store."""
    path = folder / f"{len(checks)}.db"
    with (
        seedbed.create(path, environ=environ(url))
        if not path.exists()
        else seedbed.open(path, environ=environ(url)) as dataset
    ):
        if not dataset.file.topics.all():
            dataset.load_topics({"a": {f"t{i}": {} for i in range(20)}})
        summary = dataset.generate(
            "instruct", add=records, model="openai:m", strategy="naive", checks=checks, concurrency=OPEN
        )
        if summary.status != "done":
            raise SystemExit(f"the run ended {summary.status}: {summary.reasons}")


def measured(action: Callable[[int], None], records: int) -> tuple[float, float]:
    """CPU milliseconds a record and wall seconds, after a warm-up of 128 records."""
    action(128)
    cpu, wall = time.process_time(), time.perf_counter()
    action(records)
    return (time.process_time() - cpu) / records * 1000, time.perf_counter() - wall


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--records", type=int, default=2000)
    records = parser.parse_args().records
    with spawned(Schedule(latency_s=0.05), ttl_s=600) as server, tempfile.TemporaryDirectory() as name:
        url, folder = server.base_url("openai"), Path(name)
        print(f"{records} records, 50 ms, {OPEN} open calls; ideal {records * 0.05 / OPEN:.1f} s")
        print(f"{'':34} {'CPU ms/record':>13} {'wall s':>7} {'wall × floor':>12} {'peak MB':>8}")
        base = 0.0
        count = iter(range(10_000))
        for title, action in (
            ("floor", lambda n: floor(url, Path(tempfile.mkdtemp(dir=name, prefix=str(next(count)))), n)),
            ("engine, schema check and journal", lambda n: engine(url, folder, n, dict.fromkeys(CHEAP, False))),
            ("engine, every cheap check", lambda n: engine(url, folder, n, {})),
        ):
            cpu, wall = measured(action, records)
            base = base or wall
            peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
            print(f"{title:34} {cpu:13.2f} {wall:7.2f} {wall / base:12.2f} {peak:8.0f}", flush=True)


if __name__ == "__main__":
    main()
