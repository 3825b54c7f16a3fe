"""The tree screen, by its keys."""

from __future__ import annotations

import pytest
from textual.widgets import Input

from seedbed.core.errors import UnknownNameError
from seedbed.frontends.tui.lists import PagedList
from seedbed.frontends.tui.tree import TreeApp
from testkit.screens import HOSTILE, drive, put, waiting


def line(driver, name):
    return next(line for line in driver.lines if name in line)


def test_topics_with_counts_and_targets(queue):
    dataset, ids = queue
    dataset.topics.describe("git/branches", target=4)
    dataset.reviews.approve(ids[2:], reviewer="human")

    async def steps(driver):
        assert "commits  0 +2 in review  Recording a change." in line(driver, "commits")
        assert "branches  1/4  Parallel lines" in line(driver, "branches")
        screen = await driver.press("down")
        assert "difficulty" in screen, "rules of the topic under the cursor"
        assert "2 pending" in screen
        await driver.press("up", "enter")
        assert "commits" not in driver.text, "closed"
        assert "commits" in await driver.press("enter")

    drive(TreeApp(dataset), steps)


def test_enter_shows_the_entries_of_a_leaf(queue):
    dataset, _ = queue

    async def steps(driver):
        screen = await driver.press("down", "enter")
        assert "2 entries  git/commits" in screen
        assert "A snapshot of the tracked files" in await driver.press("j")
        await driver.press("slash")
        driver.app.screen.query_one(Input).value = "amended"
        assert "1 entries" in await driver.press("enter")
        await driver.press("f")
        driver.app.screen.query_one(Input).value = "nonsense"
        assert "nonsense" in await driver.press("enter")
        driver.app.screen.query_one(Input).value = "rejected"
        assert "no entries" in await driver.press("enter")
        await driver.press("escape")
        assert "2 pending" in driver.text

    drive(TreeApp(dataset), steps)


def test_o_shows_the_entries_of_a_whole_branch(queue):
    dataset, _ = queue

    async def steps(driver):
        assert "3 entries  git" in await driver.press("o")

    drive(TreeApp(dataset), steps)


def test_search_opens_the_branches_on_the_way(opened):
    dataset = opened()
    dataset.load_topics({f"a{i}": {f"b{j}": {f"c{i}{j}": {}} for j in range(3)} for i in range(3)})

    async def steps(driver):
        assert "c21" not in driver.text
        await driver.press("slash")
        driver.app.screen.query_one(Input).value = "nothing like it"
        assert "no topic is called like this" in await driver.press("enter")
        driver.app.screen.query_one(Input).value = "C21"
        await driver.press("enter")
        assert driver.app.nodes.cursor_node.data.path == "a2/b1/c21"
        await driver.press("slash")
        driver.app.screen.query_one(Input).value = "/b1"
        await driver.press("enter")
        found = [driver.app.nodes.cursor_node.data.path]
        for _ in range(5):
            await driver.press("n")
            found.append(driver.app.nodes.cursor_node.data.path)
        assert found == ["a0/b1", "a0/b1/c01", "a1/b1", "a1/b1/c11", "a2/b1", "a2/b1/c21"]

    drive(TreeApp(dataset), steps)


def test_a_part_of_the_tree(queue):
    dataset, _ = queue

    async def steps(driver):
        assert "Recording" not in driver.text
        assert "3 entries" not in await driver.press("o")
        assert "1 entries  git/branches" in driver.text

    drive(TreeApp(dataset, "git/branches"), steps)
    with pytest.raises(UnknownNameError, match="git/comits"):
        TreeApp(dataset, "git/comits")


def test_any_topic_and_entry_is_safe_to_show(opened):
    dataset = opened()
    dataset.load_topics({"x[b] y": {"_description": HOSTILE["escapes"], "[red]": {}}})
    put(dataset, [waiting(1, "git/commits", content=dict(HOSTILE))])

    async def steps(driver):
        screen = await driver.press("down")
        assert any("x[b] y" in text and "\\x1b[31mred" in text for text in driver.lines)
        assert not set(screen) & set("\x1b\x07\u202e")
        await driver.press("home", "down", "enter", "down")
        screen = await driver.press("enter", "j")
        assert "[/b] [red]x[/]" in screen
        assert not set(screen) & set("\x1b\x07\u202e")

    drive(TreeApp(dataset), steps)


def test_a_dataset_without_topics(tmp_path):
    import seedbed

    async def steps(driver):
        assert "all topics" in await driver.press("down", "enter", "n", "o")
        assert "no entries" in driver.text

    with seedbed.create(tmp_path / "empty.db") as dataset:
        drive(TreeApp(dataset), steps)


def test_reading_needs_no_right_to_write(queue):
    import seedbed

    dataset, _ = queue

    async def steps(driver):
        await driver.press("down", "enter", "j", "G", "x")

    with seedbed.open(dataset.path, mode="ro") as reading:
        drive(TreeApp(reading), steps)


def test_entries_are_read_by_pages(opened, monkeypatch):
    dataset = opened()
    put(dataset, [waiting(i, "git/commits") for i in range(3_000)])
    asked = []
    real = dataset.entries
    monkeypatch.setattr(dataset, "entries", lambda **o: asked.append(o["limit"]) or real(**o))

    async def steps(driver):
        await driver.press("down", "enter", "G")
        assert driver.app.screen.query_one(PagedList).cursor == 2_999
        assert "What is number 0?" in driver.text

    drive(TreeApp(dataset), steps)
    assert sum(asked) < 500
