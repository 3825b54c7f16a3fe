"""Definitions and calls as others spell them."""

from __future__ import annotations

import pytest

from seedbed.sources.tool_rows import calls_of, tagged_calls, tools_of

CALL = {"name": "f", "arguments": {"x": 1}}


def test_parameters_by_name_become_a_schema():
    said = {
        "city": {"description": "where", "type": "str"},
        "days": {"type": "int, optional"},
        "tags": {"type": "List[str]", "default": []},
    }
    [tool] = tools_of([{"name": "f", "description": "d", "parameters": said}])
    assert tool == {
        "name": "f",
        "description": "d",
        "parameters": {
            "type": "object",
            "properties": {
                "city": {"description": "where", "type": "string"},
                "days": {"type": "integer"},
                "tags": {"type": "array", "default": []},
            },
            "required": ["city"],
        },
    }


def test_the_words_of_the_leaderboard_become_those_of_json_schema():
    spec = {"type": "dict", "properties": {"p": {"type": "tuple", "items": {"type": "float"}}, "q": {"type": "any"}}}
    [tool] = tools_of({"name": "f", "parameters": spec})
    properties = {"p": {"type": "array", "items": {"type": "number"}}, "q": {}}
    assert tool["parameters"] == {"type": "object", "properties": properties}


def test_a_parameter_may_be_called_type():
    [tool] = tools_of([{"name": "f", "parameters": {"type": {"type": "str"}}}])
    assert tool["parameters"]["properties"] == {"type": {"type": "string"}}


@pytest.mark.parametrize("value", [None, 3, "x", "[", [], ["x"], [None], {"name": 3}, "[" * 100_000])
def test_what_is_no_call_gives_none(value):
    assert calls_of(value) == ()


@pytest.mark.parametrize("value", ["x", {"title": "t"}, 3])
def test_what_is_no_tool_stays_for_the_schema_to_refuse(value):
    assert tools_of([value]) == (value,)


def test_calls_between_tags_are_read_all_or_none():
    text = '<tool_call>{"name": "f", "arguments": {"x": 1}}</tool_call>'
    assert list(tagged_calls(f"I call\n{text}\n{text}")) == [CALL, CALL]
    assert tagged_calls(text + "<tool_call>f(1)</tool_call>") == ()
    assert tagged_calls("f(1)") == ()


def test_arguments_that_are_no_json_stay_text():
    assert calls_of({"name": "f", "arguments": "{broken"}) == ({"name": "f", "arguments": "{broken"},)
