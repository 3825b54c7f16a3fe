"""Entries that are there already: edited, moved, removed."""

from __future__ import annotations

import pytest

import seedbed
from seedbed.core.errors import InputError, NotFoundError, TopicError, UnknownNameError
from seedbed.dataset.changes.editing import ViolationError
from testkit.projects import CONFIG, FACTS, row

ANN = "human:ann"


def newest(ds):
    return ds.history.log(limit=1)[1][0]


def other_handle(ds):
    return seedbed.open(ds.path, environ={}, clock=ds.clock)


# -- edit --------------------------------------------------------------------------------------------------------


def test_an_edit_keeps_the_id_and_is_one_event(ds, ids):
    decision = ds.edit(ids[0], {"difficulty": "medium"}, actor="agent:a", session="s", reason="harder")
    assert (decision.entry_id, decision.state, decision.accepted) == (ids[0], "accepted", True)
    entry = ds.show(ids[0])
    assert (entry.content["difficulty"], entry.cell) == ("medium", "difficulty=medium")
    event = newest(ds)
    assert (event["action"], event["actor"], event["session"], event["reason"]) == ("edit", "agent:a", "s", "harder")
    assert (event["subject"], event["detail"]) == (ids[0], {"fields": ["difficulty"]})


def test_a_prefix_names_an_entry(ds, ids):
    assert ds.edit(ids[0][:8], {"difficulty": "medium"}).entry_id == ids[0]


def test_the_text_from_before_may_be_submitted_again_under_a_new_id(ds, ids):
    ds.edit(ids[0], {"question": "Where are the tags of a release listed?"})
    (again,) = ds.submit(row(0))
    assert again.accepted and not again.existed
    assert again.entry_id != ids[0]
    assert ds.submit(row(0))[0].existed
    assert ds.reconcile().consistent


def test_the_text_it_has_now_is_there_already(ds, ids):
    ds.edit(ids[0], {"answer": "A snapshot with a message."})
    (again,) = ds.submit(row(0, answer="A snapshot with a message."))
    assert (again.existed, again.entry_id) == (True, ids[0])


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"question": FACTS[1][1], "answer": FACTS[1][2]}, "exact_duplicate"),  # that very entry
        ({"question": FACTS[1][1]}, "exact_duplicate"),
        ({"question": "How is a last commit amended?"}, "near_duplicate"),
        ({"colour": "red"}, "wrong_schema"),
        ({"difficulty": "hard"}, "wrong_schema"),  # not in this topic
        ({"answer": None}, "wrong_schema"),
        ({"answer": " "}, "wrong_schema"),
    ],
)
def test_what_does_not_pass_is_not_written(ds, ids, changes, code):
    before, event = ds.show(ids[0]), newest(ds)
    decision = ds.edit(ids[0], changes)
    assert (decision.code, decision.entry_id, decision.accepted) == (code, ids[0], False)
    assert (ds.show(ids[0]), newest(ds)) == (before, event)


def test_an_edit_is_never_a_duplicate_of_what_it_replaces(ds, ids):
    assert ds.edit(ids[1], {"question": "How is a last commit amended?"}).accepted
    assert ds.edit(ids[1], {"question": FACTS[1][1]}).accepted


def test_a_duplicate_is_let_in_when_that_is_wanted(ds, ids):
    warned = ds.edit(ids[0], {"question": FACTS[1][1]}, on_duplicate="warn")
    assert (warned.state, warned.to_dict()["warnings"][0][:16]) == ("accepted", "let in although ")
    assert ds.reconcile().consistent
    reviewed = ds.edit(ids[0], {"question": "How is a last commit amended?"}, on_duplicate="review")
    assert (reviewed.state, ds.show(ids[0]).state) == ("pending", "pending")
    assert ds.reviews.queue().items[0].why.startswith("near_duplicate: too close to entry")


def test_an_edit_may_only_be_tried(ds, ids):
    with seedbed.open(ds.path, mode="ro", environ={}) as reading:
        assert reading.edit(ids[0], {"difficulty": "medium"}, check_only=True).accepted
    assert ds.show(ids[0]).content["difficulty"] == "easy"


def test_nothing_new_is_no_event(ds, ids):
    event = newest(ds)
    assert ds.edit(ids[0], {"difficulty": "easy"}).accepted
    assert newest(ds) == event


def test_what_left_the_dataset_is_not_edited(ds, ids):
    ds.remove([ids[0]])
    (refused,) = ds.submit(row(1, answer=""))
    for entry_id in (ids[0], refused.entry_id):
        with pytest.raises(NotFoundError) as caught:
            ds.edit(entry_id, {"difficulty": "medium"})
        assert (caught.value.stable_code, caught.value.exit_code) == ("not_live", 3)
    with pytest.raises(NotFoundError):
        ds.edit("ab" * 10, {})


