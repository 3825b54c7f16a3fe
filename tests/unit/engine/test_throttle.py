"""The policy against imagined servers, in virtual time."""

import itertools
import random

import pytest

from seedbed.core.records import Quota
from seedbed.engine.throttle import START, Throttle
from testkit.schedule import Schedule
from testkit.simulate import simulate

LATENCY = 0.05


def run(schedule, *, rows=1000, **options):
    simulated = {k: options.pop(k) for k in ("latency", "refusal_s", "workers") if k in options}
    throttle = Throttle(rng=random.Random(1), **options)
    return throttle, simulate(throttle, schedule, rows=rows, **simulated)


def turns(throttle, n, *, now=0.0):
    """Up to ``n`` turns, until a reply or a pause has to be waited for."""
    taken = []
    while len(taken) < n and (wait := throttle.delay(now, 1)) is not None and wait < 0.5:
        now += wait
        taken.append(throttle.sent(now, 1))
    return taken


def test_it_starts_low_and_doubles_every_round():
    throttle = Throttle(ceiling=64)
    first = turns(throttle, 99)
    assert len(first) == START
    for turn in first:
        throttle.succeeded(turn, 1.0)
    assert throttle.limit == 2 * START


def test_a_free_server_is_soon_used_to_the_full():
    throttle, seen = run(Schedule(latency_s=LATENCY), rows=2000)
    assert throttle.limit == 64 and seen.refusals == 0
    assert seen.seconds < 1.2 * 2000 * LATENCY / 64


def test_it_does_not_grow_while_nobody_asks():
    throttle, _ = run(Schedule(latency_s=LATENCY), rows=500, workers=2)
    assert throttle.limit == START


@pytest.mark.parametrize("burst", [500, 100, 50])
@pytest.mark.parametrize("retry_after_s", [None, 1.0])
def test_a_rate_limit_is_found_with_few_refusals_and_then_used_to_the_full(burst, retry_after_s):
    schedule = Schedule(latency_s=LATENCY, rps=50, burst=burst, retry_after_s=retry_after_s)
    throttle, seen = run(schedule)
    assert seen.refusals < 15
    assert seen.seconds < 1.05 * (1000 - burst) / 50
    assert throttle.learned_rate == pytest.approx(50, rel=0.1)


@pytest.mark.parametrize("burst", [1, 10])
def test_a_rate_limit_without_reserve_is_found_too(burst):
    _, seen = run(Schedule(latency_s=LATENCY, rps=50, burst=burst))
    assert seen.refusals < 15
    assert seen.seconds < 1.15 * (1000 - burst) / 50


def test_a_limit_on_open_calls_is_found_within_a_second_and_kept():
    throttle, seen = run(Schedule(latency_s=LATENCY, max_inflight=32), rows=5000)
    assert throttle.learned_rate is None
    assert seen.refusals < 12
    assert seen.seconds < 1.15 * 5000 * LATENCY / 32
    assert all(24 <= limit <= 36 for at, limit in seen.limits if at > 1.0)


def test_a_server_that_queues_is_not_given_more_than_it_works_on():
    throttle, seen = run(Schedule(latency_s=LATENCY, slots=4), queues=True)
    assert throttle.limit < 12
    assert seen.seconds < 1.02 * 1000 * LATENCY / 4


def test_answers_of_very_different_length_do_not_slow_it_down():
    def latency(rng):
        return rng.lognormvariate(0, 1)

    throttle, _ = run(Schedule(), rows=1000, ceiling=16, queues=True, latency=latency)
    assert throttle.limit == 16


def test_a_few_server_errors_do_not_slow_it_down():
    throttle, seen = run(Schedule(latency_s=LATENCY, rates={"503": 0.02}), rows=2000)
    assert throttle.limit == 64
    assert seen.seconds < 1.25 * 2000 * LATENCY / 64


