"""A model server on loopback that speaks four dialects, answers with sense and fails on schedule.

In a thread (``with ModelServer(Schedule(latency_s=0.05)) as server``), or as a process of its own that survives a
client's SIGKILL (``with spawned(Schedule(…)) as server``, ``python -m testkit.server --latency-ms 50 --ttl-s 600``).
Base URLs: ``url + "/v1"`` (OpenAI), ``url`` (Anthropic, Ollama), ``url + "/v1beta"`` (Gemini). ``/stats`` says what
was asked and answered.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import logging
import os
import subprocess
import sys
import threading
import time
import urllib.request
from collections import Counter, deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext, suppress
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from random import Random
from typing import Any

from aiohttp import web

from seedbed.providers.fake_text import Writer
from seedbed.similarity.wordpiece import read_vocabulary
from testkit import wire
from testkit.bounds import PATIENCE_S
from testkit.schedule import Limits, Schedule, from_arguments, parser, to_arguments

Answer = Callable[[dict[str, Any]], "str | dict[str, Any]"]

HOST = "127.0.0.1"
KEPT = 2000
LOOK_S = 0.002
"""Seconds between two looks at whether something has happened."""
_HANG_S = 3600.0
_JSON = {"Content-Type": "application/json"}
_REFUSED = {
    "context": (400, "context_length_exceeded", "This model's maximum context length is 4096 tokens."),
    "quota": (429, "insufficient_quota", "You exceeded your current quota, please check your billing details."),
    "auth": (401, "invalid_api_key", "Incorrect API key provided."),
    "bad_request": (400, "invalid_request_error", "Unknown parameter."),
    "429": (429, "rate_limit_exceeded", "Rate limit reached, slow down."),
}


@dataclass
class Seen:
    """One request as it arrived, with the status it got (0: no answer) and the fault it met."""

    path: str
    headers: dict[str, str]
    body: bytes
    status: int = 0
    fault: str = ""

    @property
    def json(self) -> Any:
        """The parsed body."""
        return json.loads(self.body)


@dataclass
class Stats:
    """Counts since the start; ``/stats`` is their JSON form.

    Attributes:
        calls: chat and embedding requests that arrived.
        in_flight, peak: now, and most at once.
        statuses: HTTP status → number (``dropped``: closed without a whole answer).
        faults: fault → number.
        answered: hash of the body → undisturbed answers.
        first_s, last_s: when the first request came and the last answer left, monotonic.
    """

    calls: int = 0
    in_flight: int = 0
    peak: int = 0
    statuses: Counter[str] = field(default_factory=Counter)
    faults: Counter[str] = field(default_factory=Counter)
    answered: Counter[str] = field(default_factory=Counter)
    first_s: float | None = None
    last_s: float = 0.0

    @property
    def repeats(self) -> int:
        """Undisturbed answers beyond the first of each body."""
        return sum(self.answered.values()) - len(self.answered)

    @property
    def span_s(self) -> float:
        """Seconds from the first request to the last answer."""
        return self.last_s - self.first_s if self.first_s is not None else 0.0

    def to_dict(self) -> dict[str, Any]:
        """JSON form."""
        return {
            "calls": self.calls,
            "in_flight": self.in_flight,
            "peak": self.peak,
            "statuses": dict(self.statuses),
            "faults": dict(self.faults),
            "distinct": len(self.answered),
            "repeats": self.repeats,
            "span_s": self.span_s,
            "cpu_s": time.process_time(),
        }


class ModelServer:
    """A server in a thread of this process.

    Args:
        schedule: how it behaves; a plain, fast server by default. Delays and faults may be changed while it runs.
        answer: parsed body → the model's text (a dict becomes JSON); instead of the made-up answers.
        port: 0 for any.

    Attributes:
        held: while set, calls that were let in wait before they are worked on.
    """

    def __init__(self, schedule: Schedule | None = None, *, answer: Answer | None = None, port: int = 0) -> None:
        self.schedule = schedule or Schedule()
        self.held = False
        self.stats = Stats()
        self.seen: deque[Seen] = deque(maxlen=KEPT)
        self.url = ""
        self._answer, self._port = answer, port
        self._texts: deque[str] = deque(maxlen=KEPT)
        self._ready = threading.Event()
        self._failure: BaseException | None = None

    def __enter__(self) -> ModelServer:
        self._thread = threading.Thread(target=self._run_in_thread, daemon=True)
        self._thread.start()
        assert self._ready.wait(PATIENCE_S), "the server did not start"
        if self._failure is not None:
            raise self._failure
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._done.set)
        self._thread.join(PATIENCE_S)

    def base_url(self, dialect: str) -> str:
        """Where ``dialect`` finds its API."""
        return self.url + {"openai": "/v1", "gemini": "/v1beta"}.get(dialect, "")

    def wait_for(self, calls: int, *, alive: Callable[[], bool] = lambda: True) -> None:
        """Wait until so many calls have come, as long as whoever makes them is ``alive``."""
        while self.stats.calls < calls:
            assert alive(), f"ended after {self.stats.calls} calls"
            time.sleep(LOOK_S)

    def _run_in_thread(self) -> None:
        try:
            asyncio.run(self.serve())
        except BaseException as error:
            self._failure = error
            self._ready.set()

    async def serve(self, *, ttl_s: float | None = None, started: Callable[[], None] = lambda: None) -> None:
        """Serve until stopped, for ``ttl_s`` seconds at most."""
        logging.getLogger("aiohttp.server").setLevel(logging.CRITICAL)
        self._loop, self._done = asyncio.get_running_loop(), asyncio.Event()
        self._limits = Limits(self.schedule, time.monotonic())
        self._slots = asyncio.Semaphore(self.schedule.slots) if self.schedule.slots else None
        runner = web.ServerRunner(web.Server(self._handle, access_log=None), shutdown_timeout=0.05)
        await runner.setup()
        self._site = web.TCPSite(runner, HOST, self._port, backlog=1024)
        await self._site.start()
        self.url = f"http://{HOST}:{runner.addresses[0][1]}"
        self._ready.set()
        started()
        try:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._done.wait(), ttl_s)
        finally:
            await runner.cleanup()

    async def _handle(self, request: web.BaseRequest) -> web.StreamResponse:
        path = request.path
        if path == "/stats":
            return web.json_response(self.stats.to_dict())
        raw = await request.read()
        asked = wire.read(path, raw)
        if asked is None:
            return _json(404, {"error": {"message": f"no such path or not JSON: {path}"}})
        if asked.what == "models":
            return _json(200, wire.models(asked))
        stats = self.stats
        stats.calls += 1
        call = stats.calls
        stats.in_flight += 1
        stats.peak = max(stats.peak, stats.in_flight)
        if stats.first_s is None:
            stats.first_s = time.monotonic()
        seen = Seen(path, dict(request.headers), raw)
        self.seen.append(seen)
        try:
            response = await self._respond(request, asked, seen, call)
        finally:
            stats.in_flight -= 1
            stats.last_s = time.monotonic()
        seen.status = response.status if response is not None else 0
        stats.statuses[str(seen.status) if response is not None else "dropped"] += 1
        if response is None:
            assert request.transport is not None
            request.transport.abort()
            return web.Response()
        return response

    async def _respond(
        self, request: web.BaseRequest, asked: wire.Asked, seen: Seen, call: int
    ) -> web.StreamResponse | None:
        s, rng = self.schedule, self.schedule.rng(call)
        if s.cap is not None and call > s.cap:
            if call == s.cap + 1:
                await self._site.stop()
            return None
        now = time.monotonic()
        fault = self._fault(call, rng, now)
        if fault:
            seen.fault = fault
            self.stats.faults[fault] += 1
        headers = {**_JSON, **self._limits.headers(now)}
        if fault in _REFUSED or fault.isdigit():
            return self._refuse(asked, fault, headers)
        while self.held:
            await asyncio.sleep(LOOK_S)
        async with self._slots or nullcontext():
            delay = _HANG_S if fault == "timeout" else s.delay_s(rng)
            if delay:
                await asyncio.sleep(delay)
        if fault == "reset":
            return None
        body = json.dumps(self._body(asked, fault, rng, call)).encode()
        if fault == "disconnect":
            response = web.StreamResponse(headers={**headers, "Content-Length": str(len(body))})
            await response.prepare(request)
            await response.write(body[: len(body) // 2])
            return None
        if not fault:
            self.stats.answered[hashlib.blake2b(seen.body, digest_size=8).hexdigest()] += 1
        return web.Response(body=body[: len(body) // 2] if fault == "truncated" else body, headers=headers)

    def _fault(self, call: int, rng: Random, now: float) -> str:
        fault = self.schedule.fault(call, rng)
        if fault is None and not self._limits.admit(now, self.stats.in_flight):
            fault = "429"
        return fault or ""

    def _refuse(self, asked: wire.Asked, fault: str, headers: dict[str, str]) -> web.Response:
        status, kind, message = _REFUSED.get(fault) or (int(fault), "server_error", "The server had an error.")
        if fault == "429" and self.schedule.retry_after_s is not None:
            headers["Retry-After"] = f"{self.schedule.retry_after_s:g}"
        return _json(status, wire.error(asked.dialect, kind, message), headers)

    def _body(self, asked: wire.Asked, fault: str, rng: Random, call: int) -> dict[str, Any]:
        if asked.what == "embed":
            return wire.vectors(asked, self.schedule.dim)
        if fault == "refusal":
            return wire.refusal(asked)
        text = self._text(asked, fault, rng, call)
        s = self.schedule
        prompt = s.prompt_tokens if s.prompt_tokens is not None else len(json.dumps(asked.body)) // 4 + 1
        tokens = (max(prompt, s.cached_tokens), len(text) // 4 + 1, s.cached_tokens)
        return wire.answer(asked, text, tokens=tokens, finish="length" if fault == "length" else "stop")

    def _text(self, asked: wire.Asked, fault: str, rng: Random, call: int) -> str:
        if fault == "blank":
            return ""
        if fault == "wrong_schema":
            return '{"unexpected": [1, 2, 3]}'
        texts = self._texts
        repeat = fault == "duplicate" or (self.schedule.dup_rate and rng.random() < self.schedule.dup_rate)
        if repeat and texts:
            return texts[-1] if fault == "duplicate" else rng.choice(texts)
        if self._answer is not None:
            made = self._answer(asked.body)
            text = made if isinstance(made, str) else json.dumps(made)
        else:
            text = made_up(asked, self._chances(asked, call), varied=self.schedule.mode == "varied")
        texts.append(text)
        if fault == "malformed":
            return "Sure, here is what you asked for: " + text.replace('"', "'").replace("{", "(")
        return text[: len(text) // 2] if fault == "length" else text

    def _chances(self, asked: wire.Asked, call: int) -> Random:
        if self.schedule.mode == "fixed":
            return Random(self.schedule.seed)
        if self.schedule.mode == "echo":
            return Random(f"{self.schedule.seed} {json.dumps(asked.body, sort_keys=True)}")
        return Random(self.schedule.seed * 1_000_003 + call)


def made_up(asked: wire.Asked, rng: Random, *, varied: bool = True) -> str:
    """English text, or JSON that fits what was asked; with subjects of its own where no two are to be alike."""
    writer = Writer(rng, asked.prompt)
    if varied:  # two rare words keep questions of one template below every near-duplicate threshold
        writer.keywords = [" ".join(rng.choices(_words(), k=2)) for _ in range(6)]
    return json.dumps(writer.value(asked.schema)) if asked.schema is not None else writer.paragraph(3)


@cache
def _words() -> list[str]:
    return [w for w in read_vocabulary() if w.isascii() and w.isalpha() and 5 <= len(w) <= 10]


def _json(status: int, value: Any, headers: dict[str, str] | None = None) -> web.Response:
    return web.Response(status=status, body=json.dumps(value).encode(), headers=headers or _JSON)


@dataclass
class Spawned:
    """A server in a process of its own."""

    url: str
    process: subprocess.Popen[str]

    def base_url(self, dialect: str) -> str:
        """Where ``dialect`` finds its API."""
        return self.url + {"openai": "/v1", "gemini": "/v1beta"}.get(dialect, "")

    def stats(self) -> dict[str, Any]:
        """``/stats``."""
        with urllib.request.urlopen(f"{self.url}/stats", timeout=PATIENCE_S) as response:
            found: dict[str, Any] = json.load(response)
        return found


@contextmanager
def spawned(schedule: Schedule | None = None, *, ttl_s: float = 600.0) -> Iterator[Spawned]:
    """A server in a process of its own, which ends with the block, or after ``ttl_s`` seconds."""
    command = [sys.executable, "-m", "testkit.server", f"--ttl-s={ttl_s}", *to_arguments(schedule or Schedule())]
    tests = str(Path(__file__).parents[1])
    path = os.pathsep.join(p for p in (tests, os.environ.get("PYTHONPATH", "")) if p)
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, text=True, env={**os.environ, "PYTHONPATH": path}, start_new_session=True
    )
    assert process.stdout is not None
    try:
        url = process.stdout.readline().strip()
        if not url:
            raise RuntimeError("the server did not start")
        yield Spawned(url, process)
    finally:
        process.terminate()
        process.wait(PATIENCE_S)
        process.stdout.close()


def main() -> None:
    """Serve until killed or out of time; prints the URL."""
    arguments = parser().parse_args()
    server = ModelServer(from_arguments(arguments), port=arguments.port)
    with suppress(KeyboardInterrupt):
        asyncio.run(server.serve(ttl_s=arguments.ttl_s, started=lambda: print(server.url, flush=True)))


if __name__ == "__main__":
    main()
