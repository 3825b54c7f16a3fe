from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from seedbed.store import DatasetFile
from testkit.stored import Clock, make_file


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def file(tmp_path: Path, clock: Clock) -> Iterator[DatasetFile]:
    with make_file(tmp_path, clock=clock) as opened:
        yield opened
