"""Projects to run commands in; the folder of the test is the current one."""

from __future__ import annotations

import json

import pytest

from testkit.cli import seedbed
from testkit.projects import CONFIG, FACTS, TREE, row


@pytest.fixture
def project(tmp_path):
    """A project with three leaves' worth of rules and no entries."""
    (tmp_path / "seedbed.yaml").write_text(CONFIG, encoding="utf-8")
    (tmp_path / "topics.json").write_text(json.dumps(TREE), encoding="utf-8")
    assert seedbed("init").status == 0
    assert seedbed("topics", "load", "topics.json").status == 0
    return tmp_path


@pytest.fixture
def filled(project):
    """The project with the three facts in it."""
    rows = [row(i) for i in range(len(FACTS))]
    assert seedbed("submit", json.dumps(rows)).status == 0
    return project
