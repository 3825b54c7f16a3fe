"""Decisions of reviewers: what they do to an entry, together and in every order."""

from __future__ import annotations

import json

import pytest

import seedbed
from seedbed.core.errors import UnknownNameError
from seedbed.core.records import State
from seedbed.dataset.changes.history import ConflictError
from seedbed.dataset.review.reviews import ReviewDecision
from seedbed.dataset.review.worksheet import write_queue

ANN, BOB, BOSS = "human:ann", "human:bob", "human:boss"
FACTS = [
    ("What floats on lakes?", "Ice does, because it is lighter than water."),
    ("Who led Rome in 63 BC?", "Cicero was consul of that year."),
    ("Why do leaves turn red?", "Sugar kept in the leaf makes a red pigment."),
]


@pytest.fixture
def opened(tmp_path):
    """Makes datasets with the facts in them, under a review section of their own."""
    made = []

    def make(facts=FACTS, on_duplicate="reject", **review):
        config = {"on_duplicate": on_duplicate, "review": {"mode": "all", **review}}
        (tmp_path / "seedbed.yaml").write_text(json.dumps(config), encoding="utf-8")
        ds = seedbed.create(tmp_path / "seedbed.db")
        made.append(ds)
        ds.load_topics({"things": {}, "others": {}})
        done = ds.submit([{"question": q, "answer": a} for q, a in facts], topic="things")
        assert all(d.accepted for d in done)
        return ds, [d.entry_id for d in done]

    yield make
    for ds in made:
        ds.close()


def state(ds, entry_id):
    return ds.show(entry_id).state


def test_what_is_to_be_reviewed_waits_with_the_reason_and_neighbours(opened):
    ds, ids = opened()
    page = ds.reviews.queue(limit=2, neighbours=2)
    assert (page.total, [item.entry.id for item in page.items]) == (3, ids[:2])
    item = page.items[0].to_dict()
    assert item["why"].startswith("all:")
    assert {n["id"] for n in item["neighbours"]} == {ids[1], ids[2]}
    assert item["neighbours"][0]["content"]["question"]
    assert item["verdicts"] == []  # all passed, or had nothing to look at
    assert ds.reviews.queue(after=ids[1], neighbours=0).items[0].entry.id == ids[2]
    assert ds.reviews.ids() == ids


def test_one_reviewer_decides_alone_by_default(opened):
    ds, ids = opened()
    (yes,) = ds.reviews.approve([ids[0]], reviewer=ANN)
    (no,) = ds.reviews.reject([ids[1]], reviewer=ANN, reasons=("wrong",), note="it was 62")
    assert (yes, no["state"]) == ({"id": ids[0], "decision": "approve", "state": "approved"}, "rejected")
    assert (state(ds, ids[0]), state(ds, ids[1])) == (State.APPROVED, State.REJECTED)
    assert ds.reviews.counts() == {"pending": 1, "disputed": 0, "approved": 1, "rejected": 1}
    assert ds.reviews.reasons() == [{"reason": "wrong", "n": 1, "topic": "things", "model": "", "prompt": ""}]
    assert ds.reviews.reasons(topic="others", by=()) == []
    (item,) = ds.reviews.queue(states=["rejected"], neighbours=0).items
    assert item.to_dict()["decisions"][0]["note"] == "it was 62"


def test_overlap_waits_for_reviewers_of_one_mind(opened):
    ds, ids = opened(overlap=2)
    (first,) = ds.reviews.approve([ids[0]], reviewer=ANN)
    assert (first["state"], first["missing_reviewers"]) == ("pending", 1)
    assert ids[0] not in [i.entry.id for i in ds.reviews.queue(reviewer=ANN, neighbours=0).items]
    assert ids[0] in [i.entry.id for i in ds.reviews.queue(reviewer=BOB, neighbours=0).items]
    (again,) = ds.reviews.approve([ids[0]], reviewer=ANN)
    assert again["existed"] and again["state"] == "pending"
    assert ds.reviews.approve([ids[0]], reviewer=BOB)[0]["state"] == "approved"


