"""The log, and taking back what it tells: by id, session, time and number."""

from __future__ import annotations

import pytest

from seedbed.core.errors import InputError, NotFoundError, UnknownNameError
from seedbed.dataset.changes.history import ConflictError
from testkit.projects import row


def put(ds, number=0, **options):
    """Submit a fact; its id and its event."""
    changes = {k: options.pop(k) for k in ("question", "difficulty", "topic") if k in options}
    (decision,) = ds.submit(row(number, **changes), **options)
    assert decision.accepted and not decision.existed
    return decision.entry_id, newest(ds)


def newest(ds):
    return ds.history.log(limit=1)[1][0]["id"]


def live(ds):
    return {e.id for e in ds.entries(limit=100)[1]}


def code(caught):
    return caught.value.stable_code


# -- the log -----------------------------------------------------------------------------------------------------


def test_the_log_tells_who_did_what_when_and_to_how_many(small, clock):
    clock.now += 0.25
    entry_id, event = put(small, actor="agent:a", session="s", reason="because")
    small.remove([entry_id])
    total, (removed, submitted, loaded) = small.history.log()
    assert total == 3
    assert submitted == {
        "id": event, "at": "2023-11-14T22:13:20.250Z", "action": "submit", "actor": "agent:a", "session": "s",
        "reason": "because", "detail": {"accepted": 1, "rejected": 0}, "entries": 1,
    }  # fmt: skip
    assert (removed["subject"], removed["changes"], loaded["action"]) == (entry_id, 1, "topics.load")


def test_the_log_is_paged_and_filtered(small, clock):
    start = clock.now
    events = []
    for number, actor in enumerate(("agent:a", "agent:b", "agent:a")):
        clock.now = start + 10 * (number + 1)
        events.append(put(small, number, actor=actor, session=f"s{number % 2}")[1])

    def found(**wanted):
        return [e["id"] for e in small.history.log(**wanted)[1]]

    assert found(limit=2) == events[:0:-1]
    assert found(limit=2, offset=2) == [events[0], 1]
    assert found(actor="agent:a") == [events[2], events[0]]
    assert found(session="s1", action="submit") == [events[1]]
    assert found(after=start + 20) == [events[2], events[1]]
    assert found(before=start + 20, after=start + 1) == [events[0]]
    assert small.history.log(actor="nobody") == (0, [])


def test_a_topics_log_holds_all_that_was_done_in_it(small):
    entry_id, submitted = put(small, 0)
    put(small, 2)
    small.edit(entry_id, {"answer": "A snapshot of all tracked files."})
    edited = newest(small)
    small.reviews.approve([entry_id], reviewer="human:ann")
    approved = newest(small)
    small.topics.describe("git/commits", target=5)
    described = newest(small)
    small.topics.rename("git/commits", "records")
    renamed = newest(small)
    told = [e["id"] for e in small.history.log(topic="git/records")[1]]
    assert told == [renamed, described, approved, edited, submitted, 1]
    assert [e["id"] for e in small.history.log(topic="git/commits")[1]] == [renamed, described]  # by what was said


def test_the_log_of_a_removed_topic_is_still_there(small):
    small.topics.remove("git/branches")
    total, events = small.history.log(topic="git/branches")
    assert (total, events[0]["action"]) == (2, "topics.remove")
    with pytest.raises(UnknownNameError) as caught:
        small.history.log(topic="git/braches")
    assert caught.value.near[0] == "git/branches" or caught.value.near


# -- undo --------------------------------------------------------------------------------------------------------


def test_the_last_operation_is_taken_back_and_redone(small):
    first, _ = put(small, 0)
    second, event = put(small, 2)
    done = small.history.undo(actor="human:ann", reason="wrong")
    assert [e["id"] for e in done.undone] == [event]
    assert (done.removed, done.topics, done.entries, live(small)) == (1, {"git/branches": 1}, [second], {first})
    assert small.history.log(limit=1)[1][0]["detail"] == {"of": [event], "removed": 1}
    back = small.history.redo()
    assert (back.restored, back.undone[0]["id"], live(small)) == (1, done.event, {first, second})
    assert small.history.undo().removed == 1  # the same operation again, not the one before it


