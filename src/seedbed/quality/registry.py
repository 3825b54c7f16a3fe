"""The checks of a kind, by name and options, cheap before dear."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING, Any, TypeGuard

from seedbed.core import plugins
from seedbed.core.config import parse_options
from seedbed.core.errors import ConfigError, UnknownNameError

if TYPE_CHECKING:
    from seedbed.core.protocols import JudgeCheck
    from seedbed.kinds.kind import Kind

DEFAULT_CHECKS = ("schema", "rules", "exact_duplicate", "near_duplicate", "grounded", "relevant")
"""Checks that guard every door unless they are switched off. The others ask a model and are switched on by name."""


def check_names() -> list[str]:
    """Names of all checks, sorted; loads none of them."""
    return plugins.names("checks")


def build_checks(
    kind: Kind, config: Mapping[str, Mapping[str, Any] | bool] | None = None, *, enabled: Collection[str] = ()
) -> list[Any]:
    """The checks for ``kind``, sorted by ``order``, then name: ``Check`` and ``JudgeCheck`` objects.

    A check class is built as ``Class(options, kind)``, where ``options`` is an instance of its ``Options``.

    Args:
        kind: the schema.
        config: check → options, ``True`` (defaults) or ``False`` (off). A check named here is on.
        enabled: checks that are on whatever ``config`` says, e.g. of a command-line flag.

    Raises:
        UnknownNameError: no such check; near names are given.
        ConfigError: an option is wrong, or ``schema`` was switched off.
    """
    config = config or {}
    known = check_names()
    for name in (*config, *enabled):
        if name not in known:
            raise UnknownNameError("check", name, known, place={"field": f"checks.{name}"})
    if config.get("schema") is False:
        fix = "declare a kind that allows what should come in"
        raise ConfigError("the check 'schema' cannot be switched off", place={"field": "checks.schema"}, fix=fix)
    wanted = {*DEFAULT_CHECKS, *config} - {name for name, value in config.items() if value is False}
    checks = [_build(name, kind, config.get(name)) for name in sorted(wanted | set(enabled))]
    return sorted(checks, key=lambda check: (check.order, check.name))


def is_judge(check: Any) -> TypeGuard[JudgeCheck]:
    """Whether a check asks a model."""
    return hasattr(check, "judge")


def _build(name: str, kind: Kind, given: Mapping[str, Any] | bool | None) -> Any:
    found = plugins.load("checks", name)
    values = dict(given) if isinstance(given, Mapping) else {}
    return found(parse_options(found.Options, values, place={"check": name}), kind)
