"""Bad input: a clear answer for every row and every name, and nothing that is stored breaks what shows it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

import seedbed as library
from testkit.cli import seedbed, text

CONFIG = "kind: note\nkinds:\n  note: {fields: {title: {}, body: {}, size: {type: integer, required: false}}}\n"
TREE = {"garden": {"roses": {}, "herbs": {}}, "kitchen": {}}
WORDS = ["anchor", "bridge", "candle", "dragon", "engine", "falcon", "glider", "hammer", "island", "jungle"]

HOSTILE = {
    "markup": "closing [/b] [link=x] </script><b>",
    "ansi": "red \x1b[31m and \x1b]0;title\x07 done",
    "nul": "before\x00after the NUL",
    "surrogate": "half \ud800 a character",
    "controls": "bell \x07 tab \t return \r line\n end \x7f \x9b",
    "direction": "right \u202e to left \u2066 isolate",
    "long": "very long text of one field. " * 36_000,
    "line": "x" * 1_000_000,
    "combining": "z" + "\u0301" * 500,
    "empty": "",
    "blank": " \t ",
}


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "seedbed.yaml").write_text(CONFIG, encoding="utf-8")
    assert seedbed("init").status == 0
    assert seedbed("topics", "load", "-", stdin=json.dumps(TREE)).status == 0
    return tmp_path


def note(n: int = 0, **changes: object) -> dict[str, object]:
    a, b, c = (WORDS[n // 10**k % 10] for k in range(3))
    return {"title": f"A {a} near the {b}", "body": f"Nobody saw the {c} of {a}.", **changes}


# -- names ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "command",
    [
        ("similar", "some text", "--topic"),
        ("submit", json.dumps(note()), "--topic"),
        ("next", "--topic"),
        ("report", "--topic"),
        ("list", "--topic"),
        ("log", "--topic"),
        ("review", "--topic"),
        ("guide", "agent", "--topic"),
        ("kinds", "--topic"),
        ("revalidate", "--topic"),
        ("export", "-o", "out.jsonl", "--topic"),
        ("topics", "tree"),
        ("topics", "describe"),
        ("topics", "remove"),
    ],
    ids=lambda c: " ".join(c[:2]),
)
def test_a_misspelt_topic_is_an_error_with_near_matches(project, command):
    failed = seedbed(*command, "garden/rozes")
    assert failed.status == 2
    assert failed.error["error"] == "unknown_topic"
    assert failed.error["near"][0] == "garden/roses"


def test_a_topic_named_in_a_row_is_that_rows_problem(project):
    told = seedbed("submit", json.dumps([note(1, topic="garden/roses"), note(2, topic="garden/rozes"), note(3)]))
    assert told.status == 2
    assert [r.get("code") for r in told.json] == [None, "unknown_topic", "no_topic"]
    assert told.json[1]["near"][0] == "garden/roses"
    assert seedbed("list").json["total"] == 1


# -- rows ----------------------------------------------------------------------------------------------------------


def test_a_wrong_value_in_row_7_of_500_is_its_own(project):
    rows = [note(n) for n in range(500)]
    rows[6] = note(6, size="large")
    told = seedbed("submit", "-", "--topic", "kitchen", "--on-duplicate", "warn", stdin=json.dumps(rows))
    assert told.status == 1
    assert [r["row"] for r in told.json] == list(range(1, 501))
    refused = [r for r in told.json if r["state"] != "accepted"]
    assert [r["row"] for r in refused] == [7]
    assert (refused[0]["code"], "size" in refused[0]["reason"]) == ("wrong_schema", True)
    assert seedbed("list").json["total"] == 499


@pytest.mark.parametrize(
    ("rows", "code"),
    [
        ('[1, "text", null, [], true]', "not_an_object"),
        ('{"title": NaN, "body": "b"}', "wrong_schema"),
        ('{"title": "t", "body": "b", "size": 1e400}', "wrong_schema"),
        ('{"title": "t", "body": "b", "size": true}', "wrong_schema"),
        ('{"title": {"deep": []}, "body": "b"}', "wrong_schema"),
        ('{"title": null, "body": "b"}', "wrong_schema"),
        ("{}", "wrong_schema"),
    ],
)
def test_rows_of_a_wrong_form_are_refused_with_a_code(project, rows, code):
    told = seedbed("submit", rows, "--topic", "kitchen")
    assert told.status in (1, 2)
    results = told.json if told.out.startswith("[") else [told.json] if told.out else [told.error]
    assert {r.get("code") or r.get("error") for r in results} == {code}
    assert seedbed("list").json["total"] == 0


@pytest.mark.parametrize("given", ["", "   ", "[]", "{broken", '{"a": 1', "[1, 2", "[" * 3_000, '{"a":' * 3_000])
def test_what_is_no_json_says_so(project, given):
    told = seedbed("submit", "-", "--topic", "kitchen", stdin=given)
    assert (told.status, told.out.strip()) == (2, "") or told.json == []
    if told.err:
        assert told.error["error"] in ("no_entries", "invalid_json")


def test_a_byte_order_mark_and_windows_lines_are_read(project):
    rows = [json.dumps(note(n)) for n in (1, 2)]
    told = seedbed("submit", "-", "--topic", "kitchen", stdin=b"\xef\xbb\xbf" + "\r\n".join(rows).encode() + b"\r\n")
    assert [r["state"] for r in told.json] == ["accepted"] * 2
    wrong = seedbed("submit", "-", "--topic", "kitchen", stdin=b"\xff\xfe{")
    assert wrong.status == 2
    assert "UTF-8" in wrong.error["message"]


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_text_is_stored_or_refused_and_never_breaks_what_shows_it(project, name):
    row = json.dumps(note(1, body=HOSTILE[name], title=f"The case of {name}"))
    (told,) = [seedbed("submit", "-", "--topic", "kitchen", stdin=row).json]
    if told["state"] == "rejected":
        assert told["reason"]
    entry = told["id"]
    for command in (
        ("show", entry),
        ("list",),
        ("list", "--state", "rejected"),
        ("log",),
        ("report",),
        ("review", "--state", told["state"]),
        ("similar", "a case of something", "--topic", "kitchen"),
        ("undo", "--dry-run"),
        ("reconcile",),
        ("guide", "agent"),
    ):
        for tty in (False, True):
            done = seedbed(*command, tty=tty)
            assert done.status == 0, (command, done.err)
            assert "\x1b" not in done.out
            assert "\x00" not in done.out
            assert "\u202e" not in done.out or not tty
    assert seedbed("show", entry).json["content"]["title"] == f"The case of {name}"


def test_what_was_stored_leaves_as_it_came(project):
    with library.open(project) as dataset:
        stored = {
            name: body
            for name, body in HOSTILE.items()
            if dataset.submit(note(1, title=f"The case of {name}", body=body), topic="kitchen")[0].accepted
        }
    assert "markup" in stored
    assert seedbed("export", "-o", "out.jsonl").status == 0
    rows = [json.loads(line) for line in Path("out.jsonl").read_text(encoding="utf-8").splitlines()]
    assert {r["title"].rpartition(" ")[2]: r["body"] for r in rows} == stored


# -- files ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def read_only(project):
    assert seedbed("submit", json.dumps(note()), "--topic", "kitchen").status == 0
    (project / "seedbed.db").chmod(0o444)
    project.chmod(0o555)
    yield project
    project.chmod(0o755)


def test_a_file_that_cannot_be_written_is_read_all_the_same(read_only):
    before = (read_only / "seedbed.db").read_bytes()
    for command in (
        ("report",),
        ("list",),
        ("log",),
        ("similar", "a candle", "--topic", "kitchen"),
        ("submit", json.dumps(note(5)), "--topic", "kitchen", "--check"),
        ("next", "--list"),
        ("topics", "tree"),
        ("review",),
        ("guide", "agent"),
        ("reconcile",),
        ("revalidate", "--dry-run"),
    ):
        assert seedbed(*command).status == 0, command
    assert (read_only / "seedbed.db").read_bytes() == before
    assert [p.name for p in read_only.iterdir() if p.name.startswith("seedbed.db")] == ["seedbed.db"]


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anything")
def test_writing_to_it_says_read_only(read_only):
    for command in (("next",), ("undo",), ("submit", json.dumps(note(5)), "--topic", "kitchen")):
        assert seedbed(*command).error["error"] == "read_only", command


def test_a_reader_that_goes_away_is_no_error(project):
    with library.open(project) as dataset:
        dataset.submit([note(n) for n in range(300)], topic="kitchen", on_duplicate="warn")
    code = "from seedbed.frontends.cli import main; main()"
    command = f"{sys.executable} -c '{code}' list --limit 300 --text | head -n 1; echo ${{PIPESTATUS[0]}}"
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, timeout=60)
    assert done.stdout.splitlines()[-1] == "0"
    assert done.stderr == ""


def test_the_terminal_form_of_a_list_stays_one_line_an_entry(project):
    with library.open(project) as dataset:
        dataset.submit(note(1, body="first line\nsecond line\u2028third"), topic="kitchen")
    assert len(text("list").lines) == 2
