from __future__ import annotations

import json

import pytest

from seedbed.core.errors import ExitCode
from testkit.cli import seedbed, text
from testkit.projects import CONFIG, FACTS, row


@pytest.fixture
def queue(project):
    """The project with three entries that wait for review; their ids."""
    (project / "seedbed.yaml").write_text(CONFIG + "review: {mode: all}\n", encoding="utf-8")
    rows = [row(i) for i in range(len(FACTS))]
    done = seedbed("submit", json.dumps(rows))
    assert [d["state"] for d in done.json] == ["pending"] * 3
    return [d["id"] for d in done.json]


def test_the_queue_has_all_a_reviewer_needs(queue):
    page = seedbed("review", "--limit", 2).json
    assert (page["total"], [e["id"] for e in page["entries"]]) == (3, queue[:2])
    first = page["entries"][0]
    assert set(first) >= {"id", "topic", "content", "why", "verdicts", "neighbours", "decisions"}
    assert [n["id"] for n in first["neighbours"]] == [queue[1]]
    assert seedbed("review", "--offset", 2, "--neighbours", 0).json["entries"][0]["neighbours"] == []


def test_the_queue_reads_well(queue):
    lines = text("review").lines
    assert lines[0] == f"{queue[0]}  pending  git/commits"
    assert lines[1].startswith("  in review: all:")
    assert "  question: What does a commit hold?" in lines
    assert any(line.endswith("3; next: --offset 1") for line in text("review", "--limit", 1).lines)


@pytest.mark.parametrize(
    ("options", "n"),
    [
        ((), 3),
        (("--topic", "git/branches"), 1),
        (("--state", "accepted"), 0),
        (("--reason", "all"), 3),
        (("--reason", "near"), 0),
        (("--contains", "AMENDED"), 1),
        (("--min-score", 1), 0),
        (("--kind", "qa"), 3),
        (("--reviewer", "human:ann"), 2),
    ],
)
def test_filters_and_counts(queue, options, n):
    if "--reviewer" in options:  # two of them disagree, so that it stays in the queue
        seedbed("reject", queue[0], "--reason", "wrong", "--reviewer", "human:bob")
        seedbed("approve", queue[0], "--reviewer", "human:ann")
    assert seedbed("review", "--count", *options).json["total"] == n
    assert seedbed("review", *options).json["total"] == n


def test_approve_and_reject_say_what_happened(queue):
    done = seedbed("approve", queue[0][:8], queue[1], "--note", "fine")
    assert (done.status, [r["state"] for r in done.json]) == (ExitCode.OK, ["approved", "approved"])
    lines = text("reject", queue[2], "--reason", "unclear", "--reviewer", "model:judge-1").lines
    assert lines == [f"✓ rejected {queue[2]}"]
    assert text("approve", queue[0], "--note", "fine").lines == [f"✓ approved, was so already {queue[0]}"]
    assert seedbed("log", "--action", "review").json["total"] == 2
    assert seedbed("review", "--reasons").json["reasons"][0]["reason"] == "unclear"
    assert text("review").lines == ["nothing waits for review"]


def test_one_bad_id_disturbs_nobody(queue):
    done = seedbed("approve", "ff" * 10, queue[0])
    assert done.status is ExitCode.FAILURE
    assert [(r["id"], r.get("code"), r["state"]) for r in done.json] == [
        ("ff" * 10, "not_found", None),
        (queue[0], None, "approved"),
    ]
    assert seedbed("approve", "ff" * 10).status is ExitCode.NOT_FOUND


