"""A limited number of seeds, taken fairly from every document."""

from __future__ import annotations

from collections.abc import Iterable

from seedbed.core.records import Seed


class _Thinned:
    """Evenly spaced items of a stream in bounded memory: when the room is full, every second one goes."""

    def __init__(self, room: int) -> None:
        self.room = room
        self.step = 1
        self.seen = 0
        self.held: list[tuple[int, Seed]] = []

    def add(self, order: int, seed: Seed) -> None:
        if self.seen % self.step == 0:
            self.held.append((order, seed))
            if len(self.held) > self.room:
                self.held = self.held[::2]
                self.step *= 2
        self.seen += 1

    def pick(self, count: int) -> list[tuple[int, Seed]]:
        """``count`` of the held items, evenly spaced, the first among them."""
        return [self.held[i * len(self.held) // count] for i in range(count)]


def spread(seeds: Iterable[Seed], limit: int) -> list[Seed]:
    """At most ``limit`` seeds in their order, as equally many per source as possible and evenly spaced in each.

    Reads all of ``seeds`` and holds at most 512 or ``8 * limit`` of each source.
    """
    room = max(512, 8 * limit)
    by_source: dict[str, _Thinned] = {}
    for order, seed in enumerate(seeds):
        by_source.setdefault(seed.source, _Thinned(room)).add(order, seed)
    open_ = sorted(by_source.values(), key=lambda thinned: len(thinned.held))
    left = limit
    picked: list[tuple[int, Seed]] = []
    for index, thinned in enumerate(open_):  # smallest first: what one cannot give, the larger ones may
        share, rest = divmod(left, len(open_) - index)
        count = min(len(thinned.held), share + (1 if rest and index >= len(open_) - rest else 0))
        picked += thinned.pick(count)
        left -= count
    return [seed for _, seed in sorted(picked, key=lambda pair: pair[0])]
