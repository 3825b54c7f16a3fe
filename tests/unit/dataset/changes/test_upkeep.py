"""A dataset held against itself, and against today's schema."""

from __future__ import annotations

import json

import pytest

import seedbed
from seedbed.core.errors import UnknownNameError
from seedbed.dataset.changes import upkeep
from testkit.projects import CONFIG, FACTS, row


def harm(ds, sql, *values):
    with ds.file.write():
        ds.file.execute(sql, values)


def problems(done):
    return {f.check: f.problems for f in done.findings if f.problems}


def newest(ds):
    return ds.history.log(limit=1)[1][0]


# -- reconcile ---------------------------------------------------------------------------------------------------


def test_a_dataset_in_order_is_consistent_for_readers_too(ds):
    with seedbed.open(ds.path, mode="ro", environ={}) as reading:
        done = reading.reconcile()
    assert (done.consistent, done.problems, problems(done)) == (True, 0, {})
    looked_at = {f.check: f.looked_at for f in done.findings}
    assert [looked_at[c] for c in ("kinds", "cells", "texts", "embedding")] == [3, 3, 3, 3]
    assert json.loads(json.dumps(done.to_dict()))["consistent"] is True


@pytest.mark.parametrize(
    ("sql", "check"),
    [
        ("UPDATE entry SET cell = 'difficulty=hard' WHERE id = 2", "cells"),
        ("UPDATE entry SET text_hash = x'0000000000000000' WHERE id = 2", "texts"),
        ("UPDATE entry SET text_hash = NULL WHERE id = 2", "texts"),
        ("UPDATE vector SET v = (SELECT v FROM vector WHERE entry_id = 1) WHERE entry_id = 2", "embedding"),
        ("UPDATE vector SET v = zeroblob(length(v)) WHERE entry_id = 2", "embedding"),
        ("DELETE FROM vector WHERE entry_id = 2", "vectors"),
        ("UPDATE cell_count SET n = 7", "counts"),
        ("UPDATE topic SET parent_id = NULL WHERE path = 'git/commits'", "tree"),
    ],
)
def test_what_follows_from_the_rest_is_put_right(ds, sql, check):
    before = ds.file.rows("SELECT id, cell, text_hash FROM entry"), ds.file.vectors.of([1, 2, 3])
    harm(ds, sql)
    assert check in problems(ds.reconcile())
    fixed = ds.reconcile(fix=True, actor="human:ann")
    assert (fixed.consistent, problems(fixed).keys()) == (True, {check})
    assert (newest(ds)["action"], newest(ds)["actor"]) == ("reconcile", "human:ann")
    assert problems(ds.reconcile()) == {}
    assert (ds.file.rows("SELECT id, cell, text_hash FROM entry"), ds.file.vectors.of([1, 2, 3])) == before


def test_what_was_put_right_is_seen_by_who_has_it_open(ds):
    question = row(0)["question"]
    harm(ds, "DELETE FROM vector WHERE entry_id = 1")
    with seedbed.open(ds.path, environ={}) as other:
        before = other.similar([question], topic="git/commits")[0]
        ds.reconcile(fix=True)
        after = other.similar([question], topic="git/commits")[0]
    assert (len(before), len(after), after[0].relation) == (1, 2, "exact")


def test_what_only_a_person_can_decide_stays(ds, ids):
    harm(ds, "UPDATE entry SET content = json_set(content, '$.question', ?) WHERE id = 2", FACTS[0][1])
    fixed = ds.reconcile(fix=True)
    assert (fixed.consistent, {f.check for f in fixed.findings if f.left}) == (False, {"twins"})
    assert problems(ds.reconcile()) == {"twins": 1}


def test_nothing_to_repair_is_no_event(ds):
    event = newest(ds)
    assert ds.reconcile(fix=True).consistent
    assert newest(ds) == event


def test_repairs_are_not_undone(ds):
    harm(ds, "UPDATE cell_count SET n = 7")
    ds.reconcile(fix=True)
    assert ds.history.undo().removed == 3  # the submission


def test_entries_of_a_kind_that_is_gone_are_told(open_with):
    ds = open_with(CONFIG.replace("kinds:", "kinds:\n  fact: {fields: {claim: {type: string}}}"))
    assert ds.submit({"claim": "Ice floats."}, topic="git/branches", kind="fact")[0].accepted
    (ds.path.parent / "seedbed.yaml").write_text(CONFIG, encoding="utf-8")
    with seedbed.open(ds.path.parent, environ={}) as later:
        done = later.reconcile()
        assert problems(done) == {"kinds": 1}
        assert later.revalidate()["unchecked"] == ["fact"]


