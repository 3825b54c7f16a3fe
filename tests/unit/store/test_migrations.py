from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from seedbed.core.errors import ReadOnlyError
from seedbed.core.records import State
from seedbed.store import DatasetFile, migrations
from testkit.stored import Clock, make_file, new_entry

STEPS = migrations.MIGRATIONS


def m003_note(connection: sqlite3.Connection) -> None:
    connection.execute("CREATE TABLE note (text TEXT)")


def m003_broken(connection: sqlite3.Connection) -> None:
    connection.execute("CREATE TABLE note (text TEXT)")
    raise RuntimeError("killed half way")


@pytest.fixture
def older(tmp_path: Path) -> Path:
    make_file(tmp_path).close()
    return tmp_path / "seedbed.db"


def test_a_fresh_file_records_every_step_with_its_time(tmp_path: Path) -> None:
    with DatasetFile.create(tmp_path / "a.db", clock=Clock(123.0)) as file:
        applied, pending = file.migration_state()
    assert [(m.version, m.name, m.applied_at) for m in applied] == [
        (1, "m001_dataset", 123.0),
        (2, "m002_history", 123.0),
    ]
    assert pending == []


def test_an_older_file_is_brought_up_to_date_on_opening(older: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(migrations, "MIGRATIONS", (*STEPS, m003_note))
    with DatasetFile.open(older, clock=Clock(456.0)) as file:
        applied, pending = file.migration_state()
        assert [(m.name, m.applied_at) for m in applied][-1] == ("m003_note", 456.0)
        assert pending == []
        assert len(file.topics.all()) == 4


def test_reopening_takes_no_step_again(older: Path) -> None:
    with DatasetFile.open(older, clock=Clock(999.0)) as file:
        assert [m.applied_at for m in file.migration_state()[0]] == [1_700_000_000.0] * 2


def test_a_step_that_breaks_leaves_the_file_as_it_was(older: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(migrations, "MIGRATIONS", (*STEPS, m003_broken))
    with pytest.raises(RuntimeError, match="half way"):
        DatasetFile.open(older)
    monkeypatch.undo()
    with DatasetFile.open(older) as file:
        assert len(file.migration_state()[0]) == 2
        assert file.row("SELECT 1 FROM sqlite_schema WHERE name = 'note'") is None


def test_an_older_file_is_not_migrated_by_reading_it(older: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(migrations, "MIGRATIONS", (*STEPS, m003_note))
    with pytest.raises(ReadOnlyError, match="older version"):
        DatasetFile.open(older, mode="ro")


def test_two_that_open_an_older_file_take_the_step_once(older: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(migrations, "MIGRATIONS", (*STEPS, m003_note))
    with DatasetFile.open(older) as one, DatasetFile.open(older) as two:
        assert one.migration_state() == two.migration_state()


def test_step_names_number_themselves() -> None:
    names = [step.__name__ for step in migrations.MIGRATIONS]
    assert [n[:5] for n in names] == [f"m{i:03d}_" for i in range(1, len(names) + 1)]


@pytest.fixture
def first_release(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A file as the first schema kept it, with a tree, an entry, its vector and its verdict."""
    path = tmp_path / "old.db"
    with monkeypatch.context() as patch:
        patch.setattr(migrations, "MIGRATIONS", (migrations.m001_dataset,))
        DatasetFile.create(path).close()
    with closing(sqlite3.connect(path)) as old, old:
        old.execute("INSERT INTO topic VALUES (1, NULL, 'a', 1, 'about a', 5, 2.0, NULL)")
        old.execute("INSERT INTO topic VALUES (2, 1, 'a/x', 1, '', NULL, 1.0, '{\"note\":1}')")
        old.execute("INSERT INTO kind VALUES (1, 'qa')")
        old.execute("INSERT INTO embedder VALUES (1, 'static', 1, 0.9)")
        old.execute("INSERT INTO checker VALUES (1, 'schema', '1', NULL)")
        values = "(7, x'00112233445566778899', 2, 1, 1, '', 1.5, NULL, NULL, NULL, NULL, NULL, NULL, NULL, '{}', NULL)"
        old.execute(f"INSERT INTO entry VALUES {values}")
        old.execute("INSERT INTO vector VALUES (7, 1, x'003c')")
        old.execute("INSERT INTO verdict VALUES (7, 0, 1, 1, NULL, NULL, NULL, NULL)")
    return path


def test_a_file_of_the_first_schema_keeps_everything(first_release: Path) -> None:
    with DatasetFile.open(first_release) as file:
        assert [(t.path, t.target, t.weight, t.meta) for t in file.topics.all()] == [
            ("a", 5, 2.0, {}),
            ("a/x", None, 1.0, {"note": 1}),
        ]
        entry = file.entries.get("00112233445566778899")
        assert (entry.topic, entry.created_at, [v.check for v in entry.verdicts]) == ("a/x", 1.5, ["schema"])
        assert file.vectors.load()[0].tolist() == [7]
        assert [(c.topic, c.state, c.n) for c in file.entries.counts()] == [("a/x", State.ACCEPTED, 1)]
        assert file.value("PRAGMA foreign_keys") == 1
        assert file.rows("PRAGMA foreign_key_check") == []
        assert file.value("PRAGMA integrity_check") == "ok"


def test_row_ids_go_on_after_the_rebuild(first_release: Path) -> None:
    with closing(sqlite3.connect(first_release)) as old, old:
        old.execute("DELETE FROM entry")
    with DatasetFile.open(first_release) as file:
        assert file.entries.insert([new_entry(1, topic="a/x")]) == [8]
