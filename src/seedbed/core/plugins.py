"""Plugins by entry point. Built-ins are declared in this package's own metadata, strangers' in theirs.

Groups: ``seedbed.kinds``, ``seedbed.embedders``, ``seedbed.sources``, ``seedbed.providers``, ``seedbed.recipes``,
``seedbed.checks``, ``seedbed.formats``. Listing names reads metadata and loads no code.
"""

from __future__ import annotations

import functools
import importlib
from importlib import metadata
from typing import Any

from seedbed.core.errors import MissingExtraError, PluginError, SeedbedError, UnknownNameError

GROUPS = ("kinds", "embedders", "sources", "providers", "recipes", "checks", "formats")


@functools.cache
def _own() -> dict[tuple[str, str], str]:
    """This package's entry points, read from one metadata file: scanning every distribution costs start-up time."""
    return {(e.group, e.name): e.value for e in metadata.distribution("seedbed").entry_points}


@functools.cache
def _all(group: str) -> dict[str, str]:
    found = {e.name: e.value for e in metadata.entry_points(group=f"seedbed.{group}")}
    found.update({name: value for (g, name), value in _own().items() if g == f"seedbed.{group}"})
    return found


def names(group: str) -> list[str]:
    """Names of all plugins in ``group``, sorted; loads none of them."""
    return sorted(_all(group))


def load(group: str, name: str, *, what: str | None = None) -> Any:
    """The object behind ``name``.

    Raises:
        UnknownNameError: no such plugin; near matches are named.
        PluginError: its module could not be imported.
    """
    target = _own().get((f"seedbed.{group}", name)) or _all(group).get(name)
    if target is None:
        raise UnknownNameError(what or group.removesuffix("s"), name, names(group))
    return load_target(target)


def load_target(target: str) -> Any:
    """The object named ``module:attribute``.

    Raises:
        PluginError: it could not be imported, with the cause.
    """
    module_name, _, attribute = target.partition(":")
    try:
        found: Any = importlib.import_module(module_name)
        for part in attribute.split(".") if attribute else ():
            found = getattr(found, part)
    except (SeedbedError, MissingExtraError):
        raise
    except Exception as error:  # one of the two allowed places: a stranger's module may fail in any way
        raise PluginError(
            f"could not load {target!r}: {type(error).__name__}: {error}", fix="check the module path and its imports"
        ) from error
    return found
