"""Bounds on work and on waiting that hold on a slow and busy machine, and still are bounds."""

from __future__ import annotations

import time
from collections.abc import Callable

PATIENCE_S = 300
"""Seconds after which what ends in a few at most is taken to hang."""


def takes_less(seconds: float, work: Callable[[], object], *, tries: int = 3) -> bool:
    """Whether ``work`` can be done in so many CPU seconds: one try of a few is enough.

    The bound is for work whose cost explodes, so it lies far above what the work takes; the further tries are for what
    a machine may do to any single one (a first import, a collection of everything that other tests left).
    """
    return any(_cpu_s(work) < seconds for _ in range(tries))


def _cpu_s(work: Callable[[], object]) -> float:
    start = time.process_time()
    work()
    return time.process_time() - start
