"""Rows that people, agents and files hand over, as candidates; what is wrong with one row stays with it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from seedbed.core.errors import InputError, SeedbedError
from seedbed.core.records import Candidate, Origin, State

if TYPE_CHECKING:
    from seedbed.engine.decisions import Decision
    from seedbed.engine.intake import Intake
    from seedbed.engine.operation import Operation
    from seedbed.kinds.kind import Kind


def candidate_of(
    row: Any, *, topic: str | None, kind: Kind, origin: Origin, place: Mapping[str, Any] | None = None
) -> Candidate | SeedbedError:
    """A submitted row as a candidate, or an ``InputError`` when no topic is named anywhere.

    A row that is an error already, because it could not be read, stays that error. The key ``topic`` is taken off
    unless the kind has a field of that name.
    """
    place = dict(place or {})
    if isinstance(row, SeedbedError):
        return row
    if not isinstance(row, Mapping):
        problem = ("not_an_object", f"expected a JSON object, got {type(row).__name__}")
        if not topic:
            return InputError(problem[1], place=place, code=problem[0])
        return Candidate(topic or "", kind.name, row, origin, problem=problem, place=place)
    content = dict(row)
    where = topic
    if "topic" not in kind.fields:
        named = content.pop("topic", None)
        where = where or (named if isinstance(named, str) else None)
    if not where:
        return InputError(
            "no topic given", place=place, fix="give --topic, or a 'topic' key in the row", code="no_topic"
        )
    return Candidate(where, kind.name, content, origin, place=place)


def decide_rows(
    intake: Intake,
    proposed: Sequence[Candidate | SeedbedError],
    operation: Operation,
    *,
    write: bool,
    lease: str | None = None,
) -> list[Decision]:
    """What the door says of each row, in order; a row that is an error gets that as its result.

    Raises:
        InputError: ``lease`` cannot be the id of a lease. One that ran out, or is fulfilled, does no harm.
    """
    from seedbed.dataset.leases import lease_id

    lease = None if lease is None else lease_id(lease)
    candidates = [c for c in proposed if isinstance(c, Candidate)]
    decided = iter(intake.submit(candidates, operation, write=write, lease=lease))
    return [next(decided) if isinstance(item, Candidate) else _unread(item) for item in proposed]


def _unread(error: SeedbedError) -> Decision:
    """The result of a row that never became a candidate."""
    from seedbed.engine.decisions import Decision

    nothing = Candidate("", "", None, Origin("submit"), place=error.place)
    return Decision(nothing, State.REJECTED, "", {}, (), error=error)


def comparable_texts(rows: Sequence[Mapping[str, Any] | str], kind: Kind) -> list[str]:
    """The text of each row that is compared, in order.

    Raises:
        InputError: a row has none, so that everything would seem new (``nothing_to_compare``).
    """
    texts = [row if isinstance(row, str) else kind.embed_text(dict(row)) for row in rows]
    for number, text in enumerate(texts, 1):
        if not text.strip():
            fields = ", ".join(kind.embed)
            raise InputError(
                f"nothing to compare: the row has no {fields}",
                place={"row": number},
                fix=f"give a text, or the fields {fields}",
                code="nothing_to_compare",
            )
    return texts
