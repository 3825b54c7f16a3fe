"""Schemas reshaped for strict endpoints."""

from __future__ import annotations

import copy

import pytest

from seedbed.providers.schemas import closed, fits_shape, plain, strict_form, without_nulls

NESTED = {
    "title": "T",
    "type": "object",
    "properties": {
        "title": {"type": "string", "title": "T", "default": "x", "maxLength": 9},
        "items": {"type": "array", "items": {"$ref": "#/$defs/i"}, "maxItems": 3},
    },
    "required": ["title", "items"],
    "$defs": {"i": {"type": "object", "properties": {"a": {"type": "integer"}}, "required": ["a"]}},
}


def test_strict_mode_closes_every_object():
    form, strict = strict_form(NESTED)
    assert strict
    assert form["additionalProperties"] is False
    assert form["$defs"]["i"]["additionalProperties"] is False
    assert "title" not in form
    assert form["properties"]["title"] == {"type": "string", "maxLength": 9}


@pytest.mark.parametrize(
    "loose",
    [
        {"type": "object", "properties": {"a": {"type": "string"}}},
        {"type": "object"},
        {"type": "object", "properties": {"a": {"type": "object"}}, "required": ["a"]},
        {"type": "object", "properties": {}, "required": [], "additionalProperties": {"type": "string"}},
        {"type": "array", "items": {"type": "object", "properties": {"a": {}}}},
        {"$ref": "#/$defs/x", "$defs": {"x": {"type": "object", "properties": {"a": {}}}}},
    ],
)
def test_optional_or_free_parts_are_not_strict(loose):
    form, strict = strict_form(loose)
    assert not strict
    assert "additionalProperties" not in form or form["additionalProperties"] is not False


def test_dropped_limits_are_told_in_words():
    form = closed(NESTED, drop=("maxLength", "maxItems"))
    assert form["properties"]["title"]["description"] == "(at most 9 characters)"
    assert "maxItems" not in form["properties"]["items"]


def test_a_property_named_like_a_keyword_stays():
    schema = {"type": "object", "properties": {"pattern": {"type": "string"}, "default": {"enum": [{"title": 1}]}}}
    assert plain(schema, drop=("pattern",)) == schema


def test_the_schema_given_is_not_changed():
    before = copy.deepcopy(NESTED)
    strict_form(NESTED)
    closed(NESTED, drop=("maxItems",))
    assert before == NESTED


@pytest.mark.parametrize(
    ("value", "fit"),
    [({"title": 1, "items": 2}, True), ({"title": 1}, False), ([], False), ("x", False), (None, False)],
)
def test_shape_is_top_level_type_and_required_keys(value, fit):
    assert fits_shape(value, NESTED) is fit


OPTIONAL = {
    "type": "object",
    "properties": {
        "a": {"type": "string"},
        "b": {"type": "string", "enum": ["x", "y"]},
        "c": {"type": "array", "items": {"type": "object", "properties": {"d": {"type": "integer"}}}},
        "n": {"type": ["string", "null"]},
    },
    "required": ["a"],
}


def test_optional_parts_become_nullable_where_strict_mode_wants_all():
    form, strict = strict_form(OPTIONAL, nullable=True)
    assert strict
    assert form["required"] == ["a", "b", "c", "n"]
    assert form["properties"]["b"] == {"type": ["string", "null"], "enum": ["x", "y", None]}
    inner = form["properties"]["c"]["anyOf"][0]["items"]
    assert inner["required"] == ["d"]
    assert inner["properties"]["d"] == {"type": ["integer", "null"]}


def test_nulls_that_stand_for_nothing_are_taken_out():
    value = {"a": "x", "b": None, "c": [{"d": None}, {"d": 1}], "n": None}
    assert without_nulls(value, OPTIONAL) == {"a": "x", "c": [{}, {"d": 1}], "n": None}


def test_a_null_where_a_value_is_required_stays_to_be_rejected():
    assert without_nulls({"a": None}, OPTIONAL) == {"a": None}


def test_nulls_behind_references_are_found():
    schema = {"type": "array", "items": {"$ref": "#/$defs/o"}, "$defs": {"o": OPTIONAL}}
    assert without_nulls([{"a": "x", "b": None}], schema) == [{"a": "x"}]


@pytest.mark.parametrize("value", [None, 5, "x", [None], {"z": None}, {"c": 5}])
def test_values_of_another_shape_pass_through(value):
    assert without_nulls(value, OPTIONAL) == value
