"""``similar``, ``list`` and ``show``."""

from __future__ import annotations

import json

import pytest

from seedbed.core.errors import ExitCode
from testkit.cli import seedbed, text
from testkit.projects import row

BRANCH = "What is a branch?"


def test_neighbours_come_best_first_with_their_content(filled):
    near = seedbed("similar", "What does a commit hold inside?", "--topic", "git/commits").json["similar"]
    assert near[0]["content"]["question"] == "What does a commit hold?"
    assert near[0]["similarity"] > near[1]["similarity"]
    assert len(seedbed("similar", "x", "--topic", "git/commits", "-k", "1").json["similar"]) == 1


def test_an_object_is_compared_as_an_entry(filled):
    found = seedbed("similar", json.dumps({"question": BRANCH}), "--topic", "git/branches").json
    assert found["similar"][0]["similarity"] == pytest.approx(1, abs=0.01)


def test_neighbours_are_readable(filled):
    lines = text("similar", BRANCH, "--topic", "git/branches").lines
    assert lines[0] == "1 neighbour in the scope of git/branches"
    assert lines[2].strip() == f"question: {BRANCH}"


def test_each_of_many_rows_has_its_own_neighbours(filled):
    lines = ['{"question": "x"}', json.dumps({"question": BRANCH}), "not json", "7", '"text"']
    found = seedbed("similar", "-", "--topic", "git/branches", stdin="\n".join(lines))
    assert found.status is ExitCode.INPUT
    assert [r.get("code") for r in found.json] == [None, None, "invalid_json", "not_an_object", None]
    assert found.json[2]["place"] == {"line": 3, "column": 1}
    assert [r["row"] for r in found.json] == [1, 2, 3, 4, 5]


def test_entries_are_read_from_a_file(filled):
    (filled / "entry.json").write_text(json.dumps({"question": BRANCH}), encoding="utf-8")
    assert seedbed("similar", "@entry.json", "--topic", "git/branches").json["similar"]
    assert seedbed("similar", "@nope.json", "--topic", "git/branches").status is ExitCode.NOT_FOUND


def test_an_interior_topic_can_be_searched(filled):
    assert seedbed("similar", "x", "--topic", "git").status is ExitCode.OK


def test_the_list_is_newest_first_and_paged(filled):
    whole = seedbed("list").json
    assert whole["total"] == 3
    assert [e["content"]["question"] for e in whole["entries"]] == [row(i)["question"] for i in (2, 1, 0)]
    page = seedbed("list", "--limit", "1", "--offset", "1").json
    assert page["entries"] == whole["entries"][1:2]
    assert text("list", "--limit", "2").lines[-1] == "2 of 3; next: --offset 2"
    assert text("list", "--offset", "9").lines == ["3 entries, none from --offset 9 on"]


@pytest.mark.parametrize(
    ("filters", "found"),
    [
        (["--topic", "git/commits"], 2),
        (["--topic", "git"], 3),
        (["--contains", "BRANCH"], 1),
        (["--contains", "100%"], 0),
        (["--kind", "qa"], 3),
        (["--state", "rejected"], 1),
        (["--state", "accepted", "--state", "rejected"], 4),
        (["--code", "wrong_schema"], 1),
        (["--code", "near_duplicate"], 0),
    ],
)
def test_the_list_is_filtered(filled, filters, found):
    seedbed("submit", json.dumps(row(answer=7)))
    assert seedbed("list", *filters).json["total"] == found


def test_a_rejected_entry_is_listed_with_its_reason(filled):
    seedbed("submit", json.dumps(row(answer=7)))
    assert "rejected: wrong_schema" in text("list", "--state", "rejected").lines[1]


def test_nothing_matching_says_so(filled):
    assert text("list", "--contains", "nowhere").lines == ["no entries match"]


def test_one_entry_is_shown_whole(filled):
    entry_id = seedbed("list").json["entries"][0]["id"]
    shown = seedbed("show", entry_id[:8]).json
    assert shown["id"] == entry_id
    assert shown["content"] == {k: v for k, v in row(2).items() if k != "topic"}
    assert {v["check"]: v["outcome"] for v in shown["verdicts"]}["schema"] == "pass"
    lines = text("show", entry_id).lines
    assert lines[0] == f"{entry_id}  accepted  qa  git/branches  [difficulty=easy]"
    assert "    ✓ schema" in lines
    assert lines[-1] == "  origin: via=submit, actor=human"


def test_a_short_or_unknown_id_is_refused(filled):
    assert seedbed("show", "abc").status is ExitCode.INPUT
    assert seedbed("show", "0" * 20).status is ExitCode.NOT_FOUND
