"""Rows as trainers and hubs spell them."""

from __future__ import annotations

import json

import pytest

from seedbed.core.errors import InputError
from seedbed.sources.chats import chat_in


def turn(role, content, **more):
    return {"role": role, "content": content, **more}


ASK, ANSWER = turn("user", "q"), turn("assistant", "a")
SAID = [{"from": "human", "value": "q"}, {"from": "gpt", "value": "a"}]
CALL = {"id": "c1", "type": "function", "function": {"name": "f", "arguments": '{"x": 1}'}}
ANSWERED = [
    {"messages": [ASK, ANSWER]},
    {"messages": json.dumps([ASK, ANSWER])},
    {"messages": [turn("user", [{"type": "text", "text": "q"}, {"type": "image"}]), ANSWER]},
    {"conversations": SAID, "id": "x"},
    {"conversation": SAID},
    {"conversations": [ASK, ANSWER]},
    {"prompt": [ASK], "completion": [ANSWER]},
    {"prompt": "q", "completion": "a"},
    {"instruction": "q", "output": "a"},
    {"problem": "q", "solution": "a"},
]
PREFERRED = [
    {"prompt": [ASK], "chosen": [ANSWER], "rejected": [turn("assistant", "b")]},
    {"chosen": [ASK, ANSWER], "rejected": [ASK, turn("assistant", "b")]},
    {"prompt": "q", "chosen": [ASK, ANSWER], "rejected": [ASK, turn("assistant", "b")]},
    {"prompt": "q", "chosen": [ANSWER], "rejected": [turn("assistant", "b")]},
    {"conversations": SAID[:1], "chosen": SAID[1], "rejected": {"from": "gpt", "value": "b"}},
    {"instruction": "q", "input": "", "chosen": "a", "rejected": "b"},
    {
        "input": {"messages": [ASK]},
        "preferred_output": [ANSWER],
        "non_preferred_output": [turn("assistant", "b")],
    },
]


@pytest.mark.parametrize("row", ANSWERED, ids=lambda row: ",".join(row))
def test_a_question_with_its_answer_is_found(row):
    exchange = chat_in(row).exchange
    assert (exchange.user, exchange.answer, exchange.rejected) == ("q", "a", None)


@pytest.mark.parametrize("row", PREFERRED, ids=lambda row: ",".join(row))
def test_a_preference_is_found(row):
    found = chat_in(row)
    assert (found.exchange.user, found.exchange.answer, found.exchange.rejected) == ("q", "a", "b")
    assert set(row) >= set(found.columns)


@pytest.mark.parametrize(
    "row",
    [
        {"messages": [ASK, turn("assistant", None, tool_calls=[CALL])]},
        {"conversations": [SAID[0], {"from": "function_call", "value": '{"name": "f", "arguments": {"x": 1}}'}]},
        {"messages": [ASK, turn("assistant", '<tool_call>\n{"name": "f", "arguments": {"x": 1}}\n</tool_call>')]},
        {"query": "q", "answers": '[{"name": "f", "arguments": {"x": 1}}]'},
        {"prompt": [ASK], "completion": [turn("assistant", "", tool_calls=[CALL])]},
    ],
)
def test_calls_of_tools_are_found_with_their_definitions(row):
    tools = '[{"name": "f", "description": "d", "parameters": {"x": {"type": "int"}}}]'
    exchange = chat_in(row | {"tools": tools}).exchange
    assert (exchange.user, exchange.answer) == ("q", "")
    assert list(exchange.calls) == [{"name": "f", "arguments": {"x": 1}}]
    assert exchange.tools[0]["parameters"]["required"] == ["x"]


def test_the_system_turn_and_what_follows_the_call_are_kept_apart():
    after = [turn("tool", "1", tool_call_id="c1"), turn("assistant", "It is 1.")]
    row = {"messages": [turn("system", "s"), ASK, turn("assistant", "", tool_calls=[CALL]), *after]}
    found = chat_in(row)
    assert (found.system, list(found.more)) == ("s", after)


def test_an_instruction_keeps_its_input_beside():
    found = chat_in({"instruction": "q", "input": "i", "output": "a"})
    assert (found.exchange.beside, found.sure) == ("i", False)


@pytest.mark.parametrize(
    ("turns", "code"),
    [
        ([ASK, ANSWER, ASK, ANSWER], "several_turns"),
        ([ASK], "no_such_turn"),
        ([ANSWER], "no_such_turn"),
        ([turn("system", "s")], "no_such_turn"),
    ],
)
def test_what_is_not_one_exchange_is_refused(turns, code):
    with pytest.raises(InputError) as caught:
        chat_in({"messages": turns})
    assert caught.value.stable_code == code
    assert "--map messages.0.content" in caught.value.fix


@pytest.mark.parametrize(
    "row",
    [
        {},
        {"text": "q"},
        {"messages": []},
        {"messages": "[{"},
        {"messages": "[" * 100_000},
        {"messages": [1, None]},
        {"messages": [{"role": 3, "content": "x"}]},
        {"messages": [turn("usr", "x"), ANSWER]},
        {"prompt": "q", "chosen": "a", "rejected": "b"},
        {"question": ["q"], "answer": "a"},
        {"query": "q", "answers": "[]", "tools": "[]"},
        {"query": "q", "answers": "[1]"},
        {"input": {"messages": [ASK]}, "preferred_output": [], "non_preferred_output": None},
    ],
)
def test_anything_else_is_no_chat(row):
    assert chat_in(row) is None
