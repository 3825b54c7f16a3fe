"""One call with all that is around it: journal, budget, turn, retries, usage."""

import asyncio
import random

import pytest

from seedbed.core.errors import (
    AuthError,
    BlankReplyError,
    BudgetExceededError,
    MalformedReplyError,
    RateLimitError,
    RequestTimeoutError,
    ServerError,
    UnreachableError,
)
from seedbed.core.records import ChatReply, Message, Usage
from seedbed.engine.budget import Budget
from seedbed.engine.calls import Asker, Calls, Retry, Seat
from seedbed.engine.limits import Limiter
from seedbed.engine.throttle import Throttle
from testkit.virtual import clock, run_virtual

ASK = [Message("user", "What is a river?")]


class Model:
    """Answers from a script: errors are raised, texts returned; the last goes on for ever."""

    name = "test"

    def __init__(self, *script, takes_s=1.0):
        self.script, self.takes_s = list(script or ["a stream"]), takes_s
        self.asked = []

    async def chat(self, request):
        self.asked.append(request)
        await asyncio.sleep(self.takes_s)
        step = self.script.pop(0) if len(self.script) > 1 else self.script[0]
        if isinstance(step, Exception):
            raise step
        return ChatReply(step, model=request.model, usage=Usage(10, 5, calls=1), latency_s=self.takes_s)


class Journal:
    """Keeps rows; each put is durable ``takes_s`` later."""

    def __init__(self, *, takes_s=0.0):
        self.takes_s, self.rows, self.durable = takes_s, [], 0

    def get(self, key):
        return next((r for r in self.rows if r.key == key and r.error is None), None)

    def put(self, rows):
        self.rows.extend(rows)

        async def write():
            await asyncio.sleep(self.takes_s)
            self.durable += len(rows)

        return asyncio.ensure_future(write())


class Watch:
    def __init__(self):
        self.calls, self.cached, self.retries = [], 0, 0

    def call(self, usage, *, cached=False, retry=False):
        self.cached += cached
        self.retries += retry
        if not cached:
            self.calls.append(usage)


def seat(model, *, name="test:m", price=0.001, ceiling=8):
    throttle = Throttle(ceiling=ceiling, rng=random.Random(1))
    return Seat(model, "m", name, "test http://127.0.0.1", Limiter(throttle, clock=clock), lambda usage: price)


class Desk:
    """Everything a test looks at."""

    def __init__(self, model, *, journal=None, budget=None, cache="read", price=0.001, **seats):
        self.model, self.journal, self.watch = model, journal or Journal(), Watch()
        self.budget = budget or Budget()
        self.seats = {"writer": seat(model, price=price), **seats}
        self.calls = Calls(
            self.seats, self.journal, budget=self.budget, watch=self.watch, cache=cache,
            retry=Retry(attempts=3, refusals=5), rng=random.Random(1),
        )  # fmt: skip

    def line(self, **asker):
        return self.calls.ask(Asker("qa", "1", **asker))


def test_a_reply_is_journaled_with_what_it_took():
    async def go():
        desk = Desk(Model())
        reply = await desk.line(run_id=3, job_id=7)(ASK, max_tokens=100)
        return desk, reply

    desk, reply = run_virtual(go())
    (row,) = desk.journal.rows
    assert (row.text, row.role, row.run_id, row.job_id, row.error) == ("a stream", "writer", 3, 7, None)
    assert (row.prompt_tokens, row.completion_tokens, row.cost_usd, row.latency_s) == (10, 5, 0.001, 1.0)
    assert reply.usage.cost_usd == 0.001
    assert (desk.budget.spent_tokens, desk.budget.spent_usd) == (15, 0.001)


def test_the_same_question_is_answered_from_the_journal_free_of_charge():
    async def go():
        desk = Desk(Model())
        first = await desk.line(job_id=1)(ASK)
        again = await desk.line(job_id=2)(ASK)
        return desk, first, again

    desk, first, again = run_virtual(go())
    assert len(desk.model.asked) == 1 and desk.watch.cached == 1
    assert again.text == first.text and again.usage.prompt_tokens == 10
    assert desk.budget.spent_tokens == 15


@pytest.mark.parametrize(
    ("asker", "options"),
    [({"seed_uid": "other"}, {}), ({"sample": 1}, {}), ({}, {"sample": 1}), ({}, {"temperature": 0.5})],
)
def test_another_question_is_asked(asker, options):
    async def go():
        desk = Desk(Model())
        await desk.line()(ASK)
        await desk.line(**asker)(ASK, **options)
        return desk

    assert len(run_virtual(go()).model.asked) == 2


@pytest.mark.parametrize(("cache", "kept"), [("refresh", 2), ("off", 0)])
def test_without_reading_the_cache_it_is_asked_again(cache, kept):
    async def go():
        desk = Desk(Model(), cache=cache)
        await desk.line()(ASK)
        await desk.line()(ASK)
        return desk

    desk = run_virtual(go())
    assert len(desk.model.asked) == 2 and len(desk.journal.rows) == kept


def test_a_reply_is_durable_before_the_next_call_of_the_job_is_sent():
    async def go():
        desk = Desk(Model(), journal=Journal(takes_s=5.0))
        line = desk.line()
        await line(ASK)
        assert desk.journal.durable == 0
        await line(ASK, sample=1)
        return desk, clock()

    desk, now = run_virtual(go())
    assert desk.journal.durable == 1
    assert now == 1 + 5 + 1