def test_a_disagreement_stays_until_it_is_settled(opened):
    ds, ids = opened(overlap=2, adjudicators=[BOSS])
    ds.reviews.approve([ids[0]], reviewer=ANN)
    (second,) = ds.reviews.reject([ids[0]], reviewer=BOB, reasons=("wrong",))
    assert (second["state"], second["disputed"]) == ("pending", True)
    (item,) = ds.reviews.queue(states=["disputed"], neighbours=0).items
    assert item.disputed and len(item.decisions) == 2
    (refused,) = ds.reviews.approve([ids[0]], reviewer=ANN, adjudicate=True)
    assert refused["code"] == "not_adjudicator"
    assert ds.reviews.reject([ids[0]], reviewer=BOSS)[0]["state"] == "rejected"  # named in adjudicators: settles it
    assert ds.reviews.agreement()["reviewers"].keys() == {ANN, BOB}


def test_anybody_may_adjudicate_where_nobody_is_named(opened):
    ds, ids = opened()
    ds.reviews.approve([ids[0]], reviewer=ANN)
    assert ds.reviews.reject([ids[0]], reviewer=BOB)[0]["disputed"]
    assert ds.reviews.approve([ids[0]], reviewer=ANN, adjudicate=True)[0]["state"] == "approved"


def test_deciding_again_replaces_ones_own_decision(opened):
    ds, ids = opened()
    ds.reviews.reject([ids[0]], reviewer=ANN, reasons=("wrong",))
    assert ds.reviews.approve([ids[0]], reviewer=ANN)[0]["state"] == "approved"
    (item,) = ds.reviews.items([ids[0]], neighbours=0)
    assert [d.approves for d in item.decisions] == [True]
    assert ds.reviews.reasons() == []


def test_a_decision_can_be_withdrawn(opened):
    ds, ids = opened()
    ds.reviews.reject([ids[0]], reviewer=ANN)
    assert ds.reviews.withdraw([ids[0]], reviewer=BOB)[0]["code"] == "no_decision"
    assert ds.reviews.withdraw([ids[0]], reviewer=ANN, dry_run=True)[0]["state"] == "pending"
    assert state(ds, ids[0]) is State.REJECTED
    assert ds.reviews.withdraw([ids[0]], reviewer=ANN)[0]["state"] == "pending"
    assert ds.reviews.items([ids[0]], neighbours=0)[0].decisions == ()


def test_an_accepted_entry_may_be_looked_at_as_well(opened):
    ds, ids = opened(mode="none", overlap=2)
    assert ds.reviews.queue().total == 0
    assert ds.reviews.approve([ids[0]], reviewer=ANN)[0]["state"] == "accepted"
    assert ds.reviews.reject([ids[1]], reviewer=ANN)[0]["state"] == "pending"
    assert ds.reviews.queue(neighbours=0).total == 1


def test_a_rejected_entry_is_no_neighbour_any_more_and_back_it_is_again(opened):
    ds, ids = opened()
    question = {"question": FACTS[0][0], "answer": FACTS[0][1]}
    assert ds.similar([question], topic="things", k=1)[0][0].entry_id == ids[0]
    ds.reviews.reject([ids[0]], reviewer=ANN)
    assert ds.similar([question], topic="things", k=1)[0][0].entry_id != ids[0]
    ds.reviews.approve([ids[0]], reviewer=ANN)
    assert ds.similar([question], topic="things", k=1)[0][0].entry_id == ids[0]


def test_what_reviewers_rejected_is_refused_when_it_comes_again(opened):
    ds, ids = opened()
    ds.reviews.reject([ids[0]], reviewer=ANN, reasons=["wrong"], note="ice floats on water only")
    (again,) = ds.submit({"question": FACTS[0][0], "answer": FACTS[0][1]}, topic="things")
    assert (again.accepted, again.code) == (False, "rejected_by_reviewer")
    assert ids[0] in again.failure.reason
    assert "wrong" in again.failure.reason
    assert "ice floats on water only" in again.failure.reason
    ds.reviews.withdraw([ids[0]], reviewer=ANN)
    (again,) = ds.submit({"question": FACTS[0][0], "answer": FACTS[0][1]}, topic="things")
    assert again.accepted


