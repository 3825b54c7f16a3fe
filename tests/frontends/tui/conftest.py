"""Datasets with something to look at on a screen."""

from __future__ import annotations

import json
from importlib.util import find_spec

import pytest

import seedbed
from testkit.projects import CONFIG, FACTS, TREE, row

# A screen cannot even be imported without the extra, and a conftest cannot skip.
collect_ignore_glob = [] if find_spec("textual") else ["test_*.py"]


@pytest.fixture
def opened(tmp_path):
    """Makes a dataset under some review section; closed after the test."""
    made = []

    def make(**review):
        config = CONFIG + f"review: {json.dumps({'mode': 'all', **review})}\n"
        (tmp_path / "seedbed.yaml").write_text(config, encoding="utf-8")
        dataset = seedbed.create(tmp_path / "seedbed.db")
        made.append(dataset)
        dataset.load_topics(TREE)
        return dataset

    yield make
    for dataset in made:
        dataset.close()


@pytest.fixture
def queue(opened):
    """A dataset with the facts waiting for review, and their ids."""
    dataset = opened()
    return dataset, [d.entry_id for d in dataset.submit([row(i) for i in range(len(FACTS))])]
