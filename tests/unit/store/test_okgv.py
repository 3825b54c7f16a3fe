"""The file of okgv: read without its extension, whole, and left as it was."""

from __future__ import annotations

import sqlite3
import stat
from contextlib import closing

import pytest

from seedbed.core.errors import InputError, NotFoundError
from seedbed.store.okgv import OkgvFile, is_okgv
from testkit.okgv import Okgv, qa, time_of


@pytest.fixture
def okgv(tmp_path):
    return Okgv(tmp_path / "okgv.db").topics("algebra/groups", "algebra/rings", "calculus")


def test_it_is_told_by_its_tables(tmp_path, okgv):
    other = tmp_path / "other.db"
    with closing(sqlite3.connect(other)) as db, db:
        db.execute("CREATE TABLE topics (path TEXT)")
    text = tmp_path / "text.db"
    text.write_text("SQLite format 3 it is not", encoding="utf-8")
    assert [is_okgv(p) for p in (okgv.path, other, text, tmp_path / "none.db")] == [True, False, False, False]
    with pytest.raises(InputError) as caught:
        OkgvFile(other)
    assert caught.value.stable_code == "not_okgv"
    with pytest.raises(NotFoundError):
        OkgvFile(tmp_path / "none.db")


def test_the_vectors_cannot_be_opened_and_need_not_be(okgv):
    with pytest.raises(sqlite3.OperationalError, match="vec0"):
        okgv.sql("SELECT * FROM vec_entries")
    okgv.submit("calculus", qa(0))
    with OkgvFile(okgv.path) as file:
        assert len(list(file.entries())) == 1


def test_topics_come_parents_first(okgv):
    okgv.topics("algebra/groups/finite")
    with OkgvFile(okgv.path) as file:
        assert file.topics() == ["algebra", "algebra/groups", "algebra/groups/finite", "algebra/rings", "calculus"]


def test_a_ring_of_parents_is_still_listed(okgv):
    okgv.sql("INSERT INTO topics VALUES ('a', 'a', 'b'), ('b', 'b', 'a')")
    with OkgvFile(okgv.path) as file:
        assert {"a", "b"} <= set(file.topics())


def test_entries_have_both_tables_review_and_time(okgv):
    first = okgv.submit("calculus", qa(0), review=True)[0]
    second, third = okgv.submit("algebra/groups", qa(1), qa(2))
    okgv.decide(first, "approved")
    with OkgvFile(okgv.path) as file:
        entries = list(file.entries())
    assert [e.id for e in entries] == [first, second, third]
    assert (entries[0].status, entries[0].reviewed_at) == ("approved", "2026-01-05T00:00:00+00:00")
    assert [e.submitted_at for e in entries] == [time_of(0), time_of(1), time_of(1)]
    assert entries[1].graph == entries[1].vector == qa(1)


def test_rejected_ones_can_be_asked_for_alone(okgv):
    kept, gone = okgv.submit("calculus", qa(0), qa(1), review=True)
    okgv.decide(gone, "rejected")
    with OkgvFile(okgv.path) as file:
        assert [e.id for e in file.entries(rejected=True)] == [gone]
        assert [e.id for e in file.entries(rejected=False)] == [kept]


def test_orphans_of_both_tables_are_entries(okgv):
    counted = okgv.submit("calculus", qa(0), vector=False)[0]
    compared = okgv.submit("algebra/rings", qa(1), graph=False)[0]
    with OkgvFile(okgv.path) as file:
        found = {e.id: e for e in file.entries()}
        assert file.counts().entries == 2
    assert (found[counted].vector, found[compared].graph) == (None, None)
    assert found[compared].topic == "algebra/rings"


def test_broken_properties_and_other_topics_are_told(okgv):
    broken, moved = okgv.submit("calculus", qa(0), qa(1))
    okgv.sql("UPDATE entries SET properties = '[1]' WHERE id = ?", broken)
    okgv.sql("UPDATE vector_entries SET properties = '{\"a' WHERE id = ?", broken)
    okgv.sql("UPDATE vector_entries SET topic = 'algebra/rings' WHERE id = ?", moved)
    with OkgvFile(okgv.path) as file:
        found = {e.id: e for e in file.entries()}
    assert found[broken].broken == ("entries", "vector_entries")
    assert (found[moved].topic, found[moved].elsewhere) == ("calculus", "algebra/rings")


@pytest.mark.parametrize("table", ["log", "review", "vector_entries"])
def test_a_table_that_was_never_made_is_not_missed(okgv, table):
    okgv.submit("calculus", qa(0), review=True)
    okgv.sql(f"DROP TABLE {table}")
    with OkgvFile(okgv.path) as file:
        assert len(list(file.entries())) == len(list(file.entries(rejected=False))) == 1
        assert list(file.entries(rejected=True)) == []
        assert file.counts().entries == 1


def test_counts_name_rows_of_entries_that_are_gone(okgv):
    gone = okgv.submit("calculus", qa(0), qa(1), review=True)[1]
    for name in ("entries", "vector_entries"):
        okgv.sql(f"DELETE FROM {name} WHERE id = ?", gone)
    with OkgvFile(okgv.path) as file:
        counts = file.counts()
    assert (counts.topics, counts.entries, counts.log, counts.operations) == (4, 1, 2, 1)
    assert counts.strays == {"log": 1, "review": 1}


def test_nothing_is_left_beside_the_file(okgv):
    okgv.sql("PRAGMA journal_mode = WAL")
    okgv.submit("calculus", qa(0))
    before = {p.name: p.read_bytes() for p in okgv.path.parent.iterdir()}
    with OkgvFile(okgv.path) as file:
        assert len(list(file.entries())) == 1
    assert {p.name: p.read_bytes() for p in okgv.path.parent.iterdir()} == before


def test_what_an_open_okgv_has_not_folded_in_yet_is_seen(okgv):
    with closing(sqlite3.connect(okgv.path)) as db:
        db.execute("PRAGMA journal_mode = WAL")
        db.execute("INSERT INTO topics VALUES ('late', 'late', NULL)")
        db.commit()
        with OkgvFile(okgv.path) as file:
            assert "late" in file.topics()


def test_a_folder_that_cannot_be_written_is_fine(okgv):
    okgv.sql("PRAGMA journal_mode = WAL")
    folder = okgv.path.parent
    mode = folder.stat().st_mode
    folder.chmod(stat.S_IRUSR | stat.S_IXUSR)
    try:
        with OkgvFile(okgv.path) as file:
            assert len(file.topics()) == 4
    finally:
        folder.chmod(mode)


def test_text_that_is_not_utf8_does_not_stop_reading(okgv):
    okgv.sql("INSERT INTO topics VALUES (CAST(x'ff41' AS TEXT), 'x', NULL)")
    with OkgvFile(okgv.path) as file:
        assert "\udcffA" in file.topics()
