from __future__ import annotations

import pytest

from seedbed.core.records import Origin, Outcome, State, Verdict
from seedbed.store.reviews import DecisionRow, QueueFilter
from testkit.stored import LEAVES, new_entry

PENDING = {"state": State.PENDING}


def insert(file, *entries):
    with file.write():
        return file.entries.insert(entries)


def decide(file, rowid, approves=True, reviewer="human:ann", **values):
    with file.write():
        event = file.events.add("review", actor=reviewer)
        file.reviews.write(event, fresh=[DecisionRow(0, rowid, reviewer, approves, **values)])
    return event


def judged(score):
    return Verdict("judge", "1", Outcome.PASS, score, 7.0)


def test_the_queue_is_what_waits_oldest_first(file):
    rows = insert(file, *(new_entry(i, state=State.PENDING if i % 2 else State.ACCEPTED) for i in range(6)))
    wanted = QueueFilter()
    assert file.reviews.rowids(wanted) == [rows[1], rows[3], rows[5]]
    assert file.reviews.rowids(wanted, limit=1, offset=1) == [rows[3]]
    assert file.reviews.rowids(wanted, after=rows[1]) == [rows[3], rows[5]]
    assert file.reviews.count(wanted) == 3
    assert file.reviews.ids(wanted)[0] == new_entry(1).id


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        (QueueFilter(root="rome"), [0, 1]),
        (QueueFilter(kind="own"), [2]),
        (QueueFilter(text="IT IS 1"), [1]),
        (QueueFilter(min_score=8), [1]),
        (QueueFilter(max_score=8), [0]),
        (QueueFilter(min_score=5, max_score=10), [0, 1]),
        (QueueFilter(reason="near"), [1]),
        (QueueFilter(reason="new_topic"), [1, 2]),
        (QueueFilter(reason="wrong"), [0]),
        (QueueFilter(reason="newXtopic"), []),
        (QueueFilter(without="human:ann"), [1, 2]),
        (QueueFilter(disputed=True), [0]),
        (QueueFilter(states=(State.PENDING, State.ACCEPTED)), [0, 1, 2, 3]),
    ],
)
def test_filters_of_the_queue(file, wanted, found):
    rows = insert(
        file,
        new_entry(0, **PENDING, verdicts=[judged(6.0)]),
        new_entry(1, **PENDING, verdicts=[judged(9.0)], meta={"review": {"why": "new_topic: number 1; near: 0.9"}}),
        new_entry(2, **PENDING, topic=LEAVES[2], kind="own", meta={"review": {"why": "new_topic"}}),
        new_entry(3),
    )
    decide(file, rows[0])
    decide(file, rows[0], approves=False, reviewer="model:m", reasons=("wrong",))
    assert file.reviews.rowids(wanted) == [rows[i] for i in found]
    assert file.reviews.count(wanted) == len(found)


def test_meta_that_sqlite_cannot_read_stops_no_filter(file):
    deep = []
    for _ in range(1_500):
        deep = [deep]
    with file.write():
        (rowid,) = insert(file, new_entry(1, **PENDING))
        file.execute("UPDATE entry SET meta = ? WHERE id = ?", ('{"x":' + "[" * 1_500 + "]" * 1_500 + "}", rowid))
    assert file.reviews.rowids(QueueFilter(reason="near")) == []


def test_decisions_stand_until_they_are_withdrawn(file, clock):
    (rowid,) = insert(file, new_entry(1, **PENDING))
    decide(file, rowid, approves=False, reasons=("wrong", "unclear"), note="no \ud800", at=clock())
    (row,) = file.reviews.standing([rowid])[rowid]
    assert (row.reviewer, row.approves, row.reasons, row.note) == (
        "human:ann",
        False,
        ("wrong", "unclear"),
        "no \ud800",
    )
    with file.write():
        assert file.reviews.withdraw_all(file.events.add("edit", actor="human"), [rowid]) == 1
    assert file.reviews.standing([rowid]) == {}
    assert file.reviews.reviewed([rowid]) == {rowid}


def test_states_and_decisions_are_journaled_for_undo(file):
    from seedbed.store.undo import Undo

    (rowid,) = insert(file, new_entry(1, **PENDING))
    with file.write():
        event = file.events.add("review", actor="human")
        file.reviews.write(event, fresh=[DecisionRow(0, rowid, "human", True)], states=[(rowid, State.APPROVED)])
    with file.write():
        undo = Undo(file, file.events.add("undo", actor="human"), lambda votes, queued: State.PENDING)
        done = undo.take_back([event])
    assert done.conflicts == []
    assert file.reviews.standing([rowid]) == {}
    assert file.entries.by_rowids([rowid])[rowid].state is State.PENDING


