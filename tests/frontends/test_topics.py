"""``topics``: what agents and people type and see."""

from __future__ import annotations

import json

from seedbed.core.errors import ExitCode
from testkit.cli import seedbed, text


def test_a_tree_is_loaded_once_and_updated_after(project):
    assert seedbed("topics", "load", "topics.json").json["event"] is None
    tree = {"git": {"tags": {}, "branches": {"_description": "Lines of work."}}}
    loaded = seedbed("topics", "load", "-", stdin=json.dumps(tree)).json
    assert (loaded["created"], loaded["updated"]) == (["git/tags"], ["git/branches"])


def test_yaml_is_read_as_well(project):
    (project / "more.yaml").write_text("git:\n  tags: {}\n  hooks: what runs by itself\n")
    lines = text("topics", "load", "more.yaml").lines
    assert lines[:3] == ["2 topics created (undo with: seedbed undo 2)", "  + git/tags", "  + git/hooks"]


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
    assert added["created"] == ["git/remotes", "git/remotes/fetch"]
    assert text("topics", "add", "git/remotes/fetch").lines == ["nothing to change"]
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


def tree():
    return {t["topic"]: t["entries"] for t in seedbed("topics", "tree").json}


def test_a_key_that_stands_twice_or_holds_a_slash_is_refused(project):
    twice = seedbed("topics", "load", "-", stdin='{"a": {}, "a": {"b": {}}}')
    assert (twice.status, twice.error["error"]) == (ExitCode.INPUT, "duplicate_key")
    slash = seedbed("topics", "load", "-", stdin='{"a/b": {}}')
    assert (slash.status, slash.error["error"]) == (ExitCode.INPUT, "invalid_topic")
    assert "a" not in tree()


def test_overlaps_of_many_siblings_are_a_few_lines(project):
    flat = {f"t{i}": {"_fields": {"difficulty": ["easy"]}} for i in range(50)}
    told = text("topics", "load", "-", "--dry-run", stdin=json.dumps(flat)).lines
    assert told[0] == "dry run: 50 topics created"
    assert "siblings that do not exclude each other: 1275 pairs" in told  # git among them
    assert len(told) < 40
    said = seedbed("topics", "load", "-", "--dry-run", stdin=json.dumps(flat)).json
    assert (len(said["created"]), said["more"]) == (30, {"created": 20})


def test_the_tree_counts_states_and_is_drawn_by_whole_paths(filled):
    assert seedbed("submit", json.dumps({"question": "", "topic": "git/commits"})).status is ExitCode.FAILURE
    assert text("topics", "tree", "git/commits", "--counts").lines == ["commits  2 (1 rejected)  — Recording a change."]
    assert seedbed("topics", "tree", "git/commits", "--counts").json[0]["counts"] == {"accepted": 2, "rejected": 1}
    for path in ("vpn/setup", "wifi/setup", 'say "hi" \\'):
        assert seedbed("topics", "add", path).status == 0
    dot = text("topics", "tree", "--dot").lines
    assert '  "vpn" -> "vpn/setup";' in dot
    assert '  "wifi/setup" [label="setup\\n0"];' in dot
    assert '  "say \\"hi\\" \\\\" [label="say \\"hi\\" \\\\\\n0"];' in dot
    assert (dot[0], dot[-1]) == ("digraph topics {", "}")
    assert seedbed("topics", "tree", "wifi", "--dot").lines[2:-1] == [
        '  "wifi" [label="wifi\\n0"];',
        '  "wifi/setup" [label="setup\\n0"];',
        '  "wifi" -> "wifi/setup";',
    ]


def test_topics_are_moved_renamed_merged_and_removed(filled):
    moved = seedbed("topics", "move", "git/commits", "--to-root", "--actor", "agent:a", "--reason", "too deep").json
    assert moved["moved"] == [{"from": "git/commits", "to": "commits"}]
    assert text("topics", "rename", "commits", "saves").lines[:2] == [
        f"1 topic moved (undo with: seedbed undo {moved['event'] + 1})",
        "  commits → saves",
    ]
    assert seedbed("topics", "merge", "git/branches", "saves").json["entries_moved"] == 1
    assert tree() == {"git": 0, "saves": 3}
    held = seedbed("topics", "remove", "saves")
    assert (held.status, held.error["error"]) == (ExitCode.INPUT, "topic_holds_entries")
    assert seedbed("topics", "remove", "saves", "--entries", "git").json["entries_moved"] == 3
    assert seedbed("topics", "remove", "git", "--entries", "remove").json["entries_removed"] == 3
    assert tree() == {}
    logged = seedbed("log", "--action", "topics.move").json["events"][0]
    assert (logged["actor"], logged["reason"], logged["subject"]) == ("agent:a", "too deep", "git/commits")