def test_vectors_are_compared_only_when_they_can_be(ds, monkeypatch):
    harm(ds, "UPDATE vector SET v = zeroblob(length(v)) WHERE entry_id = 2")
    assert ds.reconcile(embed=False).consistent
    monkeypatch.setattr(upkeep, "BATCH", 1)
    assert problems(ds.reconcile(embed=True)) == {"embedding": 1}


# -- revalidate --------------------------------------------------------------------------------------------------

NARROW = CONFIG.replace(
    "kinds:\n  qa: {balance: [difficulty]}",
    "kinds:\n  qa: {balance: [difficulty], fields: {answer: {type: string, max_length: 62}}}",
)


@pytest.fixture
def narrowed(ds):
    """The dataset opened with a schema that the first entry's answer is too long for."""
    (ds.path.parent / "seedbed.yaml").write_text(NARROW, encoding="utf-8")
    with seedbed.open(ds.path.parent, environ={}, clock=ds.clock) as opened:
        yield opened


def test_entries_that_pass_todays_schema_stay(ds):
    assert ds.revalidate() == {
        "event": None, "checked": 3, "violations": 0, "worst": [], "by_code": {}, "queued": 0, "unchecked": [],
    }  # fmt: skip


def test_what_does_not_pass_any_more_waits_for_a_reviewer(narrowed, ids):
    narrowed.reviews.approve(ids[:1], reviewer="human:ann")
    done = narrowed.revalidate(actor="human:bob", session="s")
    assert (done["checked"], done["violations"], done["queued"]) == (3, 1, 1)
    assert (done["by_code"], done["worst"][0]["id"]) == ({"wrong_schema": 1}, ids[0])
    (item,) = narrowed.reviews.queue().items
    assert (item.entry.id, item.decisions) == (ids[0], ())
    assert item.why.startswith("wrong_schema: answer")
    event = newest(narrowed)
    assert (event["action"], event["actor"], event["detail"]) == (
        "revalidate", "human:bob", {"violations": 1, "queued": 1},
    )  # fmt: skip
    narrowed.history.undo()
    assert (narrowed.show(ids[0]).state, narrowed.show(ids[0]).meta) == ("approved", {})
    assert narrowed.reviews.items(ids[:1], neighbours=0)[0].decisions != ()


def test_what_waits_already_is_not_queued_again(narrowed):
    assert narrowed.revalidate()["queued"] == 1
    event = newest(narrowed)
    again = narrowed.revalidate()
    assert (again["event"], again["violations"], again["queued"]) == (None, 1, 0)
    assert newest(narrowed) == event


@pytest.mark.parametrize("options", [{"dry_run": True}, {"queue": False}])
def test_looking_needs_no_right_to_write(narrowed, ids, options):
    with seedbed.open(narrowed.path.parent, mode="ro", environ={}) as reading:
        done = reading.revalidate(**options)
    assert (done["event"], done["violations"], done["queued"]) == (None, 1, 0)
    assert narrowed.show(ids[0]).state == "accepted"


def test_rules_of_topics_count(ds, ids):
    ds.edit(ids[0], {"difficulty": "medium"})
    with ds.file.write():  # as a tree from elsewhere would
        ds.file.topics.update("git/commits", meta={"fields": {"difficulty": ["easy"]}})
    assert [w["id"] for w in ds.revalidate(dry_run=True)["worst"]] == [ids[0]]
    assert ds.revalidate(topic="git/branches")["checked"] == 1
    with pytest.raises(UnknownNameError):
        ds.revalidate(topic="git/comits")


def test_many_violations_are_counted_and_few_described(narrowed, monkeypatch):
    monkeypatch.setattr(upkeep, "SHOWN", 1)
    monkeypatch.setattr(upkeep, "BATCH", 2)
    words = ["tags", "remotes", "stashes"]
    with narrowed.file.write():
        narrowed.file.execute("UPDATE entry SET content = json_set(content, '$.answer', ?)", ("x" * 99,))
    done = narrowed.revalidate()
    assert (done["violations"], len(done["worst"]), done["queued"]) == (len(words), 1, 3)
    assert narrowed.history.undo().changed == {"entry": 3}
