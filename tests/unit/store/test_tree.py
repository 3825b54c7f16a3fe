from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest

from seedbed.core.errors import InputError, TopicError
from seedbed.core.records import Topic
from seedbed.store.tree import doubts, parse_tree, read_tree, tree_from_text


def topics_of(tree: Any) -> list[Topic]:
    return [said.of(Topic(said.path)) for said in parse_tree(tree)]


def test_every_form_of_a_topic_is_read() -> None:
    tree = {
        "rome": {
            "_description": " the city ",
            "_target": 40,
            "_weight": 2,
            "_aspects": ["army"],
            "_fields": {"difficulty": ["easy"]},
            "_audience": "pupils",
            "republic": "offices and wars",
            "empire": {},
            "later": None,
        },
        "greece": ["athens", {"sparta": "soldiers"}],
        2024: {"_meta": {"target": 3, "note": "x"}},
    }
    meta = {"aspects": ["army"], "fields": {"difficulty": ["easy"]}, "audience": "pupils"}
    assert topics_of(tree) == [
        Topic("rome", "the city", 40, 2.0, meta),
        Topic("rome/republic", "offices and wars"),
        Topic("rome/empire"),
        Topic("rome/later"),
        Topic("greece"),
        Topic("greece/athens"),
        Topic("greece/sparta", "soldiers"),
        Topic("2024", target=3, meta={"note": "x"}),
    ]


def test_a_bare_list_names_leaves() -> None:
    assert topics_of(["a", "b"]) == [Topic("a"), Topic("b")]
    assert parse_tree({}) == []


@pytest.mark.parametrize(
    ("tree", "place"),
    [
        ("text", {}),
        (None, {}),
        ({"_target": 3}, {"field": "_target"}),
        ({"a": {"b": 5}}, {"topic": "a/b"}),
        ({"a": {"_target": "many"}}, {"topic": "a", "field": "_target"}),
        ({"a": {"_target": True}}, {"topic": "a", "field": "_target"}),
        ({"a": {"_target": -1}}, {"topic": "a", "field": "_target"}),
        ({"a": {"_weight": float("inf")}}, {"topic": "a", "field": "_weight"}),
        ({"a": {"_weight": "heavy"}}, {"topic": "a", "field": "_weight"}),
        ({"a": {"_description": []}}, {"topic": "a", "field": "_description"}),
        ({"a": {"_aspects": "army"}}, {"topic": "a", "field": "_aspects"}),
        ({"a": {"_aspects": [1]}}, {"topic": "a", "field": "_aspects"}),
        ({"a": {"_fields": ["x"]}}, {"topic": "a", "field": "_fields"}),
        ({"a": {"_meta": 1}}, {"topic": "a", "field": "_meta"}),
        ({"a": {"": {}}}, {"topic": "a/"}),
        ({"a": {"b/c": {}}}, {"topic": "a"}),
        ({"a": {True: {}}}, {"topic": "a"}),
        ({"a": [["b"]]}, {"topic": "a"}),
        ({"a": ["b", "b"]}, {"topic": "a/b"}),
    ],
)
def test_what_is_wrong_is_said_with_its_place(tree: Any, place: dict[str, str]) -> None:
    with pytest.raises(TopicError) as caught:
        parse_tree(tree)
    assert caught.value.place == place


def test_a_tree_that_contains_itself_ends() -> None:
    tree: dict[str, Any] = {}
    tree["a"] = tree
    with pytest.raises(TopicError, match="levels"):
        parse_tree(tree)


@pytest.mark.parametrize("text", ['{"a": {"b": {}}}', "a:\n  b: {}\n", "\ufeffa:\n  b: {}\n"])
def test_files_are_json_or_yaml(tmp_path: Path, text: str) -> None:
    (tmp_path / "tree").write_text(text, encoding="utf-8")
    assert read_tree(tmp_path / "tree") == {"a": {"b": {}}}


BROKEN = [
    b"a: [b\nc: d",
    b"\xff\xfe\x00",
    b"!!python/object:os.system {}",
    b"[" * 9_999 + b"]" * 9_999,
    b"a: 2024-99-99",
    b"a\x00b",
]


@pytest.mark.parametrize("data", BROKEN)
def test_a_file_that_is_neither_is_named(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "tree").write_bytes(data)
    with pytest.raises(InputError) as caught:
        read_tree(tmp_path / "tree")
    assert caught.value.place["file"].endswith("tree")


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot read"):
        read_tree(tmp_path / "no")


@pytest.mark.parametrize(
    ("text", "row"),
    [
        ('{"a": {"b": {},\n "b": {}}}', 2),
        ("a:\n  b: {}\n  b: {}\n", 3),
        ("a: {}\n'a': {}\n", 2),
        ('{"a":\t{"b": {},\t"b": {}}}', None),
    ],
)
def test_a_key_that_stands_twice_is_refused_with_its_row(text: str, row: int | None) -> None:
    with pytest.raises(InputError, match="twice") as caught:
        tree_from_text(text, "tree")
    assert caught.value.stable_code == "duplicate_key"
    assert caught.value.place.get("row") in (row, 1)


def test_anchors_and_merge_keys_are_no_duplicates() -> None:
    tree = "base: &b {x: {}}\none:\n  <<: *b\n  y: {}\ntwo:\n  <<: *b\nlist: [a, a2]\n"
    assert tree_from_text(tree, "tree")["one"] == {"x": {}, "y": {}}


@pytest.mark.parametrize("value", [float("nan"), date(2024, 1, 1), {"deep": [float("inf")]}])
def test_meta_that_json_cannot_hold_is_refused(value: Any) -> None:
    with pytest.raises(TopicError, match="meta of topic 'a'"):
        parse_tree({"a": {"_since": value}})


@pytest.mark.parametrize(
    ("tree", "said"),
    [
        ({}, "the tree names no topics"),
        ({"a": {"_desciption": "x"}}, "_desciption of topic 'a' is kept as meta; did you mean _description?"),
        ({"a": {"_Fields": {}}}, "_Fields of topic 'a' is kept as meta; did you mean _fields?"),
        ({"a": {"description": "x"}}, "'a/description' is a topic now; did you mean _description?"),
        ({"a": {"fields": {"difficulty": ["easy"]}}}, "'a/fields' is a topic now; did you mean _fields?"),
        ({"a": {"children": {"b": {}}}}, "'a/children' is a topic now; did you mean its subtopics as keys of 'a'?"),
    ],
)
def test_what_is_probably_a_slip_is_told(tree: Any, said: str) -> None:
    assert doubts(parse_tree(tree)) == [said]


def test_what_is_the_users_own_is_no_slip() -> None:
    own = {"farm": {"_audience": "x", "_since": "y", "fields": {}}, "description": "of things", "children": {"b": {}}}
    assert doubts(parse_tree(own)) == []


def test_many_slips_are_told_in_short() -> None:
    told = doubts(parse_tree({f"t{i}": {"_targets": 3} for i in range(200)}))
    assert len(told) == 6 and told[-1] == "195 more of the kind"
