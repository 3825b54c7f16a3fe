"""How a run and a download look: a live display on a terminal, plain lines elsewhere, or JSON events."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import IO, Any

from seedbed.frontends.cli.output import bar, one_line

LINE_EVERY_S = 5.0
"""Seconds between plain progress lines when stderr is not a terminal."""


class PlainProgress:
    """One line every few seconds; for logs and pipes."""

    def __init__(self, stream: IO[str], *, clock: Callable[[], float] = time.monotonic) -> None:
        self._stream, self._clock, self._last = stream, clock, clock() - LINE_EVERY_S

    def event(self, name: str, data: Mapping[str, Any]) -> None:
        """Write a line for a started or finished run, a failure, or when it is time."""
        now = self._clock()
        if name == "failure":
            self._stream.write(f"failed: {data.get('error')}: {one_line(data.get('message', ''), 160)}\n")
        elif name == "note":
            self._stream.write(one_line(data.get("text", ""), 200) + "\n")
        elif name == "job" and now - self._last >= LINE_EVERY_S:
            self._last = now
            self._stream.write(progress_line(data) + "\n")
            self._stream.flush()

    def close(self) -> None:
        """Nothing to close."""


class LiveProgress:
    """A status line that is redrawn in place, with the newest decision above it."""

    def __init__(self, stream: IO[str], *, clock: Callable[[], float] = time.monotonic) -> None:
        self._stream, self._clock, self._drawn = stream, clock, 0.0
        self._last: Mapping[str, Any] = {}
        self._wide = 0

    def event(self, name: str, data: Mapping[str, Any]) -> None:
        """Redraw, at most ten times a second."""
        if name == "note":
            self._above(one_line(data.get("text", ""), 200))
        elif name == "failure":
            self._above(f"✗ {data.get('error')}: {one_line(data.get('message', ''), 150)}")
        elif name == "candidate":
            self._candidate(data)
        elif name == "job":
            self._last = data
            if self._clock() - self._drawn > 0.1:
                self._draw()

    def _candidate(self, data: Mapping[str, Any]) -> None:
        content = data.get("content") or {}
        first = one_line(next(iter(content.values()), ""), 90)
        if data["state"] == "rejected":
            self._above(f"✗ {data.get('code')}: {first}")
        else:
            self._above(f"✓ {one_line(data['topic'], 40)}: {first}")

    def _above(self, line: str) -> None:
        self._stream.write("\r" + " " * self._wide + "\r" + line + "\n")
        self._draw()

    def _draw(self) -> None:
        if not self._last:
            return
        line = progress_line(self._last)
        self._stream.write("\r" + line.ljust(self._wide))
        self._stream.flush()
        self._wide, self._drawn = len(line), self._clock()

    def close(self) -> None:
        """End the line."""
        if self._wide:
            self._draw()
            self._stream.write("\n")


class JsonProgress:
    """Every event as one JSON line on stdout."""

    def __init__(self, stream: IO[str]) -> None:
        self._stream = stream

    def event(self, name: str, data: Mapping[str, Any]) -> None:
        """Write the event."""
        self._stream.write(json.dumps({"event": name, **data}, default=str) + "\n")
        self._stream.flush()

    def close(self) -> None:
        """Nothing to close."""


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
        stream.write(("\r" if live else "") + f"downloading {name} {drawn}{size} MB" + ("" if live else "\n"))
        stream.flush()

    yield show
    if live and last[1]:
        stream.write("\n")
