"""A throttle against an imagined server, in virtual time: hundreds of seconds take milliseconds."""

from __future__ import annotations

import heapq
import random
from collections.abc import Callable
from dataclasses import dataclass, field

from seedbed.engine.throttle import Throttle
from testkit.schedule import Limits, Schedule


@dataclass
class Simulation:
    """What came of it.

    Attributes:
        seconds: virtual time until the last reply.
        refusals: 429s.
        peak: most open calls.
        limits: concurrency limit at every reply, with its time.
    """

    seconds: float = 0.0
    refusals: int = 0
    peak: int = 0
    limits: list[tuple[float, float]] = field(default_factory=list)


def simulate(
    throttle: Throttle,
    schedule: Schedule,
    *,
    rows: int,
    workers: int = 64,
    refusal_s: float = 0.002,
    latency: Callable[[random.Random], float] | None = None,
) -> Simulation:
    """``rows`` replies wanted by ``workers`` that ask again at once when refused."""
    out, limits, rng = Simulation(), Limits(schedule, 0.0), random.Random(schedule.seed)
    busy_until = [0.0] * (schedule.slots or 0)
    events: list[tuple[float, int, str, object]] = []
    now, waiting, left, open_calls, number = 0.0, workers, rows, 0, 0
    while left:
        while waiting and left > throttle.in_flight:
            wait = throttle.delay(now, 1)
            if wait is None:
                break
            if wait > 0:
                number += 1
                heapq.heappush(events, (now + wait, number, "wake", None))
                break
            turn = throttle.sent(now, 1)
            waiting, open_calls, number = waiting - 1, open_calls + 1, number + 1
            out.peak = max(out.peak, open_calls)
            if not limits.admit(now, open_calls):
                heapq.heappush(events, (now + refusal_s, number, "429", turn))
                continue
            begins, takes = now, latency(rng) if latency else schedule.delay_s(rng)
            if busy_until:
                begins = max(now, heapq.heappop(busy_until))
                heapq.heappush(busy_until, begins + takes)
            kind = "fail" if schedule.rates and rng.random() < sum(schedule.rates.values()) else "ok"
            heapq.heappush(events, (begins + takes, number, kind, turn))
        now, _, what, turn = heapq.heappop(events)
        if what == "wake":
            continue
        waiting, open_calls = waiting + 1, open_calls - 1
        if what == "429":
            out.refusals += 1
            throttle.refused(turn, now, retry_after_s=schedule.retry_after_s)
        elif what == "fail":
            throttle.failed(turn, now)
        else:
            left -= 1
            out.seconds = now
            throttle.succeeded(turn, now)
            out.limits.append((now, throttle.limit))
    return out
