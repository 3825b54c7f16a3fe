"""``report``."""

from __future__ import annotations

import json

import pytest

from seedbed.core.errors import ExitCode
from testkit.cli import seedbed, text
from testkit.projects import CONFIG, row


def test_the_report_counts_topics_cells_and_what_is_missing(filled):
    report = seedbed("report").json
    assert (report["entries"], report["target"], report["missing"]) == (3, 12, 9)
    assert report["topics"]["counts"] == [
        {"topic": "git/branches", "accepted": 1, "target": 6},
        {"topic": "git/commits", "accepted": 2, "target": 6},
    ]
    assert report["cells"]["legal"] == 5


def test_impossible_cells_are_never_listed(filled):
    cells = {(c["topic"], c["cell"]) for c in seedbed("report", "--all").json["cells"]["worst"]}
    assert ("git/commits", "difficulty=hard") not in cells
    assert ("git/branches", "difficulty=hard") in cells


def test_the_report_reads_well(filled):
    assert text("report").lines == [
        "seedbed.db: 3 of 12 qa entries",
        "  git/branches  ██········ 1/6",
        "  git/commits   ███······· 2/6",
        "cells: 5, 3 empty, the shortest:",
        "  git/commits [difficulty=medium]: 0, 3 missing",
        "  git/branches [difficulty=medium]: 0, 2 missing",
        "  git/branches [difficulty=hard]: 0, 2 missing",
        "  … and 2 more",
    ]


def test_a_part_of_the_tree_keeps_its_share_of_the_target(filled):
    assert text("report", "--topic", "git/branches").lines[:2] == [
        "seedbed.db: 1 of 6 qa entries under git/branches",
        "  git/branches  ██········ 1/6",
    ]


def test_other_kinds_are_counted_beside(filled):
    made = seedbed("generate", "instruct", "--target", "4", "--model", "fake:varied")
    assert made.status == 0
    report = seedbed("report").json
    assert (report["entries"], report["target"], report["other_kinds"]) == (3, 12, {"instruction": 4})
    assert text("report").lines[0] == "seedbed.db: 3 of 12 qa entries (4 of kind instruction)"
    other = seedbed("report", "--kind", "instruction").json
    assert (other["entries"], other["target"], other["other_kinds"]) == (4, 4, {"qa": 3})


def test_the_yield_of_a_run_is_shown(filled):
    assert text("report", "--yield").lines[-1] == "yield: no calls of models yet"
    seedbed("generate", "instruct", "--target", "4", "--model", "fake:varied")
    rows = seedbed("report", "--yield").json["yield"]
    assert sum(r["accepted"] for r in rows) == 4
    assert "per_call" in text("report", "--yield").out


def test_an_empty_dataset_says_how_to_go_on(tmp_path):
    seedbed("init")
    assert text("report").lines == ["seedbed.db: 0 qa entries", "no topics yet; add one: seedbed topics add PATH"]


def test_unknown_names_are_refused(filled):
    assert seedbed("report", "--topic", "git/comits").error["near"][0] == "git/commits"
    assert seedbed("report", "--kind", "qaa").error["near"] == ["qa"]


@pytest.fixture
def large(tmp_path):
    """Fifty topics of three cells each, some of them filled, with rejections."""
    (tmp_path / "seedbed.yaml").write_text(CONFIG.replace("target: 12", "target: 1500"), encoding="utf-8")
    tree = {f"subject {i}": {f"a topic of ordinary length {j}": {} for j in range(10)} for i in range(5)}
    (tmp_path / "topics.json").write_text(json.dumps(tree), encoding="utf-8")
    seedbed("init")
    seedbed("topics", "load", "topics.json")
    levels = ["easy", "medium", "hard"]
    topic = "subject {}/a topic of ordinary length 9"
    words = [f"Which word {i} comes before {i * 7919}?" for i in range(9)]
    rows = [row(2, question=w, topic=topic.format(i % 5), difficulty=levels[i % 3]) for i, w in enumerate(words)]
    bad = [rows[0] | {"answer": ""}, rows[0] | {"answer": "Other."}, rows[0] | {"topic": "subject 0"}]
    seedbed("submit", json.dumps([*rows, *bad]))
    return tmp_path


def test_a_report_on_any_dataset_is_short(large):
    done = seedbed("report")
    assert len(done.out.encode()) <= 1_000
    report = done.json
    assert (report["topics"]["leaves"], report["cells"]["legal"], report["entries"]) == (50, 150, 9)
    assert {r["code"]: r["n"] for r in report["rejections"]} == {"wrong_schema": 1, "exact_duplicate": 1}
    assert len(text("report").out.encode()) <= 1_000


def test_a_report_is_paged(large):
    first = seedbed("report", "--limit", "2").json
    assert (len(first["cells"]["worst"]), len(first["topics"]["counts"]), first["next_offset"]) == (2, 2, 2)
    second = seedbed("report", "--limit", "2", "--offset", "2").json
    assert second["cells"]["worst"] != first["cells"]["worst"]
    last = seedbed("report", "--offset", "149").json
    assert (len(last["cells"]["worst"]), "next_offset" in last) == (1, False)
    everything = seedbed("report", "--all").json
    assert (len(everything["cells"]["worst"]), len(everything["topics"]["counts"])) == (150, 50)


def test_leases_and_entries_in_review_are_told(filled):
    seedbed("next", "-n", "2")
    seedbed("submit", json.dumps(row(0, answer="Yes.")), "--on-duplicate", "review")
    report = seedbed("report").json
    assert (report["leased"], report["states"]["pending"], report["entries"]) == (2, 1, 3)
    assert text("report").lines[0] == "seedbed.db: 3 of 12 qa entries (1 pending, 2 leased)"


# -- by any fields -----------------------------------------------------------------------------------------------


def test_entries_are_counted_by_any_fields(filled):
    counted = seedbed("report", "--by", "topic,difficulty").json
    assert counted == {
        "total": 3,
        "groups": 2,
        "counts": [
            {"topic": "git/commits", "difficulty": "easy", "n": 2},
            {"topic": "git/branches", "difficulty": "easy", "n": 1},
        ],
    }
    assert text("report", "--by", "difficulty, state").lines == [
        "difficulty  state     entries",
        "easy        accepted        3",
    ]
    assert seedbed("report", "--by", "via", "--topic", "git/branches").json["counts"] == [{"via": "submit", "n": 1}]


def test_groups_are_paged(filled):
    shown = text("report", "--by", "question", "--limit", "2").lines
    assert shown[-1] == "2 of 3 groups; next: --offset 2"
    assert len(seedbed("report", "--by", "question", "--offset", "2").json["counts"]) == 1
    assert len(seedbed("report", "--by", "question", "--all").json["counts"]) == 3


@pytest.mark.parametrize("by", ["", " , "])
def test_something_has_to_be_counted_by(filled, by):
    refused = seedbed("report", "--by", by)
    assert (refused.status, refused.error["error"]) == (ExitCode.INPUT, "invalid_input")
    assert "difficulty" in refused.error["fix"]


def test_an_unknown_field_names_near_ones(filled):
    refused = seedbed("report", "--by", "topic,dificulty")
    assert (refused.error["error"], refused.error["near"]) == ("unknown_field", ["difficulty"])
