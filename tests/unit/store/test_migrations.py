from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from seedbed.core.errors import ReadOnlyError
from seedbed.store import DatasetFile, migrations
from testkit.stored import Clock, make_file


def m002_note(connection: sqlite3.Connection) -> None:
    connection.execute("CREATE TABLE note (text TEXT)")


def m002_broken(connection: sqlite3.Connection) -> None:
    connection.execute("CREATE TABLE note (text TEXT)")
    raise RuntimeError("killed half way")


@pytest.fixture
def older(tmp_path: Path) -> Path:
    make_file(tmp_path).close()
    return tmp_path / "seedbed.db"


def test_a_fresh_file_records_every_step_with_its_time(tmp_path: Path) -> None:
    with DatasetFile.create(tmp_path / "a.db", clock=Clock(123.0)) as file:
        applied, pending = file.migration_state()
    assert [(m.version, m.name, m.applied_at) for m in applied] == [(1, "m001_dataset", 123.0)]
    assert pending == []


def test_an_older_file_is_brought_up_to_date_on_opening(older: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(migrations, "MIGRATIONS", (migrations.m001_dataset, m002_note))
    with DatasetFile.open(older, clock=Clock(456.0)) as file:
        applied, pending = file.migration_state()
        assert [(m.name, m.applied_at) for m in applied][1] == ("m002_note", 456.0)
        assert pending == []
        assert len(file.topics.all()) == 4


def test_reopening_takes_no_step_again(older: Path) -> None:
    with DatasetFile.open(older, clock=Clock(999.0)) as file:
        assert [m.applied_at for m in file.migration_state()[0]] == [1_700_000_000.0]


def test_a_step_that_breaks_leaves_the_file_as_it_was(older: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(migrations, "MIGRATIONS", (migrations.m001_dataset, m002_broken))
    with pytest.raises(RuntimeError, match="half way"):
        DatasetFile.open(older)
    monkeypatch.undo()
    with DatasetFile.open(older) as file:
        assert len(file.migration_state()[0]) == 1
        assert file.row("SELECT 1 FROM sqlite_schema WHERE name = 'note'") is None


def test_an_older_file_is_not_migrated_by_reading_it(older: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(migrations, "MIGRATIONS", (migrations.m001_dataset, m002_note))
    with pytest.raises(ReadOnlyError, match="older version"):
        DatasetFile.open(older, mode="ro")


def test_two_that_open_an_older_file_take_the_step_once(older: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(migrations, "MIGRATIONS", (migrations.m001_dataset, m002_note))
    with DatasetFile.open(older) as one, DatasetFile.open(older) as two:
        assert one.migration_state() == two.migration_state()


def test_step_names_number_themselves() -> None:
    names = [step.__name__ for step in migrations.MIGRATIONS]
    assert [n[:5] for n in names] == [f"m{i:03d}_" for i in range(1, len(names) + 1)]
