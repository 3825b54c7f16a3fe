"""The review screen, by its keys."""

from __future__ import annotations

from textual.widgets import Input, TextArea

from seedbed.frontends.tui.lists import PagedList
from seedbed.frontends.tui.review import ReviewApp
from seedbed.frontends.tui.sitting import Sitting
from testkit.projects import FACTS
from testkit.screens import HOSTILE, drive, put, waiting

ANN = "human:ann"


def states(dataset, ids):
    return [str(dataset.show(i).state) for i in ids]


def review(dataset, steps, size=(110, 36), **options):
    app = ReviewApp(Sitting(dataset, **options))
    drive(app, steps, size=size)
    return app


def test_the_queue_and_the_first_entry_are_there_at_once(queue):
    dataset, _ = queue

    async def steps(driver):
        assert driver.lines[0].strip() == "3 left  human:ann"
        assert "What does a commit hold?" in driver.lines[1]
        assert "git/commits" in driver.lines[1]
        assert "all: every entry" in driver.lines[1]
        assert "1 of 1:" in driver.text
        row = next(line for line in driver.lines[5:] if "What does a commit hold?" in line)
        assert "How is the last commit amended?" in row, "the neighbour stands beside the entry"
        assert "a Approve" in await driver.press()

    review(dataset, steps, reviewer=ANN)


def test_a_narrow_screen_tells_how_to_get_help_and_leave(queue):
    async def steps(driver):
        assert "? Help  q Quit" in await driver.press()

    review(queue[0], steps, size=(80, 24))


def test_one_key_a_decision_each_saved_at_once(queue):
    dataset, ids = queue

    async def steps(driver):
        screen = await driver.press("a")
        assert states(dataset, ids) == ["approved", "pending", "pending"]
        assert screen.startswith(" 2 left")
        assert driver.lines[1].startswith("✓ What does")
        assert "3 duplicate" in await driver.press("r")
        assert states(dataset, ids)[1] == "pending"
        screen = await driver.press("3")
        assert states(dataset, ids) == ["approved", "rejected", "pending"]
        assert "duplicate" in driver.lines[2]
        assert screen.startswith(" 1 left")
        await driver.press("r", "escape")
        assert states(dataset, ids)[2] == "pending"
        assert "the end: 0 left" in await driver.press("r", "enter")
        assert states(dataset, ids) == ["approved", "rejected", "rejected"]

    review(dataset, steps)
    assert dataset.reviews.reasons(by=()) == [{"reason": "duplicate", "n": 1}]


def test_several_reasons_are_marked_before_they_are_taken(queue):
    dataset, ids = queue

    async def steps(driver):
        assert "Space several" in await driver.press("r")
        screen = await driver.press("space", "4", "1", "2", "2")
        assert "✓ 1 wrong" in screen
        assert "✓ 2 off_topic" not in screen
        assert "Enter takes 2" in screen
        assert states(dataset, ids)[0] == "pending"
        await driver.press("enter")
        assert states(dataset, ids)[0] == "rejected"
        assert "wrong, unclear" in driver.lines[1]
        await driver.press("r", "space", "1", "escape", "r", "space", "enter")

    review(dataset, steps)
    assert [d.reasons for i in dataset.reviews.items(ids, neighbours=0) for d in i.decisions] == [
        ("wrong", "unclear"),
        (),
    ]


def test_reasons_are_the_projects_own(opened):
    dataset = opened(reasons=[f"r{i}" for i in range(12)])
    put(dataset, [waiting(i, "git/commits") for i in range(2)])

    async def steps(driver):
        screen = await driver.press("r")
        assert "0 r9" in screen
        assert "b r11" in screen
        await driver.press("b")
        assert "r11" in driver.lines[1]
        await driver.press("r", "z", "0")
        assert "r9" in driver.lines[2]

    review(dataset, steps)
    assert {r["reason"] for r in dataset.reviews.reasons(by=())} == {"r9", "r11"}


def test_undo_goes_back_to_the_entry(queue):
    dataset, ids = queue

    async def steps(driver):
        await driver.press("a", "a", "u")
        assert states(dataset, ids) == ["approved", "pending", "pending"]
        assert driver.app.query_one(PagedList).cursor == 1
        assert driver.lines[0].startswith(" 2 left")
        assert "nothing was decided" in await driver.press("u", "u")
        assert states(dataset, ids) == ["pending"] * 3

    review(dataset, steps)


def test_moving_on_and_neighbours(queue):
    dataset, ids = queue
    dataset.submit({"question": "Is a tag a movable name?", "answer": "No, a tag stays where it is put.",
                    "difficulty": "easy", "topic": "git/commits"})  # fmt: skip

    async def steps(driver):
        listed = driver.app.query_one(PagedList)
        await driver.press("j", "down", "k")
        assert listed.cursor == 1
        await driver.press("s", "s", "s")
        assert listed.cursor == 0, "skipping goes round"
        assert "1 of 2:" in driver.text
        assert "2 of 2:" in await driver.press("n")
        assert "1 of 2:" in await driver.press("n")
        assert "2 of 2:" in await driver.press("p")
        await driver.press("G")
        assert listed.cursor == 3
        await driver.press("up", "home")
        assert listed.cursor == 0
        await driver.press("tab", "down", "tab", "j")
        assert listed.cursor == 1, "the entry was scrolled, not the queue"

    review(dataset, steps)
    assert states(dataset, ids) == ["pending"] * 3


