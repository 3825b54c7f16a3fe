"""The kinds that come with Seedbed: what they hold, and what they refuse with which words."""

import json

import pytest

from seedbed.core import plugins
from seedbed.core.config import KindConfig, ProjectConfig
from seedbed.core.records import Topic
from seedbed.kinds.load import load_kind
from seedbed.kinds.rules import fold

NAMES = ("qa", "instruction", "classification", "tool_use", "rag", "paraphrase", "preference", "math", "eval_case")
WEATHER = {
    "name": "get_weather",
    "description": "Weather of a city.",
    "parameters": {
        "type": "object",
        "properties": {"city": {"type": "string"}, "days": {"type": "integer", "minimum": 1}},
        "required": ["city"],
    },
}


def said(kind, content, rules=None):
    """All problems of ``content`` in one text."""
    return "; ".join(p.message for p in load_kind(kind).problems(content, rules))


def use(*calls, **changes):
    """A tool-use entry with these calls of ``get_weather``."""
    row = {"query": "Will it rain in Rome?", "tools": [WEATHER], "calls": list(calls), "function": "get_weather"}
    return {k: v for k, v in (row | changes).items() if v is not None}


def weather(**arguments):
    return {"name": "get_weather", "arguments": arguments}


@pytest.mark.parametrize("name", NAMES)
def test_built_in_kinds_describe_every_field(name):
    kind = load_kind(name)
    assert kind.description
    assert all(rule.description for rule in kind.fields.values())
    assert name in plugins.names("kinds")


@pytest.mark.parametrize("name", ["qa", "instruction", "math", "eval_case"])
def test_difficulty_is_optional_with_three_values(name):
    rule = load_kind(name).fields["difficulty"]
    assert (rule.required, rule.values()) == (False, ("easy", "medium", "hard"))


def test_the_schema_asks_for_a_question_and_an_answer_only():
    schema = load_kind("qa").json_schema(fields=["question", "answer"])
    assert schema["required"] == ["question", "answer"]
    assert schema["properties"]["answer"]["minLength"] == 1


def test_a_label_is_balanced_once_the_project_names_its_values():
    adjusted = KindConfig.model_validate({"fields": {"label": {"enum": ["spam", "ham"]}}, "balance": ["label"]})
    kind = load_kind("classification", ProjectConfig(kinds={"classification": adjusted}))
    assert kind.cells() == [(("label", "spam"),), (("label", "ham"),)]
    assert "'eggs', not one of 'spam', 'ham'" in kind.problems({"text": "Buy now!", "label": "eggs"})[0].message


# -- tool use ------------------------------------------------------------------------------------------------------


def test_a_bare_definition_and_a_wrapped_one_become_the_same():
    kind = load_kind("tool_use")
    bare, wrapped = (
        kind.validate(use(weather(city="Rome"), tools=[tool]))
        for tool in (WEATHER, {"type": "function", "function": WEATHER})
    )
    assert bare == wrapped
    assert bare["tools"] == [{"type": "function", "function": WEATHER}]
    assert bare["calls"] == [{"name": "get_weather", "arguments": {"city": "Rome"}}]


def test_arguments_stay_json_of_their_own_types():
    content = load_kind("tool_use").validate(use(weather(city="Rome", days=2)))
    assert json.loads(json.dumps(content))["calls"][0]["arguments"] == {"city": "Rome", "days": 2}


@pytest.mark.parametrize(
    ("call", "why"),
    [
        ({"name": "get_weather", "arguments": "{'city': 'Rome'}"}, "should be an object"),
        ({"name": "get_wether", "arguments": {}}, "'get_wether' is not among the tools: 'get_weather'"),
        (weather(), "city is missing"),
        (weather(city=3), "city is 3, not of type string"),
        (weather(city="Rome", days="2"), "days is '2', not of type integer"),
        (weather(city="Rome", days=True), "days is True, not of type integer"),
        (weather(city="Rome", days=0), "days is 0, less than 1"),
        (weather(city="Rome", town="Rome"), "'town' is not a parameter"),
        ({"name": "get_weather", "arguments": {"city": "Rome"}, "id": 1}, "calls.0.id"),
    ],
)
def test_a_call_that_does_not_fit_its_tool_is_refused(call, why):
    assert why in said("tool_use", use(call))


def test_a_call_without_any_tools_says_so():
    assert "'get_weather' is called, but tools is empty" in said("tool_use", use(weather(city="Rome"), tools=[]))


@pytest.mark.parametrize(
    ("row", "why"),
    [
        (use(weather(city="Rome"), function=None), "function is missing; the first call is of 'get_weather'"),
        (use(weather(city="Rome"), function="get_time"), "function is 'get_time'; the first call"),
        (use(function=None), "answer is missing"),
        (use(answer="I cannot."), "function is 'get_weather', but calls is empty"),
        (use(weather(city="Rome"), tools=[]), "fewer than 1"),
        (use(weather(city="Rome"), tools=[{"name": " "}]), "its name is a text"),
        (use(weather(city="Rome"), tools=[{"name": "x", "inputSchema": {}}]), "'inputSchema'"),
        (use(weather(city="Rome"), tools=[{"name": "x", "parameters": {"properties": 3}}]), "JSON schema of an object"),
    ],
)
def test_function_calls_and_answer_go_together(row, why):
    assert why in said("tool_use", row)


