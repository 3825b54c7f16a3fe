"""Files that are no dataset, newer, read-only or missing; configuration that is wrong."""

from __future__ import annotations

import os
import sqlite3

import pytest

from seedbed.core.errors import ExitCode
from testkit.cli import seedbed, text
from testkit.projects import row

READING = [["report"], ["list"], ["topics", "tree"], ["log"], ["similar", "x", "--topic", "git"]]
ALL = [*READING, ["submit", '{"topic": "git/commits"}'], ["reembed"], ["export", "-o", "x.jsonl"]]


@pytest.mark.parametrize("command", ALL, ids=" ".join)
def test_no_dataset_is_not_found(tmp_path, command):
    refused = seedbed(*command)
    assert (refused.status, refused.error["error"]) == (ExitCode.NOT_FOUND, "no_dataset")
    assert "seedbed init" in refused.error["fix"]
    assert not (tmp_path / "seedbed.db").exists()


@pytest.mark.parametrize("command", ALL, ids=" ".join)
def test_another_file_is_refused_and_not_touched(tmp_path, command):
    (tmp_path / "seedbed.db").write_bytes(b"something else" * 100)
    refused = seedbed(*command)
    assert (refused.status, refused.error["error"]) == (ExitCode.INPUT, "not_a_dataset")
    assert (tmp_path / "seedbed.db").read_bytes() == b"something else" * 100


@pytest.mark.parametrize("command", ALL, ids=" ".join)
def test_a_newer_file_is_refused_and_not_touched(filled, command):
    with sqlite3.connect(filled / "seedbed.db") as connection:
        connection.execute("PRAGMA user_version = 9999")
    connection.close()
    before = (filled / "seedbed.db").read_bytes()
    refused = seedbed(*command)
    assert (refused.status, refused.error["error"]) == (ExitCode.FAILURE, "newer_file")
    assert (filled / "seedbed.db").read_bytes() == before


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everything")
def test_a_read_only_file_is_read_and_not_written(filled):
    (filled / "seedbed.db").chmod(0o444)
    filled.chmod(0o555)
    try:
        assert seedbed("report").status is ExitCode.OK
        assert seedbed("topics", "add", "git/x").error["error"] == "read_only"
    finally:
        filled.chmod(0o755)


@pytest.mark.parametrize(
    ("config", "message", "fix"),
    [
        ("kindd: qa\n", "unknown key 'kindd'", "did you mean 'kind'?"),
        ("target: many\n", "target: Input should be a valid integer", None),
        ("kinds: {qa: {balanse: [x]}}\n", "unknown key 'kinds.qa.balanse'", None),
        ("kind: [\n", "seedbed.yaml is not YAML", None),
    ],
)
def test_wrong_configuration_names_file_and_key(project, config, message, fix):
    (project / "seedbed.yaml").write_text(config)
    refused = seedbed("report")
    assert (refused.status, refused.error["error"]) == (ExitCode.INPUT, "invalid_config")
    assert message in refused.error["message"]
    assert refused.error["place"]["file"].endswith("seedbed.yaml")
    assert fix is None or refused.error["fix"] == fix


def test_an_unknown_kind_in_the_configuration_is_named(project):
    (project / "seedbed.yaml").write_text("kind: instructions\n")
    assert seedbed("report").error["near"] == ["instruction"]


def test_a_mistyped_check_is_named(project):
    (project / "seedbed.yaml").write_text("kind: qa\nchecks: {near_duplicates: {threshold: 0.9}}\n")
    refused = seedbed("submit", '{"question": "q", "answer": "a", "topic": "git/commits"}')
    assert refused.status is ExitCode.INPUT
    assert "near_duplicate" in str(refused.error)


def test_a_mistyped_command_or_option_is_named_with_near_ones():
    assert (
        text("simlar").err == "error[unknown_command]: unknown command 'simlar' — did you mean 'similar' or 'import'?\n"
    )
    refused = seedbed("list", "--stat", "x")
    assert (refused.status, refused.error["error"], refused.error["near"][0]) == (
        ExitCode.INPUT, "unknown_option", "--state",
    )  # fmt: skip


@pytest.mark.parametrize("arguments", [["list", "--limit", "0"], ["list", "extra"], ["export"], ["list", "--limit"]])
def test_usage_errors_have_code_place_and_fix(arguments):
    refused = seedbed(*arguments)
    assert (refused.status, refused.error["error"]) == (ExitCode.INPUT, "usage")
    assert "--help" in refused.error["fix"]


def test_a_refused_file_of_the_system_is_an_error_like_any_other(filled):
    (filled / "folder").mkdir()
    refused = seedbed("submit", "@folder")
    assert (refused.status, refused.error["place"]) == (ExitCode.INPUT, {"file": "folder"})
    assert row()["topic"] in {t["topic"] for t in seedbed("topics", "tree").json}
