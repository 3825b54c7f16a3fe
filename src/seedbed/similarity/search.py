"""Exact nearest neighbours over float32 rows kept per topic, all pairs of a batch, and the stored form of vectors."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import numpy as np

from seedbed.core.errors import StoreError

_SLACK = np.float32(1e-5)
"""More than float32 products of unit vectors differ between BLAS builds; what lies this close is scored anew."""

_SCORES_AT_ONCE = 16_000_000
_FIRST_ROWS = 16
_STORED = np.dtype("<f2")


def pack(vectors: np.ndarray) -> list[bytes]:
    """Each row of ``vectors`` (n, dim) as the float16 bytes that are stored, 2 bytes a number, little-endian."""
    return [row.tobytes() for row in np.asarray(vectors).astype(_STORED)]


def unpack(blobs: Sequence[bytes], dim: int) -> np.ndarray:
    """The rows behind ``blobs`` as ``(n, dim)`` float32.

    Raises:
        StoreError: a blob does not hold ``dim`` numbers.
    """
    wrong = next((i for i, blob in enumerate(blobs) if len(blob) != dim * _STORED.itemsize), None)
    if wrong is not None:
        raise StoreError(f"stored vector {wrong} has {len(blobs[wrong])} bytes, not {dim * _STORED.itemsize}")
    return np.frombuffer(b"".join(blobs), _STORED).reshape(len(blobs), dim).astype(np.float32)


def pairs_above(matrix: np.ndarray, threshold: float, block: int = 2048) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """All pairs of rows with a cosine of at least ``threshold``: ``(i, j, similarity)`` with ``i < j``, sorted.

    Exact; memory is ``block`` squared. Pairs near the threshold are scored in float64, so that the answer does not
    depend on the BLAS build.

    Args:
        matrix: unit rows ``(n, dim)`` float32.
        threshold: cosine.
        block: rows multiplied at once.
    """
    found: list[tuple[np.ndarray, np.ndarray]] = []
    for top in range(0, len(matrix), block):
        rows = matrix[top : top + block]
        for left in range(top, len(matrix), block):
            i, j = np.nonzero(rows @ matrix[left : left + block].T >= np.float32(threshold) - _SLACK)
            i, j = i + top, j + left
            upper = i < j
            found.append((i[upper], j[upper]))
    if not found:
        none = np.empty(0, np.int64)
        return none, none, np.empty(0, np.float32)
    i, j = (np.concatenate(part) for part in zip(*found, strict=True))
    similarity = np.concatenate(
        [_dots(matrix[i[s : s + block]], matrix[j[s : s + block]]) for s in range(0, len(i), block)] or [np.empty(0)]
    )
    kept = np.flatnonzero(similarity >= threshold)
    kept = kept[np.lexsort((j[kept], i[kept]))]
    return i[kept], j[kept], similarity[kept].astype(np.float32)


def _dots(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Row-wise products in float64, summed in a fixed order."""
    return np.asarray((a.astype(np.float64) * b).sum(axis=-1))


class _Block:
    """Rows of one topic, contiguous, so that a topic's scan touches nothing else."""

    __slots__ = ("count", "rowids", "vectors")

    def __init__(self, dim: int) -> None:
        self.count = 0
        self.rowids = np.empty(0, np.int64)
        self.vectors = np.empty((0, dim), np.float32)

    def append(self, rowids: np.ndarray, vectors: np.ndarray) -> None:
        """Add rows; room is doubled when it runs out."""
        end = self.count + len(rowids)
        if end > len(self.rowids):
            room = max(end, 2 * len(self.rowids), _FIRST_ROWS) if self.count else end
            self._keep(np.arange(self.count), room)
        self.rowids[self.count : end] = rowids
        self.vectors[self.count : end] = vectors
        self.count = end

    def remove(self, rowids: np.ndarray) -> None:
        """Drop the rows named by ``rowids``, where they are here."""
        gone = np.isin(self.rowids[: self.count], rowids)
        if gone.any():
            kept = np.flatnonzero(~gone)
            self._keep(kept, len(kept))

    def _keep(self, positions: np.ndarray, room: int) -> None:
        fresh_ids = np.empty(room, np.int64)
        fresh_vectors = np.empty((room, self.vectors.shape[1]), np.float32)
        fresh_ids[: len(positions)] = self.rowids[positions]
        fresh_vectors[: len(positions)] = self.vectors[positions]
        self.rowids, self.vectors, self.count = fresh_ids, fresh_vectors, len(positions)


