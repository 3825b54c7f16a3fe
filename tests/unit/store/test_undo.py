"""Taking events back: rows as they were, in whatever order, and what is in the way."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import pytest

from seedbed.core.errors import InputError, NotFoundError
from seedbed.core.records import State, Topic
from seedbed.store import DatasetFile, NewEntry
from seedbed.store.reshape import Reshape
from seedbed.store.reviews import DecisionRow
from seedbed.store.undo import Undo, Undone
from seedbed.store.values import STATE_CODES
from testkit.stored import DIM, new_entry, passing, rejected

ACCEPTED, PENDING, APPROVED, REMOVED = (
    STATE_CODES[s] for s in (State.ACCEPTED, State.PENDING, State.APPROVED, State.REMOVED)
)


def did(file: DatasetFile, act: Callable[[int], Any], action: str = "test") -> int:
    """The event under which ``act`` was done."""
    with file.write():
        event_id = file.events.add(action, actor="test")
        act(event_id)
    return event_id


def submit(file: DatasetFile, *rows: NewEntry) -> int:
    from dataclasses import replace

    return did(file, lambda e: file.entries.insert([replace(row, event_id=e) for row in rows]), "submit")


def state(file: DatasetFile, rowids: Sequence[int], to: int) -> int:
    return did(file, lambda e: file.journal.change_all(e, "entry", [(r, {"state": to}) for r in rowids]))


def amend(file: DatasetFile, rowid: int, number: int) -> int:
    """Give an entry the text of another number."""
    new = new_entry(number, verdicts=[passing("schema", reason=f"of {number}")], state=State.ACCEPTED)
    return did(file, lambda e: file.entries.amend(e, rowid, new), "edit")


def settled(votes: Sequence[DecisionRow], queued: bool) -> State:
    """One vote against, or two for, decide."""
    if any(not v.approves for v in votes):
        return State.REJECTED
    return State.APPROVED if len(votes) > 1 else State.PENDING if queued else State.ACCEPTED


class Refused(Exception):
    """Rolls an undo with conflicts back."""


def undo(file: DatasetFile, *events: int, skip: bool = False, **options: Any) -> Undone:
    """Undo, or with conflicts only say so unless they are skipped."""
    try:
        with file.write():
            done = Undo(file, file.events.add("undo", actor="test"), settled).take_back(events, **options)
            if done.conflicts and not skip:
                raise Refused
    except Refused:
        pass
    return done


def states(file: DatasetFile) -> list[int]:
    return [s for (s,) in file.rows("SELECT state FROM entry ORDER BY id")]


def questions(file: DatasetFile) -> list[str]:
    return [e.content["question"] for e in file.entries.by_rowids(range(1, 10)).values()]


# -- entries -----------------------------------------------------------------------------------------------------


def test_entries_that_were_brought_leave_and_come_back(file: DatasetFile) -> None:
    event = submit(file, new_entry(1), new_entry(2, topic="greece"), rejected(3))
    done = undo(file, event)
    assert (done.removed, done.restored, done.events, done.conflicts) == (2, 0, [event], [])
    assert done.topics == {"rome/republic": 1, "greece": 1}
    assert done.entries == [new_entry(1).id, new_entry(2).id]
    assert states(file) == [REMOVED, REMOVED, 0]
    back = undo(file, done.event_id)
    assert (back.removed, back.restored, states(file)) == (0, 2, [ACCEPTED, ACCEPTED, 0])


def test_entries_leave_whatever_was_done_to_them_since(file: DatasetFile) -> None:
    event = submit(file, new_entry(1), new_entry(2))
    amend(file, 1, 7)
    state(file, [2], APPROVED)
    done = undo(file, event)
    assert done.conflicts == []
    undo(file, done.event_id)
    assert (states(file), questions(file)) == ([ACCEPTED, APPROVED], ["What is 7?", "What is 2?"])


def test_an_edit_goes_back_with_everything_that_follows_from_it(file: DatasetFile) -> None:
    submit(
        file, new_entry(1, cell="a", verdicts=[passing("schema"), passing("judge", score=8.0)], vector=b"\0" * 2 * DIM)
    )
    before = file.row("SELECT content, cell, text_hash, raw, meta, state FROM entry")
    event = amend(file, 1, 2)
    assert file.entries.find_exact((2).to_bytes(8, "big"), "qa") is not None
    done = undo(file, event)
    assert file.row("SELECT content, cell, text_hash, raw, meta, state FROM entry") == before
    assert [v.check for v in file.entries.by_rowids([1], verdicts=True)[1].verdicts] == ["schema", "judge"]
    assert (done.content_rowids, done.changed) == ([1], {"entry": 1})
    undo(file, done.event_id)
    assert questions(file) == ["What is 2?"]
    assert file.entries.by_rowids([1], verdicts=True)[1].verdicts[0].reason == "of 2"


def test_an_entry_that_was_removed_since_stays_removed(file: DatasetFile) -> None:
    submit(file, new_entry(1))
    approved = state(file, [1], APPROVED)
    removed = state(file, [1], REMOVED)
    done = undo(file, approved)
    assert (done.conflicts, states(file)) == ([], [REMOVED])
    undo(file, removed)
    assert states(file) == [APPROVED]


# -- conflicts ---------------------------------------------------------------------------------------------------


def test_a_row_that_was_changed_since_names_the_later_event(file: DatasetFile) -> None:
    submit(file, new_entry(1), new_entry(2))
    first = state(file, [1, 2], PENDING)
    later = state(file, [2], APPROVED)
    done = undo(file, first, skip=True)
    (conflict,) = done.conflicts
    assert (conflict.event_id, conflict.table, conflict.id) == (first, "entry", new_entry(2).id)
    assert (conflict.code, conflict.by, done.n_conflicts) == ("changed_since", later, 1)
    assert states(file) == [ACCEPTED, APPROVED]


def test_what_was_changed_and_changed_back_is_no_conflict(file: DatasetFile) -> None:
    submit(file, new_entry(1))
    first = state(file, [1], PENDING)
    state(file, [1], APPROVED)
    state(file, [1], PENDING)
    assert undo(file, first).conflicts == []
    assert states(file) == [ACCEPTED]


def test_a_text_that_was_submitted_again_is_not_doubled(file: DatasetFile) -> None:
    gone = undo(file, submit(file, new_entry(1))).event_id
    again = submit(file, new_entry(1))
    (conflict,) = undo(file, gone).conflicts
    assert (conflict.code, conflict.by) == ("submitted_again", again)
    assert conflict.message.endswith(f"is there again as {new_entry(1).id}")
    assert states(file) == [REMOVED, ACCEPTED]
    undo(file, again)
    assert undo(file, gone).conflicts == []
    assert states(file) == [ACCEPTED, REMOVED]


def test_an_edit_is_not_taken_back_into_a_text_that_is_there_again(file: DatasetFile) -> None:
    submit(file, new_entry(1))
    edited = amend(file, 1, 2)
    again = submit(file, new_entry(9, text_hash=new_entry(1).text_hash))
    (conflict,) = undo(file, edited, skip=True).conflicts
    assert (conflict.code, conflict.by, questions(file)[0]) == ("submitted_again", again, "What is 2?")
    # Its verdicts are of the text that it kept.
    assert file.entries.by_rowids([1], verdicts=True)[1].verdicts[0].reason == "of 2"


def test_a_text_that_another_entry_was_edited_into_is_not_doubled(file: DatasetFile) -> None:
    submit(file, new_entry(1), new_entry(2))
    removed = state(file, [1], REMOVED)
    edited = amend(file, 2, 1)
    (conflict,) = undo(file, removed).conflicts
    assert (conflict.code, conflict.by) == ("submitted_again", edited)


def test_twins_that_lived_side_by_side_come_back_to_each_other(file: DatasetFile) -> None:
    submit(file, new_entry(1))
    submit(file, new_entry(2, text_hash=new_entry(1).text_hash))
    one, other = state(file, [2], REMOVED), state(file, [1], REMOVED)
    assert undo(file, other).conflicts == undo(file, one).conflicts == []
    assert states(file) == [ACCEPTED, ACCEPTED]


def test_what_a_reviewer_rejected_is_not_doubled_either(file: DatasetFile) -> None:
    submit(file, new_entry(1))
    refused = state(file, [1], 0)
    submit(file, new_entry(9, text_hash=new_entry(1).text_hash))
    assert [c.code for c in undo(file, refused).conflicts] == ["submitted_again"]


def test_decisions_about_an_entry_that_keeps_its_content_keep_standing_down(file: DatasetFile) -> None:
    submit(file, new_entry(1))
    vote = DecisionRow(0, 1, "human:ann", True, at=1.0)
    did(file, lambda e: file.reviews.write(e, fresh=[vote]))

    def edit(event_id: int) -> None:
        file.entries.amend(event_id, 1, new_entry(2))
        file.reviews.withdraw_all(event_id, [1])

    first = did(file, edit)
    amend(file, 1, 3)
    done = undo(file, first, skip=True)
    assert [c.table for c in done.conflicts] == ["entry"]
    assert file.reviews.standing([1]) == {}  # of the first content, not of the third


def test_what_was_compacted_away_is_said_so(file: DatasetFile) -> None:
    submit(file, new_entry(1), new_entry(2))
    event = state(file, [1, 2], PENDING)
    with file.write():
        file.execute("DELETE FROM entry WHERE id = 2")
    (conflict,) = undo(file, event, skip=True).conflicts
    assert (conflict.code, states(file)) == ("gone", [ACCEPTED])


# -- events ------------------------------------------------------------------------------------------------------


def test_an_undone_event_is_not_undone_again(file: DatasetFile) -> None:
    event = submit(file, new_entry(1))
    first = undo(file, event).event_id
    with pytest.raises(InputError, match=f"was undone before, by event {first}") as caught:
        undo(file, event)
    assert (caught.value.stable_code, caught.value.fix) == ("already_undone", f"seedbed redo {first} brings it back")
    with file.write():
        again = file.events.add("redo", actor="test")
        Undo(file, again, settled).take_back([first])
    with pytest.raises(InputError) as caught:
        undo(file, first)
    assert caught.value.fix == f"seedbed undo {again} brings it back"


def test_an_unknown_event_is_named(file: DatasetFile) -> None:
    with pytest.raises(NotFoundError, match="no event 99"):
        undo(file, 99)


def test_events_are_taken_back_newest_first_in_whatever_order_they_are_named(file: DatasetFile) -> None:
    submit(file, new_entry(1))
    events = [state(file, [1], s) for s in (PENDING, APPROVED, ACCEPTED, PENDING)]
    done = undo(file, *[events[i] for i in (1, 3, 0, 2, 0)])
    assert (done.events, done.conflicts, states(file)) == (events[::-1], [], [ACCEPTED])
    assert done.changed == {"entry": 1}


def test_with_its_undo_an_event_is_taken_back_once_more(file: DatasetFile) -> None:
    event = submit(file, new_entry(1))
    undone = undo(file, event).event_id
    done = undo(file, event, undone, standing_only=True)
    assert (done.events, done.empty, states(file)) == ([undone, event], True, [REMOVED])
    assert undo(file, event, standing_only=True).events == []


def test_an_undone_undo_may_be_undone_again(file: DatasetFile) -> None:
    event = submit(file, new_entry(1))
    chain = [undo(file, event).event_id]
    for expected in (ACCEPTED, REMOVED, ACCEPTED, REMOVED):
        chain.append(undo(file, chain[-1]).event_id)
        assert states(file) == [expected]
    assert file.events.get(event).undone_by == chain[0]


# -- the tree ----------------------------------------------------------------------------------------------------


def test_a_topic_that_has_entries_now_keeps_its_event_whole(file: DatasetFile) -> None:
    def grow(event_id: int) -> None:
        Reshape(file, event_id).add(Topic("greece/athens"))
        file.journal.change(event_id, "meta", 0, {"target": "7"})

    event = did(file, grow)
    submitted = submit(file, new_entry(1, topic="greece/athens"))
    done = undo(file, event, skip=True)
    (conflict,) = done.conflicts
    assert (conflict.code, conflict.id, conflict.by) == ("topic_holds_entries", "greece/athens", submitted)
    assert conflict.message == "topic 'greece/athens' holds 1 entry added since"
    assert (done.events, done.empty, file.meta.get("target")) == ([], True, 7)


def test_a_topic_whose_path_is_taken_does_not_come_back(file: DatasetFile) -> None:
    removed = did(file, lambda e: Reshape(file, e).remove([file.topics.id_of("greece")]))
    other = did(file, lambda e: Reshape(file, e).add(Topic("greece")))
    (conflict,) = undo(file, removed).conflicts
    assert (conflict.code, conflict.by) == ("topic_taken", other)


def test_entries_do_not_return_to_a_topic_that_has_subtopics(file: DatasetFile) -> None:
    submit(file, new_entry(1, topic="greece"))
    removed = state(file, [1], REMOVED)
    split = did(file, lambda e: Reshape(file, e).add(Topic("greece/athens")))
    (conflict,) = undo(file, removed).conflicts
    assert (conflict.code, conflict.by, states(file)) == ("topic_gone", split, [REMOVED])
    assert undo(file, split, removed).conflicts == []
    assert states(file) == [ACCEPTED]


def test_leases_and_jobs_end_with_the_topics_that_leave_or_get_subtopics(file: DatasetFile) -> None:
    made = did(file, lambda e: Reshape(file, e).add(Topic("sea")))
    parted = did(file, lambda e: Reshape(file, e).add(Topic("greece/athens")))
    undo_parted = undo(file, parted).event_id
    for topic in ("sea", "greece", "rome/empire"):
        file.leases.grant((topic, "qa", ""), {}, 1, owner="me", session=None, coordinates={}, ttl_s=60)
    undo(file, made)
    assert [row.topic for row in file.leases.live()] == ["greece", "rome/empire"]
    undo(file, undo_parted)
    assert [row.topic for row in file.leases.live()] == ["rome/empire"]


def test_decisions_about_what_leaves_anyway_are_in_nobodys_way(file: DatasetFile) -> None:
    def reject(event_id: int) -> None:
        vote = DecisionRow(id=0, entry_rowid=1, reviewer="human:ann", approves=False, at=0.0)
        file.reviews.write(event_id, fresh=[vote], states=[(1, State.REJECTED)])

    submitted = submit(file, new_entry(1, topic="greece"))
    rejected_ = did(file, reject)
    taken_back = undo(file, rejected_).event_id
    again = undo(file, taken_back).event_id
    did(file, lambda e: Reshape(file, e).add(Topic("greece/athens")))  # greece takes no entries any more
    assert undo(file, submitted, taken_back, again).conflicts == []
    assert states(file) == [4]
