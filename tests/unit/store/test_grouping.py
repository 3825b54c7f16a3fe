"""Entries counted by whatever one likes."""

from __future__ import annotations

import pytest

from seedbed.core.records import Origin, State
from seedbed.store import DatasetFile
from seedbed.store.grouping import grouped
from testkit.stored import new_entry, rejected


@pytest.fixture
def filled(file: DatasetFile) -> DatasetFile:
    with file.write():
        file.entries.insert(
            [
                new_entry(1, content={"level": "easy", 'odd name\'s "x"': 1}),
                new_entry(2, content={"level": "easy"}, topic="greece"),
                new_entry(3, content={"level": "hard", "ok": True}, state=State.PENDING),
                new_entry(4, content={"level": ["a", 1]}, origin=None, state=State.APPROVED),
                new_entry(5, content={"level": "easy"}, kind="cot"),
                rejected(6, content={"level": "easy"}),
                new_entry(7, content={"level": "ü and 語"}, origin=Origin("submit", model="m\ud800")),
                new_entry(8, content={"level": "easy"}, state=State.REMOVED),
            ]
        )
    return file


def test_a_field_is_counted_most_first(filled: DatasetFile) -> None:
    found = grouped(filled, ["level"], ["level"], kind="qa")
    assert found[0] == {"level": "easy", "n": 2}
    assert {(str(g["level"]), g["n"]) for g in found[1:]} == {("hard", 1), ('["a",1]', 1), ("ü and 語", 1)}


def test_fields_and_columns_are_combined(filled: DatasetFile) -> None:
    found = grouped(filled, ["topic", "level", "state"], ["level"], kind="qa")
    assert {"topic": "greece", "level": "easy", "state": "accepted", "n": 1} in found
    assert {g["state"] for g in found} == {"accepted", "pending", "approved"}
    assert sum(g["n"] for g in found) == 5


def test_an_absent_value_is_a_group_of_its_own(filled: DatasetFile) -> None:
    assert grouped(filled, ["ok"], ["ok"], kind="qa") == [{"ok": None, "n": 4}, {"ok": 1, "n": 1}]


@pytest.mark.parametrize("name", ['odd name\'s "x"', "level'; DROP TABLE entry; --", "$.level", "\x00"])
def test_any_name_is_a_name(filled: DatasetFile, name: str) -> None:
    assert sum(g["n"] for g in grouped(filled, [name], [name], kind="qa")) == 5


def test_provenance_is_counted(filled: DatasetFile) -> None:
    models = {g["model"]: g["n"] for g in grouped(filled, ["model"], [], kind="qa")}
    assert models == {"": 4, "m\ud800": 1}
    assert grouped(filled, ["via", "actor"], [], kind="qa")[0] == {"via": "import", "actor": "human:ann", "n": 3}


def test_a_part_of_the_tree_and_an_unknown_kind(filled: DatasetFile) -> None:
    assert grouped(filled, ["topic"], [], kind="qa", root="rome") == [{"topic": "rome/republic", "n": 4}]
    assert grouped(filled, ["topic"], [], kind="other") == []
