"""What SQL alone can say about whether the tables of a file agree, and how derived rows are put right."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from seedbed.store.values import LIVE, unpack_uid
from seedbed.store.wholeness import count_lost, lost_references, mend_references, unreadable

if TYPE_CHECKING:
    from seedbed.store.file import DatasetFile

SHOWN = 5
"""Problems of a kind that are described; the rest is counted."""


@dataclass(slots=True)
class Finding:
    """What one check found.

    Attributes:
        check: its name.
        what: one phrase.
        looked_at: rows that were compared.
        problems: number of rows that are wrong, or were before they were put right.
        examples: the first of them, one sentence each.
        fix: what repairing does; empty where a person has to decide.
        fixed: number of rows put right.
    """

    check: str
    what: str
    looked_at: int = 0
    problems: int = 0
    examples: list[str] = field(default_factory=list)
    fix: str = ""
    fixed: int = 0

    @property
    def left(self) -> int:
        """Number of rows that are still wrong."""
        return max(0, self.problems - self.fixed)

    def note(self, sentence: str, n: int = 1) -> None:
        """Count ``n`` wrong rows, and keep the first few sentences."""
        self.problems += n
        if len(self.examples) < SHOWN:
            self.examples.append(sentence)


class Consistency:
    """Checks of one file; each may repair what it finds when called with ``fix`` inside ``write``."""

    def __init__(self, file: DatasetFile) -> None:
        self._file = file

    def findings(self, *, fix: bool = False) -> list[Finding]:
        """What every check found, in a fixed order."""
        checks: tuple[Callable[[bool], Finding], ...] = (
            self._pages, self._references, self._values, self._tree, self._homes, self._counts, self._vectors,
            self._verdicts, self._twins, self._changes, self._leases,
        )  # fmt: skip
        found = {f.check: f for f in (check(fix) for check in checks)}
        lost = found["references"]
        if fix and lost.problems:  # what refers to nothing may be the business of a later check
            lost.fixed = max(0, lost.problems - count_lost(self._file))
        return list(found.values())

    def entries_without_vector(self) -> list[int]:
        """Row ids of live entries whose vector is missing, of another embedder, or of the wrong size."""
        current = self._file.vectors.current()
        if current is None:
            return []
        rows = self._file.rows(
            f"SELECT e.id FROM entry e LEFT JOIN vector v ON v.entry_id = e.id WHERE e.{LIVE} AND (v.v IS NULL"
            " OR length(v.v) <> ? OR v.embedder_id <> (SELECT max(id) FROM embedder)) ORDER BY e.id",
            (2 * current[1],),
        )
        return [int(r[0]) for r in rows]

    # -- the checks --------------------------------------------------------------------------------------------

    def _pages(self, fix: bool) -> Finding:
        del fix
        found = Finding("pages", "the file itself", self._count("sqlite_schema"))
        for (said,) in self._file.rows("PRAGMA integrity_check(20)"):
            if said != "ok":
                found.note(str(said))
        return found

    def _references(self, fix: bool) -> Finding:
        found = Finding("references", "rows that other rows refer to", fix="references to nothing forgotten")
        lost_references(self._file, found)
        if fix and found.problems:
            mend_references(self._file)
        return found

    def _values(self, fix: bool) -> Finding:
        del fix
        found = Finding("values", "what is kept as JSON can be read")
        unreadable(self._file, found)
        return found

    def _tree(self, fix: bool) -> Finding:
        found = Finding("tree", "paths of topics and their parents", self._count("topic"))
        found.fix = "paths follow the parents"
        for path, parent in self._hanging_wrong():
            found.note(f"topic {path!r} hangs {'at the root' if parent is None else f'below {parent!r}'}")
        if fix and found.problems:
            self._hang_by_path()
            found.fixed = found.problems - len(self._hanging_wrong())
        return found

    def _hanging_wrong(self) -> list[tuple[str, str | None]]:
        """Path and parent's path of topics that do not hang where their path says."""
        return self._file.rows(
            "SELECT t.path, p.path FROM topic t LEFT JOIN topic p ON p.id = t.parent_id"
            " WHERE t.removed = 0 AND (t.parent_id IS NULL AND instr(t.path, '/') > 0 OR t.parent_id IS NOT NULL AND"
            " (p.id IS NULL OR p.removed <> 0 OR substr(t.path, 1, length(p.path) + 1) <> p.path || '/'"
            " OR instr(substr(t.path, length(p.path) + 2), '/') > 0))"
        )

    def _hang_by_path(self) -> None:
        """Give every topic the parent that its path names; makes what is missing."""
        rows = self._file.rows("SELECT id, path, parent_id FROM topic WHERE removed = 0 ORDER BY length(path)")
        known = {path: topic_id for topic_id, path, _ in rows}

        def id_of(path: str) -> int | None:
            if path and path not in known:
                sql = "INSERT INTO topic (parent_id, path, position) VALUES (?, ?, 1)"
                known[path] = int(self._file.execute(sql, (id_of(path.rpartition("/")[0]), path)).lastrowid or 0)
            return known.get(path)

        for topic_id, path, parent_id in rows:
            right = id_of(path.rpartition("/")[0])
            if right != parent_id:
                self._file.execute("UPDATE topic SET parent_id = ? WHERE id = ?", (right, topic_id))
        self._file.topics.touch()

    def _homes(self, fix: bool) -> Finding:
        del fix
        found = Finding("homes", "entries live in leaf topics", self._count("entry", LIVE))
        rows = self._file.rows(
            f"SELECT e.uid, t.path, t.removed FROM entry e JOIN topic t ON t.id = e.topic_id WHERE e.{LIVE} AND"
            " (t.removed <> 0 OR EXISTS (SELECT 1 FROM topic c WHERE c.parent_id = t.id AND c.removed = 0))"
        )
        for uid, path, removed in rows:
            found.note(f"entry {unpack_uid(uid)} is in {path!r}, which {'was removed' if removed else 'has subtopics'}")
        return found

    def _counts(self, fix: bool) -> Finding:
        found = Finding("counts", "counters of cells", self._count("cell_count", "n > 0"), fix="counted anew")
        real = "SELECT topic_id, kind_id, cell, state, count(*) AS n FROM entry GROUP BY 1, 2, 3, 4"
        kept = "SELECT topic_id, kind_id, cell, state, n FROM cell_count WHERE n <> 0"
        differing = self._file.rows(
            f"SELECT t.path, d.state FROM (SELECT * FROM ({real} EXCEPT {kept}) UNION SELECT * FROM"
            f" ({kept} EXCEPT {real})) d LEFT JOIN topic t ON t.id = d.topic_id GROUP BY t.path, d.state"
        )
        for path, _ in differing:
            found.note(f"the number of entries in {path!r} is not what the counter says")
        if fix and found.problems:
            self._file.execute("DELETE FROM cell_count")
            there = "topic_id IN (SELECT id FROM topic) AND kind_id IN (SELECT id FROM kind)"
            self._file.execute(f"INSERT INTO cell_count SELECT * FROM ({real}) WHERE {there}")
            found.fixed = found.problems
        return found

    def _vectors(self, fix: bool) -> Finding:
        del fix  # embedding is the dataset's business
        found = Finding("vectors", "every live entry has a vector", self._count("entry", LIVE), fix="embedded anew")
        wrong = self.entries_without_vector()
        for rowid in wrong[:SHOWN]:
            uid = self._file.value("SELECT uid FROM entry WHERE id = ?", (rowid,))
            found.note(f"entry {unpack_uid(uid)} has no vector of the file's embedder")
        found.problems = len(wrong)
        return found

    def _verdicts(self, fix: bool) -> Finding:
        del fix
        found = Finding("verdicts", "accepted entries passed their checks", self._count("verdict"))
        rows = self._file.rows(
            "SELECT e.uid, c.name FROM verdict v JOIN entry e ON e.id = v.entry_id"
            " JOIN checker c ON c.id = v.checker_id WHERE v.outcome = 0 AND e.state = 1"
        )
        for uid, check in rows:
            found.note(f"entry {unpack_uid(uid)} was accepted although {check} failed")
        return found

    def _twins(self, fix: bool) -> Finding:
        del fix
        found = Finding("twins", "live entries with the same text know of each other", self._count("entry", LIVE))
        rows = self._file.rows(
            "SELECT e.uid, d.uid FROM entry d JOIN entry e ON e.text_hash = d.text_hash AND e.kind_id = d.kind_id"
            f" AND e.id > d.id WHERE d.{LIVE} AND e.{LIVE} AND NOT EXISTS (SELECT 1 FROM verdict v"
            " WHERE v.entry_id IN (e.id, d.id) AND v.code IN ('exact_duplicate', 'near_duplicate'))"
            " AND EXISTS (SELECT 1 FROM verdict v WHERE v.entry_id = e.id AND v.checker_id IN"
            " (SELECT id FROM checker WHERE name = 'exact_duplicate'))"
        )
        for uid, other in rows:
            found.note(f"entry {unpack_uid(uid)} has the text of {unpack_uid(other)}, and no verdict says so")
        return found

    def _changes(self, fix: bool) -> Finding:
        found = Finding("history", "changes are of rows that are there", self._count("change"))
        found.fix = "changes of nothing forgotten"
        gone = " OR ".join(
            f"tbl IN ({codes}) AND row_id NOT IN (SELECT id FROM {table})"
            for codes, table in (("0, 4", "entry"), ("1", "topic"), ("2", "decision"), ("5", "event"), ("6", "seed"))
        )
        for event_id, n in self._file.rows(f"SELECT event_id, count(*) FROM change WHERE {gone} GROUP BY 1"):
            found.note(f"event {event_id} changed {n} rows that are not there", n)
        if fix and found.problems:
            found.fixed = self._file.execute(f"DELETE FROM change WHERE {gone}").rowcount
        return found

    def _leases(self, fix: bool) -> Finding:
        found = Finding("leases", "promises on topics that take entries", self._count("lease"), fix="given back")
        homeless = "t.removed <> 0 OR EXISTS (SELECT 1 FROM topic c WHERE c.parent_id = t.id AND c.removed = 0)"
        rows = self._file.rows(
            f"SELECT t.path, t.removed FROM lease l JOIN topic t ON t.id = l.topic_id WHERE {homeless}"
        )
        for path, removed in rows:
            found.note(f"a lease is on topic {path!r}, which {'was removed' if removed else 'has subtopics'}")
        if fix and found.problems:
            sql = f"DELETE FROM lease WHERE topic_id IN (SELECT t.id FROM topic t WHERE {homeless})"
            found.fixed = self._file.execute(sql).rowcount
        return found

    def _count(self, table: str, where: str = "1") -> int:
        return int(self._file.value(f"SELECT count(*) FROM {table} WHERE {where}") or 0)


def stored_rows(file: DatasetFile, after: int, limit: int) -> list[tuple[Any, ...]]:
    """Live entries by row id: ``(row id, uid, kind, content, cell, text hash, vector)``."""
    return file.rows(
        "SELECT e.id, e.uid, k.name, e.content, e.cell, e.text_hash, v.v FROM entry e JOIN kind k ON k.id = e.kind_id"
        f" LEFT JOIN vector v ON v.entry_id = e.id WHERE e.{LIVE} AND e.id > ? ORDER BY e.id LIMIT ?",
        (after, limit),
    )
