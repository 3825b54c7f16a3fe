"""Screens driven without a terminal: keys in, what is to be seen out."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Callable, Coroutine, Sequence
from typing import Any

from textual import _wait

from seedbed.core.records import Origin, Outcome, State, Verdict
from seedbed.store import NewEntry
from testkit.bounds import PATIENCE_S

TURN_S = 0.005
"""Seconds in which a screen does what it has to do next."""

HOSTILE = {
    "markup": "[/b] [red]x[/] [@click=app.quit]y[/]",
    "escapes": "\x1b[31mred\x1b]0;title\x07 \x9b2J",
    "nul": "nul \x00 and \x08\x08 backspaces",
    "direction": "user\u202etxt.exe \u2066x\u2069 \u2028",
    "surrogate": "half \ud83d of a character",
    "wide": "日本語 👩‍👩‍👧 e\u0301\u0301\u0301 " * 20,
    "backslash": "\\x1b \\[b]",
    "empty": "",
    "megabyte": "word " * 200_000,
    "line": "x" * 1_000_000,
}
"""Content that a screen has to survive."""


class Driver:
    """One running screen.

    Args:
        app: a Textual app.
        pilot: its pilot.
    """

    def __init__(self, app: Any, pilot: Any) -> None:
        self.app, self._pilot = app, pilot

    async def press(self, *keys: str) -> str:
        """Press keys, one after what the last one did, and what is to be seen then."""
        for key in keys:
            await self._pilot.press(key)
            await self._settle()
        await self._settle()
        return self.text

    async def until(self, seen: Callable[[], bool]) -> None:
        """Wait for what a screen does by itself after a while."""
        async with asyncio.timeout(PATIENCE_S):
            while not seen():
                await self._settle()

    async def resize(self, width: int, height: int) -> str:
        """Make the terminal another size."""
        await self._pilot.resize_terminal(width, height)
        await self._settle()
        return self.text

    async def _settle(self) -> None:
        """Wait until the screen stays as it is; the pilot alone takes a starved process for an idle one."""
        seen: list[str] = []
        while seen != (seen := self.lines) or not seen:
            await self._pilot.pause(TURN_S)

    @property
    def lines(self) -> list[str]:
        """The screen by lines."""
        rows = self.app.screen._compositor.render_strips()
        return ["".join(segment.text for segment in row) for row in rows]

    @property
    def told(self) -> list[str]:
        """Messages that have not gone away yet, oldest first."""
        return [note.message for note in self.app._notifications]

    @property
    def text(self) -> str:
        """The screen, then messages."""
        return "\n".join([*self.lines, *self.told])


def drive(app: Any, steps: Callable[[Driver], Coroutine[Any, Any, None]], *, size: tuple[int, int] = (110, 36)) -> None:
    """Run ``app`` without a terminal while ``steps`` goes on."""
    _wait.SLEEP_GRANULARITY = TURN_S  # of the pilot, 20 ms by default
    app.NOTIFICATION_TIMEOUT = PATIENCE_S  # what was said is still there when it is looked for

    async def go() -> None:
        async with app.run_test(size=size) as pilot:
            driver = Driver(app, pilot)
            await driver.press()
            await steps(driver)

    asyncio.run(go())


def waiting(number: int, topic: str, question: str = "", **changes: Any) -> NewEntry:
    """An entry in review of this number."""
    values: dict[str, Any] = {
        "id": hashlib.blake2b(str(number).encode(), digest_size=10).hexdigest(),
        "topic": topic,
        "kind": "qa",
        "content": {"question": question or f"What is number {number}?", "answer": f"It is {number}."},
        "state": State.PENDING,
        "origin": Origin("submit", actor="human:ann"),
        "text_hash": number.to_bytes(8, "big"),
        "meta": {"review": {"why": "all: every entry is reviewed"}},
        "verdicts": [Verdict("judge", "1", Outcome.PASS, score=number % 11)],
    }
    return NewEntry(**(values | changes))


def put(dataset: Any, rows: Sequence[NewEntry]) -> list[str]:
    """Ids of entries that are stored as they are, past the door."""
    dataset.file.entries.insert(rows)
    return [row.id for row in rows]
