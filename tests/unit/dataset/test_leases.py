"""What to write next: which gaps, to whom, for how long, and where others change things in between."""

from __future__ import annotations

import json

import numpy as np
import pytest

import seedbed
from seedbed.core.errors import InputError, UnknownNameError
from seedbed.dataset.leases import crowded
from seedbed.store import NewJob
from testkit.projects import CONFIG, FACTS, row


@pytest.fixture
def dataset(tmp_path):
    with seedbed.create(tmp_path / "x.db", environ={}) as made:
        made.load_topics({"git": {"branches": {}}})
        yield made


def test_a_topic_that_is_moved_before_it_is_described_is_promised_anew(dataset, monkeypatch):
    describe = dataset.leases._brief

    def moved_first(topic, *rest):
        if topic == "git/branches":
            with seedbed.open(dataset.path, environ={}) as other:
                other.topics.rename(topic, "lines")
        return describe(topic, *rest)

    monkeypatch.setattr(dataset.leases, "_brief", moved_first)
    [lease] = dataset.next()
    assert lease["topic"] == "git/lines"
    assert [row["lease"] for row in dataset.leases.all()] == [lease["lease"]]


def test_what_cannot_be_described_is_not_promised(dataset, monkeypatch):
    def never(*_):
        raise UnknownNameError("topic", "gone", ())

    monkeypatch.setattr(dataset.leases, "_brief", never)
    with pytest.raises(UnknownNameError):
        dataset.next()
    assert dataset.leases.all() == []


# -- which gaps --------------------------------------------------------------------------------------------------


def cells(leases):
    return [(lease["topic"], lease["cell"].get("difficulty"), lease["n"]) for lease in leases]


def held(dataset):
    return {row["lease"] for row in dataset.leases.all()}


def test_a_lease_says_everything_that_a_writer_needs(small, clock):
    (lease,) = small.next(topic="git/commits", actor="agent:a", session="s", ttl_s=60)
    assert {k: lease[k] for k in ("topic", "description", "kind", "cell", "n", "coordinates")} == {
        "topic": "git/commits", "description": "Keeping the history of files. / Recording a change.", "kind": "qa",
        "cell": {"difficulty": "easy"}, "n": 1, "coordinates": {},
    }  # fmt: skip
    assert lease["fields"]["difficulty"]["enum"] == ["easy", "medium"]  # as the topic allows
    assert (lease["avoid"], lease["rejected_for"]) == ([], [])
    assert lease["expires_at"] == "2023-11-14T22:14:20.000Z"
    assert small.leases.all() == [
        {
            "lease": lease["lease"], "topic": "git/commits", "cell": {"difficulty": "easy"}, "n": 1, "given": 0,
            "owner": "agent:a", "session": "s", "expires_at": lease["expires_at"],
        }
    ]  # fmt: skip


def test_nobody_gets_the_gap_of_another_until_it_is_free(small, clock):
    first = small.next(12, actor="agent:a", ttl_s=60)
    assert sum(lease["n"] for lease in first) == 12
    assert {c[:2] for c in cells(first)} == {
        ("git/commits", "easy"), ("git/commits", "medium"),
        ("git/branches", "easy"), ("git/branches", "medium"), ("git/branches", "hard"),
    }  # fmt: skip
    assert small.next(1, actor="agent:b") == []
    small.leases.give_back([first[0]["lease"]])
    assert cells(small.next(12, actor="agent:b")) == cells(first[:1])
    clock.now += 60
    assert sum(lease["n"] for lease in small.next(12, actor="agent:c")) == 12 - first[0]["n"]


def test_a_lease_is_renewed_by_the_clock(small, clock):
    (lease,) = small.next(ttl_s=60)
    clock.now += 59
    assert small.leases.renew([lease["lease"].upper()], ttl_s=60) == [lease["lease"]]
    clock.now += 59
    assert held(small) == {lease["lease"]}
    clock.now += 1
    assert (held(small), small.leases.renew([lease["lease"]])) == (set(), [])


