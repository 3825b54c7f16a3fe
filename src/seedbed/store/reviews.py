"""Reviewers' decisions, the queue of entries that wait for one, and what the decisions say in numbers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from seedbed.core.records import State
from seedbed.store.entry_rows import EntryFilter, chunks, conditions, marks
from seedbed.store.topics import SUBTREE, subtree
from seedbed.store.values import (
    LIVE,
    STATE_CODES,
    pack_optional,
    pack_text,
    unpack_json,
    unpack_text,
    unpack_uid,
)

if TYPE_CHECKING:
    from seedbed.store.file import DatasetFile

BY = {
    "topic": "t.path",
    "model": "coalesce(o.model, '')",
    "prompt": "coalesce(o.prompt, '')",
    "prompt_version": "coalesce(o.prompt_version, '')",
}
"""What reasons can be counted by, as columns."""

_DISPUTED = (
    "e.id IN (SELECT entry_id FROM decision WHERE withdrawn = 0 GROUP BY entry_id"
    " HAVING min(decision) <> max(decision) AND max(adjudicates) = 0)"
)
_SCORE = (
    "(SELECT v.score FROM verdict v WHERE v.entry_id = e.id AND v.score IS NOT NULL"
    " AND v.checker_id IN (SELECT id FROM checker WHERE name = ?) ORDER BY v.seq LIMIT 1)"
)
_WHY = "CASE WHEN json_valid(e.meta) THEN json_extract(e.meta, '$.review.why') ELSE '' END"
"""Why an entry is in review; SQLite itself stumbles over JSON that is nested more deeply than it reads."""

_REASONED = (
    "(EXISTS (SELECT 1 FROM decision d JOIN json_each(d.reasons) r WHERE d.entry_id = e.id AND d.withdrawn = 0"
    f" AND r.value = ?) OR instr('; ' || {_WHY} || ':', '; ' || ? || ':') > 0)"
)


@dataclass(frozen=True, slots=True)
class QueueFilter:
    """Which entries of the queue; fields at their default do not restrict.

    Attributes:
        root: this topic and below.
        kind: name of the schema.
        states: any of these.
        disputed: only those that reviewers disagree about.
        reason: in review for this (its code), or decided for this.
        min_score, max_score: the score of the check ``judge`` is there and within.
        judge: whose score is meant.
        text: a value of the content contains this, case ignored.
        without: not decided by this reviewer.
    """

    root: str | None = None
    kind: str | None = None
    states: tuple[State, ...] = (State.PENDING,)
    disputed: bool = False
    reason: str | None = None
    min_score: float | None = None
    max_score: float | None = None
    judge: str = "judge"
    text: str | None = None
    without: str | None = None


@dataclass(frozen=True, slots=True)
class DecisionRow:
    """One reviewer's decision about one entry.

    Attributes:
        id: row id; 0 for one that is not written yet.
        entry_rowid: row id of the entry.
        reviewer: ``human:NAME`` or ``model:ID``.
        approves: ``False`` rejects.
        reasons: codes, for a rejection.
        note: free text.
        adjudicates: settles a disagreement of others.
        at: Unix seconds.
    """

    id: int
    entry_rowid: int
    reviewer: str
    approves: bool
    reasons: tuple[str, ...] = ()
    note: str = ""
    adjudicates: bool = False
    at: float = 0.0


class Reviews:
    """Decisions of one file."""

    def __init__(self, file: DatasetFile) -> None:
        self._file = file

    # -- the queue ---------------------------------------------------------------------------------------------

    def rowids(self, wanted: QueueFilter, *, limit: int = -1, offset: int = 0, after: int = 0) -> list[int]:
        """Row ids of the queue, oldest first; by rows alone, so that skipped ones cost next to nothing.

        Args:
            wanted: filter.
            limit: at most so many; all below 0.
            offset: so many are skipped.
            after: only entries with a greater row id.
        """
        where, values = _conditions(wanted)
        if after:
            where, values = f"{where} AND e.id > ?", [*values, after]
        sql = f"SELECT e.id FROM entry e WHERE {where} ORDER BY e.id LIMIT ? OFFSET ?"
        return [r[0] for r in self._file.rows(sql, (*values, limit, offset))]

    def ids(self, wanted: QueueFilter) -> list[str]:
        """Public ids of the whole queue, oldest first."""
        where, values = _conditions(wanted)
        return [
            unpack_uid(r[0]) for r in self._file.rows(f"SELECT e.uid FROM entry e WHERE {where} ORDER BY e.id", values)
        ]

    def count(self, wanted: QueueFilter) -> int:
        """Number of entries in the queue; from counters where only topic, kind and state restrict it."""
        if wanted == QueueFilter(root=wanted.root, kind=wanted.kind, states=wanted.states, judge=wanted.judge):
            counts = self._file.entries.counts(wanted.root, wanted.kind)
            return sum(c.n for c in counts if c.state in wanted.states)
        where, values = _conditions(wanted)
        return int(self._file.value(f"SELECT count(*) FROM entry e WHERE {where}", values))

    def standing(self, rowids: Sequence[int]) -> dict[int, list[DecisionRow]]:
        """Decisions that stand, oldest first, by row id of their entry; entries without any are left out."""
        out: dict[int, list[DecisionRow]] = {}
        for part in chunks(rowids):
            rows = self._file.rows(
                "SELECT id, entry_id, reviewer, decision, reasons, note, adjudicates, at FROM decision"
                f" WHERE entry_id IN ({marks(part)}) AND withdrawn = 0 ORDER BY id",
                part,
            )
            for row in rows:
                out.setdefault(row[1], []).append(_decision(row))
        return out

    # -- writing -----------------------------------------------------------------------------------------------

    def write(
        self,
        event_id: int,
        *,
        fresh: Sequence[DecisionRow] = (),
        withdrawn: Sequence[int] = (),
        states: Sequence[tuple[int, State]] = (),
    ) -> None:
        """Write new decisions, withdraw old ones and set states of entries; journaled, call inside ``write``.

        Args:
            event_id: the operation.
            fresh: decisions; ``id`` is not looked at.
            withdrawn: row ids of decisions.
            states: ``(row id of an entry, its new state)``.
        """
        ids = [self._insert(event_id, row) for row in fresh]
        journal = self._file.journal
        # Decisions come withdrawn, so that the journal of their coming is enough to take them back.
        journal.change_all(event_id, "decision", [(i, {"withdrawn": 0}) for i in ids])
        journal.change_all(event_id, "decision", [(i, {"withdrawn": 1}) for i in withdrawn])
        journal.change_all(event_id, "entry", [(rowid, {"state": STATE_CODES[state]}) for rowid, state in states])

    def _insert(self, event_id: int, row: DecisionRow) -> int:
        cursor = self._file.execute(
            "INSERT INTO decision (entry_id, reviewer, decision, reasons, note, adjudicates, withdrawn, at, event_id)"
            " VALUES (?, ?, ?, ?, ?, ?, 1, ?, ?)",
            (
                row.entry_rowid, pack_text(row.reviewer), int(row.approves), pack_optional(list(row.reasons)),
                pack_text(row.note) if row.note else None, int(row.adjudicates), row.at, event_id,
            ),
        )  # fmt: skip
        return int(cursor.lastrowid or 0)

    def withdraw_all(self, event_id: int, rowids: Sequence[int]) -> int:
        """Number of decisions withdrawn: all that stand about these entries, because they are about another content."""
        ids = [row.id for rows in self.standing(rowids).values() for row in rows]
        return self._file.journal.change_all(event_id, "decision", [(i, {"withdrawn": 1}) for i in ids])

    def obstacle(self, rowid: int) -> tuple[str, str] | None:
        """Why an entry that was rejected cannot come back, as ``(code, sentence)``, or ``None``."""
        twin = self._file.value(
            "SELECT d.uid FROM entry e JOIN entry d ON d.text_hash = e.text_hash AND d.kind_id = e.kind_id"
            f" AND d.id <> e.id AND d.{LIVE} WHERE e.id = ? LIMIT 1",
            (rowid,),
        )
        if twin is not None:
            return "exact_duplicate", f"the same text is there again as {unpack_uid(twin)}"
        home = self._file.value(
            "SELECT t.removed OR EXISTS (SELECT 1 FROM topic c WHERE c.parent_id = t.id AND c.removed = 0)"
            " FROM entry e JOIN topic t ON t.id = e.topic_id WHERE e.id = ?",
            (rowid,),
        )
        return ("topic_gone", "its topic is no leaf of the tree any more") if home else None

    def was_queued(self, rowid: int) -> bool:
        """Whether an entry was sent to review, rather than looked at on somebody's own account.

        It was when it says why, when it fails a check, or when it waited before anybody decided about the content that
        it has.
        """
        state, meta, fails, first = self._file.row(
            "SELECT e.state, e.meta, EXISTS (SELECT 1 FROM verdict v WHERE v.entry_id = e.id AND v.outcome = 0),"
            " (SELECT min(d.event_id) FROM decision d WHERE d.entry_id = e.id AND d.event_id > coalesce("
            " (SELECT max(c.event_id) FROM change c WHERE c.row_id = e.id AND c.tbl = 0"
            " AND c.after LIKE '%\"content\":%'), 0)) FROM entry e WHERE e.id = ?",
            (rowid,),
        ) or (None, None, 0, None)
        if fails or "review" in unpack_json(meta, {}):
            return True
        since = [] if first is None else self._file.journal.changes_of("entry", rowid, first - 1)
        before = (c.before["state"] for c in since if "state" in c.before)
        return bool(next(before, state) == STATE_CODES[State.PENDING])

    def refused(self, text_hash: bytes, kind: str) -> tuple[str, tuple[str, ...], str] | None:
        """Id, reasons and note of an entry with this text that reviewers rejected and that is out for it."""
        row = self._file.row(
            "SELECT e.uid, d.reasons, d.note FROM entry e JOIN kind k ON k.id = e.kind_id"
            " JOIN decision d ON d.entry_id = e.id AND d.withdrawn = 0 AND d.decision = 0"
            " WHERE e.text_hash = ? AND k.name = ? AND e.state = 0 ORDER BY d.adjudicates DESC, d.id DESC LIMIT 1",
            (text_hash, pack_text(kind)),
        )
        return None if row is None else (unpack_uid(row[0]), tuple(unpack_json(row[1], ())), unpack_text(row[2]))

    # -- in numbers --------------------------------------------------------------------------------------------

    def ratings(self, root: str | None = None) -> list[tuple[int, str, bool]]:
        """``(row id of an entry, reviewer, whether approved)`` of decisions that stand; adjudications do not rate."""
        where, values = _below(root)
        rows = self._file.rows(
            "SELECT d.entry_id, d.reviewer, d.decision FROM decision d JOIN entry e ON e.id = d.entry_id"
            f" WHERE d.withdrawn = 0 AND d.adjudicates = 0{where} ORDER BY d.id",
            values,
        )
        return [(rowid, unpack_text(reviewer), bool(decision)) for rowid, reviewer, decision in rows]

    def reasons(
        self, root: str | None = None, by: Sequence[str] = (), *, limit: int = -1
    ) -> list[tuple[tuple[str, ...], int]]:
        """``((reason, *values of by), entries rejected for it)``, most first.

        Args:
            root: this topic and below.
            by: names out of ``BY``.
            limit: at most so many rows; all below 0.
        """
        where, values = _below(root)
        columns = ", ".join(("r.value", *(BY[name] for name in by)))
        order = ", ".join(str(i + 1) for i in range(len(by) + 1))
        rows = self._file.rows(
            f"SELECT {columns}, count(DISTINCT e.id) FROM decision d JOIN entry e ON e.id = d.entry_id"
            " JOIN json_each(d.reasons) r JOIN topic t ON t.id = e.topic_id LEFT JOIN origin o ON o.id = e.origin_id"
            f" WHERE d.withdrawn = 0 AND d.decision = 0 AND e.state = 0{where}"
            f" GROUP BY {order} ORDER BY count(DISTINCT e.id) DESC, {order} LIMIT ?",
            (*values, limit),
        )
        return [(tuple(unpack_text(v) for v in row[:-1]), row[-1]) for row in rows]

    def counts(self, root: str | None = None) -> dict[str, int]:
        """Entries ``pending`` and ``disputed``, and entries that reviewers ``approved`` and ``rejected``."""
        where, values = _below(root)
        decided: dict[int, int] = dict(
            self._file.rows(
                "SELECT e.state, count(DISTINCT e.id) FROM decision d JOIN entry e ON e.id = d.entry_id"
                f" WHERE d.withdrawn = 0 AND e.state IN (0, 3){where} GROUP BY e.state",
                values,
            )
        )
        return {
            "pending": self.count(QueueFilter(root=root)),
            "disputed": self.count(QueueFilter(root=root, disputed=True)),
            "approved": decided.get(STATE_CODES[State.APPROVED], 0),
            "rejected": decided.get(STATE_CODES[State.REJECTED], 0),
        }

    def reviewed(self, rowids: Sequence[int]) -> set[int]:
        """Those of the entries that a reviewer ever decided about, withdrawn decisions included."""
        out: set[int] = set()
        for part in chunks(rowids):
            sql = f"SELECT DISTINCT entry_id FROM decision WHERE entry_id IN ({marks(part)})"
            out.update(r[0] for r in self._file.rows(sql, part))
        return out


def _conditions(wanted: QueueFilter) -> tuple[str, list[Any]]:
    """Conditions on ``entry e``. States are written out: a partial index serves no query with a parameter."""
    codes = sorted(STATE_CODES[State(s)] for s in wanted.states)
    parts = [f"e.state = {codes[0]:d}" if len(codes) == 1 else f"e.state IN ({', '.join(f'{c:d}' for c in codes)})"]
    where, values = conditions(EntryFilter(root=wanted.root, kind=wanted.kind, text=wanted.text))
    if where:
        parts.append(where.removeprefix("WHERE "))
    if wanted.disputed:
        parts.append(_DISPUTED)
    if wanted.reason is not None:
        parts.append(_REASONED)
        values += [pack_text(wanted.reason)] * 2
    for sign, bound in ((">=", wanted.min_score), ("<=", wanted.max_score)):
        if bound is not None:
            parts.append(f"{_SCORE} {sign} ?")
            values += [pack_text(wanted.judge), float(bound)]
    if wanted.without is not None:
        parts.append(
            "NOT EXISTS (SELECT 1 FROM decision d WHERE d.entry_id = e.id AND d.withdrawn = 0 AND d.reviewer = ?)"
        )
        values.append(pack_text(wanted.without))
    return " AND ".join(parts), values


def _below(root: str | None) -> tuple[str, tuple[Any, ...]]:
    if root is None:
        return "", ()
    return f" AND e.topic_id IN (SELECT id FROM topic WHERE {SUBTREE.format('path')})", subtree(root)


def _decision(row: Sequence[Any]) -> DecisionRow:
    decision_id, entry_rowid, reviewer, approves, reasons, note, adjudicates, at = row
    return DecisionRow(
        decision_id, entry_rowid, unpack_text(reviewer), bool(approves), tuple(unpack_json(reasons, [])),
        unpack_text(note), bool(adjudicates), at,
    )  # fmt: skip
