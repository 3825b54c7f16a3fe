"""Bad input: a clear answer for every row and every name, and nothing that is stored breaks what shows it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

import seedbed as library
from seedbed.core.errors import ExitCode, UnknownNameError
from testkit.bounds import PATIENCE_S
from testkit.cli import seedbed, text
from testkit.surfaces import looking, without_privileges

CONFIG = """\
kind: note
kinds:
  note: {fields: {title: {}, body: {}, size: {type: integer, required: false}, more: {type: object, required: false}}}
"""
OPEN = CONFIG + "checks: {rules: false}\n"
"""Without the check that keeps control characters and long texts out: what comes in stays."""

TREE = {"garden": {"roses": {}, "herbs": {}}, "kitchen": {}}
WORDS = ["anchor", "bridge", "candle", "dragon", "engine", "falcon", "glider", "hammer", "island", "jungle"]

HOSTILE = {
    "markup": "closing [/b] [link=x] </script><b> {{ braces }} {% raw %}",
    "ansi": "red \x1b[31m and \x1b]0;title\x07 done",
    "nul": "before\x00after the NUL",
    "surrogate": "half \ud800 a character",
    "controls": "bell \x07 tab \t return \r line\n end \x7f \x9b",
    "direction": "right \u202e to left \u2066 isolate \u2028 next",
    "long": "very long text of one field. " * 4_000,
    "line": "x" * 1_000_000,
    "dots": "." * 100_000,
    "combining": "z" + "\u0301" * 500,
    "empty": "",
    "blank": " \t ",
}
ACTED_UPON = set("\x00\x07\x1b\r\x7f\x9b\u202e\u2066\u2028")
"""What a terminal would act upon."""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    return made(tmp_path)


@pytest.fixture(scope="module")
def untouched(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A dataset with one entry, for tests in which everything is refused: it is what it was at the end."""
    folder = made(tmp_path_factory.mktemp("untouched"))
    with library.open(folder) as dataset:
        assert dataset.submit(note(1), topic="kitchen")[0].accepted
    before = {p.name: p.read_bytes() for p in folder.iterdir()}
    yield folder
    assert {p.name: p.read_bytes() for p in folder.iterdir()} == before


def made(folder: Path, config: str = CONFIG) -> Path:
    (folder / "seedbed.yaml").write_text(config, encoding="utf-8")
    assert seedbed("init", folder).status == 0
    assert seedbed("--db", folder, "topics", "load", "-", stdin=json.dumps(TREE)).status == 0
    return folder