def test_a_move_says_where_to_once(project):
    for arguments in (["git"], ["git", "x", "--to-root"]):
        assert seedbed("topics", "move", *arguments).status is ExitCode.INPUT
    misspelt = seedbed("topics", "move", "git/comits", "/")
    assert (misspelt.status, misspelt.error["near"][0]) == (ExitCode.INPUT, "git/commits")


def test_a_dry_run_that_would_be_refused_fails_and_names_the_worst(filled):
    seedbed("topics", "add", "strict", "--meta", '{"fields": {"difficulty": ["hard"]}}')
    tried = text("topics", "move", "git/branches", "strict", "--dry-run")
    assert tried.status is ExitCode.FAILURE
    assert tried.lines[0] == "would be refused: 1 topic moved"
    assert "difficulty is 'easy', not one of 'hard'" in tried.out
    refused = seedbed("topics", "move", "git/branches", "strict")
    assert (refused.status, refused.error["error"]) == (ExitCode.INPUT, "entries_do_not_fit")
    assert refused.error["worst"][0]["code"] == "wrong_schema"
    assert seedbed("topics", "move", "git/branches", "strict", "--on-violation", "review").json["violations"] == 1


def test_a_topic_is_split_in_three_ways(filled):
    ids = [e["id"] for e in seedbed("list", "--topic", "git/commits").json["entries"]]
    rows = "".join(json.dumps({"id": i, "topic": f"part {n}"}) + "\n" for n, i in enumerate(ids))
    (filled / "parts.jsonl").write_text(rows)
    assert seedbed("topics", "split", "git/commits", "--assign", "parts.jsonl", "--dry-run").json["entries_moved"] == 2
    mapping = json.dumps(dict.fromkeys(ids, "all"))
    assert seedbed("topics", "split", "git/commits", "--assign", "-", "--dry-run", stdin=mapping).json["created"] == [
        "git/commits/all"
    ]
    nearest = seedbed("topics", "split", "git/branches", "--into", "new=names of branches", "--into", "old,older").json
    assert nearest["created"] == ["git/branches/new", "git/branches/old", "git/branches/older"]
    assert seedbed("topics", "split", "git/commits", "--by", "difficulty").json["entries_moved"] == 2
    assert tree()["git/commits/easy"] == 2


def test_wrong_assignments_name_their_row(filled):
    for rows, row in (('{"id": "x"}', 1), ('{"id": "a", "topic": "b"}\n{"id": "a", "topic": "c"}', 2)):
        refused = seedbed("topics", "split", "git/commits", "--assign", "-", stdin=rows)
        assert (refused.status, refused.error["place"]["row"]) == (ExitCode.INPUT, row)
    assert seedbed("topics", "split", "git/commits").status is ExitCode.INPUT


def test_a_topic_is_shown_and_described(filled):
    assert text("topics", "describe", "git/commits").lines[:2] == [
        "git/commits: 2 accepted",
        "  Recording a change.",
    ]
    assert "subtopics: commits, branches" in text("topics", "describe", "git").out
    changed = seedbed("topics", "describe", "git", "--target", "9", "--meta", '{"aspects": ["speed"]}').json
    assert changed["updated"] == ["git"]
    assert seedbed("topics", "describe", "git").json["target"] == 9
    assert seedbed("topics", "describe", "git", "--clear", "target", "--clear", "meta").json["updated"] == ["git"]
    shown = seedbed("topics", "describe", "git").json
    assert (shown["target"], shown["meta"]) == (None, {})
    for meta in ("{", "[1]"):
        assert seedbed("topics", "describe", "git", "--meta", meta).status is ExitCode.INPUT
    assert seedbed("topics", "describe", "got").error["near"] == ["git"]


def test_the_tree_is_written_as_load_reads_it(filled, tmp_path):
    written = text("topics", "tree", "--yaml").out
    (tmp_path / "again.yaml").write_text(written, encoding="utf-8")
    told = seedbed("topics", "load", str(tmp_path / "again.yaml")).json
    assert (told["created"], told["updated"]) == ([], [])
    seedbed("topics", "add", "Bäume/日本", "--description", "Äste: 50 % — «so»")
    written = text("topics", "tree", "Bäume", "--yaml").lines
    assert written == ["Bäume:", "  日本:", "    _description: 'Äste: 50 % — «so»'"]
    seedbed("topics", "describe", "Bäume", "--description", "a\u202eb")
    turned = text("topics", "tree", "Bäume", "--yaml").out
    assert "\u202e" not in turned
    assert seedbed("topics", "load", "-", stdin=turned).json["updated"] == []
    below = text("topics", "tree", "git/commits", "--yaml").lines
    assert below[0] == "commits:"
