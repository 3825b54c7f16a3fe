"""Calls, limiter and HTTP client together against a real server that refuses, queues, breaks and dies."""

import asyncio
import random
import time
from collections import Counter

import pytest

from seedbed.core.errors import ProviderError, SeedbedError, UnreachableError
from seedbed.core.records import Message
from seedbed.core.replies import parse_json_reply
from seedbed.engine.budget import Budget
from seedbed.engine.calls import Asker, Calls, Retry, Seat
from seedbed.engine.limits import Limiter
from seedbed.engine.throttle import Throttle
from seedbed.providers.openai import OpenAIDialect
from seedbed.providers.structure import StructuredProvider
from testkit.schedule import Schedule
from testkit.server import ModelServer

SCHEMA = {
    "type": "object",
    "properties": {"question": {"type": "string"}, "answer": {"type": "string"}},
    "required": ["question", "answer"],
}


class Journal:
    """Rows by key, in memory."""

    def __init__(self):
        self.rows = []

    def get(self, key):
        return next((r for r in self.rows if r.key == key and r.error is None), None)

    def put(self, rows):
        self.rows.extend(rows)
        done = asyncio.get_running_loop().create_future()
        done.set_result(None)
        return done


class Watch:
    def call(self, usage, *, cached=False, retry=False):
        pass


class Outcome:
    """Replies and errors in order, the limiter, the journal, and how long it took."""


def ask_all(server, rows, *, workers=64, timeout_s=5.0, attempts=4, **throttle):
    """Ask ``rows`` different questions with ``workers`` at once, through everything a run uses."""
    out = Outcome()

    async def go():
        dialect = OpenAIDialect("test", base_url=server.base_url("openai"), timeout_s=timeout_s)
        out.limiter = Limiter(Throttle(ceiling=workers, rng=random.Random(1), **throttle), clock=time.monotonic)
        seat = Seat(StructuredProvider(dialect), "m", "test:m", dialect.endpoint, out.limiter, lambda usage: 0.0)
        out.journal = Journal()
        calls = Calls(
            {"writer": seat}, out.journal, budget=Budget(), watch=Watch(),
            retry=Retry(attempts=attempts, base_s=0.02), rng=random.Random(1),
        )  # fmt: skip
        todo, out.found = iter(range(rows)), [None] * rows

        async def worker():
            for i in todo:
                line = calls.ask(Asker("qa", "1", job_id=i, sample=i))
                out.found[i] = await _settled(line, i)

        start = time.monotonic()
        await asyncio.gather(*(worker() for _ in range(workers)))
        out.seconds = time.monotonic() - start
        out.snapshot = out.limiter.snapshot()
        await dialect.aclose()

    asyncio.run(go())
    return out


async def _settled(line, i):
    """The reply, asked for again, as a job would, until it can be read; or the error."""
    for sample in range(10):
        try:
            reply = await line([Message("user", f"Ask about river {i}.")], schema=SCHEMA, sample=sample)
            parse_json_reply(reply.text)
            return reply
        except ProviderError as error:
            return error
        except SeedbedError:
            continue
    return None


def all_replied(out):
    return [f for f in out.found if not getattr(f, "text", "")] == []


def test_refusals_with_retry_after_are_waited_out():
    with ModelServer(Schedule(latency_s=0.005, faults={20: "429", 21: "429"}, retry_after_s=0.4)) as server:
        out = ask_all(server, 60, workers=8)
    assert all_replied(out) and out.seconds > 0.4
    assert server.stats.statuses["429"] == 2
    assert server.stats.calls == 62


def test_a_rate_limit_is_found_and_used_to_the_full():
    with ModelServer(Schedule(latency_s=0.02, rps=100, burst=100)) as server:
        out = ask_all(server, 400)
    assert all_replied(out)
    assert server.stats.statuses["429"] < 80  # asking blindly, 64 at once, is refused hundreds of times
    assert out.snapshot["refusals"] == server.stats.statuses["429"]


def test_a_quota_in_the_headers_is_kept_without_being_refused():
    with ModelServer(Schedule(latency_s=0.01, window=(40, 0.5))) as server:
        out = ask_all(server, 120)
    assert all_replied(out) and out.seconds > 1.0
    assert server.stats.statuses["429"] <= 12  # one or two where the machine keeps up


def test_a_limit_on_open_calls_is_found():
    """A slow machine counts calls as open whose reply is there already, so the limit it learns may be above 16."""
    with ModelServer(Schedule(latency_s=0.1, max_inflight=16)) as server:
        out = ask_all(server, 400, workers=48)
    assert all_replied(out)
    assert server.stats.statuses["429"] < 40
    assert 8 <= out.snapshot["limit"] < 40


def test_a_queueing_server_is_not_flooded():
    with ModelServer(Schedule(latency_s=0.02, slots=4)) as server:
        out = ask_all(server, 300, workers=32, queues=True)
    assert all_replied(out) and server.stats.statuses == {"200": 300}
    assert out.snapshot["limit"] < 24


def test_broken_connections_and_bodies_are_asked_again():
    schedule = Schedule(latency_s=0.005, rates={"disconnect": 0.05, "truncated": 0.05, "reset": 0.03, "blank": 0.03})
    with ModelServer(schedule) as server:
        out = ask_all(server, 150, workers=16, attempts=10)
    assert all_replied(out)
    told = Counter(r.error for r in out.journal.rows if r.error)
    assert set(told) == {"unreachable", "malformed_reply", "blank_reply"}
    assert sum(told.values()) == sum(server.stats.faults.values())


def test_hanging_calls_run_into_their_deadline_and_are_asked_again():
    with ModelServer(Schedule(faults={3: "timeout", 9: "timeout"})) as server:
        out = ask_all(server, 30, workers=4, timeout_s=1.0)
    assert all_replied(out)
    assert [r.error for r in out.journal.rows if r.error] == ["timeout", "timeout"]


def test_one_in_ten_malformed_and_one_in_fifty_down():
    with ModelServer(Schedule(latency_s=0.005, rates={"malformed": 0.10, "503": 0.02}, seed=5)) as server:
        out = ask_all(server, 500)
    assert all_replied(out)
    assert 500 < server.stats.calls <= 585
    assert out.snapshot["limit"] >= 8  # two in a hundred failures must not strangle the run


def test_a_server_that_dies_is_told_after_bounded_tries():
    with ModelServer(Schedule(cap=10)) as server:
        out = ask_all(server, 14, workers=1)
    assert all(f.text for f in out.found[:10])
    assert all(isinstance(f, UnreachableError) and f.place["tries"] == 4 for f in out.found[10:])


@pytest.mark.parametrize("per_minute", [1200])
def test_configured_requests_a_minute_are_kept(per_minute):
    with ModelServer() as server:
        out = ask_all(server, 40, requests_per_minute=per_minute)
    assert all_replied(out)
    assert out.seconds >= 0.9 * (40 - per_minute / 60) / (per_minute / 60)
