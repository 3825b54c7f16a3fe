"""Turns at writing among connections."""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from seedbed.store.waiting import begin


@pytest.fixture
def two(tmp_path: Path) -> Iterator[tuple[sqlite3.Connection, sqlite3.Connection]]:
    """Connections to one file."""
    made = [
        sqlite3.connect(tmp_path / "a.db", isolation_level=None, check_same_thread=False, timeout=3) for _ in range(2)
    ]
    made[0].execute("PRAGMA journal_mode = WAL")
    made[0].execute("CREATE TABLE t (x)")
    yield made[0], made[1]
    for connection in made:
        connection.close()


def test_who_waits_comes_after(two: tuple[sqlite3.Connection, sqlite3.Connection]) -> None:
    ours, theirs = two
    theirs.execute("BEGIN IMMEDIATE")
    theirs.execute("INSERT INTO t VALUES (1)")
    seen: list[int] = []

    def wait() -> None:
        begin(ours, 30)
        seen.append(ours.execute("SELECT count(*) FROM t").fetchone()[0])
        ours.execute("COMMIT")

    waiting = threading.Thread(target=wait)
    waiting.start()
    time.sleep(0.05)
    assert seen == []
    theirs.execute("COMMIT")
    waiting.join()
    assert seen == [1]


def test_waiting_ends_in_an_error(two: tuple[sqlite3.Connection, sqlite3.Connection]) -> None:
    ours, theirs = two
    theirs.execute("BEGIN IMMEDIATE")
    with pytest.raises(sqlite3.OperationalError) as caught:
        begin(ours, 0.1)
    assert caught.value.sqlite_errorcode == sqlite3.SQLITE_BUSY
    assert not ours.in_transaction


def test_other_statements_wait_as_before(two: tuple[sqlite3.Connection, sqlite3.Connection]) -> None:
    ours, _ = two
    begin(ours, 3)
    assert ours.in_transaction
    assert ours.execute("PRAGMA busy_timeout").fetchone() == (3000,)


def test_what_else_goes_wrong_is_not_waited_for(two: tuple[sqlite3.Connection, sqlite3.Connection]) -> None:
    ours, _ = two
    ours.execute("BEGIN")
    with pytest.raises(sqlite3.OperationalError, match="within a transaction"):
        begin(ours, 10)
