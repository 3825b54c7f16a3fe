from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from seedbed.core.errors import InputError, NotFoundError, StoreError, TopicError, UnknownNameError
from seedbed.core.records import Origin, Outcome, Seed, State, Topic, Verdict
from seedbed.store import CellCount, DatasetFile, EntryFilter, NewEntry, NewJob
from testkit.stored import Clock, make_file, new_entry, passing, rejected, set_state


def test_an_entry_comes_back_as_it_was_put(file: DatasetFile) -> None:
    file.seeds.add([Seed("5e" * 10, "a.md", "text")])
    run = file.runs.start(b"k", "qa", {}, {})
    (job,) = file.jobs.plan(run.id, [NewJob("qa", "qa", "greece", b"j")])
    verdicts = (
        passing("schema"),
        Verdict("judge", "2", Outcome.UNSCORED, None, 6.0, "no number", "unreadable", {"reply": "?"}),
        passing("schema", score=1.0),
    )
    new = new_entry(
        1, topic="greece", cell="form=why", raw={"Q": 1}, meta={"chunk_id": 3}, seed_uid="5e" * 10, run_id=run.id,
        job_id=job, verdicts=verdicts, created_at=12.5, origin=Origin("generate", "qa", "1", model="fake:x"),
    )  # fmt: skip
    file.entries.insert([new])
    entry = file.entries.get(new.id)
    for name in ("id", "topic", "kind", "content", "state", "cell", "raw", "meta", "origin", "seed_uid", "run_id",
                 "job_id", "created_at", "verdicts"):  # fmt: skip
        assert getattr(entry, name) == getattr(new, name), name


def test_the_clock_dates_what_is_not_dated(file: DatasetFile, clock: Clock) -> None:
    file.entries.insert([new_entry(1)])
    assert file.entries.get(new_entry(1).id).created_at == clock.now


HOSTILE = 'nul \x00, half \ud83d, escape \x1b[31m, é, \u2028, quote " and \\ud800'


def test_hostile_text_survives_everywhere(file: DatasetFile) -> None:
    failing = Verdict("rules", "1", Outcome.FAIL, reason=HOSTILE, code=HOSTILE, evidence={HOSTILE: HOSTILE})
    new = new_entry(
        1, content={"question": HOSTILE}, raw=HOSTILE, meta={"a": HOSTILE}, cell=HOSTILE, verdicts=[failing],
        origin=Origin("submit", actor=HOSTILE), state=State.REJECTED,
    )  # fmt: skip
    file.entries.insert([new])
    entry = file.entries.get(new.id)
    assert (entry.content, entry.raw, entry.meta, entry.cell) == (new.content, HOSTILE, new.meta, HOSTILE)
    assert (entry.verdicts, entry.origin) == ((failing,), new.origin)
    assert [c.cell for c in file.entries.counts()] == [HOSTILE]
    assert file.entries.rejections() == [("rules", HOSTILE, 1)]


def test_two_megabytes_are_kept(file: DatasetFile) -> None:
    new = new_entry(1, content={"text": "é" * 1_000_000})
    file.entries.insert([new])
    assert file.entries.get(new.id).content == new.content


def test_row_ids_grow_in_the_order_given_and_are_never_used_again(file: DatasetFile) -> None:
    first = file.entries.insert([new_entry(1), new_entry(2)])
    assert [file.entries.by_rowids([r])[r].id for r in first] == [new_entry(1).id, new_entry(2).id]
    with file.write():
        file.execute("DELETE FROM entry")
    assert file.entries.max_rowid() == 0
    assert file.entries.insert([new_entry(3)])[0] > max(first)
    assert file.entries.insert([]) == []


def test_a_batch_is_all_or_nothing(file: DatasetFile) -> None:
    file.entries.insert([new_entry(1)])
    with pytest.raises(StoreError) as caught:
        file.entries.insert([new_entry(2), new_entry(1)])
    assert caught.value.stable_code == "conflict"
    assert file.entries.count() == 1
    assert [c.n for c in file.entries.counts()] == [1]


def test_entries_need_a_leaf_that_exists(file: DatasetFile) -> None:
    with pytest.raises(UnknownNameError):
        file.entries.insert([new_entry(1, topic="nowhere")])
    with pytest.raises(TopicError, match="leaf"):
        file.entries.insert([new_entry(1, topic="rome")])


def test_a_leaf_stops_being_one(file: DatasetFile) -> None:
    file.entries.insert([new_entry(1)])
    file.topics.add(Topic("greece/athens"))
    with pytest.raises(TopicError):
        file.entries.insert([new_entry(2, topic="greece")])


def test_a_seed_that_is_not_there_is_an_error(file: DatasetFile) -> None:
    with pytest.raises(NotFoundError, match="no seed"):
        file.entries.insert([new_entry(1, seed_uid="5e" * 10)])


def test_vectors_fit_the_embedder(file: DatasetFile) -> None:
    with pytest.raises(StoreError, match="6 bytes"):
        file.entries.insert([new_entry(1, vector=b"\x00" * 6)])
    assert file.entries.count() == 0


