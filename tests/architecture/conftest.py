"""The package's source as trees, and a project to start commands in."""

from __future__ import annotations

import ast
import json
from dataclasses import dataclass
from pathlib import Path

import pytest

from testkit.cli import seedbed
from testkit.projects import CONFIG, FACTS, TREE, row


@dataclass(frozen=True)
class Module:
    """One source file."""

    path: Path
    name: str
    text: str
    tree: ast.Module


@pytest.fixture(scope="session")
def root():
    return Path(__file__).parents[2]


@pytest.fixture(scope="session")
def modules(root):
    """All modules of the package."""
    source = root / "src"
    found = []
    for path in sorted((source / "seedbed").rglob("*.py")):
        text = path.read_text(encoding="utf-8")
        name = ".".join(path.relative_to(source).with_suffix("").parts)
        found.append(Module(path, name, text, ast.parse(text)))
    return found


@pytest.fixture
def filled(tmp_path):
    """A project with three entries in the test's folder."""
    (tmp_path / "seedbed.yaml").write_text(CONFIG, encoding="utf-8")
    (tmp_path / "topics.json").write_text(json.dumps(TREE), encoding="utf-8")
    for command in (
        ["init"],
        ["topics", "load", "topics.json"],
        ["submit", json.dumps([row(i) for i in range(len(FACTS))])],
    ):
        assert seedbed(*command).status == 0
    return tmp_path
