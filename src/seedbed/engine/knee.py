"""Where more open calls stop bringing more replies: servers that queue instead of refusing."""

from __future__ import annotations

import math

_SMOOTH = 0.02
_FAR = 2
"""Least doublings between levels that are compared: latencies of generated text scatter too much for fewer."""
_WORTH = 0.2
"""Least share of the promised gain in throughput that makes more open calls worth while."""


class Knee:
    """Compares latency at levels of concurrency, by Little's law: throughput = open calls ÷ latency.

    Calls are grouped by how many were open when they were sent (1, 2, 3–4, 5–8 …). Where four times the open calls
    bring less than a fifth of the promised gain, they wait in a queue; the knee is throughput × unqueued latency, the
    bandwidth-delay product (Kleinrock 1979; Cardwell et al. 2016, BBR).

    Args:
        evidence: calls needed at the lower and at the higher level.
    """

    def __init__(self, evidence: tuple[int, int]) -> None:
        self._low, self._high = evidence
        self._levels: dict[int, tuple[int, float, float]] = {}  # level → calls, mean latency, mean open calls

    def add(self, open_calls: int, latency_s: float) -> float | None:
        """The concurrency beyond which calls only queue, once this call proves it; else ``None``."""
        level = (open_calls - 1).bit_length()
        n, latency, opened = self._levels.get(level, (0, 0.0, 0.0))
        n += 1
        weight = max(1 / n, _SMOOTH)
        latency += weight * (latency_s - latency)
        opened += weight * (open_calls - opened)
        self._levels[level] = (n, latency, opened)
        low = next((k for k in range(level - _FAR, -1, -1) if self._levels.get(k, (0,))[0] >= self._low), None)
        if n < self._high or low is None:
            return None
        _, low_latency, low_opened = self._levels[low]
        throughput = opened / latency
        gained = throughput * low_latency / low_opened - 1
        if gained >= _WORTH * (opened / low_opened - 1):
            return None
        return max(1.0, throughput * low_latency)

    def forget(self, above: float) -> None:
        """Drop what is known of levels above a concurrency, so that they are measured afresh."""
        top = math.ceil(math.log2(max(1.0, above)))
        self._levels = {level: known for level, known in self._levels.items() if level <= top}
