"""Tool definitions and calls in rows of others, as chat APIs spell them.

xLAM lists parameters by name with Python types; the Berkeley leaderboard says ``dict`` and ``float`` where JSON schema
says ``object`` and ``number``; many rows hold both as JSON text.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any, Final

_MOST_TEXT: Final = 16 << 20
_DEEPEST: Final = 32
_TYPES: Final = {
    "str": "string", "string": "string", "char": "string",
    "int": "integer", "integer": "integer", "long": "integer",
    "float": "number", "double": "number", "number": "number",
    "bool": "boolean", "boolean": "boolean",
    "list": "array", "tuple": "array", "set": "array", "array": "array",
    "dict": "object", "object": "object", "hashmap": "object", "null": "null",
}  # fmt: skip
_OPTIONAL: Final = re.compile(r",?\s*optional\b\.?", re.IGNORECASE)


def calls_of(value: Any) -> tuple[dict[str, Any], ...]:
    """Calls as ``{"name", "arguments"}``; empty where ``value`` holds none. Arguments in JSON text are read."""
    value = _parsed(value)
    found = value if isinstance(value, list) else [value]
    calls = []
    for item in found:
        call = item.get("function", item) if isinstance(item, Mapping) else None
        if not isinstance(call, Mapping) or not isinstance(call.get("name"), str):
            return ()
        calls.append({"name": call["name"], "arguments": _parsed(call.get("arguments", call.get("parameters", {})))})
    return tuple(calls)


def tagged_calls(text: str) -> tuple[dict[str, Any], ...]:
    """Calls that Hermes models write between ``<tool_call>`` and ``</tool_call>``; empty where one cannot be read."""
    calls = [calls_of(part.partition("</tool_call>")[0].strip()) for part in text.split("<tool_call>")[1:]]
    return tuple(call for found in calls for call in found) if all(calls) else ()


def tools_of(value: Any) -> tuple[dict[str, Any], ...]:
    """Definitions as ``{"name", "description", "parameters"}`` with a JSON schema; what is none stays as it is."""
    value = _parsed(value)
    found = value if isinstance(value, list) else [value]
    return tuple(_tool(item) for item in found)


def _tool(item: Any) -> Any:
    bare = item.get("function", item) if isinstance(item, Mapping) else None
    if not isinstance(bare, Mapping) or not isinstance(bare.get("name"), str):
        return item
    parameters = _parsed(bare.get("parameters") or {})
    schema = _schema(parameters, 0) if _is_schema(parameters) else _from_names(parameters)
    return {"name": bare["name"], "description": bare.get("description") or "", "parameters": schema}


def _is_schema(parameters: Any) -> bool:
    return not isinstance(parameters, Mapping) or "properties" in parameters or isinstance(parameters.get("type"), str)


def _from_names(parameters: Mapping[str, Any]) -> dict[str, Any]:
    """A schema from parameters by name; one without a default that is not called optional is required."""
    properties, required = {}, []
    for name, said in parameters.items():
        spec = dict(said) if isinstance(said, Mapping) else {}
        kind = spec.get("type")
        if "default" not in spec and not (isinstance(kind, str) and _OPTIONAL.search(kind)):
            required.append(name)
        properties[name] = _schema(spec, 0)
    return {"type": "object", "properties": properties} | ({"required": required} if required else {})


def _schema(value: Any, depth: int) -> Any:
    """A schema with the types of JSON schema; a type that has no counterpart is left out."""
    if not isinstance(value, Mapping) or depth > _DEEPEST:
        return value
    out = dict(value)
    kind = out.get("type")
    if isinstance(kind, str):
        plain = re.split(r"[\[(<]", _OPTIONAL.sub("", kind))[0].strip().lower()
        out.pop("type")
        out |= {"type": _TYPES[plain]} if plain in _TYPES else {}
    if isinstance(out.get("properties"), Mapping):
        out["properties"] = {name: _schema(item, depth + 1) for name, item in out["properties"].items()}
    if "items" in out:
        out["items"] = _schema(out["items"], depth + 1)
    return out


def _parsed(value: Any) -> Any:
    """``value``, or what it spells where it is JSON text of a list or object."""
    if not isinstance(value, str) or value.strip()[:1] not in ("[", "{") or len(value) > _MOST_TEXT:
        return value
    try:
        return json.loads(value)
    except (ValueError, RecursionError):
        return value