@pytest.mark.parametrize("policy", ["review", "warn"])
@pytest.mark.parametrize("topic", ["things", "others"])
def test_who_asks_for_it_has_a_reviewer_look_again_at_what_was_rejected(opened, policy, topic):
    ds, ids = opened(mode="none", on_duplicate=policy)
    row = {"question": FACTS[0][0], "answer": FACTS[0][1]}
    ds.reviews.reject([ids[0]], reviewer=ANN, reasons=["off_topic"], note="no lakes here")
    (refused,) = ds.submit(row, topic=topic)
    assert refused.code == "rejected_by_reviewer"
    assert f"approve entry {ids[0]}, or submit with on_duplicate review" in refused.to_dict()["fix"]
    (again,) = ds.submit(row, topic=topic, on_duplicate=policy)
    assert again.entry_id != ids[0]
    assert (again.state, again.why_review.partition(":")[0]) == (State.PENDING, "rejected_by_reviewer")
    assert "(off_topic)" in again.why_review
    assert again.why_review.endswith("no lakes here")
    ds.reviews.approve([again.entry_id], reviewer=BOB)
    assert state(ds, again.entry_id) is State.APPROVED
    assert ds.reviews.approve([ids[0]], reviewer=BOB)[0]["code"] == "exact_duplicate"
    assert ds.reconcile().consistent


def test_corrections_are_checked_before_anything_is_saved(opened):
    ds, ids = opened(overlap=2)
    ds.reviews.approve([ids[0]], reviewer=ANN)
    (refused,) = ds.reviews.approve([ids[0]], reviewer=BOB, changes={"answer": ""})
    assert refused["code"] == "wrong_schema"
    assert ds.show(ids[0]).content["answer"] == FACTS[0][1]
    assert len(ds.reviews.items([ids[0]], neighbours=0)[0].decisions) == 1
    (done,) = ds.reviews.approve([ids[0]], reviewer=BOB, changes={"answer": "Ice, being lighter than water, floats."})
    assert (done["state"], done["missing_reviewers"]) == ("pending", 1)  # the first approval was of another text
    entry = ds.show(ids[0])
    assert entry.content["answer"] == "Ice, being lighter than water, floats."
    (item,) = ds.reviews.items([ids[0]], neighbours=0)
    assert [d.reviewer for d in item.decisions] == [BOB]


def test_every_row_has_its_own_result(opened):
    ds, ids = opened()
    removed = ids[2]
    with ds.file.write():
        ds.file.journal.change(ds.file.events.add("remove", actor="human"), "entry", 3, {"state": 4})
    refused = ds.submit({"question": "", "answer": "x"}, topic="things")[0].entry_id
    rows = [
        {"id": ids[0], "decision": "approve"},
        "not an object",
        {"decision": "approve"},
        {"id": "ff" * 10, "decision": "approve"},
        {"id": "ff", "decision": "approve"},
        {"id": ids[1], "decision": "aprove"},
        {"id": ids[1], "decision": "reject", "reasons": ["wronng"]},
        {"id": ids[1], "decision": "reject", "reasons": 7},
        {"id": ids[1], "decision": "reject", "note": 7},
        {"id": ids[1], "decision": "approve", "reviewer": "somebody"},
        {"id": ids[1], "decision": "approve", "content": {"question": "another"}},
        {"id": ids[1], "decision": "reject", "changes": {"answer": "x"}},
        {"id": removed, "decision": "approve"},
        {"id": refused, "decision": "approve"},
        {"id": ids[1], "decision": ""},
        {"id": ids[1][:8], "decision": "reject", "reasons": "unclear", "reviewer": "model:m"},
    ]
    results = ds.reviews.take(rows, reviewer=ANN)
    assert [r["row"] for r in results] == list(range(1, 17))
    assert [r.get("code", r["state"] if not r.get("skipped") else "skipped") for r in results] == [
        "approved", "not_an_object", "no_id", "not_found", "invalid_input", "unknown_decision", "unknown_reason",
        "invalid_reasons", "invalid_note", "invalid_reviewer", "changed_since", "changes_on_reject", "removed",
        "rejected", "skipped", "rejected",
    ]  # fmt: skip
    assert results[6]["near"] == ["wrong"]
    assert results[14]["id"] == results[15]["id"] == ids[1]


