"""Operations on the tree: what they change, what they refuse, what they tell."""

from __future__ import annotations

import time

import pytest

import seedbed
from seedbed.core.errors import InputError, NotFoundError, TopicError, UnknownNameError
from seedbed.core.records import Seed, State, Topic
from seedbed.dataset.changes.history import ConflictError
from seedbed.dataset.tree.reshaping import MisfitError
from seedbed.store import NewJob
from seedbed.store.entries import EntryFilter

CONFIG = """\
kind: qa
kinds:
  qa: {balance: [difficulty]}
"""
TREE = {
    "git": {
        "commits": {"_fields": {"difficulty": ["easy", "medium"]}, "_description": "Recording a change."},
        "branches": {},
    },
    "team_a": {"x": {}},
    "team-a": {"x": {}},
    "TEAM_a": {"x": {}},
    "team_ab": {"x": {}},
}


@pytest.fixture
def ds(tmp_path):
    (tmp_path / "seedbed.yaml").write_text(CONFIG)
    with seedbed.create(tmp_path) as opened:
        opened.topics.load(TREE)
        yield opened


def entry(topic, number=1, difficulty="easy", **changes):
    facts = ["a snapshot", "a movable name", "three ways", "older history", "remote copies", "a clean tree"]
    fact = facts[number % len(facts)]
    return {
        "question": f"What about {fact} is worth knowing in part {number}?",
        "answer": f"That {fact} is number {number}.",
        "difficulty": difficulty,
        "topic": topic,
    } | changes


def put(ds, *rows):
    """Submit rows that have to be accepted; their ids."""
    decisions = ds.submit(list(rows))
    assert [d.code for d in decisions] == [""] * len(rows)
    return [d.entry_id for d in decisions]


def paths(ds):
    return [t.path for t in ds.file.topics.all()]


def places(ds):
    return {e.id: (e.topic, str(e.state)) for e in ds.file.entries.page(limit=1000)}


def test_a_load_is_one_event_with_what_changed(ds):
    change = ds.topics.load(
        {"git": {"tags": "names", "commits": {"_target": 5}}}, actor="agent:a", session="s", reason="r"
    )
    assert (change.created, change.updated) == (["git/tags"], ["git/commits"])
    event = ds.file.events.get(change.event)
    assert (event.action, event.actor, event.session, event.reason) == ("topics.load", "agent:a", "s", "r")
    assert event.detail == {"created": ["git/tags"], "updated": ["git/commits"]}
    assert ds.topics.load({"git": {"tags": {}}}).event is None


def test_a_topic_with_entries_gets_no_subtopics_in_any_way(ds):
    put(ds, entry("git/branches"))
    for attempt in (
        lambda: ds.topics.add("git/branches/new"),
        lambda: ds.topics.load({"git": {"branches": {"new": {"deep": {}}}}}),
        lambda: ds.topics.move("team_a/x", "git/branches"),
        lambda: ds.topics.merge("team_a", "git/branches"),
        lambda: ds.load_topics({"git": {"branches": ["new"]}}),
        lambda: ds.add_topic("git/branches/new"),
    ):
        before = paths(ds)
        with pytest.raises(TopicError, match="holds 1 entry, so") as caught:
            attempt()
        assert caught.value.stable_code == "topic_holds_entries"
        assert paths(ds) == before


def test_a_load_says_what_it_says_and_nothing_else(ds):
    ds.topics.load({"git": {"commits": {"_weight": 3, "_target": 4, "_audience": "pupils"}}})
    ds.topics.load({"git": {"commits": {}}, "new": {}})
    kept = ds.file.topics.get("git/commits")
    assert (kept.weight, kept.target, kept.description) == (3, 4, "Recording a change.")
    change = ds.topics.load(
        {"git": {"commits": {"_weight": 1, "_target": None, "_audience": None, "_description": ""}}}
    )
    assert change.updated == ["git/commits"]
    emptied = ds.file.topics.get("git/commits")
    assert (emptied.weight, emptied.target, emptied.description) == (1, None, "")
    assert emptied.meta == {"fields": {"difficulty": ["easy", "medium"]}}


