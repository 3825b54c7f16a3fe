"""What stands in the way of an undo is named, with the event that put it there."""

from __future__ import annotations

import pytest

from seedbed.core.records import Topic
from seedbed.store import DatasetFile
from seedbed.store import conflicts as module
from seedbed.store.conflicts import Conflicts
from seedbed.store.reshape import Reshape
from testkit.stored import new_entry


@pytest.fixture
def changed(file: DatasetFile) -> DatasetFile:
    """Entry 1 with the state 2 since event 1, and another meta since event 2."""
    with file.write():
        file.entries.insert([new_entry(1)])
        for columns in ({"state": 2}, {"meta": "{}"}):
            file.journal.change(file.events.add("test", actor="test"), "entry", 1, columns)
    return file


def test_the_newest_later_event_of_the_same_columns_is_found(changed: DatasetFile) -> None:
    found = Conflicts(changed, 9)
    assert found.later(0, "entry", 1) == 2
    assert found.later(0, "entry", 1, ["state"]) == 1
    assert found.later(1, "entry", 1, ["state"]) is None


def test_what_the_undo_itself_did_is_in_nobodys_way(changed: DatasetFile) -> None:
    assert Conflicts(changed, 2).later(0, "entry", 1) == 1


def test_what_happened_in_a_topic_is_found(file: DatasetFile) -> None:
    with file.write():
        first = file.events.add("submit", actor="test")
        (rowid,) = file.entries.insert([new_entry(1, event_id=first)])
        second = file.events.add("move", actor="test")
        Reshape(file, second).assign({rowid: file.topics.id_of("greece")})
        third = file.events.add("topics.add", actor="test")
        Reshape(file, third).add(Topic("rome/empire/late"))
    found, id_of = Conflicts(file, 9), file.topics.id_of
    assert found.later_in_topic(0, id_of("greece")) == second
    assert found.later_in_topic(0, id_of("rome/empire")) == third
    assert found.later_in_topic(third, id_of("rome/empire")) is None
    assert found.later_in_topic(0, id_of("rome/republic")) is None


def test_only_the_first_conflicts_are_described(changed: DatasetFile, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "DESCRIBED", 2)
    found = Conflicts(changed, 9)
    (change,) = changed.journal.changes(1)
    for _ in range(5):
        found.refuse(change, "changed_since", "was changed", lambda: 2)
    assert (found.count, len(found.described)) == (5, 2)
    assert found.described[0].message == f"entry {new_entry(1).id} was changed"
    assert (found.described[0].id, found.described[0].by) == (new_entry(1).id, 2)
