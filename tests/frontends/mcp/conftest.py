"""The small project that other front ends are tested in; all of it only where the extra ``mcp`` is there."""

from __future__ import annotations

import json
from importlib.util import find_spec

import pytest

from testkit.cli import seedbed
from testkit.projects import CONFIG, FACTS, TREE, row

collect_ignore_glob = [] if find_spec("mcp") else ["*"]


@pytest.fixture
def project(tmp_path):
    """Two leaves with rules, no entries."""
    (tmp_path / "seedbed.yaml").write_text(CONFIG, encoding="utf-8")
    (tmp_path / "topics.json").write_text(json.dumps(TREE), encoding="utf-8")
    assert seedbed("init").status == 0
    assert seedbed("topics", "load", "topics.json").status == 0
    return tmp_path


@pytest.fixture
def filled(project):
    """The project with the three facts in it."""
    assert seedbed("submit", json.dumps([row(i) for i in range(len(FACTS))])).status == 0
    return project
