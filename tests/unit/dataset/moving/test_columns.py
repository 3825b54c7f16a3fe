import json

import pytest

from seedbed.core.errors import InputError, NotFoundError, UnknownNameError
from seedbed.core.records import Origin
from seedbed.dataset.moving.columns import Columns, lookup, read_topic_map, typed
from seedbed.kinds.fields import FieldRule
from seedbed.kinds.kind import Kind
from seedbed.sources.row import RowResult

KIND = Kind(
    "fact",
    {
        "question": FieldRule("string", required=True),
        "answer": FieldRule("string", required=True),
        "level": FieldRule("integer"),
        "sure": FieldRule("boolean"),
        "tags": FieldRule("list", items="string"),
        "share": FieldRule("number"),
    },
)


def columns(**changes):
    return Columns(KIND, Origin("import"), **{"topic": "a", **changes})


def candidate(data, path="rows.jsonl", split=None, **changes):
    return columns(**changes).candidate(RowResult(3, data), path, split)


def test_fields_go_by_their_names_and_the_rest_is_kept_beside():
    found = candidate({"question": "q", "answer": "a", "page": 7, "note": None, "mark": ""})
    assert (found.raw, found.meta) == ({"question": "q", "answer": "a"}, {"page": 7})
    assert found.place == {"file": "rows.jsonl", "row": 3}


def test_a_mapping_looks_into_lists_and_objects():
    row = {"messages": [{"content": "q"}, {"content": "a"}], "question": "not this"}
    found = candidate(row, mapping={"messages.0.content": "question", "messages.-1.content": "answer"})
    assert found.raw == {"question": "q", "answer": "a"}
    assert found.meta["messages"] == row["messages"]
    assert found.meta["question"] == "not this"


@pytest.mark.parametrize("name", ["messages.5.content", "messages.x", "none", "messages.0.content.deep", "."])
def test_a_place_that_is_not_there_is_none(name):
    assert lookup({"messages": [{"content": "q"}]}, name) is lookup({}, "anything")


def test_a_mapped_column_is_no_other_field():
    found = candidate({"answer": "q", "reply": "a"}, mapping={"answer": "question", "reply": "answer"})
    assert found.raw == {"question": "q", "answer": "a"}


@pytest.mark.parametrize(
    ("row", "changes", "topic"),
    [
        ({"topic": "b"}, {}, "b"),
        ({}, {}, "a"),
        ({"topic": ""}, {}, "a"),
        ({"class": "x"}, {"topic_column": "class"}, "x"),
        ({"class": 3}, {"topic_column": "class"}, "3"),
        ({"class": "x"}, {"topic_column": "class", "topic_map": {"x": "m/x"}}, "m/x"),
        ({"class": "y"}, {"topic_column": "class", "topic_map": {"x": "m/x", "*": "m/other"}}, "m/other"),
        ({"class": "y"}, {"topic_column": "class", "topic_map": {"x": "m/x"}}, "y"),
        ({"info": {"class": "x"}}, {"topic_column": "info.class"}, "x"),
    ],
)
def test_a_row_names_its_topic(row, changes, topic):
    found = candidate({"question": "q", "answer": "a", **row}, **changes)
    assert found.topic == topic
    assert "class" not in found.meta


def test_without_any_topic_the_row_is_wrong():
    assert candidate({"question": "q"}, topic=None).stable_code == "no_topic"
    assert isinstance(candidate({"topic": ["a"]}), InputError)


def test_the_split_is_kept():
    assert candidate({"question": "q"}, split="test").meta == {"split": "test"}
    assert candidate({"question": "q", "part": "dev"}, split="test", split_column="part").meta == {"split": "dev"}


@pytest.mark.parametrize(
    ("text", "field", "value"),
    [
        ("3", "level", 3),
        ("-3", "level", -3),
        ("3.5", "level", "3.5"),
        ("3.0", "level", 3),
        (".0", "level", ".0"),
        ("9" * 5000, "level", "9" * 5000),
        ("2.5", "share", 2.5),
        ("2.0", "share", 2.0),
        ("nan", "share", "nan"),
        ("1e999", "share", "1e999"),
        ("Yes", "sure", True),
        ("0", "sure", False),
        ("maybe", "sure", "maybe"),
        ('["x"]', "tags", ["x"]),
        ("[x", "tags", "[x"),
        ("", "answer", None),
        ("12", "answer", "12"),
        (7, "answer", 7),
    ],
)
def test_cells_of_text_become_what_the_field_wants(text, field, value):
    assert typed(text, KIND.fields[field]) == value