def test_names_that_only_case_tells_apart_are_pointed_out(ds):
    assert ds.topics.add("Git/commits").warnings == ["only upper and lower case tell these apart: git, Git"]
    assert ds.topics.add("git/COMMITS").warnings == [
        "only upper and lower case tell these apart: git/commits, git/COMMITS"
    ]
    assert ds.topics.add("git/tags").warnings == []
    change = ds.topics.load({"x": {f"{a}{i}": {} for i in range(9) for a in "aA"}})
    assert len(change.warnings) == 6 and change.warnings[-1] == "4 more of the kind"


def test_an_empty_tree_is_pointed_out(ds):
    change = ds.topics.load({})
    assert (change.event, change.warnings) == (None, ["the tree names no topics"])


def test_a_promise_of_a_cell_that_new_rules_exclude_ends(ds):
    ds.next(6, topic="git/branches", actor="agent:a")
    kept = ds.next(1, topic="git/commits", actor="agent:a")
    assert len(ds.leases.all()) == 4
    ds.topics.describe("git/branches", meta={"fields": {"difficulty": ["hard"]}}, dry_run=True)
    assert len(ds.leases.all()) == 4
    ds.topics.describe("git/branches", meta={"fields": {"difficulty": ["hard"]}})
    left = [(row["topic"], row["cell"]) for row in ds.leases.all()]
    assert left == [("git/branches", {"difficulty": "hard"}), ("git/commits", kept[0]["cell"])]


def test_rules_that_contradict_each_other_are_found_before_anything_is_written(ds):
    before, events = paths(ds), ds.file.events.count()
    hard = {"fields": {"difficulty": ["hard"]}}
    for attempt in (
        lambda: ds.topics.load({"new": {}, "git": {"commits": {"deep": {"_fields": {"difficulty": ["hard"]}}}}}),
        lambda: ds.topics.add("git/commits/deep", meta=hard),
        lambda: ds.topics.describe("git", meta=hard),
        lambda: ds.topics.add("other", meta={"fields": {"difficulty": ["extreme"]}}),
    ):
        with pytest.raises(TopicError) as caught:
            attempt()
        assert caught.value.place["field"] == "difficulty"
    with pytest.raises(UnknownNameError) as unknown:
        ds.topics.add("other", meta={"fields": {"dificulty": ["easy"]}})
    assert unknown.value.near == ["difficulty"]
    assert (paths(ds), ds.file.events.count()) == (before, events)


def test_a_move_takes_everything_below_and_nothing_that_looks_alike(ds):
    ids = put(ds, *(entry(f"{t}/x", i) for i, t in enumerate(("team_a", "team-a", "TEAM_a", "team_ab"))))
    change = ds.topics.move("team_a", "team-a")
    assert change.moved == [{"from": "team_a", "to": "team-a/team_a"}]
    assert [places(ds)[i][0] for i in ids] == ["team-a/team_a/x", "team-a/x", "TEAM_a/x", "team_ab/x"]
    assert ds.topics.move("team-a/team_a/x", None).moved[0]["to"] == "x"
    assert ds.topics.move("x", "/").empty
    neighbours = ds.similar([{"question": entry("x", 0)["question"], "answer": "?"}], topic="x")[0]
    assert [n.topic for n in neighbours] == ["x"]


def test_a_move_rechecks_entries_against_the_rules_of_the_new_path(ds):
    easy, hard = put(ds, entry("team_a/x", 1), entry("team_a/x", 2, "hard"))
    ds.topics.add("strict", meta={"fields": {"difficulty": ["easy"]}})
    with pytest.raises(MisfitError) as caught:
        ds.topics.move("team_a", "strict")
    assert caught.value.to_dict()["worst"] == [
        {
            "id": hard,
            "topic": "strict/team_a/x",
            "code": "wrong_schema",
            "reason": "difficulty is 'hard', not one of 'easy'",
        }
    ]
    assert "team_a" in paths(ds)
    change = ds.topics.move("team_a", "strict", on_violation="review")
    assert (change.violations, change.worst[0]["id"]) == (1, hard)
    assert places(ds) == {easy: ("strict/team_a/x", "accepted"), hard: ("strict/team_a/x", "pending")}
    assert ds.show(hard).verdicts[-1].code == "wrong_schema"
    ds.history.undo([change.event])
    assert places(ds)[hard] == ("team_a/x", "accepted")
    assert all(v.passed for v in ds.show(hard).verdicts)
    assert ds.topics.move("team_a", "strict", on_violation="reject").violations == 1
    assert places(ds)[hard][1] == "rejected"


