"""Finding a rate limit: 1,000 rows from 64 open calls against a server of 500 at once and 50 a second after that.

The ideal is what the limit itself allows. Bars: ≤ 11 s and fewer than 40 refusals (429). The server has a process of
its own; journal and budget are left out.

    python benchmarks/rate_limit.py [--quick] [--burst 500] [--rps 50] [--rows 1000] [--retry-after SECONDS]
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from seedbed.core.records import Message, Usage
from seedbed.engine.budget import Budget
from seedbed.engine.calls import Asker, Calls, Seat
from seedbed.engine.limits import Limiter
from seedbed.engine.throttle import Throttle
from seedbed.providers.openai import OpenAIDialect
from seedbed.store.calls import CallRow
from testkit.schedule import Schedule
from testkit.server import Spawned, spawned

OPEN = 64
BAR_S, BAR_REFUSALS = 11.0, 40
SCHEMA = {
    "type": "object",
    "properties": {"question": {"type": "string"}, "answer": {"type": "string"}},
    "required": ["question", "answer"],
}


class Memory:
    """A journal that keeps nothing, and a watch that counts nothing: HTTP, limiter and calls are what is measured."""

    def get(self, key: bytes) -> CallRow | None:
        """Nothing was asked before."""
        return None

    def put(self, rows: list[CallRow]) -> asyncio.Future[None]:
        """Done at once."""
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        done.set_result(None)
        return done

    def call(self, usage: Usage | None, *, cached: bool = False, retry: bool = False) -> None:
        """Not counted."""


async def ask_all(server: Spawned, rows: int) -> tuple[float, dict[str, Any]]:
    """Seconds for ``rows`` replies, and what the limiter found."""
    dialect = OpenAIDialect("bench", base_url=server.base_url("openai"))
    limiter = Limiter(Throttle(ceiling=OPEN), clock=time.monotonic)
    seat = Seat(dialect, "m", "bench:m", dialect.endpoint, limiter, lambda usage: 0.0)
    calls = Calls({"writer": seat}, Memory(), budget=Budget(), watch=Memory())
    todo = iter(range(rows))

    async def worker() -> None:
        for i in todo:
            await calls.ask(Asker("qa", "1", sample=i))([Message("user", f"Ask about river {i}.")], schema=SCHEMA)

    start = time.monotonic()
    await asyncio.gather(*(worker() for _ in range(OPEN)))
    seconds = time.monotonic() - start
    await dialect.aclose()
    return seconds, limiter.snapshot()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="200 rows, a burst of 100")
    parser.add_argument("--rows", type=int, default=1000)
    parser.add_argument("--rps", type=float, default=50.0)
    parser.add_argument("--burst", type=int, default=500)
    parser.add_argument("--latency-ms", type=float, default=50.0)
    parser.add_argument("--retry-after", type=float)
    a = parser.parse_args()
    if a.quick:
        a.rows, a.burst = 200, 100
    latency_s = a.latency_ms / 1000
    schedule = Schedule(latency_s=latency_s, rps=a.rps, burst=a.burst, retry_after_s=a.retry_after)
    with spawned(schedule) as server:
        seconds, found = asyncio.run(ask_all(server, a.rows))
        stats = server.stats()
    ideal = max(a.rows - a.burst, 0) / a.rps + latency_s
    refusals = stats["statuses"].get("429", 0)
    print(f"{a.rows} rows from {OPEN} open calls, {a.burst} at once and {a.rps:g} a second after that")
    print(f"{'':8} {'seconds':>7} {'× ideal':>8} {'429s':>5} {'learned a second':>17}")
    print(f"{'ideal':8} {ideal:7.2f} {1:8.2f} {0:5}")
    print(f"{'engine':8} {seconds:7.2f} {seconds / ideal:8.2f} {refusals:5} {found['per_second'] or '-':>17}")
    fine = seconds <= (1.1 * ideal if a.quick else BAR_S) and refusals < BAR_REFUSALS
    print(f"bars {BAR_S:g} s (1.1 × ideal when quick) and {BAR_REFUSALS} refusals: {'ok' if fine else 'over the bar'}")


if __name__ == "__main__":
    main()
