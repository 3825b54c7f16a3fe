"""How far reviewers agree: raw agreement, Cohen's kappa, Krippendorff's alpha. Plain numbers in, no array library.

Where a coefficient is not defined (nobody looked at the same entry, or only one answer was ever given) it is ``None``
with a reason: a number would say more than the data does.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any, Literal

Ratings = Mapping[Any, Mapping[str, Hashable]]
"""Unit → reviewer → the value that this reviewer gave it; who gave none is left out."""

NO_OVERLAP = "no entry was looked at by two reviewers"
ONE_VALUE = "only one answer was ever given"


@dataclass(frozen=True, slots=True)
class Coefficient:
    """One measure of agreement.

    Attributes:
        value: the number, or ``None`` where it is not defined.
        n: units that at least two reviewers rated; only they count.
        reason: why there is no number.
    """

    value: float | None
    n: int
    reason: str = ""

    def to_dict(self) -> dict[str, Any]:
        """JSON form, rounded to four places."""
        out: dict[str, Any] = {"value": None if self.value is None else round(self.value, 4), "entries": self.n}
        return out | ({"reason": self.reason} if self.reason else {})


def raw_agreement(ratings: Ratings) -> Coefficient:
    """Share of pairs of reviewers of the same unit that gave the same value; every unit weighs the same."""
    shares: list[float] = []
    for values in _paired(ratings):
        n = len(values)
        same = sum(c * (c - 1) for c in Counter(values).values())
        shares.append(same / (n * (n - 1)))
    return Coefficient(sum(shares) / len(shares), len(shares)) if shares else Coefficient(None, 0, NO_OVERLAP)


def cohen_kappa(first: Mapping[Any, Hashable], second: Mapping[Any, Hashable]) -> Coefficient:
    """Agreement of two reviewers beyond chance, over the units that both rated: 1 perfect, 0 chance (Cohen 1960).

    Args:
        first: unit → value of the one.
        second: unit → value of the other.
    """
    pairs = [(first[unit], second[unit]) for unit in first if unit in second]
    n = len(pairs)
    if n == 0:
        return Coefficient(None, 0, NO_OVERLAP)
    ones, others = Counter(a for a, _ in pairs), Counter(b for _, b in pairs)
    agreed = sum(a == b for a, b in pairs)
    chance = sum(count * others[value] for value, count in ones.items())  # n² times the expected share
    if chance == n * n:
        return Coefficient(None, n, ONE_VALUE)
    return Coefficient((agreed * n - chance) / (n * n - chance), n)


def krippendorff_alpha(
    ratings: Ratings, *, level: Literal["nominal", "ordinal"] = "nominal", order: Sequence[Hashable] | None = None
) -> Coefficient:
    """Agreement of any number of reviewers beyond chance, values missing or not: 1 perfect, 0 chance.

    Method: Krippendorff, "Computing Krippendorff's Alpha-Reliability" (2011), by way of the coincidence matrix.

    Args:
        ratings: values by unit and reviewer.
        level: ``ordinal`` counts a disagreement by how many ratings lie between the two values.
        order: values from lowest to highest, for ``ordinal``; default is sorted.

    Raises:
        ValueError: a value is not in ``order``.
    """
    units = Counter(tuple(sorted(Counter(values).items(), key=repr)) for values in _paired(ratings))
    total = sum(units.values())
    if not units:
        return Coefficient(None, 0, NO_OVERLAP)
    found = {value for unit in units for value, _ in unit}
    ranked: list[Any] = list(found if order is None else order)
    if order is None and level == "ordinal":
        ranked.sort()
    unknown = found - set(ranked)
    if unknown:
        raise ValueError(f"{next(iter(unknown))!r} is not in the order of values")
    if len(found) == 1:
        return Coefficient(None, total, ONE_VALUE)
    observed = _coincidences(units)
    sums = {value: sum(n for (a, _), n in observed.items() if a == value) for value in ranked}
    distance = _distances(ranked, sums, level)
    n = sum(sums.values())
    seen = sum(count * distance[pair] for pair, count in observed.items())
    expected = sum(sums[a] * sums[b] * distance[a, b] for a in ranked for b in ranked) / (n - 1)
    return Coefficient(1 - seen / expected, total)


def _paired(ratings: Ratings) -> Iterable[list[Hashable]]:
    """Values of every unit that two reviewers or more rated."""
    return (list(given.values()) for given in ratings.values() if len(given) > 1)


def _coincidences(units: Mapping[tuple[tuple[Hashable, int], ...], int]) -> Counter[tuple[Hashable, Hashable]]:
    """How often two values met in one unit, each pair weighed by 1 / (ratings of the unit − 1)."""
    out: Counter[tuple[Hashable, Hashable]] = Counter()
    for unit, times in units.items():
        weight = times / (sum(count for _, count in unit) - 1)
        for a, n in unit:
            for b, m in unit:
                out[a, b] += weight * n * (m - (a == b))  # type: ignore[assignment]
    return out


def _distances(
    ranked: Sequence[Hashable], sums: Mapping[Hashable, float], level: str
) -> dict[tuple[Hashable, Hashable], float]:
    """Squared distance of any two values."""
    out: dict[tuple[Hashable, Hashable], float] = {(value, value): 0.0 for value in ranked}
    for (i, low), (j, high) in combinations(enumerate(ranked), 2):
        between = sum(sums[value] for value in ranked[i : j + 1]) - (sums[low] + sums[high]) / 2
        out[low, high] = out[high, low] = between**2 if level == "ordinal" else 1.0
    return out


def pairwise_kappa(ratings: Ratings) -> dict[tuple[str, str], Coefficient]:
    """Cohen's kappa of every two reviewers who rated a unit in common, by their names in order."""
    by_reviewer: dict[str, dict[Hashable, Hashable]] = {}
    for unit, given in ratings.items():
        for reviewer, value in given.items():
            by_reviewer.setdefault(reviewer, {})[unit] = value
    pairs = combinations(sorted(by_reviewer), 2)
    found = {(a, b): cohen_kappa(by_reviewer[a], by_reviewer[b]) for a, b in pairs}
    return {pair: kappa for pair, kappa in found.items() if kappa.n}


def summary(ratings: Ratings) -> dict[str, Any]:
    """JSON of all measures: ``alpha``, ``raw``, ``kappa`` by pair, and ratings by reviewer and value."""
    reviewers: dict[str, Counter[Hashable]] = {}
    for given in ratings.values():
        for reviewer, value in given.items():
            reviewers.setdefault(reviewer, Counter())[value] += 1
    return {
        "entries": len(ratings),
        "overlapping": sum(len(given) > 1 for given in ratings.values()),
        "disagreed": sum(len(set(given.values())) > 1 for given in ratings.values()),
        "raw": raw_agreement(ratings).to_dict(),
        "alpha": krippendorff_alpha(ratings).to_dict(),
        "kappa": [{"reviewers": list(pair), **kappa.to_dict()} for pair, kappa in pairwise_kappa(ratings).items()],
        "reviewers": {name: {str(v): n for v, n in counts.items()} for name, counts in sorted(reviewers.items())},
    }