def test_a_dry_run_tells_and_writes_nothing(ds):
    put(ds, entry("team_a/x", 2, "hard"))
    ds.topics.add("strict", meta={"fields": {"difficulty": ["easy"]}})
    before = (paths(ds), places(ds), ds.file.events.count())
    change = ds.topics.move("team_a", "strict", dry_run=True)
    assert (change.event, change.dry_run, change.refused, change.violations) == (None, True, True, 1)
    assert change.moved == [{"from": "team_a", "to": "strict/team_a"}]
    assert (paths(ds), places(ds), ds.file.events.count()) == before


@pytest.mark.parametrize(
    ("source", "to", "code"),
    [
        ("git", "git/commits", "invalid_topic"),
        ("git", "git", "invalid_topic"),
        ("git", "gti", "unknown_topic"),
        ("gti", None, "unknown_topic"),
        ("team_a/x", "team-a", "topic_exists"),
    ],
)
def test_a_move_that_cannot_be_is_refused(ds, source, to, code):
    with pytest.raises(InputError) as caught:
        ds.topics.move(source, to)
    assert caught.value.stable_code == code


def test_a_move_that_is_too_deep_is_refused(ds):
    ds.topics.add("/".join("abcdefghijklmnopqrs"))
    with pytest.raises(TopicError, match="levels"):
        ds.topics.move("git", "/".join("abcdefghijklmnopqrs"))


def test_a_rename_keeps_everything_else(ds):
    (entry_id,) = put(ds, entry("git/commits"))
    assert ds.topics.rename("git", "Git").moved == [{"from": "git", "to": "Git"}]
    assert places(ds)[entry_id] == ("Git/commits", "accepted")
    assert ds.file.topics.get("Git/commits").description == "Recording a change."
    for name in ("a/b", "", " x", "team_a"):
        with pytest.raises(TopicError):
            ds.topics.rename("Git", name)
    assert ds.topics.rename("Git", "Git").event is None


def test_a_merge_goes_by_name_all_the_way_down(ds):
    ds.topics.load({"a": {"x": {"one": {}, "two": {}}, "y": {}}, "b": {"x": {"two": {}, "three": {}}, "z": {}}})
    ids = put(ds, entry("a/x/two", 1), entry("b/x/two", 2), entry("a/y", 3), entry("a/x/one", 4))
    change = ds.topics.merge("a", "b")
    assert [t.path for t in ds.file.topics.all("b")] == [
        "b", "b/x", "b/x/two", "b/x/three", "b/x/one", "b/z", "b/y",
    ]  # fmt: skip
    assert [places(ds)[i][0] for i in ids] == ["b/x/two", "b/x/two", "b/y", "b/x/one"]
    assert (change.removed, change.entries_moved) == (["a", "a/x", "a/x/two"], 1)
    assert "a" not in paths(ds)


def test_a_topic_is_merged_into_the_one_above_it(ds):
    (entry_id,) = put(ds, entry("team_a/x"))
    ds.topics.merge("team_a/x", "team_a")
    assert places(ds)[entry_id][0] == "team_a"
    ds.topics.load({"a": {"b": {"b": {}, "c": {}}}})
    ds.topics.merge("a/b", "a")
    assert [t.path for t in ds.file.topics.all("a")] == ["a", "a/b", "a/c"]


def test_a_merge_finds_duplicates_and_breaches_of_the_rules(ds):
    question = "Which command records the staged files as a new snapshot?"
    kept, twin, hard, other = put(
        ds,
        entry("git/commits", 1, question=question),
        entry("team_a/x", 2, question=question.replace("records", "will record")),
        entry("team_a/x", 3, "hard"),
        entry("team_a/x", 4),
    )
    change = ds.topics.merge("team_a/x", "git/commits", on_violation="reject")
    assert {w["id"]: w["code"] for w in change.worst} == {hard: "wrong_schema", twin: "near_duplicate"}
    assert {i for i, (_, state) in places(ds).items() if state == "accepted"} == {kept, other}
    assert change.entries_moved == 3