def test_what_changed_nothing_and_undos_are_no_operations(small):
    _first, event = put(small, 0)
    put(small, 2)
    small.submit(row(1, answer=""))  # rejected
    assert small.history.undo().removed == 1
    assert [e["id"] for e in small.history.undo().undone] == [event]
    assert live(small) == set()


def test_an_entry_rejected_since_does_not_come_back_when_its_submission_is_undone(small):
    entry_id, submitted = put(small)
    small.reviews.reject([entry_id], reviewer="human:ann", reasons=["wrong"])
    rejected = newest(small)
    small.history.undo([submitted])
    assert small.show(entry_id).state == "removed"
    small.history.undo([rejected])
    assert (small.show(entry_id).state, live(small)) == ("removed", set())
    small.history.redo(last=2)
    assert small.show(entry_id).state == "rejected"


def test_what_the_door_rejected_stays_rejected_when_its_submission_is_undone(small):
    kept, _ = put(small)
    taken, refused = small.submit([row(2), row(2, question="")])
    assert small.history.undo().removed == 1
    assert [small.show(d.entry_id).state for d in (taken, refused)] == ["removed", "rejected"]
    assert live(small) == {kept}


def test_a_number_of_operations_is_taken_back(small):
    ids = [put(small, i)[0] for i in range(3)]
    done = small.history.undo(last=2)
    assert (len(done.undone), live(small)) == (2, {ids[0]})


def test_a_dry_run_says_what_would_happen_and_writes_nothing(small):
    entry_id, event = put(small)
    tried = small.history.undo(dry_run=True)
    assert (tried.event, tried.removed, tried.dry_run, live(small)) == (None, 1, True, {entry_id})
    assert newest(small) == event
    done = small.history.undo()
    assert tried.to_dict() == {**done.to_dict(), "event": None, "dry_run": True}


def test_undoing_an_edit_brings_the_text_its_cell_verdicts_and_vector_back(small):
    entry_id, _ = put(small, 0, difficulty="easy")
    question = row(0)["question"]
    before = small.show(entry_id)
    (closest,) = small.similar([question], topic="git/commits")[0]
    small.edit(entry_id, {"question": "Where are the tags of a release listed?", "difficulty": "medium"})
    assert small.similar([question], topic="git/commits")[0][0].similarity < 0.9
    small.history.undo()
    assert small.show(entry_id) == before
    assert small.similar([question], topic="git/commits")[0][0] == closest
    assert small.report().to_dict(limit=None)["cells"]["worst"][-1]["accepted"] == 1
    assert small.submit(row(0))[0].existed
    assert small.reconcile().consistent


def test_a_generate_run_is_undone_as_one(small):
    small.generate("instruct", model="fake:varied", target=4)
    event = small.history.log(action="generate")[1][0]["id"]
    assert small.file.entries.count() >= 4
    done = small.history.undo([event])
    assert (done.removed, live(small)) == (4, set())
    assert small.history.redo().restored == 4


def test_a_session_is_undone_whole_and_nothing_else(small):
    mine, _ = put(small, 0, session="mine")
    other, _ = put(small, 2, session="other")
    small.edit(mine, {"difficulty": "medium"}, session="mine")
    small.edit(other, {"difficulty": "hard"}, session="mine")
    done = small.history.undo(of_session="mine")
    assert (len(done.undone), live(small)) == (3, {other})
    assert small.show(other).content["difficulty"] == "easy"


def test_a_session_that_undid_itself_is_undone_to_nothing(small):
    _entry_id, event = put(small, 0, session="mine")
    small.history.undo(session="mine")
    done = small.history.undo(of_session="mine")
    assert ([e["id"] for e in done.undone], done.removed, done.restored) == ([event + 1, event], 0, 0)
    assert live(small) == set()


def test_undoing_since_a_time_takes_earlier_undos_back_as_well(small, clock):
    kept, _ = put(small, 0)
    gone, gone_event = put(small, 1)
    clock.now += 100
    moment = clock.now
    small.history.undo([gone_event])
    _fresh, _ = put(small, 2)
    small.history.undo()
    clock.now += 100
    put(small, 2)
    done = small.history.undo(since=moment)
    assert live(small) == {kept, gone}
    assert (done.removed, done.restored) == (1, 1)
    assert small.reconcile().consistent


