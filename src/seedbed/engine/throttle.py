"""How fast one endpoint and model may be asked: pure policy, driven by a clock that is passed in.

Concurrency starts low, doubles every round until the first trouble, then grows by one per 25 successes and is cut by a
quarter at most once per burst of trouble (AIMD, Chiu & Jain 1989); after a cut it comes back from a few calls, evenly
spaced, so that a second refusal costs little. Where that second refusal comes at clearly fewer open calls than the
first, the limit is one of rate, and sends are paced (``engine.pacing``). Where more open calls bring no more replies a
second, the server queues, and they are taken back (``engine.knee``).
"""

from __future__ import annotations

import random
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING

from seedbed.engine.knee import Knee
from seedbed.engine.pacing import Bucket, Pace

if TYPE_CHECKING:
    from seedbed.core.records import Quota

START = 4.0
GROW_EVERY = 25
CUT = 0.75
FEW = 4
"""Open calls at and below which a refusal counts as one of rate."""
SPREAD = 0.5
"""Part of a reply's latency over which a round of calls is spread, so that a refusal is known before many more go."""
LONG_S = 0.5
"""Latency from which coming back from a few calls would take too long."""
FIRST_PAUSE_S = 0.25
LONGEST_PAUSE_S = 30.0
LONGEST_TOLD_S = 600.0
"""Longest wait that a server may ask for; whoever wants more is not worth waiting for."""
HOLD_S = (5.0, 60.0)
"""Seconds for which a limit that was found is not tried again, at first and at most."""
RECENT, TROUBLED = 20, 7
"""A server is in trouble when so many of the recent calls failed; one failure in fifty says nothing."""


@dataclass(frozen=True, slots=True)
class Turn:
    """A call that was let go.

    Attributes:
        serial: its number among all calls.
        at: when it went.
        opened: calls open then, itself included.
        tokens: estimate it was let go with.
    """

    serial: int
    at: float
    opened: int
    tokens: int


