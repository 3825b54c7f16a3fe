"""Targets, deficits and who is served next."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seedbed.core.records import Cell, Topic
from seedbed.engine.plan import CellPlan, Plan, apportion, cell_targets, shortfalls, topic_targets


@given(st.integers(0, 10_000), st.lists(st.floats(0, 100), min_size=1, max_size=30))
def test_apportion_gives_out_exactly_the_total(total, weights):
    shares = apportion(total, weights)
    assert sum(shares) == total
    assert min(shares) >= 0


def test_apportion_follows_weights():
    assert apportion(10, [1, 3, 1]) == [2, 6, 2]
    assert apportion(3, [0, 0]) == [2, 1]


def topics(*paths, **own):
    leaves = {p for p in paths if not any(q.startswith(p + "/") for q in paths)}
    return [Topic(p, is_leaf=p in leaves, **own.get(p.replace("/", "_"), {})) for p in paths]


def test_topics_share_their_parents_target_by_weight():
    tree = topics("a", "a/x", "a/y", "b", a_y={"weight": 3.0})
    assert topic_targets(tree, 16) == {"a/x": 2, "a/y": 6, "b": 8}


def test_a_topics_own_target_is_taken_off_its_siblings():
    tree = topics("a", "b", "c", b={"target": 10})
    assert topic_targets(tree, 20) == {"a": 5, "b": 10, "c": 5}


def test_without_a_total_only_own_targets_count():
    tree = topics("a", "a/x", "a/y", "b", a={"target": 4})
    assert topic_targets(tree, None) == {"a/x": 2, "a/y": 2, "b": 0}


def test_cells_of_a_leaf_share_its_target_and_remainders_rotate():
    cells = {p: [(("d", "easy"),), (("d", "hard"),)] for p in ("a", "b")}
    plans = cell_targets({"a": 3, "b": 3}, cells)
    assert sum(p.target for p in plans) == 6
    assert {p.cell.label: 0 for p in plans} == {"d=easy": 0, "d=hard": 0}
    assert sum(p.target for p in plans if p.cell.label == "d=easy") == 3


def plan(*targets, **options):
    return Plan([CellPlan(Cell(f"t{i}"), t) for i, t in enumerate(targets)], **options)


def test_the_emptiest_cell_is_served_first_and_nobody_gets_more_than_its_deficit():
    p = plan(4, 4)
    p.set_counts({("t0", ""): 3}, {})
    order = [c.cell.topic for c in p.next_cells(10)]
    assert order == ["t1", "t1", "t1", "t0", "t1"] or order.count("t1") == 4
    assert len(order) == 5


def test_outstanding_work_is_not_planned_twice():
    p = plan(2)
    p.set_counts({}, {("t0", ""): 2})
    assert p.next_cells(10) == []
    assert p.missing == 2


def test_a_dry_cell_hands_its_share_to_the_others():
    p = plan(5, 5)
    p.mark_dry(p.cells[0], "no source text")
    assert len(p.next_cells(100)) == 10
    assert p.moved == 5
    assert p.target == 10


def test_without_rebalancing_a_dry_cell_stays_short():
    p = plan(5, 5, rebalance=False)
    p.mark_dry(p.cells[0], "no source text")
    assert len(p.next_cells(100)) == 5
    assert shortfalls(p.cells)[0]["why"] == "no source text" or shortfalls(p.cells)[1]["why"] == "no source text"


def test_a_cell_is_dry_when_its_attempts_are_used_up():
    p = plan(2, rebalance=False)
    p.cells[0].attempts = p.attempt_limit(p.cells[0])
    assert p.next_cells(5) == []
    assert "attempts" in p.cells[0].why_dry


@pytest.mark.parametrize("most", [0, 1, 3])
def test_next_cells_keeps_to_the_number_asked(most):
    assert len(plan(10, 10).next_cells(most)) == most


def test_a_goal_ends_the_run_though_a_full_cell_holds_more_than_its_share():
    p = plan(4, 4, 4, goal=12)
    p.set_counts({("t0", ""): 10}, {})
    assert p.missing == 2
    assert sorted(c.cell.topic for c in p.next_cells(100)) == ["t1", "t2"]


def test_open_work_counts_towards_the_goal():
    p = plan(4, 4, goal=8)
    p.set_counts({("t0", ""): 4}, {("t1", ""): 3})
    assert len(p.next_cells(100)) == 1