def test_vectors_need_an_embedder(tmp_path: Path) -> None:
    with DatasetFile.create(tmp_path / "a.db") as file:
        file.topics.add(Topic("a"))
        with pytest.raises(StoreError) as caught:
            file.entries.insert([new_entry(1, topic="a", vector=b"\x00" * 8)])
    assert caught.value.stable_code == "no_embedder"


# -- finding ---------------------------------------------------------------------------------------------------


def with_ids(*ids: str) -> list[NewEntry]:
    return [new_entry(i, id=uid) for i, uid in enumerate(ids)]


def test_a_unique_prefix_is_enough(file: DatasetFile) -> None:
    one, two = "abcdef0" + "0" * 13, "abcdef1" + "0" * 13
    file.entries.insert(with_ids(one, two))
    assert file.entries.get("abcdef0").id == one
    assert file.entries.get(two.upper()).id == two
    with pytest.raises(InputError) as caught:
        file.entries.get("abcdef")
    assert caught.value.stable_code == "ambiguous_id"
    assert one in (caught.value.fix or "")


@pytest.mark.parametrize("prefix", ["", "abcde"])
def test_a_short_prefix_is_refused(file: DatasetFile, prefix: str) -> None:
    with pytest.raises(InputError, match="too short"):
        file.entries.get(prefix)


@pytest.mark.parametrize("prefix", ["ffffffff", "nothexadecimal", "\ud800", "f" * 20, "f" * 21, "%", "g" * 20])
def test_what_no_id_begins_with_is_not_found(file: DatasetFile, prefix: str) -> None:
    file.entries.insert([new_entry(1)])
    with pytest.raises(NotFoundError):
        file.entries.get(prefix)


def test_an_exact_duplicate_is_found_by_hash_and_kind(file: DatasetFile) -> None:
    new = new_entry(7)
    file.entries.insert([new, rejected(8, text_hash=b"rejected")])
    assert file.entries.find_exact(new.text_hash or b"", "qa") == new.id
    assert file.entries.find_exact(new.text_hash or b"", "instruction") is None
    assert file.entries.find_exact(b"rejected", "qa") is None
    assert file.entries.exists(new.id)
    assert not file.entries.exists("ff" * 10)


def test_many_row_ids_at_once(file: DatasetFile) -> None:
    rowids = file.entries.insert([new_entry(i) for i in range(1200)])
    found = file.entries.by_rowids([*rowids, 99_999])
    assert sorted(found) == rowids
    assert found[rowids[5]].verdicts == ()
    assert len(file.entries.by_rowids(rowids[:2], verdicts=True)[rowids[0]].verdicts) == 2


def test_an_id_given_up_by_a_rejected_entry_may_come_again(file: DatasetFile) -> None:
    new = new_entry(1)
    file.entries.insert([new])
    set_state(file, [new.id], State.REJECTED)
    file.entries.insert([new])
    assert file.entries.get(new.id).state is State.ACCEPTED
    assert file.entries.count(EntryFilter(states=(State.REJECTED,))) == 1


def test_states_change_and_are_counted(file: DatasetFile) -> None:
    rows = [new_entry(i) for i in range(3)]
    file.entries.insert(rows)
    assert set_state(file, [rows[0].id, rows[1].id, "ff" * 10], State.APPROVED) == 2
    assert file.meta.get("vector_epoch") is None
    assert set_state(file, [rows[0].id], State.REJECTED) == 1
    assert file.meta.get("vector_epoch") == 1
    assert {c.state: c.n for c in file.entries.counts()} == {
        State.ACCEPTED: 1, State.APPROVED: 1, State.REJECTED: 1,
    }  # fmt: skip


# -- listing ---------------------------------------------------------------------------------------------------


@pytest.fixture
def listed(file: DatasetFile) -> DatasetFile:
    run = file.runs.start(b"k", "qa", {}, {})
    file.seeds.add([Seed("5e" * 10, "a.md", "text")])
    file.entries.insert(
        [
            new_entry(1, content={"question": "Who led ROME?"}),
            new_entry(2, topic="greece", kind="instruction", content={"text": 'a "quoted" é\nline'}),
            new_entry(3, topic="rome/empire", state=State.PENDING, run_id=run.id, seed_uid="5e" * 10),
            rejected(4, run_id=run.id),
            rejected(5, topic="greece", verdicts=[Verdict("rules", "1", Outcome.FAIL, reason="no code")]),
        ]
    )
    return file