def test_what_was_approved_is_approved_no_more(ds, ids):
    ds.reviews.approve(ids[:1], reviewer=ANN)
    assert ds.edit(ids[0], {"difficulty": "medium"}).state == "accepted"
    assert ds.reviews.items(ids[:1], neighbours=0)[0].decisions == ()
    ds.history.undo()
    assert ds.show(ids[0]).state == "approved"
    assert [d.reviewer for d in ds.reviews.items(ids[:1], neighbours=0)[0].decisions] == [ANN]


def test_where_everything_is_reviewed_an_edit_is_as_well(open_with):
    ds = open_with(CONFIG + "review: {mode: all}\n")
    (decision,) = ds.submit(row(0))
    ds.reviews.approve([decision.entry_id], reviewer=ANN)
    assert ds.edit(decision.entry_id, {"difficulty": "medium"}).state == "pending"
    assert ds.edit(decision.entry_id, {"difficulty": "easy"}).state == "pending"
    assert ds.reviews.queue().items[0].why.startswith("all:")


def test_two_edits_at_once_lose_neither(ds, ids, monkeypatch):
    prepare = ds.intake().prepare
    with other_handle(ds) as other:

        def meanwhile(candidates):
            monkeypatch.setattr(ds.intake(), "prepare", prepare)
            other.edit(ids[0], {"answer": "A snapshot and its parents."})
            return prepare(candidates)

        monkeypatch.setattr(ds.intake(), "prepare", meanwhile)
        assert ds.edit(ids[0], {"difficulty": "medium"}).accepted
    content = ds.show(ids[0]).content
    assert (content["answer"], content["difficulty"]) == ("A snapshot and its parents.", "medium")


def test_an_entry_that_is_removed_meanwhile_is_not_edited(ds, ids, monkeypatch):
    prepare = ds.intake().prepare
    with other_handle(ds) as other:

        def meanwhile(candidates):
            other.remove([ids[0]])
            return prepare(candidates)

        monkeypatch.setattr(ds.intake(), "prepare", meanwhile)
        with pytest.raises(NotFoundError):
            ds.edit(ids[0], {"difficulty": "medium"})
    assert ds.show(ids[0]).content["difficulty"] == "easy"


# -- move --------------------------------------------------------------------------------------------------------


def test_entries_are_moved_and_back(ds, ids):
    done = ds.move(ids[:2], "git/branches", actor=ANN)
    assert done == {
        "event": newest(ds)["id"], "topic": "git/branches", "moved": 2, "violations": 0, "worst": [], "dry_run": False,
    }  # fmt: skip
    assert newest(ds)["detail"] == {"entries": 2, "from": {"git/commits": 2}}
    assert {e.topic for e in ds.entries(limit=9)[1]} == {"git/branches"}
    assert ds.similar([FACTS[0][1]], topic="git/branches")[0][0].entry_id == ids[0]
    ds.history.undo()
    assert [ds.show(i).topic for i in ids] == ["git/commits", "git/commits", "git/branches"]
    assert ds.similar([FACTS[0][1]], topic="git/commits")[0][0].entry_id == ids[0]


def test_what_is_there_already_is_not_moved(ds, ids):
    event = newest(ds)
    assert ds.move([ids[2]], "git/branches")["moved"] == 0
    assert newest(ds) == event
    assert ds.move([ids[0], ids[0][:8], ids[0].upper()], "git/branches")["moved"] == 1
    ds.history.undo()
    assert ds.show(ids[0]).topic == "git/commits"


@pytest.fixture
def crowded(ds, ids):
    """A hard entry and a twin in the second topic, neither of which passes in the first."""
    (hard,) = ds.submit(row(2, question="Which words name remote lines of work?", difficulty="hard"))
    (twin,) = ds.submit(row(0, topic="git/branches"), on_duplicate="warn")
    assert hard.accepted and twin.accepted
    return [hard.entry_id, twin.entry_id]


def test_nothing_is_moved_when_one_does_not_pass(ds, ids, crowded):
    with pytest.raises(ViolationError, match="2 of 3 entries do not pass in 'git/commits'") as caught:
        ds.move([ids[2], *crowded], "git/commits")
    told = caught.value.to_dict()
    assert (told["error"], [v["code"] for v in told["violations"]]) == (
        "violations",
        ["wrong_schema", "exact_duplicate"],
    )
    assert ds.show(ids[2]).topic == "git/branches"


def test_a_dry_run_tells_all_that_do_not_pass(ds, ids, crowded):
    with seedbed.open(ds.path, mode="ro", environ={}) as reading:
        tried = reading.move([ids[2], *crowded], "git/commits", dry_run=True)
    assert (tried["event"], tried["moved"], tried["violations"], tried["dry_run"]) == (None, 3, 2, True)
    assert {v["id"] for v in tried["worst"]} == set(crowded)


