"""Long lists by pages: what is on the screen is read, what is not is forgotten."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

T = TypeVar("T")

_BYTES = 10
"""Bytes of a public id."""


class Snapshot:
    """Ids of a queue as it was at one moment, in order, ten bytes each: deciding about one entry moves no other.

    Args:
        ids: public ids.
    """

    def __init__(self, ids: Sequence[str]) -> None:
        self._packed = bytes.fromhex("".join(ids))

    def __len__(self) -> int:
        return len(self._packed) // _BYTES

    def __getitem__(self, index: int) -> str:
        if not 0 <= index < len(self):
            raise IndexError(index)
        return self._packed[index * _BYTES : (index + 1) * _BYTES].hex()

    def slice(self, start: int, n: int) -> list[str]:
        """At most ``n`` ids from ``start`` on."""
        return [self[i] for i in range(start, min(start + n, len(self)))]

    def index(self, entry_id: str) -> int | None:
        """Where an id is, or ``None``."""
        wanted, at = bytes.fromhex(entry_id), -1
        while (at := self._packed.find(wanted, at + 1)) >= 0:
            if at % _BYTES == 0:
                return at // _BYTES
        return None


class Pages(Generic[T]):
    """Rows by index, read a page at a time; few pages are kept, so that memory does not grow with the list.

    Args:
        fetch: rows from a start on, at most so many.
        size: rows on a page.
        keep: pages kept, those looked at last.
    """

    def __init__(self, fetch: Callable[[int, int], Sequence[T]], *, size: int = 64, keep: int = 8) -> None:
        self._fetch, self._size, self._keep = fetch, size, keep
        self._pages: OrderedDict[int, Sequence[T]] = OrderedDict()

    def get(self, index: int) -> T | None:
        """The row, or ``None`` where there is none any more."""
        number = index // self._size
        if number not in self._pages:
            self._pages[number] = self._fetch(number * self._size, self._size)
            if len(self._pages) > self._keep:
                self._pages.popitem(last=False)
        self._pages.move_to_end(number)
        page, at = self._pages[number], index % self._size
        return page[at] if at < len(page) else None

    def forget(self, index: int | None = None) -> None:
        """Read the page of ``index`` anew when it is needed; all of them without one."""
        if index is None:
            self._pages.clear()
        else:
            self._pages.pop(index // self._size, None)
