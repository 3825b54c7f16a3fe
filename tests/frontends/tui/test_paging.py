from __future__ import annotations

import pytest

from seedbed.frontends.tui.paging import Pages, Snapshot


def test_a_snapshot_is_a_list_of_ids():
    ids = [f"{i:020x}" for i in range(1_000, 1_100)]
    snapshot = Snapshot(ids)
    assert len(snapshot) == 100
    assert [snapshot[i] for i in range(100)] == ids
    assert snapshot.slice(98, 5) == ids[98:]
    assert [snapshot.index(i) for i in (ids[0], ids[77], "ff" * 10)] == [0, 77, None]
    with pytest.raises(IndexError):
        snapshot[100]


def test_ids_are_found_at_their_own_place_only():
    first, second = "00" * 9 + "ab", "cd" + "00" * 9
    assert Snapshot([first, second]).index("abcd" + "00" * 8) is None
    assert Snapshot([first, "abcd" + "00" * 8]).index("abcd" + "00" * 8) == 1


def test_few_pages_are_read_and_kept():
    asked = []

    def fetch(start, n):
        asked.append(start)
        return list(range(start, min(start + n, 100_000)))

    pages = Pages(fetch, size=50, keep=3)
    assert [pages.get(i) for i in (0, 49, 99_999, 100_000)] == [0, 49, 99_999, None]
    assert asked == [0, 99_950, 100_000]
    pages.get(0)
    assert len(asked) == 3
    pages.get(200)
    pages.get(0)
    assert len(asked) == 4, "the page looked at last is kept"
    pages.get(99_999)
    assert len(asked) == 5, "the one looked at longest ago is not"
    pages.forget(0)
    pages.get(1)
    pages.forget()
    pages.get(1)
    assert asked[5:] == [0, 0]
