"""The undo screen, by its keys."""

from __future__ import annotations

import pytest
from textual.widgets import Input

from seedbed.frontends.tui.undo import Timeline, UndoApp
from testkit.projects import row


@pytest.fixture
def past(opened):
    """A dataset with a tree, and three entries submitted one by one."""
    dataset = opened(mode="none")
    ids = [dataset.submit([row(i)], actor="human:ann", session=f"s{i}")[0].entry_id for i in range(3)]
    return dataset, ids


def live(dataset):
    return dataset.entries()[0]


def test_newest_first_with_what_would_go(past):
    dataset, _ = past

    async def steps(driver):
        assert driver.lines[0].startswith(" 4 events  nothing marked  human")
        assert [line.split()[4] for line in driver.lines[1:5]] == ["submit"] * 3 + ["topics.load"]
        await driver.until(lambda: "1 event: 1 entry would go" in driver.text)
        assert "1  git/branches" in driver.text
        assert live(dataset) == 3

    drive_undo(dataset, steps)


def test_it_takes_two_steps(past):
    dataset, ids = past

    async def steps(driver):
        await driver.press("down")
        assert "y takes it back" in await driver.press("c")
        assert live(dataset) == 3
        await driver.press("up")
        assert "y takes" not in driver.text, "moving on leaves it"
        await driver.press("y")
        assert live(dataset) == 3
        await driver.press("down", "c")
        await driver.press("y")
        assert live(dataset) == 2
        assert "taken back: 3; that is event 5" in driver.told
        assert driver.lines[1].split()[3:5] == ["human:eve", "undo"]
        assert "undone by 5" in driver.text

    drive_undo(dataset, steps)
    assert str(dataset.show(ids[1]).state) == "removed"


def test_marks_and_redo(past):
    dataset, _ = past

    async def steps(driver):
        await driver.press("space", "down", "down", "space")
        assert driver.lines[0].startswith(" 4 events  2 events marked")
        await driver.until(lambda: "2 events: 2 entries would go" in driver.text)
        await driver.press("c")
        await driver.press("y")
        assert live(dataset) == 1
        assert "was undone by 5" in await driver.press("down", "space")
        await driver.press("up", "c")
        await driver.press("y")
        assert live(dataset) == 3
        assert driver.lines[1].split()[4] == "redo"
        await driver.press("space", "escape")
        assert "nothing marked" in driver.lines[0]

    drive_undo(dataset, steps)


def test_everything_since_includes_undos_on_the_way(past):
    dataset, _ = past
    dataset.history.undo([4])
    dataset.remove([dataset.entries()[1][0].id], actor="human:bob")

    async def steps(driver):
        await driver.press("down", "down", "t")
        assert driver.lines[0].startswith(" 6 events  3 events marked")
        await driver.press("c")
        await driver.press("y")
        assert live(dataset) == 2, "as it was before event 4"
        assert sorted(e.content["question"][:4] for e in dataset.entries()[1]) == ["How ", "What"]

    drive_undo(dataset, steps)


def test_what_was_changed_since_is_in_the_way_until_left_as_it_is(past):
    dataset, ids = past
    dataset.edit(ids[0], {"answer": "A snapshot of all tracked files at one time."}, actor="human:bob")
    dataset.edit(ids[0], {"answer": "A snapshot of all tracked files, with parents."}, actor="human:bob")

    async def steps(driver):
        await driver.press("down")
        screen = await driver.press("c")
        assert "l leaves rows in the way" in screen
        assert "l leaves those rows" in await driver.press("y")
        assert dataset.show(ids[0]).content["answer"].endswith("parents.")
        assert "y takes back the rest" in await driver.press("l")
        await driver.press("y")
        assert dataset.show(ids[0]).content["answer"].endswith("parents.")

    drive_undo(dataset, steps)
    assert dataset.history.log(action="undo")[0] == 1


def test_filters(past):
    dataset, _ = past

    async def steps(driver):
        await driver.press("f")
        driver.app.screen.query(Input)[3].value = "s1"
        await driver.press("ctrl+s")
        assert driver.lines[0].startswith(" 1 events")
        assert "session: s1" in driver.lines[0]
        await driver.press("f")
        driver.app.screen.query(Input)[0].value = "no/such"
        assert "no/such" in await driver.press("ctrl+s")

    drive_undo(dataset, steps)


def test_what_cannot_be_undone_is_not_marked(past):
    dataset, _ = past
    dataset.history.undo()
    dataset.history.compact()
    timeline = Timeline(dataset)
    assert timeline.get(0)["action"] == "compact"
    assert "cannot be taken back" in timeline.mark(0)
    timeline.mark_since(len(timeline) - 1)
    assert "compact" not in {e["action"] for e in timeline.marked.values()}


def test_an_empty_history(tmp_path):
    import seedbed

    async def steps(driver):
        assert "nothing happened yet" in await driver.press("space", "t", "c", "l", "escape", "j", "f5")

    with seedbed.create(tmp_path / "empty.db") as dataset:
        drive_undo(dataset, steps)


def drive_undo(dataset, steps):
    from testkit.screens import drive

    drive(UndoApp(dataset, actor="human:eve"), steps)
