"""Leases: granted, found, renewed, fulfilled, and counted with everything else that is on its way."""

from __future__ import annotations

from typing import Any

import pytest

from seedbed.core.records import State
from seedbed.store import DatasetFile, NewJob
from seedbed.store.leases import LeaseRow
from testkit.stored import Clock, new_entry

PLACE = ("rome/republic", "qa", "level=easy")
OTHER = ("greece", "qa", "")


def grant(file: DatasetFile, place: tuple[str, str, str] = PLACE, n: int = 1, **options: Any) -> LeaseRow:
    given = {"owner": "agent:a", "session": None, "coordinates": {}, "ttl_s": 60.0} | options
    return file.leases.grant(place, {"level": "easy"}, n, **given)


def fulfil(file: DatasetFile, *places: tuple[str, str, str], **options: Any) -> int:
    with file.write():
        return file.leases.fulfil(places, **({"owner": "agent:a"} | options))


def test_a_lease_comes_back_as_it_was_granted(file: DatasetFile, clock: Clock) -> None:
    row = grant(file, n=3, session="s\ud800", coordinates={"aspect": "law"})
    assert file.leases.live() == [row]
    assert (row.values, row.given, row.created_at, row.lease_until) == ({"level": "easy"}, 0, clock.now, clock.now + 60)
    assert len(row.id) == 20


def test_leases_are_of_an_owner_and_a_session(file: DatasetFile) -> None:
    mine = grant(file, session="monday")
    grant(file, owner="agent:b")
    assert file.leases.live(owner="agent:a") == file.leases.live(session="monday") == [mine]
    assert file.leases.live(owner="agent:b", session="monday") == []


def test_one_that_ran_out_promises_nothing_and_cannot_be_renewed(file: DatasetFile, clock: Clock) -> None:
    row = grant(file)
    clock.now += 60
    assert file.leases.live() == []
    assert file.leases.promised("qa") == {}
    assert file.leases.renew([row.id], 60) == file.leases.give_back([row.id]) == []
    assert fulfil(file, PLACE) == 0
    grant(file)
    assert file.value("SELECT count(*) FROM lease") == 1  # the dead row went with the new one


def test_renewing_counts_from_now(file: DatasetFile, clock: Clock) -> None:
    row = grant(file)
    clock.now += 59
    assert file.leases.renew([row.id, row.id, "ab" * 10], 100) == [row.id]
    assert file.leases.live()[0].lease_until == clock.now + 100


def test_what_is_given_back_is_free_at_once(file: DatasetFile) -> None:
    row, kept = grant(file), grant(file, OTHER)
    assert file.leases.give_back([row.id, "ab" * 10]) == [row.id]
    assert file.leases.live() == [kept]


def test_entries_fulfil_the_oldest_leases_on_their_cell(file: DatasetFile) -> None:
    grant(file, n=1)
    second = grant(file, n=2)
    assert fulfil(file, PLACE, PLACE, OTHER) == 2
    assert [(row.id, row.given) for row in file.leases.live()] == [(second.id, 1)]
    assert fulfil(file, PLACE, PLACE) == 1
    assert file.leases.live() == []


def test_only_the_owners_own_leases_are_fulfilled(file: DatasetFile) -> None:
    row = grant(file)
    assert fulfil(file, PLACE, owner="agent:b") == 0
    assert fulfil(file, PLACE, owner="agent:b", lease=row.id) == 1  # it was handed on


def test_a_session_leaves_leases_of_another_one_alone(file: DatasetFile) -> None:
    monday, anywhere = grant(file, session="monday"), grant(file)
    assert fulfil(file, PLACE, PLACE, session="tuesday") == 1
    assert file.leases.live() == [monday]
    assert anywhere.session is None
    assert fulfil(file, PLACE, session="monday") == 1


def test_a_lease_that_is_named_is_fulfilled_by_its_own_cell_alone(file: DatasetFile) -> None:
    first, second = grant(file), grant(file)
    assert fulfil(file, OTHER, lease=second.id) == 0
    assert fulfil(file, PLACE, lease=second.id) == 1
    assert file.leases.live() == [first]
    assert fulfil(file, PLACE, lease="ab" * 10) == 0


def test_what_entries_brought_is_counted_for_their_aspect(file: DatasetFile) -> None:
    file.steering.add_coordinates(PLACE[0], "aspect", ["law"], "user")
    grant(file, n=2, coordinates={"aspect": "law"})
    fulfil(file, PLACE, PLACE)
    (aspect,) = file.steering.coordinates(PLACE[0])
    assert (aspect.uses, aspect.accepted) == (0, 2)


@pytest.mark.parametrize("owner", ["agent:\ud800", "x" * 1000, "'; --"])
def test_any_name_owns(file: DatasetFile, owner: str) -> None:
    row = grant(file, owner=owner)
    assert file.leases.live(owner=owner) == [row]


def test_leases_jobs_and_entries_in_review_are_on_their_way(file: DatasetFile) -> None:
    grant(file, n=3)
    fulfil(file, PLACE)
    with file.write():
        file.entries.insert([new_entry(1, state=State.PENDING), new_entry(2), new_entry(3, kind="cot")])
        run = file.runs.start(b"k", "qa", {}, {})
        job = NewJob("qa", "qa", "greece", b"j", n=5)
        file.jobs.plan(run.id, [job])
    assert file.leases.promised("qa") == {PLACE[:1] + PLACE[2:]: 2, ("rome/republic", ""): 1}
    assert file.leases.promised("qa", run_id=run.id)["greece", ""] == 5
    file.jobs.lease(run.id, 1, owner="me", ttl_s=60)
    assert file.leases.promised("qa")["greece", ""] == 5
    assert file.leases.promised("cot") == {}
