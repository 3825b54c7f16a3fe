import pytest

from seedbed.core.errors import TopicError, UnknownNameError
from seedbed.core.records import Topic
from seedbed.kinds.load import load_kind
from seedbed.kinds.rules import check_rules, fold, fold_tree


def topic(path: str, **fields) -> Topic:
    return Topic(path, meta={"fields": fields} if fields else {})


def test_topics_without_rules_say_nothing():
    assert not fold([topic("a"), topic("a/b")])
    assert not fold([])


def test_rules_along_a_path_are_a_conjunction():
    rules = fold(
        [
            topic("a", difficulty=["easy", "medium"], answer={"max_length": 100}),
            topic("a/b", difficulty={"enum": ["medium", "hard"]}, answer={"max_length": 200, "min_length": 5}),
        ]
    )
    assert rules.fields["difficulty"].enum == ("medium",)
    assert (rules.fields["answer"].min_length, rules.fields["answer"].max_length) == (5, 100)
    assert rules.path == "a/b"


def test_a_scalar_is_short_for_one_value():
    assert fold([topic("a", difficulty="easy")]).fields["difficulty"].enum == ("easy",)


def test_narrowing_does_not_make_an_optional_field_required_unless_it_says_so():
    qa = load_kind("qa")
    entry = {"question": "Why?", "answer": "So."}
    assert not qa.problems(entry, fold([topic("a", difficulty=["easy"])]))
    strict = fold([topic("a", difficulty={"enum": ["easy"], "required": True})])
    assert [p.code for p in qa.problems(entry, strict)] == ["missing"]


@pytest.mark.parametrize(
    "fields",
    [
        "easy",
        {"difficulty": {"enmu": ["easy"]}},
        {"difficulty": None},
        {"answer": {"pattern": "("}},
        {"answer": {"max_length": "x"}},
    ],
)
def test_a_malformed_rule_names_topic_and_place(fields):
    with pytest.raises(TopicError) as caught:
        fold([Topic("a/b", meta={"fields": fields})])
    assert caught.value.place["topic"] == "a/b"


def test_topics_that_exclude_each_other_are_refused():
    with pytest.raises(TopicError, match="difficulty") as caught:
        fold([topic("a", difficulty=["easy"]), topic("a/b", difficulty=["hard"])])
    assert caught.value.stable_code == "impossible_rule"
    assert caught.value.place == {"topic": "a/b", "field": "difficulty"}


def test_a_tree_is_checked_against_the_kind():
    qa = load_kind("qa")
    check_rules(qa, [topic("a", difficulty=["easy"]), topic("a/b", difficulty="easy"), topic("c")])
    with pytest.raises(TopicError, match="extreme"):
        check_rules(qa, [topic("a"), topic("a/b", difficulty=["extreme"])])
    with pytest.raises(TopicError, match="not apply"):
        check_rules(qa, [topic("a", question={"minimum": 1})])


def test_a_rule_for_a_field_that_is_not_there_names_near_ones():
    with pytest.raises(UnknownNameError) as caught:
        check_rules(load_kind("qa"), [topic("a", dificulty=["easy"])])
    assert caught.value.near == ["difficulty"]
    assert caught.value.place == {"topic": "a", "field": "dificulty"}


def test_a_topic_cannot_make_a_required_field_optional():
    loose = {"enum": ["easy"], "required": False}
    with pytest.raises(TopicError, match="cannot be optional") as caught:
        fold([topic("a", difficulty={"required": True}), topic("a/b", difficulty=loose)])
    assert caught.value.stable_code == "impossible_rule"
    with pytest.raises(TopicError, match="kind 'qa' requires it"):
        check_rules(load_kind("qa"), [topic("a", question={"required": False})])
    check_rules(load_kind("qa"), [topic("a", difficulty=loose)])


def test_a_field_that_is_forbidden_above_cannot_be_required_below():
    with pytest.raises(TopicError, match="both required and forbidden"):
        fold([topic("a", difficulty={"forbidden": True}), topic("a/b", difficulty={"required": True})])
    with pytest.raises(TopicError, match="both required and forbidden"):
        check_rules(load_kind("qa"), [topic("a", question={"forbidden": True})])


def test_a_forbidden_field_is_a_problem_and_is_not_asked_for():
    qa, rules = load_kind("qa"), fold([topic("a", difficulty={"forbidden": True})])
    entry = {"question": "Why?", "answer": "So."}
    assert qa.problems(entry, rules) == []
    assert [p.code for p in qa.problems({**entry, "difficulty": "easy"}, rules)] == ["forbidden"]
    assert "difficulty" not in qa.json_schema(rules)["properties"]
    assert qa.describe(rules)["fields"]["difficulty"]["forbidden"]


def test_a_whole_tree_is_folded_as_each_of_its_paths_is():
    tree = [topic("a", difficulty=["easy", "hard"]), topic("a/b", difficulty="hard"), topic("a/b/c"), topic("d")]
    rules, wrong = fold_tree(tree)
    assert wrong == {}
    assert rules["a/b/c"].fields == fold(tree[:3]).fields
    assert (rules["a/b"].path, rules["d"].fields) == ("a/b", {})


def test_a_contradiction_is_told_for_everything_below_it():
    rules, wrong = fold_tree([topic("a", difficulty="easy"), topic("a/b", difficulty="hard"), topic("a/b/c")])
    assert set(rules) == {"a"}
    assert {path: error.place["topic"] for path, error in wrong.items()} == {"a/b": "a/b", "a/b/c": "a/b"}


def test_only_the_topics_that_matter_are_checked():
    tree = [topic("old", nowhere=["x"]), topic("new", difficulty=["easy"])]
    check_rules(load_kind("qa"), tree, only={"new"})
    with pytest.raises(UnknownNameError):
        check_rules(load_kind("qa"), tree)
