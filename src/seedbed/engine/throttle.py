"""How fast one endpoint and model may be asked: pure policy, driven by a clock that is passed in.

Concurrency starts low, doubles until the first trouble, then grows by one per 25 successes and is cut by a quarter at
most once per burst of refusals (AIMD, Chiu & Jain 1989). Against rate limits it also learns a pace: between two
refusals the server's budget went from empty to empty, so what it accepted in between, divided by the time, is its
refill rate. Servers that queue instead of refusing are found by throughput: when more open calls bring no more replies
a second, the last step is taken back.
"""

from __future__ import annotations

from dataclasses import dataclass, field

START = 4.0
GROW_EVERY = 25
CUT = 0.75
HEADROOM = 1.1
FIRST_PACE = 200.0
"""Sends a second after the first refusal, until the refill rate is known."""
FIRST_PAUSE_S = 0.25
LONGEST_PAUSE_S = 30.0
QUIET_S = 5.0
"""Seconds without a refusal after which the learned pace is tried upwards."""


@dataclass(slots=True)
class Bucket:
    """A smooth limit of ``rate`` units a second with at most ``burst`` saved up (token bucket)."""

    rate: float
    burst: float
    level: float = field(init=False)
    at: float = 0.0

    def __post_init__(self) -> None:
        """Begin full."""
        self.level = self.burst

    def delay(self, now: float, amount: float) -> float:
        """Seconds until ``amount`` may be taken; an amount above ``burst`` waits for a full bucket."""
        self._fill(now)
        short = min(amount, self.burst) - self.level
        return short / self.rate if short > 1e-9 else 0.0

    def take(self, now: float, amount: float) -> None:
        """Take ``amount``; the level may go below zero."""
        self._fill(now)
        self.level -= amount

    def _fill(self, now: float) -> None:
        if self.at:
            self.level = min(self.burst, self.level + (now - self.at) * self.rate)
        self.at = now


