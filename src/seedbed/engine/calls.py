"""One call of a model, with everything around it: journal, budget, turn, retries, usage."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Protocol

from seedbed.core.errors import ProviderError, RateLimitError
from seedbed.core.identity import CallIdentity
from seedbed.core.records import ChatReply, ChatRequest, Message, Usage
from seedbed.engine.budget import Budget
from seedbed.engine.limits import Limiter
from seedbed.providers.tokens import estimate_prompt_tokens
from seedbed.store.calls import CallRow

if TYPE_CHECKING:
    from seedbed.core.protocols import Provider

DEFAULT_REPLY_TOKENS = 1_024
"""Assumed size of a reply when a recipe sets no limit, for reservations only."""


class Journal(Protocol):
    """Where calls are kept."""

    def get(self, key: bytes) -> CallRow | None:
        """The answered call of this identity, or ``None``."""
        ...

    def put(self, rows: list[CallRow]) -> Awaitable[Any]:
        """Keep calls, whether or not the result is awaited; it ends when they are durable. Order is kept."""
        ...


class Watch(Protocol):
    """Who is told of every call."""

    def call(self, usage: Usage | None, *, cached: bool = False, retry: bool = False) -> None:
        """Count a call."""
        ...


@dataclass(frozen=True, slots=True)
class Seat:
    """A model in a role.

    Attributes:
        provider, model: who is asked; ``name`` is ``provider:model``.
        endpoint: provider and base URL, without a key; part of a call's identity.
        limiter: shared by all seats at the same endpoint and model.
        price: usage → USD, or ``None`` where unknown.
        timeout_s: deadline of a reply, or ``None`` for the provider's own.
    """

    provider: Provider
    model: str
    name: str
    endpoint: str
    limiter: Limiter
    price: Callable[[Usage], float | None]
    timeout_s: float | None = None


@dataclass(frozen=True, slots=True)
class Retry:
    """How often a failing call is tried again.

    Attributes:
        attempts: tries in all, refusals for rate (429) not counted.
        refusals: 429s of one call that are waited out.
        patience_s: longest wait a server may ask for; more is an error.
        base_s, longest_s: exponential back-off with full jitter.
    """

    attempts: int = 4
    refusals: int = 40
    patience_s: float = 600.0
    base_s: float = 0.5
    longest_s: float = 20.0

    def gives_up(self, error: ProviderError, failures: int, refusals: int) -> bool:
        """Whether trying again is pointless after so many failures and refusals, the last one being ``error``."""
        too_long = error.retry_after_s is not None and error.retry_after_s > self.patience_s
        return not error.retryable or too_long or failures >= self.attempts or refusals >= self.refusals

    def pause_s(self, failures: int, rng: random.Random) -> float:
        """Seconds before the next try after ``failures`` failures."""
        return rng.uniform(0, min(self.longest_s, self.base_s * 2.0 ** (failures - 1)))


@dataclass(frozen=True, slots=True)
class Asker:
    """On whose behalf calls are made; part of their identity and provenance.

    ``fresh`` says that none of them can be in the journal yet, which saves looking.
    """

    recipe: str = ""
    recipe_version: str = ""
    seed_uid: str = ""
    run_id: int | None = None
    job_id: int | None = None
    sample: int = 0
    seed: int | None = None
    fresh: bool = False


class Calls:
    """Makes calls for all jobs of a run.

    Args:
        seats: role → model.
        journal: cache and provenance.
        budget: limits of the run.
        watch: counts calls.
        cache: ``read``, ``refresh`` (ask again, keep the first answer) or ``off``.
        retry: policy for failures.
        rng: jitter.
    """

    def __init__(
        self,
        seats: Mapping[str, Seat],
        journal: Journal,
        *,
        budget: Budget,
        watch: Watch,
        cache: str = "read",
        retry: Retry | None = None,
        rng: random.Random | None = None,
    ) -> None:
        self.seats, self.budget = dict(seats), budget
        self._journal, self._watch, self._cache = journal, watch, cache
        self._retry = retry or Retry()
        self._rng = rng or random.Random()

    @property
    def self_judged(self) -> bool:
        """Whether the judge is the very model that writes: its scores flatter its own work."""
        judge = self.seats.get("judge")
        return judge is not None and judge.name == self.seats["writer"].name

    def ask(self, asker: Asker) -> Line:
        """The ``generate`` of one job."""
        return Line(self, asker)

    def cached(self, key: bytes) -> ChatReply | None:
        """The reply kept for a call, free of charge, or ``None``."""
        row = self._journal.get(key) if self._cache == "read" else None
        if row is None:
            return None
        self._watch.call(None, cached=True)
        usage = Usage(
            row.prompt_tokens, row.completion_tokens, row.cached_tokens, row.reasoning_tokens, row.cost_usd, 1
        )
        return ChatReply(row.text, row.finish, row.model, usage, row.latency_s, row.rung, row.tool_calls, row.reasoning)

    async def call(self, seat: Seat, request: ChatRequest, key: bytes, asker: Asker, role: str) -> Answer:
        """The model's reply and its journal entry under way.

        Raises:
            ProviderError: what remained after retries; says how often it was tried.
            BudgetExceededError, ConfigError: before anything was sent.
        """
        estimate = estimate_prompt_tokens(request)
        most = Usage(prompt_tokens=estimate, completion_tokens=request.max_tokens or DEFAULT_REPLY_TOKENS)
        reservation = self.budget.reserve(most.total_tokens, seat.price(most), model=seat.name)
        try:
            reply = await self._persist(seat, request, most.total_tokens, (key, asker, role))
        except BaseException:
            self.budget.release(reservation)
            raise
        cost = reply.usage.cost_usd if reply.usage.cost_usd is not None else seat.price(reply.usage)
        usage = replace(reply.usage, cost_usd=cost, calls=1)
        self.budget.settle(reservation, tokens=usage.total_tokens, cost_usd=cost)
        self._watch.call(usage)
        reply = replace(reply, usage=usage)
        kept = self._journal.put([_row(reply, seat, key, asker, role)]) if self._cache != "off" else None
        return Answer(reply, kept)

    async def _persist(
        self, seat: Seat, request: ChatRequest, tokens: int, about: tuple[bytes, Asker, str]
    ) -> ChatReply:
        """Try until a reply, a hopeless error, or the end of patience."""
        failures = refusals = 0
        while True:
            turn = await seat.limiter.acquire(tokens)
            began = time.perf_counter()
            try:
                reply = await seat.provider.chat(request)
            except ProviderError as error:
                seat.limiter.fail(turn, error)
                if isinstance(error, RateLimitError):
                    refusals += 1
                else:
                    failures += 1
                self._note_failure(seat, error, about, latency_s=time.perf_counter() - began)
                if self._retry.gives_up(error, failures, refusals):
                    error.place.setdefault("model", seat.name)
                    error.place["tries"] = failures + refusals
                    raise
                # The limiter knows when to come back after a refusal; other failures wait here.
                pause = 0.0 if isinstance(error, RateLimitError) else self._retry.pause_s(failures, self._rng)
            except BaseException:
                seat.limiter.drop(turn)
                raise
            else:
                seat.limiter.succeed(turn, used=reply.usage.total_tokens, quota=reply.quota)
                return reply if reply.latency_s else replace(reply, latency_s=time.perf_counter() - began)
            if pause:
                await asyncio.sleep(pause)

    def _note_failure(
        self, seat: Seat, error: ProviderError, about: tuple[bytes, Asker, str], *, latency_s: float
    ) -> None:
        """Journal a failed try; nobody waits for it."""
        key, asker, role = about
        self._watch.call(Usage(cost_usd=0.0), retry=True)
        if self._cache != "off":
            row = CallRow(
                key, role, seat.endpoint, seat.model, finish="", latency_s=round(latency_s, 4),
                error=error.stable_code, run_id=asker.run_id, job_id=asker.job_id,
            )  # fmt: skip
            self._journal.put([row])


@dataclass(frozen=True, slots=True)
class Answer:
    """A reply, and the awaitable that ends when it is durable."""

    reply: ChatReply
    kept: Awaitable[Any] | None


class Line:
    """The ``generate`` of one job: asks, and sees to it that a finished call is durable before the next is sent."""

    def __init__(self, calls: Calls, asker: Asker) -> None:
        self._calls, self._asker = calls, asker
        self._kept: Awaitable[Any] | None = None
        self.used = 0

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
        """The answer of the model in ``role``; see ``core.protocols.Generate``."""
        seat = self._calls.seats.get(role) or self._calls.seats["writer"]
        asker = self._asker
        number = asker.sample * 64 + sample
        request = ChatRequest(
            model=seat.model,
            messages=tuple(messages),
            schema=schema,
            max_tokens=max_tokens,
            temperature=temperature,
            seed=None if asker.seed is None else (asker.seed + number) % 2**31,
            timeout_s=seat.timeout_s,
        )
        identity = CallIdentity(
            seat.endpoint, request, asker.recipe, asker.recipe_version, asker.seed_uid, sample=number
        )
        key = identity.key()
        if role == "writer":
            self.used += 1
        cached = None if asker.fresh else self._calls.cached(key)
        if cached is not None:
            return cached
        if self._kept is not None:
            await self._kept
        answer = await self._calls.call(seat, request, key, asker, role)
        self._kept = answer.kept
        return answer.reply


def _row(reply: ChatReply, seat: Seat, key: bytes, asker: Asker, role: str) -> CallRow:
    usage = reply.usage
    return CallRow(
        key=key,
        role=role,
        endpoint=seat.endpoint,
        model=seat.model,
        text=reply.text,
        finish=reply.finish,
        rung=reply.rung,
        prompt_tokens=usage.prompt_tokens,
        completion_tokens=usage.completion_tokens,
        cached_tokens=usage.cached_tokens,
        reasoning_tokens=usage.reasoning_tokens,
        cost_usd=usage.cost_usd,
        latency_s=round(reply.latency_s, 4),
        run_id=asker.run_id,
        job_id=asker.job_id,
        tool_calls=reply.tool_calls,
        reasoning=reply.reasoning,
    )
