"""How a run and a download look: a live display on a terminal, plain lines elsewhere, or JSON events."""

from __future__ import annotations

import signal
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import IO, Any

from seedbed.frontends.cli.output import bar, columns, fit, json_line, one_line, terminal_columns

LINE_EVERY_S = 5.0
"""Seconds between plain progress lines when stderr is not a terminal."""

REDRAW_EVERY_S = 0.1

MOST_FAILURES = 50
"""Different failures told in one run; the summary has them all by code."""


class PlainProgress:
    """One line every few seconds; for logs and pipes."""

    def __init__(self, stream: IO[str], *, clock: Callable[[], float] = time.monotonic) -> None:
        self._stream, self._clock, self._last = stream, clock, clock()
        self._told: set[str] = set()

    def event(self, name: str, data: Mapping[str, Any]) -> None:
        """Write a line for a note, a failure, or when it is time."""
        if name in ("failure", "note"):
            for line in _news(name, data, self._told):
                self._stream.write(line + "\n")
        elif name == "job" and self._clock() - self._last >= LINE_EVERY_S:
            self._last = self._clock()
            self._stream.write(progress_line(data) + "\n")
            self._stream.flush()

    def close(self) -> None:
        """Nothing to close."""


class LiveProgress:
    """A status line that is redrawn in place, with the newest decisions above it."""

    def __init__(self, stream: IO[str], *, clock: Callable[[], float] = time.monotonic) -> None:
        self._stream, self._clock, self._drawn = stream, clock, 0.0
        self._last: Mapping[str, Any] = {}
        self._told: set[str] = set()
        self._wide = 0

    def event(self, name: str, data: Mapping[str, Any]) -> None:
        """Show a decision, note or failure; redraw, at most ten times a second."""
        if name in ("failure", "note"):
            for line in _news(name, data, self._told):
                self._above(line)
        elif name == "candidate":
            self._above(_decided(data))
        elif name == "job":
            self._last = data
            if self._clock() - self._drawn > REDRAW_EVERY_S:
                self._draw()

    def _above(self, line: str) -> None:
        self._stream.write("\r" + " " * self._wide + "\r" + fit(line, terminal_columns(self._stream) - 1) + "\n")
        self._wide = 0
        self._draw()

    def _draw(self) -> None:
        if not self._last:
            return
        line = fit(progress_line(self._last), terminal_columns(self._stream) - 1)  # a wrapped line could not be redrawn
        self._stream.write("\r" + line + " " * (self._wide - columns(line)))
        self._stream.flush()
        self._wide, self._drawn = columns(line), self._clock()

    def close(self) -> None:
        """Draw the last state and end the line."""
        if self._last:
            self._draw()
            self._stream.write("\n")


class JsonProgress:
    """Every event as one JSON line on stdout.

    A reader that goes away ends the run as Ctrl-C would: the jobs in progress are finished and kept.
    """

    def __init__(self, stream: IO[str]) -> None:
        self._stream = stream
        self._gone = False

    def event(self, name: str, data: Mapping[str, Any]) -> None:
        """Write the event; ``finished`` is left to the summary that follows it."""
        if self._gone or name == "finished":
            return
        try:
            self._stream.write(json_line({"event": name, **data}, self._stream) + "\n")
            self._stream.flush()
        except BrokenPipeError:
            self._gone = True
            signal.raise_signal(signal.SIGINT)

    def close(self) -> None:
        """Nothing to close."""


def _news(name: str, data: Mapping[str, Any], told: set[str]) -> Iterator[str]:
    """A note, or what failed; the same failure of a hundred jobs is told once, and counted in the line below."""
    if name == "note":
        yield one_line(data.get("text", ""), 200)
        return
    line = f"failed: {data.get('error')}: {one_line(data.get('message', ''), 160)}"
    if line not in told and len(told) < MOST_FAILURES:
        told.add(line)
        yield line


def _decided(data: Mapping[str, Any]) -> str:
    """One candidate and what the door said."""
    first = one_line(next(iter((data.get("content") or {}).values()), ""), 120)
    if data["state"] == "rejected":
        return f"✗ {one_line(data.get('code') or data.get('error'), 40)}: {first}"
    return f"✓ {one_line(data['topic'], 40)}: {first}"


def progress_line(data: Mapping[str, Any]) -> str:
    """A snapshot of a run on one line: bar, rejected by reason, calls, tokens, spend, rate, time left."""
    target, accepted = data["target"], data["accepted"]
    parts = [f"{bar(accepted, target)} {accepted}/{target}"]
    rejected = data["rejected"]
    if rejected:
        reasons = ", ".join(f"{n} {code}" for code, n in list(rejected.items())[:3])
        parts.append(f"rejected {sum(rejected.values())} ({reasons})")
    if data["failed"]:
        parts.append(f"failed {sum(data['failed'].values())}")
    cached = f" +{data['cached_calls']} from journal" if data["cached_calls"] else ""
    parts.append(f"{data['calls']} calls{cached}")
    parts.append(f"{_short(data['prompt_tokens'] + data['completion_tokens'])} tokens")
    parts.append("cost unknown" if data["cost_usd"] is None else f"${data['cost_usd']:.4g}")
    parts.append(f"{data['per_minute']:g}/min")
    if data["eta_s"]:
        parts.append(f"{_duration(data['eta_s'])} left")
    return " · ".join(parts)


def _short(n: int) -> str:
    return f"{n / 1e6:.1f}M" if n >= 1_000_000 else f"{n / 1e3:.1f}k" if n >= 1_000 else str(n)


def _duration(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}h{minutes:02}m" if hours else f"{minutes}m{rest:02}s" if minutes else f"{rest}s"


@contextmanager
def download_bar(name: str) -> Iterator[Callable[[int, int | None], None]]:
    """A callback ``(bytes so far, bytes in all or None)`` that draws a download on stderr."""
    stream, live = sys.stderr, sys.stderr.isatty()
    last = [0.0, 0]

    def show(done: int, total: int | None) -> None:
        now = time.monotonic()
        if now - last[0] < (0.2 if live else LINE_EVERY_S) and done != total:
            return
        last[0], last[1] = now, 1
        size = f"{done / 1e6:.1f}" + (f"/{total / 1e6:.1f}" if total else "")
        drawn = f"{bar(done, total)} " if total else ""
        stream.write(("\r" if live else "") + f"downloading {one_line(name)} {drawn}{size} MB" + ("" if live else "\n"))
        stream.flush()

    yield show
    if live and last[1]:
        stream.write("\n")
