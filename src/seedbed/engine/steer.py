"""Which way of asking to use next, and where inside a cell; chosen by measured yield, not by belief.

Strategies: ``naive`` (just the cell), ``coverage`` (coordinates inside the cell: aspect, form, persona, focus) and
``evidence`` (a rejected candidate is retried with its verdict and the neighbour it collided with). The choice is
Thompson sampling over accepted entries per call (Thompson 1933; Chapelle & Li 2011), per model and topic, with what
was learned in other topics as a bounded prior. Coordinates are drawn where the dataset is thin and yield was good.
"""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field

STRATEGIES = ("naive", "coverage", "evidence")

PRIOR = {"naive": (1.0, 1.0), "coverage": (2.0, 1.0), "evidence": (1.0, 1.5)}
"""Beta priors ``(accepted, not accepted)`` before anything was measured: coverage first (docs/benchmarks.md)."""

BORROWED = 12.0
"""Most calls' worth of belief that other topics may lend to a topic."""


@dataclass(slots=True)
class Tally:
    """Calls made, candidates seen and entries accepted."""

    calls: int = 0
    candidates: int = 0
    accepted: int = 0

    def add(self, calls: int, candidates: int, accepted: int) -> None:
        """Add to all three."""
        self.calls += calls
        self.candidates += candidates
        self.accepted += accepted

    @property
    def rate(self) -> float:
        """Accepted entries per call; 0 before the first call."""
        return self.accepted / self.calls if self.calls else 0.0


class Bandit:
    """Chooses among strategies for one recipe and model.

    Args:
        allowed: strategies to choose from, at least one.
        explore: share of choices made uniformly, so that a change in the model's behaviour is noticed.
    """

    def __init__(self, allowed: Sequence[str] = STRATEGIES, *, explore: float = 0.05) -> None:
        self.allowed = tuple(allowed)
        self.explore = explore
        self._topic: dict[tuple[str, str], Tally] = defaultdict(Tally)
        self._all: dict[str, Tally] = defaultdict(Tally)

    def record(self, topic: str, strategy: str, *, calls: int, candidates: int, accepted: int) -> None:
        """Count what a finished job cost and brought."""
        self._topic[topic, strategy].add(calls, candidates, accepted)
        self._all[strategy].add(calls, candidates, accepted)

    def choose(self, topic: str, rng: random.Random) -> str:
        """The strategy for the next job in ``topic``."""
        if len(self.allowed) == 1:
            return self.allowed[0]
        if rng.random() < self.explore:
            return rng.choice(self.allowed)
        return max(self.allowed, key=lambda s: rng.betavariate(*self._belief(topic, s)))

    def _belief(self, topic: str, strategy: str) -> tuple[float, float]:
        good, bad = PRIOR[strategy]
        here, everywhere = self._topic[topic, strategy], self._all[strategy]
        others = max(0, everywhere.calls - here.calls)
        if others:
            lent = min(BORROWED, float(others))
            rate = min(1.0, (everywhere.accepted - here.accepted) / others)
            good += lent * rate
            bad += lent * (1 - rate)
        hits = min(here.accepted, here.calls)
        return good + hits, bad + here.calls - hits


@dataclass(slots=True)
class Point:
    """One value on an axis of coordinates.

    Attributes:
        text: what the writer is told.
        uses: jobs that were given it.
        accepted: entries those jobs brought.
        retired: no longer drawn.
    """

    text: str
    uses: int = 0
    accepted: int = 0
    retired: bool = False


@dataclass(slots=True)
class Axis:
    """All values of one coordinate in one topic.

    Attributes:
        name: ``aspect``, ``form``, ``persona`` or ``focus``.
        points: values in the order they came.
        patience: uses without any accepted entry after which a value is retired.
    """

    name: str
    points: list[Point] = field(default_factory=list)
    patience: int = 4

    def draw(self, rng: random.Random) -> Point | None:
        """A value that was used little and paid well, or ``None`` when all are retired.

        Weight = smoothed accepted per use ÷ (1 + uses)², so unused values go first and barren ones fade.
        """
        live = [p for p in self.points if not p.retired]
        if not live:
            return None
        weights = [((p.accepted + 1) / (p.uses + 1.5)) / (1 + p.uses) ** 2 for p in live]
        return rng.choices(live, weights)[0]

    def settle(self, text: str, *, accepted: int) -> Point | None:
        """Count a finished use; returns the value when this use retires it."""
        for point in self.points:
            if point.text == text:
                point.uses += 1
                point.accepted += accepted
                barren = point.accepted == 0 and point.uses >= self.patience
                spent = point.uses >= 6 * self.patience and point.accepted / point.uses < 0.1
                if not point.retired and (barren or spent) and sum(not p.retired for p in self.points) > 1:
                    point.retired = True
                    return point
        return None
