"""Moving in from okgv: everything it knows, nothing twice, and all of it can be taken back."""

from __future__ import annotations

import json
import signal
import subprocess
import sys

import pytest

import seedbed as package
from seedbed.core.errors import ExitCode
from testkit.cli import seedbed, text
from testkit.okgv import FACTS, Okgv, qa, time_of

STRUCTURE = {
    "algebra": {
        "_meta": {"similarity_scope": "subtree"},
        "basics": {"_meta": {"entry": {"difficulty": {"one_of": ["easy", "medium"]}, "colour": "not_empty"}}},
        "groups": {"_meta": {"entry": {"answer": ["not_empty", {"multiple_of": 3}]}}},
    },
    "planned": {},
}


@pytest.fixture
def project(tmp_path):
    """An empty project."""
    (tmp_path / "seedbed.yaml").write_text("kind: qa\n", encoding="utf-8")
    assert seedbed("init").status is ExitCode.OK
    return tmp_path


@pytest.fixture
def okgv(tmp_path):
    (tmp_path / "old").mkdir()
    return Okgv(tmp_path / "old" / "okgv.db").topics("algebra/basics", "algebra/groups", "calculus")


def structured(okgv, data=STRUCTURE):
    (okgv.path.parent / "config").mkdir()
    (okgv.path.parent / "config" / "structure.json").write_text(json.dumps(data), encoding="utf-8")


def found(report, part, what):
    return next(row for row in report[part] if what in row["what"])


def test_topics_entries_states_and_log_come_along(project, okgv):
    structured(okgv)
    okgv.submit("algebra/basics", qa(0))
    kept, good, bad = okgv.submit("algebra/groups", qa(1), qa(2), qa(3), review=True)
    okgv.decide(good, "approved")
    okgv.decide(bad, "rejected")
    report = seedbed("import", "old").json
    assert report["topics"] == {"total": 4, "created": 4, "existed": 0, "refused": 0}
    assert report["entries"] == {
        "total": 4, "accepted": 1, "pending": 1, "approved": 1, "rejected": 1, "existed": 0, "refused": 0
    }  # fmt: skip
    assert report["review"] == {"pending": 1, "approved": 1, "rejected": 1}
    assert report["log"] == {"operations": 2, "events": 2}
    by_id = {e["meta"]["okgv_id"]: e for s in ("accepted", "pending", "approved", "rejected")
             for e in seedbed("list", "--state", s).json["entries"]}  # fmt: skip
    assert (by_id[kept]["state"], by_id[good]["state"], by_id[bad]["state"]) == ("pending", "approved", "rejected")
    assert by_id[kept]["content"] == qa(1)
    events = seedbed("log", "--actor", "okgv").json["events"]
    assert [e["at"][:19] for e in events] == [time_of(1)[:19], time_of(0)[:19]]
    assert [e["detail"]["accepted"] for e in events] == [3, 1]


def test_times_are_okgv_s_own(project, okgv):
    okgv.submit("calculus", qa(0))
    seedbed("import", "old/okgv.db")
    with package.open() as dataset:
        assert dataset.entries()[1][0].created_at == pytest.approx(1767322800.25)


def test_a_time_that_is_none_is_told(project, okgv):
    okgv.submit("calculus", qa(0), qa(1))
    okgv.sql("UPDATE log SET timestamp = 'yesterday'")
    report = seedbed("import", "old").json
    assert (report["entries"]["accepted"], report["log"]) == (2, {"operations": 1, "events": 0})
    told = found(report, "changed", "time in the log")
    assert (told["n"], told["at"]) == (2, ["yesterday"])


def test_a_check_with_a_wrong_option_is_no_fault_of_the_entries(project, okgv):
    okgv.submit("calculus", qa(0))
    with (project / "seedbed.yaml").open("a", encoding="utf-8") as file:
        file.write("checks: {rules: {longests: 9}}\n")
    assert seedbed("import", "old").error["error"] == "invalid_config"
    assert seedbed("log").json["total"] == 0


def test_rules_of_the_structure_file_narrow_fields(project, okgv):
    structured(okgv)
    report = seedbed("import", "old").json
    late = seedbed("submit", json.dumps(qa(0, difficulty="hard")), "--topic", "algebra/basics")
    assert late.json["code"] == "wrong_schema"
    assert found(report, "not_carried", "'colour'")["at"] == ["algebra/basics"]
    assert "multiple_of" in found(report, "not_carried", "entry.answer")["why"]
    assert found(report, "not_carried", "similarity_scope")["n"] == 1
    assert found(report, "not_carried", "topic")["at"] == ["planned"]


