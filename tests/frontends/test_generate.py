"""``generate``: targets, displays, statuses."""

from __future__ import annotations

import json

import pytest

from seedbed.core.errors import ExitCode
from seedbed.frontends.cli.app import run
from seedbed.frontends.cli.progress import JsonProgress, LiveProgress, PlainProgress
from testkit.cli import Stream, seedbed, streams, text

PAGE = """# Manual

A branch is a movable pointer to a commit. Creating a branch copies nothing, so it takes no time at all.
Merging joins two histories. When both changed the same lines, the merge stops with a conflict.

A remote is a name for another copy of the repository. Fetching reads new commits without merging them.
"""
FAKE = ("--model", "fake:varied")


@pytest.fixture
def manual(project):
    (project / "manual.md").write_text(PAGE, encoding="utf-8")
    return project


def test_a_target_is_met_with_events_and_a_summary_as_json(manual):
    done = seedbed("generate", "qa", "manual.md", "--target", "4", *FAKE)
    assert done.status is ExitCode.OK
    names = [e["event"] for e in done.events]
    assert names[-1] == "summary"
    assert {"run", "candidate", "job"} <= set(names)
    assert "finished" not in names
    assert (done.events[-1]["status"], done.events[-1]["accepted"]) == ("done", 4)
    assert seedbed("list").json["total"] == 4


def test_a_terminal_sees_decisions_and_the_summary(manual):
    done = text("generate", "qa", "manual.md", "--target", "4", *FAKE)
    assert done.lines[0].startswith("done: 4 of 4 entries (4 new")
    assert done.err.count("✓ git/") == 4
    assert "4/4" in done.err


def test_topics_may_be_loaded_on_the_way(manual):
    (manual / "more.yaml").write_text("git: {tags: {}, branches: {}, commits: {}}\n")
    assert seedbed("generate", "instruct", "--topics", "more.yaml", "--target", "3", *FAKE).status is ExitCode.OK
    assert {e["topic"] for e in seedbed("list").json["entries"]} == {"git/tags", "git/branches", "git/commits"}


def test_too_few_entries_have_their_own_status_and_reasons(manual):
    done = text("generate", "qa", "manual.md", "--target", "4", "--model", "fake:apology", "--max-attempts", "1")
    assert done.status is ExitCode.SHORTFALL
    assert done.lines[0].startswith("shortfall: 0 of 4 entries")
    assert any(line.startswith("missing 4: ") for line in done.lines)


def test_a_spent_budget_has_its_own_status(manual):
    done = seedbed("generate", "qa", "manual.md", "--target", "50", "--max-calls", "2", *FAKE)
    assert done.status is ExitCode.BUDGET
    assert done.events[-1]["calls"] == 2


@pytest.mark.parametrize(
    ("arguments", "status", "code"),
    [
        (["qaa", "manual.md"], ExitCode.INPUT, "unknown_recipe"),
        (["qa"], ExitCode.INPUT, "usage"),
        (["qa", "nope.md"], ExitCode.NOT_FOUND, "not_found"),
        (["instruct", "manual.md"], ExitCode.INPUT, "usage"),
        (["qa", "manual.md", "--topic", "git/comits"], ExitCode.INPUT, "unknown_topic"),
        (["qa", "manual.md", "--target", "2", "--add", "2"], ExitCode.INPUT, "usage"),
        (["qa", "manual.md", "--model", "nope:x"], ExitCode.INPUT, "unknown_provider"),
        (["qa", "manual.md", "--model", "fake:vareid"], ExitCode.INPUT, "unknown_model"),
        (["qa", "manual.md", "--model", "openai:gpt-x"], ExitCode.INPUT, "missing_key"),
        (["qa", "manual.md", "--role", "judge"], ExitCode.INPUT, "usage"),
        (["qa", "manual.md", "--strategy", "cover"], ExitCode.INPUT, "unknown_strategy"),
        (["qa", "manual.md", "--tagret", "2"], ExitCode.INPUT, "unknown_option"),
    ],
)
def test_what_is_wrong_is_said_before_anything_is_asked(manual, arguments, status, code):
    refused = seedbed("generate", *arguments)
    assert (refused.status, refused.error["error"]) == (status, code)
    assert refused.error.get("fix") or refused.error.get("near") or code == "not_found"


