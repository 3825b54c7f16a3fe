"""Queues are told from capacity by latency at different concurrency."""

import random

from seedbed.engine.knee import Knee


def feed(knee, slots, *, levels=(2, 4, 8, 16), each=40, scatter=0.0):
    """What the knee says first when ``slots`` calls are worked on at once and the rest wait."""
    rng = random.Random(1)
    for level in levels:
        for _ in range(each):
            service = rng.lognormvariate(0, scatter) if scatter else 1.0
            found = knee.add(level, service * max(1.0, level / slots))
            if found is not None:
                return found
    return None


def test_calls_that_only_wait_are_found_out():
    assert round(feed(Knee((16, 32)), slots=4)) == 4


def test_a_server_with_room_has_no_knee():
    assert feed(Knee((16, 32)), slots=64) is None


def test_texts_of_very_different_length_do_not_look_like_a_queue():
    assert feed(Knee((16, 32)), slots=64, each=400, scatter=1.0) is None


def test_little_evidence_is_not_enough():
    assert feed(Knee((16, 32)), slots=1, each=15) is None


def test_levels_above_are_measured_afresh():
    knee = Knee((16, 32))
    assert feed(knee, slots=4)
    knee.forget(above=5)
    assert feed(knee, slots=4, levels=(16,), each=31) is None
