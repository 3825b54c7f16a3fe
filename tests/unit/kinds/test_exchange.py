"""What an entry asks and answers, and back: the part of a round trip that knows kinds."""

from __future__ import annotations

import pytest

from seedbed.core.errors import InputError
from seedbed.kinds.exchange import Exchange, content_of, exchange_of, read_worked, turn_names
from testkit.exchanges import CALL, CONTENTS, TOOL


@pytest.mark.parametrize("content", CONTENTS.values(), ids=CONTENTS)
def test_an_entry_comes_back_as_it_went(content):
    fields = [*content, *(["function", "answer"] if "calls" in content else [])]
    assert content_of(exchange_of(content, "k"), fields, "k") == content


def test_what_is_beside_joins_the_question_where_the_kind_has_no_place_for_it():
    exchange = exchange_of(CONTENTS["instruction"], "instruction")
    assert content_of(exchange, ["question", "answer"], "qa") == {"question": "Add.\n\n1 and 2", "answer": "3"}


def test_steps_are_lines_and_the_last_one_is_marked():
    assert exchange_of(CONTENTS["math"], "math").answer == "1 + 1 = 2\nSo it is 2 km.\n#### 2 km"


@pytest.mark.parametrize(
    ("text", "worked"),
    [
        ("So 5.\n#### 5", {"steps": ["So 5."], "answer": "5"}),
        ("a\n\n b \n#### 1,234.5 km/h", {"steps": ["a", "b"], "answer": "1234.5", "unit": "km/h"}),
        ("a\n#### $12", {"steps": ["a"], "answer": "12"}),
        ("a\n#### -3/4", {"steps": ["a"], "answer": "-3/4"}),
        ("a\n#### none", {"steps": ["a"], "answer": "none"}),
        ("#### 5", {}),
        ("it is 5", {}),
        ("in a heading #### 5", {}),
    ],
)
def test_worked_solutions_are_taken_apart(text, worked):
    assert read_worked(text) == worked


@pytest.mark.parametrize(
    ("content", "field"),
    [
        ({"question": "Why?"}, "answer"),
        ({"question": "Why?", "answer": " "}, "answer"),
        ({"question": 3, "answer": "x"}, "question"),
        ({"note": "x"}, "question"),
        ({"input": "x", "criteria": ["y"]}, "expected"),
        ({"prompt": "x", "chosen": "", "rejected": "y"}, "chosen"),
        ({"query": "x", "tools": [TOOL], "calls": []}, "answer"),
        ({"query": "x", "tools": [TOOL], "calls": ["light()"]}, "calls"),
        ({"query": "x", "tools": "light", "calls": [CALL]}, "tools"),
    ],
)
def test_what_is_no_exchange_names_the_field(content, field):
    with pytest.raises(InputError) as caught:
        exchange_of(content, "k")
    assert caught.value.place["field"] == field


@pytest.mark.parametrize(
    ("exchange", "fields"),
    [
        (Exchange("q", answer="a", rejected="b"), ["question", "answer"]),
        (Exchange("q", calls=(CALL,)), ["question", "answer"]),
        (Exchange("q", answer="a"), ["prompt", "chosen", "rejected"]),
        (Exchange("q", answer="a"), ["frage", "antwort"]),
    ],
)
def test_a_kind_without_a_place_for_it_says_so(exchange, fields):
    with pytest.raises(InputError, match="has no fields"):
        content_of(exchange, fields, "k")


def test_pairs_are_fields_only_together():
    assert turn_names(["text", "label", "channel"]) == ("text", "label")
    assert turn_names(["source", "text"]) == ("source", "text")
    assert turn_names(["question", "text"]) == ("question", "")
    assert turn_names(["a"]) == ("", "")