class VectorIndex:
    """Unit vectors by row id and topic, searched exactly; each vector is held once, as float32.

    Args:
        dim: vector length.
    """

    def __init__(self, dim: int) -> None:
        self.dim = dim
        self._blocks: dict[int, _Block] = {}

    def __len__(self) -> int:
        return sum(block.count for block in self._blocks.values())

    def add(self, rowids: np.ndarray, topic_ids: np.ndarray, vectors: np.ndarray) -> None:
        """Add rows; a row id that is already there has to be removed first.

        Args:
            rowids: ``(n,)`` int64, unique.
            topic_ids: ``(n,)`` int64.
            vectors: unit rows ``(n, dim)``, any float type.
        """
        rowids, topic_ids = np.asarray(rowids, np.int64), np.asarray(topic_ids, np.int64)
        if not len(rowids):
            return
        order = np.argsort(topic_ids, kind="stable")
        changes = np.flatnonzero(np.diff(topic_ids[order])) + 1
        for rows in np.split(order, changes):
            topic = int(topic_ids[rows[0]])
            block = self._blocks.get(topic)
            if block is None:
                block = self._blocks[topic] = _Block(self.dim)
            block.append(rowids[rows], vectors[rows])

    def remove(self, rowids: np.ndarray) -> None:
        """Forget rows; unknown row ids are ignored."""
        wanted = np.asarray(rowids, np.int64)
        for topic, block in list(self._blocks.items()):
            block.remove(wanted)
            if not block.count:
                del self._blocks[topic]

    def top(
        self, queries: np.ndarray, k: int, *, topics: Collection[int] | np.ndarray | None = None
    ) -> tuple[np.ndarray, np.ndarray]:
        """Row ids ``(m, k)`` int64 and cosines ``(m, k)`` float32 of the nearest rows, best first, ties by row id.

        Exact and deterministic: candidates from float32 products, order from float64 ones. Fewer than ``k`` rows in
        scope are padded with ``-1`` in both.

        Args:
            queries: unit rows ``(m, dim)`` float32.
            k: neighbours wanted.
            topics: topic ids searched, or ``None`` for all rows.
        """
        wanted = self._blocks if topics is None else sorted({int(t) for t in topics})
        blocks = [self._blocks[topic] for topic in wanted if topic in self._blocks]
        ids = np.full((len(queries), k), -1, np.int64)
        similarities = np.full((len(queries), k), -1.0, np.float32)
        starts = np.cumsum([0, *(block.count for block in blocks)])
        if not blocks or k < 1:
            return ids, similarities
        step = max(1, _SCORES_AT_ONCE // int(starts[-1]))
        for first in range(0, len(queries), step):
            some = queries[first : first + step]
            for row, near in enumerate(_candidates(some, blocks, starts, k), start=first):
                found, scores = _ranked(queries[row], blocks, starts, near)
                ids[row, : len(found[:k])] = found[:k]
                similarities[row, : len(found[:k])] = scores[:k]
        return ids, similarities


def _candidates(queries: np.ndarray, blocks: list[_Block], starts: np.ndarray, k: int) -> list[np.ndarray]:
    """For each query the positions that may belong to its ``k`` best, everything as good as the last one included."""
    total = int(starts[-1])
    scores = np.empty((len(queries), total), np.float32)
    for block, start in zip(blocks, starts, strict=False):
        scores[:, start : start + block.count] = queries @ block.vectors[: block.count].T
    if total <= k:
        return [np.arange(total)] * len(queries)
    limits = np.partition(scores, total - k, axis=1)[:, total - k] - _SLACK
    return [np.flatnonzero(row >= limit) for row, limit in zip(scores, limits, strict=True)]


def _ranked(
    query: np.ndarray, blocks: list[_Block], starts: np.ndarray, near: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Row ids and cosines of the rows at positions ``near``, best first, ties by row id."""
    places = np.searchsorted(starts, near, side="right") - 1
    rowids = np.empty(len(near), np.int64)
    vectors = np.empty((len(near), len(query)), np.float32)
    for place in np.unique(places):
        here = places == place
        rows = near[here] - starts[place]
        rowids[here] = blocks[place].rowids[rows]
        vectors[here] = blocks[place].vectors[rows]
    scores = _dots(vectors, query).astype(np.float32)
    order = np.lexsort((rowids, -scores))
    return rowids[order], scores[order]