def test_a_missing_key_names_its_variable(manual):
    assert "ANTHROPIC_API_KEY" in seedbed("generate", "qa", "manual.md", "--model", "anthropic:x").error["fix"]


def test_an_unreachable_server_ends_the_run_with_what_was_tried(manual):
    config = manual / "seedbed.yaml"
    config.write_text(config.read_text() + "providers:\n  mine: {dialect: openai, base_url: 'http://127.0.0.1:9/v1'}\n")
    done = seedbed("generate", "qa", "manual.md", "--target", "2", "--model", "mine:x")
    assert done.status is ExitCode.PROVIDER
    assert done.error["error"] == "unreachable"
    assert "127.0.0.1:9" in done.error["message"]


# -- displays --------------------------------------------------------------------------------------------------

SNAPSHOT = {
    "target": 10, "accepted": 4, "rejected": {"near_duplicate": 2}, "failed": {"timeout": 1}, "calls": 7,
    "cached_calls": 3, "prompt_tokens": 1500, "completion_tokens": 200, "cost_usd": None,
    "per_minute": 12.0, "eta_s": 75.0,
}  # fmt: skip
LINE = (
    "████████············ 4/10 · rejected 2 (2 near_duplicate) · failed 1 · 7 calls +3 from journal · 1.7k tokens"
    " · cost unknown · 12/min · 1m15s left"
)


def test_plain_progress_is_a_line_every_few_seconds():
    now = [0.0]
    out = Stream()
    progress = PlainProgress(out, clock=lambda: now[0])
    for now[0] in (0.0, 1.0, 6.0, 7.0):
        progress.event("job", SNAPSHOT)
    progress.event("note", {"text": "12 chunks\x1b[31m"})
    for _ in range(3):
        progress.event("failure", {"error": "timeout", "message": "too late"})
    assert out.text().splitlines() == [LINE, "12 chunks\\x1b[31m", "failed: timeout: too late"]


def test_live_progress_never_wraps(monkeypatch):
    monkeypatch.setenv("COLUMNS", "70")
    out = Stream(tty=True)
    progress = LiveProgress(out, clock=iter(range(100)).__next__)
    progress.event("candidate", {"state": "rejected", "code": "rules", "content": {"question": "日本語" * 100}})
    progress.event("candidate", {"state": "accepted", "topic": "a/b", "content": {"question": "\x1b[2J" * 100}})
    progress.event("job", SNAPSHOT)
    progress.close()
    from seedbed.frontends.cli.output import columns

    pieces = [p for line in out.text().split("\n") for p in line.split("\r")]
    assert max(map(columns, pieces)) < 70
    assert "\x1b" not in out.text()


def test_a_reader_that_goes_away_stops_the_run_as_an_interruption_would(manual, monkeypatch):
    class Closed(Stream):
        left = 5

        def write(self, text):
            self.left -= 1
            if self.left < 0:
                raise BrokenPipeError

    with streams(b"", Closed(), Stream()):
        status = run(["generate", "qa", "manual.md", "--target", "500", *FAKE])
    assert status is ExitCode.INTERRUPTED
    assert 0 < seedbed("list").json["total"] < 500


def test_json_progress_is_one_object_a_line():
    out = Stream()
    progress = JsonProgress(out)
    progress.event("note", {"text": "ä\ud800\n"})
    progress.event("finished", {})
    assert [json.loads(line) for line in out.text().splitlines()] == [{"event": "note", "text": "ä\ud800\n"}]
