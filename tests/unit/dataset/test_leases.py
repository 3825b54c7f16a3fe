"""What to write next, where others change things in between."""

from __future__ import annotations

import pytest

import seedbed
from seedbed.core.errors import UnknownNameError


@pytest.fixture
def dataset(tmp_path):
    with seedbed.create(tmp_path / "x.db", environ={}) as made:
        made.load_topics({"git": {"branches": {}}})
        yield made


def test_a_topic_that_is_moved_before_it_is_described_is_promised_anew(dataset, monkeypatch):
    describe = dataset.leases._brief

    def moved_first(topic, *rest):
        if topic == "git/branches":
            with seedbed.open(dataset.path, environ={}) as other:
                other.topics.rename(topic, "lines")
        return describe(topic, *rest)

    monkeypatch.setattr(dataset.leases, "_brief", moved_first)
    [lease] = dataset.next()
    assert lease["topic"] == "git/lines"
    assert [row["lease"] for row in dataset.leases.all()] == [lease["lease"]]


def test_what_cannot_be_described_is_not_promised(dataset, monkeypatch):
    def never(*_):
        raise UnknownNameError("topic", "gone", ())

    monkeypatch.setattr(dataset.leases, "_brief", never)
    with pytest.raises(UnknownNameError):
        dataset.next()
    assert dataset.leases.all() == []
