import re

import pytest

from seedbed.providers.grammar import gbnf_pattern, grammar_form


@pytest.mark.parametrize(
    ("pattern", "fitted"),
    [
        (r"^\d{4}-\d\d$", "^[0-9]{4}-[0-9][0-9]$"),
        (r"^[\w ]+\.$", r"^[A-Za-z0-9_ ]+\.$"),
        ("^(?:a|b)$", "^(a|b)$"),
        (r"^a\/b$", "^a/b$"),
        (r"^[ab]\?$", r"^[ab]\?$"),
    ],
)
def test_a_pattern_is_put_into_the_converters_words(pattern, fitted):
    assert gbnf_pattern(pattern) == fitted


@pytest.mark.parametrize("pattern", ["^.{2}$", "^[^x]{2}$"])
def test_what_matches_anything_spares_what_json_would_escape(pattern):
    fitted = gbnf_pattern(pattern)
    assert re.fullmatch(fitted, "ab")
    assert not re.search(fitted, 'a"')
    assert not re.search(fitted, "a\\")
    assert not re.search(fitted, "a\n")


@pytest.mark.parametrize(
    "pattern", ["abc", "^abc", r"^\bx$", "^(?=a)b$", "^(?i)b$", r"^\p{L}$", "^a{3000}$", "^a$|^b$", r"^(a)\1$", r"^a\$"]
)
def test_what_has_no_counterpart_is_left_out(pattern):
    assert gbnf_pattern(pattern) is None
    schema = {"type": "string", "pattern": pattern, "maxLength": 9}
    assert grammar_form(schema) == {"type": "string", "maxLength": 9}


def test_limits_are_fitted_at_any_depth_and_names_are_left_alone():
    text = {"type": "string", "pattern": "^\\d$", "minLength": 5000, "title": "T"}
    schema = {
        "type": "object",
        "properties": {"pattern": text, "rows": {"type": "array", "items": text, "maxItems": 9000}},
        "$defs": {"x": {"anyOf": [text, {"enum": ["^a", "b"]}]}},
        "required": ["pattern"],
    }
    fitted = {"type": "string", "pattern": "^[0-9]$"}
    assert grammar_form(schema) == {
        "type": "object",
        "properties": {"pattern": fitted, "rows": {"type": "array", "items": fitted}},
        "$defs": {"x": {"anyOf": [fitted, {"enum": ["^a", "b"]}]}},
        "required": ["pattern"],
    }
    assert schema["properties"]["pattern"] is text
