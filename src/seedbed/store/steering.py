"""What steering has learned: yields of strategies, and coordinates inside topics."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from seedbed.store.topics import SUBTREE, subtree
from seedbed.store.values import pack_text, unpack_text

if TYPE_CHECKING:
    from seedbed.store.file import DatasetFile


@dataclass(frozen=True, slots=True)
class YieldRow:
    """What a strategy cost and brought in one topic, by recipe and model."""

    recipe: str
    model: str
    topic: str
    strategy: str
    calls: int
    candidates: int
    accepted: int


@dataclass(frozen=True, slots=True)
class Coordinate:
    """One value on an axis inside a topic.

    Attributes:
        id: row id.
        topic, axis, text: e.g. ``rome/republic``, ``aspect``, ``the census``.
        source: who proposed it: ``user``, ``documents``, ``planner``; empty for built-in ones.
        uses, accepted: jobs that were given it, and the entries they brought.
        retired: no longer drawn.
    """

    id: int
    topic: str
    axis: str
    text: str
    source: str
    uses: int
    accepted: int
    retired: bool


class Steering:
    """Yields and coordinates of one file."""

    def __init__(self, file: DatasetFile) -> None:
        self._file = file

    def add_yield(
        self, recipe: str, model: str, topic: str, strategy: str, *, calls: int, candidates: int, accepted: int
    ) -> None:
        """Add a finished job's calls, candidates and accepted entries to the strategy's."""
        with self._file.write():
            self._file.execute(
                "INSERT INTO strategy_yield VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET"
                " calls = calls + excluded.calls, candidates = candidates + excluded.candidates,"
                " accepted = accepted + excluded.accepted",
                (recipe, model, self._file.topics.id_of(topic), strategy, calls, candidates, accepted),
            )

    def yields(self, recipe: str | None = None, root: str | None = None) -> list[YieldRow]:
        """Yields by recipe, model, topic and strategy, in that order."""
        parts = ["1"]
        values: list[Any] = []
        if recipe is not None:
            parts.append("y.recipe = ?")
            values.append(recipe)
        if root is not None:
            parts.append(SUBTREE.format("t.path"))
            values.extend(subtree(root))
        rows = self._file.rows(
            "SELECT y.recipe, y.model, t.path, y.strategy, y.calls, y.candidates, y.accepted FROM strategy_yield y"
            f" JOIN topic t ON t.id = y.topic_id WHERE {' AND '.join(parts)} ORDER BY 1, 2, 3, 4",
            values,
        )
        return [YieldRow(*row) for row in rows]

    def coordinates(self, topic: str, axis: str | None = None) -> list[Coordinate]:
        """Coordinates of a topic, retired ones included, in the order they came; of one axis where given."""
        rows = self._file.rows(
            "SELECT id, axis, text, source, uses, accepted, retired FROM coordinate"
            " WHERE topic_id = ? AND (? IS NULL OR axis = ?) ORDER BY id",
            (self._file.topics.id_of(topic), axis, axis),
        )
        return [Coordinate(i, topic, a, unpack_text(t), s, uses, acc, bool(r)) for i, a, t, s, uses, acc, r in rows]

    def add_coordinates(self, topic: str, axis: str, texts: Sequence[str], source: str) -> int:
        """Number of coordinates that are new; those that are there stay as they are."""
        with self._file.write():
            topic_id = self._file.topics.id_of(topic)
            sql = "INSERT OR IGNORE INTO coordinate (topic_id, axis, text, source) VALUES (?, ?, ?, ?)"
            return max(0, self._file.executemany(sql, [(topic_id, axis, pack_text(t), source) for t in texts]))

    def count_use(self, topic: str, axis: str, text: str, accepted: int, *, uses: int = 1) -> None:
        """Count a finished use and what it brought; a coordinate the file does not have yet is added."""
        with self._file.write():
            self._file.execute(
                "INSERT INTO coordinate (topic_id, axis, text, source, uses, accepted) VALUES (?, ?, ?, '', ?, ?)"
                " ON CONFLICT DO UPDATE SET uses = uses + excluded.uses, accepted = accepted + excluded.accepted",
                (self._file.topics.id_of(topic), axis, pack_text(text), uses, accepted),
            )

    def retire(self, topic: str, axis: str, text: str) -> bool:
        """Whether the coordinate was there and is no longer drawn."""
        with self._file.write():
            sql = "UPDATE coordinate SET retired = 1 WHERE topic_id = ? AND axis = ? AND text = ? AND retired = 0"
            values = (self._file.topics.id_of(topic), axis, pack_text(text))
            return self._file.execute(sql, values).rowcount > 0
