"""Vectors from an embedding endpoint, for callers that are not async."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Coroutine, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

from seedbed.core.errors import ProviderError

if TYPE_CHECKING:
    import numpy as np

    from seedbed.core.protocols import Provider

T = TypeVar("T")
BATCH = 64
MAX_BATCH_CHARS = 200_000
PARALLEL = 4
TRIES = 4
MAX_WAIT_S = 30.0


def remote_encoder(provider: Provider, model: str) -> RemoteEncoder:
    """An encoder that asks ``model`` of ``provider``: ``encoder(texts)`` gives ``(n, dim)`` float32, not normalised."""
    return RemoteEncoder(provider, model)


class RemoteEncoder:
    """Texts to vectors through ``provider.embed``, in batches, on an event loop of its own thread.

    May be called from any thread, also from inside a running event loop (which it then blocks). Failures that may pass
    are tried again up to three times, waiting as long as the server asks: at the door there is no engine around it.

    Attributes:
        tokens: tokens used so far.
    """

    def __init__(self, provider: Provider, model: str) -> None:
        self._provider, self._model = provider, model
        self._loop: asyncio.AbstractEventLoop | None = None
        self._lock = threading.Lock()
        self.tokens = 0

    def __call__(self, texts: Sequence[str]) -> np.ndarray:
        """Vectors ``(n, dim)`` float32 in input order; ``(0, 0)`` for no texts. Calls a model.

        Raises:
            ProviderError: a batch failed for good.
        """
        import numpy as np

        if not texts:
            return np.empty((0, 0), dtype=np.float32)
        parts = self._run(self._all(_batches(texts)))
        return np.concatenate(parts)

    def close(self) -> None:
        """Close the connections and end the thread; a later call starts anew."""
        with self._lock:
            loop, self._loop = self._loop, None
        if loop is not None:
            asyncio.run_coroutine_threadsafe(self._provider.aclose(), loop).result()
            loop.call_soon_threadsafe(loop.stop)

    def _run(self, work: Coroutine[Any, Any, T]) -> T:
        with self._lock:
            if self._loop is None:
                self._loop = asyncio.new_event_loop()
                threading.Thread(target=_serve, args=(self._loop,), name="embedding", daemon=True).start()
            loop = self._loop
        return asyncio.run_coroutine_threadsafe(work, loop).result()

    async def _all(self, batches: list[list[str]]) -> list[np.ndarray]:
        gate = asyncio.Semaphore(PARALLEL)

        async def one(batch: list[str]) -> np.ndarray:
            async with gate:
                return await self._embed(batch)

        return await asyncio.gather(*map(one, batches))

    async def _embed(self, batch: list[str]) -> np.ndarray:
        attempt = 0
        while True:
            try:
                vectors, tokens = await self._provider.embed(batch, model=self._model)
            except ProviderError as error:
                attempt += 1
                if not error.retryable or attempt >= TRIES:
                    raise
                wait = error.retry_after_s if error.retry_after_s is not None else 0.5 * 2**attempt
                await asyncio.sleep(min(wait, MAX_WAIT_S))
            else:
                self.tokens += tokens
                return vectors


def _serve(loop: asyncio.AbstractEventLoop) -> None:
    loop.run_forever()
    loop.close()


def _batches(texts: Sequence[str]) -> list[list[str]]:
    """Consecutive batches of at most 64 texts and about 200,000 characters; blank texts go as one space."""
    batches: list[list[str]] = []
    size = MAX_BATCH_CHARS + 1
    for text in texts:
        size += len(text)
        if size > MAX_BATCH_CHARS or len(batches[-1]) >= BATCH:
            batches.append([])
            size = len(text)
        batches[-1].append(text if text.strip() else " ")  # some servers refuse an empty input
    return batches
