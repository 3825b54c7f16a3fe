"""One operation of somebody: what the history says of it, and what the door does with duplicates meanwhile."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from seedbed.engine.decisions import Decision
    from seedbed.store.file import DatasetFile

OnDuplicate = Literal["reject", "warn", "review"]
"""What becomes of a duplicate: it is refused, taken with a warning, or put before a reviewer."""


@dataclass(slots=True)
class Operation:
    """What several batches of one submission have in common; they become one event.

    Attributes:
        action: e.g. ``submit``, ``import``.
        actor: who; ``human:<name>``, ``agent:<name>``.
        session: groups operations of one sitting.
        reason: why.
        subject: what it is about, e.g. a file.
        detail: JSON of the event; counts of accepted and rejected rows are added.
        on_duplicate: goes before the topic's and the project's own.
        event_id: the event, once the first batch made it.
    """

    action: str
    actor: str = "human"
    session: str | None = None
    reason: str | None = None
    subject: str | None = None
    detail: dict[str, Any] = field(default_factory=dict)
    on_duplicate: OnDuplicate | None = None
    event_id: int | None = None


def log_operation(file: DatasetFile, operation: Operation, decisions: Sequence[Decision]) -> int:
    """The operation's event, made by its first batch and added to by later ones; call inside ``file.write()``."""
    accepted = sum(d.accepted and not d.existed for d in decisions)
    counts = {"accepted": accepted, "rejected": sum(not d.accepted for d in decisions)}
    if operation.event_id is not None:
        event_id = file.events.standing(operation.event_id)
        file.events.extend(event_id, counts)
        return event_id
    return file.events.add(
        operation.action,
        actor=operation.actor,
        session=operation.session,
        reason=operation.reason,
        subject=operation.subject,
        detail={**counts, **operation.detail},
    )