@pytest.mark.parametrize(
    "error", [RequestTimeoutError, UnreachableError, ServerError, BlankReplyError, MalformedReplyError]
)
def test_what_may_pass_is_tried_again_and_journaled(error):
    async def go():
        desk = Desk(Model(error("x"), error("x"), "at last"))
        return desk, await desk.line(run_id=3, job_id=7)(ASK)

    desk, reply = run_virtual(go())
    assert reply.text == "at last"
    assert [r.error for r in desk.journal.rows] == [error.code, error.code, None]
    assert all((r.run_id, r.job_id) == (3, 7) for r in desk.journal.rows)
    assert desk.watch.retries == 2 and len(desk.watch.calls) == 3


def test_tries_are_bounded_and_told():
    async def go():
        desk = Desk(Model(ServerError("down")))
        with pytest.raises(ServerError) as caught:
            await desk.line()(ASK)
        return desk, caught.value

    desk, error = run_virtual(go())
    assert len(desk.model.asked) == 3
    assert error.place["tries"] == 3 and error.place["model"] == "test:m"
    assert desk.budget.reserve(10**9, 0.0, model="m")  # nothing is held any more


def test_what_cannot_pass_is_raised_at_once():
    async def go():
        desk = Desk(Model(AuthError("no")))
        with pytest.raises(AuthError):
            await desk.line()(ASK)
        return desk

    assert len(run_virtual(go()).model.asked) == 1


def test_refusals_for_rate_are_waited_out_and_are_no_failures():
    async def go():
        desk = Desk(Model(*[RateLimitError("slow down", retry_after_s=60)] * 4, "at last", takes_s=0.0))
        return await desk.line()(ASK), clock()

    reply, now = run_virtual(go())
    assert reply.text == "at last" and now == pytest.approx(240)


def test_refusals_are_bounded_too():
    async def go():
        desk = Desk(Model(RateLimitError("slow down", retry_after_s=1)))
        with pytest.raises(RateLimitError):
            await desk.line()(ASK)
        return desk

    assert len(run_virtual(go()).model.asked) == 5


def test_nobody_waits_for_a_day():
    async def go():
        desk = Desk(Model(RateLimitError("tomorrow", retry_after_s=86_400)))
        with pytest.raises(RateLimitError):
            await desk.line()(ASK)
        return clock()

    assert run_virtual(go()) == 1


def test_nothing_is_sent_beyond_the_budget():
    async def go():
        desk = Desk(Model(), budget=Budget(max_tokens=150))
        await desk.line()(ASK, max_tokens=100)
        with pytest.raises(BudgetExceededError):
            await desk.line(sample=1)(ASK, max_tokens=200)
        return desk

    assert len(run_virtual(go()).model.asked) == 1


def test_open_calls_together_keep_the_budget():
    async def go():
        desk = Desk(Model(), budget=Budget(max_tokens=300))
        lines = (desk.line(sample=i)(ASK, max_tokens=100) for i in range(8))
        found = await asyncio.gather(*lines, return_exceptions=True)
        return desk, found

    desk, found = run_virtual(go())
    assert sum(isinstance(f, BudgetExceededError) for f in found) == 6
    assert desk.budget.spent_tokens == 30


def test_what_the_provider_charged_goes_before_the_price_table():
    class Charging(Model):
        async def chat(self, request):
            return ChatReply("x", usage=Usage(1, 1, cost_usd=0.5, calls=1))

    async def go():
        desk = Desk(Charging())
        return desk, await desk.line()(ASK)

    desk, reply = run_virtual(go())
    assert reply.usage.cost_usd == desk.budget.spent_usd == 0.5


def test_an_unknown_price_stays_unknown():
    async def go():
        desk = Desk(Model(), price=None)
        return await desk.line()(ASK)

    assert run_virtual(go()).usage.cost_usd is None


@pytest.mark.parametrize("after_s", [0.5, 2.0])
def test_a_cancelled_call_leaves_nothing_behind(after_s):
    async def go():
        desk = Desk(Model(takes_s=1.0))
        desk.seats["writer"].limiter.throttle.limit = 1.0
        desk.seats["writer"].limiter.throttle.ceiling = 1
        tasks = [asyncio.create_task(desk.line(sample=i)(ASK)) for i in range(5)]
        await asyncio.sleep(after_s)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        return desk, desk.seats["writer"].limiter.snapshot()

    desk, snapshot = run_virtual(go())
    assert snapshot["in_flight"] == snapshot["waiting"] == 0
    desk.budget.max_tokens = desk.budget.spent_tokens + 1
    assert desk.budget.reserve(1, 0.0, model="m")


def test_waiting_for_a_turn_is_no_part_of_the_deadline():
    async def go():
        desk = Desk(Model(takes_s=1.0))
        desk.seats["writer"].limiter.throttle.ceiling = 1
        desk.seats["writer"].limiter.throttle.limit = 1.0
        replies = await asyncio.gather(*(desk.line(sample=i)(ASK) for i in range(20)))
        return replies, clock()

    replies, now = run_virtual(go())
    assert now >= 20 and all(r.latency_s == 1.0 for r in replies)


def test_roles_have_their_own_models_and_the_writer_stands_in():
    async def go():
        judge = Model("8 of 10")
        desk = Desk(Model(), judge=seat(judge, name="other:j"))
        line = desk.line()
        texts = [(await line([Message("user", role)], role=role)).text for role in ("judge", "critic")]
        return desk, texts, line.used

    desk, texts, used = run_virtual(go())
    assert texts == ["8 of 10", "a stream"]
    assert [r.role for r in desk.journal.rows] == ["judge", "critic"]
    assert used == 0 and not desk.calls.self_judged


def test_a_model_that_judges_itself_is_flagged():
    async def go():
        model = Model()
        return Desk(model, judge=seat(model)).calls.self_judged

    assert run_virtual(go())