def note(n: int = 0, **changes: object) -> dict[str, object]:
    a, b, c = (WORDS[n // 10**k % 10] for k in range(3))
    return {"title": f"A {a} near the {b}", "body": f"Nobody saw the {c} of {a}.", **changes}


def submit(given: object, *options: str) -> list[dict[str, object]]:
    """Results of rows, or of text as it stands."""
    told = seedbed("submit", "-", "--topic", "kitchen", *options, stdin=as_input(given))
    found = told.json if told.out else {"state": "rejected", "code": told.error["error"], **told.error}
    return found if isinstance(found, list) else [found]


def as_input(given: object) -> str | bytes:
    return given if isinstance(given, str | bytes) else json.dumps(given)


def entries() -> list[dict[str, object]]:
    return seedbed("list", "--limit", "1000").json["entries"]


# -- names ---------------------------------------------------------------------------------------------------------

NAMING = [
    ("similar", "some text", "--topic"),
    ("similar", json.dumps([note(1), note(2)]), "--topic"),
    ("submit", json.dumps(note()), "--topic"),
    ("submit", json.dumps(note()), "--check", "--topic"),
    ("import", "rows.jsonl", "--topic"),
    ("next", "--topic"),
    ("generate", "instruct", "--target", "5", "--topic"),
    ("report", "--topic"),
    ("report", "--by", "state", "--topic"),
    ("list", "--topic"),
    ("log", "--topic"),
    *(("review", *act, "--topic") for act in ([], ["--count"], ["--agreement"], ["--reasons"])),
    ("review", "--export", "queue.jsonl", "--topic"),
    *(("guide", name, "--topic") for name in ("agent", "schema", "structure", "generation", "review")),
    ("kinds", "--topic"),
    ("revalidate", "--topic"),
    ("export", "-o", "out.jsonl", "--topic"),
    ("move", "ENTRY"),
    ("topics", "tree"),
    ("topics", "describe"),
    ("topics", "remove"),
    ("topics", "remove", "garden/herbs", "--entries"),
    ("topics", "move", "garden/herbs"),
    ("topics", "merge", "garden/herbs"),
    ("topics", "split", "--by", "size"),
]


@pytest.mark.parametrize("command", NAMING, ids=lambda c: " ".join(w for w in c if len(w) < 20))
def test_a_misspelt_topic_is_an_error_with_near_matches(untouched, tmp_path, command):
    (entry,) = seedbed("--db", untouched, "list").json["entries"]
    (tmp_path / "rows.jsonl").write_text(json.dumps(note(2)), encoding="utf-8")
    arguments = [entry["id"] if word == "ENTRY" else word for word in command]
    failed = seedbed("--db", untouched, *arguments, "garden/rozes")
    assert (failed.status, failed.out, failed.error["error"]) == (ExitCode.INPUT, "", "unknown_topic")
    assert failed.error["near"][0] == "garden/roses"
    assert "'garden/roses'" in failed.error["fix"]
    assert [p.name for p in tmp_path.iterdir()] == ["rows.jsonl"]


READING = {
    "tree": lambda ds, t: ds.tree(t),
    "report": lambda ds, t: ds.report(t),
    "grouped": lambda ds, t: ds.grouped(["state"], t),
    "entries": lambda ds, t: ds.entries(topic=t),
    "similar": lambda ds, t: ds.similar(["a text"], topic=t),
    "next": lambda ds, t: ds.next(topic=t),
    "log": lambda ds, t: ds.history.log(topic=t),
    "queue": lambda ds, t: ds.reviews.queue(topic=t),
    "ids": lambda ds, t: ds.reviews.ids(topic=t),
    "every": lambda ds, t: list(ds.reviews.every(topic=t)),
    "counts": lambda ds, t: ds.reviews.counts(topic=t),
    "agreement": lambda ds, t: ds.reviews.agreement(topic=t),
    "reasons": lambda ds, t: ds.reviews.reasons(topic=t),
    "rules": lambda ds, t: ds.topics.rules(t),
    "revalidate": lambda ds, t: ds.revalidate(topic=t, dry_run=True),
    "export": lambda ds, t: ds.export("out.jsonl", topic=t),
}


@pytest.mark.parametrize("name", READING)
def test_a_script_is_told_of_a_misspelt_topic_too(untouched, name):
    with library.open(untouched) as dataset, pytest.raises(UnknownNameError) as told:
        READING[name](dataset, "garden/rozes")
    assert told.value.near[0] == "garden/roses"


def test_a_text_is_one_row_that_is_no_object(project):
    with library.open(project) as dataset:
        (told,) = dataset.submit('{"title": "as JSON"}', topic="kitchen")
    assert (told.code, told.failure.reason) == ("not_an_object", "expected a JSON object, got a string")


def test_a_topic_named_in_a_row_is_that_rows_problem(project):
    told = seedbed("submit", json.dumps([note(1, topic="garden/roses"), note(2, topic="garden/rozes"), note(3)]))
    assert told.status == ExitCode.INPUT
    assert [r.get("code") for r in told.json] == [None, "unknown_topic", "no_topic"]
    assert told.json[1]["near"][0] == "garden/roses"
    assert len(entries()) == 1


def test_what_has_no_text_to_compare_is_not_taken_for_new(project):
    submit(note(1))
    wrong = seedbed("similar", json.dumps({"tilte": "A bridge near the anchor"}), "--topic", "kitchen")
    assert (wrong.status, wrong.out, wrong.error["error"]) == (ExitCode.INPUT, "", "nothing_to_compare")
    rows = [note(1), {"body": None, "title": "  "}, 7, note(2)]
    told = seedbed("similar", json.dumps(rows), "--topic", "kitchen")
    assert [r.get("code") for r in told.json] == [None, "nothing_to_compare", "not_an_object", None]
    assert told.status == ExitCode.INPUT


def test_a_whole_file_in_place_of_a_name_is_not_repeated_in_the_answer(project):
    failed = seedbed("submit", json.dumps(note(1, topic="garden/" + "x" * 1_000_000)))
    assert failed.error["error"] == "unknown_topic"
    assert len(failed.err) < 1_000


# -- rows ----------------------------------------------------------------------------------------------------------

WRONG = {
    "wrong type": (note(6, size="large"), "size", "size is a string, not an integer"),
    "missing": ({"title": "Only a title here"}, "body", "body is missing"),
    "unknown": (note(6, tilte="x"), "tilte", "did you mean 'title'?"),
    "too deep": (note(6, more={"a": json.loads("[" * 70 + "]" * 70)}), "more", "nested deeper than 64"),
    "not finite": (note(6, more={"a": float("nan")}), "more", "nan, which JSON cannot hold"),
    "huge": (note(6, size=10**400), "size", "too large"),
    "half a character": (note(6, body="\udfff"), "body", "half of a character"),
}


def test_a_wrong_value_in_row_7_of_500_is_its_own(project):
    rows = [note(n) for n in range(500)]
    rows[6] = WRONG["wrong type"][0]
    told = seedbed("submit", "-", "--topic", "kitchen", "--on-duplicate", "warn", stdin=json.dumps(rows))
    results = told.json
    assert told.status == ExitCode.FAILURE
    assert [r["row"] for r in results] == list(range(1, 501))
    assert [r["row"] for r in results if r["state"] != "accepted"] == [7]
    with library.open(project, mode="ro") as dataset:
        stored = {e.id: e.content for e in dataset.entries(limit=1_000)[1]}
    assert [stored.get(r["id"]) for r in results] == [*rows[:6], None, *rows[7:]]


def test_a_wrong_value_is_told_by_row_and_field_with_what_is_allowed(project):
    rows = [row for row, _, _ in WRONG.values()]
    results = submit([note(1), *rows, note(2)], "--detail")
    assert [r["state"] for r in results] == ["accepted", *["rejected"] * len(rows), "accepted"]
    for result, (_, field, said) in zip(results[1:], WRONG.values(), strict=False):
        (problem,) = result["verdicts"][0]["evidence"]["problems"]
        assert (result["code"], problem["field"]) == ("wrong_schema", field)
        assert said in problem["message"]
        assert said in result["reason"]


@pytest.mark.parametrize(
    ("rows", "code"),
    [
        ('[1, "text", null, [], true]', "not_an_object"),
        ('{"title": NaN, "body": "b"}', "wrong_schema"),
        ('{"title": "t", "body": "b", "size": 1e400}', "wrong_schema"),
        ('{"title": "t", "body": "b", "size": true}', "wrong_schema"),
        ('{"title": {"deep": []}, "body": "b"}', "wrong_schema"),
        ('{"title": null, "body": "b"}', "wrong_schema"),
        ('{"title": ' + "[" * 900 + "]" * 900 + ', "body": "b"}', "wrong_schema"),
        ("{}", "wrong_schema"),
    ],
    ids=lambda v: v[:24],
)
def test_rows_of_a_wrong_form_are_refused_with_a_code(project, rows, code):
    assert {r["code"] for r in submit(rows)} == {code}
    assert entries() == []


NO_JSON = {
    "nothing": ("", "no_entries"),
    "blanks": (" \n\t\r\n", "no_entries"),
    "mark only": ("\ufeff", "no_entries"),
    "no rows": ("[]", "no_entries"),
    "broken": ("{broken", "invalid_json"),
    "unended object": ('{"a": 1', "invalid_json"),
    "unended array": ("[1, 2", "invalid_json"),
    "deep": ('{"title": ' + "[" * 2_000 + "]" * 2_000 + "}", "invalid_json"),
    "deeper, unended": ("[" * 100_000, "invalid_json"),
    "deep objects": ('{"a":' * 2_000 + "1" + "}" * 2_000, "invalid_json"),
    "too many digits": ('{"title": "t", "body": "b", "size": ' + "9" * 5_000 + "}", "invalid_json"),
    "a key twice": ('{"title": "first", "title": "second", "body": "b"}', "invalid_json"),
    "a key twice, inside": ('{"title": "t", "body": "b", "more": {"a": [{"b": 1, "b": 2}]}}', "invalid_json"),
    "another encoding": ('{"title": "t"}'.encode("utf-16"), "invalid_input"),
    "broken encoding": (b'{"title": "\xff"}', "invalid_input"),
}


@pytest.mark.parametrize("name", NO_JSON)
@pytest.mark.parametrize("command", ["submit", "similar"])
def test_what_is_no_json_is_refused_as_a_whole(untouched, command, name):
    given, code = NO_JSON[name]
    if command == "similar" and name in ("broken", "mark only"):
        given = "[" + (given if isinstance(given, str) else "")  # else a bare text, which can be compared
        code = "invalid_json"
    arguments = ["--db", untouched, command, "-", "--topic", "kitchen"]
    told = seedbed(*arguments, stdin=as_input(given))
    assert (told.status, told.out, told.error["error"]) == (ExitCode.INPUT, "", code)
    assert len(told.err) < 1_000
    assert text(*arguments, stdin=as_input(given)).err.startswith(f"error[{code}]: ")


@pytest.mark.parametrize("form", ["array", "lines"])
def test_rows_that_cannot_be_read_keep_their_place(project, form):
    bad = ['{"title": "t", "title": "u", "body": "b"}']
    bad += ['{"title": "t"', '{"title": ' + "[" * 2_000 + "]" * 2_000 + "}"] if form == "lines" else []
    rows = [json.dumps(note(1)), *bad, json.dumps(note(2))]
    results = submit("[" + ",".join(rows) + "]" if form == "array" else "\n".join(rows))
    assert [r.get("code") for r in results] == [None, *["invalid_json"] * len(bad), None]
    assert [r["row"] for r in results] == list(range(1, len(rows) + 1))
    assert len(entries()) == 2


def test_marks_windows_lines_and_odd_ends_of_line_are_read(project):
    rows = [json.dumps(note(1)), "", json.dumps(note(2, body="one\u2028two\u2029three"), ensure_ascii=False)]
    results = submit(b"\xef\xbb\xbf" + "\r\n".join(rows).encode() + b"\r\n")
    assert [r["row"] for r in results] == [1, 2]
    assert (results[0]["state"], results[1].get("code")) == ("accepted", None)


def test_a_file_that_holds_everything_wrong_is_read_to_its_end(project):
    body = '{"title": "The case of %d", "body": %s}'
    values = ['"fine"', "9" * 5_000, '"\\ud800"', '"\\u0000"', "NaN", '"a", "body": "b"', "[" * 3_000, "7", "null"]
    lines = [body % (i, v) for i, v in enumerate(values)] + ["7", "null", "[1]", "garbage", body % (99, '"also fine"')]
    (project / "rows.jsonl").write_text("\ufeff" + "\r\n".join(lines), encoding="utf-8")
    done = seedbed("import", "rows.jsonl", "--topic", "kitchen", "--results", "results.jsonl")
    assert done.status == ExitCode.INPUT
    results = [json.loads(line) for line in Path("results.jsonl").read_text(encoding="utf-8").splitlines()]
    assert [r["row"] for r in results] == list(range(1, len(lines) + 1))
    assert [r["row"] for r in results if r["state"] == "accepted"] == [1, len(lines)]
    assert all(r["code"] and r["reason"] for r in results if r["state"] == "rejected")


# -- hostile text --------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def busy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A dataset that several tests write to."""
    return made(tmp_path_factory.mktemp("busy"))


@pytest.mark.parametrize("name", HOSTILE)
@pytest.mark.parametrize("where", ["body", "key", "topic"])
def test_hostile_text_is_stored_or_refused_with_a_reason(busy, name, where, monkeypatch):
    monkeypatch.chdir(busy)
    hostile, plain = HOSTILE[name], note(1, title=f"The {where} of {name}")
    row = {"body": plain | {"body": hostile}, "key": plain | {hostile: "x"}, "topic": plain | {"topic": hostile}}[where]
    command = ["submit", "-", *([] if where == "topic" else ["--topic", "kitchen"])]
    told = seedbed(*command, stdin=json.dumps(row))
    if told.status != ExitCode.OK:
        said = told.json if told.out else told.error
        assert said.get("code") or said["error"]
        assert said.get("reason") or said["message"]
    for shown in (told, seedbed(*command, "--check", stdin=json.dumps(row)), text(*command, stdin=json.dumps(row))):
        assert shown.status == told.status
        assert len(shown.out + shown.err) < 5_000
        assert not set(shown.out + shown.err) & ACTED_UPON


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A dataset that holds all of it, accepted, rejected and approved, with names of the same sort in its history."""
    folder = made(tmp_path_factory.mktemp("hostile"), OPEN)
    with library.open(folder) as dataset:
        for name, body in HOSTILE.items():
            who = {"actor": f"agent:{body[:300]}", "session": body[:300] or None, "reason": body[:300]}
            row = note(1, title=f"The case of {name}", body=body, more={body[:40].replace("\ud800", ""): [body[:40]]})
            (told,) = dataset.submit(row, topic="kitchen", **who)
            assert told.accepted or told.code == "wrong_schema"
            dataset.submit(row | {"size": "wrong"}, topic="kitchen", **who)
        (_, (first, *_)) = dataset.entries(text="[/b]")
        dataset.reviews.approve([first.id], reviewer="human:ann", note=HOSTILE["ansi"])
        dataset.topics.describe("garden/roses", description=HOSTILE["ansi"] + HOSTILE["nul"] + HOSTILE["surrogate"])
        dataset.next(1, topic="garden/roses", actor=HOSTILE["ansi"], session=HOSTILE["surrogate"])
    return folder


@pytest.mark.parametrize("command", looking("ENTRY", "kitchen"), ids=" ".join)
def test_what_is_stored_never_breaks_what_shows_it(hostile, command):
    with library.open(hostile, mode="ro") as dataset:
        every = [e.id for s in ("accepted", "rejected", "approved") for e in dataset.entries(states=[s], limit=99)[1]]
    assert len(every) > len(HOSTILE)
    for entry in every if "ENTRY" in command else every[:1]:
        arguments = ["--db", hostile, *(entry if word == "ENTRY" else word for word in command)]
        told = seedbed(*arguments, "--json")
        assert told.status == ExitCode.OK, told.err
        assert command[-1] in ("--dot", "--yaml") or told.json
        for shown in (told, text(*arguments)):
            assert shown.status == ExitCode.OK, shown.err
            assert not set(shown.out) & ACTED_UPON


@pytest.mark.parametrize("needle", ["\udcff", "\ud800", "a\x1b", "[/b]", "x" * 100_000, "%", "_"])
@pytest.mark.parametrize("command", [("list", "--contains"), ("review", "--state", "accepted", "--contains")])
def test_any_text_can_be_looked_for(hostile, command, needle):
    found = seedbed("--db", hostile, *command, needle, "--limit", "1")
    assert found.status == ExitCode.OK, found.err
    assert found.json["total"] == sum(needle in body for n, body in HOSTILE.items() if is_in(hostile, n, command))


def is_in(hostile: Path, name: str, command: tuple[str, ...]) -> bool:
    with library.open(hostile, mode="ro") as dataset:
        states = ["accepted"] if "review" in command else ["accepted", "approved"]
        return dataset.entries(text=f"The case of {name}", states=states)[0] == 1


def test_what_was_stored_leaves_as_it_came(hostile, tmp_path):
    with library.open(hostile, mode="ro") as dataset:
        stored = {e.content["title"]: e.content["body"] for e in dataset.entries(limit=99)[1]}
    assert stored == {f"The case of {n}": b for n, b in HOSTILE.items() if f"The case of {n}" in stored}
    assert {n for n in HOSTILE if f"The case of {n}" not in stored} == {"surrogate", "empty", "blank"}
    for suffix in ("jsonl", "parquet"):
        assert seedbed("--db", hostile, "export", "-o", f"out.{suffix}", "-f", suffix).status == ExitCode.OK
    rows = [json.loads(line) for line in Path("out.jsonl").read_text(encoding="utf-8").split("\n") if line]
    assert {r["title"]: r["body"] for r in rows} == stored
    assert seedbed("--db", hostile, "review", "--state", "accepted", "--export", "queue.jsonl").status == ExitCode.OK
    assert len(Path("queue.jsonl").read_text(encoding="utf-8").splitlines()) == len(stored) - 1


def test_hostile_changes_are_taken_back_like_any_other(hostile, tmp_path):
    shutil.copytree(hostile, tmp_path / "copy")
    os.chdir(tmp_path / "copy")
    before = entries()
    told = seedbed("edit", before[0]["id"], json.dumps({"body": HOSTILE["ansi"] + HOSTILE["nul"]}))
    assert told.json["state"] == "accepted"
    assert seedbed("remove", before[1]["id"], "--reason", HOSTILE["surrogate"], "--session", "s\x1b[2J").status == 0
    for tty in (False, True):
        dry = seedbed("undo", "--last", "2", "--dry-run", tty=tty)
        assert (dry.status, set(dry.out) & ACTED_UPON) == (ExitCode.OK, set())
    assert seedbed("undo", "--last", "2", "--actor", HOSTILE["surrogate"]).status == ExitCode.OK
    assert entries() == before
    assert seedbed("redo").status == ExitCode.OK
    assert seedbed("reconcile").json["consistent"]


def test_the_terminal_form_of_a_list_stays_one_line_an_entry(hostile):
    lines = text("--db", hostile, "list").lines
    assert len(lines) == 1 + len(HOSTILE) - 3
    assert max(map(len, lines)) <= 100


# -- files ---------------------------------------------------------------------------------------------------------

CHECKING = [
    ["submit", json.dumps(note(5)), "--topic", "kitchen", "--check"],
    ["edit", "ENTRY", '{"body": "Another body."}', "--check"],
    ["export", "--dry-run", "-o", "out.jsonl"],
]
WRITING = [
    ["submit", json.dumps(note(5)), "--topic", "kitchen"],
    ["import", "rows.jsonl", "--topic", "kitchen"],
    ["next"],
    ["edit", "ENTRY", '{"body": "Another body."}'],
    ["move", "ENTRY", "garden/herbs"],
    ["remove", "ENTRY"],
    ["approve", "ENTRY"],
    ["reject", "ENTRY", "--reason", "wrong"],
    ["review", "--import", "decisions.jsonl"],
    ["undo"],
    ["undo", "--last", "1"],
    ["redo"],
    ["compact"],
    ["reembed", "static"],
    ["topics", "add", "garden/ivy"],
    ["topics", "load", "tree.json"],
    ["topics", "remove", "garden/herbs"],
]


@pytest.fixture(params=["file", "folder"])
def read_only(request, monkeypatch):
    """A dataset that cannot be written, in a folder that can, or cannot, be written either."""
    folder = Path(tempfile.mkdtemp())  # not the test's own: others may not look into that
    monkeypatch.chdir(folder)
    made(folder)
    (entry,) = submit(note(1))
    assert submit(note(2))[0]["state"] == "accepted"
    assert seedbed("undo").status == ExitCode.OK
    (folder / "rows.jsonl").write_text(json.dumps(note(3)), encoding="utf-8")
    (folder / "decisions.jsonl").write_text(json.dumps({"id": entry["id"], "decision": "approve"}), encoding="utf-8")
    (folder / "tree.json").write_text('{"shed": {}}', encoding="utf-8")
    for path in folder.iterdir():
        path.chmod(0o644)  # whatever the umask is
    (folder / "seedbed.db").chmod(0o444)
    folder.chmod(0o777 if request.param == "file" else 0o555)
    yield folder, entry["id"]
    folder.chmod(0o755)
    shutil.rmtree(folder)


def test_a_file_that_cannot_be_written_is_read_and_no_more(read_only):
    folder, entry = read_only
    reading = [[entry if word == "ENTRY" else word for word in c] for c in (*looking("ENTRY", "kitchen"), *CHECKING)]
    for command in reading:
        seedbed(*command)  # what it imports may lie where nobody else may look
    before = {p.name: p.read_bytes() for p in folder.iterdir()}
    with without_privileges():
        for command in reading:
            for tty in (False, True):
                done = seedbed(*command, tty=tty)
                assert done.status == ExitCode.OK, (command, done.err)
        with library.open(folder, mode="ro") as dataset:
            assert dataset.report().accepted == 1
        for command in WRITING:
            refused = seedbed(*[entry if word == "ENTRY" else word for word in command])
            assert (refused.status, refused.error["error"]) == (ExitCode.FAILURE, "read_only"), command
            assert refused.out == ""
    assert {p.name: p.read_bytes() for p in folder.iterdir()} == before


def test_a_reader_leaves_no_trace_of_a_file_it_could_write(project):
    (entry,) = submit(note(1))
    before = {p.name: p.read_bytes() for p in project.iterdir()}
    for command in [*looking(entry["id"], "kitchen"), *CHECKING]:
        assert seedbed(*[entry["id"] if word == "ENTRY" else word for word in command]).status == ExitCode.OK
    with library.open(project, mode="ro") as dataset:
        assert dataset.similar(["a text"], topic="kitchen")[0]
    assert {p.name: p.read_bytes() for p in project.iterdir()} == before


def test_a_reader_without_rights_sees_what_a_writer_has_just_written(read_only):
    folder, _ = read_only
    with library.open(folder) as dataset:  # as whoever made it
        if not os.access(folder / "seedbed.db", os.W_OK):
            pytest.skip("the one who made it may not write it either")
        dataset.submit(note(4), topic="kitchen")
        with without_privileges():
            assert len(entries()) == 2


@pytest.mark.parametrize(
    ("name", "code"),
    [("seedbed.db", "is_the_dataset"), ("./seedbed.db", "is_the_dataset"), ("./seedbed.yaml", "is_the_project")],
)
def test_nothing_is_written_over_the_dataset_itself(project, name, code):
    submit(note(1))
    (project / "rows.jsonl").write_text(json.dumps(note(3)), encoding="utf-8")
    before = (project / name).read_bytes()
    for command in (
        ["export", "-o", name, "-f", "jsonl"],
        ["review", "--state", "accepted", "--export", name],
        ["import", "rows.jsonl", "--topic", "kitchen", "--results", name],
    ):
        assert seedbed(*command).error["error"] == code, command
    assert (project / name).read_bytes() == before
    kept = seedbed("import", "rows.jsonl", "--topic", "kitchen", "--results", "rows.jsonl")
    assert (kept.status, kept.out) == (ExitCode.INPUT, "")
    assert json.loads((project / "rows.jsonl").read_text(encoding="utf-8")) == note(3)


def test_a_pipe_is_not_replaced_and_a_link_is_followed(project):
    submit(note(1))
    os.mkfifo(project / "pipe.jsonl")
    (project / "pipe").symlink_to("pipe.jsonl")
    for name in ("pipe.jsonl", "pipe", "-", "/dev/stdout"):
        assert seedbed("export", "-o", name, "-f", "jsonl").error["error"] == "not_a_file"
        assert seedbed("review", "--state", "accepted", "--export", name).error["error"] == "not_a_file"
    assert (project / "pipe.jsonl").is_fifo() and (project / "pipe").is_symlink()
    (project / "far").mkdir()
    (project / "link.jsonl").symlink_to("far/data.jsonl")
    assert seedbed("export", "-o", "link.jsonl").status == 0
    assert json.loads((project / "far" / "data.jsonl").read_text(encoding="utf-8"))["id"]
    assert (project / "link.jsonl").is_symlink()


def test_a_reader_that_goes_away_is_no_error(project):
    with library.open(project) as dataset:
        dataset.submit([note(n) for n in range(300)], topic="kitchen", on_duplicate="warn")
    code = "from seedbed.frontends.cli import main; main()"
    for form in ("--text", "--json"):
        command = f"{sys.executable} -c '{code}' list --limit 300 {form} | head -c 20; echo; echo ${{PIPESTATUS[0]}}"
        done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, timeout=PATIENCE_S, check=False)
        assert done.stdout.splitlines()[-1] == "0"
        assert done.stderr == ""
