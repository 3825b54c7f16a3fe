"""Every template, from an empty folder to an exported file, by a scripted agent that knows only what it is told."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from seedbed.core.config import load_config
from seedbed.core.errors import ExitCode
from seedbed.frontends.cli.project import templates
from seedbed.kinds.load import load_kind
from testkit.cli import seedbed
from testkit.writing import WRITERS, Words, rows

ME = ("--actor", "agent:script", "--session", "first")
FORMATS = {
    "qa": ("chatml", "prompt-completion", "alpaca"),
    "instruction": ("chatml", "prompt-completion", "sharegpt"),
}
"""Template → training formats that its kind has turns for."""


def done(*arguments, **options):
    """JSON of a command that has to succeed."""
    result = seedbed(*arguments, **options)
    assert result.status is ExitCode.OK, f"{arguments}: {result.err}{result.out[-2_000:]}"
    return result.json


def submitted(batch):
    """Results of a batch, row by row."""
    result = seedbed("submit", "-", *ME, stdin="\n".join(json.dumps(row) for row in batch))
    assert len(result.json) == len(batch), result.err
    return result.json


def project_kind():
    """The kind of the project in the current folder."""
    config = load_config(Path("seedbed.yaml"))
    return load_kind(config.kind, config, folder=Path.cwd())


def spoilt(row, kind):
    """The row without what is compared, and the row again with a blank more: what no door may let in."""
    return [
        {name: value for name, value in row.items() if name not in kind.embed},
        {name: f"{value} " if name in kind.embed else value for name, value in row.items()},
    ]


def fill(template):
    """Write until nothing is missing; the ids of what came in, and the refusals."""
    words, ids, refused = Words(7), [], []
    for turn in range(40):
        leases = done("next", "-n", 20, *ME)["leases"]
        if not leases:
            return ids, refused
        batch = rows(template, leases, words)
        near = done("similar", "--topic", batch[0]["topic"], json.dumps(batch[0]))
        assert (near["similar"] == []) is (turn == 0)
        extra = spoilt(batch[0], project_kind()) if turn == 0 else []
        for row, result in zip([*batch, *extra], submitted([*batch, *extra]), strict=True):
            if result["state"] == "rejected":
                refused.append((row, result))
            elif not result.get("existed"):
                ids.append(result["id"])
    raise AssertionError(f"{template}: still missing after 40 turns: {refused[-3:]}")


def read_back(path):
    return [json.loads(line) for line in Path(path).read_text(encoding="utf-8").splitlines()]


@pytest.fixture
def made(request, tmp_path):
    """The template's project, in the current folder."""
    done("init", ".", "--template", request.param)
    return request.param


@pytest.mark.parametrize("made", WRITERS, indirect=True)
def test_an_agent_takes_a_template_from_empty_to_exported(made):
    guide = seedbed("guide", "agent").out
    kind = project_kind()
    assert len(guide.encode()) <= 6_000
    assert [name for name in kind.fields if f"`{name}`" not in guide] == []
    assert done("report")["missing"] == done("report")["target"] > 0

    ids, refused = fill(made)
    assert [result["code"] for _, result in refused[:2]] == ["wrong_schema", "exact_duplicate"], refused
    assert all(result["reason"] for _, result in refused)
    assert len(refused) < 8, [result["reason"] for _, result in refused]
    assert len(set(ids)) == len(ids)

    waiting = done("review", "--limit", 200)
    for item in waiting["entries"]:
        assert item["why"]
    if waiting["total"]:
        done("approve", *[item["id"] for item in waiting["entries"]], "--reviewer", "model:judge")
    assert done("report")["missing"] == 0
    assert seedbed("next", "-n", 5, *ME).json["leases"] == []

    exported = done("export", "-o", "data.jsonl")
    found = read_back("data.jsonl")
    assert exported["count"] == len(found) == len(ids)
    for row in found:
        content = {name: value for name, value in row.items() if name in kind.fields}
        assert kind.validate(content) == content
    for name in FORMATS.get(made, ()):
        assert done("export", "-o", f"{name}.jsonl", "-f", name)["count"] == len(found)
        assert all(read_back(f"{name}.jsonl"))


