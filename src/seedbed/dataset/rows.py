"""Rows that people, agents and files hand over, as candidates; what is wrong with one row stays with it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal

from seedbed.core.errors import InputError, SeedbedError, TopicError
from seedbed.core.records import Candidate, Origin, State
from seedbed.kinds.values import json_name

if TYPE_CHECKING:
    from seedbed.core.records import Neighbour
    from seedbed.dataset.handle import Dataset
    from seedbed.engine.decisions import Decision
    from seedbed.engine.intake import Intake
    from seedbed.engine.operation import Operation
    from seedbed.kinds.kind import Kind

Scope = Literal["topic", "subtree", "dataset"]
"""Where neighbours are looked for: in the topic and below, in its parent and below, or everywhere."""


def candidate_of(
    row: Any, *, topic: str | None, kind: Kind, origin: Origin, place: Mapping[str, Any] | None = None
) -> Candidate | SeedbedError:
    """A submitted row as a candidate, or an ``InputError`` when it names no topic, or not by text.

    A row that is an error already, because it could not be read, stays that error. The key ``topic`` is taken off
    unless the kind has a field of that name.
    """
    place = dict(place or {})
    if isinstance(row, SeedbedError):
        return row
    if not isinstance(row, Mapping):
        problem = ("not_an_object", f"expected a JSON object, got {json_name(row)}")
        if not topic:
            return InputError(problem[1], place=place, code=problem[0])
        return Candidate(topic or "", kind.name, row, origin, problem=problem, place=place)
    content = dict(row)
    where = topic
    if "topic" not in kind.fields:
        named = content.pop("topic", None)
        if not where and not isinstance(named, str | None):
            wrong = f"topic is {json_name(named)}, not a path"
            return TopicError(wrong, place=place, fix="write it as text, e.g. 'git/commits'")
        where = where or named
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


def similar_rows(
    dataset: Dataset,
    rows: Sequence[Any],
    *,
    topic: str,
    kind: str | None = None,
    k: int = 5,
    scope: Scope | None = None,
) -> list[list[Neighbour] | InputError]:
    """As ``Dataset.similar``, but what is wrong with a row is that row's result and stops no other.

    Raises:
        UnknownNameError: no such topic or kind.
    """
    schema = dataset.kind(kind)
    dataset.file.topics.get(topic)
    texts = [_comparable(row, schema, {"row": number}) for number, row in enumerate(rows, 1)]
    nearby = dataset.intake().nearby
    good = [text for text in texts if isinstance(text, str)]
    vectors = iter(dataset.embedder().encode(good) if good else ())
    return [
        list(nearby.top(next(vectors), text, topic, k=k, scope=scope)) if isinstance(text, str) else text
        for text in texts
    ]


def similar_dict(number: int, found: list[Neighbour] | InputError) -> dict[str, Any]:
    """JSON of one row's neighbours, or of what is wrong with it."""
    from seedbed.engine.decisions import neighbour_dict

    if isinstance(found, InputError):
        place = {name: value for name, value in found.place.items() if name != "row"}
        out = {"row": number, "code": found.stable_code, "reason": found.message, "place": place, "fix": found.fix}
        return {name: value for name, value in out.items() if value}
    return {"row": number, "similar": [neighbour_dict(n) for n in found]}


def _comparable(row: Any, kind: Kind, place: dict[str, Any]) -> str | InputError:
    """The text of a row that is compared, or what is wrong with the row; without a text everything would seem new."""
    if isinstance(row, InputError):
        return row
    if not isinstance(row, str | Mapping):
        said = f"expected a JSON object or text, got {json_name(row)}"
        return InputError(said, place=place, code="not_an_object")
    text = row if isinstance(row, str) else kind.embed_text(dict(row))
    if text.strip():
        return text
    fields = ", ".join(kind.embed)
    return InputError(
        f"nothing to compare: the row has no {fields}",
        place=place,
        fix=f"give a text, or the fields {fields}",
        code="nothing_to_compare",
    )
