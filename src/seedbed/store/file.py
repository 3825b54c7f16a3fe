"""The handle on one dataset file: connection, transactions, and one attribute per thing that is kept.

All SQL is in this package. The handle may be used from several threads: statements and transactions take turns.
"""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from seedbed.core.errors import InputError, ReadOnlyError, StoreError
from seedbed.store import migrations, opening, waiting
from seedbed.store.calls import Calls
from seedbed.store.entries import Entries
from seedbed.store.events import Events
from seedbed.store.faults import mapped
from seedbed.store.history import Journal
from seedbed.store.interning import Names
from seedbed.store.jobs import Jobs
from seedbed.store.leases import Leases
from seedbed.store.meta import Meta
from seedbed.store.reviews import Reviews
from seedbed.store.runs import Runs
from seedbed.store.seeds import Seeds
from seedbed.store.steering import Steering
from seedbed.store.topics import Topics
from seedbed.store.vectors import Vectors

if TYPE_CHECKING:
    from seedbed.store.opening import Mode

Row = tuple[Any, ...]


class DatasetFile:
    """One open SQLite file; made by ``create`` or ``open``.

    Attributes:
        path: where it is.
        mode: ``rw`` or ``ro``.
        clock: Unix seconds.
        meta, topics, entries, vectors, seeds, runs, jobs, calls, steering, events: what it holds.
        journal, leases: what events changed, and what is promised to whom.
        reviews: what reviewers decided.
        names: ids of values that are stored once; for this package.
    """

    def __init__(self, path: Path, mode: Mode, *, clock: Callable[[], float], busy_s: float) -> None:
        self.path, self.mode, self.clock = path, mode, clock
        self._busy_s = busy_s
        self._lock = threading.RLock()
        self._depth = 0
        self._data_version = -1
        self._opened = opening.identity(path)
        self._connection: sqlite3.Connection | None = opening.connect(path, mode, busy_s)
        self.names = Names(self)
        self.meta = Meta(self)
        self.topics = Topics(self)
        self.entries = Entries(self)
        self.vectors = Vectors(self)
        self.seeds = Seeds(self)
        self.runs = Runs(self)
        self.jobs = Jobs(self)
        self.calls = Calls(self)
        self.steering = Steering(self)
        self.events = Events(self)
        self.journal = Journal(self)
        self.leases = Leases(self)
        self.reviews = Reviews(self)

    @classmethod
    def create(cls, path: str | Path, *, clock: Callable[[], float] = time.time) -> DatasetFile:
        """A new, empty dataset file.

        Raises:
            InputError: something is there already (``exists``).
            NotFoundError, ReadOnlyError: the folder is missing or cannot be written.
        """
        opening.create(Path(path), clock())
        return cls.open(path, clock=clock)

    @classmethod
    def open(
        cls,
        path: str | Path,
        *,
        mode: Mode = "rw",
        clock: Callable[[], float] = time.time,
        busy_s: float = opening.BUSY_S,
    ) -> DatasetFile:
        """The dataset file at ``path``; an older one is brought up to date when opened for writing.

        Args:
            path: the SQLite file.
            mode: ``ro`` never changes the file and works where nothing can be written.
            clock: Unix seconds.
            busy_s: seconds to wait for another process's transaction.

        Raises:
            NotFoundError: there is no such file (``no_dataset``).
            NotADatasetError, NewerFileError: it is something else, or from a newer version; not touched.
        """
        path = Path(path)
        opening.inspect(path)
        file = cls(path, mode, clock=clock, busy_s=busy_s)
        try:
            file._bring_up_to_date()
        except BaseException:
            file.close()
            raise
        return file

    def _bring_up_to_date(self) -> None:
        with mapped(self.path):
            outdated = migrations.pending(self._open)
            if outdated and not self.writable:
                raise ReadOnlyError(
                    f"{self.path.name} is from an older version and has to be migrated",
                    place={"file": str(self.path)},
                    fix="open it once for writing, e.g. with: seedbed log",
                )
            if outdated:
                migrations.migrate(self._open, self.clock())

    def __enter__(self) -> DatasetFile:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def close(self) -> None:
        """Release the file; a second call does nothing."""
        with self._lock:
            connection, self._connection = self._connection, None
            if connection is not None:
                connection.close()

    @property
    def writable(self) -> bool:
        """Whether it was opened for writing."""
        return self.mode == "rw"

    @property
    def in_place(self) -> bool:
        """Whether the file that is open is still the one at ``path``: nobody removed it or put another there."""
        return opening.identity(self.path) == self._opened

    def size(self) -> int:
        """Bytes of the file and of what is not folded into it yet."""
        wal = self.path.with_name(self.path.name + "-wal")
        return self.path.stat().st_size + (wal.stat().st_size if wal.exists() else 0)

    def spare(self, target: str | Path) -> None:
        """Refuse to write something else over this file, or over what configures a project.

        Raises:
            InputError: ``target`` is this file (``is_the_dataset``), or a ``seedbed.yaml`` (``is_the_project``).
        """
        from seedbed.core.config import CONFIG_NAME

        if Path(target).resolve().name == CONFIG_NAME:
            raise InputError(
                f"{target} configures a project",
                place={"file": str(target)},
                fix="write to another file",
                code="is_the_project",
            )
        if Path(target).resolve() == self.path.resolve():
            raise InputError(
                f"{target} is the dataset itself",
                place={"file": str(target)},
                fix="write to another file",
                code="is_the_dataset",
            )

    def target(self, path: str | Path) -> Path:
        """Where to put a file that takes the place of what is at ``path``: where a link leads, else ``path``.

        Raises:
            InputError: it may not be written over (see ``spare``), or it is no file: a device, a pipe, or ``-``.
        """
        self.spare(path)
        link = Path(path).is_symlink()
        target = Path(path).resolve() if link else Path(path)
        stream = link and Path(path).absolute().parts[1] in (
            "dev",
            "proc",
        )  # whatever it leads to, somebody has it open
        if str(path) == "-" or stream or (target.exists() and not (target.is_file() or target.is_dir())):
            fix = "name a file, e.g. data.jsonl"
            raise InputError(f"{str(path)!r} is no file", place={"file": str(path)}, fix=fix, code="not_a_file")
        return target

    def vacuum(self) -> None:
        """Rewrite the file without free pages; waits for other writers like any transaction."""
        if not self.writable:
            raise ReadOnlyError(f"{self.path.name} was opened for reading", place={"file": str(self.path)})
        with self._lock:
            self._run("VACUUM")
            self._run("PRAGMA wal_checkpoint(TRUNCATE)")

    def migration_state(self) -> tuple[list[migrations.Applied], list[str]]:
        """Migrations the file has been through, and names of those still to come."""
        with self._lock, mapped(self.path):
            return migrations.applied(self._open), migrations.pending(self._open)

    @contextmanager
    def write(self) -> Iterator[None]:
        """One transaction: everything inside is kept when the block ends, nothing when it raises.

        Inside another ``write`` the block joins it: what it did is undone when it raises, and becomes durable with
        the outer block only.

        Raises:
            ReadOnlyError, DiskFullError, BusyError: the file holds everything committed before.
            StoreError: another file is in its place now (``file_replaced``): what is written would be lost.
        """
        if not self.writable:
            raise ReadOnlyError(f"{self.path.name} was opened for reading", place={"file": str(self.path)})
        with self._lock:
            commit, rollback = self._begin()
            self._depth += 1
            try:
                if self._depth == 1:
                    self._refuse_another_file()
                    self._drop_stale_names()
                yield
                self._run(commit)
            except BaseException:
                self.names.forget()
                if self._open.in_transaction:  # SQLite itself rolls back when the disk is full
                    for statement in rollback:
                        self._run(statement)
                raise
            finally:
                self._depth -= 1

    def _begin(self) -> tuple[str, tuple[str, ...]]:
        """Begin a transaction, or a part of one; returns what keeps it, and what takes it back."""
        if self._depth == 0:
            with mapped(self.path):
                waiting.begin(self._open, self._busy_s)
            return "COMMIT", ("ROLLBACK",)
        name = f"w{self._depth}"
        self._run(f"SAVEPOINT {name}")
        return f"RELEASE {name}", (f"ROLLBACK TO {name}", f"RELEASE {name}")

    def _refuse_another_file(self) -> None:
        if not self.in_place:
            raise StoreError(
                f"{self.path.name} was removed or replaced since it was opened: nothing was written",
                place={"file": str(self.path)},
                fix="open it again",
                code="file_replaced",
            )

    def _drop_stale_names(self) -> None:
        """Ids are remembered until another process has changed what they stand for."""
        version = self.value("PRAGMA data_version")
        if version != self._data_version:
            self.names.refresh(self.meta.versions())
            self._data_version = version

    @property
    def in_write(self) -> bool:
        """Whether a ``write`` block is open."""
        return self._depth > 0

    @contextmanager
    def snapshot(self) -> Iterator[Callable[[str, Sequence[Any]], list[Row]]]:
        """A function that runs queries on the file as it is committed now, whatever is written meanwhile."""
        with mapped(self.path):
            connection = opening.connect(self.path, "ro", self._busy_s)
            try:
                connection.execute("BEGIN")
                connection.execute("SELECT count(*) FROM meta").fetchone()  # the snapshot starts at the first read

                def query(sql: str, values: Sequence[Any]) -> list[Row]:
                    return connection.execute(sql, values).fetchall()

                yield query
            finally:
                connection.close()

    # -- statements, for this package --------------------------------------------------------------------------

    @property
    def _open(self) -> sqlite3.Connection:
        if self._connection is None:
            raise StoreError(f"{self.path.name} is closed", place={"file": str(self.path)}, code="closed")
        return self._connection

    def _run(self, statement: str) -> None:
        with mapped(self.path):
            self._open.execute(statement)

    def rows(self, sql: str, values: Sequence[Any] = ()) -> list[Row]:
        """All rows of a query."""
        with self._lock, mapped(self.path):
            return self._open.execute(sql, values).fetchall()

    def row(self, sql: str, values: Sequence[Any] = ()) -> Row | None:
        """The first row of a query, or ``None``."""
        with self._lock, mapped(self.path):
            found: Row | None = self._open.execute(sql, values).fetchone()
            return found

    def value(self, sql: str, values: Sequence[Any] = ()) -> Any:
        """The first column of the first row, or ``None``."""
        found = self.row(sql, values)
        return None if found is None else found[0]

    def execute(self, sql: str, values: Sequence[Any] = ()) -> sqlite3.Cursor:
        """Run one statement inside a ``write`` block."""
        with mapped(self.path):
            return self._open.execute(sql, values)

    def executemany(self, sql: str, rows: Iterable[Sequence[Any]]) -> int:
        """Run a statement for every row inside a ``write`` block; returns the number of rows changed."""
        with mapped(self.path):
            return self._open.executemany(sql, rows).rowcount
