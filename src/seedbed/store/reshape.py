"""Changes of the tree, row by row, each noted in the journal of one event so that it can be taken back.

A topic keeps its row id wherever it goes, so entries, jobs and seeds follow it; a removed topic keeps its row as well,
because old entries and jobs speak of it. Everything here is called inside ``file.write()``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from seedbed.core.records import State, Topic, Verdict
from seedbed.store.entry_rows import chunks, marks
from seedbed.store.history import rows_of
from seedbed.store.topics import Node, attributes_of, validate_path
from seedbed.store.values import (
    LIVE,
    OUTCOME_CODES,
    STATE_CODES,
    pack_json,
    pack_optional,
    pack_text,
    unpack_json,
)

if TYPE_CHECKING:
    from seedbed.store.file import DatasetFile

_BELOW = (
    "WITH RECURSIVE below(id) AS (SELECT ? UNION ALL SELECT c.id FROM topic c JOIN below b ON c.parent_id = b.id)"
    " SELECT t.id, t.path, t.removed FROM topic t JOIN below ON below.id = t.id ORDER BY t.path"
)
"""A topic and everything that hangs on it, removed topics too; by reference, so names that look alike are apart."""


class Reshape:
    """Changes of the tree under one event.

    Args:
        file: the dataset.
        event_id: the operation; undoing it takes all of this back.
    """

    def __init__(self, file: DatasetFile, event_id: int) -> None:
        self._file = file
        self._event = event_id

    # -- reading -----------------------------------------------------------------------------------------------

    def live_rowids(self, topic_id: int) -> list[int]:
        """Row ids of the live entries of a topic, oldest first."""
        sql = f"SELECT id FROM entry WHERE topic_id = ? AND {LIVE} ORDER BY id"
        return [r[0] for r in self._file.rows(sql, (topic_id,))]

    def held(self, topic_ids: Sequence[int]) -> int:
        """Number of live entries in these topics."""
        sql = f"SELECT sum(n) FROM cell_count WHERE {LIVE} AND topic_id IN ({{}})"
        return sum(int(self._file.value(sql.format(marks(part)), part) or 0) for part in chunks(topic_ids))

    # -- topics ------------------------------------------------------------------------------------------------

    def add(self, topic: Topic) -> int:
        """Row id of the topic, made with its parents where it is new; one that exists is left as it is.

        Raises:
            TopicError: the path is malformed, or the parent holds entries.
        """
        path = validate_path(topic.path)
        found = self._file.topics.node(path)
        if found is not None:
            return found.id
        parent = path.rpartition("/")[0]
        parent_id = self.add(Topic(parent)) if parent else None
        if parent_id is not None:
            self._file.topics.refuse_holder(parent_id, path)
        return self.insert(replace(topic, path=path), parent_id)

    def insert(self, topic: Topic, parent_id: int | None) -> int:
        """Row id of a new topic, last among its siblings; the caller sees to the leaf rule."""
        cursor = self._file.execute(
            "INSERT INTO topic (path, parent_id, position, description, target, weight, meta)"
            " VALUES (?, ?, ?, ?, ?, ?, ?)",
            (topic.path, parent_id, self._next_position(parent_id), *attributes_of(topic)),
        )
        topic_id = int(cursor.lastrowid or 0)
        self._file.journal.inserted(self._event, "topic", topic_id)
        return topic_id

    def describe(self, topic_id: int, topic: Topic) -> bool:
        """Whether description, target, weight or meta changed to those of ``topic``."""
        names = ("description", "target", "weight", "meta")
        return self._change(topic_id, **dict(zip(names, attributes_of(topic), strict=True)))

    def place(self, node: Node, parent_id: int | None, path: str) -> None:
        """Put a topic with everything below it under another parent, as ``path``; last among its new siblings.

        Raises:
            TopicError: the path or one below it is malformed or too deep, or the new parent holds entries.
        """
        if parent_id is not None:
            self._file.topics.refuse_holder(parent_id, path)
        moved = {"parent_id": parent_id, "position": self._next_position(parent_id)}
        rows = []
        for topic_id, old, removed in self._file.rows(_BELOW, (node.id,)):
            new = path + str(old)[len(node.path) :] if str(old).startswith(f"{node.path}/") else str(old)
            new = path if topic_id == node.id else new
            if not removed:
                validate_path(new)
            rows.append((topic_id, {"path": new}))
        if parent_id != node.parent_id:
            self._change(node.id, **moved)
        self._file.journal.change_all(self._event, "topic", rows)

    def remove(self, topic_ids: Sequence[int]) -> None:
        """Take topics out of the tree, children before parents; their jobs are cancelled, their leases end."""
        for topic_id in topic_ids:
            self._change(topic_id, removed=1)
        self.cancel_work(topic_ids)

    def cancel_work(self, topic_ids: Sequence[int]) -> None:
        """Unfinished jobs fail with ``topic_gone``, and nobody holds a lease any more; undoing brings neither back."""
        error = pack_json({"error": "topic_gone", "message": "its topic takes no entries any more"})
        for part in chunks(topic_ids):
            where = f"topic_id IN ({marks(part)})"
            self._file.execute(
                "UPDATE job SET status = 3, owner = NULL, lease_until = NULL, error = ? WHERE status < 2 AND " + where,
                (error, *part),
            )
            self._file.execute(f"DELETE FROM lease WHERE {where}", part)

    def cancel_homeless(self) -> None:
        """End jobs and leases on topics that take no entries any more: removed, or with subtopics."""
        gone = "(t.removed <> 0 OR EXISTS (SELECT 1 FROM topic c WHERE c.parent_id = t.id AND c.removed = 0))"
        rows = self._file.rows(
            f"SELECT t.id FROM topic t WHERE {gone} AND (EXISTS (SELECT 1 FROM lease l WHERE l.topic_id = t.id)"
            " OR t.id IN (SELECT topic_id FROM job WHERE status < 2))"
        )
        self.cancel_work([topic_id for (topic_id,) in rows])

    def _next_position(self, parent_id: int | None) -> int:
        return int(self._file.value("SELECT max(position) FROM topic WHERE parent_id IS ?", (parent_id,)) or 0) + 1

    def _change(self, topic_id: int, **columns: Any) -> bool:
        return self._file.journal.change(self._event, "topic", topic_id, columns)

    # -- entries -----------------------------------------------------------------------------------------------

    def carry(self, source_ids: Sequence[int], target_id: int) -> list[int]:
        """Move everything that topics hold, rejected and removed entries as well, and seeds; row ids of live ones."""
        live: list[int] = []
        for source in source_ids:
            live += self.live_rowids(source)
            for table in ("entry", "seed"):
                rows = self._file.rows(f"SELECT id FROM {table} WHERE topic_id = ? ORDER BY id", (source,))
                home = {"topic_id": target_id}
                self._file.journal.change_all(self._event, table, [(rowid, home) for (rowid,) in rows])
        return live

    def assign(self, homes: Mapping[int, int]) -> None:
        """Give entries a topic; ``homes`` maps row id to topic id."""
        self._file.journal.change_all(self._event, "entry", [(r, {"topic_id": t}) for r, t in homes.items()])

    def withdraw(self, topic_ids: Sequence[int]) -> int:
        """Number of live entries of these topics that are now removed."""
        removed = STATE_CODES[State.REMOVED]
        return sum(
            self._file.journal.set_states(
                self._event, removed, f"e.topic_id IN ({marks(part)}) AND e.{LIVE}", part
            )
            for part in chunks(topic_ids)
        )  # fmt: skip

    def flag(self, rowid: int, state: State, verdict: Verdict) -> None:
        """Put an entry into ``state``, with the verdict that says why after its others.

        What reviewers said is withdrawn: it was about the entry in another place.
        """
        columns: dict[str, Any] = {"state": STATE_CODES[state]}
        if state is State.PENDING:
            meta = unpack_json(self._file.value("SELECT meta FROM entry WHERE id = ?", (rowid,)), {})
            columns["meta"] = pack_json({**meta, "review": {"why": f"{verdict.code}: {verdict.reason}"}})
        self._file.journal.change(self._event, "entry", rowid, columns)
        self._file.reviews.withdraw_all(self._event, [rowid])
        failing = [
            self._file.names.checker(verdict),
            OUTCOME_CODES[verdict.outcome],
            verdict.score,
            pack_text(verdict.code),
            pack_text(verdict.reason),
            pack_optional(verdict.evidence),
        ]
        rows = [*rows_of(self._file, rowid), failing]
        self._file.journal.change(self._event, "verdict", rowid, {"rows": rows})

    def finish(self, detail: Mapping[str, Any]) -> None:
        """Complete the event's detail, and tell every holder of topics and vectors to read them anew."""
        sql = "UPDATE event SET detail = ? WHERE id = ?"
        self._file.execute(sql, (pack_optional(dict(detail)), self._event))
        self.cancel_homeless()
        self._file.topics.touch()
        self._file.journal.touch_vectors()