def test_reasons_are_counted_by_entry(file):
    by = {"origin": Origin("generate", model="fake:a", prompt="qa", prompt_version="v1")}
    rows = insert(file, *(new_entry(i, state=State.REJECTED, **by) for i in range(3)), new_entry(3, **PENDING))
    for rowid in rows:
        decide(file, rowid, approves=False, reasons=("wrong",))
        decide(file, rowid, approves=False, reviewer="human:bob", reasons=("wrong", "unclear"))
    assert file.reviews.reasons() == [(("unclear",), 3), (("wrong",), 3)]  # the pending one is not decided yet
    found = file.reviews.reasons(by=("topic", "model", "prompt", "prompt_version"), limit=1)
    assert found == [(("unclear", LEAVES[0], "fake:a", "qa", "v1"), 3)]
    assert file.reviews.reasons("greece") == []


def test_ratings_leave_adjudications_out(file):
    rows = insert(file, new_entry(1, **PENDING), new_entry(2, **PENDING, topic=LEAVES[2]))
    decide(file, rows[0])
    decide(file, rows[0], reviewer="human:boss", approves=False, adjudicates=True)
    decide(file, rows[1], reviewer="model:m")
    assert file.reviews.ratings() == [(rows[0], "human:ann", True), (rows[1], "model:m", True)]
    assert file.reviews.ratings("rome") == [(rows[0], "human:ann", True)]


def test_counts(file):
    rows = insert(file, *(new_entry(i, **PENDING) for i in range(3)), new_entry(7, state=State.APPROVED))
    decide(file, rows[0])
    decide(file, rows[0], reviewer="human:bob", approves=False)
    decide(file, rows[3])
    assert file.reviews.counts() == {"pending": 3, "disputed": 1, "approved": 1, "rejected": 0}
    assert file.reviews.counts("greece")["pending"] == 0


def test_what_keeps_a_rejected_entry_away_is_named(file):
    rows = insert(file, new_entry(1, state=State.REJECTED), new_entry(2, state=State.REJECTED, topic=LEAVES[2]))
    assert file.reviews.obstacle(rows[0]) is None
    insert(file, new_entry(9, text_hash=new_entry(1).text_hash))
    assert file.reviews.obstacle(rows[0])[0] == "exact_duplicate"
    with file.write():
        file.execute("UPDATE topic SET removed = 1 WHERE path = ?", (LEAVES[2],))
    assert file.reviews.obstacle(rows[1])[0] == "topic_gone"


def plan_of(file, monkeypatch, call):
    """What SQLite says of how the query of ``call`` is answered."""
    seen = []
    with monkeypatch.context() as patch:
        for name in ("rows", "row"):
            real = getattr(file, name)
            patch.setattr(file, name, lambda sql, values=(), real=real: seen.append((sql, values)) or real(sql, values))
        call()
    sql, values = seen[-1]
    return [row[3] for row in file.rows(f"EXPLAIN QUERY PLAN {sql}", values)]


def test_any_page_of_a_hundred_thousand_is_read_by_index(file, monkeypatch):
    with file.write():
        file.names.kind("qa")
        file.execute(
            "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 100000)"
            " INSERT INTO entry (uid, topic_id, kind_id, state, cell, created_at, content)"
            " SELECT randomblob(10), (SELECT id FROM topic WHERE path = 'greece'), 1, 2, '', 0, '{}' FROM n"
        )
    wanted = QueueFilter()
    last = file.reviews.rowids(wanted, limit=5, offset=99_995)
    assert len(last) == 5
    for page in ({"offset": 99_000}, {"after": last[0]}):
        plan = plan_of(file, monkeypatch, lambda page=page: file.reviews.rowids(wanted, limit=20, **page))
        assert len(plan) == 1
        assert "INDEX entry_review" in plan[0]
    counted = plan_of(file, monkeypatch, lambda: file.reviews.count(wanted))
    assert not any("entry" in step for step in counted)  # read from counters
    in_topic = plan_of(file, monkeypatch, lambda: file.reviews.rowids(QueueFilter(root="greece"), limit=20))
    assert not any(step == "SCAN e" for step in in_topic)