def test_without_any_target_the_emptiest_cells_come_first(open_with):
    ds = open_with(CONFIG.replace("target: 12\n", ""))
    assert ds.submit(row(0))[0].accepted
    found = cells(ds.next(4))
    assert ("git/commits", "easy", 1) not in found
    assert len(found) == 4
    assert ("git/commits", "easy", 1) in cells(ds.next(2))  # now that the others are promised


def test_where_only_some_topics_have_a_target_only_those_get_entries(open_with):
    ds = open_with(CONFIG.replace("target: 12\n", ""), {"git": {"commits": {"_target": 2}, "branches": {}}})
    assert {c[0] for c in cells(ds.next(9))} == {"git/commits"}
    assert ds.next() == []


def test_a_reached_target_leaves_nothing_to_write(open_with):
    ds = open_with("kind: qa\ntarget: 2\n")
    assert all(d.accepted for d in ds.submit([row(0, difficulty=None), row(2, difficulty=None)]))
    assert ds.next() == []
    ds.history.undo()
    assert sum(lease["n"] for lease in ds.next(5)) == 2


def test_entries_in_review_and_planned_jobs_are_on_their_way(open_with):
    ds = open_with("kind: qa\ntarget: 4\nreview: {mode: all}\n")
    assert ds.submit(row(0, difficulty=None))[0].state == "pending"
    with ds.file.write():
        run = ds.file.runs.start(b"k", "qa", {}, {})
        ds.file.jobs.plan(run.id, [NewJob("qa", "qa", "git/branches", b"j", n=2)])
    ds.file.jobs.lease(run.id, 1, owner="me", ttl_s=60)
    assert cells(ds.next(9)) == [("git/commits", None, 1)]


def test_a_topic_alone_and_a_part_of_the_tree(small):
    assert {c[0] for c in cells(small.next(99, topic="git/branches"))} == {"git/branches"}
    assert {c[0] for c in cells(small.next(99, topic="git"))} == {"git/commits"}
    with pytest.raises(UnknownNameError) as caught:
        small.next(topic="git/comits")
    assert caught.value.near[0] == "git/commits"


def test_a_kind_of_its_own_has_gaps_of_its_own(small):
    small.next(12)
    assert small.next(1, kind="instruction")[0]["kind"] == "instruction"
    with pytest.raises(UnknownNameError):
        small.next(kind="qaa")


def test_an_empty_tree_says_what_to_do(open_with):
    with pytest.raises(InputError, match="no topics") as caught:
        open_with(tree=None).next()
    assert caught.value.stable_code == "no_topics"


@pytest.mark.parametrize("options", [{"n": 0}, {"n": 101}, {"ttl_s": 0}, {"ttl_s": -1}, {"ttl_s": float("inf")}])
def test_what_is_out_of_range_is_refused(small, options):
    with pytest.raises(InputError):
        small.next(**options)
    assert held(small) == set()


@pytest.mark.parametrize("lease", ["", "short", "x" * 20, "ab" * 11, "\ud800" * 20])
def test_what_is_no_lease_is_told(small, lease):
    for act in (small.leases.renew, small.leases.give_back):
        with pytest.raises(InputError, match="is no lease"):
            act([lease])
    with pytest.raises(InputError, match="is no lease"):
        small.submit(row(0), lease=lease)


# -- what a lease tells, and what fulfils it ---------------------------------------------------------------------


def test_a_submission_fulfils_its_actors_lease(small):
    (lease,) = small.next(topic="git/commits", actor="agent:a")
    small.submit(row(2), actor="agent:a")  # another cell
    small.submit(row(0), actor="agent:b")  # another actor
    assert held(small) == {lease["lease"]}
    assert small.submit(row(1), actor="agent:a")[0].accepted
    assert held(small) == set()


def test_a_lease_that_was_handed_on_is_fulfilled_by_name(small):
    (lease,) = small.next(topic="git/commits", actor="agent:a")
    small.submit(row(0), actor="agent:b", lease=lease["lease"])
    assert held(small) == set()
    assert small.submit(row(1), lease=lease["lease"])[0].accepted  # it is gone, and does no harm


