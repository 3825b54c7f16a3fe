"""Which checks guard a kind, as ``seedbed.yaml`` and a run's options say."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from seedbed.engine.decisions import Gate
from seedbed.quality.registry import build_checks, is_judge
from seedbed.quality.schema import SchemaCheck

if TYPE_CHECKING:
    from seedbed.core.config import ProjectConfig
    from seedbed.kinds.kind import Kind

EARLY = 20
"""Checks whose ``order`` is below look at the candidate alone."""


def build_gate(kind: Kind, config: ProjectConfig, extra: Mapping[str, dict[str, Any] | bool] | None = None) -> Gate:
    """The gate of ``kind``.

    Args:
        kind: the schema.
        config: the project's ``checks``; a check set to ``false`` is left out.
        extra: settings of one run, e.g. ``{"judge": {"threshold": 7}}``; they go before the project's.

    Raises:
        UnknownNameError: no such check.
        ConfigError: an option is wrong.
    """
    settings = {**config.checks, **(extra or {})}
    if config.language is not None:
        rules = settings.get("rules", {})
        if isinstance(rules, dict):
            settings["rules"] = {"language": config.language, **rules}
    checks = build_checks(kind, settings)
    return Gate(
        kind=kind,
        schema=next(c for c in checks if isinstance(c, SchemaCheck)),
        early=tuple(c for c in checks if c.order < EARLY and not isinstance(c, SchemaCheck)),
        late=tuple(c for c in checks if c.order >= EARLY and not is_judge(c)),
        judges=tuple(c for c in checks if is_judge(c)),
    )
