from __future__ import annotations

import pytest
from pydantic import Field

from seedbed.core.errors import InputError
from seedbed.frontends.mcp.server import TOOLS
from seedbed.frontends.mcp.tool import Arguments, Names, Object, Rows, Tool, plain_schema

NAMES = {
    "next", "similar", "submit", "report", "show", "list", "review", "decide", "undo", "log", "topics", "generate",
    "give_back", "edit",
}  # fmt: skip


class Asked(Arguments):
    """Arguments of a tool that is none."""

    rows: Rows = Field(min_length=1)
    names: Names = Field(default_factory=list)
    meta: Object | None = Field(None, description="Anything.")
    k: int = Field(5, ge=1, le=50)


TOOL = Tool("look", "Look.", Asked, dict, act=None)


@pytest.mark.parametrize(
    ("given", "rows"),
    [
        ({"rows": [{"a": 1}, "b", 3]}, [{"a": 1}, "b", 3]),
        ({"rows": {"a": 1}}, [{"a": 1}]),
        ({"rows": '[{"a": 1}]'}, [{"a": 1}]),
        ({"rows": '{"a": 1}'}, [{"a": 1}]),
        ({"rows": "bare text"}, ["bare text"]),
        ({"rows": "[not JSON"}, ["[not JSON"]),
        ({"rows": "[" * 100_000}, ["[" * 100_000]),
        ({"rows": '{"a": 1}\n{"a": 2}'}, [{"a": 1}, {"a": 2}]),
        ({"rows": ['{"a": 1}', "bare {text}", {"b": 2}]}, [{"a": 1}, "bare {text}", {"b": 2}]),
    ],
)
def test_one_thing_and_json_text_are_taken_as_lists(given, rows):
    assert TOOL.parse(given).rows == rows


@pytest.mark.parametrize("rows", ['{"a": 1, "a": 2}', '{"a": ', ['{"a": 1, "a": 2}'], '[{"a": 1, "a": 2}]'])
def test_an_object_that_cannot_be_read_is_an_error_in_its_place(rows):
    (row,) = TOOL.parse({"rows": rows}).rows
    assert row.stable_code == "invalid_json"


def test_what_was_left_empty_was_not_given():
    asked = TOOL.parse({"rows": "x", "names": "", "meta": "", "k": ""})
    assert (asked.names, asked.meta, asked.k) == ([], None, 5)
    assert TOOL.parse({"rows": ""}).rows == [""]  # the door says what is wrong with it


@pytest.mark.parametrize(
    ("tool", "argument", "given", "read"),
    [
        ("undo", "events", 3, [3]),
        ("undo", "events", "3", [3]),
        ("undo", "events", "[3, 4]", [3, 4]),
        ("list", "states", "accepted", ["accepted"]),
        ("review", "states", "disputed", ["disputed"]),
    ],
)
def test_a_single_thing_is_a_list_of_one(tool, argument, given, read):
    (found,) = (t for t in TOOLS if t.name == tool)
    assert getattr(found.parse({argument: given}), argument) == read


def test_objects_are_taken_as_json_text():
    assert TOOL.parse({"rows": ["x"], "meta": '{"a": [1]}', "names": "one"}).meta == {"a": [1]}


@pytest.mark.parametrize(
    ("given", "message", "argument", "fix"),
    [
        ({}, "rows: field required", "rows", "arguments of look: rows, names, meta, k"),
        ({"rows": []}, "rows: list should have at least 1 item", "rows", "arguments of look"),
        ({"rows": ["x"], "k": 0}, "k: input should be greater than or equal to 1", "k", "arguments of look"),
        ({"rows": ["x"], "row": 1}, "row: extra inputs are not permitted", "row", "did you mean 'rows'?"),
        ({"rows": 7}, "rows: input should be a valid list", "rows", "arguments of look"),
        ({"rows": ["x"], "meta": "no"}, "meta: input should be a valid dictionary", "meta", "arguments of look"),
    ],
)
def test_wrong_arguments_are_named(given, message, argument, fix):
    with pytest.raises(InputError) as caught:
        TOOL.parse(given)
    told = caught.value.to_dict()
    assert told["error"] == "invalid_arguments"
    assert told["message"].startswith(message)
    assert told["place"] == {"tool": "look", "argument": argument}
    assert told["fix"].startswith(fix)


def test_schemas_say_no_more_than_they_must():
    schema = TOOL.input_schema
    assert schema["properties"]["meta"] == {
        "type": "object", "additionalProperties": True, "description": "Anything."
    }  # fmt: skip
    assert schema["additionalProperties"] is False
    assert "title" not in str(schema)
    field_called_title = {"title": "Row", "properties": {"title": {"title": "Title", "type": "string"}}}
    assert plain_schema(field_called_title) == {"properties": {"title": {"type": "string"}}}


def test_all_tools_are_there_and_their_arguments_explained():
    assert {t.name for t in TOOLS} == NAMES
    bare = [
        f"{t.name}.{name}"
        for t in TOOLS
        for name, each in t.input_schema["properties"].items()
        if not each.get("description")
    ]
    assert bare == []
    assert all(t.output_schema["type"] == "object" for t in TOOLS)


def test_what_an_agent_reads_of_all_tools_is_short():
    import json

    assert sum(len(json.dumps(t.input_schema)) + len(t.about) for t in TOOLS) < 16_000