@pytest.mark.parametrize("made", WRITERS, indirect=True)
def test_the_examples_of_a_template_pass_its_own_door_twice_without_harm(made):
    first = done("submit", "@examples.jsonl")
    assert {row["state"] for row in first} <= {"accepted", "pending"}
    assert not any(row.get("warnings") for row in first)
    assert all(row["existed"] for row in done("submit", "@examples.jsonl"))
    assert seedbed("submit", "--check", "@examples.jsonl").status is ExitCode.OK


@pytest.mark.parametrize("made", WRITERS, indirect=True)
def test_a_duplicate_is_refused_with_the_entry_it_repeats(made):
    first = json.loads(Path("examples.jsonl").read_text().splitlines()[0])
    kind = project_kind()
    there = done("submit", json.dumps(first))
    refused = seedbed("submit", json.dumps(spoilt(first, kind)[1])).json
    assert (refused["state"], refused["code"]) == ("rejected", "exact_duplicate")
    assert there["id"] in refused["reason"]
    assert refused["neighbours"][0]["content"] == done("show", there["id"])["content"]


def test_every_template_but_the_empty_one_and_the_demo_has_a_scripted_agent():
    assert set(templates()) - {"blank", "demo"} == set(WRITERS)


# -- what only one template shows ----------------------------------------------------------------------------------


@pytest.mark.parametrize("made", ["function-calling"], indirect=True)
def test_tool_calls_are_exported_as_json_with_their_tools(made):
    done("submit", "@examples.jsonl")
    done("export", "-o", "data.jsonl", "--include-pending")
    found = {row["query"][:4]: row for row in read_back("data.jsonl")}
    nap = found["Wake"]
    assert nap["calls"] == [{"name": "set_timer", "arguments": {"minutes": 30, "label": "nap"}}]
    assert [t["function"]["name"] for t in nap["tools"]] == ["set_light", "set_heating", "set_timer", "add_reminder"]
    assert found["Star"]["calls"] == [] and found["Star"]["answer"].startswith("I can't reach")


@pytest.mark.parametrize("made", ["function-calling"], indirect=True)
@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"calls": [{"name": "set_light", "arguments": "{'room': 'hall'}"}]}, "should be an object"),
        (
            {"calls": [{"name": "set_light", "arguments": {"room": "garage", "percent": 5}}]},
            "room is 'garage', not one of",
        ),
        ({"function": "set_timer", "calls": [{"name": "set_timer", "arguments": {"minutes": 5}}]}, "'set_light'"),
        ({"difficulty": "easy", "calls": []}, "difficulty is 'easy' with 0 calls"),
        ({"topic": "home/none"}, "does not belong in this topic"),
    ],
)
def test_a_call_that_cannot_be_made_is_refused_with_the_reason(made, changes, why):
    row = json.loads(Path("examples.jsonl").read_text().splitlines()[0])
    if not changes.get("calls", True):
        changes = {**changes, "function": None, "answer": "No."}
    refused = seedbed("submit", json.dumps(row | changes)).json
    assert refused["code"] == "wrong_schema"
    assert why in refused["reason"]


@pytest.mark.parametrize("made", ["rag", "eval"], indirect=True)
def test_the_scope_of_a_template_reaches_beyond_the_leaf(made):
    first, second = (json.loads(line) for line in Path("examples.jsonl").read_text().splitlines()[:2])
    done("submit", json.dumps(first))
    near = done("similar", "--topic", second["topic"], json.dumps(first))
    assert near["similar"][0]["topic"] == first["topic"] != second["topic"]


@pytest.mark.parametrize("made", ["preference"], indirect=True)
def test_preferences_have_the_columns_that_trainers_read(made):
    done("submit", "@examples.jsonl")
    done("export", "-o", "data.jsonl", "--include-pending", "--fields", "prompt,chosen,rejected")
    assert {tuple(row) for row in read_back("data.jsonl")} == {("prompt", "chosen", "rejected")}
