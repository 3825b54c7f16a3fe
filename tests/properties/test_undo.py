"""Anything done to a dataset, taken back in reverse or at once, gives the very dataset from before."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

import seedbed
from seedbed.core.errors import SeedbedError
from seedbed.dataset import Dataset
from testkit.stored import Clock

CONFIG = "kind: qa\nkinds:\n  qa: {balance: [difficulty]}\nchecks: {relevant: false}\n"
TEXTS = (
    "What does a commit hold?",
    "Which word names a moving line of work?",
    "Who reads the older history of a file?",
)
LEVELS = st.sampled_from(["easy", "hard"])
PLACES, ENTRIES, NUMBERS = st.integers(0, 3), st.integers(0, 5), st.integers(0, len(TEXTS) - 1)
POLICIES = st.sampled_from([None, "warn", "review"])
STEPS = st.one_of(
    st.tuples(st.just("submit"), PLACES, NUMBERS, LEVELS, POLICIES),
    st.tuples(st.just("edit"), ENTRIES, NUMBERS, LEVELS, POLICIES),
    st.tuples(st.just("move"), ENTRIES, PLACES, st.sampled_from(["refuse", "review", "reject"])),
    st.tuples(st.just("remove"), ENTRIES),
    st.tuples(st.sampled_from(["approve", "reject", "withdraw"]), ENTRIES, st.sampled_from(["human:ann", "model:m"])),
    st.tuples(st.just("add"), st.sampled_from(["git/tags", "web/forms", "sea"])),
    st.tuples(st.just("describe"), PLACES, st.lists(LEVELS, unique=True)),
    st.tuples(st.just("undo"), st.integers(1, 3), st.booleans()),
    st.tuples(st.just("redo"), st.integers(1, 2), st.booleans()),
)


@contextmanager
def planted() -> Iterator[Dataset]:
    """A dataset of two leaves with an entry in each, whose clock stands still until it is told."""
    with TemporaryDirectory() as folder:
        (Path(folder) / "seedbed.yaml").write_text(CONFIG)
        with seedbed.create(folder, clock=Clock(1_000.0)) as ds:
            ds.topics.load({"git": {"commits": {}}, "web": {}})
            for number, topic in enumerate(("git/commits", "web")):
                assert ds.submit(content(number, "easy"), topic=topic)[0].accepted
            yield ds


def content(number: int, level: str) -> dict[str, Any]:
    return {"question": TEXTS[number], "answer": "So it is, plainly said.", "difficulty": level}


def picture(ds: Dataset) -> tuple[Any, ...]:
    """The tree, live entries with everything said of them, and the decisions that stand."""
    live = ds.file.rows(
        "SELECT id, uid, topic_id, state, cell, content, text_hash, meta FROM entry WHERE state BETWEEN 1 AND 3"
        " ORDER BY id"
    )
    rowids = [row[0] for row in live]
    verdicts = {r: e.verdicts for r, e in ds.file.entries.by_rowids(rowids, verdicts=True).items()}
    vectors = ds.file.vectors.of(rowids)
    decisions = ds.file.rows("SELECT id FROM decision WHERE withdrawn = 0 ORDER BY id")
    return ds.file.topics.nodes(), live, verdicts, vectors, decisions


def step(ds: Dataset, what: tuple[Any, ...]) -> None:  # noqa: C901 - one case an operation
    """One operation on whatever there is; it may be refused."""
    paths = [t.path for t in ds.file.topics.leaves()]
    ids = [e.id for e in ds.entries(limit=100)[1]]
    every = [e.id for e in ds.file.entries.page(limit=100)]
    try:
        match what:
            case ("submit", place, number, level, policy) if paths:
                ds.submit(content(number, level), topic=paths[place % len(paths)], on_duplicate=policy)
            case ("edit", entry, number, level, policy) if ids:
                changes = {"question": TEXTS[number], "difficulty": level}
                ds.edit(ids[entry % len(ids)], changes, on_duplicate=policy)
            case ("move", entry, place, way) if ids and paths:
                ds.move([ids[entry % len(ids)]], paths[place % len(paths)], on_violation=way)
            case ("remove", entry) if ids:
                ds.remove([ids[entry % len(ids)]])
            case ("approve" | "reject" | "withdraw" as how, entry, reviewer) if every:
                getattr(ds.reviews, how)([every[entry % len(every)]], reviewer=reviewer)
            case ("add", path):
                ds.topics.add(path)
            case ("describe", place, levels) if paths:
                meta = {"fields": {"difficulty": levels} if levels else None}
                ds.topics.describe(paths[place % len(paths)], meta=meta, on_violation="review")
            case ("undo", last, skip):
                ds.history.undo(last=last, skip_conflicts=skip)
            case ("redo", last, skip):
                ds.history.redo(last=last, skip_conflicts=skip)
    except SeedbedError:
        pass


def newest(ds: Dataset) -> int:
    return ds.file.events.page(limit=1)[0].id


def consistent(ds: Dataset) -> None:
    done = ds.reconcile()
    assert done.consistent, [f for f in done.findings if f.problems]


def play(ds: Dataset, steps: list[tuple[Any, ...]]) -> list[tuple[int, float, tuple[Any, ...]]]:
    """Events of the steps with their time and the picture from before; steps that did nothing have none."""
    done: list[tuple[int, float, tuple[Any, ...]]] = []
    for what in steps:
        before, earlier = picture(ds), newest(ds)
        ds.file.clock.now += 10.0  # type: ignore[attr-defined]
        step(ds, what)
        fresh = [e.id for e in ds.file.events.page(limit=10) if e.id > earlier]
        assert len(fresh) <= 1
        if fresh:
            done.append((fresh[0], ds.file.clock(), before))
        else:
            assert picture(ds) == before
    return done


SLOW = settings(max_examples=60)


@SLOW
@given(st.lists(STEPS, min_size=3, max_size=16))
def test_everything_taken_back_in_reverse_leaves_no_trace(steps: list[tuple[Any, ...]]) -> None:
    with planted() as ds:
        done = play(ds, steps)
        consistent(ds)
        last, undos = picture(ds), []
        for event, _, before in reversed(done):
            undos.append(ds.history.undo([event]).event)
            assert picture(ds) == before
        consistent(ds)
        for event in reversed(undos):
            ds.history.redo([event])
        assert picture(ds) == last
        consistent(ds)


@SLOW
@given(st.lists(STEPS, min_size=3, max_size=16), st.integers(0, 15))
def test_undoing_since_a_moment_gives_the_dataset_as_it_was_then(steps: list[tuple[Any, ...]], moment: int) -> None:
    with planted() as ds:
        done = play(ds, steps)
        if not done:
            return
        _, at, before = done[moment % len(done)]
        last = picture(ds)
        tried = ds.history.undo(since=at, dry_run=True)
        assert picture(ds) == last
        undone = ds.history.undo(since=at)
        assert picture(ds) == before
        assert {**tried.to_dict(), "event": undone.event, "dry_run": False} == undone.to_dict()
        consistent(ds)
        ds.history.redo()
        assert picture(ds) == last
        consistent(ds)


@SLOW
@given(st.lists(STEPS, min_size=3, max_size=16), st.lists(st.tuples(ENTRIES, st.booleans()), max_size=6))
def test_undoing_in_any_order_keeps_the_dataset_whole(
    steps: list[tuple[Any, ...]], undos: list[tuple[int, bool]]
) -> None:
    with planted() as ds:
        play(ds, steps)
        for place, skip in undos:
            events = [e.id for e in ds.file.events.page(limit=100) if e.undone_by is None and e.action != "topics.load"]
            before = picture(ds)
            if not events:
                return
            try:
                ds.history.undo([events[place % len(events)]], skip_conflicts=skip)
            except SeedbedError:
                assert picture(ds) == before
            consistent(ds)