def test_edit_in_place_loses_nothing_and_saves_what_passes(queue):
    dataset, ids = queue

    async def steps(driver):
        await driver.press("e")
        answer = driver.app.screen.query(TextArea)[1]
        assert answer.text == FACTS[0][2]
        answer.text = "A snapshot of all tracked files."
        level = driver.app.screen.query_one(Input)
        level.value = "hard"
        screen = await driver.press("ctrl+s")
        assert "difficulty is" in screen
        assert driver.app.focused is level, "the field with the problem"
        assert answer.text == "A snapshot of all tracked files."
        assert dataset.show(ids[0]).content["answer"] == FACTS[0][2]
        screen = await driver.press("escape")
        assert "Esc again" in screen
        level.value = "medium"
        await driver.press("ctrl+s")
        assert len(driver.app.screen_stack) == 1
        assert "A snapshot of all tracked files." in driver.text
        await driver.press("e", "escape")
        assert len(driver.app.screen_stack) == 1, "nothing was typed, so nothing is asked"
        await driver.press("u")
        assert FACTS[0][2][:20] in driver.text

    review(dataset, steps)
    assert dataset.show(ids[0]).content["answer"] == FACTS[0][2]


def test_what_cannot_be_edited_says_so(queue):
    dataset, _ = queue

    async def steps(driver):
        await driver.press("r", "1", "k")
        assert "is rejected" in await driver.press("e")
        assert len(driver.app.screen_stack) == 1

    review(dataset, steps)


def fill(driver, *values):
    """Put values into the fields of a form; ``None`` leaves one as it is."""
    for widget, value in zip(driver.app.screen.query(Input), values, strict=False):
        if value is not None:
            widget.value = value


def test_search(queue):
    dataset, _ = queue

    async def steps(driver):
        await driver.press("slash", "a", "m", "e")
        fill(driver, "AMENDED")
        await driver.press("enter")
        assert driver.lines[0].strip() == "1 left  human  text: AMENDED"
        assert "How is the last commit amended?" in driver.lines[1]
        await driver.press("a", "slash")
        assert driver.app.focused.value == "AMENDED"
        fill(driver, "")
        await driver.press("enter")
        assert driver.lines[0].strip() == "2 left  human"

    review(dataset, steps)


def test_filters_are_checked_before_they_are_used(queue):
    dataset, _ = queue

    async def steps(driver):
        await driver.press("f")
        fill(driver, "git/comits")
        assert "git/commits" in await driver.press("ctrl+s"), "the nearest name is told"
        fill(driver, "git", "approved, pending", None, "high")
        assert "'high' is no number" in await driver.press("ctrl+s")
        fill(driver, None, None, None, "")
        await driver.press("ctrl+s")
        assert driver.lines[0].strip() == "3 left  human  topic: git  states: approved, pending"

    review(dataset, steps)


def test_a_note_goes_with_the_decision(queue):
    dataset, ids = queue

    async def steps(driver):
        await driver.press("o", "s", "o")
        assert "your note: so" in await driver.press("enter")
        await driver.press("a")

    review(dataset, steps, reviewer=ANN)
    (decision,) = dataset.reviews.items(ids[:1])[0].decisions
    assert (decision.reviewer, decision.note) == (ANN, "so")


def test_help_and_leaving(queue):
    dataset, _ = queue

    async def steps(driver):
        assert "take back what you did last" in await driver.press("question_mark")
        await driver.press("escape", "q")

    assert review(dataset, steps).return_code == 0


def test_what_others_did_meanwhile_is_no_accident(queue):
    dataset, ids = queue

    async def steps(driver):
        dataset.edit(ids[0], {"answer": "All tracked files at a time, with a message."}, actor="human:bob")
        dataset.remove([ids[1]], actor="human:bob")
        assert "changed_since" in await driver.press("a")
        assert "All tracked files at a time" in driver.text
        await driver.press("a")
        assert driver.app.query_one(PagedList).cursor == 2, "what does not wait any more is skipped"
        await driver.press("k")
        assert "removed" in await driver.press("a")
        await driver.press("f5")
        assert driver.lines[0].startswith(" 1 left")

    review(dataset, steps)
    assert states(dataset, ids) == ["approved", "removed", "pending"]


def test_an_empty_queue_is_no_accident(opened):
    dataset = opened()

    async def steps(driver):
        screen = await driver.press(*"aesnpuoxXjkgG", "enter", "pagedown", "f5")
        assert "nothing waits for review here" in screen

    review(dataset, steps)


def test_any_content_is_safe_to_show_decide_and_edit(opened):
    dataset = opened()
    contents = [dict(HOSTILE), *({"question": text, "[b]x": [text[:50]]} for text in HOSTILE.values())]
    put(dataset, [waiting(i, "git/commits", content=content) for i, content in enumerate(contents)])

    async def steps(driver):
        for keys in (["x"], ["end"], ["escape", "e"], ["escape", "G"], ["e"], ["escape", "x"]):
            screen = await driver.press(*keys)
            screen.encode()
            assert all(c == "\n" or (c >= " " and not "\x7f" <= c <= "\x9f" and c != "\u202e") for c in screen)
        await driver.resize(24, 6)
        await driver.press("escape", "g", *"aaar", "2")

    review(dataset, steps)
    assert dataset.reviews.counts()["approved"] == 3
