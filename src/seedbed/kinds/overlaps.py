"""Where siblings of a topic tree do not exclude each other: an entry might belong to either.

Two topics are provably apart when some field has no value that both allow and one of them requires the field. A tree
of n siblings has n² / 2 pairs, so pairs are counted with bit sets and only a few are named.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from seedbed.core.records import Scalar, Topic
from seedbed.kinds.rules import TopicRules, fold_tree

if TYPE_CHECKING:
    from seedbed.kinds.fields import FieldRule
    from seedbed.kinds.kind import Kind

_SIZED = ("string", "list")
_SHOWN = 5
"""Common values of a field that are shown."""

_Value = tuple[bool, Scalar]
"""A scalar that is not confused with another: true is not 1."""


def overlaps(
    kind: Kind, topics: Sequence[Topic], *, within: Collection[str] | None = None, most: int = 3
) -> dict[str, Any]:
    """Sibling pairs that are not provably disjoint, where at least one of the two narrows a field.

    Returns ``{"pairs": number, "siblings": number of topics compared, "top": [{"topics": [a, b], "common": {field:
    values that both allow}}]}``; pairs that both narrow come first, then tree order. Siblings that narrow nothing are
    told apart by their descriptions and count for nothing. 200 siblings take a few milliseconds.

    Args:
        kind: the schema that the rules narrow.
        topics: the tree, or part of it with all ancestors; topics whose rules contradict each other are left out.
        within: only children of these paths (``""`` for the roots).
        most: pairs that are named.
    """
    folded, _ = fold_tree(topics)
    groups: dict[str, list[Topic]] = {}
    for topic in topics:
        parent = topic.path.rpartition("/")[0]
        if topic.path in folded and (within is None or parent in within):
            groups.setdefault(parent, []).append(topic)
    pairs, compared = 0, 0
    top: list[dict[str, Any]] = []
    for siblings in groups.values():
        group = _Group(kind, siblings, folded)
        if not group.fields:
            continue
        compared += len(siblings)
        pairs += group.pairs()
        if len(top) < most:
            top += [group.describe(i, j) for i, j in group.first(most - len(top))]
    return {"pairs": pairs, "siblings": compared, "top": top}


class _Group:
    """Topics under one parent: for each a bit set of the siblings that it is not provably apart from."""

    def __init__(self, kind: Kind, siblings: Sequence[Topic], folded: dict[str, TopicRules]) -> None:
        self._siblings = siblings
        own = [[n for n in t.meta.get("fields") or () if n in kind.fields] for t in siblings]
        self.fields = list(dict.fromkeys(name for names in own for name in names))
        self._narrowing = _bits(i for i, names in enumerate(own) if names)
        self._rules = [kind.rules(folded[t.path]) for t in siblings] if self.fields else []
        everyone = (1 << len(siblings)) - 1
        self._close = [everyone] * len(siblings)
        for name in self.fields:
            self._part(name)

    def _part(self, name: str) -> None:
        """Take the siblings that are apart by this field out of every set."""
        holders: dict[FieldRule, int] = {}
        # A default says nothing of what is allowed, and may be a list, which cannot be a key.
        held = [replace(r[name], default=None) if r[name].default is not None else r[name] for r in self._rules]
        for i, rule in enumerate(held):
            holders[rule] = holders.get(rule, 0) | 1 << i
        close = _close_rules(holders)
        for i, rule in enumerate(held):
            self._close[i] &= close[rule]

    def pairs(self) -> int:
        """Number of pairs that are not apart."""
        return sum(self._later(i).bit_count() for i in range(len(self._siblings)))

    def _later(self, i: int) -> int:
        """Siblings after ``i`` that it is not apart from, where one of both narrows something."""
        counted = self._close[i] >> (i + 1) << (i + 1)
        return counted if self._narrowing >> i & 1 else counted & self._narrowing

    def first(self, most: int) -> list[tuple[int, int]]:
        """Up to ``most`` pairs: where both narrow, then where one does, each in tree order."""
        out: list[tuple[int, int]] = []
        for both in (True, False):
            for i in range(len(self._siblings)):
                mask = self._narrowing if self._narrowing >> i & 1 else 0
                for j in _members(self._later(i) & (mask if both else ~mask)):
                    out.append((i, j))
                    if len(out) == most:
                        return out
        return out

    def describe(self, i: int, j: int) -> dict[str, Any]:
        """The pair as JSON: both paths, and what both allow of each narrowed field."""
        common = {name: _common(self._rules[i][name], self._rules[j][name]) for name in self.fields}
        return {
            "topics": [self._siblings[i].path, self._siblings[j].path],
            "common": {name: said for name, said in common.items() if said},
        }


def _close_rules(holders: dict[FieldRule, int]) -> dict[FieldRule, int]:
    """For each rule the siblings whose rule is not provably apart from it; finite sets go by value, not by pair."""
    finite: dict[FieldRule, list[_Value]] = {}
    for rule in holders:
        allowed = () if rule.forbidden else rule.values()
        if allowed is not None:
            finite[rule] = [(isinstance(v, bool), v) for v in allowed]
    by_value: dict[_Value, int] = {}
    for rule, values in finite.items():
        for value in values:
            by_value[value] = by_value.get(value, 0) | holders[rule]
    optional = _union(held for rule, held in holders.items() if not rule.required)
    open_rules = [rule for rule in holders if rule not in finite]
    out: dict[FieldRule, int] = {}
    for rule in holders:
        close = 0 if rule.required else optional
        if rule in finite:
            close |= _union(by_value[value] for value in finite[rule])
            close |= _union(holders[o] for o in open_rules if _admits(o, finite[rule]))
        else:
            close |= _union(holders[o] for o in open_rules if not _bounds_apart(rule, o))
            close |= _union(holders[f] for f, values in finite.items() if _admits(rule, values))
        out[rule] = close
    return out


def _admits(rule: FieldRule, values: Sequence[_Value]) -> bool:
    return any(not rule.read(value)[1] for _, value in values)


def _bounds_apart(a: FieldRule, b: FieldRule) -> bool:
    """Whether no value satisfies two rules that allow infinitely many each."""
    if a.type and b.type and a.type != b.type:
        return {a.type, b.type} != {"integer", "number"}
    kind = a.type or b.type
    if kind in ("integer", "number"):
        return _beyond(a.minimum, b.maximum) or _beyond(b.minimum, a.maximum)
    return kind in _SIZED and (_beyond(a.min_length, b.max_length) or _beyond(b.min_length, a.max_length))


def _beyond(least: float | None, most: float | None) -> bool:
    return least is not None and most is not None and least > most


def _common(a: FieldRule, b: FieldRule) -> Any:
    """What both rules allow, as an agent can read it; empty when that is nothing in particular."""
    try:
        both = a.narrowed(b)
    except ValueError:
        return "absent"
    if both.forbidden:
        return "absent"
    values = both.values()
    if values is not None:
        return [*values[:_SHOWN], *(["…"] if len(values) > _SHOWN else [])]
    hidden = ("type", "required", "description", "default")
    return {key: value for key, value in both.describe().items() if key not in hidden}


def _bits(members: Iterable[int]) -> int:
    return _union(1 << i for i in members)


def _union(sets: Iterable[int]) -> int:
    out = 0
    for one in sets:
        out |= one
    return out


def _members(bits: int) -> Iterator[int]:
    while bits:
        lowest = bits & -bits
        yield lowest.bit_length() - 1
        bits ^= lowest
