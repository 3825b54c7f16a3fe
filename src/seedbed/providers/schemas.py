"""JSON schemas as the different endpoints accept them: never changed in meaning, at most asked for less strictly."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Any

Schema = dict[str, Any]

_NOTES = ("title", "default", "examples", "$schema", "deprecated", "readOnly", "writeOnly")
_LIMITS = {
    "minimum": "at least {}",
    "maximum": "at most {}",
    "exclusiveMinimum": "more than {}",
    "exclusiveMaximum": "less than {}",
    "multipleOf": "a multiple of {}",
    "minLength": "{} or more characters",
    "maxLength": "at most {} characters",
    "minItems": "{} or more items",
    "maxItems": "at most {} items",
    "pattern": "matching {}",
    "uniqueItems": "each different",
}
_MAPS = ("properties", "$defs", "definitions", "patternProperties")
_MAX_DEPTH = 40


def strict_form(schema: Schema, *, drop: Collection[str] = (), nullable: bool = False) -> tuple[Schema, bool]:
    """``schema`` for OpenAI's strict mode, and whether strict mode can hold it.

    Strict mode wants every object closed and every property required. With ``nullable``, optional properties become
    required ones that may be null (``without_nulls`` takes the nulls out of the reply again); otherwise, and where a
    free-form object cannot be closed, the schema goes out as it is and not strict.
    """
    if not _can_close(schema) or not (nullable or _all_required(schema)):
        return plain(schema, drop=drop), False
    form = closed(schema, drop=drop)
    return (_required(form) if nullable else form), True


def closed(schema: Schema, *, drop: Collection[str] = ()) -> Schema:
    """A copy with ``additionalProperties: false`` on every object, limits in ``drop`` told in words."""
    copy: Schema = _walk(schema, frozenset(drop), True, 0)
    return copy


def plain(schema: Schema, *, drop: Collection[str] = ()) -> Schema:
    """A copy without titles, defaults and examples, and with the limits named in ``drop`` told in words instead."""
    copy: Schema = _walk(schema, frozenset(drop), False, 0)
    return copy


def _walk(schema: Any, drop: frozenset[str], close: bool, depth: int) -> Any:
    if isinstance(schema, list):
        return [_walk(item, drop, close, depth + 1) for item in schema]
    if not isinstance(schema, dict) or depth > _MAX_DEPTH:
        return schema
    out: Schema = {}
    for key, value in schema.items():
        if key in _NOTES or key in drop:
            continue
        if key in _MAPS and isinstance(value, dict):
            out[key] = {name: _walk(part, drop, close, depth + 1) for name, part in value.items()}
        else:
            out[key] = value if key in ("enum", "const", "required") else _walk(value, drop, close, depth + 1)
    said = [words.format(schema[key]) for key, words in _LIMITS.items() if key in drop and key in schema]
    if said:
        out["description"] = f"{out.get('description', '')} ({', '.join(said)})".strip()
    if close and (out.get("type") == "object" or "properties" in out):
        out["additionalProperties"] = False
    return out


def _objects(schema: Any, depth: int = 0) -> Iterator[Schema]:
    """Every object schema inside ``schema``."""
    if isinstance(schema, list):
        for item in schema:
            yield from _objects(item, depth + 1)
    elif isinstance(schema, dict) and depth <= _MAX_DEPTH:
        if schema.get("type") == "object" or isinstance(schema.get("properties"), dict):
            yield schema
        for key, value in schema.items():
            if key in _MAPS and isinstance(value, dict):
                yield from _objects(list(value.values()), depth + 1)
            elif key not in ("enum", "const", "required", "default", "examples"):
                yield from _objects(value, depth + 1)


def _can_close(schema: Schema) -> bool:
    return all("properties" in o and o.get("additionalProperties", False) is False for o in _objects(schema))


def _all_required(schema: Schema) -> bool:
    return all(set(o["properties"]) <= set(o.get("required") or ()) for o in _objects(schema))


def _required(form: Schema) -> Schema:
    """``form`` (a fresh copy, changed in place) with optional properties required but nullable."""
    for found in list(_objects(form)):
        properties, required = found["properties"], set(found.get("required") or ())
        for name in set(properties) - required:
            properties[name] = _or_null(properties[name])
        found["required"] = list(properties)
    return form


def _or_null(schema: Schema) -> Schema:
    kind = schema.get("type")
    if not isinstance(kind, str) or kind in ("object", "array", "null"):
        return {"anyOf": [schema, {"type": "null"}]}
    out = {**schema, "type": [kind, "null"]}
    if "enum" in out:
        out["enum"] = [*out["enum"], None]
    return out


def without_nulls(value: Any, schema: Any, root: Schema | None = None) -> Any:
    """``value`` without the nulls of properties that ``schema`` lets a reply leave out but not be null."""
    root = schema if root is None else root
    if isinstance(schema, dict) and isinstance(schema.get("$ref"), str):
        schema = root.get("$defs", {}).get(schema["$ref"].removeprefix("#/$defs/"), {})
    if not isinstance(schema, dict):
        return value
    if isinstance(value, list):
        return [without_nulls(item, schema.get("items"), root) for item in value]
    parts = schema.get("properties")
    if not isinstance(value, dict) or not isinstance(parts, dict):
        return value
    needed = set(schema.get("required") or ())
    return {
        key: without_nulls(item, parts.get(key), root)
        for key, item in value.items()
        if item is not None or key in needed or _takes_null(parts.get(key))
    }


def _takes_null(schema: Any) -> bool:
    if not isinstance(schema, dict):
        return True
    kinds = schema.get("type")
    if isinstance(kinds, list):
        return "null" in kinds
    choices = schema.get("anyOf") or schema.get("oneOf") or ()
    return kinds == "null" or (kinds is None and "$ref" not in schema and not choices) or any(map(_takes_null, choices))


def fits_shape(value: Any, schema: Schema) -> bool:
    """Whether ``value`` has the schema's top-level type and required keys; the door checks the rest."""
    kind = schema.get("type")
    if kind == "object" or (kind is None and "properties" in schema):
        return isinstance(value, dict) and all(key in value for key in schema.get("required") or ())
    if kind == "array":
        return isinstance(value, list)
    return isinstance(value, dict | list)
