"""How a topic path narrows the rules of a kind.

A topic's ``meta["fields"]`` holds rules with the keys of ``FieldConfig``; a list is short for ``enum`` and a scalar for
one allowed value. Rules of a path are a conjunction: a topic can narrow what its ancestors and the kind allow, never
widen it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from seedbed.core.errors import ConfigError, TopicError, UnknownNameError
from seedbed.core.records import Topic
from seedbed.kinds.fields import FieldRule

if TYPE_CHECKING:
    from seedbed.kinds.kind import Kind

__all__ = ["FieldRule", "TopicRules", "check_rules", "fold"]


@dataclass(frozen=True, slots=True, eq=False)
class TopicRules:
    """What a topic path says about fields; false when it says nothing.

    Attributes:
        fields: narrowing rule by field name.
        path: the topic it was folded for.
    """

    fields: Mapping[str, FieldRule] = field(default_factory=dict)
    path: str = ""

    def __bool__(self) -> bool:
        return bool(self.fields)


def fold(chain: Sequence[Topic]) -> TopicRules:
    """The conjunction of ``meta["fields"]`` along a path, outermost topic first.

    Raises:
        TopicError: a rule is malformed, or two topics on the path exclude each other; names topic and field.
    """
    rules: dict[str, FieldRule] = {}
    for topic in chain:
        declared = topic.meta.get("fields")
        if not declared:
            continue
        if not isinstance(declared, Mapping):
            raise TopicError("meta.fields maps field names to rules", place={"topic": topic.path, "field": "fields"})
        for name, spec in declared.items():
            place = {"topic": topic.path, "field": str(name)}
            rule = _parsed(spec, place)
            try:
                rules[name] = rules[name].narrowed(rule) if name in rules else rule
            except ValueError as error:
                raise _conflict(name, str(error), place) from error
    return TopicRules(rules, chain[-1].path if chain else "")


def check_rules(kind: Kind, topics: Sequence[Topic]) -> None:
    """Make sure that every topic leaves something to write; call before a tree is stored.

    Args:
        kind: the schema that the rules narrow.
        topics: the whole tree, or a subtree with all its ancestors, in any order.

    Raises:
        UnknownNameError: a rule for a field that the kind does not have, with near names.
        TopicError: a malformed rule, or one that no value can satisfy together with the kind and the path above.
    """
    by_path = {t.path: t for t in topics}
    for topic in sorted(topics, key=lambda t: t.path):
        if not topic.meta.get("fields"):
            continue
        parts = topic.path.split("/")
        paths = ("/".join(parts[: i + 1]) for i in range(len(parts)))
        for name, rule in fold([by_path[p] for p in paths if p in by_path]).fields.items():
            place = {"topic": topic.path, "field": name}
            if name not in kind.fields:
                raise UnknownNameError("field", name, kind.fields, place=place)
            try:
                kind.fields[name].narrowed(rule)
            except ValueError as error:
                raise _conflict(name, str(error), place) from error


def _parsed(spec: Any, place: dict[str, Any]) -> FieldRule:
    """A topic's rule for one field, from its long or short form."""
    from seedbed.core.config import FieldConfig, parse_options  # deferred: most topics narrow nothing

    if isinstance(spec, list | tuple):
        spec = {"enum": list(spec)}
    elif isinstance(spec, str | int | float | bool):
        spec = {"enum": [spec]}
    try:
        return FieldRule.from_config(parse_options(FieldConfig, spec, place=place), partial=True)
    except ConfigError as error:
        message = f"rule for {place['field']!r}: {error.message}"
        raise TopicError(message, place={**error.place, **place}, fix=error.fix, code="invalid_rule") from error


def _conflict(name: str, why: str, place: dict[str, Any]) -> TopicError:
    return TopicError(
        f"no value of {name!r} is allowed in {place['topic']!r}: {why}",
        place=place,
        fix="loosen the rule here or in a topic above",
        code="impossible_rule",
    )
