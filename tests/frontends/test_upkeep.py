"""``reconcile`` and ``revalidate``."""

from __future__ import annotations

import json
import sqlite3

import pytest

from seedbed.core.errors import ExitCode
from testkit.cli import seedbed, text
from testkit.projects import CONFIG, row


@pytest.fixture
def harmed(filled):
    """The three facts with a wrong counter, a wrong cell and a failing verdict."""
    connection = sqlite3.connect("seedbed.db")
    connection.execute("UPDATE cell_count SET n = n + 1")
    connection.execute("UPDATE entry SET cell = '' WHERE id = 2")
    connection.commit()
    connection.close()
    return filled


def test_a_dataset_in_order_is_consistent(filled):
    done = text("reconcile")
    assert (done.status, done.lines[-1]) == (ExitCode.OK, "consistent")
    assert all(line.startswith("✓ ") for line in done.lines[:-1])
    assert seedbed("reconcile").json["problems"] == 0


def test_problems_are_told_and_repaired(harmed):
    found = text("reconcile")
    assert (found.status, found.lines[-1]) == (ExitCode.FAILURE, "repair with: seedbed reconcile --fix")
    assert [line.split()[1] for line in found.lines if line.startswith("✗")] == ["counts", "cells"]
    wrong = next(i for i, line in enumerate(found.lines) if line.startswith("✗ cells"))
    assert found.lines[wrong] == "✗ cells       cells follow from the content (3 looked at): 1 wrong"
    assert found.lines[wrong + 1].endswith("is counted in cell '' and belongs in 'difficulty=easy'")
    fixed = text("reconcile", "--fix", "--actor", "human:ann")
    assert (fixed.status, fixed.lines[-1]) == (ExitCode.OK, "consistent")
    assert "✓ cells       cells follow from the content (3 looked at): 1 wrong, 1 set anew" in fixed.lines
    assert seedbed("log", "--limit", "1").json["events"][0]["actor"] == "human:ann"
    assert seedbed("reconcile").status is ExitCode.OK


def test_programs_get_every_check(harmed):
    done = seedbed("reconcile", "--no-embed")
    assert (done.status, done.json["consistent"]) == (ExitCode.FAILURE, False)
    checks = {c["check"]: c for c in done.json["checks"]}
    assert (checks["cells"]["problems"], checks["cells"]["fix"]) == (1, "set anew")
    assert "embedding" not in checks and "fix" not in checks["homes"]


@pytest.fixture
def narrowed(filled):
    """The first answer is longer than today's schema allows."""
    own = "kinds:\n  qa: {balance: [difficulty], fields: {answer: {type: string, max_length: 62}}}"
    config = CONFIG.replace("kinds:\n  qa: {balance: [difficulty]}", own)
    (filled / "seedbed.yaml").write_text(config, encoding="utf-8")
    return filled


def test_what_does_not_pass_todays_schema_goes_to_review(narrowed):
    done = text("revalidate")
    assert done.status is ExitCode.FAILURE
    assert done.lines[:2] == ["3 entries checked, 1 do not pass", "       1  wrong_schema"]
    assert done.lines[2].split()[1] == "git/commits:"
    assert done.lines[-1] == "1 are in review now: seedbed review"
    assert seedbed("list", "--state", "pending").json["total"] == 1
    seedbed("undo")
    assert seedbed("list", "--state", "pending").json["total"] == 0


@pytest.mark.parametrize("option", ["--dry-run", "--no-queue"])
def test_looking_changes_nothing(narrowed, option):
    done = seedbed("revalidate", option)
    assert (done.status, done.json["violations"], done.json["queued"]) == (ExitCode.FAILURE, 1, 0)
    assert seedbed("list", "--state", "pending").json["total"] == 0


def test_everything_passes(filled):
    assert text("revalidate").lines == ["3 entries checked, 0 do not pass"]
    assert seedbed("revalidate", "--topic", "git/branches").json["checked"] == 1
    assert seedbed("revalidate", "--topic", "git/brunches").error["near"][0] == "git/branches"


def test_kinds_that_are_gone_are_told(project):
    own = CONFIG.replace("kinds:", "kinds:\n  fact: {fields: {claim: {type: string}}}")
    (project / "seedbed.yaml").write_text(own, encoding="utf-8")
    seedbed("submit", json.dumps({"claim": "Ice floats."}), "--kind", "fact", "--topic", "git/branches")
    seedbed("submit", json.dumps(row()))
    (project / "seedbed.yaml").write_text(CONFIG, encoding="utf-8")
    assert text("revalidate").lines[-1] == "not checked: entries of kind 'fact', which the project does not know"
    assert text("reconcile").status is ExitCode.FAILURE
