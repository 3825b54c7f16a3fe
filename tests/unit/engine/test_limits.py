"""Callers wait their turn, in order, and leave no trace when they give up."""

import asyncio
import random

from seedbed.core.errors import AuthError, RateLimitError, ServerError
from seedbed.engine.limits import Limiter
from seedbed.engine.throttle import Throttle
from testkit.virtual import clock, run_virtual


def limiter(**options):
    return Limiter(Throttle(rng=random.Random(1), **options), clock=clock)


def test_no_more_calls_are_open_than_the_limit():
    async def go():
        turns = limiter(ceiling=2)
        open_calls = peak = 0

        async def call():
            nonlocal open_calls, peak
            turn = await turns.acquire(1)
            open_calls += 1
            peak = max(peak, open_calls)
            await asyncio.sleep(1)
            open_calls -= 1
            turns.succeed(turn)

        await asyncio.gather(*(call() for _ in range(6)))
        return peak, turns.snapshot()

    peak, snapshot = run_virtual(go())
    assert peak == 2
    assert snapshot == {
        "limit": 2, "in_flight": 0, "waiting": 0, "refusals": 0, "paused_s": 0.0, "per_second": None
    }  # fmt: skip


def test_first_come_first_served():
    async def go():
        turns, order = limiter(ceiling=1), []

        async def call(i):
            turn = await turns.acquire(1)
            order.append(i)
            await asyncio.sleep(1)
            turns.succeed(turn)

        await asyncio.gather(*(call(i) for i in range(5)))
        return order

    assert run_virtual(go()) == [0, 1, 2, 3, 4]


def test_a_pause_holds_everybody_and_ends_by_itself():
    async def go():
        turns = limiter(ceiling=8)
        turn = await turns.acquire(1)
        turns.fail(turn, RateLimitError("slow down", retry_after_s=30))
        assert turns.snapshot()["paused_s"] == 30
        turns.drop(await turns.acquire(1))
        return clock()

    assert run_virtual(go()) == 30


def test_only_load_errors_count_as_trouble():
    async def go(error):
        turns = limiter(ceiling=8)
        for _ in range(20):
            turns.fail(await turns.acquire(1), error)
        return clock()

    assert run_virtual(go(AuthError("no"))) == 0
    assert run_virtual(go(ServerError("down"))) > 0


def test_a_waiter_that_gives_up_leaves_the_queue():
    async def go():
        turns = limiter(ceiling=1)
        turn = await turns.acquire(1)
        waiting = [asyncio.create_task(turns.acquire(1)) for _ in range(2)]
        await asyncio.sleep(0)
        waiting[0].cancel()
        await asyncio.sleep(0)
        turns.succeed(turn)
        turns.drop(await waiting[1])
        return turns.snapshot()

    snapshot = run_virtual(go())
    assert snapshot["in_flight"] == snapshot["waiting"] == 0


def test_a_turn_that_comes_while_its_caller_is_cancelled_is_passed_on():
    async def go():
        turns = limiter(ceiling=1)
        turn = await turns.acquire(1)
        first, second = (asyncio.create_task(turns.acquire(1)) for _ in range(2))
        await asyncio.sleep(0)
        turns.succeed(turn)  # the first waiter has its turn now …
        first.cancel()  # … and is cancelled before it runs
        turns.drop(await second)
        return turns.snapshot()["in_flight"]

    assert run_virtual(go()) == 0
