"""``topics load``, ``tree`` and ``add``."""

from __future__ import annotations

import json

from seedbed.core.errors import ExitCode
from testkit.cli import seedbed, text


def test_a_tree_is_loaded_once_and_updated_after(project):
    assert seedbed("topics", "load", "topics.json").json == {"created": [], "updated": []}
    tree = {"git": {"tags": {}, "branches": {"_description": "Lines of work."}}}
    loaded = seedbed("topics", "load", "-", stdin=json.dumps(tree)).json
    assert loaded == {"created": ["git/tags"], "updated": ["git/branches"]}


def test_yaml_is_read_as_well(project):
    (project / "more.yaml").write_text("git:\n  tags: {}\n  hooks: what runs by itself\n")
    assert text("topics", "load", "more.yaml").lines == ["2 topics created, 0 updated", "  + git/tags", "  + git/hooks"]


def test_the_tree_shows_entries_and_descriptions(filled):
    assert text("topics", "tree").lines == [
        "git  3  — Keeping the history of files.",
        "  commits  2  — Recording a change.",
        "  branches  1  — Parallel lines of work.",
    ]
    assert seedbed("topics", "tree", "git/commits").json == [
        {"topic": "git/commits", "entries": 2, "leaf": True, "description": "Recording a change."}
    ]
    assert [t["topic"] for t in seedbed("topics", "tree", "--depth", "1").json] == ["git"]


def test_an_empty_tree_says_how_to_fill_it(tmp_path):
    seedbed("init", "-t", "blank")
    assert text("topics", "tree").lines == ["no topics yet; add one: seedbed topics add PATH"]


def test_a_topic_is_added_with_its_parents_once(project):
    added = seedbed("topics", "add", "git/remotes/fetch", "--target", "3", "--aspect", "all", "--aspect", "one").json
    assert added == {"topic": "git/remotes/fetch", "created": True}
    assert text("topics", "add", "git/remotes/fetch").lines == ["there already: git/remotes/fetch"]
    shown = {t["topic"]: t for t in seedbed("topics", "tree").json}
    assert shown["git/remotes/fetch"]["target"] == 3
    assert "git/remotes" in shown


def test_a_malformed_path_is_refused_with_its_form(project):
    refused = seedbed("topics", "add", "git//x")
    assert (refused.status, refused.error["error"]) == (ExitCode.INPUT, "invalid_topic")
    assert "single slashes" in refused.error["fix"]


def test_a_broken_tree_names_file_and_row(project):
    (project / "bad.yaml").write_text("git:\n  - [\n")
    refused = seedbed("topics", "load", "bad.yaml")
    assert refused.status is ExitCode.INPUT
    assert refused.error["place"] == {"file": "bad.yaml", "row": 3}


def test_a_missing_tree_is_not_found(project):
    assert seedbed("topics", "load", "nope.yaml").status is ExitCode.NOT_FOUND


def test_a_mistyped_subcommand_is_named_with_near_ones():
    refused = seedbed("topics", "laod")
    assert (refused.status, refused.error["error"]) == (ExitCode.INPUT, "unknown_command")
    assert refused.error["near"][0] == "load"