def test_a_model_says_why_it_rejects(opened):
    ds, ids = opened()
    without, named, person = ds.reviews.take(
        [
            {"id": ids[0], "decision": "reject"},
            {"id": ids[1], "decision": "reject", "reasons": ["wrong"]},
            {"id": ids[2], "decision": "reject", "reviewer": ANN},
        ],
        reviewer="model:m",
    )
    assert (without["code"], state(ds, ids[0])) == ("no_reason", State.PENDING)
    assert "off_topic" in without["fix"]
    assert (named["state"], person["state"]) == ("rejected", "rejected")


def test_a_call_is_one_event_and_can_be_undone(opened):
    ds, ids = opened()
    before = ds.file.events.count()
    ds.reviews.take(
        [
            {"id": ids[0], "decision": "approve"},
            {"id": ids[1], "decision": "reject"},
            {"id": "?", "decision": "reject"},
        ],
        reviewer=ANN,
        session="monday",
    )
    assert ds.file.events.count() == before + 1
    event = ds.file.events.page(limit=1)[0]
    assert (event.action, event.actor, event.session, event.detail) == (
        "review", ANN, "monday", {"approve": 1, "reject": 1},
    )  # fmt: skip
    ds.history.undo([event.id])
    assert (state(ds, ids[0]), state(ds, ids[1])) == (State.PENDING, State.PENDING)
    assert all(item.decisions == () for item in ds.reviews.queue(neighbours=0).items)
    ds.history.redo()
    assert state(ds, ids[0]) is State.APPROVED


def test_trying_writes_nothing(opened):
    ds, ids = opened()
    before = ds.file.events.count()
    (told,) = ds.reviews.reject([ids[0]], reviewer=ANN, dry_run=True)
    assert told["state"] == "rejected"
    assert ds.reviews.approve([ids[0]], reviewer=ANN, changes={"answer": "Ice floats."}, dry_run=True)[0]["state"]
    assert (state(ds, ids[0]), ds.file.events.count()) == (State.PENDING, before)


def test_the_same_entry_twice_in_a_call_ends_as_it_was_said_last(opened):
    ds, ids = opened()
    wanted = [ReviewDecision(ids[0], d, ANN) for d in ("approve", "reject", "approve", "reject")]
    assert [r["state"] for r in ds.reviews.decide(wanted)] == ["approved", "rejected", "approved", "rejected"]
    assert state(ds, ids[0]) is State.REJECTED
    (item,) = ds.reviews.items([ids[0]], neighbours=0)
    assert [d.approves for d in item.decisions] == [False]


def test_thousands_of_decisions_are_one_transaction(opened):
    ds, _ = opened([])
    rows = [{"question": f"What is {i} times {i + 7}?", "answer": f"It is {i * (i + 7)}."} for i in range(2_000)]
    ids = [d.entry_id for d in ds.submit(rows, topic="things") if d.accepted]
    assert len(ids) > 500
    results = ds.reviews.approve(ids, reviewer=ANN)
    assert {r["state"] for r in results} == {"approved"}
    assert ds.reviews.queue(neighbours=0).total == 0


def test_the_whole_queue_goes_to_a_file_and_comes_back(opened, tmp_path):
    ds, _ = opened([])
    rows = [{"question": f"What is \u2028 {i} times {i + 7}?", "answer": f"It is {i * (i + 7)}."} for i in range(60)]
    ids = [d.entry_id for d in ds.submit(rows, topic="things") if d.accepted]
    assert len(ids) > 20
    path = tmp_path / "queue.jsonl"
    assert write_queue(ds, path) == len(ids)
    lines = path.read_text(encoding="utf-8").splitlines()
    read = [json.loads(line) for line in lines]
    assert [row["id"] for row in read] == ids
    assert set(read[0]) == {
        "id", "topic", "kind", "content", "why", "verdicts", "neighbours", "decision", "reasons", "note",
    }  # fmt: skip
    assert all(row["decision"] == "" and row["reasons"] == [] for row in read)
    filled = [{**row, "decision": "approve"} for row in read]
    assert {r["state"] for r in ds.reviews.take(filled, reviewer=ANN)} == {"approved"}
    assert [p.name for p in tmp_path.iterdir() if p.name.endswith(".new")] == []


