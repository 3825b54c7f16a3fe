"""How a topic path narrows the rules of a kind.

A topic's ``meta["fields"]`` holds rules with the keys of ``FieldConfig``; a list is short for ``enum`` and a scalar for
one allowed value. Rules of a path are a conjunction: a topic can narrow what its ancestors and the kind allow, never
widen it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from seedbed.core.errors import ConfigError, SeedbedError, TopicError, UnknownNameError
from seedbed.core.records import Topic
from seedbed.kinds.fields import FieldRule

if TYPE_CHECKING:
    from seedbed.kinds.kind import Kind

__all__ = ["FieldRule", "TopicRules", "check_rules", "fold", "fold_tree"]


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
    rules = TopicRules()
    for topic in chain:
        rules = _narrowed(rules, topic)
    return TopicRules(rules.fields, chain[-1].path if chain else "")


def fold_tree(topics: Iterable[Topic]) -> tuple[dict[str, TopicRules], dict[str, SeedbedError]]:
    """The folded rules of every topic by path, and what is wrong by path where there is nothing to fold.

    Costs one step a topic; never raises. Below a topic that is wrong, everything is.

    Args:
        topics: any part of a tree; an ancestor that is not among them says nothing.
    """
    rules: dict[str, TopicRules] = {}
    wrong: dict[str, SeedbedError] = {}
    for topic in sorted(topics, key=lambda t: t.path.count("/")):
        parent = topic.path.rpartition("/")[0]
        if parent in wrong:
            wrong[topic.path] = wrong[parent]
            continue
        try:
            rules[topic.path] = _narrowed(rules.get(parent, _NOTHING), topic)
        except SeedbedError as error:
            wrong[topic.path] = error
    return rules, wrong


def check_rules(kind: Kind, topics: Sequence[Topic], *, only: Collection[str] | None = None) -> None:
    """Make sure that every topic leaves something to write; call before a tree is stored.

    Args:
        kind: the schema that the rules narrow.
        topics: the whole tree, or a subtree with all its ancestors, in any order.
        only: paths that are looked at; default all.

    Raises:
        UnknownNameError: a rule for a field that the kind does not have, with near names.
        TopicError: a malformed rule, or one that no value can satisfy together with the kind and the path above.
    """
    folded, wrong = fold_tree(topics)
    for topic in sorted(topics, key=lambda t: t.path):
        if only is not None and topic.path not in only:
            continue
        if topic.path in wrong:
            raise wrong[topic.path]
        declared = topic.meta.get("fields") or {}
        for name, rule in folded[topic.path].fields.items():
            place = {"topic": topic.path, "field": name}
            if name not in kind.fields:
                raise UnknownNameError("field", name, kind.fields, place=place)
            try:
                kind.fields[name].narrowed(rule)
            except ValueError as error:
                raise _conflict(name, str(error), place) from error
            if kind.fields[name].required and _loosens(declared.get(name)):
                raise _widened(place, f"kind {kind.name!r}")


_NOTHING = TopicRules()


def _narrowed(rules: TopicRules, topic: Topic) -> TopicRules:
    """``rules`` of the path above and the topic's own, as one."""
    declared = topic.meta.get("fields")
    if not declared:
        return TopicRules(rules.fields, topic.path)
    if not isinstance(declared, Mapping):
        raise TopicError("meta.fields maps field names to rules", place={"topic": topic.path, "field": "fields"})
    out = dict(rules.fields)
    for name, spec in declared.items():
        place = {"topic": topic.path, "field": str(name)}
        rule = _parsed(spec, place)
        above = out.get(name)
        if above is not None and above.required and _loosens(spec):
            raise _widened(place, "a topic above")
        try:
            out[name] = rule if above is None else above.narrowed(rule)
        except ValueError as error:
            raise _conflict(name, str(error), place) from error
    return TopicRules(out, topic.path)


def _loosens(spec: Any) -> bool:
    return isinstance(spec, Mapping) and spec.get("required") is False


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


def _widened(place: dict[str, Any], by: str) -> TopicError:
    return TopicError(
        f"{place['field']!r} cannot be optional in {place['topic']!r}: {by} requires it",
        place=place,
        fix="leave out required: false; topics narrow rules, they never widen them",
        code="impossible_rule",
    )
