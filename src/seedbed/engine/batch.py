"""Candidates that are decided together: what is found near them, how near they are to each other, what was accepted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from seedbed.core import identity
from seedbed.core.records import Neighbour

if TYPE_CHECKING:
    from seedbed.engine.closeness import Closeness
    from seedbed.engine.decisions import Decision, Prepared
    from seedbed.engine.operation import OnDuplicate

KEPT = 8
"""Neighbours of a candidate that checks see: enough to count the siblings of a template."""

DEEP = 32
"""Entries looked at where the ``KEPT`` closest are all siblings: a duplicate in other words may stand behind them."""


class Batch:
    """What a batch knows of itself while it is decided.

    Args:
        items: candidates that can be compared.
        found: committed neighbours of each.
        closeness: of the items to each other.

    Attributes:
        taken: id by kind and text hash of what was accepted.
        ids: of what was accepted.
        by_topic: number accepted by topic.
        on_duplicate: the operation's own policy, if it has one.
        leaving: ids of entries that the batch replaces.
    """

    def __init__(
        self,
        items: Sequence[Prepared],
        found: Sequence[tuple[Neighbour, ...]],
        closeness: Closeness | None,
    ) -> None:
        self.taken: dict[tuple[str, bytes], str] = {}
        self.ids: set[str] = set()
        self.by_topic: Counter[str] = Counter()
        self.on_duplicate: OnDuplicate | None = None
        self.leaving: frozenset[str] = frozenset()
        self._index = {id(item): i for i, item in enumerate(items)}
        self._found, self._closeness = found, closeness
        self._accepted: dict[int, Decision] = {}
        self._is_accepted = np.zeros(len(items), bool)

    def accept(self, item: Prepared, decision: Decision) -> None:
        """Later candidates are compared with this one."""
        self.taken[decision.candidate.kind, identity.text_hash(item.text)] = decision.entry_id
        self.ids.add(decision.entry_id)
        self.by_topic[decision.candidate.topic] += 1
        if id(item) in self._index:
            self._accepted[self._index[id(item)]] = decision
            self._is_accepted[self._index[id(item)]] = True

    def found(self, item: Prepared) -> tuple[Neighbour, ...]:
        """Committed neighbours of the item."""
        index = self._index.get(id(item))
        found = () if index is None else self._found[index]
        return tuple(n for n in found if n.entry_id not in self.leaving) if self.leaving else found

    def close(self, item: Prepared) -> list[tuple[Decision, float]]:
        """Accepted candidates of the batch that are closest to the item, best first; more than a check sees."""
        index = self._index.get(id(item))
        if index is None or self._closeness is None:
            return []
        return [(self._accepted[i], s) for i, s in self._closeness.earlier(index, self._is_accepted, DEEP)]
