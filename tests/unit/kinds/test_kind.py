import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seedbed.core.errors import ConfigError, InputError, UnknownNameError
from seedbed.core.records import Topic
from seedbed.kinds.fields import FieldRule
from seedbed.kinds.kind import MAX_PROBLEMS, Kind, KindError
from seedbed.kinds.rules import fold
from testkit.bounds import takes_less

TEXT = FieldRule(type="string", required=True)
LEVEL = FieldRule(type="string", enum=("easy", "hard"))
CARD = Kind(
    "card",
    {"front": TEXT, "back": TEXT, "level": LEVEL, "grade": FieldRule(type="integer", minimum=1, maximum=2)},
    balance=("level", "grade"),
    embed=("front",),
)
GOOD = {"front": "a", "back": "b", "level": "easy", "grade": 1}


def test_content_comes_in_declared_order_and_otherwise_as_it_was():
    content = CARD.validate({"grade": 1.0, "level": "easy", "back": " b \n", "front": "a"})
    assert list(content.items()) == [("front", "a"), ("back", " b \n"), ("level", "easy"), ("grade", 1)]


def test_every_problem_is_listed_with_its_field():
    found = {(p.field, p.code) for p in CARD.problems({"front": "  ", "level": "esay", "grade": "1", "bakc": "x"})}
    assert found == {
        ("front", "blank"),
        ("back", "missing"),
        ("level", "not_allowed"),
        ("grade", "wrong_type"),
        ("bakc", "unknown_field"),
    }


def test_the_error_names_kind_field_and_all_problems():
    with pytest.raises(KindError) as caught:
        CARD.validate({**GOOD, "front": 3, "bakc": "x"})
    error = caught.value
    assert isinstance(error, InputError)
    assert error.stable_code == "wrong_schema"
    assert error.place == {"kind": "card", "field": "front"}
    assert [p["field"] for p in error.to_dict()["problems"]] == ["front", "bakc"]
    assert "did you mean 'back'" in error.message


@pytest.mark.parametrize("raw", ["text", ["a"], None, 3, 2.5])
def test_what_is_no_object_is_one_problem(raw):
    assert [p.code for p in CARD.problems(raw)] == ["not_object"]


def test_null_counts_as_absent():
    plain = Kind("plain", {"a": TEXT, "b": FieldRule(type="string", default="")})
    assert plain.validate({"a": "x", "b": None}) == {"a": "x", "b": ""}
    assert [p.code for p in plain.problems({"a": None})] == ["missing"]


def test_unknown_fields_can_be_dropped_or_kept():
    assert Kind("k", {"a": TEXT}, extra="ignore").validate({"a": "x", "b": 1}) == {"a": "x"}
    assert Kind("k", {"a": TEXT}, extra="allow").validate({"a": "x", "b": [1]}) == {"a": "x", "b": [1]}
    assert [p.code for p in Kind("k", {"a": TEXT}, extra="allow").problems({"a": "x", "b": {1}})] == ["not_json"]
    many = {"a": "x"} | {f"b{i}": i for i in range(50)} | {"last": float("nan")}
    assert [p.field for p in Kind("k", {"a": TEXT}, extra="allow").problems(many)] == ["last"]


def test_thousands_of_unknown_fields_are_answered_briefly_and_soon():
    raw = {**GOOD, **{f"x{i}": "y" for i in range(50_000)}, "f" * 2_000_000: 1}
    assert takes_less(0.5, lambda: CARD.problems(raw))  # about 0.02
    problems = CARD.problems(raw)
    assert len(problems) == MAX_PROBLEMS
    assert all(len(p.message) < 400 for p in problems)


def test_balanced_fields_become_required():
    assert [p.field for p in CARD.problems({"front": "a", "back": "b"})] == ["level", "grade"]


def test_cells_are_all_legal_combinations_sorted_by_field():
    assert CARD.cells() == [
        (("grade", 1), ("level", "easy")),
        (("grade", 1), ("level", "hard")),
        (("grade", 2), ("level", "easy")),
        (("grade", 2), ("level", "hard")),
    ]


def test_a_topic_narrows_cells_schema_and_content():
    rules = fold([Topic("a", meta={"fields": {"level": ["hard"]}}), Topic("a/b", meta={"fields": {"grade": 2}})])
    assert CARD.cells(rules) == [(("grade", 2), ("level", "hard"))]
    assert CARD.json_schema(rules)["properties"]["level"]["enum"] == ["hard"]
    assert [p.field for p in CARD.problems(GOOD, rules)] == ["level", "grade"]
    assert CARD.describe(rules)["fields"]["grade"]["enum"] == [2]


def test_a_contradiction_leaves_no_cell_and_accepts_nothing():
    rules = fold([Topic("a", meta={"fields": {"level": ["other"]}})])
    assert CARD.cells(rules) == []
    assert [p.code for p in CARD.problems(GOOD, rules)] == ["not_allowed"]


def test_without_balance_there_is_one_cell():
    plain = Kind("plain", {"a": TEXT})
    assert plain.cells() == [()]
    assert plain.cell_label({"a": "x"}) == ""


def test_the_cell_of_content_is_one_of_the_cells():
    assert CARD.cell_of(GOOD) in CARD.cells()
    assert CARD.cell_label(GOOD) == "grade=1,level=easy"


def test_embedded_fields_are_joined_and_default_to_free_text():
    assert CARD.embed_text(GOOD) == "a"
    assert Kind("k", {"a": TEXT, "b": TEXT, "l": LEVEL}).embed_text({"a": "x", "b": "y", "l": "easy"}) == "x\ny"
    two = Kind("k", {"a": TEXT, "o": FieldRule(type="object")}, embed=("a", "o"))
    assert two.embed_text({"a": "x", "o": {"b": 1, "a": 2}}) == 'x\n{"a":2,"b":1}'
    assert two.embed_text({}) == ""


def test_a_schema_for_a_writer_holds_the_asked_fields_all_required():
    schema = CARD.json_schema(fields=["back", "front"])
    assert list(schema["properties"]) == schema["required"] == ["back", "front"]
    assert schema["additionalProperties"] is False
    with pytest.raises(UnknownNameError):
        CARD.json_schema(fields=["bakc"])


def test_unknown_and_infinite_balance_fields_are_refused():
    with pytest.raises(UnknownNameError):
        Kind("k", {"a": TEXT}, balance=("b",))
    with pytest.raises(UnknownNameError):
        Kind("k", {"a": TEXT}, embed=("b",))
    with pytest.raises(ConfigError, match="finite"):
        Kind("k", {"a": TEXT}, balance=("a",))
    with pytest.raises(ConfigError, match="no fields"):
        Kind("k", {})


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


@given(JSON | st.fixed_dictionaries({"front": JSON, "back": JSON, "level": JSON, "grade": JSON}))
def test_reading_never_raises_and_what_it_accepts_stays_the_same(raw):
    content, problems = CARD.read(raw)
    assert (content is None) == bool(problems)
    if content is not None:
        assert CARD.read(json.loads(json.dumps(content))) == (content, [])


@given(st.sampled_from(CARD.cells()), st.text(min_size=1).filter(lambda t: t.strip()))
def test_every_cell_can_be_written(cell, text):
    try:
        text.encode()
    except UnicodeEncodeError:
        return
    content = CARD.validate({"front": text, "back": text, **dict(cell)})
    assert CARD.cell_of(content) == cell
