"""Splits: exact or stable, stratified, and never with near duplicates on both sides."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seedbed.core.errors import InputError
from seedbed.export.splits import Row, near_groups, parse_splits, split_by_hash, split_by_shuffle, thin_strata

SHARES = {"train": 0.8, "validation": 0.1, "test": 0.1}


def rows(sizes, groups=None):
    out, n = [], 0
    for stratum, size in enumerate(sizes):
        for _ in range(size):
            group = (groups or {}).get(n, n)
            out.append(Row(f"{n:020x}", f"t{stratum}", "", group, leads=group == n))
            n += 1
    return out


@given(st.lists(st.integers(0, 40), min_size=1, max_size=8), st.integers(0, 5))
def test_shuffle_gives_every_entry_one_split_and_exact_sizes(sizes, seed):
    light = rows(sizes)
    assigned = split_by_shuffle(light, SHARES, seed)
    assert sorted(assigned) == sorted(r.id for r in light)
    counts = Counter(assigned.values())
    for name, share in SHARES.items():
        assert abs(counts[name] - share * len(light)) < 1


def test_shuffle_keeps_the_shares_inside_every_stratum():
    light = rows([100, 50, 10])
    assigned = split_by_shuffle(light, SHARES, 1)
    for stratum, size in (("t0", 100), ("t1", 50), ("t2", 10)):
        got = Counter(assigned[r.id] for r in light if r.topic == stratum)
        assert abs(got["train"] - 0.8 * size) <= 1


def test_shuffle_depends_on_the_seed_only():
    light = rows([30, 30])
    assert split_by_shuffle(light, SHARES, 3) == split_by_shuffle(light, SHARES, 3)
    assert split_by_shuffle(light, SHARES, 3) != split_by_shuffle(light, SHARES, 4)


@given(st.integers(1, 120), st.integers(0, 60))
def test_hash_is_stable_while_the_dataset_grows(before, more):
    small, large = rows([before]), rows([before + more])
    first = split_by_hash(small, SHARES, 42)
    later = split_by_hash(large, SHARES, 42)
    assert all(later[i] == name for i, name in first.items())


@pytest.mark.parametrize("split", [split_by_hash, split_by_shuffle])
def test_near_duplicates_go_together(split):
    groups = near_groups(range(60), [(i, i + 1) for i in range(0, 20, 2)] + [(20, 21), (21, 22)])
    light = rows([60], groups)
    assigned = split(light, SHARES, 7)
    by_group = {}
    for row in light:
        by_group.setdefault(row.group, set()).add(assigned[row.id])
    assert all(len(names) == 1 for names in by_group.values())


def test_groups_follow_chains_to_their_oldest_member():
    assert near_groups([1, 2, 3, 9], [(3, 2), (2, 1)]) == {1: 1, 2: 1, 3: 1, 9: 9}


def test_thin_strata_are_named_thinnest_first():
    found = thin_strata(rows([3, 100, 9]), SHARES)
    assert [(w["topic"], w["count"]) for w in found] == [("t0", 3), ("t2", 9)]


@pytest.mark.parametrize("text", ["", "train", "train=0", "train=0.5,test=0.4", "a=0.5,a=0.5", "a=1.5", "a b=1"])
def test_malformed_splits_say_what_they_should_look_like(text):
    with pytest.raises(InputError) as caught:
        parse_splits(text)
    assert caught.value.stable_code == "invalid_split"
    assert "train=0.8" in caught.value.fix


def test_shares_keep_their_order():
    assert list(parse_splits("train=0.8, test=0.2")) == ["train", "test"]
