"""Turns of one endpoint and model: callers wait in order until the throttle lets them go."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from seedbed.core.errors import ProviderError, RateLimitError, RequestTimeoutError, ServerError, UnreachableError
from seedbed.core.records import Quota
from seedbed.engine.throttle import Throttle

LOAD_ERRORS = (RequestTimeoutError, ServerError, UnreachableError)


@dataclass(slots=True)
class _Waiting:
    future: asyncio.Future[None]
    tokens: int


class Limiter:
    """Lets calls go one after another as the throttle allows. Waiting here does not count to a call's deadline.

    Args:
        throttle: the policy.
        clock: monotonic seconds.
    """

    def __init__(self, throttle: Throttle, *, clock: Callable[[], float]) -> None:
        self.throttle = throttle
        self._clock = clock
        self._queue: deque[_Waiting] = deque()
        self._timer: asyncio.TimerHandle | None = None

    async def acquire(self, tokens: int) -> None:
        """Wait for a turn; every turn must end with exactly one of ``succeed``, ``fail`` and ``drop``."""
        if not self._queue and self.throttle.delay(self._clock(), tokens) == 0.0:
            self.throttle.sent(self._clock(), tokens)
            return
        waiting = _Waiting(asyncio.get_running_loop().create_future(), tokens)
        self._queue.append(waiting)
        self._pump()
        try:
            await waiting.future
        except asyncio.CancelledError:
            if waiting.future.done() and not waiting.future.cancelled():
                self.drop()  # the turn came while the caller was being cancelled
            elif waiting in self._queue:
                self._queue.remove(waiting)
            raise

    def succeed(self, *, estimated: int, used: int, quota: Quota | None) -> None:
        """End a turn with a reply."""
        now = self._clock()
        self.throttle.succeeded(now, tokens=used - estimated)
        if quota is not None and quota.reset_s is not None and 0 in (quota.requests, quota.tokens):
            self.throttle.pause(now + quota.reset_s)
        self._pump()

    def fail(self, error: ProviderError) -> None:
        """End a turn with an error."""
        now = self._clock()
        if isinstance(error, RateLimitError):
            self.throttle.refused(now, retry_after_s=error.retry_after_s)
        elif isinstance(error, LOAD_ERRORS):
            self.throttle.failed(now)
        else:
            self.throttle.dropped()
        self._pump()

    def drop(self) -> None:
        """End a turn that was given up."""
        self.throttle.dropped()
        self._pump()

    def snapshot(self) -> dict[str, Any]:
        """JSON form: current limit, open calls, refusals so far and the learned rate."""
        rate = self.throttle.learned_rate
        return {
            "limit": int(self.throttle.limit),
            "in_flight": self.throttle.in_flight,
            "waiting": len(self._queue),
            "refusals": self.throttle.refusals,
            "per_second": None if rate is None else round(rate, 1),
        }

    def _pump(self) -> None:
        """Let go whoever may; set a timer when only time is missing."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        while self._queue:
            waiting = self._queue[0]
            if waiting.future.done():
                self._queue.popleft()
                continue
            wait = self.throttle.delay(self._clock(), waiting.tokens)
            if wait is None:
                return
            if wait > 0.0:
                self._timer = asyncio.get_running_loop().call_later(wait, self._pump)
                return
            self._queue.popleft()
            self.throttle.sent(self._clock(), waiting.tokens)
            waiting.future.set_result(None)
