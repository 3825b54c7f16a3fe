"""The nouns that cross package borders: plain, frozen, slotted dataclasses.

A record's way: ``Seed`` → ``Job`` → ``ChatRequest``/``ChatReply`` → ``Candidate`` → ``Verdict`` → ``Entry``.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass, field
from typing import Any, Literal

Scalar = str | int | float | bool
"""A balance-field value."""

Content = dict[str, Any]
"""The fields of an entry, as its kind declares them: JSON types only."""


class State(enum.StrEnum):
    """State of an entry. ``accepted`` and ``approved`` are finished data, ``pending`` waits for a reviewer.

    ``rejected`` ones never passed, or were taken out by a reviewer; ``removed`` ones were deleted or undone and can be
    restored.
    """

    ACCEPTED = "accepted"
    PENDING = "pending"
    APPROVED = "approved"
    REJECTED = "rejected"
    REMOVED = "removed"

    @property
    def live(self) -> bool:
        """Whether an entry in this state is in the dataset."""
        return self not in (State.REJECTED, State.REMOVED)


class Outcome(enum.StrEnum):
    """What a check says of a candidate."""

    PASS = "pass"
    FAIL = "fail"
    UNSCORED = "unscored"


@dataclass(frozen=True, slots=True)
class Topic:
    """A node of the tree, named by its path.

    Attributes:
        path: names joined by ``/``, e.g. ``algebra/linear/basics``.
        description: what belongs here; goes into prompts.
        target: accepted entries wanted in this topic and below, or ``None``.
        weight: share among its siblings when a target is divided (default 1).
        meta: ``fields`` (narrowed rules per field), ``aspects`` (list of texts) and anything of the user's.
        is_leaf: whether it has no children; only leaves take entries.
    """

    path: str
    description: str = ""
    target: int | None = None
    weight: float = 1.0
    meta: dict[str, Any] = field(default_factory=dict)
    is_leaf: bool = True


@dataclass(frozen=True, slots=True)
class Cell:
    """One leaf topic × one combination of balance-field values: the unit that is balanced and split.

    Attributes:
        topic: path of a leaf topic.
        values: balance-field values, sorted by field name.
    """

    topic: str
    values: tuple[tuple[str, Scalar], ...] = ()

    @property
    def fields(self) -> dict[str, Scalar]:
        """Balance-field values by name."""
        return dict(self.values)

    @property
    def label(self) -> str:
        """``field=value`` pairs joined by commas, empty when nothing is balanced; the key stored in the file."""
        return ",".join(f"{k}={_scalar_text(v)}" for k, v in self.values)


def _scalar_text(value: Scalar) -> str:
    return ("true" if value else "false") if isinstance(value, bool) else str(value)


@dataclass(frozen=True, slots=True)
class Seed:
    """Where work starts from: a document chunk, a row, a tool definition.

    Attributes:
        uid: hash of source, position and text (``core.identity.seed_uid``).
        source: file path or URI as given, with ``/`` separators.
        text: what the recipe reads, markup noise removed.
        headings: heading path inside the document, outermost first.
        position: 0-based order inside the source.
        meta: JSON extras, e.g. a row's other columns, ``table``, ``page``.
        topic: leaf topic path this seed belongs to, or ``None`` until assigned.
    """

    uid: str
    source: str
    text: str
    headings: tuple[str, ...] = ()
    position: int = 0
    meta: dict[str, Any] = field(default_factory=dict)
    topic: str | None = None


@dataclass(frozen=True, slots=True)
class Feedback:
    """Why an earlier attempt at a job did not pass; what evidence steering shows the writer.

    Attributes:
        candidate: the rejected content.
        reason: the failing verdict's sentence.
        check: name of the failing check.
        neighbour: content of the entry it was too close to, or ``None``.
    """

    candidate: Content
    reason: str
    check: str
    neighbour: Content | None = None


@dataclass(frozen=True, slots=True)
class Job:
    """One unit of planned work.

    Attributes:
        id: row id in the file.
        run_id: the run that planned it.
        recipe: recipe name.
        cell: what is short.
        topic: the cell's topic with description and meta.
        seed: what to work from, or ``None`` for recipes that start at the tree.
        n: candidates wanted.
        strategy: ``naive``, ``coverage`` or ``evidence``.
        coordinates: where inside the cell, e.g. ``{"aspect": …, "form": …, "persona": …}``.
        attempt: 0-based try.
        feedback: earlier rejections of this job, oldest first.
        reviewed: codes that reviewers rejected several entries of the topic for, most frequent first.
        sample: distinguishes otherwise equal jobs, part of the call identity.
        fresh: planned just now, so that none of its calls can have been made before.
    """

    id: int
    run_id: int
    recipe: str
    cell: Cell
    topic: Topic
    seed: Seed | None = None
    n: int = 1
    strategy: str = "naive"
    coordinates: dict[str, str] = field(default_factory=dict)
    attempt: int = 0
    feedback: tuple[Feedback, ...] = ()
    reviewed: tuple[str, ...] = ()
    sample: int = 0
    fresh: bool = False


@dataclass(frozen=True, slots=True)
class Message:
    """One chat turn."""

    role: Literal["system", "user", "assistant", "tool"]
    content: str


@dataclass(frozen=True, slots=True)
class ChatRequest:
    """What is asked of a model; nothing provider-shaped.

    Attributes:
        model: model name as the endpoint knows it.
        messages: the turns, system first.
        schema: JSON schema the reply must fit, or ``None`` for free text.
        max_tokens: most tokens to generate.
        temperature, top_p, seed, stop: sampling; ``None`` leaves the endpoint's default.
        tools: OpenAI-shaped tool definitions offered to the model.
        timeout_s: deadline for the reply, queueing on our side excluded.
    """

    model: str
    messages: tuple[Message, ...]
    schema: dict[str, Any] | None = None
    max_tokens: int | None = None
    temperature: float | None = None
    top_p: float | None = None
    seed: int | None = None
    stop: tuple[str, ...] = ()
    tools: tuple[dict[str, Any], ...] = ()
    timeout_s: float | None = None


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens and money of one or many calls.

    Attributes:
        prompt_tokens: all prompt tokens, cached ones included.
        completion_tokens: all generated tokens, reasoning ones included.
        cached_tokens: part of the prompt read from the provider's cache.
        reasoning_tokens: part of the completion spent on hidden reasoning.
        cost_usd: money, or ``None`` where the price is unknown.
        calls: number of calls summed here.
    """

    prompt_tokens: int = 0
    completion_tokens: int = 0
    cached_tokens: int = 0
    reasoning_tokens: int = 0
    cost_usd: float | None = None
    calls: int = 0

    @property
    def total_tokens(self) -> int:
        """Prompt plus completion."""
        return self.prompt_tokens + self.completion_tokens


