"""What tools return, as typed dictionaries: their JSON schemas are what a client validates against.

Keys that may be missing are ``NotRequired``; whatever is empty is left out.
"""

from __future__ import annotations

from typing import Any, NotRequired

from typing_extensions import TypedDict  # pydantic reads the standard one only from Python 3.12 on

Json = dict[str, Any]


class Near(TypedDict):
    """A close existing entry; ``relation``: exact, duplicate, sibling (same template, other slots) or near."""

    id: str
    similarity: float
    relation: str
    topic: NotRequired[str]
    content: NotRequired[Json]
    differing: NotRequired[list[str]]


class SimilarRow(TypedDict):
    """Neighbours of one row, best first; or ``code`` and ``reason`` of what is wrong with it."""

    row: int
    similar: NotRequired[list[Near]]
    code: NotRequired[str]
    reason: NotRequired[str]
    place: NotRequired[Json]
    fix: NotRequired[str]


class Similar(TypedDict):
    """Rows in input order."""

    results: list[SimilarRow]


class Lease(TypedDict):
    """What to write: ``n`` entries for ``topic`` with the values of ``cell``; ``fields`` are the rules there."""

    lease: str
    topic: str
    description: str
    kind: str
    cell: Json
    n: int
    fields: Json
    coordinates: Json
    avoid: list[Json]
    rejected_for: list[Json]
    expires_at: str


class Leases(TypedDict):
    """New leases; where there are none, ``held`` ones that are not fulfilled, and a ``note`` that says why."""

    leases: list[Lease]
    held: NotRequired[list[Json]]
    note: NotRequired[str]


class Submitted(TypedDict):
    """What the door said of a row: its ``state``, and ``code``, ``reason`` and ``neighbours`` where it is rejected."""

    row: int
    id: str | None
    state: str
    topic: NotRequired[str]
    existed: NotRequired[bool]
    code: NotRequired[str]
    reason: NotRequired[str]
    fix: NotRequired[str]
    near: NotRequired[list[str]]
    place: NotRequired[Json]
    why_review: NotRequired[str]
    warnings: NotRequired[list[str]]
    verdicts: NotRequired[list[Json]]
    neighbours: NotRequired[list[Near]]


class Submission(TypedDict):
    """Counts (``existed``: was there before, not counted as accepted), and one result a row in input order."""

    accepted: int
    pending: int
    existed: int
    rejected: int
    checked_only: NotRequired[bool]
    results: list[Submitted]


class GivenBack(TypedDict):
    """Leases that were live: given back or renewed; ``gone``: neither, they had run out or were fulfilled."""

    given_back: list[str]
    renewed: list[str]
    gone: list[str]


class Report(TypedDict):
    """Balance of the dataset; lists are one page, the worst first. With ``by``: ``total``, ``groups``, ``counts``."""

    dataset: NotRequired[str]
    kind: NotRequired[str]
    entries: NotRequired[int]
    states: NotRequired[dict[str, int]]
    target: NotRequired[int]
    missing: NotRequired[int]
    leased: NotRequired[int]
    topics: NotRequired[Json]
    cells: NotRequired[Json]
    rejections: NotRequired[Any]
    total: NotRequired[int]
    groups: NotRequired[int]
    counts: NotRequired[list[Json]]
    next_offset: NotRequired[int]


class Entry(TypedDict):
    """An entry; ``code`` and ``reason`` say why it is rejected."""

    id: str
    topic: str
    kind: str
    state: str
    content: Json
    code: NotRequired[str]
    reason: NotRequired[str]
    cell: NotRequired[str]
    meta: NotRequired[Json]
    raw: NotRequired[Any]
    origin: NotRequired[Json]
    verdicts: NotRequired[list[Json]]
    created_at: NotRequired[float]


class Entries(TypedDict):
    """Entries."""

    entries: list[Entry]


class EntryPage(TypedDict):
    """A page of entries; ``next_offset`` when there are more."""

    total: int
    entries: list[Entry]
    next_offset: NotRequired[int]


class Log(TypedDict):
    """A page of events, newest first; ``next_offset`` when there are more."""

    total: int
    events: list[Json]
    next_offset: NotRequired[int]


class Topics(TypedDict):
    """A page of the tree (``total``, ``topics``), one topic (``topic``), or what a change did (``change``)."""

    total: NotRequired[int]
    topics: NotRequired[list[Json]]
    next_offset: NotRequired[int]
    topic: NotRequired[Json]
    change: NotRequired[Json]


class Queue(TypedDict):
    """A page of the review queue; ``next_after`` when there is more, ``reasons`` are codes to reject for."""

    total: int
    entries: list[Json]
    reasons: list[str]
    next_after: NotRequired[str]


class Decisions(TypedDict):
    """One result a decision, in input order; ``code`` and ``reason`` where nothing was done."""

    reviewer: str
    results: list[Json]


class Undone(TypedDict):
    """What was taken back; ``event`` undoes the undo."""

    event: int | None
    undone: list[Json]
    removed: int
    restored: int
    changed: dict[str, int]
    topics: dict[str, int]
    conflicts: list[Json]
    n_conflicts: int
    dry_run: bool


class Generated(TypedDict):
    """How a run ended: ``status`` is done, shortfall, budget, interrupted or failed."""

    status: str
    run: int
    target: int
    accepted: int
    accepted_now: NotRequired[int]
    rejected: NotRequired[dict[str, int]]
    failed: NotRequired[dict[str, int]]
    calls: NotRequired[int]
    cost_usd: NotRequired[float | None]
    elapsed_s: NotRequired[float]
    missing: NotRequired[int]
    reasons: NotRequired[list[str]]
    cause: NotRequired[Json]