@pytest.mark.parametrize(("way", "state"), [("review", "pending"), ("reject", "rejected")])
def test_what_does_not_pass_is_moved_aside(ds, ids, crowded, way, state):
    ds.reviews.approve(crowded[:1], reviewer=ANN)
    done = ds.move([ids[2], *crowded], "git/commits", on_violation=way)
    assert (done["moved"], done["violations"]) == (3, 2)
    for entry_id in crowded:
        entry = ds.show(entry_id)
        assert (entry.topic, entry.state) == ("git/commits", state)
        assert not entry.verdicts[-1].passed
    if way == "review":
        assert [i.why.partition(":")[0] for i in ds.reviews.queue().items] == ["wrong_schema", "exact_duplicate"]
    assert len(ds.file.entries.rejections()) == (2 if way == "reject" else 0)
    assert ds.reviews.items(crowded[:1], neighbours=0)[0].decisions == ()
    assert ds.reconcile().consistent
    ds.history.undo()
    assert [ds.show(i).state for i in crowded] == ["approved", "accepted"]
    assert all(v.passed for i in crowded for v in ds.show(i).verdicts)
    assert ds.reconcile().consistent


def test_near_duplicates_do_not_meet_by_moving_together(ds, ids):
    (near,) = ds.submit(row(1, question="How is a last commit amended?", topic="git/branches"))
    ds.topics.add("git/tags")
    with pytest.raises(ViolationError):
        ds.move([ids[1], near.entry_id], "git/tags")


@pytest.mark.parametrize(
    ("topic", "error", "code"),
    [("git", TopicError, "interior_topic"), ("git/comits", UnknownNameError, "unknown_topic")],
)
def test_entries_move_to_leaves_only(ds, ids, topic, error, code):
    with pytest.raises(error) as caught:
        ds.move(ids, topic)
    assert caught.value.stable_code == code


def test_an_unknown_way_is_refused(ds, ids):
    with pytest.raises(UnknownNameError):
        ds.move(ids, "git/branches", on_violation="ignore")


def test_what_arrives_meanwhile_counts(ds, ids, monkeypatch):
    """Two entries alike, one moved and one submitted at the same time, do not both end up in the topic."""
    prepare = ds.intake().prepare
    with other_handle(ds) as other:

        def meanwhile(candidates):
            monkeypatch.setattr(ds.intake(), "prepare", prepare)
            prepared = prepare(candidates)
            assert other.submit(row(0, topic="git/branches"), on_duplicate="warn")[0].accepted
            return prepared

        monkeypatch.setattr(ds.intake(), "prepare", meanwhile)
        with pytest.raises(ViolationError):
            ds.move([ids[0]], "git/branches")


# -- remove ------------------------------------------------------------------------------------------------------


def test_entries_are_removed_and_restored(ds, ids):
    done = ds.remove([ids[0], ids[2], ids[0][:7]], actor=ANN)
    assert (done["removed"], done["topics"]) == (2, {"git/commits": 1, "git/branches": 1})
    assert done["ids"] == [ids[0], ids[2]]
    assert ds.entries()[0] == 1
    assert ds.show(ids[0]).state == "removed"
    assert ds.similar([FACTS[2][1]], topic="git/branches") == [[]]
    ds.history.undo()
    assert ds.entries()[0] == 3


def test_a_removed_text_may_come_again(ds, ids):
    ds.remove(ids[:1])
    (again,) = ds.submit(row(0))
    assert (again.accepted, again.existed, again.entry_id) == (True, False, ids[0])


def test_all_entries_are_removed_or_none(ds, ids):
    for wrong in ("ab" * 10, "short"):
        with pytest.raises((NotFoundError, InputError)):
            ds.remove([ids[0], wrong])
    ds.remove(ids[1:2])
    with pytest.raises(NotFoundError, match="it was removed"):
        ds.remove(ids[:2])
    assert ds.show(ids[0]).state == "accepted"


def test_removing_may_only_be_tried(ds, ids):
    with seedbed.open(ds.path, mode="ro", environ={}) as reading:
        tried = reading.remove(ids, dry_run=True)
    assert (tried["event"], tried["removed"], tried["dry_run"], ds.entries()[0]) == (None, 3, True, 3)
    assert ds.remove([])["event"] is None


def test_a_mistyped_option_writes_nothing(ds, ids):
    for attempt in (
        lambda: ds.edit(ids[0], {"answer": "Something else entirely."}, dry_run=True),
        lambda: ds.move(ids[:1], "git/branches", check_only=True),
        lambda: ds.remove(ids[:1], check_only=True),
        lambda: ds.history.undo(dryrun=True),
    ):
        before = ds.history.log()
        with pytest.raises(TypeError, match="unexpected option"):
            attempt()
        assert ds.history.log() == before
