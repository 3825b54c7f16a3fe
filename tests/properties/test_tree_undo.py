"""Any operations on the tree, taken back in reverse, give the very tree and the entries' topics from before."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

import seedbed
from seedbed.core.errors import SeedbedError
from seedbed.dataset import Dataset

CONFIG = "kind: qa\nkinds:\n  qa: {balance: [difficulty]}\nchecks: {near_duplicate: false, relevant: false}\n"
TREE: dict[str, Any] = {
    "team_a": {"x": {"_fields": {"difficulty": ["easy", "hard"]}}, "z": {}},
    "team-a": {"x": {}, "y": {"x": {}}},
    "TEAM_a": {},
    "team_ab": {"x": {}},
}
NAMES = st.sampled_from(["team_a", "team-a", "TEAM_a", "team_ab", "x", "y", "z", "easy"])
PLACES = st.integers(0, 30)
HOW = st.fixed_dictionaries({"on_violation": st.sampled_from(["refuse", "review", "reject"]), "dry_run": st.booleans()})
METAS = st.sampled_from([{}, {"fields": {"difficulty": ["easy"]}}, {"aspects": ["q"]}])
STEPS = st.one_of(
    st.tuples(st.just("add"), PLACES, NAMES),
    st.tuples(st.just("move"), PLACES, st.one_of(st.none(), PLACES)),
    st.tuples(st.just("rename"), PLACES, NAMES),
    st.tuples(st.just("merge"), PLACES, PLACES),
    st.tuples(st.just("remove"), PLACES, st.one_of(st.sampled_from(["refuse", "remove"]), PLACES)),
    st.tuples(st.just("split"), PLACES, st.sampled_from(["by", "assign"])),
    st.tuples(st.just("describe"), PLACES, METAS),
    st.tuples(st.just("submit"), PLACES, st.sampled_from(["easy", "hard"])),
)  # fmt: skip


def submit(ds: Dataset, number: int, topic: str, difficulty: str) -> None:
    entry = {"question": f"What is number {number}?", "answer": f"It is {number}, plainly.", "difficulty": difficulty}
    ds.submit(entry, topic=topic)


def picture(ds: Dataset) -> tuple[Any, ...]:
    """The tree with everything said of it, in order, and where every entry is."""
    topics = [(n.id, n.parent_id, n.topic) for n in ds.file.topics.nodes()]
    entries = [
        (e.id, e.topic, e.state, len(e.verdicts))
        for e in ds.file.entries.page(limit=10_000, verdicts=True)
        if e.state.live
    ]
    return topics, entries


def check(ds: Dataset) -> None:
    """Every topic hangs where its path says, and only leaves hold entries."""
    nodes = {n.id: n for n in ds.file.topics.nodes()}
    for node in nodes.values():
        parent = nodes[node.parent_id].path if node.parent_id is not None else ""
        assert node.path.rpartition("/")[0] == parent
    leaves = {t.path for t in ds.file.topics.leaves()}
    assert {e.topic for e in ds.file.entries.page(limit=10_000) if e.state.live} <= leaves


def step(ds: Dataset, what: tuple[Any, ...], how: dict[str, Any], numbers: Any) -> Any:  # noqa: C901 - one case an operation
    """One operation on whatever topics there are; ``None`` when it is refused."""
    paths = [t.path for t in ds.file.topics.all()]

    def at(place: int) -> str:
        return paths[place % len(paths)]

    try:
        match what:
            case ("add", place, name):
                return ds.topics.add(f"{at(place)}/{name}", **how)
            case ("move", place, to):
                return ds.topics.move(at(place), None if to is None else at(to), **how)
            case ("rename", place, name):
                return ds.topics.rename(at(place), name, **how)
            case ("merge", place, into):
                return ds.topics.merge(at(place), at(into), **how)
            case ("remove", place, entries):
                return ds.topics.remove(at(place), at(entries) if isinstance(entries, int) else entries, **how)
            case ("split", place, "by"):
                return ds.topics.split(at(place), by="difficulty", **how)
            case ("split", place, _):
                ids = [e.id for e in ds.entries(topic=at(place), limit=100)[1]]
                return ds.topics.split(at(place), assign={i: f"leaf {i[0]}" for i in ids}, **how)
            case ("describe", place, meta):
                return ds.topics.describe(at(place), meta=meta, **how)
            case ("submit", place, difficulty):
                submit(ds, next(numbers), at(place), difficulty)
    except SeedbedError:
        return None


@contextmanager
def planted() -> Iterator[tuple[Dataset, Any]]:
    """A dataset with look-alike topics and two entries in every leaf, and the numbers of further ones."""
    with TemporaryDirectory() as folder:
        (Path(folder) / "seedbed.yaml").write_text(CONFIG)
        with seedbed.create(folder) as ds:
            ds.topics.load(TREE)
            numbers = count(1)
            for topic in ("team_a/x", "team_a/z", "team-a/x", "team-a/y/x", "TEAM_a", "team_ab/x"):
                submit(ds, next(numbers), topic, "easy")
                submit(ds, next(numbers), topic, "hard")
            yield ds, numbers


def newest(ds: Dataset) -> int:
    return ds.file.events.page(limit=1)[0].id


@settings(max_examples=40)
@given(st.lists(st.tuples(STEPS, HOW), min_size=1, max_size=10))
def test_operations_taken_back_in_reverse_leave_no_trace_and_are_redone(steps: list[tuple[Any, Any]]) -> None:
    with planted() as (ds, numbers):
        done: list[tuple[int, tuple[Any, ...]]] = []
        for what, how in steps:
            before, earlier = picture(ds), newest(ds)
            change = step(ds, what, how, numbers)
            check(ds)
            if newest(ds) > earlier:
                done.append((newest(ds), before))
            else:  # refused, tried only, or nothing to change
                assert change is None or change.event is None
                assert picture(ds) == before
        last, undos = picture(ds), []
        for event, before in reversed(done):
            undos.append(ds.history.undo([event]).event)
            assert picture(ds) == before
            check(ds)
        for event in reversed(undos):
            ds.history.redo([event])
            check(ds)
        assert picture(ds) == last


@settings(max_examples=40)
@given(st.lists(st.tuples(STEPS, HOW), min_size=2, max_size=8), st.lists(st.tuples(PLACES, st.booleans()), max_size=8))
def test_undoing_in_any_order_keeps_the_tree_whole(steps: list[tuple[Any, Any]], undos: list[tuple[int, bool]]) -> None:
    with planted() as (ds, numbers):
        for what, how in steps:
            step(ds, what, how, numbers)
        for place, skip in undos:
            events = [e.id for e in ds.file.events.page(limit=100) if e.undone_by is None]
            before = picture(ds)
            try:
                ds.history.undo([events[place % len(events)]], skip_conflicts=skip)
            except SeedbedError:
                assert picture(ds) == before
            check(ds)


@settings(max_examples=30)
@given(st.lists(STEPS, min_size=1, max_size=6), st.sampled_from(["refuse", "review", "reject"]))
def test_a_dry_run_tells_what_then_happens(steps: list[Any], way: str) -> None:
    with planted() as (ds, numbers):
        for what in steps:
            if what[0] == "submit":
                continue
            tried = step(ds, what, {"on_violation": way, "dry_run": True}, numbers)
            done = step(ds, what, {"on_violation": way, "dry_run": False}, numbers)
            if done is None:
                assert tried is None or tried.refused
            else:
                assert {**tried.to_dict(), "dry_run": False, "event": done.event} == done.to_dict()
