"""One suite over every export format."""

from __future__ import annotations

import json

import pytest

from seedbed.core import plugins
from seedbed.core.errors import InputError

CONTENTS = {
    "plain": {"question": "What is it?", "answer": "A thing."},
    "unicode": {"question": "¿Qué es 日本語? 😀", "answer": "\u2028 line separator, NUL \x00 and \x1b[31m"},
    "surrogate": {"question": "What is \ud800?", "answer": "Half a character."},
    "long": {"question": "Long?", "answer": "word " * 50_000},
    "instruction": {"instruction": "Add.", "input": "1 and 2", "response": "3"},
}
SHAPES = {
    "chatml": lambda row: [row["messages"][0]["content"], row["messages"][-1]["content"]],
    "sharegpt": lambda row: [row["conversations"][0]["value"], row["conversations"][-1]["value"]],
    "alpaca": lambda row: [row["instruction"], row["output"]],
    "prompt-completion": lambda row: [row["prompt"][0]["content"], row["completion"][0]["content"]],
    "jsonl": lambda row: [row.get("question") or row["instruction"], row.get("answer") or row["response"]],
}


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
    if name == "parquet":
        import pyarrow.parquet as pq

        assert pq.read_table(path).num_rows == 3
        return
    back = [json.loads(line) for line in path.read_text(encoding="utf-8").split("\n") if line]
    assert back == rows


@pytest.mark.parametrize("name", SHAPES)
def test_question_and_answer_stand_where_trainers_look(name):
    row = load(name).encode(CONTENTS["plain"], kind="qa", system_prompt=None)
    assert SHAPES[name](row) == ["What is it?", "A thing."]


@pytest.mark.parametrize("name", ["chatml", "sharegpt", "prompt-completion", "alpaca"])
def test_a_system_prompt_comes_first(name):
    row = load(name).encode(CONTENTS["plain"], kind="qa", system_prompt="Be brief.")
    assert "Be brief." in json.dumps(row)


@pytest.mark.parametrize("name", ["chatml", "sharegpt", "prompt-completion", "alpaca"])
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
