"""A kind: the schema of an entry, which fields are balanced and which text is compared."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from seedbed.core.errors import ConfigError, InputError, UnknownNameError, near_names
from seedbed.core.identity import canonical_json
from seedbed.core.records import Cell, Content, Scalar
from seedbed.kinds.fields import FieldRule
from seedbed.kinds.rules import TopicRules
from seedbed.kinds.values import json_flaw, shown

MAX_PROBLEMS = 20
"""Problems listed of one candidate; a hostile one may have thousands."""

CACHED = 4_096
"""Topics whose narrowed rules are kept."""

Combination = tuple[tuple[str, Scalar], ...]
"""Balance-field values, sorted by field name: ``Cell.values``."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong with a submission.

    Attributes:
        field: name of the field, empty for the whole.
        code: ``missing``, ``blank``, ``wrong_type``, ``not_allowed``, ``below_minimum``, ``above_maximum``,
            ``too_short``, ``too_long``, ``pattern``, ``forbidden``, ``unknown_field``, ``not_object``, ``not_json``,
            ``too_deep``, ``unstorable_text`` or ``invalid`` (a model's own validator).
        message: one sentence that names the field.
    """

    field: str
    code: str
    message: str

    def to_dict(self) -> dict[str, str]:
        """JSON form."""
        return {"field": self.field, "code": self.code, "message": self.message}


class KindError(InputError):
    """Content that is not of the kind; ``problems`` lists everything that is wrong."""

    code = "wrong_schema"

    def __init__(self, kind: str, problems: Sequence[Problem]) -> None:
        place: dict[str, Any] = {"kind": kind}
        if problems and problems[0].field:
            place["field"] = problems[0].field
        super().__init__("; ".join(p.message for p in problems) or f"not of kind {kind!r}", place=place)
        self.problems = tuple(problems)

    def to_dict(self) -> dict[str, Any]:
        """JSON form, with ``problems``."""
        return {**super().to_dict(), "problems": [p.to_dict() for p in self.problems]}


Validator = Callable[[Content], tuple[Content, list[Problem]]]
"""A model's own validation: content as the model holds it, and its problems."""


@dataclass(frozen=True, slots=True)
class ModelSchema:
    """What a pydantic model adds to field rules.

    Attributes:
        validate: the model's own validators.
        properties: JSON schema of every field as the model writes it.
        definitions: the ``$defs`` that ``properties`` refer to.
    """

    validate: Validator
    properties: Mapping[str, dict[str, Any]] = field(default_factory=dict)
    definitions: Mapping[str, Any] = field(default_factory=dict)


@dataclass(slots=True, eq=False)
class Kind:
    """The schema of an entry. Balanced fields are required and have finitely many values.

    Attributes:
        name: as users type it.
        fields: rule by field name, in the order entries are written.
        description: what an entry is, for writers and agents.
        balance: fields whose combinations of values are balanced.
        embed: fields whose text is compared; all free-text fields when empty.
        extra: what becomes of fields nobody declared: a problem, dropped, or kept.
        model: a pydantic model's own part, or ``None``.

    Raises:
        UnknownNameError: ``balance`` or ``embed`` names a field that is not there.
        ConfigError: no fields, or a balanced field without a finite set of values.
    """

    name: str
    fields: dict[str, FieldRule]
    description: str = ""
    balance: tuple[str, ...] = ()
    embed: tuple[str, ...] = ()
    extra: Literal["forbid", "ignore", "allow"] = "forbid"
    model: ModelSchema | None = None
    _narrowed: dict[TopicRules, dict[str, FieldRule]] = field(default_factory=dict, init=False, repr=False)

    def __post_init__(self) -> None:
        """Check that balance and embed make sense."""
        if not self.fields:
            raise ConfigError(
                f"kind {self.name!r} has no fields",
                place={"kind": self.name},
                fix="declare fields, or name a pydantic model",
            )
        for name in (*self.balance, *self.embed):
            if name not in self.fields:
                raise UnknownNameError("field", name, self.fields, place={"kind": self.name})
        self.fields = {n: replace(r, required=True) if n in self.balance else r for n, r in self.fields.items()}
        for name in self.balance:
            if self.fields[name].values() is None:
                raise ConfigError(
                    f"field {name!r} of kind {self.name!r} cannot be balanced: it has no finite set of values",
                    place={"kind": self.name, "field": name},
                    fix=f"give {name!r} an enum, or minimum and maximum of a small integer range",
                )
        if not self.embed:
            free = tuple(n for n, r in self.fields.items() if r.type == "string" and r.enum is None)
            self.embed = free or tuple(self.fields)

    def read(self, raw: Any, rules: TopicRules | None = None) -> tuple[Content | None, list[Problem]]:
        """Content in declared order with defaults filled in, and every problem; ``None`` when there is one.

        Types are not converted: ``"3"`` is not an integer, and text is kept to the last blank. A ``null`` counts as
        absent. Never raises.

        Args:
            raw: a submission.
            rules: what its topic allows.
        """
        if not isinstance(raw, dict):
            said = {str: "text", list: "a list", type(None): "null"}.get(type(raw), f"a {type(raw).__name__}")
            return None, [Problem("", "not_object", f"the entry is {said}, not an object with fields")]
        content: Content = {}
        problems: list[Problem] = []
        known = 0
        for name, rule in self.rules(rules).items():
            value = raw.get(name)
            if value is None:
                known += name in raw
                if rule.required:
                    problems.append(Problem(name, "missing", f"{name} is missing"))
                elif rule.default is not None:
                    content[name] = json.loads(json.dumps(rule.default))
                continue
            known += 1
            kept, flaws = rule.read(value)
            for code, predicate in flaws:
                problems.append(Problem(name, code, f"{name} {predicate}"))
            if not flaws and rule.required and isinstance(kept, str) and (not kept or kept.isspace()):
                problems.append(Problem(name, "blank", f"{name} is blank"))
            content[name] = kept
        if known < len(raw) and self.extra != "ignore":
            self._read_extras(raw, content, problems)
        if self.model is not None and not any(p.code in _UNREADABLE for p in problems):
            content, more = self._validated(content)
            problems += _beyond(problems, more)
        return (None, problems[:MAX_PROBLEMS]) if problems else (content, problems)

    def problems(self, raw: Any, rules: TopicRules | None = None) -> list[Problem]:
        """Every problem of ``raw``, empty when it is fine; the first ``MAX_PROBLEMS``."""
        return self.read(raw, rules)[1]

    def validate(self, raw: Any, rules: TopicRules | None = None) -> Content:
        """``raw`` as content of this kind; see ``read``.

        Raises:
            KindError: lists every problem.
        """
        content, problems = self.read(raw, rules)
        if content is None:
            raise KindError(self.name, problems)
        return content

    def rules(self, rules: TopicRules | None = None) -> dict[str, FieldRule]:
        """Rule by field under a topic's rules; a contradiction leaves a field without any allowed value."""
        if not rules:
            return self.fields
        found = self._narrowed.get(rules)
        if found is None:
            found = {}
            for name, rule in self.fields.items():
                try:
                    found[name] = rule.narrowed(rules.fields[name]) if name in rules.fields else rule
                except ValueError:
                    found[name] = replace(rule, enum=())
            if len(self._narrowed) >= CACHED:
                self._narrowed.clear()
            self._narrowed[rules] = found
        return found

    def embed_text(self, content: Content) -> str:
        """The text that is compared: embedded fields, one per line, absent ones left out."""
        if len(self.embed) == 1:
            value = content.get(self.embed[0])
            return value if isinstance(value, str) else _as_text(value)
        return "\n".join(text for name in self.embed if (text := _as_text(content.get(name))))

    def cells(self, rules: TopicRules | None = None) -> list[Combination]:
        """All legal combinations of balance-field values; ``[()]`` when nothing is balanced."""
        legal = self.rules(rules)
        axes = [[(name, value) for value in legal[name].values() or ()] for name in sorted(self.balance)]
        return list(itertools.product(*axes))

    def cell_of(self, content: Content) -> Combination:
        """The combination ``content`` belongs to; absent fields are left out."""
        return tuple((name, content[name]) for name in sorted(self.balance) if name in content)

    def cell_label(self, content: Content) -> str:
        """The cell's key as stored: ``Cell.label``."""
        return Cell("", self.cell_of(content)).label if self.balance else ""

    def json_schema(self, rules: TopicRules | None = None, fields: Sequence[str] | None = None) -> dict[str, Any]:
        """JSON schema of an entry, narrowed by a topic, for structured output and agents.

        Args:
            rules: the topic's.
            fields: only these, in this order and all required: what a writer is asked for.

        Raises:
            UnknownNameError: no such field.
        """
        legal = self.rules(rules)
        for name in fields or ():
            if name not in legal:
                raise UnknownNameError("field", name, legal, place={"kind": self.name})
        chosen = [name for name in (fields if fields is not None else legal) if not legal[name].forbidden]
        out: dict[str, Any] = {
            "type": "object",
            "properties": {name: self._property(name, legal[name]) for name in chosen},
            "required": [name for name in chosen if fields is not None or legal[name].required],
            "additionalProperties": False,
        }
        if self.model is not None and self.model.definitions and '"$ref"' in json.dumps(out["properties"]):
            out["$defs"] = dict(self.model.definitions)
        return out

    def describe(self, rules: TopicRules | None = None) -> dict[str, Any]:
        """The kind for agents: name, description, rules per field, balanced and embedded fields."""
        return {
            "kind": self.name,
            "description": self.description,
            "fields": {name: rule.describe() for name, rule in self.rules(rules).items()},
            "balance": list(self.balance),
            "embed": list(self.embed),
        }

    def _validated(self, content: Content) -> tuple[Content, list[Problem]]:
        """Run the model over the fields it knows; fields that a project added stay beside them."""
        if self.model is None:
            return content, []
        added = [n for n in content if n in self.fields and n not in self.model.properties]
        if not added:
            return self.model.validate(content)
        held, problems = self.model.validate({n: v for n, v in content.items() if n not in added})
        return {**held, **{n: content[n] for n in added}}, problems

    def _property(self, name: str, rule: FieldRule) -> dict[str, Any]:
        own = dict(self.model.properties.get(name, {})) if self.model is not None else {}
        own.pop("default", None)
        own.pop("title", None)
        if rule.type is not None and rule.type not in ("list", "object") and rule.enum is not None:
            own = {}  # the rule says it all, without a detour through a definition or a union with null
        elif "anyOf" in own and rule.type is not None:
            own = next((dict(o) for o in own["anyOf"] if o.get("type") != "null"), {})
        return {**own, **rule.schema()} if "items" not in own else {**rule.schema(), **own}

    def _read_extras(self, raw: Mapping[Any, Any], content: Content, problems: list[Problem]) -> None:
        unknown = [key for key in raw if key not in self.fields]
        for i, key in enumerate(unknown):
            if len(problems) >= MAX_PROBLEMS:
                break
            if self.extra == "allow" and isinstance(key, str):
                flaw = json_flaw({key: raw[key]})
                content[key] = raw[key]
                if flaw is not None:
                    problems.append(Problem(key[:60], flaw[0], f"{shown(key)} {flaw[1]}"))
                continue
            near = near_names(str(key)[:60], self.fields, most=1) if i < 3 else []
            hint = f"; did you mean {near[0]!r}?" if near else f"; a {self.name} entry has {', '.join(self.fields)}"
            problems.append(
                Problem(str(key)[:60], "unknown_field", f"{shown(key)} is not a field{hint if i < 3 else ''}")
            )


def _beyond(known: Sequence[Problem], more: Sequence[Problem]) -> list[Problem]:
    """What a model says that is not known yet; that it could not even read what is known to be wrong adds nothing."""
    reported = {p.field for p in known}
    news = [p for p in more if p.field.partition(".")[0] not in reported]
    return [p for p in news if not known or p.code != "not_json"]


_UNREADABLE = frozenset({"unstorable_text", "not_json", "too_deep"})


def _as_text(value: Any) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else canonical_json(value)
