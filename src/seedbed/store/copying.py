"""Copies of a dataset file while others write to it."""

from __future__ import annotations

import contextlib
import sqlite3
from pathlib import Path

from seedbed.store import opening
from seedbed.store.faults import mapped


def copy_to(path: Path, target: Path) -> None:
    """Write everything that is committed in the dataset at ``path`` to the new file ``target``.

    Raises:
        StoreError: the one cannot be read, or the other not written.
    """
    with mapped(target):
        source = opening.connect(path, "ro", opening.BUSY_S)
        with contextlib.closing(source), contextlib.closing(sqlite3.connect(target)) as copy:
            source.backup(copy)
