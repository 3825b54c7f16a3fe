"""The bandit prefers what pays; coordinates go where the dataset is thin."""

from __future__ import annotations

import random

from seedbed.engine.steer import Axis, Bandit, Point


def test_the_bandit_prefers_the_strategy_that_pays():
    bandit = Bandit(("naive", "coverage"), explore=0.0)
    bandit.record("t", "naive", calls=40, candidates=40, accepted=4)
    bandit.record("t", "coverage", calls=40, candidates=40, accepted=30)
    rng = random.Random(1)
    assert sum(bandit.choose("t", rng) == "coverage" for _ in range(200)) > 190


def test_what_was_learned_elsewhere_is_a_bounded_prior():
    bandit = Bandit(("naive", "evidence"), explore=0.0)
    bandit.record("elsewhere", "naive", calls=1000, candidates=1000, accepted=900)
    bandit.record("elsewhere", "evidence", calls=1000, candidates=1000, accepted=100)
    rng = random.Random(1)
    assert sum(bandit.choose("new", rng) == "naive" for _ in range(200)) > 180
    bandit.record("new", "naive", calls=60, candidates=60, accepted=0)
    bandit.record("new", "evidence", calls=60, candidates=60, accepted=50)
    assert sum(bandit.choose("new", rng) == "evidence" for _ in range(200)) > 180


def test_more_than_one_entry_a_call_does_not_break_the_belief():
    bandit = Bandit(("naive", "coverage"))
    bandit.record("t", "naive", calls=2, candidates=20, accepted=20)
    assert bandit.choose("t", random.Random(0)) in ("naive", "coverage")


def test_a_single_strategy_is_always_chosen():
    assert Bandit(("naive",)).choose("t", random.Random(0)) == "naive"


def test_unused_values_are_drawn_before_used_ones():
    axis = Axis("form", [Point(f"f{i}") for i in range(8)])
    rng = random.Random(2)
    seen = set()
    for _ in range(16):
        point = axis.draw(rng)
        seen.add(point.text)
        axis.settle(point.text, accepted=1)
    assert len(seen) >= 7


def test_a_barren_value_is_retired_but_never_the_last_one():
    axis = Axis("aspect", [Point("a"), Point("b")], patience=3)
    retired = [axis.settle("a", accepted=0) for _ in range(3)]
    assert retired[-1] is axis.points[0]
    assert all(axis.draw(random.Random(i)).text == "b" for i in range(10))
    for _ in range(10):
        assert axis.settle("b", accepted=0) is None
