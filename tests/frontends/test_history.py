"""``log``, ``undo``, ``redo`` and ``compact``."""

from __future__ import annotations

import json
import time

import pytest

from seedbed.core.errors import ExitCode
from testkit.cli import seedbed, text
from testkit.projects import FACTS, row


@pytest.fixture
def entries(filled):
    """Ids of the three facts."""
    return [e["id"] for e in seedbed("list").json["entries"]][::-1]


def total(*arguments):
    return seedbed("list", *arguments).json["total"]


# -- log ---------------------------------------------------------------------------------------------------------


def test_the_log_reads_well(filled):
    seedbed("submit", json.dumps(row(2, answer="")), "--actor", "agent:a", "--reason", "a try")
    seedbed("undo", "2")
    lines = text("log").lines
    assert lines[0].split() == ["id", "time", "actor", "action", "about"]
    assert lines[1].endswith("human    undo         of=[2], removed=3")
    assert lines[2].endswith("agent:a  submit       accepted=0, rejected=1, (a try)")
    assert lines[3].endswith("accepted=3, rejected=0, undone by 4")


@pytest.mark.parametrize(
    ("options", "ids"),
    [
        (["--topic", "git/branches"], [3, 2, 1]),
        (["--topic", "git/commits"], [2, 1]),
        (["--topic", "git"], [3, 2, 1]),
        (["--action", "remove"], [3]),
        (["--actor", "agent:a"], [3]),
        (["--session", "s"], [3]),
        (["--topic", "git", "--action", "submit"], [2]),
        (["--since", "1h"], [3, 2, 1]),
        (["--after", "90 m"], [3, 2, 1]),
        (["--before", "2d"], []),
        (["--until", "2020-01-01"], []),
        (["--after", "2020-01-01T00:00:00Z", "--limit", "1", "--offset", "1"], [2]),
    ],
)
def test_the_log_is_filtered(filled, options, ids):
    branch = seedbed("list", "--topic", "git/branches").json["entries"][0]["id"]
    seedbed("remove", branch, "--actor", "agent:a", "--session", "s")
    assert [e["id"] for e in seedbed("log", *options).json["events"]] == ids


def test_a_count_is_enough_for_some(filled):
    assert seedbed("log", "--count").json == {"total": 2}
    assert text("log", "--count", "--action", "submit").lines == ["1 event"]


@pytest.mark.parametrize(
    "given", ["yesterday", "", "2026-13-01", "0001-01-01", "9999-12-31T23:59:59-14:00", "5 years", "-3d", "x" * 900]
)
def test_what_is_no_time_is_told(filled, given):
    for command in (["log", "--after", given], ["undo", "--since", given]):
        refused = seedbed(*command)
        assert (refused.status, refused.error["error"]) == (ExitCode.INPUT, "invalid_time")
        assert "90m" in refused.error["fix"]
        assert len(refused.error["message"]) < 100


def test_local_times_and_zones_are_understood(filled):
    now = time.time()
    utc = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(now - 3600))
    local = time.strftime("%Y-%m-%dT%H:%M:%S", time.localtime(now - 3600))
    assert seedbed("log", "--after", utc).json["total"] == seedbed("log", "--after", local).json["total"] == 2
    assert seedbed("log", "--before", utc).json["total"] == 0


def test_the_log_of_an_unknown_topic_names_near_ones(filled):
    assert seedbed("log", "--topic", "git/comits").error["near"][0] == "git/commits"
    seedbed("topics", "remove", "git/branches", "--entries", "remove")
    assert seedbed("log", "--topic", "git/branches").json["total"] == 3


# -- undo and redo -----------------------------------------------------------------------------------------------


def test_undo_and_redo_say_what_they_did(filled):
    done = text("undo")
    assert (done.status, done.lines) == (
        ExitCode.OK,
        [
            "undone: 2 (submit)",
            "  3 entries removed",
            "         2  git/commits",
            "         1  git/branches",
            "take it back with: seedbed redo 3",
        ],
    )
    assert total() == 0
    assert text("redo").lines == [
        "redone: 3 (undo)",
        "  3 entries restored",
        "         2  git/commits",
        "         1  git/branches",
        "take it back with: seedbed undo 4",
    ]
    assert total() == 3


def test_the_result_is_json_for_programs(filled):
    done = seedbed("undo", "2", "--actor", "agent:a", "--reason", "wrong").json
    assert {k: done[k] for k in ("event", "removed", "restored", "topics", "conflicts", "dry_run")} == {
        "event": 3, "removed": 3, "restored": 0, "topics": {"git/commits": 2, "git/branches": 1}, "conflicts": [],
        "dry_run": False,
    }  # fmt: skip
    assert seedbed("log", "--limit", "1").json["events"][0]["actor"] == "agent:a"


def test_a_dry_run_writes_nothing(filled):
    tried = text("undo", "--dry-run")
    assert (tried.status, tried.lines[0]) == (ExitCode.OK, "would be undone: 2 (submit)")
    assert not any("take it back" in line for line in tried.lines)
    assert (total(), seedbed("log").json["total"]) == (3, 2)


