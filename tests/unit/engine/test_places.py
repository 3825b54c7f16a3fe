"""Leaves as the door sees them, read once until the tree changes."""

from __future__ import annotations

import pytest

from seedbed.core.errors import TopicError, UnknownNameError
from seedbed.core.records import Topic
from seedbed.engine.places import Places
from seedbed.store import DatasetFile
from testkit.stored import make_file


@pytest.fixture
def file(tmp_path):
    with make_file(tmp_path) as opened:
        opened.topics.load(
            [
                Topic("rome", meta={"fields": {"era": ["old", "new"]}, "on_duplicate": "warn"}),
                Topic("rome/empire", meta={"fields": {"era": ["new"]}}),
                Topic("rome/republic", meta={"on_duplicate": "review"}),
                Topic("greece", meta={"on_duplicate": "whatever"}),
            ]
        )
        yield opened


def test_rules_and_policy_come_down_the_path(file):
    places = Places(file)
    assert places.at("rome/empire").rules.fields["era"].enum == ("new",)
    assert [places.at(p).on_duplicate for p in ("rome/empire", "rome/republic", "greece")] == ["warn", "review", None]
    assert places.at("greece").topic.path == "greece"


def test_only_leaves_take_entries(file):
    with pytest.raises(TopicError) as caught:
        Places(file).at("rome")
    assert caught.value.stable_code == "interior_topic"
    assert caught.value.fix == "submit to one of: rome/republic, rome/empire"
    with pytest.raises(UnknownNameError):
        Places(file).at("room")


def test_what_was_read_is_forgotten_when_anybody_changes_the_tree(file):
    places = Places(file)
    assert places.at("greece").topic.is_leaf
    with DatasetFile.open(file.path) as other:
        other.topics.add(Topic("greece/athens"))
    assert places.at("greece").topic.is_leaf  # until it is told to look
    places.refresh(file.meta.versions())
    with pytest.raises(TopicError):
        places.at("greece")
