import math

import pytest

from seedbed.core.config import FieldConfig
from seedbed.core.errors import ConfigError
from seedbed.kinds.fields import FieldRule


def codes(rule: FieldRule, value) -> list[str]:
    return [code for code, _ in rule.read(value)[1]]


@pytest.mark.parametrize(
    ("kind", "good", "bad"),
    [
        ("string", "3", 3),
        ("integer", 3, "3"),
        ("integer", 0, False),
        ("integer", 7, 7.5),
        ("number", 1.5, "1.5"),
        ("number", 2, True),
        ("boolean", True, 1),
        ("list", [1], (1 for _ in "x")),
        ("object", {"a": 1}, [1]),
    ],
)
def test_types_are_not_converted(kind, good, bad):
    assert codes(FieldRule(type=kind), good) == []
    assert codes(FieldRule(type=kind), bad) == ["wrong_type"]


def test_a_whole_float_is_an_integer_in_its_one_spelling():
    value, flaws = FieldRule(type="integer").read(3.0)
    assert (value, type(value), flaws) == (3, int, [])


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf, 10**400])
def test_numbers_that_json_cannot_hold_are_refused(value):
    assert codes(FieldRule(type="number"), value) == ["not_json"]


def test_true_is_not_one_in_an_enum():
    rule = FieldRule(type=None, enum=(1, 2))
    assert codes(rule, True) == ["not_allowed"]
    assert codes(rule, 1) == []


def test_a_value_outside_an_enum_names_the_nearest():
    _, flaws = FieldRule(type="string", enum=("easy", "medium")).read("medum")
    assert "did you mean 'medium'?" in flaws[0][1]


@pytest.mark.parametrize(
    ("rule", "value", "code"),
    [
        (FieldRule(type="number", minimum=1), 0.5, "below_minimum"),
        (FieldRule(type="number", maximum=1), 2, "above_maximum"),
        (FieldRule(type="string", min_length=3), "ab", "too_short"),
        (FieldRule(type="string", max_length=3), "abcd", "too_long"),
        (FieldRule(type="string", patterns=("[a-z]+",)), "abc1", "pattern"),
        (FieldRule(type="list", min_length=1), [], "too_short"),
        (FieldRule(type="list", max_length=1), [1, 2], "too_long"),
        (FieldRule(type="list", items="string"), ["a", 1], "wrong_type"),
        (FieldRule(type="list", items="string", enum=("a",)), ["b"], "not_allowed"),
        (FieldRule(type="string"), "half \ud800", "unstorable_text"),
        (FieldRule(type="object"), {"a": {"b": "\udfff"}}, "unstorable_text"),
        (FieldRule(type="object"), {"a": {1, 2}}, "not_json"),
        (FieldRule(type="object"), {1: 2}, "not_json"),
        (FieldRule(type=None), object(), "not_json"),
    ],
)
def test_each_bound_has_its_code(rule, value, code):
    assert codes(rule, value) == [code]


def test_nesting_is_bounded_without_recursion():
    deep: list = []
    for _ in range(100_000):
        deep = [deep]
    assert codes(FieldRule(type="list"), deep) == ["too_deep"]


def test_a_pattern_is_not_tried_on_very_long_text():
    assert codes(FieldRule(type="string", patterns=("(a+)+b",)), "a" * 30_000) == ["pattern"]


def test_messages_escape_control_characters():
    _, flaws = FieldRule(type="string", enum=("a",)).read("\x1b[2J")
    assert "\x1b" not in flaws[0][1]


@pytest.mark.parametrize(
    ("a", "b", "kept"),
    [
        (FieldRule(enum=("a", "b", "c")), FieldRule(enum=("c", "b")), ("b", "c")),
        (FieldRule(enum=(1, 2, 3), type="integer"), FieldRule(minimum=2), (2, 3)),
        (FieldRule(enum=("ab", "abc")), FieldRule(type="string", max_length=2), ("ab",)),
        (FieldRule(type="integer", minimum=1, maximum=9), FieldRule(minimum=4, maximum=5), (4, 5)),
        (FieldRule(type="boolean"), FieldRule(enum=(True,)), (True,)),
    ],
)
def test_narrowing_keeps_what_both_allow(a, b, kept):
    assert a.narrowed(b).values() == kept


@pytest.mark.parametrize(
    ("a", "b"),
    [
        (FieldRule(enum=("a",)), FieldRule(enum=("b",))),
        (FieldRule(minimum=3), FieldRule(maximum=2)),
        (FieldRule(type="string", min_length=3), FieldRule(max_length=2)),
        (FieldRule(type="string"), FieldRule(type="integer")),
        (FieldRule(type="string"), FieldRule(minimum=1)),
        (FieldRule(type="boolean"), FieldRule(min_length=1)),
        (FieldRule(type="integer"), FieldRule(patterns=("a",))),
        (FieldRule(type="string"), FieldRule(enum=(1, 2))),
    ],
)
def test_narrowing_to_nothing_says_so(a, b):
    with pytest.raises(ValueError, match=r"\w"):
        a.narrowed(b)


def test_narrowing_joins_patterns_and_requirements():
    rule = FieldRule(type="string", patterns=("a.*",)).narrowed(FieldRule(patterns=(".*z",), required=True))
    assert codes(rule, "a-z") == []
    assert codes(rule, "a") == ["pattern"]
    assert rule.required


@pytest.mark.parametrize(
    ("rule", "values"),
    [
        (FieldRule(type="string"), None),
        (FieldRule(type="integer", minimum=1), None),
        (FieldRule(type="integer", minimum=0, maximum=10_000), None),
        (FieldRule(type="integer", minimum=0.5, maximum=2.5), (1, 2)),
        (FieldRule(type="list", items="string", enum=("a",)), None),
    ],
)
def test_only_small_sets_are_finite(rule, values):
    assert rule.values() == values


def test_the_type_follows_from_the_enum():
    assert FieldRule.from_config(FieldConfig(enum=[1, 2])).type == "integer"
    assert FieldRule.from_config(FieldConfig(enum=[1, 2.5])).type == "number"
    assert FieldRule.from_config(FieldConfig(enum=[True])).type == "boolean"
    assert FieldRule.from_config(FieldConfig(enum=["a"])).type == "string"


@pytest.mark.parametrize(
    "config",
    [
        FieldConfig(pattern="("),
        FieldConfig(type="integer", pattern="a"),
        FieldConfig(type="integer", minimum=2, maximum=1),
        FieldConfig(enum=["long"], max_length=2),
        FieldConfig(enum=[]),
        FieldConfig(type="string", items="string"),
    ],
)
def test_a_declaration_that_nothing_satisfies_is_an_error(config):
    with pytest.raises(ConfigError):
        FieldRule.from_config(config)


def test_schema_of_a_list_puts_rules_on_the_items():
    rule = FieldRule(type="list", items="string", enum=("a", "b"), min_length=1, max_length=3)
    assert rule.schema() == {
        "type": "array",
        "items": {"type": "string", "enum": ["a", "b"]},
        "minItems": 1,
        "maxItems": 3,
    }


def test_schema_anchors_patterns_and_asks_for_text():
    rule = FieldRule(type="string", required=True, patterns=("a|b",), description="x")
    assert rule.schema() == {"type": "string", "description": "x", "minLength": 1, "pattern": "^(?:a|b)$"}
