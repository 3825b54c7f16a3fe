"""``import`` of files and folders: every row has its own result."""

from __future__ import annotations

import json

import pytest

from seedbed.core.errors import ExitCode
from testkit.cli import seedbed, text
from testkit.projects import FACTS, row


def write(name, *rows):
    with open(name, "w", encoding="utf-8") as file:
        file.writelines((r if isinstance(r, str) else json.dumps(r)) + "\n" for r in rows)


def results(path="results.jsonl"):
    with open(path, encoding="utf-8") as file:
        return [json.loads(line) for line in file]


def test_rows_have_results_and_a_summary(project):
    write("rows.jsonl", row(0), "not json", row(1, answer=[3]), row(2))
    done = seedbed("import", "rows.jsonl", "--results", "results.jsonl")
    assert done.status is ExitCode.INPUT
    assert [(r["row"], r.get("code")) for r in results()] == [
        (1, None), (2, "invalid_row"), (3, "wrong_schema"), (4, None)
    ]  # fmt: skip
    assert all(r["file"] == "rows.jsonl" for r in results())
    assert [(r["row"], r["code"]) for r in done.json["refused"]] == [(2, "invalid_row"), (3, "wrong_schema")]
    counts = {k: done.json[k] for k in ("rows", "accepted", "pending", "existed", "rejected")}
    assert counts == {"rows": 4, "accepted": 2, "pending": 0, "existed": 0, "rejected": 2}
    assert done.json["codes"] == {"invalid_row": 1, "wrong_schema": 1}
    assert seedbed("import", "rows.jsonl").json["existed"] == 2


def test_an_import_is_one_event_with_who_and_why(project):
    write("rows.jsonl", *(row(0, question=f"Which commit is number {i}, by its hash?") for i in range(3)))
    seedbed("import", "rows.jsonl", "--actor", "agent:x", "--session", "s", "--reason", "why", "--on-duplicate", "warn")
    events = seedbed("log", "--action", "import").json["events"]
    assert [(e["actor"], e["session"], e["reason"]) for e in events] == [("agent:x", "s", "why")]
    assert events[0]["detail"] == {"file": "rows.jsonl", "accepted": 3, "rejected": 0}


def test_csv_columns_are_mapped_and_the_rest_is_kept_beside(project):
    rows = [f'"{q}","{a}",{t},easy,7' for t, q, a in FACTS]
    write("rows.csv", "q,a,where,difficulty,page", *rows)
    done = text("import", "rows.csv", "--map", "q=question", "--map", "a=answer", "--topic-column", "where")
    assert (done.status, done.lines) == (
        ExitCode.OK, ["3 of 3 rows accepted, 0 rejected", "  kept beside entries: page"]
    )  # fmt: skip
    assert {e["meta"]["page"] for e in seedbed("list").json["entries"]} == {"7"}


def test_a_mapped_file_may_name_topics_in_the_usual_column(project):
    renamed = {"q" if name == "question" else name: value for name, value in row(2).items()}
    (project / "rows.json").write_text(json.dumps([renamed]), encoding="utf-8")
    assert seedbed("import", "rows.json", "--map", "q=question").status is ExitCode.OK


@pytest.mark.parametrize(
    ("options", "code", "near"),
    [
        (["--map", "questoin=question"], "unknown_column", ["question"]),
        (["--map", "question=questoin"], "unknown_field", ["question"]),
        (["--topic-column", "topik"], "unknown_column", ["topic"]),
        (["--split-column", "anwser"], "unknown_column", ["answer"]),
        (["--topic", "git/comits"], "unknown_topic", ["git/commits"]),
        (["--kind", "qaa"], "unknown_kind", ["qa"]),
        (["--on-duplicate", "wran"], "unknown_policy", ["warn"]),
        (["--split", "train"], "unknown_split", []),
    ],
)
def test_a_mistyped_name_stops_before_the_first_row(project, options, code, near):
    write("rows.jsonl", row(0))
    refused = seedbed("import", "rows.jsonl", *options)
    assert (refused.status, refused.out, refused.error["error"]) == (ExitCode.INPUT, "", code)
    assert refused.error["near"][: len(near)] == near


def test_a_mapping_needs_both_sides(project):
    assert "COLUMN=FIELD" in seedbed("import", "x.jsonl", "--map", "question").error["message"]


def test_the_first_refusals_are_shown_with_their_rows(project):
    write("rows.jsonl", *(row(0, answer="", question=f"Question {i}?") for i in range(25)))
    lines = text("import", "rows.jsonl").lines
    assert lines[:2] == ["0 of 25 rows accepted, 25 rejected", "  25 wrong_schema"]
    assert lines[2].startswith("  row 1: wrong_schema: answer")
    assert lines[-1].startswith("  … and 5 more")