@pytest.mark.parametrize(
    "wanted", [{"topic": "thing"}, {"kind": "qaa"}, {"states": ["pendng"]}], ids=lambda w: next(iter(w))
)
def test_a_mistyped_filter_is_an_error_with_near_names(opened, wanted):
    ds, _ = opened([])
    with pytest.raises(UnknownNameError) as caught:
        ds.reviews.queue(**wanted)
    assert caught.value.near


def test_hostile_content_can_be_looked_at(opened):
    ds, ids = opened()
    content = {"question": "[/b] \x1b[31m <script>", "answer": "NUL \x00 and half \ud800, " + "x" * 1_000_000}
    with ds.file.write():
        ds.file.journal.change(ds.file.events.add("edit", actor="human"), "entry", 1, {"content": json.dumps(content)})
    (item,) = ds.reviews.queue(text="<script>").items
    assert item.to_dict()["content"] == content
    (done,) = ds.reviews.reject(ids[:1], reviewer=ANN, reasons=("format",), note="\x00\ud800")
    assert done["state"] == "rejected"
    assert ds.reviews.items(ids)[0].decisions[0].note == "\x00\ud800"


def test_reading_works_on_a_file_that_cannot_be_written(opened):
    ds, _ = opened()
    with seedbed.open(ds.path, mode="ro") as reader:
        assert reader.reviews.queue().total == 3
        assert reader.reviews.agreement()["entries"] == 0
        assert len(reader.reviews.ids()) == 3


# -- decisions taken back while others stand ----------------------------------------------------------------------


def last(ds):
    return ds.file.events.page(limit=1)[0].id


@pytest.mark.parametrize(
    ("overlap", "first", "then", "left"),
    [
        (2, "approve", "approve", State.PENDING),
        (1, "approve", "approve", State.APPROVED),
        (1, "approve", "reject", State.REJECTED),
        (2, "reject", "reject", State.PENDING),
    ],
)
def test_undoing_the_first_of_two_votes_leaves_what_the_second_says(opened, overlap, first, then, left):
    ds, ids = opened(overlap=overlap)
    ds.reviews._decide_all([ids[0]], first, ANN, {})
    event = last(ds)
    ds.reviews._decide_all([ids[0]], then, BOB, {})
    both = state(ds, ids[0])
    ds.history.undo([event])
    assert state(ds, ids[0]) is left
    assert [d.reviewer for d in ds.reviews.items(ids[:1], neighbours=0)[0].decisions] == [BOB]
    ds.history.redo()
    assert state(ds, ids[0]) is both
    assert ds.reconcile().consistent


def test_a_bad_reviewers_session_is_undone_and_what_people_said_since_counts(opened):
    ds, ids = opened()
    ds.reviews.approve(ids, reviewer="model:m", session="bad")
    ds.reviews.reject(ids[:1], reviewer=ANN, reasons=("wrong",))
    ds.reviews.approve(ids[1:2], reviewer=ANN)
    done = ds.history.undo(of_session="bad")
    assert (done.n_conflicts, done.changed["decision"]) == (0, 3)
    assert [state(ds, i) for i in ids] == [State.REJECTED, State.APPROVED, State.PENDING]


def test_a_vote_taken_back_brings_an_entry_back_only_where_nothing_is_in_the_way(opened):
    ds, ids = opened(adjudicators=[BOSS])
    ds.reviews.approve(ids[:1], reviewer=ANN)
    ds.reviews.reject(ids[:1], reviewer=BOSS, reasons=("wrong",))
    settled = last(ds)
    ds.reviews.approve(ids[:1], reviewer=BOB)
    assert state(ds, ids[0]) is State.REJECTED
    with ds.file.write():  # the same text, by a way that no reviewer guards
        twin = ds.show(ids[1])
        ds.file.journal.change(
            ds.file.events.add("test", actor="test"), "entry", ds.file.entries.rowids([twin.id])[twin.id],
            {"text_hash": ds.file.value("SELECT text_hash FROM entry WHERE id = 1")},
        )  # fmt: skip
    with pytest.raises(ConflictError, match="would come back by the decisions left") as caught:
        ds.history.undo([settled])
    assert [c["code"] for c in caught.value.conflicts] == ["cannot_return"]
    ds.history.undo([settled], skip_conflicts=True)
    assert state(ds, ids[0]) is State.REJECTED
    assert len(ds.reviews.items(ids[:1], neighbours=0)[0].decisions) == 3


