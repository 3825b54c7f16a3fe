"""One suite over every export format."""

from __future__ import annotations

import json
from collections import deque

import pytest

from seedbed.core import plugins
from seedbed.core.errors import InputError
from seedbed.sources.rows import read_rows

CONTENTS = {
    "plain": {"question": "What is it?", "answer": "A thing."},
    "unicode": {"question": "¿Qué es 日本語? 😀", "answer": "\u2028 line separator, NUL \x00 and \x1b[31m"},
    "surrogate": {"question": "What is \ud800?", "answer": "Half a character."},
    "long": {"question": "Long?", "answer": "word " * 50_000},
    "instruction": {"instruction": "Add.", "input": "1 and 2", "response": "3"},
}
SHAPES = {
    "openai": lambda row: [row["messages"][0]["content"], row["messages"][-1]["content"]],
    "chatml": lambda row: [row["messages"][0]["content"], row["messages"][-1]["content"]],
    "sharegpt": lambda row: [row["conversations"][0]["value"], row["conversations"][-1]["value"]],
    "alpaca": lambda row: [row["instruction"], row["output"]],
    "prompt-completion": lambda row: [row["prompt"][0]["content"], row["completion"][0]["content"]],
    "jsonl": lambda row: [row.get("question") or row["instruction"], row.get("answer") or row["response"]],
}


CHATS = ["chatml", "openai", "sharegpt", "prompt-completion", "alpaca"]
TOOL = {"type": "function", "function": {"name": "light", "description": "", "parameters": {"type": "object"}}}
CALLING = {"query": "Light on!", "tools": [TOOL], "calls": [{"name": "light", "arguments": {"on": True}}]}
PREFERRING = {"prompt": "Be kind.", "chosen": "I am.", "rejected": "No."}
WORKED = {"question": "1 + 1?", "steps": ["1 + 1 = 2", "So 2."], "answer": "2"}


def load(name):
    if name == "parquet":
        pytest.importorskip("pyarrow")
    return plugins.load("formats", name)()


@pytest.mark.parametrize("name", plugins.names("formats"))
@pytest.mark.parametrize("content", CONTENTS.values(), ids=CONTENTS)
def test_rows_survive_the_way_through_a_file(name, content, tmp_path):
    encoder = load(name)
    rows = [encoder.encode(content, kind="qa", system_prompt=None) for _ in range(3)]
    path = tmp_path / f"x{encoder.suffix}"
    assert encoder.write(iter(rows), path) == 3
    assert list(tmp_path.iterdir()) == [path]
    back = [result.data for result in read_rows(path)]
    if encoder.suffix == ".jsonl" or content is not CONTENTS["surrogate"]:
        assert back == rows
    assert len(back) == 3


@pytest.mark.parametrize("name", ["csv", "parquet"])
def test_tables_have_every_column_whichever_row_brings_it(name, tmp_path):
    encoder = load(name)
    rows: list[dict[str, object]] = [{"n": 1, "mixed": 1, "big": 1} for _ in range(2_500)]
    rows += [{"n": 2.5, "mixed": "two", "late": ["a"], "big": 2**70, "none": None}]
    path = tmp_path / f"x{encoder.suffix}"
    assert encoder.write(iter(rows), path) == 2_501
    last = deque((result.data for result in read_rows(path)), maxlen=1)[0]
    assert {k: str(v) for k, v in last.items() if v} == {
        "n": "2.5", "mixed": "two", "late": '["a"]', "big": str(2**70)
    }  # fmt: skip
    assert "none" in last


@pytest.mark.parametrize("name", SHAPES)
def test_question_and_answer_stand_where_trainers_look(name):
    row = load(name).encode(CONTENTS["plain"], kind="qa", system_prompt=None)
    assert SHAPES[name](row) == ["What is it?", "A thing."]


@pytest.mark.parametrize("name", CHATS)
def test_a_system_prompt_comes_first(name):
    row = load(name).encode(CONTENTS["plain"], kind="qa", system_prompt="Be brief.")
    assert "Be brief." in json.dumps(row)


@pytest.mark.parametrize("name", CHATS)
@pytest.mark.parametrize("content", [{"question": "Why?", "answer": "  "}, {"question": "Why?"}, {"text": "x"}])
def test_what_trainers_would_swallow_in_silence_is_refused(name, content):
    with pytest.raises(InputError) as caught:
        load(name).encode(content, kind="qa", system_prompt=None)
    assert caught.value.place["field"]


def test_a_name_ending_in_json_gets_one_array(tmp_path):
    encoder = load("alpaca")
    row = encoder.encode(CONTENTS["plain"], kind="qa", system_prompt=None)
    encoder.write([row, row], tmp_path / "a.json.part1")
    assert json.loads((tmp_path / "a.json.part1").read_text()) == [row, row]


def test_calls_of_tools_have_objects_for_templates_and_text_for_the_api():
    row = load("chatml").encode(CALLING, kind="tool_use", system_prompt=None)
    assert row["messages"][-1] == {
        "role": "assistant",
        "content": "",
        "tool_calls": [{"type": "function", "function": {"name": "light", "arguments": {"on": True}}}],
    }
    assert row["tools"] == [TOOL]
    assert load("prompt-completion").encode(CALLING, kind="k", system_prompt=None)["completion"] == row["messages"][1:]
    [call] = load("openai").encode(CALLING, kind="k", system_prompt=None)["messages"][-1]["tool_calls"]
    assert call == {"id": "call_1", "type": "function", "function": {"name": "light", "arguments": '{"on": true}'}}
    said = load("sharegpt").encode(CALLING, kind="k", system_prompt=None)
    assert json.loads(said["conversations"][-1]["value"]) == CALLING["calls"][0]
    assert json.loads(said["tools"]) == [TOOL]
    with pytest.raises(InputError, match="no place for tools"):
        load("alpaca").encode(CALLING, kind="k", system_prompt=None)
    assert CALLING["calls"][0]["arguments"] == {"on": True}


@pytest.mark.parametrize("name", CHATS)
def test_a_preference_keeps_both_answers_apart(name):
    row = load(name).encode(PREFERRING, kind="preference", system_prompt="Be brief.")
    better, worse = (
        row.get(n) or row[m] for n, m in (("chosen", "preferred_output"), ("rejected", "non_preferred_output"))
    )
    assert ("I am." in json.dumps(better), "No." in json.dumps(worse)) == (True, True)
    asked = {k: v for k, v in row.items() if v not in (better, worse)}
    assert "Be kind." in json.dumps(asked)
    assert "I am." not in json.dumps(asked)


@pytest.mark.parametrize("name", CHATS)
def test_the_steps_of_a_solution_are_part_of_the_answer(name):
    assert "1 + 1 = 2\\nSo 2.\\n#### 2" in json.dumps(load(name).encode(WORKED, kind="math", system_prompt=None))
