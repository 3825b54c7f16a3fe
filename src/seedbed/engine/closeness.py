"""How close the candidates of one batch are to each other: exact, a block of rows at a time, in bounded memory."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

CELLS = 4 << 20
"""Cosines held at once: 16 MB."""


class Closeness:
    """Cosines of the items of a batch, each with those before it.

    Args:
        vectors: unit vectors ``(n, dim)``, float32.
        topics: topic id of each item, ``(n,)``.
        scopes: topic ids in whose entries each item's duplicates are looked for.
        floor: smallest cosine of interest.
    """

    def __init__(
        self, vectors: np.ndarray, topics: np.ndarray, scopes: Sequence[tuple[int, ...]], *, floor: float
    ) -> None:
        self._vectors, self._topics, self._scopes, self._floor = vectors, topics, scopes, floor
        self._masks: dict[tuple[int, ...], np.ndarray] = {}
        self._rows = max(16, CELLS // max(1, len(vectors)))
        self._start, self._block = 0, np.empty((0, 0), np.float32)

    def earlier(self, index: int, among: np.ndarray, k: int) -> list[tuple[int, float]]:
        """Up to ``k`` items before ``index`` that are in its scope and close, closest first: ``(index, cosine)``.

        Args:
            index: which item; ask in rising order, or blocks are computed again.
            among: whether each item counts, ``(n,)`` bool.
            k: most items.
        """
        if not among[:index].any():
            return []
        row = self._row(index)[:index]
        close = np.flatnonzero(among[:index] & self._mask(index)[:index] & (row >= self._floor))
        if len(close) > k:
            close = close[np.argpartition(-row[close], k - 1)[:k]]
        ordered = close[np.argsort(-row[close], kind="stable")]
        return [(int(i), float(row[i])) for i in ordered]

    def _mask(self, index: int) -> np.ndarray:
        scope = self._scopes[index]
        if scope not in self._masks:
            self._masks[scope] = np.isin(self._topics, scope)
        return self._masks[scope]

    def _row(self, index: int) -> np.ndarray:
        if not self._start <= index < self._start + len(self._block):
            self._start = index
            end = min(len(self._vectors), index + self._rows)
            self._block = self._vectors[index:end] @ self._vectors[:end].T
        row: np.ndarray = self._block[index - self._start]
        return row
