"""``submit``: every row has its own result."""

from __future__ import annotations

import json

import pytest

from seedbed.core.errors import ExitCode
from testkit.cli import seedbed, text
from testkit.projects import FACTS, row


def submitted(*rows, options=()):
    return seedbed("submit", "-", *options, stdin="\n".join(r if isinstance(r, str) else json.dumps(r) for r in rows))


def test_an_entry_is_accepted_once(project):
    first = seedbed("submit", json.dumps(row()))
    assert (first.status, first.json["state"]) == (ExitCode.OK, "accepted")
    again = text("submit", json.dumps(row()))
    assert (again.status, again.lines) == (ExitCode.OK, [f"✓ accepted, was there already {first.json['id']}"])


def test_a_duplicate_is_told_what_it_is_too_close_to(filled):
    near = row(1, question="How is a last commit amended?")
    refused = seedbed("submit", json.dumps(near))
    assert (refused.status, refused.json["code"]) == (ExitCode.FAILURE, "near_duplicate")
    assert refused.json["neighbours"][0]["content"]["question"] == FACTS[1][1]
    lines = text("submit", json.dumps(near)).lines
    assert lines[0].startswith("✗ rejected ")
    assert f"      question: {FACTS[1][1]}" in lines


def test_a_wrong_entry_names_its_fields(project):
    refused = seedbed("submit", json.dumps({"question": "What?", "topic": "git/commits", "colour": "red"}), "--detail")
    assert (refused.status, refused.json["code"]) == (ExitCode.FAILURE, "wrong_schema")
    problems = refused.json["verdicts"][0]["evidence"]["problems"]
    assert {p["field"] for p in problems} == {"answer", "difficulty", "colour"}


def test_what_passes_is_told_shortly_unless_detail_is_asked_for(filled):
    near = row(0, question="What does a commit of the history hold?")
    short = seedbed("submit", json.dumps([near, row(1)]), "--check", "--on-duplicate", "warn")
    assert [set(r) - {"neighbours", "warnings", "verdicts"} for r in short.json] == [
        {"row", "id", "state", "topic"},
        {"row", "id", "state", "topic", "existed"},
    ]
    assert len(json.dumps(short.json[1])) < 120
    full = seedbed("submit", json.dumps([near, row(1)]), "--check", "--on-duplicate", "warn", "--detail")
    assert [[v["check"] for v in r["verdicts"]][:2] for r in full.json] == [["schema", "rules"]] * 2


def test_lengths_of_the_projects_kind_do_not_stop_entries_of_another(project):
    rules = "checks: {rules: {min_chars: {question: 200, text: 30}}}\n"
    kinds = "kind: note\nkinds: {note: {fields: {text: {type: string}}}}\n"
    (project / "seedbed.yaml").write_text(kinds + rules, encoding="utf-8")
    misspelt = seedbed("submit", '{"text": "A note.", "topic": "git/commits"}')
    assert (misspelt.status, misspelt.error["error"]) == (ExitCode.INPUT, "invalid_config")
    (project / "seedbed.yaml").write_text(kinds + rules.replace("question: 200, ", ""), encoding="utf-8")
    assert seedbed("submit", '{"text": "A note.", "topic": "git/commits"}').json["code"] == "too_short"
    assert seedbed("submit", json.dumps(row()), "--kind", "qa").json["state"] == "accepted"


def test_a_warning_is_said_once(filled):
    near = row(0, question="What does a commit of the history hold?")
    warned = seedbed("submit", json.dumps(near), "--on-duplicate", "warn").json
    (warning,) = warned["warnings"]
    assert json.dumps(warned, ensure_ascii=False).count(json.dumps(warning, ensure_ascii=False)) == 1
    assert [(v["check"], v["code"]) for v in warned["verdicts"]] == [("near_duplicate", "near_duplicate")]


def test_a_huge_topic_is_not_told_whole(project):
    huge = submitted(row(), row(topic="x" * 5_000))
    assert huge.json[1]["code"] == "unknown_topic"
    assert huge.json[1]["topic"].startswith("xxx") and len(json.dumps(huge.json[1])) < 1_000


def test_a_topic_narrows_what_is_allowed(project):
    refused = seedbed("submit", json.dumps(row(difficulty="hard")))
    assert "not one of 'easy', 'medium'" in refused.json["reason"]


def test_each_row_of_a_batch_has_its_own_result_in_order(project):
    done = submitted(
        row(0),
        "not json",
        7,
        row(1, topic="git/comits"),
        {"question": "q", "answer": "a"},
        row(2, difficulty="none"),
        row(2),
        row(2, topic=["git", "branches"]),
    )
    assert done.status is ExitCode.INPUT
    assert [r["row"] for r in done.json] == [1, 2, 3, 4, 5, 6, 7, 8]
    assert [r.get("code", r["state"]) for r in done.json] == [
        "accepted", "invalid_json", "not_an_object", "unknown_topic", "no_topic", "wrong_schema", "accepted",
        "invalid_topic",
    ]  # fmt: skip
    assert done.json[7]["reason"] == "topic is a list, not a path"
    assert done.json[1]["place"] == {"line": 2, "column": 1}
    assert done.json[3]["near"][0] == "git/commits"
    assert seedbed("list").json["total"] == 2


