"""``edit``, ``move`` and ``remove``."""

from __future__ import annotations

import json
import os

import pytest

from seedbed.core.errors import ExitCode
from testkit.cli import seedbed, text
from testkit.projects import FACTS, row


@pytest.fixture
def ids(filled):
    return [e["id"] for e in seedbed("list").json["entries"]][::-1]


def content(entry_id):
    return seedbed("show", entry_id).json["content"]


# -- edit --------------------------------------------------------------------------------------------------------


def test_fields_are_changed_by_object_file_input_and_option(ids):
    assert text("edit", ids[0], '{"difficulty": "medium"}').lines == [f"✓ accepted {ids[0]}"]
    with open("changes.json", "w", encoding="utf-8") as file:
        file.write('{"answer": "A snapshot."}')
    assert seedbed("edit", ids[0], "@changes.json").status is ExitCode.OK
    assert seedbed("edit", ids[0], "-", stdin='{"answer": "A whole snapshot."}').status is ExitCode.OK
    done = seedbed("edit", ids[0], '{"answer": "No."}', "--set", "answer=Yes, it does.", "--set", "difficulty=easy")
    assert (done.json["id"], done.json["state"], "row" in done.json) == (ids[0], "accepted", False)
    assert content(ids[0]) == {"question": FACTS[0][1], "answer": "Yes, it does.", "difficulty": "easy"}


@pytest.mark.parametrize("value", ["42", "true", "null", '"quoted"', "[1]", "a = b"])
def test_a_text_field_takes_what_is_written(ids, value):
    assert seedbed("edit", ids[0], "--set", f"answer={value}").status is ExitCode.OK
    assert content(ids[0])["answer"] == value


def test_other_fields_take_json(project):
    (project / "seedbed.yaml").write_text(
        "kind: fact\nkinds:\n  fact: {fields: {claim: {type: string}, year: {type: integer, required: false},"
        " sure: {type: boolean, required: false}}}\n",
        encoding="utf-8",
    )
    entry_id = seedbed("submit", '{"claim": "Ice floats."}', "--topic", "git/branches").json["id"]
    seedbed("edit", entry_id, "--set", "year=63", "--set", "sure=true")
    assert content(entry_id) == {"claim": "Ice floats.", "year": 63, "sure": True}
    seedbed("edit", entry_id, "--set", "year=null")
    assert "year" not in content(entry_id)
    assert seedbed("edit", entry_id, "--set", "year=soon").json["code"] == "wrong_schema"


def test_an_edit_is_told_as_shortly_as_a_submission(ids):
    done = seedbed("edit", ids[0], "--set", "answer=A snapshot of all files.")
    assert "verdicts" not in done.json
    refused = seedbed("edit", ids[0], "--set", "difficulty=vast").json
    assert refused["verdicts"] == [{"check": "schema", "outcome": "fail"}]


def test_what_does_not_pass_is_refused_with_the_reason(ids):
    refused = seedbed("edit", ids[0], json.dumps({"question": FACTS[1][1]}))
    assert (refused.status, refused.json["id"], refused.json["code"]) == (ExitCode.FAILURE, ids[0], "exact_duplicate")
    assert refused.json["neighbours"][0]["id"] == ids[1]
    unknown = text("edit", ids[0], '{"colour": "red"}')
    assert unknown.status is ExitCode.FAILURE
    assert unknown.lines[0].startswith(f"✗ rejected {ids[0]}: wrong_schema: 'colour' is not a field")
    assert content(ids[0])["question"] == FACTS[0][1]


def test_a_duplicate_is_let_in_when_asked(ids):
    done = text("edit", ids[0], json.dumps({"question": FACTS[1][1]}), "--on-duplicate", "warn")
    assert (done.status, done.lines[1][:24]) == (ExitCode.OK, "    ! let in although th")


def test_an_edit_may_only_be_tried(ids, filled):
    os.chmod("seedbed.db", 0o444)
    tried = text("edit", ids[0], "--set", "difficulty=medium", "--check")
    assert (tried.status, tried.lines) == (ExitCode.OK, [f"✓ would be accepted {ids[0]}"])
    assert content(ids[0])["difficulty"] == "easy"


