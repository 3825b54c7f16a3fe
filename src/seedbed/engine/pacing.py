"""Requests and tokens a second: limits that were configured, and limits found out from refusals."""

from __future__ import annotations

from dataclasses import dataclass

MARGIN = 0.98
"""Part of a measured rate that is used."""
SURE_N = 20
"""Requests between two refusals from which a changed rate is believed."""
WORTH_SAVING = 8.0
"""Requests that a pause must have saved up for them to be made up for."""
QUIET_S = (5.0, 60.0)
"""Seconds without a refusal before a known rate is tried upwards, at first and at most."""


class Bucket:
    """A token bucket; a cost larger than the bucket waits for a full one and overdraws it.

    Args:
        per_minute: what flows in.
        burst_s: seconds' worth it holds.
    """

    def __init__(self, per_minute: float, *, burst_s: float = 1.0) -> None:
        self.rate = per_minute / 60
        self.size = max(1.0, self.rate * burst_s)
        self._level = self.size
        self._at: float | None = None

    def wait_s(self, now: float, cost: float) -> float:
        """Seconds until ``cost`` may be spent, 0 for now."""
        if self._at is not None:
            self._level = min(self.size, self._level + (now - self._at) * self.rate)
        self._at = now
        return max(0.0, (min(cost, self.size) - self._level) / self.rate)

    def spend(self, cost: float) -> None:
        """Take ``cost`` out; a negative one, for an estimate that was too high, gives back."""
        self._level = min(self.size, self._level - cost)


@dataclass(frozen=True, slots=True)
class _Mark:
    """A refused request: at that moment the server's allowance was used up.

    Attributes:
        serial, at: its number among all requests, and when it was sent.
        refused: refusals so far, itself included.
    """

    serial: int
    at: float
    refused: int


class Pace:
    """Finds out how many requests a second a server allows, and spaces them.

    Between two refusals a server of rate r admits at most r·Δt requests, and exactly that many unless its own bucket
    overflowed while we paused: so refusals measure the rate from below, whatever burst the server allows, and the more
    exactly the further apart they are. Allowance that went unused in a pause is made up for at twice the rate.

    Attributes:
        rate: requests a second, or ``None`` while no rate limit is known.
        last: when the last request was sent.
    """

    def __init__(self) -> None:
        self.rate: float | None = None
        self.last = 0.0
        self._too_fast: float | None = None  # lowest rate that was refused while sending evenly
        self._growth = 1.1
        self._burst, self._bucket = 1.0, float("inf")  # requests saved up, and most that the server saves up
        self._due = 0.0  # when the next request is due if all are sent evenly
        self._first: _Mark | None = None
        self._latest: _Mark | None = None
        self._refused = 0
        self._quiet_from, self._quiet_s = 0.0, QUIET_S[0]

    def wait_s(self, now: float) -> float:
        """Seconds until the next request may go, 0 for now."""
        if self.rate is None:
            return 0.0
        return max(self._due - (self._burst - 1) / self.rate, self.last + 0.5 / self.rate) - now

    def sent(self, now: float) -> None:
        """Count a request that goes out."""
        self.last = now
        if self.rate is not None:
            self._due = max(self._due, now) + 1 / self.rate

    def refused(self, serial: int, at: float) -> None:
        """Count a refusal that belongs to a burst which was reacted to already."""
        self._refused += 1
        if self._latest is not None and serial > self._latest.serial:
            self._latest = _Mark(serial, at, self._refused)

    def learn(self, serial: int, at: float, *, rate_limited: bool, until: float) -> None:
        """Take the first refusal of a burst.

        Args:
            serial: number of the refused request among all requests.
            at: when it was sent.
            rate_limited: whether it cannot have been too many requests at once.
            until: when sending goes on.
        """
        latest = self._latest
        lately, recent = self._measured(latest, serial, at)
        in_all, overall = self._measured(self._first, serial, at)
        agree = abs(recent - overall) <= 0.1 * overall
        if self.rate is not None and lately >= SURE_N:
            self._correct(max(recent, overall), at, exact=agree)
        elif self.rate is not None:
            self._correct(overall, at, exact=False)
        elif rate_limited and in_all > 0:
            self.begin(overall, sure=in_all >= SURE_N)
        self._refused += 1
        self._latest = _Mark(serial, at, self._refused)
        if self._first is None:
            self._first = self._latest
        elif lately >= SURE_N and not agree:  # the server's limit changed, or its bucket overflowed in a pause
            self._first = latest
        self._resume(at, until)

    def _resume(self, at: float, until: float) -> None:
        """Begin after a pause; what a short one saves up is left with the server, as a margin against jitter."""
        self._quiet_from = until
        saved = min(self._bucket, MARGIN * (until - at) * self.rate) if self.rate else 0.0
        self._burst = saved if saved > WORTH_SAVING else 1.0
        self._due = at if self._burst > 1 else until

    def begin(self, rate: float, *, sure: bool = False) -> None:
        """Pace from now on; a rate that is not ``sure`` is raised quickly until it is refused."""
        self.rate, self._growth, self._too_fast = rate, 1.01 if sure else 1.1, None

    def _measured(self, mark: _Mark | None, serial: int, at: float) -> tuple[int, float]:
        """Requests admitted since ``mark``, and how many a second."""
        if mark is None or at <= mark.at:
            return 0, 0.0
        admitted = serial - 1 - mark.serial - (self._refused - mark.refused)
        return admitted, admitted / (at - mark.at)

    def _correct(self, at_least: float, at: float, *, exact: bool) -> None:
        assert self.rate is not None
        credit = self._burst - max(0.0, self._due - at) * self.rate
        if credit > 2:  # it was believed to have allowance left: the server saves up less than we thought
            self._bucket = max(1.0, self._burst - credit)
            self.rate = max(self.rate, MARGIN * at_least)
            return
        self._too_fast = min(self.rate, 1.05 * at_least) if exact else self.rate
        self.rate = MARGIN * min(self._too_fast, max(at_least, 0.0 if exact else 0.8 * self.rate))
        self._quiet_s = min(QUIET_S[1], 2 * self._quiet_s) if at - self._quiet_from > self._quiet_s else QUIET_S[0]

    def admitted(self, now: float, *, most: float) -> None:
        """Count a request that was let through: the rate creeps up, and is forgotten beyond 3 × ``most``."""
        if self.rate is None:
            return
        if self._too_fast is None:
            self.rate *= self._growth
        elif self.rate < 0.95 * self._too_fast:
            self.rate *= 1.005
        elif now - self._quiet_from > self._quiet_s:
            self.rate *= 1.001
        if self.rate > 3 * most:
            self.rate = None
