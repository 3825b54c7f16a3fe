"""Events: every change, who made it and why."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypedDict, Unpack

from seedbed.core.errors import NotFoundError
from seedbed.store.topics import SUBTREE, subtree
from seedbed.store.values import pack_optional, pack_text, unpack_json, unpack_text

if TYPE_CHECKING:
    from seedbed.store.file import DatasetFile


COUNTED = ("accepted", "rejected", "topics")
"""Numbers in an event's detail that batches of an operation add to."""


@dataclass(frozen=True, slots=True)
class EventRow:
    """One event.

    Attributes:
        id: row id; entries name the event that brought them.
        at: Unix seconds.
        action: e.g. ``submit``, ``topics.load``.
        actor: ``engine``, ``human:<name>``, ``agent:<name>``.
        session: groups events of one sitting.
        reason: why.
        subject: what it was about, e.g. a topic path.
        detail: JSON.
        undone_by: the event that took it back, if one did.
    """

    id: int
    at: float
    action: str
    actor: str
    session: str | None
    reason: str | None
    subject: str | None
    detail: dict[str, Any]
    undone_by: int | None = None


class EventFilter(TypedDict, total=False):
    """Which events; what is missing or ``None`` does not restrict.

    Attributes:
        topic: about this topic or one below, removed ones included, or about entries that are there.
        action, actor, session: exactly these.
        after, before: Unix seconds; at or after the one, before the other.
    """

    topic: str | None
    action: str | None
    actor: str | None
    session: str | None
    after: float | None
    before: float | None


_OF_TOPICS = (
    f"WITH here AS (SELECT id FROM topic WHERE {SUBTREE.format('path')})"
    " SELECT c.event_id FROM change c WHERE c.tbl = 1 AND c.row_id IN here"
    " UNION SELECT n.event_id FROM entry n WHERE n.topic_id IN here"
    " UNION SELECT c.event_id FROM entry n JOIN change c ON c.row_id = n.id AND c.tbl = 0 WHERE n.topic_id IN here"
    " UNION SELECT d.event_id FROM entry n JOIN decision d ON d.entry_id = n.id WHERE n.topic_id IN here"
)
"""Events that changed these topics, brought or changed entries that are there now, or decided about them."""

_SELECT = "SELECT e.id, e.at, e.action, e.actor, e.session, e.reason, e.subject, e.detail, e.undone_by FROM event e"


class Events:
    """Events of one file."""

    def __init__(self, file: DatasetFile) -> None:
        self._file = file

    def add(
        self,
        action: str,
        *,
        actor: str,
        session: str | None = None,
        reason: str | None = None,
        subject: str | None = None,
        detail: Mapping[str, Any] | None = None,
    ) -> int:
        """Row id of the new event."""
        texts = [None if t is None else pack_text(t) for t in (session, reason, subject)]
        with self._file.write():
            cursor = self._file.execute(
                "INSERT INTO event (at, action, actor, session, reason, subject, detail) VALUES (?, ?, ?, ?, ?, ?, ?)",
                (self._file.clock(), pack_text(action), pack_text(actor), *texts, pack_optional(dict(detail or {}))),
            )
            return int(cursor.lastrowid or 0)

    def page(self, *, limit: int = 20, offset: int = 0, **wanted: Unpack[EventFilter]) -> list[EventRow]:
        """Matching events, newest first, ``offset`` of them skipped; filters as in ``EventFilter``."""
        where, values = _conditions(wanted)
        rows = self._file.rows(
            f"{_SELECT} {where} ORDER BY e.id DESC LIMIT ? OFFSET ?",
            (*values, limit, offset),
        )
        return [_event(row) for row in rows]

    def get(self, event_id: int) -> EventRow:
        """One event; raises ``NotFoundError``."""
        row = self._file.row(f"{_SELECT} WHERE e.id = ?", (event_id,))
        if row is None:
            raise NotFoundError(f"no event {event_id}", place={"event": event_id}, fix="seedbed log shows events")
        return _event(row)

    def describe(self, event_id: int, detail: Mapping[str, Any]) -> None:
        """Give an event its detail, known only when it was done."""
        with self._file.write():
            self._file.execute("UPDATE event SET detail = ? WHERE id = ?", (pack_optional(dict(detail)), event_id))

    def extend(self, event_id: int, counts: Mapping[str, int]) -> None:
        """Add numbers to those of an event's detail: a later batch of the same operation."""
        with self._file.write():
            detail = dict(self.get(event_id).detail)
            for name, n in counts.items():
                detail[name] = detail.get(name, 0) + n
            self._file.execute("UPDATE event SET detail = ? WHERE id = ?", (pack_optional(detail), event_id))

    def standing(self, event_id: int) -> int:
        """The event, or where somebody has undone it meanwhile a new one like it: what comes now is not undone.

        For operations of several transactions; call inside ``write``.
        """
        row = self.get(event_id)
        if row.undone_by is None:
            return event_id
        detail = {name: value for name, value in row.detail.items() if name not in COUNTED} | {"continues": event_id}
        return self.add(
            row.action, actor=row.actor, session=row.session, reason=row.reason, subject=row.subject, detail=detail
        )

    def count(self, **wanted: Unpack[EventFilter]) -> int:
        """Number of matching events."""
        where, values = _conditions(wanted)
        return int(self._file.value(f"SELECT count(*) FROM event e {where}", values))


def _conditions(wanted: EventFilter) -> tuple[str, list[Any]]:
    parts: list[str] = []
    values: list[Any] = []
    for name in ("action", "actor", "session"):
        value = wanted.get(name)
        if value is not None:
            parts.append(f"e.{name} = ?")
            values.append(pack_text(str(value)))
    for name, sign in (("after", ">="), ("before", "<")):
        value = wanted.get(name)
        if value is not None:
            parts.append(f"e.at {sign} ?")
            values.append(value)
    topic = wanted.get("topic")
    if topic is not None:
        parts.append(f"({SUBTREE.format('e.subject')} OR e.id IN ({_OF_TOPICS}))")
        values += (*subtree(topic), *subtree(topic))
    return ("WHERE " + " AND ".join(parts) if parts else ""), values


def _event(row: tuple[Any, ...]) -> EventRow:
    event_id, at, action, actor, session, reason, subject, detail, undone_by = row
    session, reason, subject = (None if t is None else unpack_text(t) for t in (session, reason, subject))
    return EventRow(
        event_id,
        at,
        unpack_text(action),
        unpack_text(actor),
        session,
        reason,
        subject,
        unpack_json(detail, {}),
        undone_by,
    )