def test_only_files_that_know_nothing_but_text_are_converted():
    assert candidate({"level": "3"}, "rows.csv").raw == {"level": 3}
    assert candidate({"level": "3"}, "rows.jsonl").raw == {"level": "3"}


def test_a_mistyped_column_is_found_before_the_first_row():
    rows = [RowResult(1, {"frage": "q"})]
    with pytest.raises(UnknownNameError) as caught:
        columns(mapping={"farge": "question"}).look(rows, "a.csv")
    assert caught.value.near == ["frage"]


def test_a_topic_map_is_json_or_yaml(tmp_path):
    (tmp_path / "a.json").write_text(json.dumps({"1": "a/b"}), encoding="utf-8")
    (tmp_path / "a.yaml").write_text("1: a/b\n'*': rest\n", encoding="utf-8")
    assert read_topic_map(tmp_path / "a.json") == {"1": "a/b"}
    assert read_topic_map(tmp_path / "a.yaml") == {"1": "a/b", "*": "rest"}
    (tmp_path / "b.yaml").write_text("- a\n", encoding="utf-8")
    (tmp_path / "c.yaml").write_text("{", encoding="utf-8")
    for name, error in (("b.yaml", InputError), ("c.yaml", InputError), ("d.yaml", NotFoundError)):
        with pytest.raises(error):
            read_topic_map(tmp_path / name)


def test_a_value_stands_in_where_a_row_has_none():
    found = candidate({"question": "q", "answer": "a", "level": None}, values={"level": "3", "answer": "b"})
    assert found.raw == {"question": "q", "answer": "a", "level": 3}


def test_a_column_of_numbers_becomes_text_where_text_is_wanted():
    at = columns(mapping={"n": "answer"})
    rows = [RowResult(i, {"question": "q", "n": n, "level": 3, "sure": True}) for i, n in ((1, 7), (2, None), (3, 2.5))]
    at.look(rows, "rows.jsonl")
    found = [at.candidate(row, "rows.jsonl").raw for row in rows]
    assert [raw.get("answer") for raw in found] == ["7", None, "2.5"]
    assert (found[0]["level"], found[0]["sure"]) == (3, True)
    assert at.read_as == {"answer: number → text": 2}


def test_a_number_among_texts_is_a_wrong_value():
    at = columns()
    rows = [RowResult(1, {"question": "q", "answer": "seven"}), RowResult(2, {"question": True, "answer": 7})]
    at.look(rows, "rows.jsonl")
    assert at.candidate(rows[1], "rows.jsonl").raw == {"question": True, "answer": 7}
    assert at.read_as == {}


def test_json_text_of_a_list_is_the_list_in_any_file():
    assert candidate({"tags": '["a"]', "level": "3"}).raw == {"tags": ["a"], "level": "3"}


def test_columns_of_the_kind_go_before_a_conversation():
    chat = [{"role": "user", "content": "other"}, {"role": "assistant", "content": "other"}]
    found = candidate({"question": "q", "answer": "a", "messages": chat})
    assert (found.raw, found.meta) == ({"question": "q", "answer": "a"}, {"messages": chat})
    mapped = candidate({"messages": chat, "reply": "a"}, mapping={"reply": "answer"})
    assert mapped.raw == {"question": "other", "answer": "a"}


def test_turns_after_the_exchange_are_kept_beside():
    call = {"id": "c", "type": "function", "function": {"name": "f", "arguments": "{}"}}
    turns = [
        {"role": "user", "content": "q"},
        {"role": "assistant", "content": None, "tool_calls": [call]},
        {"role": "tool", "content": "1"},
    ]
    tools = [{"name": "f", "parameters": {"type": "object"}}]
    rules = {n: FieldRule(t, required=True) for n, t in (("query", "string"), ("tools", "list"), ("calls", "list"))}
    at = Columns(Kind("calling", rules), Origin("import"), topic="a")
    found = at.candidate(RowResult(1, {"messages": turns, "tools": tools}), "rows.jsonl")
    assert found.raw["calls"] == [{"name": "f", "arguments": {}}]
    assert found.meta == {"messages": turns}


def test_the_name_of_the_kind_is_no_news():
    assert candidate({"question": "q", "answer": "a", "kind": "fact"}).meta == {}
    assert candidate({"question": "q", "answer": "a", "kind": "qa"}).meta == {"kind": "qa"}


def test_cells_of_a_packed_table_are_text_too():
    assert candidate({"question": "q", "answer": "a", "level": "3"}, path="x.csv.gz").raw["level"] == 3
