from __future__ import annotations

import os
import subprocess
import sys
import threading

import pytest

from seedbed.core.errors import InputError, NotFoundError, TopicError
from seedbed.core.records import Seed
from seedbed.store import DatasetFile, NewJob
from testkit.stored import Clock


@pytest.fixture
def run(file: DatasetFile) -> int:
    return file.runs.start(b"run", "qa", {}, {}).id


def new_job(number: int, **changes: object) -> NewJob:
    values: dict[str, object] = {"recipe": "qa", "kind": "qa", "topic": "greece", "key": b"%d" % number}
    return NewJob(**(values | changes))  # type: ignore[arg-type]


def test_a_job_comes_back_as_it_was_planned(file: DatasetFile, run: int) -> None:
    file.seeds.add([Seed("5e" * 10, "a.md", "text")])
    planned = new_job(
        1, cell="form=why", values={"form": "why", "level": 2}, seed_uid="5e" * 10, n=3, strategy="coverage",
        coordinates={"aspect": "half \ud800"}, sample=7,
    )  # fmt: skip
    (job_id,) = file.jobs.plan(run, [planned])
    job = file.jobs.get(job_id)
    assert job is not None
    for name in ("recipe", "kind", "topic", "cell", "values", "seed_uid", "n", "strategy", "coordinates", "sample"):
        assert getattr(job, name) == getattr(planned, name), name
    assert (job.run_id, job.status, job.owner) == (run, "planned", None)
    assert file.jobs.get(999) is None


def test_planning_the_same_key_twice_makes_one_job(file: DatasetFile, run: int) -> None:
    first = file.jobs.plan(run, [new_job(1), new_job(2)])
    assert file.jobs.plan(run, [new_job(2), new_job(3)])[0] == first[1]
    assert file.jobs.counts(run) == {"planned": 3}
    other = file.runs.start(b"other", "qa", {}, {}).id
    assert file.jobs.plan(other, [new_job(1)])[0] not in first


def test_what_a_job_needs_must_be_there(file: DatasetFile, run: int) -> None:
    with pytest.raises(NotFoundError):
        file.jobs.plan(run, [new_job(1), new_job(2, seed_uid="ff" * 10)])
    with pytest.raises(TopicError):
        file.jobs.plan(run, [new_job(1, topic="rome")])
    assert file.jobs.counts(run) == {}


def test_a_lease_is_for_one_owner_until_it_runs_out(file: DatasetFile, run: int, clock: Clock) -> None:
    ids = file.jobs.plan(run, [new_job(i) for i in range(3)])
    leased = file.jobs.lease(run, 2, owner="a", ttl_s=60)
    assert [(j.id, j.status, j.owner, j.lease_until) for j in leased] == [
        (i, "leased", "a", clock.now + 60) for i in ids[:2]
    ]
    assert [j.id for j in file.jobs.lease(run, 5, owner="b", ttl_s=60)] == ids[2:]
    assert file.jobs.lease(run, 5, owner="c", ttl_s=60) == []
    clock.now += 30
    assert file.jobs.renew(ids, 60, owner="b") == 1
    clock.now += 30
    assert [j.id for j in file.jobs.lease(run, 5, owner="c", ttl_s=60)] == ids[:2]


def test_released_and_finished_jobs(file: DatasetFile, run: int) -> None:
    ids = file.jobs.plan(run, [new_job(i) for i in range(3)])
    file.jobs.lease(run, 3, owner="a", ttl_s=60)
    assert file.jobs.release(ids[:1]) == 1
    file.jobs.finish(ids[1], "done", accepted=2, rejected=1, attempts=3)
    file.jobs.finish(ids[2], "failed", accepted=0, rejected=0, attempts=1, error={"error": "timeout"})
    assert file.jobs.release(ids) == 0
    assert file.jobs.counts(run) == {"planned": 1, "done": 1, "failed": 1}
    done, failed = file.jobs.get(ids[1]), file.jobs.get(ids[2])
    assert done is not None
    assert failed is not None
    assert (done.accepted, done.rejected, done.attempts, done.error, done.owner) == (2, 1, 3, None, None)
    assert failed.error == {"error": "timeout"}
    assert [j.id for j in file.jobs.lease(run, 9, owner="b", ttl_s=60)] == ids[:1]


def test_results_of_two_owners_add_up(file: DatasetFile, run: int) -> None:
    (job_id,) = file.jobs.plan(run, [new_job(1)])
    for _ in range(2):
        file.jobs.finish(job_id, "done", accepted=1, rejected=2, attempts=1)
    job = file.jobs.get(job_id)
    assert job is not None
    assert (job.accepted, job.rejected, job.attempts) == (2, 4, 2)


def test_a_job_ends_in_one_of_two_ways(file: DatasetFile, run: int) -> None:
    (job_id,) = file.jobs.plan(run, [new_job(1)])
    with pytest.raises(InputError):
        file.jobs.finish(job_id, "planned", accepted=0, rejected=0, attempts=0)


def test_connections_never_share_a_job(file: DatasetFile, run: int) -> None:
    file.jobs.plan(run, [new_job(i) for i in range(60)])
    got: list[list[int]] = []

    def work(owner: str) -> None:
        with DatasetFile.open(file.path) as own:
            mine: list[int] = []
            while jobs := own.jobs.lease(run, 3, owner=owner, ttl_s=1e12):
                mine += [j.id for j in jobs]
            got.append(mine)

    threads = [threading.Thread(target=work, args=(f"owner {n}",)) for n in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    leased = [i for mine in got for i in mine]
    assert len(leased) == len(set(leased)) == 60


# -- outstanding -----------------------------------------------------------------------------------------------


def test_outstanding_counts_what_living_runs_may_still_bring(file: DatasetFile, run: int, clock: Clock) -> None:
    file.jobs.plan(run, [new_job(1, n=2, cell="a"), new_job(2, n=3, cell="a"), new_job(3, kind="other")])
    assert file.jobs.outstanding() == {}
    assert file.jobs.outstanding("qa", run_id=run) == {("greece", "a"): 5}
    (job,) = file.jobs.lease(run, 1, owner="a", ttl_s=60)
    assert file.jobs.outstanding() == {("greece", "a"): 5, ("greece", ""): 1}
    assert file.jobs.outstanding("qa") == {("greece", "a"): 5}
    assert file.jobs.outstanding("nothing") == {}
    clock.now += 60
    assert file.jobs.outstanding() == {}
    file.jobs.renew([job.id], 60)
    file.jobs.finish(job.id, "done", accepted=0, rejected=0, attempts=1)
    assert file.jobs.outstanding("qa", run_id=run) == {("greece", "a"): 3}


def test_leases_of_processes_that_are_gone_are_taken_back(file: DatasetFile, run: int) -> None:
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    me = f"host:{os.getpid()}:x"
    owners = [f"host:{gone.pid}:t", f"host:{os.getppid()}:t", f"elsewhere:{gone.pid}:t", "no pid", "host:x:t", me]
    file.jobs.plan(run, [new_job(i) for i in range(len(owners))])
    for owner in owners:
        file.jobs.lease(run, 1, owner=owner, ttl_s=60)
    expected = 0 if sys.platform == "win32" else 1
    assert file.jobs.release_dead(me) == expected
    assert [j.id for j in file.jobs.lease(run, 9, owner=me, ttl_s=60)] == [1][:expected]


def test_samples_are_new_over_all_runs(file: DatasetFile, run: int) -> None:
    assert file.jobs.next_sample() == 1
    file.jobs.plan(run, [new_job(1, sample=4), new_job(2, sample=9)])
    assert file.jobs.next_sample() == 10
