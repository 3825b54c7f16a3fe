"""A small dataset of the tests' project, on a clock of their own."""

from __future__ import annotations

import pytest

import seedbed
from testkit.projects import CONFIG, TREE
from testkit.stored import Clock


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def open_with(tmp_path, clock):
    """Makes datasets whose ``seedbed.yaml`` says more than the project's, with the tree loaded."""
    made = []

    def make(config=CONFIG, tree=TREE, name="seedbed.db"):
        (tmp_path / "seedbed.yaml").write_text(config, encoding="utf-8")
        made.append(seedbed.create(tmp_path / name, clock=clock))
        if tree:
            made[-1].topics.load(tree)
        return made[-1]

    yield make
    for dataset in made:
        dataset.close()


@pytest.fixture
def small(open_with):
    """The project's tree without entries."""
    return open_with()