@dataclass(frozen=True, slots=True)
class Quota:
    """What an endpoint's headers say is left in the current window; ``None`` where it is silent."""

    requests: int | None = None
    tokens: int | None = None
    reset_s: float | None = None


@dataclass(frozen=True, slots=True)
class ChatReply:
    """What a model answered.

    Attributes:
        text: the answer (JSON text when a schema was asked for).
        finish: ``stop``, ``length``, ``tool_calls`` or ``filter``.
        model: the model that answered, as it names itself.
        usage: tokens of this call (money filled in by the engine).
        latency_s: seconds from sending to the last byte.
        rung: structured-output rung used (see ``providers.structure``), ``""`` for free text.
        tool_calls: ``[{"id", "name", "arguments": {...}}]``.
        reasoning: the model's visible reasoning, where the endpoint separates it.
        quota: limits read from headers.
    """

    text: str
    finish: str = "stop"
    model: str = ""
    usage: Usage = field(default_factory=Usage)
    latency_s: float = 0.0
    rung: str = ""
    tool_calls: tuple[dict[str, Any], ...] = ()
    reasoning: str = ""
    quota: Quota | None = None


@dataclass(frozen=True, slots=True)
class Origin:
    """How a candidate was made; stored once per distinct value and referred to by entries.

    Attributes:
        via: ``generate``, ``submit``, ``import``.
        recipe, recipe_version, prompt, prompt_version: what made it; ``prompt_version`` is a hash of the template text.
        model: ``provider:model`` of the writer.
        strategy: how it was steered.
        actor: ``engine``, ``human:<name>``, ``agent:<name>``.
    """

    via: str
    recipe: str = ""
    recipe_version: str = ""
    prompt: str = ""
    prompt_version: str = ""
    model: str = ""
    strategy: str = ""
    actor: str = "engine"


