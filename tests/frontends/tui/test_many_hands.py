"""The review screen while others work on the same file, when it is killed, and over a long queue."""

from __future__ import annotations

import os
import signal
import subprocess
import sys

import seedbed
from seedbed.core.errors import EmbedderMismatchError
from seedbed.frontends.tui import review
from seedbed.frontends.tui.lists import PagedList
from seedbed.frontends.tui.review import ReviewApp
from seedbed.frontends.tui.sitting import AHEAD, Sitting
from testkit.bounds import PATIENCE_S
from testkit.screens import drive, put, waiting

LEAF = "git/commits"

KILLED = """
import os, signal, sys
import seedbed
from seedbed.frontends.tui.review import ReviewApp
from seedbed.frontends.tui.sitting import Sitting
from testkit.screens import drive

async def steps(driver):
    await driver.press("a", "r", "2")
    os.kill(os.getpid(), signal.SIGKILL)

drive(ReviewApp(Sitting(seedbed.open(sys.argv[1]), reviewer="human:ann")), steps)
"""


def states(dataset, ids):
    return [str(dataset.show(i).state) for i in ids]


def test_decisions_outlive_a_killed_screen(queue):
    dataset, ids = queue
    environ = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    command = [sys.executable, "-c", KILLED, str(dataset.path)]
    done = subprocess.run(command, env=environ, capture_output=True, timeout=PATIENCE_S)
    assert done.returncode == -signal.SIGKILL
    assert states(dataset, ids) == ["approved", "rejected", "pending"]
    assert dataset.reviews.reasons(by=()) == [{"reason": "off_topic", "n": 1}]


def test_what_others_decide_is_counted_and_skipped(queue, monkeypatch):
    dataset, ids = queue
    monkeypatch.setattr(review, "COUNT_S", 0.05)

    async def steps(driver):
        assert driver.lines[0].startswith(" 3 left")
        with seedbed.open(dataset.path) as other:
            other.reviews.approve([ids[1]], reviewer="human:bob")
        await driver.until(lambda: driver.lines[0].startswith(" 2 left"))
        await driver.press("a")
        assert driver.app.query_one(PagedList).cursor == 2

    drive(ReviewApp(Sitting(dataset)), steps)
    assert [d.reviewer for d in dataset.reviews.items([ids[1]])[0].decisions] == ["human:bob"]


def test_many_rows_that_others_decided_are_passed_over(opened):
    dataset = opened()
    ids = put(dataset, [waiting(i, LEAF) for i in range(AHEAD + 10)])
    sitting = Sitting(dataset)
    dataset.reviews.approve(ids[1 : AHEAD + 1], reviewer="human:bob")
    assert sitting.next_open(0) == AHEAD + 1
    dataset.reviews.approve(ids, reviewer="human:bob")
    sitting.count()
    assert sitting.next_open(0) is None


def test_a_field_that_others_changed_is_told_before_it_is_replaced(queue):
    dataset, ids = queue
    sitting = Sitting(dataset)
    seen = dataset.show(ids[0])
    dataset.edit(ids[0], {"answer": "All tracked files at a time, with a message."}, actor="human:bob")
    problems = sitting.edit(seen, {"answer": "A snapshot of files."})
    assert "All tracked files at a time" in problems["answer"]
    assert sitting.edit(seen, {"difficulty": "medium"}) == {}, "another field may be changed"
    assert dataset.show(ids[0]).content["answer"].startswith("All tracked")
    assert sitting.edit(dataset.show(ids[0]), {"answer": "A snapshot of all files, with its parents."}) == {}


def test_a_key_typed_ahead_decides_nothing_that_was_not_seen(queue):
    dataset, ids = queue

    async def steps(driver):
        driver.app.queue.cursor = 1  # the entry of this row is not on the screen yet
        driver.app.action_approve()
        driver.app.action_reject()
        assert len(driver.app.screen_stack) == 1
        assert states(dataset, ids) == ["pending"] * 3
        await driver.press("a")
        assert states(dataset, ids) == ["pending", "approved", "pending"]

    drive(ReviewApp(Sitting(dataset)), steps)


def test_without_the_embedder_entries_are_reviewed_without_neighbours(queue, monkeypatch):
    dataset, ids = queue

    def broken():
        raise EmbedderMismatchError("another embedder")

    monkeypatch.setattr(dataset, "intake", broken)

    async def steps(driver):
        assert "What does a commit hold?" in driver.lines[1]
        assert "1 of" not in driver.text
        await driver.press("a")

    drive(ReviewApp(Sitting(dataset)), steps)
    assert states(dataset, ids) == ["approved", "pending", "pending"]


def test_a_long_queue_is_never_read_whole(opened, monkeypatch):
    dataset, n = opened(), 100_000
    ids = put(dataset, [waiting(i, LEAF, verdicts=()) for i in range(n)])
    asked = []
    real = dataset.reviews.items
    monkeypatch.setattr(dataset.reviews, "items", lambda ids, **o: asked.append(len(ids)) or real(ids, **o))
    sitting = Sitting(dataset)
    assert (len(sitting), sitting.left, asked) == (n, n, [])

    async def steps(driver):
        listed = driver.app.query_one(PagedList)
        await driver.press("G")
        assert "What is number 99999?" in driver.text
        await driver.press("a", "g", *["pagedown"] * 10)
        listed.cursor = 50_000
        assert "What is number 50000?" in await driver.press("a")
        assert driver.lines[0].startswith(" 99,998 left")

    drive(ReviewApp(sitting), steps)
    assert sum(asked) < 1_500
    assert max(asked) < 100
    assert states(dataset, [ids[99_999], ids[50_000]]) == ["approved"] * 2


def test_rows_of_the_list_are_small_however_large_the_entries_are(opened):
    dataset = opened()
    put(dataset, [waiting(i, LEAF, "x" * 1_000_000) for i in range(3)])
    sitting = Sitting(dataset)
    assert len(sitting.row(0).text) < 1_000
    assert len(sitting.closely(0).entry.content["question"]) == 1_000_000
