"""The whole way of a record with a fake model: documents → balanced, checked entries → exported files."""

from __future__ import annotations

import asyncio
import json

import pytest

import seedbed
from seedbed.core.errors import EmbedderMismatchError, InputError, MissingKeyError, UnknownNameError

PAGE = """# Manual

## Branches

A branch is a movable pointer to a commit. Creating a branch copies nothing, so it takes no time at all.
Merging joins two histories. When both changed the same lines, the merge stops with a conflict.

## Remotes

A remote is a name for another copy of the repository. Fetching reads new commits from the remote without merging them.
Pushing sends commits to the remote, and is refused when the remote has commits that the local copy lacks.
"""


@pytest.fixture
def dataset(tmp_path):
    (tmp_path / "manual.md").write_text(PAGE, encoding="utf-8")
    with seedbed.create(tmp_path / "x.db", environ={}) as made:
        made.load_topics({"git": {"branches": "branch and merge", "remotes": "fetch and push"}})
        yield made


def grow(dataset, **options):
    folder = dataset.path.parent
    return dataset.generate("qa", [str(folder / "manual.md")], **{"model": "fake:varied", **options})


def test_a_target_is_met_balanced_and_exported(dataset, tmp_path):
    summary = grow(dataset, target=12)
    assert (summary.status, summary.accepted) == ("done", 12)
    assert [t["accepted"] for t in dataset.report().topics] == [6, 6]
    result = dataset.export(tmp_path / "out", format="chatml", splits="train=0.75,test=0.25")
    rows = [json.loads(line) for line in (tmp_path / "out" / "train.jsonl").read_text().splitlines()]
    assert result.count == 12
    assert [m["role"] for m in rows[0]["messages"]] == ["user", "assistant"]


def test_the_same_request_again_does_nothing_and_more_goes_on(dataset):
    grow(dataset, target=6)
    again = grow(dataset, target=6)
    assert (again.status, again.numbers["calls"]) == ("done", 0)
    assert grow(dataset, target=10).accepted == 10
    assert grow(dataset, add=2).accepted == 12


def test_pairs_per_chunk_are_spread_over_the_chunks(dataset):
    summary = grow(dataset, n_pairs=2)
    assert summary.status == "done"
    _, entries = dataset.entries(limit=100)
    uses = [e.seed_uid for e in entries]
    assert {uses.count(u) for u in uses} == {2}


def test_every_entry_knows_where_it_came_from(dataset):
    grow(dataset, target=2)
    _, entries = dataset.entries(limit=1)
    entry = dataset.show(entries[0].id)
    assert entry.meta["source"].endswith("manual.md")
    assert entry.meta["chunk_id"] == entry.seed_uid
    assert (entry.origin.recipe, entry.origin.model, bool(entry.origin.prompt_version)) == ("qa", "fake:varied", True)
    assert {v.check for v in entry.verdicts} >= {"schema", "rules", "exact_duplicate", "near_duplicate", "grounded"}


@pytest.mark.parametrize(("model", "code"), [("fake:garbage", "reply_not_json"), ("fake:apology", "refusal")])
def test_hopeless_output_ends_as_a_stated_shortfall(dataset, model, code):
    summary = grow(dataset, target=4, model=model, max_attempts=1)
    assert summary.status == "shortfall"
    assert code in summary.numbers["rejected"]
    assert any("given up" in reason for reason in summary.reasons)
    assert summary.to_dict()["missing"] == 4


def test_a_budget_stops_before_it_is_passed_and_the_run_goes_on_later(dataset):
    stopped = grow(dataset, target=10, max_calls=3)
    assert (stopped.status, stopped.numbers["calls"]) == ("budget", 3)
    done = grow(dataset, target=10)
    assert (done.status, done.accepted, done.run_id) == ("done", 10, stopped.run_id)


def test_a_judge_scores_what_passes_the_other_checks(dataset):
    summary = grow(dataset, target=3, judge=True)
    _, entries = dataset.entries(limit=1)
    judged = next(v for v in dataset.show(entries[0].id).verdicts if v.check == "judge")
    assert summary.status == "done"
    assert judged.score is not None


def test_events_tell_every_decision(dataset):
    seen = []

    class Watch:
        def event(self, name, data):
            seen.append((name, data))

    grow(dataset, target=4, observers=[Watch()])
    accepted = [d for n, d in seen if n == "candidate" and d["state"] == "accepted"]
    assert len(accepted) == 4
    assert seen[-1][0] == "finished"


def test_it_works_from_async_code(dataset):
    async def run():
        return await dataset.agenerate("instruct", target=2, model="fake:varied")

    assert asyncio.run(run()).status == "done"


@pytest.mark.parametrize(
    ("options", "error"),
    [
        ({"target": 1, "add": 1}, InputError),
        ({"target": 1, "model": "openai:gpt-5-mini"}, MissingKeyError),
        ({"target": 1, "model": "opnai:x"}, UnknownNameError),
        ({"target": 1, "topic": "git/branchs"}, UnknownNameError),
        ({"targett": 1}, InputError),
        ({}, InputError),
    ],
)
def test_wrong_requests_are_refused_before_anything_is_asked(dataset, options, error):
    with pytest.raises(error):
        grow(dataset, **options)


def test_another_embedder_is_refused_until_the_file_is_embedded_anew(dataset):
    grow(dataset, target=3)
    with dataset.file.write():
        dataset.file.vectors.replace(
            "other@1", 4, 0.9, [(r, bytes(8)) for r in dataset.file.vectors.load()[0].tolist()]
        )
    path = dataset.path
    with seedbed.open(path, environ={}) as again:
        with pytest.raises(EmbedderMismatchError, match="other@1") as caught:
            again.similar(["What is a branch?"], topic="git/branches")
        assert "seedbed reembed" in caught.value.fix
        assert again.reembed("static") == 3
        assert again.similar(["What is a branch?"], topic="git/branches")


def test_a_topic_that_narrows_a_field_has_no_impossible_cells(tmp_path):
    (tmp_path / "seedbed.yaml").write_text("kinds: {qa: {balance: [difficulty]}}\n")
    with seedbed.create(tmp_path, environ={}) as made:
        made.load_topics({"a": {"_fields": {"difficulty": ["easy"]}}, "b": {}})
        assert [(c["topic"], c["cell"]) for c in made.report().cells] == [
            ("a", "difficulty=easy"),
            ("b", "difficulty=easy"),
            ("b", "difficulty=medium"),
            ("b", "difficulty=hard"),
        ]
        [refused] = made.submit({"question": "What is a?", "answer": "A letter.", "difficulty": "hard"}, topic="a")
        assert refused.code == "wrong_schema"


def test_the_projects_own_tree_is_loaded_into_an_empty_dataset(tmp_path):
    (tmp_path / "seedbed.yaml").write_text("kind: instruction\ntopics: tree.json\n")
    (tmp_path / "tree.json").write_text(json.dumps({"a": {}, "b": {}}))
    with seedbed.create(tmp_path, environ={}) as made:
        assert made.generate("instruct", target=2, model="fake:varied").status == "done"
        assert [t["topic"] for t in made.report().topics] == ["a", "b"]