def test_what_a_rule_forbids_is_refused_with_its_reason(project, okgv):
    structured(okgv)
    okgv.submit("algebra/basics", qa(0), qa(1, difficulty="hard"))
    done = seedbed("import", "old", "--results", "results.jsonl")
    assert done.status is ExitCode.FAILURE
    assert (done.json["entries"]["accepted"], done.json["codes"]) == (1, {"wrong_schema": 1})
    assert "difficulty" in done.json["refused"][0]["reason"]
    assert len((project / "results.jsonl").read_text(encoding="utf-8").splitlines()) == 2


def test_moving_in_again_changes_nothing(project, okgv):
    okgv.submit("calculus", qa(0), qa(1), qa(0, extra=1), review=True)
    okgv.decide(okgv.submit("calculus", qa(2), review=True)[0], "rejected")
    seedbed("import", "old")
    before = seedbed("log").json["total"]
    again = seedbed("import", "old").json
    assert again["entries"] | {"total": 0} == dict.fromkeys(again["entries"], 0) | {"existed": 4}
    assert seedbed("log").json["total"] == before


def test_one_undo_takes_all_of_it_back(project, okgv):
    okgv.submit("calculus", qa(0))
    okgv.submit("algebra/basics", qa(1), review=True)
    session = seedbed("import", "old").json["session"]
    assert seedbed("undo", "--session", session).status is ExitCode.OK
    assert seedbed("list").json["total"] == 0
    assert seedbed("topics", "tree").json == []


def test_checking_writes_nothing_and_says_the_same(project, okgv):
    structured(okgv)
    okgv.submit("algebra", qa(0))
    okgv.submit("calculus", qa(1), qa(1, note="again"))
    told = seedbed("import", "old", "--check").json
    assert seedbed("topics", "tree").json == []
    assert seedbed("import", "old").json == told | {"check_only": False}


def test_entries_at_an_interior_topic_get_a_leaf(project, okgv):
    first, _ = okgv.submit("algebra", qa(0), qa(1))
    report = seedbed("import", "old").json
    assert found(report, "changed", "interior")["n"] == 2
    assert first in found(report, "changed", "interior")["at"][0]
    assert {e["topic"] for e in seedbed("list").json["entries"]} == {"algebra/general"}


def test_a_general_topic_that_is_interior_itself_is_no_obstacle(project, okgv):
    okgv.topics("algebra/general/deep")
    okgv.submit("algebra", qa(0))
    seedbed("import", "old")
    assert seedbed("list").json["entries"][0]["topic"] == "algebra/general/general"


def test_orphans_of_both_tables_come_along(project, okgv):
    okgv.submit("calculus", qa(0), graph=False)
    okgv.submit("calculus", qa(1), vector=False)
    report = seedbed("import", "old").json
    assert report["entries"]["accepted"] == 2
    assert sum(row["n"] for row in report["changed"] if row["what"] == "entry of one table") == 2


def test_duplicates_are_reported_and_let_in_unless_asked_otherwise(project, okgv):
    okgv.submit("calculus", qa(0), qa(0, note="again"))
    told = seedbed("import", "old", "--check").json
    assert (told["entries"]["accepted"], told["warned"]) == (2, {"exact_duplicate": 1})
    strict = seedbed("import", "old", "--check", "--on-duplicate", "reject").json
    assert strict["entries"]["accepted"] + strict["entries"]["existed"] + strict["entries"]["refused"] == 2
    assert strict["entries"]["accepted"] == 1


def test_what_was_rejected_keeps_nothing_out(project, okgv):
    gone, _ = okgv.submit("calculus", qa(0), qa(0, question=FACTS[0][0].lower()), review=True)
    okgv.decide(gone, "rejected")
    report = seedbed("import", "old", "--on-duplicate", "reject").json
    assert report["entries"]["pending"] == 1


def test_calls_stored_as_text_are_calls_again(project, okgv):
    structured(okgv, {"calculus": {"_meta": {
        "function": "integrate", "required": {"of": "not_empty"}, "optional": {"steps": {"is_type": ["int"]}},
    }}})  # fmt: skip
    call = {"query": "Integrate x squared, it's easy!", "function": "integrate", "difficulty": "easy"}
    okgv.submit("calculus", call | {"arguments": {"of": "it's x**2", "steps": 3}})
    okgv.submit("calculus", call | {"query": "Integrate nothing at all.", "arguments": {"steps": "three"}})
    okgv.submit("calculus", call | {"query": "Run this for me.", "arguments": "__import__('os').system('true')"})
    report = seedbed("import", "old", "--kind", "tool_use").json
    assert (report["entries"]["accepted"], report["entries"]["refused"]) == (1, 2)
    content = seedbed("list").json["entries"][0]["content"]
    assert content["calls"] == [{"name": "integrate", "arguments": {"of": "it's x**2", "steps": 3}}]
    assert content["tools"][0]["function"]["parameters"]["required"] == ["of"]
    assert found(report, "changed", "'arguments'")["n"] == 2
    assert report["kept_as_meta"]["difficulty"] == 3


