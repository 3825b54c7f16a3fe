"""What a model server does besides answering: delays, limits and faults, all decided by call number and a seed."""

from __future__ import annotations

import argparse
import random
from dataclasses import dataclass, field
from typing import Any

FAULTS = {
    "429": "refused for its rate, with Retry-After where the schedule has one",
    "500": "server error; so are 502, 503, 504 and 529",
    "timeout": "never answers",
    "reset": "connection closed without an answer",
    "disconnect": "connection closed in mid-body",
    "truncated": "a complete HTTP answer whose JSON is cut in half",
    "malformed": "the model's text is not JSON",
    "wrong_schema": "the model's text is JSON of another shape",
    "blank": "a normal stop without text",
    "duplicate": "the previous answer again",
    "refusal": "the model declines",
    "length": "the model's text is cut at the token limit",
    "context": "the prompt does not fit the context window",
    "quota": "the account's credit is used up",
    "auth": "the key is refused",
    "bad_request": "the request is refused as malformed",
}
"""Names of faults, for ``Schedule.faults`` and ``Schedule.rates``."""

_STATUSES = ("429", "500", "502", "503", "504", "529")


@dataclass
class Schedule:
    """How a server behaves.

    Attributes:
        latency_s, jitter_s: time of an answer, and how much is added at most.
        slow_rate, slow_s: share of answers that take ``slow_s`` longer.
        rps, burst: token bucket that refuses with 429: answers a second, and how many at once at first.
        window: ``(requests, seconds)``: fixed window that refuses with 429 and tells what is left in headers.
        max_inflight: more calls than this at once are refused with 429.
        slots: calls worked on at once; further ones queue and are never refused.
        retry_after_s: value of Retry-After on 429, or ``None`` for no such header.
        cap: the server dies after this many calls.
        faults: call number (1-based) → fault, before everything else.
        rates: fault → probability.
        mode: ``varied`` answers differ from call to call, ``fixed`` ones never do, ``echo`` depends on the body only.
        dup_rate: share of answers that repeat an earlier one.
        seed: of answers and chances.
        prompt_tokens, cached_tokens: reported usage; estimated from the length where ``None``.
        dim: length of embeddings.
    """

    latency_s: float = 0.0
    jitter_s: float = 0.0
    slow_rate: float = 0.0
    slow_s: float = 0.0
    rps: float | None = None
    burst: int = 1
    window: tuple[int, float] | None = None
    max_inflight: int | None = None
    slots: int | None = None
    retry_after_s: float | None = None
    cap: int | None = None
    faults: dict[int, str] = field(default_factory=dict)
    rates: dict[str, float] = field(default_factory=dict)
    mode: str = "varied"
    dup_rate: float = 0.0
    seed: int = 0
    prompt_tokens: int | None = None
    cached_tokens: int = 0
    dim: int = 64

    def __post_init__(self) -> None:
        for name in [*self.faults.values(), *self.rates]:
            if name not in FAULTS and name not in _STATUSES:
                raise ValueError(f"no such fault: {name}")
        if self.mode not in ("varied", "fixed", "echo"):
            raise ValueError(f"no such mode: {self.mode}")

    def rng(self, call: int) -> random.Random:
        """The chances of one call, the same in every process."""
        return random.Random(self.seed * 1_000_003 + call)

    def fault(self, call: int, rng: random.Random) -> str | None:
        """The fault of this call, if any."""
        if call in self.faults:
            return self.faults[call]
        if self.rates:
            chance = rng.random()
            for name, rate in self.rates.items():
                chance -= rate
                if chance < 0:
                    return name
        return None

    def delay_s(self, rng: random.Random) -> float:
        """Seconds this answer takes."""
        delay = self.latency_s
        if self.jitter_s:
            delay += rng.random() * self.jitter_s
        if self.slow_rate and rng.random() < self.slow_rate:
            delay += self.slow_s
        return delay