def test_a_missing_file_is_not_found(project):
    assert seedbed("import", "nope.csv").status is ExitCode.NOT_FOUND
    assert seedbed("import", "nope").status is ExitCode.NOT_FOUND
    assert seedbed("import", "nope.csv", "--suggest-kind").status is ExitCode.NOT_FOUND


def test_a_result_file_that_cannot_be_written_stops_before_the_first_row(project):
    write("rows.jsonl", row(0))
    assert seedbed("import", "rows.jsonl", "--results", "no/such/folder.jsonl").status is ExitCode.INPUT
    assert seedbed("list").json["total"] == 0


@pytest.mark.parametrize(
    ("checks", "code", "near"),
    [
        ("rules: {longests: 9}", "invalid_config", "longest"),
        ("rules: {skip: [nonsense]}", "invalid_config", None),
        ("near_duplicat: true", "unknown_check", "near_duplicate"),
    ],
)
@pytest.mark.parametrize("command", [("import", "rows.jsonl", "--create-topics"), ("submit", "@rows.jsonl")])
def test_a_project_that_is_wrong_is_no_fault_of_the_rows(project, command, checks, code, near):
    with (project / "seedbed.yaml").open("a", encoding="utf-8") as file:
        file.write(f"checks: {{{checks}}}\n")
    write("rows.jsonl", row(0), row(1, topic="git/new"))
    refused = seedbed(*command)
    assert (refused.status, refused.out, refused.error["error"]) == (ExitCode.INPUT, "", code)
    assert near is None or near in refused.error["fix"]
    assert "git/new" not in seedbed("topics", "tree", "--text").out


def test_checking_writes_nothing_and_says_the_same(project):
    write("rows.jsonl", row(0), row(0, question="What is held by a commit?", topic="git/new"), row(1, answer=""))
    told = seedbed("import", "rows.jsonl", "--create-topics", "--check").json
    assert seedbed("list").json["total"] == 0
    assert seedbed("import", "rows.jsonl", "--create-topics").json == told | {"check_only": False}
    assert seedbed("list").json["total"] == 2
    assert "would be accepted" in text("import", "rows.jsonl", "--check").lines[0]


def test_missing_leaves_are_made_when_asked_for(filled):
    write(
        "rows.jsonl",
        row(0, topic="git/tags", question="What is a tag?"),
        row(1, topic="git/commits/deep", question="How deep is a commit?"),
        row(2, topic="bad//name", question="Where does this belong?"),
    )
    done = seedbed("import", "rows.jsonl", "--create-topics", "--results", "results.jsonl")
    assert [r.get("code", r["state"]) for r in results()] == ["accepted", "topic_holds_entries", "invalid_topic"]
    assert done.status is ExitCode.INPUT
    assert "git/tags" in seedbed("topics", "tree").out
    refused = seedbed("import", "rows.jsonl").json["refused"]
    assert [r["code"] for r in refused] == ["unknown_topic", "unknown_topic"]


def test_the_leaves_go_with_the_rows_when_undone(project):
    write("rows.jsonl", row(0, topic="git/tags"))
    seedbed("import", "rows.jsonl", "--create-topics")
    assert seedbed("undo").status is ExitCode.OK
    assert "git/tags" not in seedbed("topics", "tree").out
    assert seedbed("list").json["total"] == 0


def test_labels_are_mapped_to_topics(project):
    write("map.yaml", "c: git/commits", "'*': git/branches")
    rows = [{k: v for k, v in row(i).items() if k != "topic"} | {"label": label} for i, label in ((0, "c"), (2, "x"))]
    write("rows.jsonl", *rows)
    assert seedbed("import", "rows.jsonl", "--topic-column", "label", "--topic-map", "map.yaml").status is ExitCode.OK
    assert {e["topic"] for e in seedbed("list").json["entries"]} == {"git/commits", "git/branches"}


def test_a_limit_state_and_policy_hold(project):
    write("rows.jsonl", row(0), row(0, question="What does a commit hold ?"), row(1))
    done = seedbed("import", "rows.jsonl", "--limit", 2, "--state", "pending", "--on-duplicate", "warn").json
    assert (done["rows"], done["pending"]) == (2, 2)
    assert done["warned"] == {"exact_duplicate": 1}
    assert seedbed("list", "--state", "pending").json["total"] == 2


def test_chats_come_in_by_their_turns(project):
    chat = [{"role": "user", "content": FACTS[0][1]}, {"role": "assistant", "content": FACTS[0][2]}]
    write("rows.jsonl", {"messages": chat, "difficulty": "easy"})
    turns = ["--map", "messages.0.content=question", "--map", "messages.1.content=answer"]
    assert seedbed("import", "rows.jsonl", "--topic", "git/commits", *turns).status is ExitCode.OK
    assert seedbed("list").json["entries"][0]["content"]["answer"] == FACTS[0][2]


