"""Seeds: what work starts from, each text stored once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from seedbed.core.errors import NotFoundError
from seedbed.core.records import Seed
from seedbed.store.topics import SUBTREE, subtree
from seedbed.store.values import pack_optional, pack_text, pack_uid, unpack_json, unpack_text, unpack_uid

if TYPE_CHECKING:
    from seedbed.store.file import DatasetFile

_SELECT = (
    "SELECT s.uid, s.source, s.text, s.headings, s.position, s.meta, t.path"
    " FROM seed s LEFT JOIN topic t ON t.id = s.topic_id "
)

_TURNS = (
    "SELECT s.id, row_number() OVER (PARTITION BY s.source ORDER BY s.position, s.id) AS turn, s.uid"
    " FROM seed s WHERE s.topic_id = ?"
)
"""Seeds of a topic in turns: the first of every source, then the second of every source, and so on."""

_USES = (
    f"WITH turns AS ({_TURNS}), used AS ("
    " SELECT j.seed_id, count(*) AS uses, sum(j.accepted) AS accepted FROM job j JOIN kind k ON k.id = j.kind_id"
    " WHERE j.recipe = ? AND k.name = ? AND j.seed_id IN (SELECT id FROM turns) GROUP BY j.seed_id)"
    " SELECT turns.uid, coalesce(used.uses, 0), coalesce(used.accepted, 0)"
    " FROM turns LEFT JOIN used ON used.seed_id = turns.id "
)


class Seeds:
    """Seeds of one file."""

    def __init__(self, file: DatasetFile) -> None:
        self._file = file

    def add(self, seeds: Sequence[Seed]) -> int:
        """Number of seeds that are new; one that is there keeps its place and takes the topic given now, if any.

        Raises:
            UnknownNameError: a seed's topic is not in the tree.
        """
        with self._file.write():
            topics = self._topic_ids(s.topic for s in seeds)
            before = self.count()
            self._file.executemany(
                "INSERT INTO seed (uid, topic_id, position, source, headings, meta, text) VALUES (?, ?, ?, ?, ?, ?, ?)"
                " ON CONFLICT (uid) DO UPDATE SET topic_id = coalesce(excluded.topic_id, topic_id)",
                [
                    (
                        pack_uid(s.uid), topics[s.topic], s.position, pack_text(s.source),
                        pack_optional(list(s.headings)), pack_optional(s.meta), pack_text(s.text),
                    )
                    for s in seeds
                ],
            )  # fmt: skip
            return self.count() - before

    def assign(self, topics: Mapping[str, str]) -> int:
        """Number of seeds that were given a topic; ``topics`` maps uid to topic path."""
        with self._file.write():
            ids = self._topic_ids(topics.values())
            return self._file.executemany(
                "UPDATE seed SET topic_id = ? WHERE uid = ?", [(ids[t], pack_uid(uid)) for uid, t in topics.items()]
            )

    def _topic_ids(self, paths: Any) -> dict[str | None, int | None]:
        ids: dict[str | None, int | None] = {None: None}
        ids.update((path, self._file.topics.id_of(path)) for path in dict.fromkeys(paths) if path is not None)
        return ids

    def id_of(self, uid: str) -> int:
        """Row id of a seed; raises ``NotFoundError``."""
        found = self._file.value("SELECT id FROM seed WHERE uid = ?", (pack_uid(uid),))
        if found is None:
            raise self._missing(uid)
        return int(found)

    def _missing(self, uid: str) -> NotFoundError:
        return NotFoundError(f"no seed {uid!r} in {self._file.path.name}", place={"seed": uid})

    def get(self, uid: str) -> Seed:
        """One seed; raises ``NotFoundError``."""
        row = self._file.row(_SELECT + "WHERE s.uid = ?", (pack_uid(uid),))
        if row is None:
            raise self._missing(uid)
        return _seed(row)

    def page(
        self, *, root: str | None = None, source: str | None = None, limit: int = 100, offset: int = 0
    ) -> list[Seed]:
        """Seeds in the order they were added.

        Args:
            root: of this topic and below.
            source: of this source.
            limit: most seeds.
            offset: seeds skipped.
        """
        parts = ["1"]
        values: list[Any] = []
        if root is not None:
            parts.append(SUBTREE.format("t.path"))
            values.extend(subtree(root))
        if source is not None:
            parts.append("s.source = ?")
            values.append(pack_text(source))
        sql = f"{_SELECT}WHERE {' AND '.join(parts)} ORDER BY s.id LIMIT ? OFFSET ?"
        return [_seed(r) for r in self._file.rows(sql, (*values, limit, offset))]

    def count(self, root: str | None = None) -> int:
        """Number of seeds, of ``root`` and below where given."""
        if root is None:
            return int(self._file.value("SELECT count(*) FROM seed"))
        sql = f"SELECT count(*) FROM seed WHERE topic_id IN (SELECT id FROM topic WHERE {SUBTREE.format('path')})"
        return int(self._file.value(sql, subtree(root)))

    def uses(self, topic: str, *, recipe: str, kind: str) -> list[tuple[str, int, int]]:
        """``(uid, jobs, accepted entries)`` of every seed of a leaf, under one recipe and kind.

        The sources take turns: first chunk of each, then second chunk of each.
        """
        values = (self._file.topics.id_of(topic), recipe, pack_text(kind))
        rows = self._file.rows(_USES + "ORDER BY turns.turn, turns.id", values)
        return [(unpack_uid(uid), uses, accepted) for uid, uses, accepted in rows]

    def least_used(self, recipe: str, kind: str, topic: str, n: int) -> list[Seed]:
        """Up to ``n`` seeds of a leaf with the fewest jobs, sources taking turns among equals."""
        values = (self._file.topics.id_of(topic), recipe, pack_text(kind), n)
        rows = self._file.rows(_USES + "ORDER BY coalesce(used.uses, 0), turns.turn, turns.id LIMIT ?", values)
        return [self.get(unpack_uid(row[0])) for row in rows]


def _seed(row: Sequence[Any]) -> Seed:
    uid, source, text, headings, position, meta, topic = row
    return Seed(
        uid=unpack_uid(uid),
        source=unpack_text(source),
        text=unpack_text(text),
        headings=tuple(unpack_json(headings, ())),
        position=position,
        meta=unpack_json(meta, {}),
        topic=topic,
    )