def test_many_errors_cut_once_per_burst():
    throttle = Throttle(ceiling=64)
    throttle.limit = 40.0
    taken = turns(throttle, 40)
    assert len(taken) == 40
    for turn in taken:
        throttle.failed(turn, 1.0)
    assert throttle.limit == START and throttle.paused_s(1.0) < 0.5
    for turn in turns(throttle, 99, now=2.0):
        throttle.succeeded(turn, 2.1)
    assert throttle.limit == 2 * START


def test_one_burst_of_refusals_is_one_cut():
    throttle = Throttle(ceiling=64)
    throttle.limit = 40.0
    taken = turns(throttle, 40)
    for turn in taken[20:]:
        throttle.refused(turn, 0.1)
    assert throttle.refusals == 20
    assert 0.1 < throttle.paused_s(0.1) < 0.4


def test_retry_after_pauses_everything():
    throttle = Throttle(ceiling=64)
    turn, *others = turns(throttle, 4)
    throttle.refused(turn, 0.0, retry_after_s=7.0)
    for other in others:
        throttle.succeeded(other, 0.1)
    assert throttle.delay(0.1, 1) == pytest.approx(6.9)


def test_without_retry_after_pauses_double_until_something_succeeds():
    throttle, now, pauses = Throttle(ceiling=64, rng=random.Random(1)), 0.0, []
    for _ in range(4):
        (turn,) = turns(throttle, 1, now=now)
        throttle.refused(turn, now)
        pauses.append(throttle.paused_s(now))
        now += pauses[-1]
    assert all(1.3 < b / a < 3.0 for a, b in itertools.pairwise(pauses))
    (turn,) = turns(throttle, 1, now=now)
    throttle.succeeded(turn, now + 0.1)
    (turn,) = turns(throttle, 1, now=now + 60)
    throttle.refused(turn, now + 60)
    assert throttle.paused_s(now + 60) < pauses[1]


def test_quota_headers_are_believed_before_a_refusal():
    throttle = Throttle(ceiling=64)
    first, second = turns(throttle, 2)
    throttle.succeeded(first, 0.1, quota=Quota(requests=1, reset_s=5.0))
    assert throttle.delay(0.1, 1) == pytest.approx(5.0)  # the second may not have been counted yet
    throttle.succeeded(second, 0.1, quota=Quota(requests=3, reset_s=5.0))
    assert len(turns(throttle, 9, now=0.1)) == 3
    assert throttle.delay(0.2, 1) == pytest.approx(4.9)
    assert throttle.delay(5.2, 1) == 0.0


def test_older_quota_news_are_ignored():
    throttle = Throttle(ceiling=64)
    first, second = turns(throttle, 2)
    throttle.succeeded(second, 1.0, quota=Quota(requests=50, reset_s=5.0))
    throttle.succeeded(first, 1.1, quota=Quota(requests=0, reset_s=5.0))
    assert throttle.delay(1.1, 1) == 0.0


def test_too_few_tokens_left_wait_for_the_reset():
    throttle = Throttle(ceiling=64)
    throttle.delay(0.0, 800)
    turn = throttle.sent(0.0, 800)
    throttle.succeeded(turn, 1.0, tokens=700, quota=Quota(tokens=500, reset_s=3.0))
    assert throttle.delay(1.0, 800) == pytest.approx(3.0)


def test_configured_requests_a_minute_are_spaced():
    _, seen = run(Schedule(latency_s=LATENCY), rows=100, requests_per_minute=600)
    assert seen.seconds == pytest.approx((100 - 10) / 10, abs=0.2)


def test_configured_tokens_a_minute_are_spaced():
    throttle = Throttle(tokens_per_minute=6000)
    assert throttle.delay(0.0, 80) == 0.0
    turn = throttle.sent(0.0, 80)
    assert throttle.delay(0.0, 80) == pytest.approx(0.6)
    throttle.succeeded(turn, 0.0, tokens=20)
    assert throttle.delay(0.0, 80) == 0.0


def test_a_call_given_up_says_nothing():
    throttle = Throttle(ceiling=64)
    (turn,) = turns(throttle, 1)
    throttle.dropped(turn)
    assert throttle.in_flight == 0 and throttle.limit == START
