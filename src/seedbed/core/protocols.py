"""The contracts between packages. Built-ins and strangers' plugins satisfy the same ones."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar, Protocol

if TYPE_CHECKING:
    from pathlib import Path

    import numpy as np
    from pydantic import BaseModel

    from seedbed.core.records import (
        Candidate,
        ChatReply,
        ChatRequest,
        Content,
        Job,
        Message,
        Neighbour,
        Seed,
        Topic,
        Verdict,
    )


class Provider(Protocol):
    """One endpoint that answers chats; calls a model.

    ``chat`` raises a ``ProviderError`` and never retries by itself: retries and limits are the engine's.
    """

    name: str

    async def chat(self, request: ChatRequest) -> ChatReply:
        """The model's answer."""
        ...

    async def embed(self, texts: Sequence[str], *, model: str) -> tuple[np.ndarray, int]:
        """Vectors ``(n, dim)`` float32, not normalised, in input order, and the tokens used."""
        ...

    async def aclose(self) -> None:
        """Release connections or the model."""
        ...


class Embedder(Protocol):
    """Texts to unit vectors.

    Attributes:
        id: names weights and version, e.g. ``static-minilm-128@1``; kept in the dataset file.
        dim: vector length.
        duplicate_threshold: cosine at and above which two texts are near duplicates (calibrated per embedder).
    """

    id: str
    dim: int
    duplicate_threshold: float

    def encode(self, texts: Sequence[str]) -> np.ndarray:
        """Unit vectors ``(n, dim)`` float32 in input order; a text with no known token gives the zero vector."""
        ...


class Generate(Protocol):
    """What a recipe or judge gets to ask a model; the engine adds cache, limits, retries, budget and journal."""

    async def __call__(
        self,
        messages: Sequence[Message],
        *,
        schema: dict[str, Any] | None = None,
        role: str = "writer",
        max_tokens: int | None = None,
        temperature: float | None = None,
        sample: int = 0,
    ) -> ChatReply:
        """The answer of the model that plays ``role``; raises ``ProviderError`` or ``BudgetExceededError``."""
        ...


class Prompts(Protocol):
    """Prompt templates by name; a project's ``prompts/`` folder goes before the package's."""

    def render(self, name: str, **values: Any) -> str:
        """The rendered template, stripped."""
        ...

    def version(self, name: str) -> str:
        """12 hex characters of the hash of the template's text."""
        ...


class Source(Protocol):
    """A reader of seeds. ``Options`` is a pydantic model that yields flags, YAML keys and docs."""

    name: ClassVar[str]
    Options: ClassVar[type[BaseModel]]

    def read(self, location: str, options: Any) -> Iterator[Seed]:
        """Seeds in a stable order; raises ``InputError`` naming file, row and field."""
        ...


class Recipe(Protocol):
    """How candidates of one kind are made from a job. Pure: no I/O, no clock, no state."""

    name: ClassVar[str]
    version: ClassVar[str]
    kind: ClassVar[str]
    needs_seeds: ClassVar[bool]
    prompt: ClassVar[str]
    Options: ClassVar[type[BaseModel]]

    async def run(self, job: Job, generate: Generate, prompts: Prompts, options: Any) -> list[Candidate]:
        """At most ``job.n`` candidates; unreadable output comes back as candidates with ``problem`` set."""
        ...


@dataclass(frozen=True, slots=True)
class CheckContext:
    """What a check may look at besides the candidate.

    Attributes:
        content: the candidate's content as validated by the schema check.
        text: the text that is embedded.
        topic: the topic it goes to.
        neighbours: closest entries in scope, best first, entries accepted earlier in the same batch included.
        exact: public id of an entry with the same normalised text, or ``None``.
        duplicate_threshold: the embedder's.
        similarities: optional embedder cosines by name, e.g. ``{"answer_seed": 0.7}``.
    """

    content: Content
    text: str
    topic: Topic
    neighbours: tuple[Neighbour, ...] = ()
    exact: str | None = None
    duplicate_threshold: float = 0.9
    similarities: Mapping[str, float] = field(default_factory=dict)


class Check(Protocol):
    """A rule at the door: pure and cheap.

    ``order`` sorts checks cheap before dear: schema 0, rules 10, exact 20, near 30, verifiers 40, judge 50.
    """

    name: ClassVar[str]
    version: ClassVar[str]
    order: ClassVar[int]
    Options: ClassVar[type[BaseModel]]

    def check(self, candidate: Candidate, context: CheckContext) -> Verdict:
        """One verdict; never raises for bad content."""
        ...


class JudgeCheck(Protocol):
    """A check that asks a model."""

    name: ClassVar[str]
    version: ClassVar[str]
    order: ClassVar[int]
    Options: ClassVar[type[BaseModel]]

    async def judge(self, candidate: Candidate, context: CheckContext, generate: Generate, prompts: Prompts) -> Verdict:
        """One verdict; ``unscored`` when the model's answer cannot be read."""
        ...


class Format(Protocol):
    """One export format.

    Attributes:
        name: as typed after ``--format``.
        suffix: file ending, e.g. ``.jsonl``.
        kinds: kinds it can encode, empty for all.
    """

    name: ClassVar[str]
    suffix: ClassVar[str]
    kinds: ClassVar[tuple[str, ...]]

    def encode(self, content: Content, *, kind: str, system_prompt: str | None) -> dict[str, Any]:
        """One row; raises ``InputError`` naming the missing field."""
        ...

    def write(self, rows: Iterable[dict[str, Any]], path: Path) -> int:
        """Write rows to ``path`` (not atomic: the caller replaces); returns their number."""
        ...


class RunObserver(Protocol):
    """Something that watches a run: progress display, JSON events, a tracker."""

    def event(self, name: str, data: Mapping[str, Any]) -> None:
        """Called on the event loop; must return quickly and never raise."""
        ...
