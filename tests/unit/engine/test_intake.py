"""The door: what becomes of duplicates, ids, reviewers' refusals, and trees that change under it."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

import seedbed
from seedbed.core import identity
from seedbed.core.records import Candidate, Origin
from seedbed.engine.operation import Operation

ANN = "human:ann"
CONTENT = {"question": "What does a commit hold?", "answer": "A snapshot of the tracked files."}
NEAR = {"question": "What does one commit hold?", "answer": "A snapshot of the tracked files."}
OTHER = {"question": "Who may rewrite published history?", "answer": "Nobody who shares it with others."}
SAID = {"question": "what does a commit   HOLD", "answer": "Other words."}
"""The same question to the letter, but for case, blanks and punctuation."""


@pytest.fixture
def open_with(tmp_path):
    """Makes datasets with three leaves under a configuration of their own."""
    made = []

    def make(**config):
        (tmp_path / "seedbed.yaml").write_text(json.dumps(config), encoding="utf-8")
        made.append(seedbed.create(tmp_path))
        made[-1].topics.load({"git": {"commits": {}, "branches": {}}, "web": {}})
        return made[-1]

    yield make
    for dataset in made:
        dataset.close()


@pytest.fixture
def ds(open_with):
    return open_with()


def put(ds, content=CONTENT, topic="git/commits", **options):
    (decision,) = ds.submit(content, topic=topic, **options)
    return decision


def total(ds):
    return ds.entries()[0]


# -- the same again ----------------------------------------------------------------------------------------------


def test_the_very_same_entry_is_there_once(ds):
    first, again = put(ds), put(ds)
    assert (first.existed, again.existed, again.entry_id, total(ds)) == (False, True, first.entry_id, 1)
    assert first.entry_id == identity.entry_id("qa", CONTENT)
    assert again.to_dict()["existed"] is True
    assert ds.history.log(action="submit")[0] == 1


def test_the_same_text_with_another_answer_is_a_duplicate(ds):
    first = put(ds)
    said = put(ds, SAID)
    assert (said.code, said.failure.evidence) == ("exact_duplicate", {"entry_id": first.entry_id})


def test_the_same_in_another_topic_is_a_duplicate(ds):
    put(ds)
    assert put(ds, topic="web").code == "exact_duplicate"


def test_a_batch_is_compared_with_itself(ds):
    codes = [d.code for d in ds.submit([CONTENT, CONTENT, SAID, NEAR, OTHER], topic="web")]
    assert codes == ["", "exact_duplicate", "exact_duplicate", "near_duplicate", ""]
    again = ds.submit([CONTENT, CONTENT, OTHER], topic="web")
    assert [d.existed for d in again] == [True, True, True]


TEMPLATE = "Dana had {} apples and gave 12 of them to her brother. How many apples has she left?"
REWORDED = "Dana had 47 apples; 12 of them she gave to her brother, so how many apples does she now have left over?"


@pytest.mark.parametrize("together", [False, True], ids=["in the file", "in the batch"])
def test_a_duplicate_behind_many_siblings_is_found(ds, together):
    rows = [{"question": REWORDED, "answer": "35"}]
    rows += [{"question": TEMPLATE.format(n), "answer": str(n - 12)} for n in range(20, 40)]
    last = {"question": TEMPLATE.format(47), "answer": "35"}
    if together:
        *before, decision = ds.submit([*rows, last], topic="web")
    else:
        before, decision = ds.submit(rows, topic="web"), put(ds, last, "web")
    assert {d.state for d in before} == {"accepted"}
    assert decision.code == "near_duplicate"
    assert [n.relation for n in decision.neighbours] == ["sibling"] * 7 + ["duplicate"]
    assert decision.neighbours[-1].entry_id == before[0].entry_id


def test_kinds_do_not_double_each_other(open_with):
    fields = {"question": {"type": "string"}, "answer": {"type": "string"}}
    ds = open_with(kinds={"fact": {"fields": fields}}, checks={"near_duplicate": False})
    intake = ds.intake()
    batch = [Candidate("web", kind, CONTENT, Origin("submit")) for kind in ("qa", "fact")]
    assert [d.code for d in intake.submit(batch, Operation("submit"))] == ["", ""]
    assert [d.existed for d in intake.submit(batch, Operation("submit"))] == [True, True]


def test_what_was_edited_into_a_text_is_that_text(ds):
    entry_id = put(ds, OTHER).entry_id
    ds.edit(entry_id, CONTENT)
    again = put(ds)
    assert (again.existed, again.entry_id) == (True, entry_id)


def test_a_generated_candidate_that_is_there_already_is_a_duplicate(ds):
    put(ds)
    made = Candidate("git/commits", "qa", CONTENT, Origin("generate", model="m"))
    (decision,) = ds.intake().submit([made], Operation("generate"))
    assert decision.code == "exact_duplicate"


# -- what becomes of duplicates ----------------------------------------------------------------------------------


@pytest.mark.parametrize(("content", "code"), [(SAID, "exact_duplicate"), (NEAR, "near_duplicate")])
@pytest.mark.parametrize(("policy", "state"), [("warn", "accepted"), ("review", "pending"), ("reject", "rejected")])
def test_a_duplicate_is_refused_let_in_or_reviewed(ds, content, code, policy, state):
    first = put(ds)
    done = put(ds, content, on_duplicate=policy)
    assert done.state == state
    told = done.to_dict()
    if policy == "reject":
        assert (told["code"], "warnings" in told) == (code, False)
        return
    assert told["warnings"][0].startswith("let in although ")
    assert first.entry_id in told["warnings"][0]
    kept = next(v for v in ds.show(done.entry_id).verdicts if v.code)
    assert (kept.code, kept.passed, kept.evidence["entry_id"]) == (code, True, first.entry_id)
    assert ds.reconcile().consistent


def test_why_a_duplicate_waits_for_a_reviewer_is_kept(ds):
    first = put(ds)
    second = put(ds, SAID, on_duplicate="review")
    (item,) = ds.reviews.queue().items
    assert item.why.startswith(f"exact_duplicate: the same text as entry {first.entry_id}")
    assert second.to_dict()["why_review"] == item.why
    assert ds.reviews.queue(reason="exact_duplicate").total == 1


def test_the_same_content_twice_has_two_ids_and_is_there_in_both_places(ds):
    ids = [put(ds, topic=topic, on_duplicate="warn").entry_id for topic in ("git/commits", "web", "git/branches")]
    assert ids == [identity.entry_id("qa", CONTENT, again=n) for n in (0, 1, 2)]
    for topic, entry_id in zip(("git/commits", "web", "git/branches"), ids, strict=True):
        again = put(ds, topic=topic, on_duplicate="warn")
        assert (again.existed, again.entry_id) == (True, entry_id)
    assert total(ds) == 3


def test_a_batch_may_bring_twins(ds):
    done = ds.submit([CONTENT, CONTENT], topic="web", on_duplicate="warn")
    assert [d.state for d in done] == ["accepted", "accepted"]
    assert done[1].entry_id == identity.entry_id("qa", CONTENT, again=1)
    assert ds.reconcile().consistent


def test_operation_goes_before_topic_before_ancestor_before_project(open_with):
    ds = open_with(on_duplicate="review")
    put(ds)
    assert put(ds, SAID).state == "pending"
    ds.topics.describe("git", meta={"on_duplicate": "reject"})
    assert put(ds, SAID | {"answer": "Hence."}).state == "rejected"
    ds.topics.describe("git/commits", meta={"on_duplicate": "warn"})
    assert put(ds, SAID | {"answer": "So."}).state == "accepted"
    assert put(ds, SAID | {"answer": "Thus."}, on_duplicate="reject").state == "rejected"


# -- reviewers ---------------------------------------------------------------------------------------------------


def test_what_reviewers_refused_does_not_come_again(ds):
    first = put(ds)
    ds.reviews.reject([first.entry_id], reviewer=ANN, reasons=["wrong"], note="not so")
    again = put(ds, SAID)
    assert again.code == "rejected_by_reviewer"
    assert again.failure.reason == (f"a reviewer rejected this text before (wrong), as entry {first.entry_id}: not so")
    assert again.failure.evidence == {"entry_id": first.entry_id, "reasons": ["wrong"]}
    ds.reviews.withdraw([first.entry_id], reviewer=ANN)
    assert put(ds).existed


def test_reviewers_see_what_the_project_wants_reviewed(open_with):
    ds = open_with(review={"mode": "rule", "rules": {"new_topic": 2}})
    batch = ds.submit([CONTENT, OTHER, {**OTHER, "question": "Which hook runs before a push?"}], topic="web")
    assert [d.state for d in batch] == ["pending", "pending", "accepted"]
    assert batch[1].why_review == "new_topic: number 2 of its topic"


# -- while others change things ----------------------------------------------------------------------------------


@pytest.fixture
def other(ds):
    with seedbed.open(ds.path, environ={}) as opened:
        yield opened


def decide_after(ds, content, change, topic="git/commits"):
    """The decision on a candidate that was prepared before ``change`` happened."""
    intake = ds.intake()
    prepared = intake.prepare([Candidate(topic, "qa", content, Origin("submit"))])
    change()
    with ds.file.write():
        decisions = intake.decide(prepared)
        return intake.record(decisions)[0]


def test_an_entry_that_came_in_between_is_seen(ds, other):
    put(ds, OTHER)
    assert decide_after(ds, NEAR, lambda: put(other)).code == "near_duplicate"


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (lambda tree: tree.add("git/commits/parents"), "interior_topic"),
        (lambda tree: tree.remove("git/commits"), "unknown_topic"),
        (lambda tree: tree.rename("git/commits", "records"), "unknown_topic"),
        (lambda tree: tree.describe("git", meta={"fields": {"answer": {"max_length": 5}}}), "wrong_schema"),
    ],
)
def test_a_tree_that_changed_in_between_is_obeyed(ds, other, change, code):
    put(ds, OTHER, "web")
    assert decide_after(ds, CONTENT, lambda: change(other.topics)).code == code
    assert total(ds) == 1


def test_what_was_refused_by_the_rules_of_its_time_stays_refused(ds, other):
    ds.topics.describe("git", meta={"fields": {"answer": {"max_length": 5}}})
    decision = decide_after(ds, CONTENT, lambda: other.topics.describe("git", meta={"fields": None}))
    assert decision.code == "wrong_schema"
    assert put(ds).accepted


def test_neighbours_are_shown_where_they_live_now(ds, other):
    first = put(ds)
    assert put(ds, NEAR).neighbours[0].topic == "git/commits"
    other.topics.rename("git/commits", "records")
    assert ds.similar([NEAR], topic="git/records")[0][0].topic == "git/records"
    other.history.undo()
    near = put(ds, NEAR).neighbours[0]
    assert (near.entry_id, near.topic) == (first.entry_id, "git/commits")


def test_a_topic_made_by_another_process_is_in_scope_at_once(open_with):
    ds = open_with(similarity_scope="subtree")
    assert ds.similar(["What does a commit hold?"], topic="git/commits") == [[]]
    with seedbed.open(ds.path.parent, environ={}) as other:
        other.topics.add("git/tags")
        put(other, topic="git/tags")
    assert ds.similar(["What does a commit hold?"], topic="git/commits")[0][0].topic == "git/tags"


def test_the_rows_of_one_operation_are_one_event(ds):
    operation = Operation("submit", actor="agent:a")
    intake = ds.intake()
    for content in (CONTENT, OTHER, CONTENT):
        intake.submit([Candidate("web", "qa", content, Origin("submit"))], operation)
    (event,) = ds.history.log(action="submit")[1]
    assert (event["detail"], event["entries"]) == ({"accepted": 2, "rejected": 0}, 2)
    assert ds.history.undo().removed == 2


def test_an_entry_of_another_id_is_not_taken_for_the_one_it_replaces(ds):
    first, second = put(ds), put(ds, OTHER)
    prepared = ds.intake().prepare([replace(second.candidate, raw=CONTENT)])
    (decision,) = ds.intake().decide(prepared, instead_of=[second.entry_id])
    assert (decision.code, decision.existed) == ("exact_duplicate", False)
    (decision,) = ds.intake().decide(prepared, instead_of=[second.entry_id, first.entry_id])
    assert decision.accepted