def test_an_edit_that_was_approved_since_is_not_undone_under_the_reviewers_hands(opened):
    ds, ids = opened()
    ds.edit(ids[0], {"answer": "Ice floats: it is the lighter one."})
    edited = last(ds)
    ds.reviews.approve(ids[:1], reviewer=ANN)
    with pytest.raises(ConflictError, match="decided about by a reviewer since") as caught:
        ds.history.undo([edited])
    assert (caught.value.conflicts[0]["code"], caught.value.conflicts[0]["by"]) == ("decided_since", edited + 1)
    ds.history.undo([edited, edited + 1])
    assert (ds.show(ids[0]).content["answer"], state(ds, ids[0])) == (FACTS[0][1], State.PENDING)


def test_a_decision_does_not_return_to_a_content_that_nobody_decided_about(opened):
    ds, ids = opened()
    ds.reviews.approve(ids[:1], reviewer=ANN)
    undone = ds.history.undo().event
    ds.edit(ids[0], {"answer": "Ice floats: it is the lighter one."})
    with pytest.raises(ConflictError, match="another content than the one that was decided about") as caught:
        ds.history.redo()
    assert caught.value.conflicts[0]["by"] == last(ds)
    ds.history.undo()
    ds.history.redo([undone])
    assert (state(ds, ids[0]), ds.show(ids[0]).content["answer"]) == (State.APPROVED, FACTS[0][1])


def test_what_leaves_anyway_is_in_nobodys_way(opened):
    ds, _ = opened()
    (more,) = ds.submit({"question": "Who rang?", "answer": "The baker did."}, topic="others", session="agent")
    ds.edit(more.entry_id, {"answer": "The baker rang."}, session="agent")
    ds.reviews.approve([more.entry_id], reviewer=ANN)
    done = ds.history.undo(of_session="agent")
    assert (done.removed, done.n_conflicts) == (1, 0)
    ds.history.redo()
    assert (state(ds, more.entry_id), ds.show(more.entry_id).content["answer"]) == (State.APPROVED, "The baker rang.")


def test_an_objection_taken_back_leaves_the_entry_as_it_was(opened):
    ds, ids = opened(mode="none", overlap=2)
    ds.reviews.reject(ids[:1], reviewer=ANN, reasons=("wrong",))
    assert state(ds, ids[0]) is State.PENDING
    ds.reviews.withdraw(ids[:1], reviewer=ANN)
    assert state(ds, ids[0]) is State.ACCEPTED


def test_what_a_topic_refused_waits_for_as_many_reviewers_as_all_the_rest(opened):
    ds, ids = opened(mode="none", overlap=2)
    ds.reviews.approve(ids[:1], reviewer=ANN)
    ds.topics.describe("things", meta={"fields": {"difficulty": {"required": True}}}, on_violation="reject")
    assert state(ds, ids[0]) is State.REJECTED
    (first,) = ds.reviews.approve(ids[:1], reviewer=ANN)
    assert (first["state"], first["missing_reviewers"]) == ("pending", 1)
    assert ds.reconcile().consistent
    ds.reviews.approve(ids[:1], reviewer=BOB)
    assert state(ds, ids[0]) is State.APPROVED
    ds.reviews.withdraw(ids[:1], reviewer=ANN)
    ds.reviews.withdraw(ids[:1], reviewer=BOB)
    assert state(ds, ids[0]) is State.PENDING


def test_rows_left_open_are_not_in_the_log(opened):
    ds, ids = opened()
    ds.reviews.take([{"id": ids[0], "decision": "approve"}, {"id": ids[1], "decision": ""}], reviewer=ANN)
    assert ds.history.log(limit=1)[1][0]["detail"] == {"approve": 1}
