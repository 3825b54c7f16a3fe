"""Whatever several reviewers decide, and whichever of it is taken back: the state of an entry is what still stands."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import seedbed
from seedbed.core.errors import SeedbedError
from seedbed.core.records import State
from seedbed.dataset import Dataset
from seedbed.dataset.review.deciding import ballots
from seedbed.review.standing import settle

TEXTS = ("What floats on lakes?", "Who led Rome in 63 BC?", "Why do leaves turn red?")
CONFIG = "checks: {{relevant: false}}\nreview: {{mode: {mode}, overlap: {overlap}, adjudicators: [human:boss]}}\n"
REVIEWERS = st.sampled_from(["human:ann", "human:bob", "model:m", "human:boss"])
STEPS = st.one_of(
    st.tuples(st.sampled_from(["approve", "reject", "withdraw"]), st.integers(0, 1), REVIEWERS),
    st.tuples(st.sampled_from(["approve", "reject", "withdraw"]), st.integers(0, 1), REVIEWERS),
    st.tuples(st.just("correct"), st.integers(0, 1), REVIEWERS),
    st.tuples(st.just("edit"), st.integers(0, 1), st.integers(0, 2)),
    st.tuples(st.just("remove"), st.integers(0, 1), REVIEWERS),
    st.tuples(st.just("undo"), st.integers(0, 12), st.booleans()),
    st.tuples(st.just("redo"), st.integers(0, 12), st.booleans()),
)


@contextmanager
def reviewed(mode: str, overlap: int) -> Iterator[Dataset]:
    """A dataset of two entries."""
    with TemporaryDirectory() as folder:
        (Path(folder) / "seedbed.yaml").write_text(CONFIG.format(mode=mode, overlap=overlap))
        with seedbed.create(folder) as ds:
            ds.load_topics({"things": {}})
            rows = [{"question": q, "answer": "So it is, plainly said."} for q in TEXTS[:2]]
            assert all(d.accepted for d in ds.submit(rows, topic="things"))
            yield ds


def step(ds: Dataset, what: tuple[Any, ...]) -> None:
    """One operation; it may be refused."""
    ids = [e.id for e in ds.file.entries.page(limit=10)]
    newest = ds.file.events.page(limit=1)[0].id
    try:
        match what:
            case ("approve" | "reject" | "withdraw" as how, entry, reviewer):
                getattr(ds.reviews, how)([ids[entry]], reviewer=reviewer)
            case ("correct", entry, reviewer):
                changes = {"answer": f"Said anew after event {newest}, and plainly."}
                ds.reviews.approve([ids[entry]], reviewer=reviewer, changes=changes)
            case ("edit", entry, text):
                ds.edit(ids[entry], {"question": TEXTS[text]})
            case ("remove", entry, _):
                ds.remove([ids[entry]])
            case ("undo", back, skip):
                ds.history.undo([max(3, newest - back)], skip_conflicts=skip)
            case ("redo", back, skip):
                ds.history.redo([max(3, newest - back)], skip_conflicts=skip)
    except SeedbedError:
        pass


def check(ds: Dataset, overlap: int, seen: dict[int, Any]) -> None:
    """Entries are in the state that the decisions about them give, and those are about the content that they have."""
    for rowid, entry in ds.file.entries.by_rowids([1, 2]).items():
        votes = ds.file.reviews.standing([rowid]).get(rowid, [])
        if entry.state is State.REMOVED:
            continue
        assert all(seen.setdefault(v.id, entry.content) == entry.content for v in votes)
        queued = ds.file.reviews.was_queued(rowid)
        assert entry.state is settle(ballots(votes), overlap=overlap, queued=queued), (entry, votes)
    assert ds.reconcile().consistent


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.sampled_from(["none", "all"]), st.integers(1, 2), st.lists(STEPS, min_size=4, max_size=14))
def test_the_state_is_what_the_decisions_left_add_up_to(mode: str, overlap: int, steps: list[tuple[Any, ...]]) -> None:
    with reviewed(mode, overlap) as ds:
        seen: dict[int, Any] = {}
        for what in steps:
            step(ds, what)
            check(ds, overlap, seen)