@pytest.mark.parametrize(
    ("arguments", "status", "code"),
    [
        ([], ExitCode.INPUT, "no_changes"),
        (["{}"], ExitCode.INPUT, "no_changes"),
        (["[1]"], ExitCode.INPUT, "invalid_input"),
        (['[{"answer": "a"}, {"answer": "b"}]'], ExitCode.INPUT, "invalid_input"),
        (["{broken"], ExitCode.INPUT, "invalid_json"),
        (["@gone.json"], ExitCode.NOT_FOUND, "not_found"),
        (["--set", "answer"], ExitCode.INPUT, "invalid_input"),
        (["--set", "=x"], ExitCode.INPUT, "invalid_input"),
        (["{}", "--on-duplicate", "allow"], ExitCode.INPUT, "unknown_policy"),
    ],
)
def test_wrong_changes_are_told(ids, arguments, status, code):
    refused = seedbed("edit", ids[0], *arguments)
    assert (refused.status, refused.out, refused.error["error"]) == (status, "", code)


def test_only_what_is_there_is_edited(ids):
    seedbed("remove", ids[0])
    gone = seedbed("edit", ids[0], "--set", "difficulty=medium")
    assert (gone.status, gone.error["error"]) == (ExitCode.NOT_FOUND, "not_live")
    assert "seedbed undo" in gone.error["fix"]
    assert seedbed("edit", "ab" * 10, "{}").status is ExitCode.NOT_FOUND


# -- move --------------------------------------------------------------------------------------------------------


def test_entries_are_moved_and_back(ids):
    assert text("move", ids[0][:8], ids[1], "git/branches").lines == ["2 entries moved to git/branches"]
    assert seedbed("list", "--topic", "git/branches").json["total"] == 3
    seedbed("undo")
    assert seedbed("list", "--topic", "git/branches").json["total"] == 1


@pytest.fixture
def hard(ids):
    """An entry that may not be in the other topic."""
    return seedbed("submit", json.dumps(row(2, question="What is a tag?", difficulty="hard"))).json["id"]


def test_nothing_moves_when_one_does_not_pass(ids, hard):
    refused = text("move", ids[2], hard, "git/commits")
    assert refused.status is ExitCode.INPUT
    assert refused.err.startswith("error[violations]: 1 of 2 entries do not pass in 'git/commits'")
    assert seedbed("move", ids[2], hard, "git/commits").error["violations"][0]["id"] == hard
    assert seedbed("list", "--topic", "git/branches").json["total"] == 2


def test_a_dry_run_tells_what_does_not_pass(ids, hard):
    tried = text("move", ids[2], hard, "git/commits", "--dry-run")
    assert tried.status is ExitCode.FAILURE
    assert tried.lines[:2] == ["2 entries would be moved to git/commits", "  1 of them do not pass there:"]
    assert tried.lines[2].startswith(f"    {hard}  wrong_schema: difficulty")
    assert seedbed("move", ids[2], "git/commits", "--dry-run").status is ExitCode.OK


def test_what_does_not_pass_is_moved_aside(ids, hard):
    done = seedbed("move", ids[2], hard, "git/commits", "--on-violation", "review")
    assert (done.status, done.json["moved"], done.json["violations"]) == (ExitCode.OK, 2, 1)
    assert [e["id"] for e in seedbed("list", "--state", "pending").json["entries"]] == [hard]


@pytest.mark.parametrize(
    ("arguments", "status", "code"),
    [
        (["git/comits"], ExitCode.INPUT, "unknown_topic"),
        (["git"], ExitCode.INPUT, "interior_topic"),
        (["abcdef", "git/commits"], ExitCode.NOT_FOUND, "not_found"),
        (["ab", "git/commits"], ExitCode.INPUT, "invalid_input"),
        (["git/commits", "--on-violation", "ignore"], ExitCode.INPUT, "unknown_policy"),
    ],
)
def test_wrong_moves_are_told(ids, arguments, status, code):
    refused = seedbed("move", ids[2], *arguments)
    assert (refused.status, refused.error["error"]) == (status, code)


# -- remove ------------------------------------------------------------------------------------------------------


def test_entries_are_removed_and_restored(ids):
    assert text("remove", ids[0], ids[1], "--reason", "wrong").lines == ["2 entries removed"]
    assert seedbed("list").json["total"] == 1
    assert seedbed("list", "--state", "removed").json["total"] == 2
    assert seedbed("log", "--action", "remove").json["events"][0]["reason"] == "wrong"
    seedbed("undo")
    assert seedbed("list").json["total"] == 3


def test_all_or_none_are_removed(ids):
    refused = seedbed("remove", ids[0], "ab" * 10)
    assert (refused.status, seedbed("list").json["total"]) == (ExitCode.NOT_FOUND, 3)


def test_dry_runs_need_no_right_to_write(ids):
    os.chmod("seedbed.db", 0o444)
    assert text("remove", *ids, "--dry-run").lines == ["3 entries would be removed"]
    assert seedbed("move", ids[0], "git/branches", "--dry-run").json["moved"] == 1
    assert seedbed("list").json["total"] == 3
