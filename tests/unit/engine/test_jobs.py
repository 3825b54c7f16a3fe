"""What reviewers keep rejecting reaches the next jobs of the topic."""

from __future__ import annotations

import pytest

from seedbed.core.records import Cell, State
from seedbed.engine.jobs import Jobs, Work
from seedbed.engine.plan import CellPlan, Plan
from seedbed.engine.steer import Bandit
from seedbed.store.reviews import DecisionRow
from testkit.stored import LEAVES, make_file, new_entry


@pytest.fixture
def file(tmp_path):
    with make_file(tmp_path) as opened:
        yield opened


def reject(file, number, *reasons, topic=LEAVES[0]):
    with file.write():
        (rowid,) = file.entries.insert([new_entry(number, topic=topic, state=State.REJECTED)])
        event = file.events.add("review", actor="human")
        file.reviews.write(event, fresh=[DecisionRow(0, rowid, "human", False, reasons)])


def leased(file, topic=LEAVES[0]):
    with file.write():
        run = file.runs.start(b"key", "instruct", {}, {})
        work = Work(run.id, "instruct", "qa", "fake:a", "host:1:x")
        (job,) = Jobs(file, work, Plan([CellPlan(Cell(topic), 1)]), Bandit(["naive"])).lease(1)
    return job


def test_reasons_given_twice_reach_the_next_job_most_frequent_first(file):
    for number in range(3):
        reject(file, number, "unclear", "other", *(["wrong"] if number else []))
    reject(file, 3, "unsafe")
    assert leased(file).reviewed == ("unclear", "wrong")


def test_a_single_rejection_or_another_topic_says_nothing(file):
    reject(file, 1, "unclear")
    reject(file, 2, "wrong", topic=LEAVES[1])
    reject(file, 3, "wrong", topic=LEAVES[1])
    assert leased(file).reviewed == ()