class Throttle:
    """Says whether the next call may go, or how long to wait.

    Args:
        ceiling: most open calls ever.
        queues: the endpoint queues instead of refusing: steer by throughput.
        requests_per_minute: the user's limit, or ``None``.
        tokens_per_minute: likewise.
    """

    def __init__(
        self,
        *,
        ceiling: int = 64,
        queues: bool = False,
        requests_per_minute: int | None = None,
        tokens_per_minute: int | None = None,
    ) -> None:
        self.ceiling, self.queues = ceiling, queues
        self.limit = min(START, float(ceiling))
        self.in_flight = 0
        self.refusals = 0
        self.pace: Bucket | None = None
        self._requests = _per_minute(requests_per_minute)
        self._tokens = _per_minute(tokens_per_minute)
        self._paused_until = 0.0
        self._doubling = True
        self._top = float(ceiling)
        self._cut_at = self._refused_at = -1e9
        self._in_a_row = 0
        self._accepted = 0
        self._marked_at = 0.0
        self._window = _Window()

    @property
    def learned_rate(self) -> float | None:
        """Sends a second that the endpoint is believed to allow, or ``None``."""
        return self.pace.rate if self.pace else None

    def delay(self, now: float, tokens: int) -> float | None:
        """Seconds until a call may be sent: 0 for now, ``None`` when a reply has to come first."""
        if self.in_flight >= max(1, int(self.limit)):
            return None
        waits = [self._paused_until - now]
        if self.pace is not None:
            self._quicken(now)
            waits.append(self.pace.delay(now, 1.0))
        if self._requests is not None:
            waits.append(self._requests.delay(now, 1.0))
        if self._tokens is not None:
            waits.append(self._tokens.delay(now, float(tokens)))
        return max(0.0, *waits)

    def sent(self, now: float, tokens: int) -> None:
        """Count a call that goes out now."""
        self.in_flight += 1
        if self.pace is not None:
            self.pace.take(now, 1.0)
        if self._requests is not None:
            self._requests.take(now, 1.0)
        if self._tokens is not None:
            self._tokens.take(now, float(tokens))

    def succeeded(self, now: float, *, tokens: int = 0) -> None:
        """Count a reply. ``tokens``: used minus what was estimated when it was sent."""
        self.in_flight -= 1
        self._accepted += 1
        self._in_a_row = 0
        if self._tokens is not None and tokens:
            self._tokens.take(now, float(tokens))
        if self.queues:
            self._climb(now)
        elif self.limit < self._top:
            self.limit = min(self._top, self.limit + (1.0 if self._doubling else 1.0 / GROW_EVERY))

    def refused(self, now: float, *, retry_after_s: float | None) -> None:
        """Count a 429: pause, cut concurrency once per burst, learn the pace."""
        self.in_flight -= 1
        self.refusals += 1
        fresh_burst = now - self._refused_at > 0.1
        if fresh_burst:
            self._learn_pace(now)
            self._in_a_row += 1
            self._cut(now)
            self._refused_at = now
        pause = retry_after_s if retry_after_s is not None else FIRST_PAUSE_S * 2 ** min(7, self._in_a_row - 1)
        self._paused_until = max(self._paused_until, now + min(pause, 600.0 if retry_after_s else LONGEST_PAUSE_S))

    def failed(self, now: float) -> None:
        """Count a timeout, a broken connection or a 5xx: cut concurrency once per burst."""
        self.in_flight -= 1
        if now - self._cut_at > 1.0:
            self._cut(now)

    def dropped(self) -> None:
        """Count a call that was given up or failed for a reason that says nothing about load."""
        self.in_flight -= 1

    def pause(self, until: float) -> None:
        """Send nothing before ``until``: the endpoint's quota headers say so."""
        self._paused_until = max(self._paused_until, until)

    def _cut(self, now: float) -> None:
        self._top = min(float(self.ceiling), max(2.0, self.limit * HEADROOM))
        self.limit = max(1.0, self.limit * CUT)
        self._doubling = False
        self._cut_at = now

    def _learn_pace(self, now: float) -> None:
        elapsed = now - self._marked_at
        if self.pace is None:
            self.pace = Bucket(FIRST_PACE, 2.0)
        elif elapsed > 0.05 and self._accepted:
            measured = self._accepted / elapsed
            known = self.pace.rate < FIRST_PACE
            self.pace.rate = 0.5 * self.pace.rate + 0.5 * measured if known else measured
        self._accepted, self._marked_at = 0, now

    def _quicken(self, now: float) -> None:
        """Try a higher pace after a while without refusals: one per cent a second, then five."""
        quiet = now - self._refused_at
        if self.pace is not None and quiet > QUIET_S:
            step = 0.01 if quiet < 4 * QUIET_S else 0.05
            self.pace.rate *= 1 + step * min(1.0, max(0.0, now - self.pace.at))
            if quiet > 12 * QUIET_S:
                self._top = float(self.ceiling)

    def _climb(self, now: float) -> None:
        """Hill-climb on replies a second: keep a step up only when it brought at least half of what it promised."""
        window = self._window
        window.replies += 1
        if window.replies < max(8, 2 * int(self.limit)):
            return
        rate = window.replies / max(1e-6, now - window.since)
        if window.rate and self.limit > window.limit:
            gained, promised = rate / window.rate - 1, self.limit / window.limit - 1
            if gained < 0.5 * promised:
                self.limit, self._doubling, window.hold = window.limit, False, 16
                window.restart(now)
                return
        window.rate, window.limit = rate, self.limit
        window.restart(now)
        if window.hold:
            window.hold -= 1
            return
        self.limit = min(float(self.ceiling), self.limit * 2 if self._doubling else self.limit + 1)


@dataclass(slots=True)
class _Window:
    """Replies since a point in time, at one concurrency, and the rate of the window before."""

    replies: int = 0
    since: float = 0.0
    rate: float = 0.0
    limit: float = 0.0
    hold: int = 0

    def restart(self, now: float) -> None:
        """Begin a new window."""
        self.replies, self.since = 0, now


def _per_minute(limit: int | None) -> Bucket | None:
    """A bucket that lets a second's worth through at once."""
    return None if limit is None else Bucket(limit / 60, max(1.0, limit / 60))
