"""How values are kept in columns: JSON, text that may not be Unicode, ids and states.

Model output may hold NUL and lone surrogates; both survive a round trip. Everything written here is read back by its
counterpart, so the forms on disk are this module's own business.
"""

from __future__ import annotations

import json
from typing import Any

from seedbed.core.records import Outcome, State
from seedbed.store.faults import damaged

STATE_CODES = {State.REJECTED: 0, State.ACCEPTED: 1, State.PENDING: 2, State.APPROVED: 3, State.REMOVED: 4}
STATES = {code: state for state, code in STATE_CODES.items()}

LIVE = "state BETWEEN 1 AND 3"
"""Condition: the entry is in the dataset, be it finished or in review."""

OUTCOME_CODES = {Outcome.FAIL: 0, Outcome.PASS: 1, Outcome.UNSCORED: 2}
OUTCOMES = {code: outcome for outcome, code in OUTCOME_CODES.items()}

UID_HEX = 20
"""Characters of a public id."""

_encode_plain = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), default=str).encode
_encode_escaped = json.JSONEncoder(ensure_ascii=True, separators=(",", ":"), default=str).encode


def pack_json(value: Any) -> str:
    """Compact JSON text in key order as given; escapes everything beyond ASCII only where a surrogate demands it."""
    try:
        text = _encode_plain(value)
    except RecursionError:  # hostile nesting; what is kept says so
        return '"(nested too deeply to be stored)"'
    return text if is_storable(text) else _encode_escaped(value)


def pack_optional(value: Any) -> str | None:
    """JSON text, or ``None`` for an empty value, which costs one byte a row."""
    return pack_json(value) if value else None


def unpack_json(text: str | None, default: Any = None) -> Any:
    """The value of a JSON column; ``default`` where it is NULL.

    Raises:
        StoreError: it is not JSON any more (``damaged_file``).
    """
    try:
        return default if text is None else json.loads(text)
    except (TypeError, ValueError) as error:
        raise damaged("a value in it is not JSON") from error


def pack_text(text: str) -> str | bytes:
    """Text as it is, or as bytes when lone surrogates keep it from being UTF-8."""
    return text if is_storable(text) else text.encode("utf-8", "surrogatepass")


def unpack_text(value: str | bytes | None) -> str:
    """The text of a column written by ``pack_text``; empty for NULL."""
    if value is None:
        return ""
    return value if isinstance(value, str) else value.decode("utf-8", "surrogatepass")


def is_storable(text: str) -> bool:
    """Whether SQLite can keep the text as UTF-8."""
    if text.isascii():
        return True
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True


def pack_uid(uid: str) -> str | bytes:
    """A public id as 10 bytes; an id of another form as text."""
    if len(uid) == UID_HEX:
        try:
            packed = bytes.fromhex(uid)
        except ValueError:
            return pack_text(uid)
        if packed.hex() == uid:
            return packed
    return pack_text(uid)


def unpack_uid(value: str | bytes) -> str:
    """The public id of a column written by ``pack_uid``."""
    if isinstance(value, bytes) and len(value) == UID_HEX // 2:
        return value.hex()
    return unpack_text(value)


def uid_range(prefix: str) -> tuple[bytes, bytes] | None:
    """First and last id that start with the hexadecimal ``prefix``, or ``None`` when it is no such prefix."""
    try:
        first = bytes.fromhex(prefix.ljust(UID_HEX, "0"))
        last = bytes.fromhex(prefix.ljust(UID_HEX, "f"))
    except ValueError:
        return None
    return (first, last) if len(prefix) <= UID_HEX and len(first) == UID_HEX // 2 else None


def mentions(content: str, needle: str | bytes) -> bool:
    """Whether a value inside the JSON text ``content`` contains the case-folded ``needle``; keys do not count."""
    needle = unpack_text(needle)
    if "\\" not in content and needle not in content.casefold():
        return False  # most rows end here; escapes may hide a match, so those are parsed
    return any(needle in text.casefold() for text in _texts(unpack_json(content)))


def _texts(value: Any) -> list[str]:
    if isinstance(value, str):
        return [value]
    if isinstance(value, dict):
        return [t for v in value.values() for t in _texts(v)]
    if isinstance(value, list):
        return [t for v in value for t in _texts(v)]
    return [] if value is None else [str(value)]
