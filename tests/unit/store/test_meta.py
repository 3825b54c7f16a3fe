from __future__ import annotations

from typing import Any

import pytest

from seedbed.store import DatasetFile


def test_a_missing_key_gives_the_default(file: DatasetFile) -> None:
    assert file.meta.get("target") is None
    assert file.meta.get("target", 7) == 7


@pytest.mark.parametrize("value", [None, 0, 1.5, "x\x00\ud800é", [1, {"a": []}], {"é": True}])
def test_values_survive(file: DatasetFile, value: Any) -> None:
    file.meta.set("key", "something else")
    file.meta.set("key", value)
    assert file.meta.get("key", "default") == value
