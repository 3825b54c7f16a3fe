from __future__ import annotations

import pytest

from seedbed.core.errors import NotFoundError, UnknownNameError
from seedbed.core.records import Seed
from seedbed.store import DatasetFile, NewJob


def seed(number: int, source: str = "a.md", **changes: object) -> Seed:
    return Seed(f"{number:020x}", source, f"text {number}", position=number, **changes)  # type: ignore[arg-type]


def test_a_seed_comes_back_as_it_was_put(file: DatasetFile) -> None:
    hostile = Seed("any id", "b\ud800.md", "nul \x00 half \ud83d", ("A", "B"), 3, {"page": 7}, "greece")
    assert file.seeds.add([hostile]) == 1
    assert file.seeds.get("any id") == hostile


def test_adding_again_keeps_order_and_takes_the_topic_given_now(file: DatasetFile) -> None:
    assert file.seeds.add([seed(2), seed(1, topic="greece")]) == 2
    assert file.seeds.add([seed(1), seed(2, topic="rome/empire"), seed(3)]) == 1
    assert [(s.position, s.topic) for s in file.seeds.page()] == [(2, "rome/empire"), (1, "greece"), (3, None)]


def test_seeds_are_counted_and_listed_by_topic_and_source(file: DatasetFile) -> None:
    file.seeds.add([seed(1, topic="rome/republic"), seed(2, "b.md", topic="rome/empire"), seed(3, "b.md")])
    assert (file.seeds.count(), file.seeds.count(root="rome"), file.seeds.count("greece")) == (3, 2, 0)
    assert [s.position for s in file.seeds.page(root="rome")] == [1, 2]
    assert [s.position for s in file.seeds.page(source="b.md", offset=1)] == [3]


def test_seeds_are_assigned_later(file: DatasetFile) -> None:
    file.seeds.add([seed(1), seed(2)])
    assert file.seeds.assign({seed(1).uid: "greece", "ff" * 10: "greece"}) == 1
    assert [s.topic for s in file.seeds.page()] == ["greece", None]


def test_unknown_seeds_and_topics_are_errors(file: DatasetFile) -> None:
    with pytest.raises(NotFoundError):
        file.seeds.get("ff" * 10)
    with pytest.raises(UnknownNameError):
        file.seeds.add([seed(1, topic="nowhere")])
    assert file.seeds.count() == 0


def plan(file: DatasetFile, number: int, *, accepted: int = 0, recipe: str = "qa") -> None:
    run = file.runs.start(b"k", "qa", {}, {})
    key = f"{number}/{recipe}/{file.value('SELECT count(*) FROM job')}".encode()
    (job,) = file.jobs.plan(run.id, [NewJob(recipe, "qa", "greece", key, seed_uid=seed(number).uid)])
    file.jobs.finish(job, "done", accepted=accepted, rejected=0, attempts=1)


def test_sources_take_turns_and_used_seeds_come_last(file: DatasetFile) -> None:
    seeds = [seed(i, source, topic="greece") for i, source in enumerate(["a", "a", "a", "b", "b", "c"])]
    file.seeds.add([*seeds, seed(9, "d", topic="rome/empire")])
    plan(file, 0, accepted=2)
    plan(file, 0, accepted=1)
    plan(file, 3, recipe="other")
    uses = file.seeds.uses("greece", recipe="qa", kind="qa")
    assert [int(uid, 16) for uid, _, _ in uses] == [0, 3, 5, 1, 4, 2]
    assert uses[0][1:] == (2, 3)
    assert [s.position for s in file.seeds.least_used("qa", "qa", "greece", 3)] == [3, 5, 1]
    assert [s.position for s in file.seeds.least_used("qa", "qa", "greece", 99)][-1] == 0
