"""Seedbed grows balanced, checked, reproducible datasets for language models in one SQLite file."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from seedbed.core.version import __version__

if TYPE_CHECKING:
    from seedbed.core.errors import SeedbedError
    from seedbed.core.records import Entry, Neighbour, State, Topic, Verdict
    from seedbed.dataset import Dataset, create, open

_HOMES = {
    "Dataset": "seedbed.dataset",
    "Entry": "seedbed.core.records",
    "Neighbour": "seedbed.core.records",
    "SeedbedError": "seedbed.core.errors",
    "State": "seedbed.core.records",
    "Topic": "seedbed.core.records",
    "Verdict": "seedbed.core.records",
    "create": "seedbed.dataset",
    "open": "seedbed.dataset",
}

__all__ = [
    "Dataset",
    "Entry",
    "Neighbour",
    "SeedbedError",
    "State",
    "Topic",
    "Verdict",
    "__version__",
    "create",
    "open",
]


def __getattr__(name: str) -> Any:
    """Load public names on first use (PEP 562), so that ``import seedbed`` costs nothing."""
    if name not in _HOMES:
        raise AttributeError(f"module 'seedbed' has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(_HOMES[name]), name)
