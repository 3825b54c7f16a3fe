"""The journal: what it notes, and how it is read."""

from __future__ import annotations

from typing import Any

import pytest

from seedbed.core.records import State
from seedbed.store import DatasetFile
from seedbed.store import history as module
from seedbed.store.history import Change, runs
from seedbed.store.values import STATE_CODES
from testkit.stored import new_entry, rejected

ACCEPTED, PENDING, REMOVED = (STATE_CODES[s] for s in (State.ACCEPTED, State.PENDING, State.REMOVED))


@pytest.fixture
def filled(file: DatasetFile) -> DatasetFile:
    """Entries 1 to 4 with the row ids 1 to 4, and a rejected one."""
    with file.write():
        file.entries.insert([*(new_entry(n) for n in range(1, 5)), rejected(5)])
    return file


def event(file: DatasetFile, action: str = "test") -> int:
    return file.events.add(action, actor="test")


def states(file: DatasetFile) -> list[int]:
    return [s for (s,) in file.rows("SELECT state FROM entry ORDER BY id")]


def test_a_change_is_written_and_noted_with_what_was(filled: DatasetFile) -> None:
    with filled.write():
        id_ = event(filled)
        assert filled.journal.change(id_, "entry", 2, {"state": PENDING, "cell": ""})
    (change,) = filled.journal.changes(id_)
    assert change == Change(id_, 1, "entry", 2, {"state": ACCEPTED}, {"state": PENDING})
    assert states(filled) == [1, 2, 1, 1, 0]


def test_what_is_so_already_is_no_change(filled: DatasetFile) -> None:
    with filled.write():
        id_ = event(filled)
        assert not filled.journal.change(id_, "entry", 2, {"state": ACCEPTED})
        assert filled.journal.change_all(id_, "entry", [(1, {"state": ACCEPTED}), (2, {"state": ACCEPTED})]) == 0
    assert filled.journal.changes(id_) == []


@pytest.mark.parametrize(
    ("table", "row_id", "columns"),
    [
        ("entry", 1, {"text_hash": b"\x00\xff" * 4, "content": '{"question":"half \\ud800 of \\u0000"}'}),
        ("entry", 1, {"meta": '{"a":1}', "raw": '"was"'}),
        ("topic", 1, {"description": b"\xed\xa0\x80", "target": 7, "weight": 0.1}),
        ("meta", 0, {"target": '{"qa":3}'}),
        ("verdict", 1, {"rows": [[1, 0, 0.25, "code", b"\xed\xa0\x80", '{"a":[1]}']]}),
    ],
)
def test_any_value_survives_the_journal(filled: DatasetFile, table: str, row_id: int, columns: dict[str, Any]) -> None:
    before = filled.journal.read(table, row_id, list(columns))
    with filled.write():
        id_ = event(filled)
        filled.journal.change(id_, table, row_id, columns)
    (change,) = filled.journal.changes(id_)
    assert filled.journal.read(table, row_id, list(columns)) == change.after == columns
    assert change.before == {n: before[n] for n in columns}
    with filled.write():
        filled.journal.write(table, row_id, change.before)
    assert filled.journal.read(table, row_id, list(columns)) == before


def test_many_rows_are_changed_at_once_and_only_those_that_differ_are_noted(filled: DatasetFile) -> None:
    with filled.write():
        id_ = event(filled)
        assert filled.journal.change_all(id_, "entry", [(r, {"state": PENDING}) for r in (1, 3)]) == 2
        assert filled.journal.change_all(id_, "entry", [(r, {"state": PENDING}) for r in (1, 4)]) == 1
    assert [c.row_id for c in filled.journal.changes(id_)] == [1, 3, 4]
    assert [c.seq for c in filled.journal.changes(id_)] == [1, 2, 3]


def test_a_row_that_is_named_twice_is_noted_step_by_step(filled: DatasetFile) -> None:
    with filled.write():
        id_ = event(filled)
        rows = [(1, {"state": PENDING}), (1, {"state": PENDING}), (1, {"state": REMOVED})]
        assert filled.journal.change_all(id_, "entry", rows) == 2
    found = filled.journal.changes(id_)
    assert [(c.before["state"], c.after["state"]) for c in found] == [(ACCEPTED, PENDING), (PENDING, REMOVED)]