def test_a_batch_reads_well(project):
    (project / "rows.jsonl").write_text(json.dumps(row(0)) + "\n\nnot json\n", encoding="utf-8")
    lines = text("submit", "@rows.jsonl").lines
    assert lines[0].startswith("row 1: ✓ accepted ")
    assert lines[1] == "row 2: ✗ rejected: invalid_json: not JSON: expecting value"


def test_rejections_alone_have_status_one(project):
    assert submitted(row(0), row(1, answer="")).status is ExitCode.FAILURE


def test_the_error_of_a_single_row_is_the_commands(project):
    refused = seedbed("submit", json.dumps(row(topic="git/comits")))
    assert (refused.status, refused.out, refused.error["error"]) == (ExitCode.INPUT, "", "unknown_topic")


def test_checking_writes_nothing(project):
    checked = text("submit", "--check", json.dumps(row()))
    assert checked.lines[0].startswith("✓ would be accepted ")
    assert seedbed("list").json["total"] == 0
    assert seedbed("log", "--action", "submit").json["total"] == 0


def test_actor_and_session_are_in_the_log(project):
    seedbed("submit", json.dumps(row()), "--actor", "agent:claude", "--session", "monday")
    event = seedbed("log", "--actor", "agent:claude").json["events"][0]
    assert (event["action"], event["session"]) == ("submit", "monday")


@pytest.mark.parametrize("given", ["", "   ", "\ufeff"])
def test_nothing_is_refused(project, given):
    assert seedbed("submit", "-", stdin=given).error["error"] == "no_entries"


@pytest.mark.parametrize("given", [b"\xff\xfe\x00", b"[" * 100_000, b'{"question": '])
def test_what_is_no_json_at_all_is_refused(project, given):
    refused = seedbed("submit", "-", "--topic", "git/commits", stdin=given)
    assert (refused.status, refused.out) == (ExitCode.INPUT, "")


# -- duplicates that are let in ----------------------------------------------------------------------------------

AGAIN = row(0, answer="Other words for the same.")


def test_a_duplicate_is_let_in_with_a_warning(filled):
    done = text("submit", json.dumps(AGAIN), "--on-duplicate", "warn")
    assert done.status is ExitCode.OK
    assert done.lines[0].startswith("✓ accepted ")
    assert done.lines[1].startswith("    ! let in although the same text as entry ")
    assert seedbed("list").json["total"] == 4
    assert seedbed("reconcile").status is ExitCode.OK


def test_a_duplicate_is_put_before_a_reviewer(filled):
    done = seedbed("submit", json.dumps(AGAIN), "--on-duplicate", "review").json
    assert (done["state"], done["why_review"][:16]) == ("pending", "exact_duplicate:")
    assert seedbed("review").json["entries"][0]["why"] == done["why_review"]


def test_the_same_entry_may_be_in_two_topics(filled):
    elsewhere = json.dumps(row(0, topic="git/branches"))
    assert seedbed("submit", elsewhere).json["code"] == "exact_duplicate"
    first = seedbed("submit", elsewhere, "--on-duplicate", "warn").json
    again = seedbed("submit", elsewhere, "--on-duplicate", "warn").json
    assert (first.get("existed"), again["existed"], again["id"]) == (None, True, first["id"])
    assert seedbed("list").json["total"] == 4


def test_an_unknown_policy_is_told(filled):
    refused = seedbed("submit", json.dumps(AGAIN), "--on-duplicate", "wran")
    assert (refused.error["error"], refused.error["near"]) == ("unknown_policy", ["warn"])


# -- leases ------------------------------------------------------------------------------------------------------


def leases():
    return [lease["lease"] for lease in seedbed("next", "--list").json["leases"]]


def test_a_lease_is_fulfilled_by_its_actor_or_by_name(project):
    lease = seedbed("next", "--topic", "git/commits", "--actor", "agent:a").json["leases"][0]["lease"]
    seedbed("submit", json.dumps(row(0)), "--actor", "agent:b")
    assert leases() == [lease]
    seedbed("submit", json.dumps(row(1)), "--actor", "agent:b", "--lease", lease)
    assert leases() == []


def test_what_is_no_lease_is_told_before_anything_is_written(project):
    refused = seedbed("submit", json.dumps(row(0)), "--lease", "mine")
    assert (refused.status, refused.error["message"]) == (ExitCode.INPUT, "'mine' is no lease")
    assert seedbed("list").json["total"] == 0
