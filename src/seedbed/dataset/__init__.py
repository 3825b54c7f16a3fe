"""The library's own face: open a dataset, grow it, read it, export it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from seedbed.dataset.handle import Dataset
    from seedbed.dataset.opening import create, open

__all__ = ["Dataset", "create", "open"]

_HOMES = {"Dataset": "handle", "create": "opening", "open": "opening"}


def __getattr__(name: str) -> Any:
    """Load names on first use (PEP 562): finding a project needs no store."""
    if name not in _HOMES:
        raise AttributeError(f"module 'seedbed.dataset' has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f"seedbed.dataset.{_HOMES[name]}"), name)