def test_states_are_set_by_condition(filled: DatasetFile) -> None:
    with filled.write():
        id_ = event(filled)
        assert filled.journal.set_states(id_, REMOVED, "e.state = 1 AND e.id > ?", (2,)) == 2
        assert filled.journal.set_states(id_, REMOVED, "e.id > ?", (2,)) == 1  # the rejected one
    assert states(filled) == [1, 1, 4, 4, 4]
    assert [(c.seq, c.row_id, c.before) for c in filled.journal.changes(id_)] == [
        (1, 3, {"state": 1}), (2, 4, {"state": 1}), (3, 5, {"state": 0}),
    ]  # fmt: skip


def test_an_event_is_read_backwards_in_pages(filled: DatasetFile, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "PAGE", 2)
    with filled.write():
        id_ = event(filled)
        filled.journal.change_all(id_, "entry", [(r, {"state": PENDING}) for r in (1, 2, 3)])
        filled.journal.change(id_, "meta", 0, {"target": "{}"})
    pages = [[c.seq for c in page] for page in filled.journal.backwards(id_)]
    assert pages == [[4, 3], [2, 1]]
    assert [[c.table for c in page] for page in filled.journal.backwards(id_, ["meta"])] == [["meta"]]
    assert list(filled.journal.backwards(id_ + 1)) == []


def test_changes_of_a_row_are_found_from_a_moment_on(filled: DatasetFile) -> None:
    ids = []
    for state in (PENDING, REMOVED, ACCEPTED):
        with filled.write():
            ids.append(event(filled))
            filled.journal.change(ids[-1], "entry", 1, {"state": state})
            filled.journal.change(ids[-1], "topic", 1, {"target": state})
    assert [c.event_id for c in filled.journal.changes_of("entry", 1)] == ids
    assert [c.event_id for c in filled.journal.changes_of("entry", 1, ids[0])] == ids[1:]
    assert filled.journal.changes_of("entry", 2) == []


def test_what_events_brought_and_changed_is_counted(filled: DatasetFile) -> None:
    with filled.write():
        brought, changed = event(filled), event(filled)
        filled.entries.insert([new_entry(8, event_id=brought), rejected(9, event_id=brought)])
        filled.journal.change_all(changed, "entry", [(r, {"state": PENDING}) for r in (1, 2)])
        filled.journal.change(changed, "event", brought, {"undone_by": changed})
    assert filled.journal.counts([brought, changed, 99]) == {brought: (1, 0), changed: (0, 2), 99: (0, 0)}


@pytest.mark.parametrize(
    ("columns", "stale"),
    [({"topic_id": 3}, True), ({"content": "{}"}, True), ({"state": REMOVED}, True), ({"state": PENDING}, False),
     ({"meta": "{}"}, False)],
)  # fmt: skip
@pytest.mark.parametrize("bulk", [False, True])
def test_holders_of_vectors_are_told_when_theirs_are_stale(
    filled: DatasetFile, columns: dict[str, Any], stale: bool, bulk: bool
) -> None:
    before = filled.meta.get("vector_epoch", 0)
    with filled.write():
        id_ = event(filled)
        if bulk:
            filled.journal.change_all(id_, "entry", [(1, columns)])
        else:
            filled.journal.change(id_, "entry", 1, columns)
    assert (filled.meta.get("vector_epoch", 0) > before) is stale


def test_holders_of_topics_are_told_when_one_changed(filled: DatasetFile) -> None:
    before = filled.meta.versions().tree
    with filled.write():
        filled.journal.change(event(filled), "topic", 1, {"target": 3})
    assert filled.meta.versions().tree > before


def test_runs_hold_neighbours_of_one_form_and_no_row_twice() -> None:
    def change(seq: int, table: str, row_id: int, *names: str) -> Change:
        return Change(1, seq, table, row_id, dict.fromkeys(names), dict.fromkeys(names))

    changes = [
        change(1, "entry", 1, "state"), change(2, "entry", 2, "state"), change(3, "entry", 1, "state"),
        change(4, "entry", 3, "topic_id"), change(5, "topic", 3, "topic_id"),
    ]  # fmt: skip
    assert [[c.seq for c in run] for run in runs(changes)] == [[1, 2], [3], [4], [5]]
    assert list(runs([])) == []
