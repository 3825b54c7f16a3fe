"""What reaches the screen: JSON or text, errors, hostile text."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

from seedbed.core.errors import ExitCode
from seedbed.frontends.cli.app import run
from seedbed.frontends.cli.output import columns, error_line, fit, json_line, one_line, safe, table
from testkit.cli import Stream, seedbed, streams, text
from testkit.projects import row

ESCAPES = "\x1b[2J\x1b]0;title\x07 \x9b31m red \r over \u202e backwards \u2028 line"


def test_a_pipe_gets_json_and_a_terminal_text(filled):
    assert seedbed("list").json["total"] == 3
    assert text("list").lines[0].split() == ["id", "state", "topic", "content"]


@pytest.mark.parametrize("arguments", [("--json", "list"), ("list", "--json"), ("--text", "list", "--json")])
def test_json_may_be_asked_for_before_or_after_the_command(filled, arguments):
    assert text(*arguments).json["total"] == 3


@pytest.mark.parametrize("arguments", [("--text", "report"), ("report", "--text")])
def test_text_may_be_asked_for_in_a_pipe(filled, arguments):
    assert seedbed(*arguments).out.startswith("seedbed.db: 3 of 12 qa entries")


def test_the_dataset_may_be_named_at_any_level(filled, tmp_path, monkeypatch):
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    whole = seedbed("topics", "tree", "--db", filled).json
    assert seedbed("--db", filled, "topics", "tree").json == whole
    assert seedbed("topics", "--db", filled / "seedbed.db", "tree").json == whole
    monkeypatch.setenv("SEEDBED_DB", str(filled))
    assert seedbed("topics", "tree").json == whole


def test_errors_are_json_in_a_pipe_and_a_line_at_a_terminal(filled):
    assert seedbed("show", "0" * 20).error["error"] == "not_found"
    told = text("show", "0" * 20)
    assert told.status is ExitCode.NOT_FOUND
    assert told.err == f"error[not_found]: no entry '{'0' * 20}' — seedbed list shows ids\n"
    assert told.out == ""


def test_an_error_stays_readable_where_only_stdout_is_piped(filled):
    out, err = Stream(), Stream(tty=True)
    with streams(b"", out, err):
        run(["show", "0" * 20])
    assert err.text().startswith("error[not_found]")


def test_usage_errors_are_json_like_any_other():
    assert seedbed("show").error == {
        "error": "usage",
        "message": "missing argument 'ID'",
        "place": {"command": "seedbed show"},
        "fix": "see: seedbed show --help",
    }


def test_what_follows_two_dashes_is_no_option(project):
    assert text("similar", "--topic", "git/commits", "--", "--json").lines == [
        "no entries yet in the scope of git/commits"
    ]


def test_terminal_escapes_in_entries_are_shown_not_obeyed(project):
    seedbed("submit", json.dumps(row(question=f"What does {ESCAPES} hold?")))
    entry_id = seedbed("list", "--state", "rejected").json["entries"][0]["id"]
    for arguments in (["list", "--state", "rejected"], ["show", entry_id]):
        shown = text(*arguments).out
        assert "\\x1b[2J" in shown
        assert not set(shown) & set("\x1b\x9b\x07\r\u202e\u2028")


def test_json_on_a_terminal_holds_no_escape_either(project):
    seedbed("submit", json.dumps(row(question=f"Wärme: what does {ESCAPES} hold?")))
    shown = text("list", "--state", "rejected", "--json")
    assert not set(shown.out) & set("\x1b\x9b\x07\r\u202e\u2028")
    assert shown.json["entries"][0]["content"]["question"].endswith(f"{ESCAPES} hold?")
    assert "Wärme" in shown.out


def test_a_narrow_encoding_loses_nothing(project):
    seedbed("submit", json.dumps(row(question="What is Wärme in 日本?")))
    assert seedbed("list", encoding="ascii").json["entries"][0]["content"]["question"] == "What is Wärme in 日本?"
    assert "W\\xe4rme" in text("list", encoding="ascii").out


@pytest.mark.parametrize("arguments", [["log", "--json"], ["log", "--text"], ["report", "--json"]])
def test_a_reader_that_goes_away_is_no_error(filled, arguments):
    code = f"import sys; from seedbed.frontends.cli.app import run; sys.exit(run({arguments}))"
    read, write = os.pipe()
    os.close(read)
    ended = subprocess.run([sys.executable, "-c", code], stdout=write, stderr=subprocess.PIPE, check=False)
    os.close(write)
    assert (ended.returncode, ended.stderr) == (0, b"")


@pytest.mark.parametrize(
    ("command", "closed", "status"),
    [
        ("list", ">&-", ExitCode.OK),
        ("submit - --topic git/commits", "<&-", ExitCode.INPUT),
        ("submit {broken --topic git/commits", "2>&-", ExitCode.INPUT),
        ("submit - --topic git/commits", "<&- >&- 2>&-", ExitCode.INPUT),
    ],
)
def test_a_stream_that_is_closed_is_no_trouble(filled, command, closed, status):
    line = f"{sys.executable} -c 'from seedbed.frontends.cli import main; main()' {command} {closed}"
    done = subprocess.run(["sh", "-c", line], capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, "Traceback" in done.stderr) == (int(status), False)
    assert seedbed("reconcile").json["consistent"]


def test_an_interruption_has_its_own_status(monkeypatch, project):
    def interrupted(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr("seedbed.dataset.open", interrupted)
    assert seedbed("report").status is ExitCode.INTERRUPTED
    assert seedbed("report").error["error"] == "interrupted"


def test_an_error_is_one_line():
    from seedbed.core.errors import InputError

    line = error_line(
        InputError("two\nlines \x1b[31m", place={"file": "a.csv", "row": 3, "command": "x"}, fix="do\nit")
    )
    assert line == "error[invalid_input]: two lines \\x1b[31m (file a.csv, row 3) — do it"


def test_safe_keeps_line_breaks_and_tabs():
    assert safe("a\r\nb\tc\x00\ud800") == "a\nb\tc\\x00\\ud800"


CUTS = [("abc", 3, "abc"), ("abcd", 3, "ab…"), ("日本語", 6, "日本語"), ("日本語", 5, "日本…"), ("日本語", 4, "日…")]


@pytest.mark.parametrize(("given", "most", "kept"), CUTS)
def test_text_is_cut_by_columns(given, most, kept):
    assert fit(given, most) == kept
    assert columns(fit(given, most)) <= most


def test_one_line_is_one_line():
    assert one_line("a\n  b\tc") == "a b c"


def test_tables_align_wide_characters_and_numbers(monkeypatch):
    monkeypatch.setenv("COLUMNS", "60")
    assert table([["日本", 5, "x" * 100], ["ab", 10, "y"]], ["name", "n", "text"]) == [
        "name   n  text",
        "日本   5  " + "x" * 49 + "…",
        "ab    10  y",
    ]


def test_a_json_line_keeps_every_character():
    hostile = {"a": "\x7f\x9b\u2028\ud800é"}
    assert json.loads(json_line(hostile, Stream())) == hostile
    assert json.loads(json_line({"a": "\x7f"}, Stream())) == {"a": "\x7f"}
    assert "\x7f" not in json_line({"a": "\x7f"}, Stream())