def test_no_call_needs_an_answer_alone():
    assert said("tool_use", use(function=None, answer="I cannot see the sky.")) == ""


def test_a_topic_narrows_the_function():
    rules = fold([Topic("home", meta={"fields": {"function": {"enum": ["set_light"], "required": True}}})])
    assert "'get_weather', not one of 'set_light'" in said("tool_use", use(weather(city="Rome")), rules)


def test_nested_arguments_are_looked_at_as_their_schema_says():
    item = {"type": "object", "properties": {"size": {"enum": ["s", "l"]}}, "additionalProperties": False}
    props = {
        "items": {"type": "array", "items": item, "maxItems": 2},
        "note": {"anyOf": [{"type": "null"}, {"const": 1}]},
    }
    tool = {"name": "order", "parameters": {"type": "object", "properties": props}}

    def why(**arguments):
        return said("tool_use", use({"name": "order", "arguments": arguments}, tools=[tool], function="order"))

    assert why(items=[{"size": "l"}], note=None) == ""
    assert "items[1].size is 'm', not one of 's', 'l'" in why(items=[{"size": "s"}, {"size": "m"}])
    assert "items is more than 2" in why(items=[{}, {}, {}])
    assert "note fits none of its 2 forms" in why(note="x")


@pytest.mark.parametrize("depth", [40, 60])
def test_hostile_schemas_and_arguments_end(depth):
    schema, value = {"type": "object"}, {}
    for _ in range(depth // 2):
        schema, value = {"type": "object", "properties": {"a": schema}}, {"a": value}
    row = use({"name": "x", "arguments": value}, tools=[{"name": "x", "parameters": schema}], function="x")
    assert isinstance(said("tool_use", row), str)
    odd = {"type": ["object", 3], "properties": {"a": 1}, "required": 7, "enum": 5, "minimum": "x"}
    row = use({"name": "x", "arguments": {"a": "\ud800"}}, tools=[{"name": "x", "parameters": odd}], function="x")
    assert "half of a character" in said("tool_use", row)


# -- the others ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "row", "why"),
    [
        ("preference", {"prompt": "Why?", "chosen": "So  be it.", "rejected": "so be it"}, "say the same"),
        ("paraphrase", {"source": "Close the window.", "text": "close the  window!"}, "the source again"),
        ("rag", {"query": "loan time", "passage": "Two weeks.", "negatives": ["two weeks"]}, "the passage or another"),
        ("rag", {"query": "loan time", "passage": "Two weeks.", "negatives": ["A.", "a"]}, "negative 2 is"),
        ("rag", {"query": "loan time", "passage": "Two weeks.", "negatives": [" "]}, "negative 1 is blank"),
        ("eval_case", {"input": "Where is it?"}, "expected or criteria is missing"),
        ("eval_case", {"input": "Where is it?", "expected": " "}, "expected or criteria is missing"),
        ("eval_case", {"input": "Where is it?", "criteria": ["says where", " "]}, "criterion 2 is blank"),
        ("math", {"question": "How many?", "steps": [], "answer": "3"}, "fewer than 1"),
    ],
)
def test_what_a_field_alone_cannot_tell_is_checked(kind, row, why):
    assert why in said(kind, row)


@pytest.mark.parametrize(
    ("kind", "row"),
    [
        ("preference", {"prompt": "Why?", "chosen": "Because of X.", "rejected": "Because of Y."}),
        ("paraphrase", {"source": "Close the window.", "text": "Shut that window."}),
        ("rag", {"query": "loan time", "passage": "Two weeks.", "negatives": ["Films can be renewed."]}),
        ("eval_case", {"input": "Where is it?", "criteria": ["says where"]}),
        ("eval_case", {"input": "Where is it?", "expected": "Here."}),
    ],
)
def test_what_is_right_passes(kind, row):
    assert load_kind(kind).validate(row) == row


@pytest.mark.parametrize(
    ("answer", "last"),
    [("12", "3 * 4 = 12."), ("-3", "It falls to −3 degrees."), ("2.5", "5 / 2 = 2.50 hours"), ("3/4", "That is 3/4."),
     ("1200", "In all 1,200 euros."), ("0.5", "The half, 1/2.")],
)  # fmt: skip
def test_an_answer_is_a_number_that_the_last_step_states(answer, last):
    assert said("math", {"question": "How many are there?", "steps": ["Count.", last], "answer": answer}) == ""


@pytest.mark.parametrize("answer", ["12 apples", "1,200", "twelve", "3/0", "1e3", ".5", "５", "+3", "1" * 200, "nan"])
def test_another_form_of_number_is_refused(answer):
    row = {"question": "How many are there?", "steps": [f"It is {answer}"], "answer": answer}
    assert "is not a number as asked for" in said("math", row)


def test_an_answer_that_the_steps_do_not_reach_is_refused():
    row = {"question": "How many are there?", "steps": ["It is 12.", "So 13."], "answer": "12"}
    assert said("math", row) == "answer: the last step does not state '12'"
