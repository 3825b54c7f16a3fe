"""Entries as they are read: filters as conditions, rows as records."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from seedbed.core.records import Entry, State, Verdict
from seedbed.store.topics import SUBTREE, subtree
from seedbed.store.values import (
    OUTCOMES,
    STATE_CODES,
    STATES,
    pack_text,
    pack_uid,
    unpack_json,
    unpack_text,
    unpack_uid,
)

if TYPE_CHECKING:
    from seedbed.store.file import DatasetFile

Query = Callable[[str, Sequence[Any]], list[tuple[Any, ...]]]

CHUNK = 500
"""Values in one ``IN`` list; far below SQLite's limit."""

SELECT = (
    "SELECT e.id, e.uid, t.path, k.name, e.state, e.cell, e.content, e.raw, e.meta, e.origin_id, s.uid,"
    " e.run_id, e.job_id, e.created_at FROM entry e"
    " JOIN topic t ON t.id = e.topic_id JOIN kind k ON k.id = e.kind_id LEFT JOIN seed s ON s.id = e.seed_id "
)

_VERDICTS = (
    "SELECT v.entry_id, c.name, c.version, v.outcome, v.score, c.threshold, v.reason, v.code, v.evidence"
    " FROM verdict v JOIN checker c ON c.id = v.checker_id WHERE v.entry_id IN ({}) ORDER BY v.entry_id, v.seq"
)


@dataclass(frozen=True, slots=True)
class EntryFilter:
    """Which entries; fields at their default do not restrict.

    Attributes:
        root: this topic and below.
        kind: name of the schema.
        states: any of these.
        run_id: made by this run.
        code: failed a check with this reason code (or, where it gave none, the check of this name).
        seed_uid: made from this seed.
        text: a value of the content contains this, case ignored.
        order: by insertion, ``newest`` or ``oldest`` first.
    """

    root: str | None = None
    kind: str | None = None
    states: tuple[State, ...] = ()
    run_id: int | None = None
    code: str | None = None
    seed_uid: str | None = None
    text: str | None = None
    order: Literal["newest", "oldest"] = "newest"


def conditions(wanted: EntryFilter) -> tuple[str, list[Any]]:
    """A ``WHERE`` clause on the table ``entry e``, and its values."""
    parts: list[str] = []
    values: list[Any] = []

    def also(condition: str, *of: Any) -> None:
        parts.append(condition)
        values.extend(of)

    if wanted.root is not None:
        also(f"e.topic_id IN (SELECT id FROM topic WHERE {SUBTREE.format('path')})", *subtree(wanted.root))
    if wanted.kind is not None:
        also("e.kind_id = (SELECT id FROM kind WHERE name = ?)", pack_text(wanted.kind))
    if wanted.states:
        also(f"e.state IN ({marks(wanted.states)})", *(STATE_CODES[State(s)] for s in wanted.states))
    if wanted.run_id is not None:
        also("e.run_id = ?", wanted.run_id)
    if wanted.code is not None:
        code = pack_text(wanted.code)
        also(
            "e.id IN (SELECT entry_id FROM verdict WHERE outcome = 0 AND (code = ? OR code IS NULL"
            " AND checker_id IN (SELECT id FROM checker WHERE name = ?)))",
            code,
            code,
        )
    if wanted.seed_uid is not None:
        also("e.seed_id = (SELECT id FROM seed WHERE uid = ?)", pack_uid(wanted.seed_uid))
    if wanted.text:
        also("mentions(e.content, ?)", pack_text(wanted.text.casefold()))
    return ("WHERE " + " AND ".join(parts) if parts else ""), values


def marks(values: Sequence[Any]) -> str:
    """``?, ?, ?`` for an ``IN`` list."""
    return ", ".join("?" * len(values))


def chunks(values: Sequence[Any]) -> Iterator[list[Any]]:
    """The values in lists short enough for one statement."""
    for start in range(0, len(values), CHUNK):
        yield list(values[start : start + CHUNK])


def to_entries(
    file: DatasetFile, query: Query, rows: Sequence[Sequence[Any]], *, verdicts: bool
) -> list[tuple[int, Entry]]:
    """``(row id, entry)`` for rows of ``SELECT``, in their order."""
    judged = verdicts_of(query, [r[0] for r in rows]) if verdicts else {}
    out: list[tuple[int, Entry]] = []
    for rowid, uid, topic, kind, state, cell, content, raw, meta, origin, seed, run_id, job_id, created_at in rows:
        entry = Entry(
            id=unpack_uid(uid),
            topic=topic,
            kind=unpack_text(kind),
            content=unpack_json(content),
            state=STATES[state],
            cell=unpack_text(cell),
            raw=unpack_json(raw),
            meta=unpack_json(meta, {}),
            origin=file.names.origin(origin),
            seed_uid=None if seed is None else unpack_uid(seed),
            run_id=run_id,
            job_id=job_id,
            created_at=created_at,
            verdicts=tuple(judged.get(rowid, ())),
        )
        out.append((rowid, entry))
    return out


def verdicts_of(query: Query, rowids: Sequence[int]) -> dict[int, list[Verdict]]:
    """Verdicts by row id of their entry, in the order the checks ran."""
    out: dict[int, list[Verdict]] = {}
    for part in chunks(rowids):
        for rowid, check, version, outcome, score, threshold, reason, code, evidence in query(
            _VERDICTS.format(marks(part)), part
        ):
            verdict = Verdict(
                check=unpack_text(check),
                version=unpack_text(version),
                outcome=OUTCOMES[outcome],
                score=score,
                threshold=threshold,
                reason=unpack_text(reason),
                code=unpack_text(code),
                evidence=unpack_json(evidence, {}),
            )
            out.setdefault(rowid, []).append(verdict)
    return out
