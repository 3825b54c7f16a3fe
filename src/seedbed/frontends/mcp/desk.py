"""Where callers are served: one open dataset on one thread, so that the event loop never waits for it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeVar

from seedbed.core.errors import ReadOnlyError

if TYPE_CHECKING:
    from seedbed.dataset import Dataset

T = TypeVar("T")
Mode = Literal["rw", "ro"]


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks; goes into the history of everything they change.

    Attributes:
        actor: ``agent:<name of the client>``, or what the server was told.
        session: name of the connection.
    """

    actor: str
    session: str

    @property
    def reviewer(self) -> str:
        """As whom they decide about entries: an agent is a model."""
        kind, _, name = self.actor.partition(":")
        return self.actor if kind in ("human", "model") else f"model:{name or kind}"


class Desk:
    """One dataset, open and warm for many calls; an async context manager.

    What people do meanwhile is noticed: where ``seedbed.yaml`` was edited, or another file put in the dataset's place,
    the next call opens it again.

    Args:
        opener: opens the dataset, for reading (``ro``) or writing (``rw``).
        mode: a file that cannot be written is opened for reading.

    Attributes:
        generating: held while a recipe runs.
    """

    def __init__(self, opener: Callable[[Mode], Dataset], mode: Mode = "rw") -> None:
        self.opener = opener
        self.generating = asyncio.Lock()
        self._mode = mode
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="seedbed-dataset")
        self._dataset: Dataset | None = None
        self._leasing: set[str] = set()

    @property
    def writable(self) -> bool:
        """Whether the dataset was opened for writing."""
        return self._mode == "rw"

    async def __aenter__(self) -> Desk:
        self._dataset = await self._on_thread(self._open)
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self.close()

    async def close(self) -> None:
        """Give back what callers still hold, and close the dataset; a second call does nothing."""
        try:
            for session in sorted(self._leasing):
                await self.leave(session)
        finally:
            dataset, self._dataset = self._dataset, None
            if dataset is not None:
                await self._on_thread(dataset.close)
            self._thread.shutdown()

    async def run(self, work: Callable[[Dataset], T]) -> T:
        """What ``work`` makes of the dataset; calls take turns, the event loop goes on meanwhile."""
        return await self._on_thread(lambda: work(self._current()))

    def lent_to(self, session: str) -> None:
        """Remember that a session holds leases."""
        self._leasing.add(session)

    async def leave(self, session: str) -> int:
        """Number of leases that the session still held; others may have them now."""
        if session not in self._leasing:
            return 0
        self._leasing.discard(session)
        return await self.run(lambda dataset: _give_back(dataset, session))

    def _current(self) -> Dataset:
        """The dataset as it is now; one that cannot be opened again stays for when it can."""
        dataset = self._dataset
        if dataset is None:
            raise RuntimeError("the desk is not open")
        if dataset.project.changed or not dataset.file.in_place:
            self._dataset = self._open()
            dataset.close()
            return self._dataset
        return dataset

    def _open(self) -> Dataset:
        try:
            return self.opener(self._mode)
        except ReadOnlyError:
            if self._mode == "ro":
                raise
            self._mode = "ro"
            return self.opener("ro")

    async def _on_thread(self, work: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._thread, work)


def _give_back(dataset: Dataset, session: str) -> int:
    held = [lease["lease"] for lease in dataset.leases.all(session=session)]
    return len(dataset.leases.give_back(held))
