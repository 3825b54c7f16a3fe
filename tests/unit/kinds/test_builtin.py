import pytest

from seedbed.core import plugins
from seedbed.kinds.load import load_kind


@pytest.mark.parametrize("name", ["qa", "instruction"])
def test_built_in_kinds_describe_every_field(name):
    kind = load_kind(name)
    assert kind.description
    assert all(rule.description for rule in kind.fields.values())
    assert name in plugins.names("kinds")


@pytest.mark.parametrize("name", ["qa", "instruction"])
def test_difficulty_is_optional_with_three_values(name):
    rule = load_kind(name).fields["difficulty"]
    assert (rule.required, rule.values()) == (False, ("easy", "medium", "hard"))


def test_the_schema_asks_for_a_question_and_an_answer_only():
    schema = load_kind("qa").json_schema(fields=["question", "answer"])
    assert schema["required"] == ["question", "answer"]
    assert schema["properties"]["answer"]["minLength"] == 1
