"""Configured buckets, and rates found out from refusals."""

import pytest

from seedbed.engine.pacing import Bucket, Pace


def test_a_bucket_lets_a_second_through_and_then_spaces():
    bucket = Bucket(120)
    assert [bucket.wait_s(0.0, 1) or bucket.spend(1) for _ in range(2)] == [None, None]
    assert bucket.wait_s(0.0, 1) == pytest.approx(0.5)
    assert bucket.wait_s(0.5, 1) == 0.0


def test_a_cost_above_the_bucket_waits_for_a_full_one_and_overdraws_it():
    bucket = Bucket(6000)
    assert bucket.wait_s(0.0, 1000) == 0.0
    bucket.spend(1000)
    assert bucket.wait_s(0.0, 1) == pytest.approx(9.01)


def test_an_estimate_that_was_too_high_is_given_back():
    bucket = Bucket(6000)
    bucket.wait_s(0.0, 100)
    bucket.spend(100)
    bucket.spend(-60)
    assert bucket.wait_s(0.0, 60) == 0.0


def test_no_rate_is_known_at_first():
    pace = Pace()
    pace.sent(0.0)
    assert pace.rate is None and pace.wait_s(0.0) == 0.0


def refuse_twice(pace, *, apart, rate_limited=True):
    """Two refusals with 30 admitted requests between them."""
    pace.learn(500, 1.0, rate_limited=False, until=1.1)
    pace.refused(501, 1.0)
    pace.learn(532, 1.0 + apart, rate_limited=rate_limited, until=1.0 + apart)


def test_what_was_admitted_between_two_refusals_is_the_rate():
    pace = Pace()
    refuse_twice(pace, apart=0.6)
    assert pace.rate == pytest.approx(30 / 0.6)


def test_refusals_for_too_many_at_once_teach_no_rate():
    pace = Pace()
    refuse_twice(pace, apart=0.6, rate_limited=False)
    assert pace.rate is None


def test_requests_are_spaced_by_the_rate():
    pace = Pace()
    pace.begin(10.0)
    pace.sent(5.0)
    assert pace.wait_s(5.0) == pytest.approx(0.1)
    pace.sent(5.1)
    assert pace.wait_s(5.1) == pytest.approx(0.1)


def test_a_long_pause_is_made_up_for_at_twice_the_rate():
    pace = Pace()
    refuse_twice(pace, apart=0.6)
    pace.learn(563, 2.22, rate_limited=True, until=4.0)
    now, gaps = 4.0, []
    for _ in range(20):
        wait = max(0.0, pace.wait_s(now))
        gaps.append(wait)
        now += wait
        pace.sent(now)
    assert gaps[1:] == pytest.approx([0.5 / pace.rate] * 19)


def test_a_known_rate_creeps_up_only_after_quiet_seconds():
    pace = Pace()
    refuse_twice(pace, apart=0.6)
    pace.learn(563, 2.22, rate_limited=True, until=2.3)
    rate = pace.rate
    pace.admitted(3.0, most=1000)
    assert pace.rate == rate
    pace.admitted(20.0, most=1000)
    assert rate < pace.rate < 1.01 * rate


def test_a_guess_is_raised_until_it_is_refused():
    pace = Pace()
    pace.begin(20.0)
    for i in range(10):
        pace.admitted(i / 20, most=1000)
    assert pace.rate > 45
    pace.learn(1, 0.5, rate_limited=True, until=0.6)
    pace.learn(3, 0.7, rate_limited=True, until=0.8)
    assert pace.rate < 45


def test_a_rate_far_beyond_what_can_be_sent_is_forgotten():
    pace = Pace()
    pace.begin(100.0)
    pace.admitted(0.0, most=10)
    assert pace.rate is None