def test_entries_do_not_share_a_topic_with_subtopics_after_a_merge(ds):
    put(ds, entry("team_a/x"))
    with pytest.raises(TopicError) as caught:
        ds.topics.merge("team_a/x", "git")
    assert caught.value.stable_code == "interior_topic"
    with pytest.raises(TopicError, match="itself"):
        ds.topics.merge("git", "git/commits")


def test_a_removal_says_what_becomes_of_entries(ds):
    first, second = put(ds, entry("git/branches", 1), entry("git/commits", 2))
    with pytest.raises(TopicError, match="holds 2 entries") as caught:
        ds.topics.remove("git")
    assert caught.value.stable_code == "topic_holds_entries"
    moved = ds.topics.remove("git/commits", "git/branches")
    assert (moved.entries_moved, places(ds)[second][0]) == (1, "git/branches")
    for target in ("git", "git/branches", "nowhere"):
        with pytest.raises(InputError):
            ds.topics.remove("git/branches", target)
    gone = ds.topics.remove("git", "remove")
    assert (gone.removed, gone.entries_removed) == (["git", "git/branches"], 2)
    assert {places(ds)[i][1] for i in (first, second)} == {"removed"}
    assert "git" not in paths(ds)


def test_a_removed_topic_stays_for_what_speaks_of_it_and_gives_its_path_up(ds):
    file = ds.file
    run = file.runs.start(b"k" * 8, "qa", {}, {}).id
    with file.write():
        (job,) = file.jobs.plan(run, [NewJob("qa", "qa", "git/branches", b"1")])
    file.seeds.add([Seed("ab" * 10, "a.md", "text", topic="git/branches")])
    ds.submit(entry("git/branches", question=""))
    old = file.topics.id_of("git/branches")
    ds.topics.remove("git/branches")
    assert (file.jobs.get(job).status, file.jobs.get(job).error["error"]) == ("failed", "topic_gone")
    assert file.jobs.get(job).topic == "git/branches"
    assert [e.topic for e in file.entries.page(EntryFilter(states=(State.REJECTED,)))] == ["git/branches"]
    with pytest.raises(UnknownNameError):
        file.topics.get("git/branches")
    ds.topics.add("git/branches")
    assert file.topics.id_of("git/branches") != old
    put(ds, entry("git/branches"))
    assert ds.topics.show("git/branches")["entries"]["accepted"] == 1


def test_seeds_go_where_a_merge_takes_their_topic_and_come_back(ds):
    ds.file.seeds.add([Seed("ab" * 10, "a.md", "text", topic="team_a/x")])
    event = ds.topics.merge("team_a/x", "git/branches").event
    assert ds.file.seeds.get("ab" * 10).topic == "git/branches"
    ds.history.undo([event])
    assert ds.file.seeds.get("ab" * 10).topic == "team_a/x"


def test_a_split_by_a_field_makes_a_leaf_for_every_legal_value(ds):
    one, two = put(ds, entry("git/commits", 1, "easy"), entry("git/commits", 2, "medium"))
    change = ds.topics.split("git/commits", by="difficulty")
    assert change.created == ["git/commits/easy", "git/commits/medium"]
    assert (places(ds)[one][0], places(ds)[two][0]) == ("git/commits/easy", "git/commits/medium")
    assert change.overlaps["pairs"] == 0
    assert ds.submit(entry("git/commits/easy", 3, "medium"))[0].code == "wrong_schema"
    with pytest.raises(TopicError, match="subtopics already"):
        ds.topics.split("git/commits", by="difficulty")


def test_a_split_by_an_open_field_takes_the_values_that_are_there(ds):
    put(ds, entry("team_a/x", 1, answer="yes/no"), entry("team_a/x", 2, answer="maybe"))
    assert ds.topics.split("team_a/x", by="answer").created == ["team_a/x/yes-no", "team_a/x/maybe"]


def test_entries_without_a_leaf_are_refused_or_rejected(ds):
    one, two = put(ds, entry("team_a/x", 1), entry("team_a/x", 2))
    for way in ("refuse", "review"):
        with pytest.raises(MisfitError, match="not assigned") as caught:
            ds.topics.split("team_a/x", assign={one: "first"}, on_violation=way)
        assert "reject" in caught.value.fix
    change = ds.topics.split("team_a/x", assign={one: "team_a/x/first"}, on_violation="reject")
    assert (change.violations, change.worst[0]["code"]) == (1, "unassigned")
    assert places(ds) == {one: ("team_a/x/first", "accepted"), two: ("team_a/x", "rejected")}


