"""Turns at writing: how long somebody waits who finds another process in the middle of a transaction."""

from __future__ import annotations

import sqlite3
import time

FIRST_S = 0.008
LAST_S = 0.1
"""Pauses between looks, the shortest and the longest. Looking more often makes many writers slower, not faster: the
turn goes around after every row, and each process finds its caches cold."""


def begin(connection: sqlite3.Connection, busy_s: float) -> None:
    """Begin a transaction that may write, as soon as nobody else has one.

    SQLite by itself looks every 100 ms after a while: among many writers all would sleep most of the time that nobody
    writes, and one that has just finished would nearly always be the next.

    Args:
        connection: in autocommit mode.
        busy_s: most seconds of waiting.

    Raises:
        sqlite3.OperationalError: busy for longer than that, or anything else.
    """
    deadline = time.monotonic() + busy_s
    pause = FIRST_S
    connection.execute("PRAGMA busy_timeout = 0")
    try:
        while True:
            try:
                connection.execute("BEGIN IMMEDIATE")
            except sqlite3.OperationalError as error:
                if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or time.monotonic() > deadline:
                    raise
            else:
                return
            time.sleep(pause)
            pause = min(2 * pause, LAST_S)
    finally:
        connection.execute(f"PRAGMA busy_timeout = {1000 * busy_s:.0f}")
