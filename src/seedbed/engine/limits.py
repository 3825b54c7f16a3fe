"""Turns of one endpoint and model: callers wait in order until the throttle lets them go."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from seedbed.core.errors import ProviderError, RateLimitError, RequestTimeoutError, ServerError, UnreachableError
from seedbed.core.records import Quota
from seedbed.engine.throttle import Throttle, Turn

LOAD_ERRORS = (RequestTimeoutError, ServerError, UnreachableError)


@dataclass(slots=True, eq=False)
class _Waiting:
    future: asyncio.Future[Turn]
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

    async def acquire(self, tokens: int) -> Turn:
        """Wait for a turn; every turn must end with exactly one of ``succeed``, ``fail`` and ``drop``.

        Args:
            tokens: estimate of what the call takes, for a limit on tokens.
        """
        if not self._queue:
            now = self._clock()
            if self.throttle.delay(now, tokens) == 0.0:
                return self.throttle.sent(now, tokens)
        waiting = _Waiting(asyncio.get_running_loop().create_future(), tokens)
        self._queue.append(waiting)
        self._pump()
        try:
            return await waiting.future
        except asyncio.CancelledError:
            if waiting.future.done() and not waiting.future.cancelled():
                self.drop(waiting.future.result())  # the turn came while the caller was being cancelled
            elif waiting in self._queue:
                self._queue.remove(waiting)
                self._pump()
            raise

    def succeed(self, turn: Turn, *, used: int | None = None, quota: Quota | None = None) -> None:
        """End a turn with a reply that took ``used`` tokens."""
        self.throttle.succeeded(turn, self._clock(), tokens=used, quota=quota)
        self._pump()

    def fail(self, turn: Turn, error: ProviderError) -> None:
        """End a turn with an error."""
        if isinstance(error, RateLimitError):
            self.throttle.refused(turn, self._clock(), retry_after_s=error.retry_after_s)
        elif isinstance(error, LOAD_ERRORS):
            self.throttle.failed(turn, self._clock(), retry_after_s=error.retry_after_s)
        else:
            self.throttle.dropped(turn)
        self._pump()

    def drop(self, turn: Turn) -> None:
        """End a turn that was given up."""
        self.throttle.dropped(turn)
        self._pump()

    def snapshot(self) -> dict[str, Any]:
        """JSON form: current limit, open and waiting calls, refusals, pause in seconds and the learned rate."""
        throttle, rate = self.throttle, self.throttle.learned_rate
        return {
            "limit": int(throttle.limit),
            "in_flight": throttle.in_flight,
            "waiting": len(self._queue),
            "refusals": throttle.refusals,
            "paused_s": round(throttle.paused_s(self._clock()), 1),
            "per_second": None if rate is None else round(rate, 1),
        }

    def _pump(self) -> None:
        """Let go whoever may; set a timer when only time is missing."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        now = self._clock()
        while self._queue:
            waiting = self._queue[0]
            if waiting.future.done():
                self._queue.popleft()
                continue
            wait = self.throttle.delay(now, waiting.tokens)
            if wait is None:
                return
            if wait > 0.0:
                self._timer = asyncio.get_running_loop().call_later(wait, self._pump)
                return
            self._queue.popleft()
            waiting.future.set_result(self.throttle.sent(now, waiting.tokens))