def test_what_is_rejected_there_already_or_only_tried_fulfils_nothing(small):
    (lease,) = small.next(topic="git/commits")
    small.submit(row(0, answer=""))
    small.submit(row(0), check_only=True)
    assert held(small) == {lease["lease"]}
    small.submit(row(0))
    (again,) = small.next(topic="git/commits")
    small.submit(row(0))
    assert held(small) == {again["lease"]}


def test_crowded_entries_and_reasons_are_shown(small):
    ids = [d.entry_id for d in small.submit([row(0), row(1), row(1, answer="")])]
    small.reviews.reject(ids[:1], reviewer="human:ann", reasons=["wrong"])
    (lease,) = small.next(topic="git/commits", avoid=2)
    assert [e["id"] for e in lease["avoid"]] == [ids[1]]
    assert lease["avoid"][0]["content"]["question"] == FACTS[1][1]
    assert lease["rejected_for"] == [{"reason": "wrong_schema", "n": 1}, {"reason": "wrong", "n": 1}]
    assert small.next(topic="git/commits", avoid=0)[0]["avoid"] == []


def test_what_the_project_fills_in_is_not_shown_with_every_crowded_entry(tmp_path):
    schema = "from pydantic import BaseModel\n\n\nclass Mine(BaseModel):\n    text: str\n    tools: list[dict] = {}\n"
    (tmp_path / "leased_schema.py").write_text(schema.format([{"name": "lamp"}]), encoding="utf-8")
    kinds = {"mine": {"model": "leased_schema:Mine", "embed": ["text"]}}
    (tmp_path / "seedbed.yaml").write_text(json.dumps({"kind": "mine", "kinds": kinds}), encoding="utf-8")
    with seedbed.create(tmp_path / "x.db", environ={}) as made:
        made.load_topics({"usual": {}, "own": {}})
        usual = {"text": "Switch the lamp in the hall on, please."}
        own = {"text": "How warm was it in the garden last night?", "tools": [{"name": "thermometer"}]}
        made.submit([{"topic": "usual", **usual}, {"topic": "own", **own}])
        shown = [made.next(topic=topic)[0]["avoid"][0] for topic in ("usual", "own")]
        assert made.show(shown[0]["id"]).content["tools"]
    assert [entry["content"] for entry in shown] == [usual, own]


def test_long_texts_of_crowded_entries_are_cut(small):
    answer = "".join(f"Step {n} names the branch number {n * n}. " for n in range(60))
    small.submit(row(2, answer=answer))
    [entry] = small.next(topic="git/branches")[0]["avoid"]
    assert entry["content"]["question"] == FACTS[2][1]
    assert entry["content"]["answer"] == f"{answer[:400]}… ({len(answer)} characters)"


def test_aspects_of_a_topic_take_turns(small):
    small.topics.describe("git/commits", meta={"aspects": ["messages", "parents"]})
    told = [small.next(topic="git/commits")[0]["coordinates"]["aspect"] for _ in range(4)]
    assert sorted(told[:2]) == sorted(told[2:]) == ["messages", "parents"]


def test_leases_end_with_their_topic(small):
    small.next(12)
    small.topics.remove("git/branches")
    assert {row["topic"] for row in small.leases.all()} == {"git/commits"}
    small.topics.add("git/commits/messages")
    assert held(small) == set()
    assert small.reconcile().consistent


def test_crowded_places_are_shown_once_each():
    near = np.eye(8, dtype=np.float32)[[0, 0, 0, 1, 1, 1, 2, 3]]
    near[1:3, 4] = near[4:6, 5] = 0.2
    near /= np.linalg.norm(near, axis=1, keepdims=True)
    chosen = crowded(near, 3)
    assert len({int(i) // 3 for i in chosen[:2]}) == 2  # one of each crowd
    assert crowded(near[:1], 3) == [0]
    assert len(crowded(near[:3] * 0, 2)) <= 2
