"""What SQL alone can say about whether the tables of a file agree, and how derived rows are put right."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from seedbed.store.values import LIVE, unpack_uid

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
        problems: number of rows that are wrong.
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

    def note(self, sentence: str) -> None:
        """Count a problem, and keep the first few."""
        self.problems += 1
        if len(self.examples) < SHOWN:
            self.examples.append(sentence)


class Consistency:
    """Checks of one file; each may repair what it finds when called with ``fix`` inside ``write``."""

    def __init__(self, file: DatasetFile) -> None:
        self._file = file

    def findings(self, *, fix: bool = False) -> list[Finding]:
        """What every check found, in a fixed order."""
        checks: tuple[Callable[[bool], Finding], ...] = (
            self._pages, self._references, self._tree, self._homes, self._counts, self._vectors, self._verdicts,
            self._twins, self._changes, self._leases,
        )  # fmt: skip
        return [check(fix) for check in checks]

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
        del fix
        found = Finding("references", "rows that other rows refer to")
        for table, rowid, parent, _ in self._file.rows("PRAGMA foreign_key_check"):
            found.note(f"row {rowid} of {table} refers to a row of {parent} that is not there")
        return found

    def _tree(self, fix: bool) -> Finding:
        found = Finding("tree", "paths of topics and their parents", self._count("topic"))
        found.fix = "paths follow the parents"
        wrong = (
            "SELECT t.id, t.path, p.path FROM topic t LEFT JOIN topic p ON p.id = t.parent_id"
            " WHERE t.removed = 0 AND (t.parent_id IS NULL AND instr(t.path, '/') > 0 OR t.parent_id IS NOT NULL AND"
            " (p.id IS NULL OR p.removed <> 0 OR substr(t.path, 1, length(p.path) + 1) <> p.path || '/'"
            " OR instr(substr(t.path, length(p.path) + 2), '/') > 0))"
        )
        for _, path, parent in self._file.rows(wrong):
            found.note(f"topic {path!r} hangs below {parent!r}")
        if fix and found.problems:
            found.fixed = self._hang_by_path()
        return found

    def _hang_by_path(self) -> int:
        """Give every topic the parent that its path names; makes what is missing."""
        changed = 0
        rows = self._file.rows("SELECT id, path, parent_id FROM topic WHERE removed = 0 ORDER BY length(path)")
        for topic_id, path, parent_id in rows:
            above = path.rpartition("/")[0]
            if above and self._file.topics.find(above) is None:
                self._file.execute("INSERT INTO topic (path, position) VALUES (?, 1)", (above,))
            right = self._file.topics.id_of(above) if above else None
            if right != parent_id:
                self._file.execute("UPDATE topic SET parent_id = ? WHERE id = ?", (right, topic_id))
                changed += 1
        self._file.topics.touch()
        return changed

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
            self._file.execute(f"INSERT INTO cell_count {real}")
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
        found = Finding("twins", "no two live entries have the same text", self._count("entry", LIVE))
        rows = self._file.rows(
            "SELECT e.uid, d.uid FROM entry d JOIN entry e ON e.text_hash = d.text_hash AND e.kind_id = d.kind_id"
            f" AND e.id > d.id WHERE d.{LIVE} AND e.{LIVE} AND NOT EXISTS (SELECT 1 FROM verdict v"
            " WHERE v.entry_id = e.id AND v.code IN ('exact_duplicate', 'near_duplicate'))"
        )
        for uid, other in rows:
            found.note(f"entry {unpack_uid(uid)} has the text of {unpack_uid(other)}, and no verdict says so")
        return found

    def _changes(self, fix: bool) -> Finding:
        found = Finding("history", "changes are of events and entries that are there", self._count("change"))
        found.fix = "changes of nothing forgotten"
        gone = (
            "tbl IN (0, 4) AND row_id NOT IN (SELECT id FROM entry) OR tbl = 1 AND row_id NOT IN (SELECT id FROM topic)"
        )
        for event_id, n in self._file.rows(f"SELECT event_id, count(*) FROM change WHERE {gone} GROUP BY 1"):
            found.note(f"event {event_id} changed {n} rows that are not there")
        if fix and found.problems:
            found.fixed = self._file.execute(f"DELETE FROM change WHERE {gone}").rowcount
        return found

    def _leases(self, fix: bool) -> Finding:
        found = Finding("leases", "promises on removed topics", self._count("lease"), fix="given back")
        rows = self._file.rows("SELECT t.path FROM lease l JOIN topic t ON t.id = l.topic_id WHERE t.removed <> 0")
        for (path,) in rows:
            found.note(f"a lease is on topic {path!r}, which was removed")
        if fix and found.problems:
            sql = "DELETE FROM lease WHERE topic_id IN (SELECT id FROM topic WHERE removed <> 0)"
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