@pytest.mark.parametrize(
    ("command", "code"),
    [
        (["reject", "0123456789", "--reason", "wrongg"], "unknown_reason"),
        (["reject", "0123456789"], "usage"),
        (["approve", "0123456789", "--changes", "[1]"], "not_an_object"),
        (["review", "--count", "--agreement"], "usage"),
        (["review", "--import", "nope.jsonl"], "not_found"),
        (["review", "--state", "pendingg"], "unknown_state"),
        (["review", "--topic", "git/comits"], "unknown_topic"),
    ],
)
def test_a_mistake_in_the_command_is_its_error(queue, command, code):
    refused = seedbed(*command)
    assert refused.status in (ExitCode.INPUT, ExitCode.NOT_FOUND)
    assert (refused.out, refused.error["error"]) == ("", code)


def test_an_unknown_kind_of_reviewer_is_refused(queue):
    done = seedbed("approve", queue[0], "--reviewer", "somebody")
    assert (done.status, done.json[0]["code"]) == (ExitCode.FAILURE, "invalid_reviewer")


def test_corrections_come_with_the_approval(queue):
    done = seedbed("approve", queue[0], "--changes", json.dumps({"answer": "A snapshot of all tracked files."}))
    assert done.json[0]["state"] == "approved"
    assert seedbed("show", queue[0]).json["content"]["answer"] == "A snapshot of all tracked files."
    refused = seedbed("approve", queue[1], "--changes", json.dumps({"difficulty": "hardest"}))
    assert (refused.status, refused.json[0]["code"]) == (ExitCode.FAILURE, "wrong_schema")


def test_the_whole_queue_goes_out_and_decisions_come_back(queue, project):
    told = seedbed("review", "--export", "queue.jsonl", "--limit", 1).json
    assert told == {"exported": 3, "file": "queue.jsonl"}
    rows = [json.loads(line) for line in (project / "queue.jsonl").read_text(encoding="utf-8").splitlines()]
    rows[0] |= {"decision": "approve"}
    rows[1] |= {"decision": "reject", "reasons": ["wrong"], "note": "no"}
    filled = "\n".join([json.dumps(rows[0]), "not json", json.dumps(rows[1]), json.dumps(rows[2])])
    tried = seedbed("review", "--import", "-", "--dry-run", stdin=filled)
    assert tried.json[0]["state"] == "approved"
    done = seedbed("review", "--import", "-", "--reviewer", "model:m", stdin=filled)
    assert done.status is ExitCode.FAILURE
    assert [r.get("code") or r["state"] or r.get("skipped") for r in done.json[:3]] == [
        "approved", "invalid_json", "rejected",
    ]  # fmt: skip
    assert done.json[3]["skipped"]
    assert seedbed("review").json["total"] == 1
    (project / "decided.jsonl").write_text(json.dumps(rows[1]), encoding="utf-8")
    again = text("review", "--import", "decided.jsonl", "--reviewer", "model:m")
    assert again.lines == [f"row 1: ✓ rejected, was so already {rows[1]['id']}"]


def test_agreement_is_shown_or_said_to_be_unknown(queue):
    assert text("review", "--agreement").lines[2].startswith("Krippendorff's alpha: –")
    seedbed("approve", *queue[:2], "--reviewer", "human:ann")
    seedbed("approve", queue[0], "--reviewer", "model:m")
    seedbed("reject", queue[1], "--reason", "wrong", "--reviewer", "model:m")
    told = seedbed("review", "--agreement").json
    assert (told["overlapping"], told["disagreed"], told["raw"]["value"]) == (2, 1, 0.5)
    assert told["alpha"]["value"] == 0.0
    assert any("human:ann and model:m: 0.000 over 2 entries" in line for line in text("review", "--agreement").lines)
    shown = text("review", "--state", "disputed")
    assert f"{queue[1]}  pending  disputed  git/commits" in shown.lines
    assert "    model:m rejects (wrong)" in shown.lines
    assert text("approve", queue[1], "--adjudicate").lines == [f"✓ approved {queue[1]}"]


def test_a_folder_that_is_not_there_is_said_so(queue):
    assert seedbed("review", "--export", "nowhere/queue.jsonl").status is ExitCode.NOT_FOUND
