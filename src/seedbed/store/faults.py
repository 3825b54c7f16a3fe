"""SQLite's errors as Seedbed's, in one place; each names the file."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from seedbed.core.errors import (
    BusyError,
    DiskFullError,
    InputError,
    NotADatasetError,
    ReadOnlyError,
    SeedbedError,
    StoreError,
)

_PRIMARY = 0xFF
"""Extended result codes keep their primary code in the low byte."""


_NO_ROOM = (sqlite3.SQLITE_IOERR_WRITE, sqlite3.SQLITE_IOERR_SHMSIZE, sqlite3.SQLITE_IOERR_SHMOPEN)


_NOT_UTF8 = "a text in it is not UTF-8"


class mapped:
    """Raises what SQLite raises inside the block as a ``StoreError`` that names ``path``.

    A class, not a generator: it is entered for every statement.
    """

    __slots__ = ("_path",)

    def __init__(self, path: Path) -> None:
        self._path = path

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if isinstance(error, sqlite3.Error):
            raise store_error(error, self._path) from error
        if isinstance(error, UnicodeEncodeError):
            raise InputError("the text holds half of a character (a lone surrogate)", code="unstorable_text") from error
        if isinstance(error, UnicodeDecodeError):  # of SQLite's message about its own tables
            raise damaged(_NOT_UTF8, self._path) from error


def is_without_room(error: sqlite3.Error) -> bool:
    """Whether something could not be written, or made larger: SQLite's I/O errors of a full disk or a quota."""
    return getattr(error, "sqlite_errorcode", 0) in _NO_ROOM


def store_error(error: sqlite3.Error, path: Path) -> SeedbedError:
    """The error of ours that says what SQLite's means."""
    name, place = path.name, {"file": str(path)}
    code = getattr(error, "sqlite_errorcode", 0) & _PRIMARY
    if code == sqlite3.SQLITE_FULL or is_without_room(error):
        return DiskFullError(
            f"the disk is full, or a limit keeps {name} from growing: it was not changed",
            place=place,
            fix="free some space (or see ulimit -f) and run it again",
        )
    if code in (sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PERM):
        return ReadOnlyError(
            f"{name} or its folder cannot be written", place=place, fix="check the permissions of the file and folder"
        )
    if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
        return BusyError(
            f"another process has been writing to {name} for too long", place=place, fix="wait for it and try again"
        )
    if code == sqlite3.SQLITE_NOTADB:
        return NotADatasetError(f"{name} is not a Seedbed dataset", place=place)
    if code == sqlite3.SQLITE_CORRUPT:
        return damaged(str(error), path)
    if str(error).startswith("Could not decode to UTF-8"):
        return damaged(_NOT_UTF8, path)
    if code == sqlite3.SQLITE_CONSTRAINT:
        return StoreError(f"{name} refused a row: {error}", place=place, code="conflict")
    return StoreError(f"{name}: {error}", place=place)


def damaged(why: str, path: Path | None = None) -> StoreError:
    """The error of a file that does not hold what was written to it (``damaged_file``)."""
    name, place = ("the dataset", {}) if path is None else (path.name, {"file": str(path)})
    return StoreError(f"{name} is damaged: {why}", place=place, fix="restore it from a copy", code="damaged_file")
