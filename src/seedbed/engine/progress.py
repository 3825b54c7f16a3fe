"""What a run has done so far, in numbers; observers read snapshots of it."""

from __future__ import annotations

import time
from collections import Counter, deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from seedbed.core.records import Usage

if TYPE_CHECKING:
    from seedbed.core.protocols import RunObserver
    from seedbed.engine.decisions import Decision

WINDOW_S = 30.0
"""Seconds over which the current rate is measured."""


@dataclass(slots=True)
class Progress:
    """Counters of one run.

    Attributes:
        target, start: accepted entries wanted and there at the beginning.
        accepted: accepted in this run.
        rejected: reason code → number.
        failed: error code → number of jobs.
        calls, cached: model calls made and replies taken from the journal.
        usage: tokens and money of the calls made.
    """

    target: int = 0
    start: int = 0
    accepted: int = 0
    rejected: Counter[str] = field(default_factory=Counter)
    failed: Counter[str] = field(default_factory=Counter)
    calls: int = 0
    cached: int = 0
    retries: int = 0
    usage: Usage = field(default_factory=Usage)
    observers: Sequence[RunObserver] = ()
    clock: Callable[[], float] = time.monotonic
    _began: float = 0.0
    _recent: deque[float] = field(default_factory=deque)

    def __post_init__(self) -> None:
        """Start the clock."""
        self._began = self.clock()

    def emit(self, name: str, data: Mapping[str, Any]) -> None:
        """Tell every observer."""
        for observer in self.observers:
            observer.event(name, data)

    def decided(self, decision: Decision) -> None:
        """Count a written decision and tell observers."""
        if decision.accepted:
            self.accepted += 1
            now = self.clock()
            self._recent.append(now)
            while self._recent and now - self._recent[0] > WINDOW_S:
                self._recent.popleft()
        else:
            self.rejected[decision.code] += 1
        if self.observers:
            self.emit("candidate", decision.to_dict() | {"content": decision.content})

    def call(self, usage: Usage | None, *, cached: bool = False, retry: bool = False) -> None:
        """Count a model call."""
        if cached:
            self.cached += 1
            return
        self.calls += 1
        self.retries += retry
        if usage is not None:
            self.usage = add_usage(self.usage, usage)

    @property
    def elapsed_s(self) -> float:
        """Seconds since the run began."""
        return self.clock() - self._began

    @property
    def rate(self) -> float:
        """Accepted entries a second over the last half minute."""
        span = min(WINDOW_S, self.elapsed_s)
        return len(self._recent) / span if span > 0 else 0.0

    @property
    def eta_s(self) -> float | None:
        """Seconds left at the current rate, or ``None`` while nothing was accepted."""
        missing = self.target - self.start - self.accepted
        return missing / self.rate if self.rate > 0 and missing > 0 else (0.0 if missing <= 0 else None)

    def snapshot(self) -> dict[str, Any]:
        """JSON form; ``cost_usd`` is ``None`` when a price is unknown."""
        eta = self.eta_s
        return {
            "target": self.target,
            "accepted": self.start + self.accepted,
            "accepted_now": self.accepted,
            "rejected": dict(self.rejected.most_common()),
            "failed": dict(self.failed.most_common()),
            "calls": self.calls,
            "cached_calls": self.cached,
            "prompt_tokens": self.usage.prompt_tokens,
            "completion_tokens": self.usage.completion_tokens,
            "cost_usd": self.usage.cost_usd if self.calls else 0.0,
            "elapsed_s": round(self.elapsed_s, 2),
            "per_minute": round(self.rate * 60, 1),
            "eta_s": None if eta is None else round(eta, 1),
        }


def add_usage(a: Usage, b: Usage) -> Usage:
    """Sum of two usages; the money is unknown as soon as one part is."""
    if a.calls == 0:
        cost = b.cost_usd
    else:
        cost = a.cost_usd + b.cost_usd if a.cost_usd is not None and b.cost_usd is not None else None
    return Usage(
        prompt_tokens=a.prompt_tokens + b.prompt_tokens,
        completion_tokens=a.completion_tokens + b.completion_tokens,
        cached_tokens=a.cached_tokens + b.cached_tokens,
        reasoning_tokens=a.reasoning_tokens + b.reasoning_tokens,
        cost_usd=cost,
        calls=a.calls + max(1, b.calls),
    )