def test_a_split_into_named_topics_goes_by_meaning(ds):
    rows = [
        entry("team_a/x", question="How is bread dough kneaded in a kitchen?", answer="By hand, with flour."),
        entry("team_a/x", question="Which planet orbits closest to the sun?", answer="Mercury does."),
        entry("team_a/x", question="How long does a cake bake in the oven?", answer="Forty minutes."),
    ]
    bread, planet, cake = put(ds, *rows)
    ds.topics.split("team_a/x", into={"cooking": "food, kitchen, baking", "astronomy": "planets, sun and stars"})
    topics = {i: places(ds)[i][0].rpartition("/")[2] for i in (bread, planet, cake)}
    assert topics == {bread: "cooking", planet: "astronomy", cake: "cooking"}
    assert ds.file.topics.get("team_a/x/cooking").description == "food, kitchen, baking"


def test_a_split_that_cannot_be_is_refused(ds):
    put(ds, entry("team_a/x"))
    with pytest.raises(InputError, match="how to split"):
        ds.topics.split("team_a/x", by="answer", into=["a", "b"])
    with pytest.raises(UnknownNameError):
        ds.topics.split("team_a/x", by="anwser")
    with pytest.raises(InputError, match="at least two"):
        ds.topics.split("team_a/x", into=["a"])
    with pytest.raises(TopicError, match="no name"):
        ds.topics.split("team_a/x", into=["a", "b/c"])
    with pytest.raises(NotFoundError):
        ds.topics.split("team_a/x", assign={"0" * 20: "a"})


def test_a_description_is_changed_key_by_key_and_cleared(ds):
    ds.topics.describe("git", description="d", target=4, weight=2, meta={"aspects": ["a"], "note": 1})
    ds.topics.describe("git", meta={"note": None, "more": 2})
    assert ds.file.topics.get("git") == Topic("git", "d", 4, 2.0, {"aspects": ["a"], "more": 2}, is_leaf=False)
    change = ds.topics.describe("git", clear=["target", "meta"])
    assert change.updated == ["git"]
    assert ds.file.topics.get("git") == Topic("git", "d", None, 2.0, {}, is_leaf=False)
    ds.history.undo([change.event])
    assert ds.file.topics.get("git").target == 4


@pytest.mark.parametrize(
    "wrong",
    [
        {"target": -1},
        {"target": True},
        {"target": "3"},
        {"weight": float("inf")},
        {"description": 5},
        {"meta": ["x"]},
        {"meta": {"aspects": "army"}},
        {"meta": {"fields": ["difficulty"]}},
        {"meta": {"on_duplicate": "wran"}},
    ],
)
def test_a_wrong_attribute_is_named(ds, wrong):
    for change in (ds.topics.describe, ds.topics.add):
        with pytest.raises(TopicError) as caught:
            change("git", **wrong)
        assert caught.value.place["field"] in {*wrong, *wrong.get("meta", ())}
    with pytest.raises(UnknownNameError, match="unknown attribute"):
        ds.topics.add("new", descripton="x")
    with pytest.raises(UnknownNameError, match="unknown attribute"):
        ds.topics.describe("git", clear=["name"])


def test_new_rules_are_held_against_the_entries_below(ds):
    put(ds, entry("team_a/x", 1), entry("team_a/x", 2, "hard"))
    with pytest.raises(MisfitError):
        ds.topics.describe("team_a", meta={"fields": {"difficulty": "easy"}})
    assert ds.topics.describe("team_a", meta={"fields": {"difficulty": "easy"}}, on_violation="review").violations == 1
    assert [d.code for d in ds.submit(entry("team_a/x", 3, "hard"))] == ["wrong_schema"]


def test_a_topic_is_shown_with_its_rules_and_counts(ds):
    put(ds, entry("git/commits", 1), entry("git/branches", 2))
    shown = ds.topics.show("git")
    assert (shown["entries"], shown["subtopics"], shown["leaf"]) == (
        {"accepted": 2},
        ["git/commits", "git/branches"],
        False,
    )
    assert ds.topics.show("git/commits")["fields"]["difficulty"]["enum"] == ["easy", "medium"]


