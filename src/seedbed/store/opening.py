"""Connections to dataset files: looked at before they are opened, created whole or not at all."""

from __future__ import annotations

import contextlib
import os
import sqlite3
import stat
import threading
from pathlib import Path
from typing import Literal

from seedbed.core.errors import InputError, NewerFileError, NotADatasetError, NotFoundError, ReadOnlyError, StoreError
from seedbed.store import migrations
from seedbed.store.faults import is_without_room, mapped, store_error
from seedbed.store.values import mentions

Mode = Literal["rw", "ro"]

BUSY_S = 60.0
"""Seconds that a statement waits for another process's transaction."""

_CACHE_KIB = 8_192
_WAL_LIMIT = 64 << 20


def inspect(path: Path) -> int:
    """Schema version in the file's header; nothing beside the file is made or changed.

    Read through SQLite, not by opening the file here: closing a file gives up every lock that this process holds on it,
    those of its other connections too, and another process would take the WAL away under them.

    Raises:
        NotFoundError: there is no such file.
        NotADatasetError: it is something else.
        NewerFileError: a newer version wrote it.
    """
    place = {"file": str(path)}
    try:
        kind = path.stat().st_mode
    except (FileNotFoundError, NotADirectoryError) as error:
        raise NotFoundError(f"no dataset at {path}", place=place, fix="seedbed init", code="no_dataset") from error
    except OSError as error:
        raise StoreError(f"{path.name} cannot be read: {error.strerror}", place=place) from error
    if stat.S_ISDIR(kind):
        raise NotADatasetError(f"{path} is a folder", place=place)
    application, version = _header(path) if stat.S_ISREG(kind) else (0, 0)
    if application != migrations.APPLICATION_ID:
        raise NotADatasetError(f"{path.name} is not a Seedbed dataset", place=place, fix="seedbed init makes a new one")
    _refuse_newer(path, version)
    return version


def _header(path: Path) -> tuple[int, int]:
    """The application id and schema version of a file; zeros where it is no SQLite database."""
    try:
        with contextlib.closing(_connect(f"{path.absolute().as_uri()}?mode=ro&immutable=1", 0)) as connection:
            # Whoever folds a WAL in writes the header first: for a moment the file is shorter than it says.
            connection.execute("PRAGMA writable_schema = ON")
            found = [connection.execute(f"PRAGMA {name}").fetchone()[0] for name in ("application_id", "user_version")]
    except sqlite3.Error as error:
        code = getattr(error, "sqlite_errorcode", 0) & 0xFF
        if code in (sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_CORRUPT):
            return 0, 0
        if code in (sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PERM):
            raise StoreError(f"{path.name} cannot be read", place={"file": str(path)}) from error
        raise store_error(error, path) from error
    return int(found[0]), int(found[1])


def _refuse_newer(path: Path, version: int) -> None:
    if version > migrations.newest():
        raise NewerFileError(
            f"{path.name} was written by a newer version of Seedbed (schema {version}, this one knows up to "
            f"{migrations.newest()}); it was not touched",
            place={"file": str(path)},
            fix="pip install --upgrade seedbed",
        )