@dataclass(frozen=True, slots=True)
class Candidate:
    """What a recipe, an agent or a file proposes.

    Attributes:
        topic: path of the leaf it should live in.
        kind: name of its schema.
        raw: the submission exactly as it came: a JSON object, or a model's text where that was not one.
        origin: how it was made.
        seed: what it was made from, or ``None``.
        meta: JSON extras kept beside the content (``chunk_id``, ``source``, ``coordinates`` …).
        problem: ``(code, sentence)`` when ``raw`` could not even be read as an object of the kind; the door
            rejects it with that reason.
        place: where it came from (file, row), for messages.
    """

    topic: str
    kind: str
    raw: Any
    origin: Origin
    seed: Seed | None = None
    meta: dict[str, Any] = field(default_factory=dict)
    problem: tuple[str, str] | None = None
    place: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Neighbour:
    """A close existing entry.

    Attributes:
        entry_id: public id.
        similarity: cosine, higher is closer.
        topic: its topic path.
        content: its full content.
        relation: ``exact``, ``duplicate``, ``sibling`` (same template, other slots) or ``near``.
        differing: slots that differ, e.g. ``["number: 3 ≠ 5"]``, for siblings.
    """

    entry_id: str
    similarity: float
    topic: str
    content: Content
    relation: str = "near"
    differing: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Verdict:
    """What one check says of one candidate.

    Attributes:
        check, version: which rule.
        outcome: pass, fail or unscored (the check could not be applied).
        score, threshold: the measured number and the limit it was held against, where there is one.
        reason: one sentence; empty on a plain pass.
        code: stable short name of the reason, e.g. ``near_duplicate``; groups rejections in reports.
        evidence: JSON: ``entry_id`` of a neighbour, spans, rubric scores …
    """

    check: str
    version: str
    outcome: Outcome
    score: float | None = None
    threshold: float | None = None
    reason: str = ""
    code: str = ""
    evidence: dict[str, Any] = field(default_factory=dict)

    @property
    def passed(self) -> bool:
        """True unless the outcome is ``fail``."""
        return self.outcome is not Outcome.FAIL


@dataclass(frozen=True, slots=True)
class Entry:
    """A row of the dataset file.

    Attributes:
        id: public id, 20 hex characters, a hash of kind and content.
        topic, kind, content, state, cell: where it lives and what it is (``cell`` is ``Cell.label``).
        raw: the submission as it came when it differs from ``content``, else ``None``.
        meta, origin, seed_uid, run_id, job_id: provenance.
        created_at: Unix seconds.
        verdicts: in the order the checks ran; empty unless asked for.
    """

    id: str
    topic: str
    kind: str
    content: Content
    state: State
    cell: str = ""
    raw: Any = None
    meta: dict[str, Any] = field(default_factory=dict)
    origin: Origin | None = None
    seed_uid: str | None = None
    run_id: int | None = None
    job_id: int | None = None
    created_at: float = 0.0
    verdicts: tuple[Verdict, ...] = ()