def test_of_several_ways_to_choose_one_is_taken(small):
    put(small)
    for options in ({"last": 1, "since": 0.0}, {"of_session": "s", "last": 1}):
        with pytest.raises(InputError) as caught:
            small.history.undo(**options)
        assert code(caught) == "ambiguous"
    with pytest.raises(InputError):
        small.history.undo([1], last=1)


@pytest.mark.parametrize("options", [{}, {"since": 9e9}, {"of_session": "nobody"}, {"last": 3}, {"last": 0}])
def test_there_may_be_nothing_to_undo(open_with, options):
    ds = open_with(tree=None)
    with pytest.raises(InputError) as caught:
        ds.history.undo(**options)
    assert code(caught) == "nothing_to_undo"


def test_what_cannot_be_undone_says_so(small):
    put(small)
    small.reembed()
    with pytest.raises(InputError) as caught:
        small.history.undo([newest(small)])
    assert code(caught) == "irreversible"
    with pytest.raises(NotFoundError):
        small.history.undo([99])
    assert small.history.undo(since=0.0).removed == 1  # it is passed over


def test_a_text_embedded_anew_meanwhile_is_found_after_undo(small):
    entry_id, _ = put(small)
    small.remove([entry_id])
    small.reembed()
    small.history.undo()
    assert small.similar([row(0)["question"]], topic="git/commits")[0][0].entry_id == entry_id
    assert small.reconcile().consistent


# -- conflicts ---------------------------------------------------------------------------------------------------


def test_a_conflict_names_the_later_event_and_nothing_is_written(small):
    entry_id, _ = put(small)
    small.edit(entry_id, {"answer": "A snapshot and a message."})
    first = newest(small)
    small.edit(entry_id, {"answer": "A snapshot, a message and its parents."})
    later = newest(small)
    with pytest.raises(ConflictError, match=f"entry {entry_id} has another content since") as caught:
        small.history.undo([first])
    assert (code(caught), caught.value.place) == ("conflict", {"event": first, "id": entry_id})
    assert caught.value.fix == f"undo the later events first ({later}), or add --skip-conflicts"
    assert caught.value.to_dict()["conflicts"][0]["by"] == later
    assert newest(small) == later
    tried = small.history.undo([first], dry_run=True)
    assert (tried.n_conflicts, tried.conflicts[0]["code"]) == (1, "changed_since")
    assert small.history.undo([first, later]).conflicts == []


def test_conflicts_are_skipped_when_that_is_wanted(small):
    one, other = put(small, 0)[0], put(small, 2)[0]
    small.reviews.approve([one, other], reviewer="human:ann")
    event = newest(small)
    small.edit(one, {"answer": "A snapshot and a message."})
    done = small.history.undo([event], skip_conflicts=True)
    assert (done.n_conflicts, done.changed) == (1, {"entry": 1, "decision": 1})
    assert small.show(one).content["answer"] == "A snapshot and a message."
    assert small.show(other).state == "accepted"
    assert small.history.log(limit=1)[1][0]["detail"] == {"of": [event], "conflicts": 1}


def test_a_redo_does_not_double_what_was_submitted_again(small):
    first, _ = put(small)
    undone = small.history.undo().event
    again, event = put(small)
    assert again == first  # the id of a text is free once nothing stands under it
    with pytest.raises(ConflictError, match="is there again as") as caught:
        small.history.redo()
    assert caught.value.conflicts[0]["by"] == event
    assert small.history.redo(skip_conflicts=True).restored == 0
    assert live(small) == {again}
    assert small.reconcile().consistent
    assert small.file.events.get(undone).undone_by is not None


def test_an_entry_that_comes_back_has_its_id_again(small):
    first, _ = put(small)
    small.remove([first])
    removed = newest(small)
    again, event = put(small)
    assert again == first
    small.history.undo([event])
    small.history.undo([removed])
    rowid = small.file.entries.rowids([first])[first]
    assert (live(small), small.show(first).state.live) == ({first}, True)
    small.history.redo()  # removed again, and so the id is free for what was submitted again
    small.history.redo()
    assert live(small) == {first}
    assert small.file.entries.rowids([first])[first] != rowid


