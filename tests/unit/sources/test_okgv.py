"""What okgv says, in Seedbed's words."""

from __future__ import annotations

import json

import pytest

from seedbed.core.errors import InputError, NotFoundError
from seedbed.sources.okgv import clean_path, field_rule, read_literal, read_node, read_structure, rule_of, tool_of


@pytest.mark.parametrize(
    ("validators", "rule"),
    [
        ("not_empty", {"required": True}),
        ({"one_of": ["a", "b"]}, {"enum": ["a", "b"]}),
        ({"type": "one_of", "field": "x", "valid": ["a"]}, {"enum": ["a"]}),
        ({"in_range": [0, 9]}, {"minimum": 0, "maximum": 9}),
        ({"in_range": {"lo": 1, "hi": 2}}, {"minimum": 1, "maximum": 2}),
        ({"is_type": ["int"]}, {"type": "integer"}),
        ({"is_type": ["int", "float"]}, {"type": "number"}),
        ({"is_type": "dict"}, {"type": "object"}),
        ({"matches": "[a-z]+"}, {"pattern": "[a-z]+"}),
        (
            {"type": "items", "inner": {"one_of": ["a", "b"]}, "min_len": 1, "max_len": 3},
            {"type": "list", "enum": ["a", "b"], "min_length": 1, "max_length": 3},
        ),
        ({"type": "items", "inner": "not_empty"}, {"type": "list", "items": "string"}),
        ([{"one_of": ["a", "b", "c"]}, {"one_of": ["c", "b"]}], {"enum": ["b", "c"]}),
        ([{"in_range": [0, 9]}, {"in_range": [3, 20]}, {"is_type": ["int"]}],
         {"minimum": 3, "maximum": 9, "type": "integer"}),
    ],
)  # fmt: skip
def test_validators_become_rules(validators, rule):
    assert rule_of(validators) == (rule, [])
    assert field_rule(rule) is not None


def test_two_patterns_hold_together():
    rule, unsaid = rule_of([{"matches": "[a-z]+"}, {"matches": ".{3}"}])
    found = field_rule(rule)
    assert unsaid == []
    assert [bool(found.read(text)[1]) for text in ("abc", "abcd", "ab1")] == [False, True, True]


@pytest.mark.parametrize(
    "validator",
    [
        {"multiple_of": 3},
        {"type": "own", "field": "x"},
        {"one_of": []},
        {"one_of": [["nested"]]},
        {"one_of": "text"},
        {"in_range": [1]},
        {"in_range": ["a", "b"]},
        {"is_type": ["str", "list"]},
        {"is_type": ["bytes"]},
        {"matches": "("},
        {"matches": 7},
        {"type": "items", "inner": {"type": "items", "inner": "not_empty"}},
        {"type": "items", "inner": "not_empty", "min_len": "one"},
        {"a": 1, "b": 2},
        7,
        None,
    ],
)
def test_what_has_no_counterpart_is_named_and_the_rest_is_kept(validator):
    rule, unsaid = rule_of(["not_empty", validator])
    assert rule == {"required": True}
    assert len(unsaid) == 1


def test_contradictions_are_named():
    rule, unsaid = rule_of([{"one_of": ["a"]}, {"one_of": ["b"]}])
    assert (rule, unsaid) == ({"enum": ["a"]}, ["the validator 'one_of' contradicts another one"])


def test_a_node_keeps_contract_and_scope_and_names_what_it_does_not_know():
    node = read_node(
        {
            "function": "forecast",
            "required": {"place": "not_empty"},
            "optional": {"days": {"is_type": ["int"]}},
            "forbidden": ["units"],
            "similarity_scope": "subtree",
            "entry": {"difficulty": {"one_of": ["easy"]}, "odd": {"own": 1}},
            "fucntion": "typo",
        }
    )
    assert (node.function, node.forbidden, node.scope) == ("forecast", ("units",), "subtree")
    assert node.fields == {"difficulty": {"enum": ["easy"]}, "odd": {}}
    assert [what for what, _ in node.left] == ["entry.odd", "fucntion"]
    assert read_node([1]).left == (("_meta", "not an object"),)
    assert read_node({"entry": 3, "forbidden": "x"}).left != ()


def test_the_structure_file_is_read_by_path(tmp_path):
    path = tmp_path / "structure.json"
    inner = {"_meta": {"entry": {"d": {"one_of": ["x"]}}}, "leaf": {}}
    path.write_text(json.dumps({"a": inner, "b/c": None, "_note": {}}), encoding="utf-8")
    assert list(read_structure(path)) == ["a", "b/c", "a/leaf"]
    assert read_structure(path)["a"].fields == {"d": {"enum": ["x"]}}


@pytest.mark.parametrize("text", ["[]", "{", '"text"', "[" * 50_000])
def test_a_structure_file_that_is_none_is_refused(tmp_path, text):
    (tmp_path / "structure.json").write_text(text, encoding="utf-8")
    with pytest.raises(InputError):
        read_structure(tmp_path / "structure.json")
    with pytest.raises(NotFoundError):
        read_structure(tmp_path / "none.json")


def test_a_path_s_contract_becomes_a_tool():
    chain = [
        read_node(
            {"function": "weather", "required": {"place": "not_empty"}, "optional": {"unit": {"one_of": ["c", "f"]}}}
        ),
        read_node({"required": {"unit": {"one_of": ["c"]}}, "optional": {"days": {"is_type": ["int"]}}}),
        read_node({"forbidden": ["days"]}),
    ]
    function = tool_of(chain)["function"]
    assert function["name"] == "weather"
    assert function["parameters"] == {
        "type": "object",
        "properties": {"unit": {"enum": ["c"]}, "place": {"type": "string", "minLength": 1}},
        "additionalProperties": False,
        "required": ["place", "unit"],
    }
    assert tool_of([read_node({"required": {"a": "not_empty"}})]) is None


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("{'a': 1, 'b': [True, None]}", {"a": 1, "b": [True, None]}),
        (' {"a": "it\'s"} ', {"a": "it's"}),
        ("['x', 2.5]", ["x", 2.5]),
        ("{}", {}),
        ("plain", None),
        ("(1, 2)", None),
        ("{1, 2}", None),
        ("{'a': b'x'}", None),
        ("{'a': {1: 2}}", None),
        ("{'a': 1e999}", None),
        ("{'a': __import__('os')}", None),
        ("{" * 10_000 + "}" * 10_000, None),
        ("[" * 300 + "]" * 300, None),
        ("{'a': '\ud800'}", None),
        ("", None),
    ],
)
def test_only_literals_that_json_can_hold_are_read(text, value):
    assert read_literal(text) == value


@pytest.mark.parametrize(
    ("path", "clean"),
    [
        ("a/b", "a/b"),
        ("/a//b/", "a/b"),
        (" a / b ", "a/b"),
        ("", "unnamed"),
        ("a/../b", "a/dots/b"),
        ("a\x00b/\u202ec", "a_b/_c"),
        ("\udcffA", "_A"),
        ("/".join("abcdefghijklmnopqrstuvwxyz"), "/".join("abcdefghijklmnopqr") + "/s t u v w x y z"),
        ("x" * 300, "x" * 200),
    ],
)
def test_names_that_nothing_may_have_are_mended(path, clean):
    from seedbed.store.topics import validate_path

    assert clean_path(path) == clean
    assert validate_path(clean) == clean
