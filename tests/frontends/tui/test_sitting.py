"""A reviewer's way through the queue, without a screen."""

from __future__ import annotations

import pytest

from seedbed.core.errors import InputError, NotFoundError, UnknownNameError
from seedbed.frontends.tui.sitting import Sitting
from testkit.screens import put, waiting

ANN = "human:ann"


def decide(sitting, row, decision="approve", *reasons):
    return sitting.decide(sitting.closely(row), decision, reasons)


def state(dataset, entry_id):
    return str(dataset.show(entry_id).state)


def test_every_decision_is_saved_at_once_and_counted(queue):
    dataset, ids = queue
    sitting = Sitting(dataset, reviewer=ANN)
    assert (len(sitting), sitting.left) == (3, 3)
    decide(sitting, 0)
    decide(sitting, 1, "reject", "unclear")
    assert [state(dataset, i) for i in ids] == ["approved", "rejected", "pending"]
    assert (len(sitting), sitting.left) == (3, 1)
    assert [sitting.id(i) for i in range(3)] == ids, "what was decided stays in its row"
    assert dataset.reviews.reasons(by=())[0] == {"reason": "unclear", "n": 1}
    assert dataset.history.log(session=sitting.session)[0] == 2


def test_deciding_twenty_of_fifty_skips_nobody(opened):
    dataset = opened()
    ids = put(dataset, [waiting(i, "git/commits") for i in range(50)])
    sitting = Sitting(dataset)
    row, seen = 0, []
    while row is not None:
        seen.append(sitting.id(row))
        assert "code" not in decide(sitting, row)
        assert sitting.left == 50 - len(seen)
        if len(seen) == 20:
            sitting.open({})
            assert (len(sitting), sitting.left) == (30, 30)
            row = 0
            continue
        row = sitting.next_open(row)
    assert seen == ids


def test_undo_goes_back_step_by_step(queue):
    dataset, ids = queue
    sitting = Sitting(dataset, reviewer=ANN)
    decide(sitting, 0)
    decide(sitting, 0, "reject", "wrong")
    assert sitting.edit(dataset.show(ids[1]), {"answer": "Amend it with the option made for it."}) == {}
    assert sitting.undo().did == "edit"
    assert dataset.show(ids[1]).content["answer"].startswith("Run the commit")
    assert (sitting.undo().did, state(dataset, ids[0]), sitting.said[ids[0]]) == ("reject", "approved", "approve")
    assert (sitting.undo().entry_id, state(dataset, ids[0]), sitting.said) == (ids[0], "pending", {})
    assert sitting.undo() is None
    assert sitting.left == 3


def test_undo_takes_back_only_ones_own_where_another_reviewer_decided_since(opened):
    dataset = opened(overlap=2)
    (entry_id,) = put(dataset, [waiting(1, "git/commits")])
    sitting = Sitting(dataset, reviewer=ANN)
    decide(sitting, 0)
    dataset.reviews.approve([entry_id], reviewer="human:bob")
    assert state(dataset, entry_id) == "approved"
    assert sitting.undo().entry_id == entry_id
    assert state(dataset, entry_id) == "pending"
    assert [d.reviewer for d in sitting.closely(0).decisions] == ["human:bob"]


def test_with_several_reviewers_what_one_decided_waits_for_others_alone(opened):
    dataset = opened(overlap=2)
    put(dataset, [waiting(i, "git/commits") for i in range(2)])
    sitting = Sitting(dataset, reviewer=ANN)
    assert decide(sitting, 0)["missing_reviewers"] == 1
    assert sitting.left == 1
    sitting.open({})
    assert len(sitting) == 1
    assert len(Sitting(dataset, reviewer="human:bob")) == 2


def test_what_was_changed_meanwhile_is_looked_at_again(queue):
    dataset, ids = queue
    sitting = Sitting(dataset)
    before = sitting.closely(0)
    dataset.edit(ids[0], {"answer": "All files of the project as they were, with a message."}, actor="human:bob")
    assert sitting.decide(before, "approve")["code"] == "changed_since"
    assert state(dataset, ids[0]) == "pending"
    assert "code" not in decide(sitting, 0)


def test_a_note_goes_with_the_decision_before_or_after_it(queue):
    dataset, _ = queue
    sitting = Sitting(dataset, reviewer=ANN)
    assert sitting.note(sitting.closely(0), "twice read") is None
    decide(sitting, 0)
    assert sitting.closely(0).decisions[0].note == "twice read"
    decide(sitting, 1, "reject", "wrong")
    sitting.note(sitting.closely(1), "it is not so")
    (own,) = sitting.closely(1).decisions
    assert (own.approves, own.reasons, own.note) == (False, ("wrong",), "it is not so")
    assert "code" in sitting.note(sitting.closely(1), "x" * 3_000)


def test_an_edit_that_does_not_pass_says_so_by_field_and_saves_nothing(queue):
    dataset, ids = queue
    sitting = Sitting(dataset)
    entry = dataset.show(ids[0])
    problems = sitting.edit(entry, {"difficulty": "hard", "answer": "", "extra": "1"})
    assert set(problems) == {"difficulty", "answer", "extra"}
    twin = dataset.show(ids[1]).content | {"question": "How is the very last commit amended?"}
    assert set(sitting.edit(entry, twin)) == {""}, "a duplicate is a problem of the whole"
    assert dataset.show(ids[0]).content == entry.content
    assert sitting.undo() is None


def test_rules_are_those_of_the_topic(queue):
    dataset, ids = queue
    sitting = Sitting(dataset)
    assert sitting.rules(dataset.show(ids[0]))["difficulty"]["enum"] == ["easy", "medium"]
    decide(sitting, 0, "reject")
    with pytest.raises(NotFoundError, match="rejected"):
        sitting.rules(dataset.show(ids[0]))


def test_filters(queue):
    dataset, ids = queue
    sitting = Sitting(dataset, topic="git/branches")
    assert [sitting.id(i) for i in range(len(sitting))] == ids[2:]
    sitting.open({"text": "AMENDED"})
    assert (len(sitting), sitting.where(ids[1]), sitting.where(ids[0])) == (1, 0, None)
    with pytest.raises(UnknownNameError, match="git/comits"):
        sitting.open({"topic": "git/comits"})
    assert len(sitting) == 1, "a wrong filter leaves the queue as it was"
    with pytest.raises(InputError):
        Sitting(dataset, reviewer="somebody")
