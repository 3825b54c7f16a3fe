"""``export``."""

from __future__ import annotations

import json

import pytest

from seedbed.core import plugins
from seedbed.core.errors import ExitCode
from testkit.cli import seedbed, text


@pytest.mark.parametrize("name", sorted(set(plugins.names("formats")) - {"parquet"}))
def test_every_format_is_written(filled, name):
    done = seedbed("export", "-o", "out/rows", "--format", name)
    assert (done.status, done.json["count"]) == (ExitCode.OK, 3)
    assert len((filled / "out" / "rows").read_text(encoding="utf-8").splitlines()) == 3 + (name == "csv")


@pytest.mark.extra("parquet")
def test_parquet_is_written(filled):
    import pyarrow.parquet as pq

    assert text("export", "-o", "rows.parquet", "-f", "parquet").lines == ["wrote 3 rows to rows.parquet"]
    assert pq.read_table("rows.parquet").num_rows == 3


def test_splits_go_to_a_folder_with_warnings_for_thin_strata(filled):
    done = text("export", "-o", "out", "-f", "chatml", "--split", "train=0.5,test=0.5", "--system-prompt", "Be brief.")
    assert [line.split()[:3] for line in done.lines[:2]] == [["wrote", n, "rows"] for n in ("2",)] + [
        ["wrote", "1", "row"]
    ]
    assert any(line.startswith("warning: ") for line in done.lines)
    first = json.loads((filled / "out" / "train.jsonl").read_text().splitlines()[0])
    assert first["messages"][0] == {"role": "system", "content": "Be brief."}
    refused = seedbed("export", "-o", "out2", "--split", "train=0.5,test=0.5", "--strict")
    assert (refused.status, refused.error["error"]) == (ExitCode.INPUT, "thin_strata")


def test_a_dry_run_writes_nothing(filled):
    assert text("export", "-o", "rows.jsonl", "--dry-run").lines == ["would write 3 rows to rows.jsonl"]
    assert not (filled / "rows.jsonl").exists()


def test_columns_are_chosen(filled):
    seedbed("export", "-o", "rows.jsonl", "--fields", "answer,question")
    assert list(json.loads((filled / "rows.jsonl").read_text().splitlines()[0])) == ["answer", "question"]


def test_columns_are_put_beside_a_conversation(filled):
    seedbed("export", "-o", "rows.jsonl", "-f", "chatml", "--fields", "topic,difficulty")
    assert list(json.loads((filled / "rows.jsonl").read_text().splitlines()[0])) == ["messages", "topic", "difficulty"]


def test_the_ending_of_the_file_says_the_format(filled):
    assert seedbed("export", "-o", "rows.csv").json["format"] == "csv"
    assert (filled / "rows.csv").read_text().startswith("id,topic,kind,question,answer")
    assert seedbed("export", "-o", "rows.json").json["format"] == "jsonl"
    assert json.loads((filled / "rows.csv.manifest.json").read_text())["options"]["format"] == "csv"


@pytest.mark.parametrize(
    ("name", "options", "fix"),
    [
        ("rows.csv", ["-f", "chatml"], "-o rows.jsonl, or -f csv"),
        ("rows.jsonl", ["-f", "csv"], "-o rows.csv, or -f jsonl"),
        ("rows.jsonl.gz", [], "-o rows.jsonl"),
    ],
)
def test_a_file_does_not_end_in_what_it_is_not(filled, name, options, fix):
    refused = seedbed("export", "-o", name, *options)
    assert (refused.status, refused.error["error"], refused.error["fix"]) == (ExitCode.INPUT, "wrong_ending", fix)
    assert not (filled / name).exists()


def test_rejected_entries_never_leave(filled):
    seedbed("submit", json.dumps({"question": "What?", "answer": "", "topic": "git/commits"}))
    assert seedbed("export", "-o", "rows.jsonl", "--include-pending").json["count"] == 3


@pytest.mark.parametrize(
    ("options", "code"),
    [
        (["-f", "jsonll"], "unknown_format"),
        (["--fields", "questoin"], "unknown_field"),
        (["--topic", "git/comits"], "unknown_topic"),
        (["--kind", "qaa"], "unknown_kind"),
        (["--split-method", "hashed", "--split", "a=1"], "unknown_split_method"),
    ],
)
def test_unknown_names_have_near_ones(filled, options, code):
    refused = seedbed("export", "-o", "x.jsonl", *options)
    assert (refused.status, refused.error["error"]) == (ExitCode.INPUT, code)
    assert refused.error["near"]
    assert not (filled / "x.jsonl").exists()


@pytest.mark.parametrize("splits", ["train=0.5", "train", "train=x", "=1", "a/b=1"])
def test_wrong_splits_are_refused(filled, splits):
    assert seedbed("export", "-o", "out", "--split", splits).status is ExitCode.INPUT


def test_nothing_finished_is_an_error(project):
    assert seedbed("export", "-o", "x.jsonl").error["error"] == "nothing_to_export"
