"""Which checks guard a kind, as ``seedbed.yaml`` and a run's options say."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from seedbed.engine.decisions import Gate
from seedbed.quality.registry import build_checks, is_judge
from seedbed.quality.schema import SchemaCheck

if TYPE_CHECKING:
    from seedbed.core.config import ProjectConfig, ReviewConfig
    from seedbed.dataset.handle import Dataset
    from seedbed.engine.decisions import Decision
    from seedbed.engine.intake import Intake, Review
    from seedbed.kinds.kind import Kind

EARLY = 20
"""Checks whose ``order`` is below look at the candidate alone."""


def build_intake(dataset: Dataset) -> Intake:
    """The door of a dataset, as its project configures it."""
    from seedbed.engine.intake import Intake

    config = dataset.project.config
    return Intake(
        dataset.file,
        dataset.gate,
        dataset.embedder(),
        scope=config.similarity_scope,
        floor=lowest_similarity(config),
        on_duplicate=config.on_duplicate,
        review=review_rule(config.review),
        clock=dataset.clock,
    )


def lowest_similarity(config: ProjectConfig) -> float | None:
    """The smallest cosine that a check or a rule of the project looks at, or ``None`` where the embedder's will do."""
    near = config.checks.get("near_duplicate")
    said = [near.get("threshold") if isinstance(near, dict) else None, config.review.rules.near]
    return min((float(s) for s in said if isinstance(s, int | float)), default=None)


def review_rule(config: ReviewConfig) -> Review | None:
    """Says why an accepted candidate has to be reviewed, as configured; ``None`` where nothing is."""
    if config.mode == "none":
        return None
    from seedbed.review.rules import ReviewFacts, why_review

    def why(decision: Decision, count: Callable[[], int]) -> str | None:
        asks = config.mode == "rule" and config.rules.new_topic is not None
        facts = ReviewFacts(
            decision.entry_id,
            decision.candidate.topic,
            decision.verdicts,
            decision.neighbours,
            count() if asks else 0,
            decision.candidate.origin.via,
        )
        return why_review(config, facts)

    return why


def _limits_of(kind: Kind, rules: Mapping[str, Any]) -> dict[str, Any]:
    """``rules`` with the lengths of fields that ``kind`` has: others are meant for the project's own kind."""
    own = {
        key: {name: n for name, n in rules[key].items() if name in kind.fields}
        for key in ("min_chars", "max_chars")
        if isinstance(rules.get(key), dict)
    }
    return {**rules, **own}


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
    rules = settings.get("rules", {})
    if isinstance(rules, dict):
        language = {} if config.language is None else {"language": config.language}
        rules = {**language, **rules}
        settings["rules"] = rules if kind.name == config.kind else _limits_of(kind, rules)
    checks = build_checks(kind, settings)
    return Gate(
        kind=kind,
        schema=next(c for c in checks if isinstance(c, SchemaCheck)),
        early=tuple(c for c in checks if c.order < EARLY and not isinstance(c, SchemaCheck)),
        late=tuple(c for c in checks if c.order >= EARLY and not is_judge(c)),
        judges=tuple(c for c in checks if is_judge(c)),
    )