class Throttle:
    """Says whether the next call may go, or how long to wait.

    Args:
        ceiling: most open calls ever.
        queues: the endpoint is known to queue instead of refusing: little evidence is enough.
        requests_per_minute: the user's limit, or ``None``.
        tokens_per_minute: likewise.
        rng: jitter of pauses.

    Attributes:
        limit: open calls allowed now.
        in_flight: open calls.
        refusals: 429s so far.
    """

    def __init__(
        self,
        *,
        ceiling: int = 64,
        queues: bool = False,
        requests_per_minute: int | None = None,
        tokens_per_minute: int | None = None,
        rng: random.Random | None = None,
    ) -> None:
        self.ceiling = ceiling
        self.limit = min(START, float(ceiling))
        self.in_flight = self.refusals = 0
        self._rng = rng or random.Random()
        self._requests = Bucket(requests_per_minute) if requests_per_minute else None
        self._tokens = Bucket(tokens_per_minute) if tokens_per_minute else None
        self._pace = Pace()
        self._knee = Knee((16, 32) if queues else (48, 96))
        self._slow_until = RECENT if queues else 0  # replies at the first limit, to compare others with
        self._sent = self._full = 0  # calls so far, and when the limit was last in the way
        self._paused_until = 0.0
        self._goal: float | None = float(ceiling)  # grow fast up to here
        self._top, self._top_until, self._hold_s = float(ceiling), 0.0, HOLD_S[0]
        self._cut_at, self._failed_at = -1e9, 0.0
        self._few = self._strikes = 0
        self._latency = 0.0
        self._recent: deque[bool] = deque(maxlen=RECENT)
        self._quota: tuple[int, float] | None = None  # calls left, until when
        self._quota_serial = 0

    @property
    def learned_rate(self) -> float | None:
        """Sends a second that the endpoint is believed to allow, or ``None``."""
        return self._pace.rate

    def paused_s(self, now: float) -> float:
        """Seconds for which nothing at all is sent."""
        return max(0.0, self._paused_until - now)

    def delay(self, now: float, tokens: int) -> float | None:
        """Seconds until a call may be sent: 0 for now, ``None`` when a reply has to come first."""
        if self.in_flight >= max(1, int(self.limit)):
            self._full = self._sent
            return None
        wait = max(self._paused_until - now, self._pace.wait_s(now))
        if self._pace.rate is None:
            wait = max(wait, self._pace.last + SPREAD * self._latency / self.limit - now)
        if self._requests is not None:
            wait = max(wait, self._requests.wait_s(now, 1.0))
        if self._tokens is not None:
            wait = max(wait, self._tokens.wait_s(now, tokens))
        if self._quota is not None:
            left, until = self._quota
            if now >= until:
                self._quota = None
            elif left <= 0:
                wait = max(wait, until - now)
        return wait if wait > 1e-9 else 0.0

    def sent(self, now: float, tokens: int) -> Turn:
        """Count a call that goes out now; every turn ends in one of the four methods below."""
        self.in_flight += 1
        self._sent += 1
        self._pace.sent(now)
        if self._requests is not None:
            self._requests.spend(1.0)
        if self._tokens is not None:
            self._tokens.spend(tokens)
        if self._quota is not None:
            self._quota = (self._quota[0] - 1, self._quota[1])
        return Turn(self._sent, now, self.in_flight, tokens)

    def succeeded(self, turn: Turn, now: float, *, tokens: int | None = None, quota: Quota | None = None) -> None:
        """Count a reply, with the tokens it took and what the endpoint says is left."""
        self.in_flight -= 1
        self._recent.append(False)
        latency = max(now - turn.at, 1e-9)
        self._latency += (0.2 if self._latency else 1.0) * (latency - self._latency)
        if self._tokens is not None and tokens is not None:
            self._tokens.spend(tokens - turn.tokens)
        if turn.at > self._cut_at:
            self._strikes = 0
            if self._few:
                self._pace.begin(self._few / self._latency)
                self._few, self.limit, self._goal = 0, min(2.0 * FEW, self.ceiling), float(self.ceiling)
            self._pace.admitted(now, most=self.limit / self._latency)
        self._slow_until -= 1
        wanted = self._full >= turn.serial  # somebody waited for a reply while this one was under way
        if wanted and turn.at > self._cut_at and self._slow_until < 0:
            self._grow(now)
        knee = self._knee.add(turn.opened, latency)
        if knee is not None and self.limit > 1.25 * knee + 1:
            self._hold(now, 1.25 * knee + 1)
        if quota is not None:
            self._note_quota(turn, now, quota)

    def refused(self, turn: Turn, now: float, *, retry_after_s: float | None = None) -> None:
        """Count a 429: pause; cut once per burst; learn whether rate or concurrency is limited."""
        self.in_flight -= 1
        self.refusals += 1
        if turn.at <= self._cut_at:
            self._pace.refused(turn.serial, turn.at)
            if retry_after_s is not None:
                self._pause_for(now, retry_after_s)
            return
        few = turn.opened <= FEW or turn.opened < 0.9 * self._failed_at
        self._pause(now, retry_after_s)
        self._pace.learn(turn.serial, turn.at, rate_limited=few and self._failed_at > 0, until=self._paused_until)
        self._failed_at = max(turn.opened, self._failed_at if few else 0)
        if self._pace.rate is None and few:
            self._few = max(1, turn.opened - 1)  # paced from the next reply on, when the latency is known
            self._cut(now, turn.opened)
        elif self._pace.rate is None:
            again = self._hold(now, turn.opened - 1.0)
            self._cut(now, turn.opened, gently=not again)
        else:  # the pace is what keeps the limit; open calls may be as many as it takes
            self._top, self._goal, self._cut_at, self._few = float(self.ceiling), float(self.ceiling), now, 0
            self.limit = min(float(self.ceiling), max(self.limit, self._failed_at, 2 * FEW))

    def failed(self, turn: Turn, now: float, *, retry_after_s: float | None = None) -> None:
        """Count a timeout, a broken connection or a 5xx: cut once per burst, when they are many."""
        opened = max(turn.opened, self.in_flight)
        self.in_flight -= 1
        self._recent.append(True)
        if retry_after_s is not None:
            self._pause_for(now, retry_after_s)
        if turn.at > self._cut_at and sum(self._recent) >= TROUBLED:
            self._recent.clear()
            self._cut(now, opened)
            self._pause(now, retry_after_s)

    def dropped(self, turn: Turn) -> None:
        """Count a call that was given up or failed for a reason that says nothing about load."""
        del turn
        self.in_flight -= 1

    # -- how it changes ----------------------------------------------------------------------------------------

    def _grow(self, now: float) -> None:
        top = self._top if now < self._top_until else float(self.ceiling)
        if self._goal is not None:
            self.limit += 1.0
            if self.limit >= self._goal:
                self.limit, self._goal = max(1.0, self._goal), None
        elif self.limit < top:
            self.limit += 1.0 / GROW_EVERY
        self.limit = min(self.limit, top, float(self.ceiling))

    def _cut(self, now: float, opened: int, *, gently: bool = True) -> None:
        """Come back to three quarters of what failed, ``gently`` from a few calls."""
        self._goal = max(1.0, CUT * opened)
        self.limit = min(START, self._goal) if gently and self._latency <= LONG_S else self._goal
        self._cut_at = now

    def _hold(self, now: float, top: float) -> bool:
        """Allow ``top`` open calls at most, longer when it was the limit before; whether it was."""
        again = self._top_until > 0 and abs(top - self._top) <= 0.15 * self._top
        self._hold_s = min(HOLD_S[1], 2 * self._hold_s) if again else HOLD_S[0]
        self._top, self._top_until = max(1.0, top), now + self._hold_s
        self._goal, self.limit = None, min(self.limit, self._top)
        self._knee.forget(above=self._top)
        return again

    def _pause(self, now: float, retry_after_s: float | None) -> None:
        """Wait as told, or a moment that doubles until something succeeds."""
        first = 2 / self._pace.rate if self._pace.rate else FIRST_PAUSE_S
        pause = min(LONGEST_PAUSE_S, first * 2**self._strikes) * self._rng.uniform(0.8, 1.2)
        self._strikes = min(self._strikes + 1, 16)
        self._pause_for(now, pause if retry_after_s is None else retry_after_s)

    def _pause_for(self, now: float, seconds: float) -> None:
        self._paused_until = max(self._paused_until, now + min(seconds, LONGEST_TOLD_S))

    def _note_quota(self, turn: Turn, now: float, quota: Quota) -> None:
        """Believe the newest reply; calls sent after it may not have been counted yet."""
        if quota.reset_s is None or turn.serial < self._quota_serial:
            return
        self._quota_serial = turn.serial
        left = quota.requests if quota.requests is not None else 1 << 30
        if quota.tokens is not None and quota.tokens < max(1, turn.tokens):
            left = 0
        self._quota = (left - (self._sent - turn.serial), now + quota.reset_s)
