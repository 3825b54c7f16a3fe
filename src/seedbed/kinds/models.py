"""Kinds out of pydantic models: field rules from the JSON schema, and the model's own validators run as well."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal

from seedbed.core.errors import PluginError
from seedbed.core.identity import canonical_json
from seedbed.core.records import Content
from seedbed.kinds.fields import FieldRule
from seedbed.kinds.kind import Kind, ModelSchema, Problem

if TYPE_CHECKING:
    from pydantic import BaseModel
    from pydantic_core import ErrorDetails

_TYPES = {"array": "list"}
_KNOWN = ("string", "integer", "number", "boolean", "array", "object")
_FIELD_CODES = {"missing": "missing", "extra_forbidden": "unknown_field", "json_invalid": "not_json"}
_RAISED = (ArithmeticError, AttributeError, LookupError, RecursionError, TypeError, ValueError)


def kind_of(name: str, model: type[BaseModel]) -> Kind:
    """The kind that ``model`` describes.

    ``balance`` and ``embed`` come from class variables of that name. ``extra`` in the model's configuration is
    honoured where it is set; by default unknown fields are refused. Content is what the model holds after its own
    validators ran (JSON mode, strict), without absent optional fields.

    Raises:
        PluginError: the model has no JSON schema.
        ConfigError, UnknownNameError: balance or embed do not fit the fields.
    """
    from pydantic.errors import PydanticUserError

    try:
        schema = model.model_json_schema()
    except PydanticUserError as error:
        raise PluginError(f"{model.__name__} has no JSON schema: {error.message}", place={"kind": name}) from error
    definitions = schema.get("$defs", {})
    required = set(schema.get("required", ()))
    properties: dict[str, dict[str, Any]] = schema.get("properties", {})
    nullable = {n for n in required if any(o.get("type") == "null" for o in properties[n].get("anyOf", ()))}
    fields = {n: _rule(p, definitions, required=n in required - nullable) for n, p in properties.items()}
    doc = (model.__doc__ or "").strip().split("\n\n")[0]
    extra: dict[str | None, Literal["forbid", "ignore", "allow"]] = {"ignore": "ignore", "allow": "allow"}
    return Kind(
        name,
        fields,
        description=" ".join(doc.split()),
        balance=_class_variable(model, "balance"),
        embed=_class_variable(model, "embed"),
        extra=extra.get(model.model_config.get("extra"), "forbid"),
        model=ModelSchema(_Own(model, nullable), properties, definitions),
    )


class _Own:
    """Runs a model's own validation over content that field rules have read."""

    def __init__(self, model: type[BaseModel], nullable: set[str]) -> None:
        from pydantic import ValidationError

        self._model = model
        self._nulls = dict.fromkeys(sorted(nullable))
        self._invalid = ValidationError

    def __call__(self, content: Content) -> tuple[Content, list[Problem]]:
        """Content as the model holds it, and the model's problems."""
        try:
            held = self._model.model_validate_json(canonical_json({**self._nulls, **content}), strict=True)
            kept = held.model_dump(mode="json", by_alias=True)
        except self._invalid as error:
            return content, [_problem(e) for e in error.errors(include_url=False, include_context=False)]
        except _RAISED as error:  # a user's validator that trips over content it did not expect
            said = f"the model's own check failed: {type(error).__name__}: {str(error)[:200]}"
            return content, [Problem("", "invalid", said)]
        return {name: value for name, value in kept.items() if value is not None}, []


def _problem(error: ErrorDetails) -> Problem:
    where = ".".join(str(part) for part in error["loc"])
    message = error["msg"].removeprefix("Value error, ").removeprefix("Assertion failed, ")
    return Problem(where, _FIELD_CODES.get(error["type"], "invalid"), f"{where}: {message}" if where else message)


def _rule(spec: Mapping[str, Any], definitions: Mapping[str, Any], *, required: bool) -> FieldRule:
    """The rule that a property's JSON schema states; what it cannot state is left to the model."""
    description, default = spec.get("description", ""), spec.get("default")
    spec = _resolved(spec, definitions)
    kind = spec.get("type")
    if kind not in _KNOWN:
        enum = _scalars(spec)
        return FieldRule(type=None, description=description, required=required, default=default, enum=enum)
    if kind == "array":
        items = _resolved(spec.get("items", {}), definitions)
        item_type = items.get("type") if items.get("type") in _KNOWN and items.get("type") != "array" else None
        return FieldRule(
            type="list",
            items=item_type,
            description=description,
            required=required,
            default=default,
            enum=_scalars(items) if item_type else None,
            min_length=spec.get("minItems"),
            max_length=spec.get("maxItems"),
        )
    return FieldRule(
        type=_TYPES.get(kind, kind),
        description=description,
        required=required,
        default=default,
        enum=_scalars(spec),
        minimum=spec.get("minimum"),
        maximum=spec.get("maximum"),
        min_length=spec.get("minLength"),
        max_length=spec.get("maxLength"),
    )


def _resolved(spec: Mapping[str, Any], definitions: Mapping[str, Any]) -> Mapping[str, Any]:
    """``spec`` without a reference and without an alternative ``null``."""
    for _ in range(8):  # references may chain, and a hand-written schema may go in circles
        options = [o for o in spec.get("anyOf", ()) if o.get("type") != "null"]
        if len(options) == 1:
            spec = options[0]
        elif "$ref" in spec:
            spec = definitions.get(str(spec["$ref"]).rpartition("/")[2], {})
        else:
            break
    return spec


def _scalars(spec: Mapping[str, Any]) -> tuple[Any, ...] | None:
    values = [spec["const"]] if "const" in spec else spec.get("enum")
    if values is None or not all(isinstance(v, str | int | float) for v in values):
        return None
    return tuple(values)


def _class_variable(model: type[BaseModel], name: str) -> tuple[str, ...]:
    """A class variable's names; a field of the same name is data, not a setting."""
    if name in model.model_fields:
        return ()
    value = getattr(model, name, ())
    return (value,) if isinstance(value, str) else tuple(value)
