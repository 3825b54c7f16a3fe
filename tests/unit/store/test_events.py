from __future__ import annotations

import json
from dataclasses import asdict

import pytest

from seedbed.store import DatasetFile, EventRow
from testkit.stored import Clock, new_entry


def test_an_event_comes_back_as_it_was_added(file: DatasetFile, clock: Clock) -> None:
    detail = {"accepted": 3, "file": "half \ud800"}
    event_id = file.events.add(
        "submit", actor="agent:x\ud800", session="s", reason="why\x00", subject="greece", detail=detail
    )
    (event,) = file.events.page()
    assert event == EventRow(event_id, clock.now, "submit", "agent:x\ud800", "s", "why\x00", "greece", detail)
    assert json.loads(json.dumps(asdict(event)))["detail"] == detail


@pytest.fixture
def logged(file: DatasetFile, clock: Clock) -> DatasetFile:
    """Events 1 to 5, ten seconds apart."""
    start = clock.now
    file.events.add("topics.add", actor="human:ann", subject="rome/republic")
    clock.now = start + 10
    file.events.add("topics.add", actor="human:bob", subject="romed")
    clock.now = start + 20
    with file.write():
        event = file.events.add("submit", actor="human:ann", session="s1")
        file.entries.insert([new_entry(1, topic="rome/empire", event_id=event)])
    clock.now = start + 30
    file.events.add("reembed", actor="human:ann")
    clock.now = start + 40
    file.events.add("submit", actor="agent:x", session="s2")
    return file


@pytest.mark.parametrize(
    ("wanted", "ids"),
    [
        ({}, [5, 4, 3, 2, 1]),
        ({"action": "submit"}, [5, 3]),
        ({"actor": "human:ann"}, [4, 3, 1]),
        ({"session": "s1"}, [3]),
        ({"action": None, "actor": None}, [5, 4, 3, 2, 1]),
        ({"topic": "rome"}, [3, 1]),
        ({"topic": "rome/republic"}, [1]),
        ({"topic": "greece"}, []),
        ({"after": 1_700_000_010.0, "before": 1_700_000_030.0}, [3, 2]),
        ({"topic": "rome", "action": "submit"}, [3]),
    ],
)
def test_filters(logged: DatasetFile, wanted: dict[str, object], ids: list[int]) -> None:
    assert [e.id for e in logged.events.page(**wanted)] == ids  # type: ignore[arg-type]
    assert logged.events.count(**wanted) == len(ids)  # type: ignore[arg-type]


def test_pages_follow_one_another(logged: DatasetFile) -> None:
    assert [e.id for e in logged.events.page(limit=2, offset=2)] == [3, 2]
