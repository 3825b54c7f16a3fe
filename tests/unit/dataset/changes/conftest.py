"""The small dataset with entries."""

from __future__ import annotations

import pytest

from testkit.projects import FACTS, row


@pytest.fixture
def ds(small):
    """The three facts; the third in another topic."""
    assert all(d.accepted for d in small.submit([row(i) for i in range(len(FACTS))]))
    return small


@pytest.fixture
def ids(ds):
    return [e.id for e in ds.entries(limit=10)[1]][::-1]
