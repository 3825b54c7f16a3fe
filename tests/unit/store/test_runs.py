from __future__ import annotations

import pytest

from seedbed.core.errors import NotFoundError
from seedbed.store import DatasetFile
from testkit.stored import Clock


def test_a_run_comes_back_as_it_was_started(file: DatasetFile, clock: Clock) -> None:
    run = file.runs.start(b"key", "qa", {"goal": 10}, {"writer": "fake:x"})
    assert (run.key, run.recipe, run.options, run.models) == (b"key", "qa", {"goal": 10}, {"writer": "fake:x"})
    assert (run.status, run.started_at, run.finished_at, run.continued) == ("running", clock.now, None, False)
    assert file.runs.get(run.id) == run


@pytest.mark.parametrize("status", ["running", "interrupted", "budget", "failed"])
def test_an_unfinished_run_is_continued_with_what_it_began_with(file: DatasetFile, status: str) -> None:
    first = file.runs.start(b"key", "qa", {"goal": 10}, {})
    file.runs.finish(first.id, status, {"accepted": 3})
    again = file.runs.start(b"key", "qa", {"goal": 99}, {})
    assert (again.id, again.options, again.status, again.continued) == (first.id, {"goal": 10}, "running", True)
    assert again.summary is None


def test_a_finished_run_and_another_key_begin_anew(file: DatasetFile, clock: Clock) -> None:
    first = file.runs.start(b"key", "qa", {}, {})
    clock.now += 5
    file.runs.finish(first.id, "done", {"accepted": 3})
    done = file.runs.get(first.id)
    assert (done.status, done.finished_at, done.summary) == ("done", clock.now, {"accepted": 3})
    second = file.runs.start(b"key", "qa", {}, {})
    third = file.runs.start(b"other", "qa", {}, {})
    assert len({first.id, second.id, third.id}) == 3
    assert [r.id for r in file.runs.list()] == [third.id, second.id, first.id]
    assert [r.id for r in file.runs.list(limit=1, offset=1)] == [second.id]
    assert file.runs.latest() == third


def test_no_run_yet(file: DatasetFile) -> None:
    assert file.runs.latest() is None
    with pytest.raises(NotFoundError):
        file.runs.get(1)
