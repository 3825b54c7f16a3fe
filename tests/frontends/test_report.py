"""``report`` and ``log``."""

from __future__ import annotations

from testkit.cli import seedbed, text


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


def test_the_log_is_newest_first_filtered_and_paged(filled):
    log = seedbed("log").json
    assert [e["action"] for e in log["events"]] == ["submit", "topics.load"]
    assert seedbed("log", "--action", "topics.load").json["total"] == 1
    assert text("log", "--limit", "1").lines[-1] == "1 of 2; next: --offset 1"
    assert text("log", "--actor", "nobody").lines == ["no events match"]
    assert "accepted=3, rejected=0" in text("log").lines[1]
