"""Kinds by name: built in, of a plugin, a user's pydantic model, or declared in ``seedbed.yaml``."""

from __future__ import annotations

import contextlib
import importlib
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from seedbed.core import plugins
from seedbed.core.config import KindConfig, ProjectConfig
from seedbed.core.errors import ConfigError, PluginError, UnknownNameError
from seedbed.kinds.fields import FieldRule
from seedbed.kinds.kind import Kind
from seedbed.kinds.models import kind_of


def kind_names(config: ProjectConfig | None = None) -> list[str]:
    """Names of all kinds, sorted: plugins and the project's own; loads none of them."""
    return sorted({*plugins.names("kinds"), *(config.kinds if config else ())})


def load_kind(name: str, config: ProjectConfig | None = None, *, folder: Path | None = None) -> Kind:
    """The kind called ``name``.

    A ``kinds`` entry of the project that has a plugin's name adjusts it: ``balance``, ``embed`` and ``description`` go
    before the plugin's own, fields are added, and fields it has already are narrowed.

    Args:
        name: a plugin's or the project's.
        config: the project's.
        folder: the project's folder, where ``module:Class`` is looked for first.

    Raises:
        UnknownNameError: no such kind; near names are given.
        ConfigError: the declaration is wrong.
        PluginError: the model's module could not be imported.
    """
    declared = config.kinds.get(name) if config else None
    known = plugins.names("kinds")
    if declared is None:
        if name not in known:
            raise UnknownNameError("kind", name, kind_names(config))
        return _from_object(name, plugins.load("kinds", name))
    place = {"kind": name}
    if declared.model is not None:
        if declared.fields:
            raise ConfigError(f"kind {name!r} has both model and fields", place=place, fix="keep one of them")
        return _adjusted(_from_object(name, _import(declared.model, folder, place)), declared)
    if name in known:
        return _adjusted(_from_object(name, plugins.load("kinds", name)), declared)
    return Kind(
        name,
        {field: _declared_rule(name, field, declared) for field in declared.fields},
        description=declared.description,
        balance=tuple(declared.balance),
        embed=tuple(declared.embed),
    )


def _from_object(name: str, found: Any) -> Kind:
    """A plugin or import is a kind already, or a pydantic model."""
    from pydantic import BaseModel

    if isinstance(found, Kind):
        return found
    if isinstance(found, type) and issubclass(found, BaseModel):
        return kind_of(name, found)
    raise ConfigError(f"kind {name!r} is a {type(found).__name__}, not a pydantic model", place={"kind": name})


def _adjusted(kind: Kind, declared: KindConfig) -> Kind:
    fields = dict(kind.fields)
    for name in declared.fields:
        rule = _declared_rule(kind.name, name, declared, partial=name in fields)
        try:
            fields[name] = fields[name].narrowed(rule) if name in fields else rule
        except ValueError as error:
            place = {"kind": kind.name, "field": name}
            raise ConfigError(f"field {name!r} of kind {kind.name!r}: {error}", place=place) from error
    return Kind(
        kind.name,
        fields,
        description=declared.description or kind.description,
        balance=tuple(declared.balance) if "balance" in declared.model_fields_set else kind.balance,
        embed=tuple(declared.embed) or kind.embed,
        extra=kind.extra,
        model=kind.model,
    )


def _declared_rule(kind: str, field: str, declared: KindConfig, *, partial: bool = False) -> FieldRule:
    try:
        return FieldRule.from_config(declared.fields[field], partial=partial)
    except ConfigError as error:
        place = {"kind": kind, "field": field}
        raise ConfigError(f"field {field!r} of kind {kind!r}: {error.message}", place=place, fix=error.fix) from error


def _import(target: str, folder: Path | None, place: dict[str, Any]) -> Any:
    module, _, attribute = target.partition(":")
    if not module or not attribute:
        raise ConfigError(f"model {target!r} is not module:Class", place=place, fix="write it as module:Class")
    try:
        with _importable(module.partition(".")[0], folder):
            return plugins.load_target(target)
    except PluginError as error:
        raise PluginError(error.message, place={**place, "model": target}, fix=error.fix) from error


@contextlib.contextmanager
def _importable(top: str, folder: Path | None) -> Iterator[None]:
    """``folder`` is first on the import path inside the block, and a namesake from another folder is forgotten."""
    if folder is None:
        yield
        return
    home = folder.resolve()
    here = [home / f"{top}.py", home / top]
    if any(path.exists() for path in here):
        if top in sys.stdlib_module_names:
            raise ConfigError(f"module {top!r} is Python's own", fix=f"rename {top}.py", place={"file": str(folder)})
        loaded = sys.modules.get(top)
        origin = getattr(loaded, "__file__", None)
        if loaded is not None and (origin is None or home not in Path(origin).resolve().parents):
            for name in [n for n in sys.modules if n == top or n.startswith(f"{top}.")]:
                del sys.modules[name]
    importlib.invalidate_caches()
    sys.path.insert(0, str(home))
    try:
        yield
    finally:
        with contextlib.suppress(ValueError):
            sys.path.remove(str(home))