def test_a_label_may_be_the_topic_s_name(project, okgv):
    okgv.submit("calculus", {"text": "The slope is steep here.", "channel": "chat"})
    assert seedbed("import", "old", "--kind", "classification", "--map", "@leaf=label").status is ExitCode.OK
    assert seedbed("list").json["entries"][0]["content"] == {"text": "The slope is steep here.", "label": "calculus"}


def test_odd_names_are_mended_and_told(project, okgv):
    okgv.topics("a//b")
    okgv.submit("a//b", qa(0))
    report = seedbed("import", "old").json
    assert report["entries"]["accepted"] == 1
    assert found(report, "changed", "topic name")["n"] >= 1


def test_names_that_look_alike_stay_apart(project, okgv):
    okgv.topics("team_a/x", "team-a/x", "TEAM_a/x")
    for i, name in enumerate(("team_a/x", "team-a/x", "TEAM_a/x")):
        okgv.submit(name, qa(i))
    seedbed("import", "old")
    assert {e["topic"] for e in seedbed("list").json["entries"]} == {"team_a/x", "team-a/x", "TEAM_a/x"}


def test_options_that_mean_nothing_here_are_refused(project, okgv):
    for option in (["--topic", "a"], ["--create-topics"], ["--split", "x"], ["--topic-column", "t"]):
        refused = seedbed("import", "old/okgv.db", *option)
        assert (refused.status, refused.out) == (ExitCode.INPUT, "")
    (project / "rows.jsonl").write_text("{}\n", encoding="utf-8")
    assert seedbed("import", "rows.jsonl", "--structure", "x.json").status is ExitCode.INPUT


def test_a_kind_is_suggested(project, okgv):
    call = {"query": "Integrate it.", "function": "integrate", "difficulty": "easy", "arguments": {"of": "x"}}
    okgv.submit("calculus", call)
    fields = seedbed("import", "old", "--suggest-kind").json["kinds"]["mine"]["fields"]
    assert fields["arguments"] == {"type": "object"}


def test_the_report_reads_well(project, okgv):
    okgv.submit("algebra", qa(0))
    okgv.submit("calculus", qa(1), review=True)
    lines = text("import", "old").lines
    assert lines[0] == "2 of 2 entries came in, as qa"
    assert "not carried:" in lines
    assert lines[-1] == "take it back with: seedbed undo --session okgv:okgv.db"


def test_an_existing_branch_that_holds_entries_refuses_what_is_below(project, okgv):
    seedbed("topics", "add", "algebra")
    seedbed("submit", json.dumps(qa(4)), "--topic", "algebra")
    okgv.submit("algebra/groups", qa(0))
    okgv.submit("calculus", qa(1))
    report = seedbed("import", "old").json
    assert (report["topics"]["refused"], report["entries"]["accepted"]) == (2, 1)
    assert report["codes"] == {"topic_holds_entries": 1}


KILLED = """
import os, signal, sys, seedbed
def stop(result, seen=[0]):
    seen[0] += 1
    if seen[0] == 700:
        os.kill(os.getpid(), signal.SIGKILL)
with seedbed.open() as dataset:
    if sys.argv[1] == "old":
        dataset.move_in("old/okgv.db", on_result=stop)
    else:
        for decision in dataset.import_rows("rows.jsonl", topic="calculus", on_duplicate="warn"):
            stop(decision)
"""


@pytest.mark.parametrize("source", ["old", "rows"])
def test_a_killed_process_leaves_whole_batches_and_can_go_on(project, okgv, source):
    rows = [qa(i % 5, question=f"{FACTS[i % 5][0]} Case {i}.") for i in range(1_100)]
    okgv.submit("calculus", *rows)
    (project / "rows.jsonl").write_text("".join(json.dumps(r) + "\n" for r in rows), encoding="utf-8")
    seedbed("topics", "add", "calculus")
    killed = subprocess.run([sys.executable, "-c", KILLED, source], check=False)
    assert killed.returncode == -signal.SIGKILL
    assert seedbed("list").json["total"] == 1_024
    again = ["old"] if source == "old" else ["rows.jsonl", "--topic", "calculus", "--on-duplicate", "warn"]
    done = seedbed("import", *again).json
    existed = done["entries"]["existed"] if source == "old" else done["existed"]
    assert (existed, seedbed("list").json["total"]) == (1_024, 1_100)