class Limits:
    """The server's side of a rate limit.

    Args:
        schedule: its numbers.
        now: seconds, monotonic.
    """

    def __init__(self, schedule: Schedule, now: float) -> None:
        self._schedule = schedule
        self._tokens, self._at = float(schedule.burst), now
        self._window_start, self._window_used = now, 0

    def admit(self, now: float, in_flight: int) -> bool:
        """Whether a call that arrives now, as one of ``in_flight``, is worked on."""
        s = self._schedule
        if s.max_inflight is not None and in_flight > s.max_inflight:
            return False
        if s.window is not None:
            self._roll(now)
            if self._window_used >= s.window[0]:
                return False
            self._window_used += 1
        if s.rps is not None:
            self._tokens = min(float(s.burst), self._tokens + (now - self._at) * s.rps)
            self._at = now
            if self._tokens < 1:
                return False
            self._tokens -= 1
        return True

    def headers(self, now: float) -> dict[str, str]:
        """What the answer says of the window."""
        window = self._schedule.window
        if window is None:
            return {}
        self._roll(now)
        return {
            "x-ratelimit-limit-requests": str(window[0]),
            "x-ratelimit-remaining-requests": str(window[0] - self._window_used),
            "x-ratelimit-reset-requests": f"{max(0.001, self._window_start + window[1] - now) * 1000:.0f}ms",
        }

    def _roll(self, now: float) -> None:
        window = self._schedule.window
        assert window is not None
        if now - self._window_start >= window[1]:
            self._window_start += (now - self._window_start) // window[1] * window[1]
            self._window_used = 0


def parser() -> argparse.ArgumentParser:
    """Command-line form of a schedule."""
    p = argparse.ArgumentParser("testkit.server", description=__doc__)
    p.add_argument("--port", type=int, default=0)
    p.add_argument("--ttl-s", type=float, default=600.0, help="stop by itself after this many seconds")
    for name in ("latency-ms", "jitter-ms", "slow-ms", "slow-rate", "dup-rate"):
        p.add_argument(f"--{name}", type=float, default=0.0)
    for name in ("rps", "retry-after", "window-s"):
        p.add_argument(f"--{name}", type=float)
    for name in ("burst", "window", "max-inflight", "slots", "cap", "prompt-tokens"):
        p.add_argument(f"--{name}", type=int)
    p.add_argument("--cached-tokens", type=int, default=0)
    p.add_argument("--dim", type=int, default=64)
    p.add_argument("--seed", type=int, default=0)
    p.add_argument("--mode", choices=("varied", "fixed", "echo"), default="varied")
    p.add_argument("--rate", action="append", default=[], metavar="FAULT=SHARE", help=", ".join(FAULTS))
    p.add_argument("--fault", action="append", default=[], metavar="CALL=FAULT")
    return p


def from_arguments(a: argparse.Namespace) -> Schedule:
    """The schedule that ``parser``'s arguments describe."""
    return Schedule(
        latency_s=a.latency_ms / 1000,
        jitter_s=a.jitter_ms / 1000,
        slow_rate=a.slow_rate,
        slow_s=a.slow_ms / 1000,
        rps=a.rps,
        burst=a.burst or 1,
        window=(a.window, a.window_s or 1.0) if a.window else None,
        max_inflight=a.max_inflight,
        slots=a.slots,
        retry_after_s=a.retry_after,
        cap=a.cap,
        faults={int(call): name for call, _, name in (f.partition("=") for f in a.fault)},
        rates={name: float(share) for name, _, share in (r.partition("=") for r in a.rate)},
        mode=a.mode,
        dup_rate=a.dup_rate,
        seed=a.seed,
        prompt_tokens=a.prompt_tokens,
        cached_tokens=a.cached_tokens,
        dim=a.dim,
    )


def to_arguments(schedule: Schedule) -> list[str]:
    """The command line that ``from_arguments`` reads back."""
    s = schedule
    values: dict[str, Any] = {
        "latency-ms": s.latency_s * 1000,
        "jitter-ms": s.jitter_s * 1000,
        "slow-rate": s.slow_rate,
        "slow-ms": s.slow_s * 1000,
        "rps": s.rps,
        "burst": s.burst,
        "window": s.window[0] if s.window else None,
        "window-s": s.window[1] if s.window else None,
        "max-inflight": s.max_inflight,
        "slots": s.slots,
        "retry-after": s.retry_after_s,
        "cap": s.cap,
        "mode": s.mode,
        "dup-rate": s.dup_rate,
        "seed": s.seed,
        "prompt-tokens": s.prompt_tokens,
        "cached-tokens": s.cached_tokens,
        "dim": s.dim,
    }
    out = [f"--{name}={value}" for name, value in values.items() if value is not None]
    out += [f"--rate={name}={share}" for name, share in s.rates.items()]
    return out + [f"--fault={call}={name}" for call, name in s.faults.items()]