@pytest.mark.parametrize(
    ("wanted", "numbers"),
    [
        (EntryFilter(), [5, 4, 3, 2, 1]),
        (EntryFilter(order="oldest"), [1, 2, 3, 4, 5]),
        (EntryFilter(root="rome"), [4, 3, 1]),
        (EntryFilter(root="rome/republic"), [4, 1]),
        (EntryFilter(root="nowhere"), []),
        (EntryFilter(kind="instruction"), [2]),
        (EntryFilter(kind="nothing"), []),
        (EntryFilter(states=(State.ACCEPTED, State.PENDING)), [3, 2, 1]),
        (EntryFilter(run_id=1), [4, 3]),
        (EntryFilter(seed_uid="5e" * 10), [3]),
        (EntryFilter(code="near_duplicate"), [4]),
        (EntryFilter(code="rules"), [5]),
        (EntryFilter(text="rome"), [1]),
        (EntryFilter(text="question"), []),
        (EntryFilter(text='"QUOTED" É\nline'), [2]),
        (EntryFilter(text="%"), []),
        (EntryFilter(root="rome", text="what is 3", states=(State.PENDING,)), [3]),
    ],
)
def test_filters(listed: DatasetFile, wanted: EntryFilter, numbers: list[int]) -> None:
    assert [e.id for e in listed.entries.page(wanted)] == [new_entry(n).id for n in numbers]
    assert listed.entries.count(wanted) == len(numbers)
    assert {e.id for e in listed.entries.stream(wanted)} == {new_entry(n).id for n in numbers}


def test_pages_follow_one_another(listed: DatasetFile) -> None:
    pages = [listed.entries.page(limit=2, offset=o) for o in (0, 2, 4, 6)]
    assert [len(p) for p in pages] == [2, 2, 1, 0]
    assert len({e.id for p in pages for e in p}) == 5
    assert pages[0][0].verdicts == ()
    assert listed.entries.page(limit=1, verdicts=True)[0].verdicts[0].reason == "no code"


def test_a_stream_is_sorted_by_topic_and_id_whatever_the_batch(listed: DatasetFile) -> None:
    entries = list(listed.entries.stream(batch=2, verdicts=True))
    assert [(e.topic, e.id) for e in entries] == sorted((e.topic, e.id) for e in entries)
    assert len(entries) == 5
    assert all(e.verdicts for e in entries)


def test_a_stream_shows_one_moment(listed: DatasetFile) -> None:
    stream = listed.entries.stream(batch=1)
    next(stream)
    listed.entries.insert([new_entry(9, topic="rome/republic")])
    set_state(listed, [new_entry(1).id], State.REJECTED)
    rest = list(stream)
    assert len(rest) == 4
    assert {e.id: e.state for e in rest}[new_entry(1).id] is State.ACCEPTED


# -- counting --------------------------------------------------------------------------------------------------


def test_counts_by_topic_and_kind(listed: DatasetFile) -> None:
    assert listed.entries.counts("greece") == [
        CellCount("greece", "instruction", "", State.ACCEPTED, 1),
        CellCount("greece", "qa", "", State.REJECTED, 1),
    ]
    assert listed.entries.counts(kind="instruction") == [CellCount("greece", "instruction", "", State.ACCEPTED, 1)]


def test_rejections_say_which_check_and_why(listed: DatasetFile) -> None:
    assert listed.entries.rejections() == [("near_duplicate", "near_duplicate", 1), ("rules", "rules", 1)]
    assert listed.entries.rejections(run_id=1) == [("near_duplicate", "near_duplicate", 1)]
    assert listed.entries.rejections(root="greece") == [("rules", "rules", 1)]


def test_the_same_check_under_other_thresholds_is_one_reason(file: DatasetFile) -> None:
    failing = rejected(1).verdicts[1]
    other = replace(failing, threshold=0.8, version="2")
    file.entries.insert([rejected(1), rejected(2, verdicts=[other])])
    assert file.entries.rejections() == [("near_duplicate", "near_duplicate", 2)]


# -- size ------------------------------------------------------------------------------------------------------


def test_an_entry_takes_at_most_1300_bytes(tmp_path: Path) -> None:
    content = {"question": "q" * 120, "answer": "a" * 320, "difficulty": "hard"}
    while len(json.dumps(content)) < 480:
        content["answer"] += "."
    checks = ("schema", "rules", "exact", "near", "grounded", "language", "judge", "topic")
    verdicts = [passing(c, score=0.123456 + i, threshold=0.5) for i, c in enumerate(checks)]
    with make_file(tmp_path) as file:
        file.vectors.replace("static@1", 128, 0.9, [])
        seeds = [Seed(f"{i:020x}", "a.md", "text") for i in range(200)]
        file.seeds.add(seeds)
        run = file.runs.start(b"k", "qa", {}, {})
        jobs = file.jobs.plan(run.id, [NewJob("qa", "qa", "greece", b"%d" % i) for i in range(10)])
        bare = file.value("PRAGMA page_count")
        file.entries.insert(
            [
                new_entry(
                    i, content=content, topic="greece", cell="difficulty=hard", vector=bytes(256), run_id=run.id,
                    job_id=jobs[i % 10], seed_uid=seeds[i % 200].uid, verdicts=verdicts, meta={"chunk_id": i},
                )
                for i in range(2000)
            ]
        )  # fmt: skip
        size = (file.value("PRAGMA page_count") - bare) * file.value("PRAGMA page_size") / 2000
    assert size <= 1300
