from collections import Counter
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from seedbed.core.records import Seed
from seedbed.sources.spread import spread


def seeds(counts):
    return [Seed(f"{d}-{i}", d, f"{d} {i}", position=i) for d, n in counts.items() for i in range(n)]


def test_every_document_gives_as_many_as_the_others_where_it_can():
    picked = spread(seeds({"a": 100, "b": 2, "c": 50}), 12)
    assert Counter(s.source for s in picked) == {"a": 5, "b": 2, "c": 5}


def test_those_of_a_document_are_evenly_spaced_and_in_order():
    assert [s.position for s in spread(seeds({"a": 100}), 4)] == [0, 25, 50, 75]


def test_a_long_stream_is_thinned_in_bounded_memory():
    positions = [s.position for s in spread((s for s in seeds({"a": 5000})), 10)]
    assert len(positions) == 10
    assert max(positions) > 4000
    assert max(b - a for a, b in pairwise(positions)) < 1000


@given(st.dictionaries(st.sampled_from("abcdef"), st.integers(0, 30)), st.integers(1, 60))
def test_the_limit_is_met_exactly_in_the_order_read(counts, limit):
    every = seeds(counts)
    picked = spread(every, limit)
    assert len(picked) == min(limit, len(every))
    order = [every.index(s) for s in picked]
    assert order == sorted(set(order))
    shares = Counter(s.source for s in picked)
    short = [d for d, n in counts.items() if shares[d] < n]
    assert max((shares[d] for d in counts), default=0) - min((shares[d] for d in short), default=limit) <= 1
