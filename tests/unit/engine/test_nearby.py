"""Neighbours while others write: everything committed is seen, once."""

from __future__ import annotations

import pytest

import seedbed
from seedbed.core.errors import EmbedderMismatchError, UnknownNameError

QUESTIONS = ("Why do tides follow the moon?", "Who wrote the oldest cookbook?", "Where are violins varnished?")


@pytest.fixture
def dataset(tmp_path):
    with seedbed.create(tmp_path / "x.db", environ={}) as made:
        made.load_topics({"a": {"x": {}, "y": {}}})
        made.embedder()
        yield made


@pytest.fixture
def other(dataset):
    with seedbed.open(dataset.path, environ={}) as opened:
        yield opened


def put(dataset, i, topic="a/x"):
    [decision] = dataset.submit({"question": QUESTIONS[i], "answer": "Nobody knows for certain."}, topic=topic)
    assert decision.state == "accepted"
    return decision.entry_id


def near(dataset, **options):
    [found] = dataset.similar(["Why?"], topic="a/x", k=10, **options)
    return sorted(n.entry_id for n in found)


def test_what_is_committed_while_it_is_looked_is_found_once(dataset, other, monkeypatch):
    there = [put(dataset, 0)]
    look = dataset.file.meta.versions

    def look_then_wait():
        now = look()
        if len(there) == 1:
            there.append(put(other, 1))
        return now

    monkeypatch.setattr(dataset.file.meta, "versions", look_then_wait)
    near(dataset)
    assert near(dataset) == sorted(there)
    assert near(dataset, scope="dataset") == sorted(there)


def test_what_others_bring_move_and_take_away_is_seen(dataset, other):
    first, second = put(other, 0), put(other, 1, "a/y")
    assert near(dataset) == [first]
    third = put(other, 2)
    assert near(dataset) == sorted([first, third])
    other.move([second], "a/x")
    other.remove([first])
    assert near(dataset) == sorted([second, third])


def test_a_topic_that_others_removed_is_an_error(dataset, other):
    assert near(dataset) == []
    other.topics.remove("a/x")
    with pytest.raises(UnknownNameError):
        dataset.intake().nearby.top(dataset.embedder().encode(["Why?"])[0], "Why?", "a/x", k=1)


def test_vectors_of_another_embedder_are_never_compared(dataset, other):
    put(dataset, 0)
    other.file.vectors.replace("other@1", dataset.embedder().dim, 0.9, [(1, bytes(2 * dataset.embedder().dim))])
    with pytest.raises(EmbedderMismatchError, match="other@1"):
        near(dataset)
    with pytest.raises(EmbedderMismatchError):
        put(dataset, 1)
    assert dataset.file.entries.count() == 1