def test_what_was_changed_goes_back_in_words(filled, entries):
    seedbed("approve", *entries[:2], "--reviewer", "human:ann")
    assert text("undo").lines[1:3] == ["  2 entries changed back", "  2 decisions changed back"]
    seedbed("topics", "describe", "git", "--target", "9")
    assert text("undo").lines[1] == "  1 topic changed back"


@pytest.fixture
def contested(filled, entries):
    """An entry that was edited twice; the id of the first edit."""
    seedbed("edit", entries[0], "--set", "answer=A snapshot and a message.")
    seedbed("edit", entries[0], "--set", "answer=A snapshot, a message and parents.")
    return seedbed("log", "--action", "edit").json["events"][-1]["id"]


def test_a_conflict_is_refused_with_the_later_event(contested, entries):
    refused = text("undo", contested)
    assert (refused.status, refused.out) == (ExitCode.INPUT, "")
    assert refused.err.startswith(
        f"error[conflict]: entry {entries[0]} has another content since (event {contested}) — undo"
    )
    assert f"undo the later events first ({contested + 1}), or add --skip-conflicts" in refused.err
    error = seedbed("undo", contested).error
    assert (error["n_conflicts"], error["conflicts"][0]["by"]) == (1, contested + 1)


def test_a_dry_run_shows_conflicts_and_fails(contested, entries):
    tried = text("undo", contested, "--dry-run")
    assert tried.status is ExitCode.FAILURE
    assert tried.lines[-1] == f"  ✗ entry {entries[0]} has another content since, by event {contested + 1}"
    assert seedbed("undo", contested, "--dry-run", "--skip-conflicts").status is ExitCode.OK


def test_conflicts_are_skipped_when_asked(contested, entries):
    done = seedbed("undo", contested, "--skip-conflicts")
    assert (done.status, done.json["n_conflicts"], done.json["changed"]) == (ExitCode.OK, 1, {})
    assert seedbed("show", entries[0]).json["content"]["answer"] == "A snapshot, a message and parents."


@pytest.mark.parametrize(
    ("arguments", "status", "code"),
    [
        (["undo", "99"], ExitCode.NOT_FOUND, "not_found"),
        (["undo", "one"], ExitCode.INPUT, "usage"),
        (["undo", "2", "--last", "1"], ExitCode.INPUT, "ambiguous"),
        (["undo", "--last", "0"], ExitCode.INPUT, "usage"),
        (["undo", "--session", "nobody"], ExitCode.INPUT, "nothing_to_undo"),
        (["undo", "--since", "2999-01-01"], ExitCode.INPUT, "nothing_to_undo"),
        (["redo"], ExitCode.INPUT, "nothing_to_redo"),
        (["redo", "2"], ExitCode.INPUT, "not_an_undo"),
    ],
)
def test_what_cannot_be_undone_is_told(filled, arguments, status, code):
    refused = seedbed(*arguments)
    assert (refused.status, refused.out, refused.error["error"]) == (status, "", code)


def test_the_same_event_is_not_undone_twice(filled):
    seedbed("undo", "2")
    refused = seedbed("undo", "2")
    assert (refused.error["error"], refused.error["fix"]) == ("already_undone", "seedbed redo 3 brings it back")


def test_sessions_and_times_are_undone(filled):
    seedbed("submit", json.dumps(row(2, question="What is a tag?", answer="A fixed name.")), "--session", "tuesday")
    assert seedbed("undo", "--session", "tuesday", "--dry-run").json["removed"] == 1
    assert seedbed("undo", "--of-session", "tuesday").json["removed"] == 1
    done = seedbed("undo", "--since", "1h").json
    assert [e["action"] for e in done["undone"]] == ["undo", "submit", "submit", "topics.load"]
    assert (done["removed"], done["restored"], total()) == (3, 0, 0)


def test_hostile_names_are_shown_harmless(filled):
    seedbed(
        "submit",
        json.dumps(row(2, question="Where?", answer="Here.")),
        "--actor",
        "a\x1b[31m\u202e",
        "--reason",
        "\x07",
    )
    shown = text("log").out + text("undo").out
    assert "\x1b" not in shown and "\u202e" not in shown and "\x07" not in shown
    assert "a\\x1b[31m\\u202e" in shown


# -- compact -----------------------------------------------------------------------------------------------------


def test_compacting_forgets_for_good(filled):
    seedbed("undo")
    tried = text("compact", "--dry-run").lines
    assert tried[0].startswith("3 removed entries would be forgotten; the file has ")
    done = text("compact").lines
    assert done[0].startswith("3 removed entries forgotten; ")
    refused = seedbed("redo")
    assert (refused.status, refused.error["error"]) == (ExitCode.INPUT, "compacted")
    assert refused.error["message"].endswith("its 3 entries were compacted away")
    assert seedbed("reconcile").status is ExitCode.OK


def test_compacting_may_keep_everything(filled):
    seedbed("undo")
    assert seedbed("compact", "--keep-removed").json["entries"] == 0
    assert seedbed("redo").json["restored"] == len(FACTS)