def test_chats_come_in_as_they_are_and_the_summary_says_how(project):
    chats = [[{"role": "user", "content": q}, {"role": "assistant", "content": a}] for _, q, a in FACTS]
    two = [*chats[0], *chats[1]]
    lead = {"role": "system", "content": "Be brief."}
    write("rows.jsonl", {"messages": [lead, *chats[0]]}, {"messages": chats[1]}, {"messages": two})
    done = seedbed("import", "rows.jsonl", "--topic", "git/commits", "--set", "difficulty=easy")
    assert done.json["read_as"] == {"messages → question, answer": 2}
    assert done.json["kept_as_meta"] == {"system": 1}
    assert [r["code"] for r in done.json["refused"]] == ["several_turns"]
    assert {e["content"]["answer"] for e in seedbed("list").json["entries"]} == {a for _, _, a in FACTS[:2]}
    lines = text("import", "rows.jsonl", "--topic", "git/commits", "--set", "difficulty=easy").lines
    assert "  2 read as messages → question, answer" in lines


def test_a_file_without_a_column_for_a_field_stops_before_the_first_row(project):
    write("rows.jsonl", *({**row(i), "anwser": "x"} | {"answer": None} for i in range(3)))
    refused = seedbed("import", "rows.jsonl")
    assert (refused.status, refused.error["error"]) == (ExitCode.INPUT, "no_column")
    assert refused.error["place"]["field"] == "answer"
    assert refused.error["fix"].startswith("columns left over: anwser; --map anwser=answer, or ")
    assert seedbed("list", "--state", "rejected").json["total"] == 0
    assert seedbed("import", "rows.jsonl", "--map", "anwser=answer").json["rows"] == 3


def test_missing_topics_say_how_to_make_them(project):
    write("rows.jsonl", row(0, topic="git/tags"))
    assert "--create-topics" in seedbed("import", "rows.jsonl").json["fix"]
    assert "--create-topics" in seedbed("import", "rows.jsonl", "--topic", "git/tgas").error["fix"]


@pytest.mark.parametrize("given", ["difficultie=easy", "difficulty"])
def test_a_value_for_all_rows_needs_a_field(project, given):
    write("rows.jsonl", row(0))
    assert seedbed("import", "rows.jsonl", "--set", given).status is ExitCode.INPUT


def test_a_folder_s_splits_are_kept(project):
    (project / "set").mkdir()
    write("set/train.jsonl", row(0))
    write("set/test.jsonl", row(2), row(1))
    assert seedbed("import", "set", "--split", "train").json["accepted"] == 1
    done = seedbed("import", "set").json
    assert (done["accepted"], done["existed"]) == (2, 1)
    assert sorted(e["meta"]["split"] for e in seedbed("list").json["entries"]) == ["test", "test", "train"]
    assert seedbed("import", "set", "--split", "tset").error["near"] == ["test"]


def test_refusals_of_a_folder_name_their_files(project):
    (project / "set" / "part").mkdir(parents=True)
    write("set/train.jsonl", row(0), row(1, answer=""))
    write("set/part/test.jsonl", row(2), row(2, topic="git/comits"), "no row")
    told = text("import", "./set/", "--check").out
    assert "\n  train.jsonl, row 2: wrong_schema: " in told
    assert "\n  part/test.jsonl, row 2: unknown_topic: " in told
    assert "\n  part/test.jsonl, row 3: invalid_row: " in told


def test_a_kind_is_suggested_for_rows_one_has(project):
    write("rows.jsonl", *({"prompt": f"p {i}", "level": "ab"[i % 2]} for i in range(8)))
    told = seedbed("import", "rows.jsonl", "--suggest-kind", "--kind", "own").json
    assert told["kinds"]["own"]["balance"] == ["level"]
    assert text("import", "rows.jsonl", "--suggest-kind").lines[0] == "kinds:"
    assert seedbed("list").json["total"] == 0


def test_hostile_rows_are_stored_or_refused(project):
    bad = ["\x1b[31mred\x1b[0m", "a\x00b", "[/b]<script>", "x" * 1_000_000]
    write("rows.jsonl", *(row(0, question=q) for q in bad), json.dumps(row(0)).replace("commit", "\\ud800"))
    done = seedbed("import", "rows.jsonl", "--results", "results.jsonl", "--on-duplicate", "warn")
    assert len(results()) == 5
    assert done.json["accepted"] + done.json["rejected"] == 5
    assert "\x1b" not in text("import", "rows.jsonl").out + text("list").out