def test_counts_below_a_topic_that_is_not_there_are_no_counts(ds):
    put(ds, entry("git/commits", 1))
    assert ds.topics.counts("git") == {"git": {"accepted": 1}, "git/commits": {"accepted": 1}}
    assert ds.topics.counts("git/commits") == {"git/commits": {"accepted": 1}}
    assert ds.topics.counts("git/branches") == {}
    with pytest.raises(UnknownNameError) as caught:
        ds.topics.counts("git/comits")
    assert caught.value.near[0] == "git/commits"


def test_another_handle_that_is_open_sees_the_new_tree(ds):
    put(ds, entry("team_a/x", 1))
    with seedbed.open(ds.path) as other:
        assert other.submit(entry("team_a/x", 2))[0].accepted
        ds.topics.rename("team_a", "team_b")
        assert other.submit(entry("team_a/x", 3))[0].code == "unknown_topic"
        assert other.submit(entry("team_b/x", 3))[0].accepted


def test_an_unknown_way_with_violations_is_refused(ds):
    with pytest.raises(UnknownNameError):
        ds.topics.move("git", "team_a", on_violation="ignore")


def test_thousands_of_topics_are_loaded_and_moved_quickly(ds):
    start = time.process_time()
    ds.topics.load({"big": {f"n{i}": {"x": {}, "y": {}} for i in range(700)}})
    ds.topics.rename("big", "large")
    assert time.process_time() - start < 5  # about 1
    assert len(ds.file.topics.all("large")) == 2101


def test_an_undo_that_would_break_the_tree_leaves_the_event_as_it_is(ds):
    moved = ds.topics.move("team_a/x", "git").event
    ds.topics.remove("team_a")
    added = ds.topics.add("fresh").event
    put(ds, entry("fresh"))
    undone = ds.history.undo([ds.topics.add("TEAM_a/x/deep").event]).event
    put(ds, entry("TEAM_a/x", 2))
    before = paths(ds)
    for attempt, code in (
        (lambda **how: ds.history.undo([moved], **how), "topic_gone"),
        (lambda **how: ds.history.undo([added], **how), "topic_holds_entries"),
        (lambda **how: ds.history.redo([undone], **how), "topic_holds_entries"),
    ):
        with pytest.raises(ConflictError) as caught:
            attempt()
        assert caught.value.conflicts[0]["code"] == code
        attempt(skip_conflicts=True)
        assert paths(ds) == before


def test_a_removal_undone_after_a_rename_comes_back_under_the_new_name(ds):
    (entry_id,) = put(ds, entry("git/branches"))
    event = ds.topics.remove("git/branches", "remove").event
    ds.topics.rename("git", "vcs")
    ds.history.undo([event])
    assert places(ds)[entry_id] == ("vcs/branches", "accepted")


def test_a_rename_is_not_undone_under_subtopics_that_came_since(ds):
    (entry_id,) = put(ds, entry("team-a/x"))
    renamed = ds.topics.rename("team-a", "crew").event
    added = ds.topics.add("crew/new").event
    before = paths(ds)
    with pytest.raises(ConflictError, match="has the subtopic 'crew/new'") as caught:
        ds.history.undo([renamed])
    assert (caught.value.conflicts[0]["code"], caught.value.conflicts[0]["by"]) == ("topic_has_more", added)
    ds.history.undo([renamed], skip_conflicts=True)
    assert paths(ds) == before
    assert ds.reconcile().consistent
    assert ds.next(1)
    ds.history.undo([renamed, added])
    assert places(ds)[entry_id] == ("team-a/x", "accepted")


def test_a_removed_entry_has_a_home_again_that_is_gone_like_itself(ds):
    (entry_id,) = put(ds, entry("git/branches"))
    moved = ds.move([entry_id], "team-a/x")["event"]
    gone = ds.topics.remove("team-a", "remove").event
    undone = ds.history.undo([moved]).event
    ds.history.redo([undone])
    ds.history.undo([gone])
    assert places(ds)[entry_id] == ("team-a/x", "accepted")
    assert ds.reconcile().consistent


def test_a_mistyped_option_writes_nothing(ds):
    before = paths(ds)
    with pytest.raises(TypeError, match="check_only"):
        ds.topics.rename("git", "vcs", check_only=True)
    assert paths(ds) == before
