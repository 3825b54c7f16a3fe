"""Stratified splits without near duplicates across their borders."""

from __future__ import annotations

import hashlib
import random
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from seedbed.core.errors import InputError


@dataclass(frozen=True, slots=True)
class Row:
    """What a split needs to know of an entry.

    Attributes:
        id: public id.
        topic, cell: its stratum.
        group: entries with the same group go to the same split.
        leads: whether it is the oldest of its group.
    """

    id: str
    topic: str
    cell: str
    group: int
    leads: bool = True

    @property
    def stratum(self) -> tuple[str, str]:
        """Topic and cell."""
        return self.topic, self.cell


def parse_splits(text: str) -> dict[str, float]:
    """Shares by name, in the order given, e.g. of ``train=0.8,validation=0.1,test=0.1``.

    Raises:
        InputError: a part is malformed, a name is used twice, or the shares do not add up to 1.
    """
    shares: dict[str, float] = {}
    for part in text.split(","):
        name, sign, number = (p.strip() for p in part.partition("="))
        try:
            share = float(number)
        except ValueError:
            share = -1.0
        if not sign or not name.replace("-", "").replace("_", "").isalnum() or not 0 < share <= 1 or name in shares:
            raise _wrong(text, f"{part.strip()!r} is not NAME=SHARE with a new name and a share above 0 and up to 1")
        shares[name] = share
    if abs(sum(shares.values()) - 1) > 1e-6:
        raise _wrong(text, f"the shares add up to {sum(shares.values()):g}, not 1")
    return shares


def _wrong(text: str, problem: str) -> InputError:
    fix = "e.g. train=0.8,validation=0.1,test=0.1"
    return InputError(f"split {text!r}: {problem}", place={"option": "split"}, fix=fix, code="invalid_split")


def near_groups(ids: Sequence[int], pairs: Iterable[tuple[int, int]]) -> dict[int, int]:
    """Group of every id: the smallest id that a chain of near-duplicate pairs reaches (union-find).

    Groups only keep entries together; nothing is dropped, so chains may safely be followed.
    """
    parent = {i: i for i in ids}

    def find(i: int) -> int:
        while parent[i] != i:
            parent[i] = parent[parent[i]]
            i = parent[i]
        return i

    for a, b in pairs:
        low, high = sorted((find(a), find(b)))
        parent[high] = low
    return {i: find(i) for i in ids}


def split_by_hash(rows: Sequence[Row], shares: Mapping[str, float], seed: int) -> dict[str, str]:
    """Split of every id by SHA-256 of seed and id; sizes hold in expectation.

    A group of near duplicates goes where its oldest member goes (``Row.group`` is that member's row id, so it is the
    row whose ``leads`` is true). An entry keeps its split while the dataset grows, unless a new entry joins it to an
    older one.
    """
    points = {row.group: _fraction(seed, row.id) for row in rows if row.leads}
    return {row.id: _name_at(points[row.group], shares) for row in rows}


def _fraction(seed: int, text: str) -> float:
    digest = hashlib.sha256(f"{seed}:{text}".encode()).digest()
    return int.from_bytes(digest[:8], "big") / 2**64


def _name_at(point: float, shares: Mapping[str, float]) -> str:
    edge = 0.0
    name = ""
    for name, share in shares.items():
        edge += share
        if point < edge:
            return name
    return name


def split_by_shuffle(rows: Sequence[Row], shares: Mapping[str, float], seed: int) -> dict[str, str]:
    """Split of every id with exact sizes: in all, and within one entry per topic and cell, as far as groups allow.

    Groups of near duplicates are placed first, whole, where most is missing; single entries then fill every stratum
    by largest remainder, with what is left over going to the splits that are furthest below their share.
    """
    rng = random.Random(seed)
    total = _quotas(len(rows), shares)
    missing = dict(total)
    out: dict[str, str] = {}
    members: dict[int, list[Row]] = defaultdict(list)
    for row in sorted(rows, key=lambda r: r.id):
        members[row.group].append(row)
    singles: dict[tuple[str, str], list[str]] = defaultdict(list)
    taken: dict[tuple[str, str], dict[str, int]] = defaultdict(lambda: dict.fromkeys(shares, 0))
    for group in sorted(members.values(), key=lambda g: (-len(g), g[0].id)):
        if len(group) == 1:
            singles[group[0].stratum].append(group[0].id)
            continue
        name = max(shares, key=lambda n: (missing[n] - len(group) >= 0, missing[n], shares[n]))
        for row in group:
            out[row.id] = name
            missing[name] -= 1
            taken[row.stratum][name] += 1
    strata = sorted(singles)
    rng.shuffle(strata)
    leftovers: list[str] = []
    for stratum in strata:
        ids = singles[stratum]
        rng.shuffle(ids)
        size = len(ids) + sum(taken[stratum].values())
        for name, share in shares.items():
            n = max(0, min(int(share * size) - taken[stratum][name], missing[name], len(ids)))
            for chosen in ids[:n]:
                out[chosen] = name
            missing[name] -= n
            del ids[:n]
        leftovers += ids
    for left in leftovers:
        name = max(shares, key=lambda n: missing[n])
        out[left] = name
        missing[name] -= 1
    return out


def _quotas(total: int, shares: Mapping[str, float]) -> dict[str, int]:
    exact = {name: share * total for name, share in shares.items()}
    counts = {name: int(value) for name, value in exact.items()}
    for name in sorted(shares, key=lambda n: counts[n] - exact[n])[: total - sum(counts.values())]:
        counts[name] += 1
    return counts


def thin_strata(rows: Sequence[Row], shares: Mapping[str, float]) -> list[dict[str, Any]]:
    """Warnings for strata of which the smallest split can expect less than one entry, thinnest first."""
    sizes: dict[tuple[str, str], int] = defaultdict(int)
    for row in rows:
        sizes[row.stratum] += 1
    least = min(shares.values())
    out: list[dict[str, Any]] = []
    for (topic, cell), count in sorted(sizes.items(), key=lambda item: (item[1], item[0])):
        if count * least < 1:
            label = f"{topic} [{cell}]" if cell else topic
            message = f"{label} has {count} entries: too few for a share of {least:g}"
            out.append({"message": message, "topic": topic, "cell": cell, "count": count})
    return out
