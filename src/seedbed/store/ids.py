"""Public ids that change hands: a text that comes again gets its id from the entry that left, which may come back."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import TYPE_CHECKING

from seedbed.store.entry_rows import chunks, marks
from seedbed.store.values import LIVE, UID_HEX

if TYPE_CHECKING:
    from seedbed.store.file import DatasetFile


def give_up(file: DatasetFile, uids: Sequence[str | bytes]) -> None:
    """Entries that are not live leave these ids to others, and have another each. Call inside ``write``."""
    for part in chunks(uids):
        _swap(file, file.rows(f"SELECT id, uid FROM entry WHERE uid IN ({marks(part)}) AND NOT {LIVE}", part))


def reclaim(file: DatasetFile, rowids: Sequence[int]) -> None:
    """Those of the entries that are live get the id back that they gave up, unless a live entry has it."""
    for part in chunks(rowids):
        rows = file.rows(f"SELECT id, uid FROM entry WHERE id IN ({marks(part)}) AND {LIVE}", part)
        first = {_other(rowid, uid): (rowid, uid) for rowid, uid in rows}
        sql = f"SELECT id, uid FROM entry WHERE uid IN ({marks(list(first))}) AND NOT {LIVE}"
        holders = file.rows(sql, list(first))
        _swap(file, holders)
        _swap(file, [first[uid] for _, uid in holders])


def _swap(file: DatasetFile, rows: Sequence[tuple[int, bytes]]) -> None:
    for rowid, uid in rows:
        file.execute("UPDATE entry SET uid = ? WHERE id = ?", (_other(rowid, uid), rowid))


def _other(rowid: int, uid: bytes) -> bytes:
    """The id of a row after it gave ``uid`` up, and of that one ``uid`` again: no record is needed to go back."""
    mask = hashlib.blake2b(rowid.to_bytes(8, "big"), digest_size=UID_HEX // 2, person=b"seedbed-id").digest()
    return bytes(a ^ b for a, b in zip(uid, mask, strict=True))