def test_many_conflicts_are_counted_and_few_described(small, monkeypatch):
    from seedbed.store import conflicts

    monkeypatch.setattr(conflicts, "DESCRIBED", 2)
    ids = [put(small, i)[0] for i in range(3)]
    small.remove(ids)
    removed = newest(small)
    for i in range(3):
        put(small, i)
    with pytest.raises(ConflictError, match="and 2 more") as caught:
        small.history.undo([removed])
    told = caught.value.to_dict()
    assert (told["n_conflicts"], len(told["conflicts"])) == (3, 2)


# -- redo and compact --------------------------------------------------------------------------------------------


def test_undos_are_redone_newest_first(small):
    ids = [put(small, i)[0] for i in range(3)]
    for _ in ids:
        small.history.undo()
    assert small.history.redo(last=2).restored == 2
    assert live(small) == set(ids[:2])
    assert small.history.redo().restored == 1
    with pytest.raises(InputError) as caught:
        small.history.redo()
    assert code(caught) == "nothing_to_redo"


def test_only_undos_are_redone(small):
    _, event = put(small)
    with pytest.raises(InputError) as caught:
        small.history.redo([event])
    assert (code(caught), caught.value.fix) == ("not_an_undo", f"seedbed undo {event} takes it back")
    undone = small.history.undo().event
    with pytest.raises(InputError) as caught:
        small.history.redo([event])
    assert caught.value.fix == f"seedbed redo {undone} takes back what undid it"


def test_compacting_forgets_what_was_removed_for_good(small):
    entry_id, event = put(small, 0)
    other, _ = put(small, 2)
    small.reviews.approve([other], reviewer="human:ann")
    small.history.undo([event])
    undone = newest(small)
    tried = small.history.compact(dry_run=True)
    assert (tried["entries"], tried["dry_run"]) == (1, True)
    done = small.history.compact()
    assert done["entries"] == 1
    with pytest.raises(InputError, match="its entry was compacted away") as caught:
        small.history.redo()
    assert (code(caught), caught.value.place) == ("compacted", {"event": undone})
    with pytest.raises(NotFoundError):
        small.show(entry_id)
    assert small.reconcile().consistent
    assert live(small) == {other}


def test_compacting_may_keep_what_can_be_restored(small):
    put(small)
    small.history.undo()
    assert small.history.compact(keep_removed=True)["entries"] == 0
    assert small.history.redo().restored == 1


def test_after_compacting_other_parts_of_an_event_are_still_undone(small):
    ids = [put(small, i)[0] for i in range(2)]
    small.reviews.approve(ids, reviewer="human:ann")
    approved = newest(small)
    small.remove(ids[:1])
    small.history.compact()
    done = small.history.undo([approved])
    assert (done.n_conflicts, done.changed) == (0, {"entry": 1, "decision": 1})
    assert small.show(ids[1]).state == "accepted"


def test_the_file_shrinks(small):
    long = "x" * 3_000
    words = ["tags", "remotes", "stashes", "hooks", "trees", "blobs", "reflogs", "worktrees"]
    for word in words:
        (decision,) = small.submit(row(2, question=f"What are {word} for?", answer=f"For {word}. {long}"))
        assert decision.accepted
    small.history.undo(last=len(words))
    done = small.history.compact()
    assert done["entries"] == len(words)
    assert done["bytes_after"] < done["bytes_before"] - 8 * 3_000


def test_a_text_that_came_again_and_its_first_entry_do_not_both_come_back(small):
    entry_id, _ = put(small)
    small.remove([entry_id])
    removed = newest(small)
    put(small)
    gone = small.history.undo().event
    with pytest.raises(ConflictError) as caught:
        small.history.undo([gone, removed])
    assert caught.value.conflicts[0]["code"] == "submitted_again"
    small.history.undo([gone, removed], skip_conflicts=True)
    assert len(live(small)) == 1
    assert small.reconcile().consistent


def test_what_went_and_came_back_in_one_undo_is_not_told(small):
    small.topics.add("fresh")
    small.topics.rename("fresh", "stale")
    assert small.history.undo(since=0.0).changed == {"topic": 4}
    again = small.history.undo(since=0.0)  # takes that undo back, and then everything else once more
    assert (again.changed, small.file.topics.all()) == ({}, [])
