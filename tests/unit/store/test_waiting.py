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


def test_who_waits_is_next_at_once(two: tuple[sqlite3.Connection, sqlite3.Connection]) -> None:
    ours, theirs = two
    for _ in range(5):
        theirs.execute("BEGIN IMMEDIATE")
        began: list[float] = []
        waiting = threading.Thread(target=lambda: began.append((begin(ours, 10), time.monotonic())[1]))  # noqa: B023
        waiting.start()
        time.sleep(0.15)
        theirs.execute("COMMIT")
        done = time.monotonic()
        waiting.join()
        ours.execute("COMMIT")
        if began[0] - done < 0.05:  # SQLite itself would look again after 100 ms by then
            return
    pytest.fail("always later than it could have been")


def test_waiting_ends_in_an_error(two: tuple[sqlite3.Connection, sqlite3.Connection]) -> None:
    ours, theirs = two
    theirs.execute("BEGIN IMMEDIATE")
    start = time.monotonic()
    with pytest.raises(sqlite3.OperationalError) as caught:
        begin(ours, 0.1)
    assert caught.value.sqlite_errorcode == sqlite3.SQLITE_BUSY
    assert 0.1 <= time.monotonic() - start < 2
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
