"""Whether rows refer to rows that are there, and whether what is kept as JSON is JSON."""

from __future__ import annotations

import json
from collections import Counter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from seedbed.store.consistency import Finding
    from seedbed.store.file import DatasetFile

OWNED = ("vector", "verdict", "change", "decision", "lease", "strategy_yield", "coordinate")
"""Tables whose rows say something about another row, and nothing without it."""

ELSEWHERE = ("topic", "cell_count")
"""Tables that other checks put right."""

JSON = {
    "object": ("entry.content", "entry.meta", "topic.meta", "event.detail", "change.before", "change.after"),
    "array": ("decision.reasons",),
    "": ("entry.raw", "verdict.evidence", "lease.cell_values", "lease.coordinates", "meta.value"),
}
"""Columns by what has to be in them, where there is something; any JSON for ``""``."""


def lost_references(file: DatasetFile, found: Finding) -> None:
    """Note rows that refer to a row that is not there."""
    for (table, parent), n in _lost(file).items():
        rows = f"a row of {table} refers" if n == 1 else f"{n} rows of {table} refer"
        found.note(f"{rows} to a row of {parent} that is not there", n)


def mend_references(file: DatasetFile) -> None:
    """Forget references to nothing, and rows that are about nothing; what an entry cannot do without stays as it is."""
    for table in {table for table, _ in _lost(file)} - set(ELSEWHERE):
        required = {name for _, name, _, notnull, *_ in file.rows(f"PRAGMA table_info({table})") if notnull}
        for _, _, parent, column, to, *_ in file.rows(f"PRAGMA foreign_key_list({table})"):
            lost = f"WHERE {column} IS NOT NULL AND {column} NOT IN (SELECT {to} FROM {parent})"
            if column not in required and column != "entry_id":
                file.execute(f"UPDATE {table} SET {column} = NULL {lost}")
            elif table in OWNED:
                file.execute(f"DELETE FROM {table} {lost}")


def count_lost(file: DatasetFile) -> int:
    """Number of rows that refer to nothing."""
    return _lost(file).total()


def _lost(file: DatasetFile) -> Counter[tuple[str, str]]:
    return Counter((table, parent) for table, _, parent, _ in file.rows("PRAGMA foreign_key_check"))


def unreadable(file: DatasetFile, found: Finding) -> None:
    """Note values that are not the JSON that they should be."""
    for wanted, columns in JSON.items():
        for table, column in (name.split(".") for name in columns):
            # SQLite reads no JSON that is nested deeply; that is looked at here.
            other = f" OR json_type({column}) <> '{wanted}'" if wanted else ""
            sql = f"SELECT {column} FROM {table} WHERE {column} IS NOT NULL AND (json_valid({column}) = 0{other})"
            for (text,) in file.rows(sql):
                if not _is_json(text, wanted):
                    found.note(f"{column} of a row of {table} is no JSON {wanted}".rstrip() + f": {text[:60]!r}")


def _is_json(text: str | bytes, wanted: str) -> bool:
    try:
        value = json.loads(text)
    except (ValueError, RecursionError, TypeError):
        return False
    return isinstance(value, {"object": dict, "array": list}.get(wanted, object))