def identity(path: Path) -> tuple[int, int] | None:
    """What tells the file at ``path`` from any other that is put there later; ``None`` where there is none."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino


def create(path: Path, now: float) -> None:
    """Make an empty dataset file at ``path``; a kill in between leaves no half-made one.

    Raises:
        InputError: something is there already.
        NotFoundError: its folder is not there.
        ReadOnlyError: the folder cannot be written.
    """
    place = {"file": str(path)}
    exists = InputError(f"{path.name} exists already", place=place, fix="choose another name", code="exists")
    if path.exists():
        raise exists
    draft = path.with_name(f".{path.name}.{os.getpid()}-{threading.get_ident()}.new")
    try:
        draft.unlink(missing_ok=True)
        draft.touch(exist_ok=False)
    except (FileNotFoundError, NotADirectoryError) as error:
        raise NotFoundError(f"no folder {path.parent}", place=place, fix=f"mkdir -p {path.parent}") from error
    except OSError as error:
        raise ReadOnlyError(f"{path} cannot be written: {error.strerror}", place=place) from error
    try:
        with mapped(path):
            _fill(draft, now)
        _publish(draft, path)
    except FileExistsError as error:  # another process was faster
        raise exists from error
    finally:
        draft.unlink(missing_ok=True)


def _fill(draft: Path, now: float) -> None:
    """The schema, written without a WAL so that the version is in the header for everybody to see."""
    with contextlib.closing(sqlite3.connect(draft, isolation_level=None)) as connection:
        connection.execute(f"PRAGMA application_id = {migrations.APPLICATION_ID:d}")
        migrations.migrate(connection, now)
        connection.execute("PRAGMA journal_mode = WAL")


def _publish(draft: Path, path: Path) -> None:
    try:
        os.link(draft, path)
    except FileExistsError:
        raise
    except OSError:  # a file system without hard links
        if path.exists():
            raise FileExistsError(path) from None
        draft.rename(path)


def connect(path: Path, mode: Mode, busy_s: float) -> sqlite3.Connection:
    """A connection in autocommit mode, usable from any thread, with our settings.

    Raises:
        ReadOnlyError: it cannot be opened in this mode.
        NewerFileError: a newer version wrote it.
    """
    with mapped(path):
        connection = _open(path, mode, busy_s)
        try:
            version = migrations.version_of(connection)  # the header alone may lag behind the WAL
            _refuse_newer(path, version)
            connection.execute("PRAGMA foreign_keys = ON")
            connection.execute("PRAGMA synchronous = NORMAL")
            connection.execute(f"PRAGMA cache_size = {-_CACHE_KIB:d}")
            connection.execute(f"PRAGMA journal_size_limit = {_WAL_LIMIT:d}")
            connection.create_function("mentions", 2, mentions, deterministic=True)
        except BaseException:
            connection.close()
            raise
    return connection


def _open(path: Path, mode: Mode, busy_s: float) -> sqlite3.Connection:
    uri = path.absolute().as_uri()
    if not _may_write(path):
        return _open_unwritable(path, uri, busy_s)
    # Reading, too, goes over a connection that could write: SQLite lets no other take the WAL and its index away again
    # when it is the last to go, and whoever reads would leave both beside the file.
    connection = _connect(f"{uri}?mode=rw", busy_s)
    try:
        connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()
        if mode == "ro":
            connection.execute("PRAGMA query_only = ON")
    except BaseException as error:
        connection.close()
        if mode == "ro" and isinstance(error, sqlite3.Error) and is_without_room(error):
            return _open_unwritable(path, uri, busy_s)  # there is no room for a WAL's index, and no need of one
        raise
    return connection


def _open_unwritable(path: Path, uri: str, busy_s: float) -> sqlite3.Connection:
    """A connection to a file that this process cannot write, or that has no place for anything beside it."""
    wal, index = (path.with_name(path.name + end) for end in ("-wal", "-shm"))
    if wal.exists() or index.exists():  # somebody who may write has it open, or was killed
        connection = _connect(f"{uri}?mode=ro", busy_s)
        try:
            connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()
            return connection
        except sqlite3.Error as error:
            connection.close()
            code = getattr(error, "sqlite_errorcode", 0) & 0xFF
            if code not in (sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY) and not is_without_room(error):
                raise
        # Without a WAL nobody is writing and the file may be read as it is; with one, its newest transactions would
        # be missed.
        if wal.exists() and wal.stat().st_size > 0:
            raise ReadOnlyError(
                f"{path.name} has unfinished business in {wal.name}, and its folder cannot be written",
                place={"file": str(path)},
                fix="copy both files to a folder that can be written",
            )
    return _connect(f"{uri}?mode=ro&immutable=1", busy_s)


def _may_write(path: Path) -> bool:
    """Whether this process may write the file, and make others beside it."""
    effective = os.access in os.supports_effective_ids
    return all(os.access(p, os.W_OK, effective_ids=effective) for p in (path, path.parent))


def _connect(uri: str, busy_s: float) -> sqlite3.Connection:
    return sqlite3.connect(
        uri, uri=True, timeout=busy_s, isolation_level=None, check_same_thread=False, cached_statements=256
    )
