"""How many threads a local model gets, so that a busy small machine does not crawl."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from seedbed.core.errors import ConfigError

MOST = 8
"""More threads than this bring nothing for models of the size that runs in process."""


def choose_threads(environ: Mapping[str, str], *, cores: int | None = None, load: float | None = None) -> int:
    """Threads for the arithmetic, at least one.

    ``SEEDBED_THREADS``, then ``OMP_NUM_THREADS``; else physical cores less those that are busy, at most 8. One on
    machines with one or two cores: measured there, two threads that wait for each other on a busy box were a hundred
    times slower.

    Args:
        environ: environment variables.
        cores: physical cores this process may use; default: looked up.
        load: mean number of busy cores over the last minute; default: looked up.

    Raises:
        ConfigError: a variable holds no whole number above zero.
    """
    for variable in ("SEEDBED_THREADS", "OMP_NUM_THREADS"):
        asked = whole_number(environ, variable)
        if asked is not None:
            return asked
    cores = usable_cores() if cores is None else cores
    load = _load() if load is None else load
    return 1 if cores <= 2 else max(1, min(MOST, cores - round(load)))


def whole_number(environ: Mapping[str, str], variable: str) -> int | None:
    """The number in ``variable``, or ``None`` when it is not set.

    Raises:
        ConfigError: it is not a whole number above zero.
    """
    text = environ.get(variable, "").partition(",")[0].strip()  # OMP_NUM_THREADS may list one number per level
    if not text:
        return None
    if not text.isdecimal() or int(text) < 1:
        raise ConfigError(f"{variable} is not a whole number above zero: {text!r}", place={"variable": variable})
    return int(text)


def usable_cores() -> int:
    """Physical cores this process may use: affinity and a container's CPU quota taken into account."""
    affinity = getattr(os, "sched_getaffinity", None)
    logical = set(affinity(0)) if affinity is not None else set(range(os.cpu_count() or 1))
    cores = len({_siblings(cpu) for cpu in logical}) or 1
    quota = _quota()
    return cores if quota is None else max(1, min(cores, int(quota)))


def _siblings(cpu: int) -> str:
    """Names the physical core of a logical one; each is its own where the system does not tell."""
    try:
        return Path(f"/sys/devices/system/cpu/cpu{cpu}/topology/thread_siblings_list").read_text(encoding="ascii")
    except OSError:
        return str(cpu)


def _quota() -> float | None:
    """Cores' worth of CPU time a control group allows, or ``None``."""
    try:
        limit, period = Path("/sys/fs/cgroup/cpu.max").read_text(encoding="ascii").split()
    except (OSError, ValueError):
        return None
    return int(limit) / int(period) if limit.isdecimal() and int(period) else None


def _load() -> float:
    try:
        return os.getloadavg()[0]
    except (AttributeError, OSError):  # Windows has none
        return 0.0
