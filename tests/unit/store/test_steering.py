from __future__ import annotations

import pytest

from seedbed.core.errors import UnknownNameError
from seedbed.store import DatasetFile, YieldRow


def test_yields_add_up_by_recipe_model_topic_and_strategy(file: DatasetFile) -> None:
    steering = file.steering
    for _ in range(2):
        steering.add_yield("qa", "m", "greece", "naive", calls=3, candidates=2, accepted=1)
    steering.add_yield("qa", "m", "rome/empire", "naive", calls=1, candidates=1, accepted=1)
    steering.add_yield("instruct", "m", "greece", "coverage", calls=1, candidates=0, accepted=0)
    assert steering.yields() == [
        YieldRow("instruct", "m", "greece", "coverage", 1, 0, 0),
        YieldRow("qa", "m", "greece", "naive", 6, 4, 2),
        YieldRow("qa", "m", "rome/empire", "naive", 1, 1, 1),
    ]
    assert [y.topic for y in steering.yields(recipe="qa", root="rome")] == ["rome/empire"]


def test_coordinates_come_in_order_and_stay(file: DatasetFile) -> None:
    steering = file.steering
    assert steering.add_coordinates("greece", "aspect", ["z", "a", "half \ud800", "z"], "planner") == 3
    assert steering.add_coordinates("greece", "aspect", ["a"], "user") == 0
    found = steering.coordinates("greece", "aspect")
    assert [(c.text, c.source, c.uses, c.accepted, c.retired) for c in found] == [
        ("z", "planner", 0, 0, False), ("a", "planner", 0, 0, False), ("half \ud800", "planner", 0, 0, False),
    ]  # fmt: skip
    assert steering.coordinates("rome/empire", "aspect") == []


def test_uses_are_counted_also_of_built_in_coordinates(file: DatasetFile) -> None:
    steering = file.steering
    steering.add_coordinates("greece", "aspect", ["a"], "user")
    steering.count_use("greece", "aspect", "a", 2)
    steering.count_use("greece", "aspect", "a", 0, uses=3)
    steering.count_use("greece", "form", "why", 1)
    assert [(c.axis, c.text, c.source, c.uses, c.accepted) for c in steering.coordinates("greece")] == [
        ("aspect", "a", "user", 4, 2), ("form", "why", "", 1, 1),
    ]  # fmt: skip


def test_a_coordinate_is_retired_once(file: DatasetFile) -> None:
    file.steering.add_coordinates("greece", "aspect", ["a", "b"], "user")
    assert file.steering.retire("greece", "aspect", "a")
    assert not file.steering.retire("greece", "aspect", "a")
    assert not file.steering.retire("greece", "aspect", "unknown")
    assert [c.retired for c in file.steering.coordinates("greece", "aspect")] == [True, False]


def test_topics_must_be_known(file: DatasetFile) -> None:
    with pytest.raises(UnknownNameError):
        file.steering.coordinates("nowhere", "aspect")
    with pytest.raises(UnknownNameError):
        file.steering.add_yield("qa", "m", "nowhere", "naive", calls=1, candidates=1, accepted=1)
