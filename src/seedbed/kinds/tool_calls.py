"""Tool definitions and calls of them: one form for the definitions, and whether a call's arguments fit.

Definitions are kept as chat APIs and trainers take them: ``{"type": "function", "function": {"name", "description",
"parameters"}}`` with a JSON schema as ``parameters``. Arguments are JSON objects, never text.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, WithJsonSchema

from seedbed.kinds.values import listed, shown

NO_PARAMETERS: dict[str, Any] = {"type": "object", "properties": {}}

MAX_DEPTH = 32
"""Levels of an argument that are looked at: schemas may be deep, and written by anybody."""

_TYPES: dict[str, tuple[type, ...]] = {
    "string": (str,),
    "boolean": (bool,),
    "integer": (int, float),
    "number": (int, float),
    "array": (list,),
    "object": (dict,),
    "null": (type(None),),
}
_BOUNDS: tuple[tuple[str, str, Callable[[Any, Any], bool]], ...] = (
    ("minimum", "less than", operator.lt),
    ("maximum", "more than", operator.gt),
)
_SIZES: tuple[tuple[str, str, type, Callable[[Any, Any], bool]], ...] = (
    ("minLength", "shorter than", str, operator.lt),
    ("maxLength", "longer than", str, operator.gt),
    ("minItems", "fewer than", list, operator.lt),
    ("maxItems", "more than", list, operator.gt),
)


class Call(BaseModel):
    """One call of a tool."""

    model_config = ConfigDict(extra="forbid")

    name: str = Field(description="name of the function")
    arguments: dict[str, Any] = Field(description="its arguments: a JSON object, not text")


def as_tool(value: dict[str, Any]) -> dict[str, Any]:
    """``value`` as a definition in the one form; takes the bare ``{"name", "description", "parameters"}`` as well.

    Raises:
        ValueError: it has no name, or its parameters are not the JSON schema of an object.
    """
    bare = value.get("function", value)
    if not isinstance(bare, dict) or not isinstance(bare.get("name"), str) or not bare["name"].strip():
        raise ValueError("a tool is {name, description, parameters}, and its name is a text")
    unknown = sorted(set(bare) - {"name", "description", "parameters", "strict"})
    if unknown:
        raise ValueError(f"tool {shown(bare['name'])} has {listed(unknown)} beside name, description and parameters")
    parameters = bare.get("parameters") or NO_PARAMETERS
    if not isinstance(parameters, dict) or not isinstance(parameters.get("properties", {}), dict):
        raise ValueError(f"the parameters of tool {shown(bare['name'])} are not the JSON schema of an object")
    description = bare.get("description") or ""
    if not isinstance(description, str):
        raise ValueError(f"the description of tool {shown(bare['name'])} is not a text")
    function = {"name": bare["name"], "description": description, "parameters": parameters}
    return {"type": "function", "function": function}


Tool = Annotated[
    dict[str, Any],
    AfterValidator(as_tool),
    WithJsonSchema(
        {
            "type": "object",
            "properties": {
                "type": {"type": "string", "enum": ["function"]},
                "function": {
                    "type": "object",
                    "properties": {
                        "name": {"type": "string"},
                        "description": {"type": "string"},
                        "parameters": {"type": "object"},
                    },
                    "required": ["name", "parameters"],
                },
            },
            "required": ["type", "function"],
        }
    ),
]
"""A definition of a tool as a pydantic field."""


def call_problem(call: Call, tools: Sequence[Mapping[str, Any]]) -> str | None:
    """What keeps ``call`` from being a call of one of ``tools``, in one sentence; ``None`` when it is one."""
    named = {tool["function"]["name"]: tool["function"] for tool in tools}
    if not named:
        return f"{shown(call.name)} is called, but tools is empty"
    if call.name not in named:
        return f"{shown(call.name)} is not among the tools: {listed(list(named))}"
    found = next(_problems(call.arguments, named[call.name]["parameters"], "", 0), None)
    return f"{call.name}: {found}" if found else None


def _problems(value: Any, schema: Any, where: str, depth: int) -> Iterator[str]:
    """What is wrong with ``value`` under the part of JSON schema that tool definitions use; unknown words allow all."""
    if not isinstance(schema, Mapping) or depth > MAX_DEPTH:
        return
    said = where or "the arguments"
    options = schema.get("anyOf") or schema.get("oneOf")
    if isinstance(options, list) and options:
        if all(next(_problems(value, o, where, depth + 1), None) for o in options):
            yield f"{said} fits none of its {len(options)} forms"
        return
    kinds = schema.get("type")
    wanted = [k for k in (kinds if isinstance(kinds, list) else [kinds]) if isinstance(k, str) and k in _TYPES]
    if wanted and not any(_is(value, kind) for kind in wanted):
        yield f"{said} is {shown(value)}, not of type {' or '.join(wanted)}"
        return
    allowed = schema.get("enum")
    if isinstance(allowed, list) and not any(_same(value, option) for option in allowed):
        yield f"{said} is {shown(value)}, not one of {listed([a for a in allowed if isinstance(a, str | int | float)])}"
    if "const" in schema and not _same(value, schema["const"]):
        yield f"{said} is {shown(value)}, not {shown(schema['const'])}"
    yield from _bounds(value, schema, said)
    if isinstance(value, dict):
        yield from _members(value, schema, where, depth)
    elif isinstance(value, list):
        for i, item in enumerate(value):
            yield from _problems(item, schema.get("items"), f"{said}[{i}]", depth + 1)


def _bounds(value: Any, schema: Mapping[str, Any], said: str) -> Iterator[str]:
    if _is(value, "number"):
        for word, how, beyond in _BOUNDS:
            if _is(schema.get(word), "number") and beyond(value, schema[word]):
                yield f"{said} is {shown(value)}, {how} {schema[word]:g}"
    size = len(value) if isinstance(value, str | list) else 0
    for word, how, kind, beyond in _SIZES:
        if isinstance(value, kind) and _is(schema.get(word), "integer") and beyond(size, schema[word]):
            yield f"{said} is {how} {schema[word]:g}"


def _members(value: dict[str, Any], schema: Mapping[str, Any], where: str, depth: int) -> Iterator[str]:
    properties = schema.get("properties")
    properties = properties if isinstance(properties, Mapping) else {}
    required = schema.get("required")
    for name in required if isinstance(required, list) else ():
        if isinstance(name, str) and name not in value:
            yield f"{_joined(where, name)} is missing"
    more = schema.get("additionalProperties", "properties" not in schema)  # a model must not invent parameters
    for name, item in value.items():
        if name in properties:
            yield from _problems(item, properties[name], _joined(where, name), depth + 1)
        elif more is False:
            yield f"{shown(name)} is not a parameter: {listed(list(properties)) or 'there are none'}"
        elif isinstance(more, Mapping):
            yield from _problems(item, more, _joined(where, name), depth + 1)


def _joined(where: str, name: str) -> str:
    return f"{where}.{shown(name)[1:-1]}" if where else shown(name)[1:-1]


def _is(value: Any, kind: str) -> bool:
    if isinstance(value, bool) and kind != "boolean":
        return False
    if not isinstance(value, _TYPES[kind]):
        return False
    whole = not isinstance(value, float) or (math.isfinite(value) and value.is_integer())
    return kind != "integer" or whole


def _same(value: Any, option: Any) -> bool:
    return bool(value == option) and isinstance(value, bool) is isinstance(option, bool)
