from __future__ import annotations

from dataclasses import replace

import pytest

from seedbed.core.errors import StoreError
from seedbed.core.records import Usage
from seedbed.store import CallRow, DatasetFile
from testkit.stored import Clock

CALL = CallRow(
    key=b"key", role="writer", endpoint="fake", model="x", text="nul \x00 half \ud83d", finish="length", rung="json",
    prompt_tokens=10, completion_tokens=5, cached_tokens=4, reasoning_tokens=3, cost_usd=0.25, latency_s=1.5,
    created_at=12.5, tool_calls=({"id": "1", "name": "f", "arguments": {"a": "\ud800"}},), reasoning="so\ud800",
)  # fmt: skip


def test_a_call_comes_back_as_it_was_put(file: DatasetFile) -> None:
    assert file.calls.get(b"key") is None
    assert file.calls.put([CALL]) == 1
    assert file.calls.get(b"key") == CALL


def test_the_first_answer_stays(file: DatasetFile) -> None:
    assert file.calls.put([CALL, replace(CALL, text="second")]) == 1
    assert file.calls.put([replace(CALL, text="third")]) == 0
    assert file.calls.get(b"key") == CALL


def test_failures_are_kept_and_never_taken_for_answers(file: DatasetFile) -> None:
    failed = replace(CALL, error="timeout", text="", cost_usd=None)
    assert file.calls.put([failed, failed]) == 2
    assert file.calls.get(b"key") is None
    assert file.calls.put([CALL]) == 1
    assert file.calls.get(b"key") == CALL


def test_the_clock_dates_what_is_not_dated(file: DatasetFile, clock: Clock) -> None:
    file.calls.put([CallRow(b"k", "judge", "fake", "x")])
    found = file.calls.get(b"k")
    assert found is not None
    assert found.created_at == clock.now


def test_usage_sums_answered_calls_of_a_run(file: DatasetFile) -> None:
    run = file.runs.start(b"r", "qa", {}, {}).id
    mine = [replace(CALL, key=bytes([i]), run_id=run) for i in range(2)]
    file.calls.put([*mine, replace(mine[0], error="timeout", cost_usd=None), CALL])
    assert file.calls.usage(run) == Usage(20, 10, 8, 6, 0.5, 2)
    assert file.calls.usage().calls == 3
    file.calls.put([replace(CALL, key=b"unpriced", run_id=run, cost_usd=None)])
    assert file.calls.usage(run).cost_usd is None


def test_usage_of_nothing(file: DatasetFile) -> None:
    assert file.calls.usage(1) == Usage()


def test_a_call_of_a_run_that_is_not_there_is_refused(file: DatasetFile) -> None:
    with pytest.raises(StoreError) as caught:
        file.calls.put([replace(CALL, run_id=99)])
    assert caught.value.stable_code == "conflict"
