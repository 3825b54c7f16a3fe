"""A local model in this process: llama.cpp through xllamacpp. No key, no server to start, no compiler.

A JSON schema becomes a grammar, so that even a small model answers in the shape that was asked for. Model names:
``smollm2`` (weights from the package index), ``/path/x.gguf``, ``org/repo/file.gguf`` (a model hub).
"""

from __future__ import annotations

import asyncio
import json
import os
import secrets
import threading
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Final

from seedbed.core.errors import (
    BadRequestError,
    BlankReplyError,
    ConfigError,
    ContextWindowError,
    MalformedReplyError,
    MissingExtraError,
    ProviderError,
    RequestTimeoutError,
    ServerError,
)
from seedbed.core.records import ChatReply, ChatRequest, Usage
from seedbed.core.wheels import cache_dir
from seedbed.providers.grammar import grammar_form
from seedbed.providers.threads import choose_threads, whole_number
from seedbed.providers.weights import list_models, resolve

if TYPE_CHECKING:
    import numpy as np

    from seedbed.core.wheels import Progress

NO_LOOPS: Final = {
    "dry_multiplier": 0.8,
    "dry_base": 1.75,
    "dry_allowed_length": 3,
    "dry_penalty_last_n": 128,
}
"""Sampling against endless repetition (DRY), which small models fall into; the window is short so that quoting the
prompt costs nothing."""


@dataclass(frozen=True, slots=True)
class LocalSettings:
    """How a local model is run.

    Attributes:
        n_ctx: tokens of context for each call.
        n_parallel: calls at once. One is fastest on few cores: two share the same arithmetic.
        threads: for the arithmetic; ``None`` chooses by cores and load.
        timeout_s: default deadline of a call; loading and queueing are not counted.
        max_tokens: reply length where the request names none.
    """

    n_ctx: int = 4096
    n_parallel: int = 1
    threads: int | None = None
    timeout_s: float = 600.0
    max_tokens: int = 1024

    @classmethod
    def from_environ(cls, environ: Mapping[str, str]) -> LocalSettings:
        """Settings from ``SEEDBED_CONTEXT`` and ``SEEDBED_PARALLEL``; raises ``ConfigError``."""
        asked = {"n_ctx": "SEEDBED_CONTEXT", "n_parallel": "SEEDBED_PARALLEL"}
        found = {name: whole_number(environ, variable) for name, variable in asked.items()}
        return cls(**{name: number for name, number in found.items() if number is not None})


@dataclass(slots=True)
class _Call:
    """One request in progress: what came so far, and whether it is to stop."""

    timeout_s: float
    stop: threading.Event
    pieces: list[bytes] = field(default_factory=list)
    deadline: float = 0.0
    late: bool = False

    def take(self, piece: bytes) -> bool:
        """Keep a piece of the stream; true ends the generation at this token."""
        self.pieces.append(piece)
        self.late = self.late or time.monotonic() > self.deadline
        return self.late or self.stop.is_set()


class LocalProvider:
    """llama.cpp in this process. Satisfies ``core.protocols.Provider``; models are loaded at their first call.

    Args:
        environ: environment variables: threads, cache folder, hub address and token; default the process's own.
        settings: context, parallel calls, threads, deadline.
        cache: folder for weights, default the user's cache folder.
        progress: told the bytes of a download.

    Attributes:
        rungs: structured-output rungs, strictest first.
    """

    rungs: ClassVar[tuple[str, ...]] = ("grammar", "prompt")

    def __init__(
        self,
        *,
        environ: Mapping[str, str] | None = None,
        settings: LocalSettings | None = None,
        cache: Path | None = None,
        progress: Progress | None = None,
    ) -> None:
        self.name = "local"
        self._environ = dict(os.environ if environ is None else environ)
        self.settings = settings or LocalSettings.from_environ(self._environ)
        self._cache = cache or cache_dir(self._environ)
        self._progress = progress
        self._servers: dict[tuple[str, bool], Any] = {}
        self._loading = threading.Lock()
        self._pool: ThreadPoolExecutor | None = None
        self._stop = threading.Event()

    @classmethod
    def from_environ(cls, environ: Mapping[str, str], *, progress: Progress | None = None) -> LocalProvider:
        """A provider set up by environment variables.

        Raises:
            MissingExtraError: xllamacpp is not installed.
            ConfigError: a variable holds no number.
        """
        from importlib.util import find_spec

        if find_spec("xllamacpp") is None:
            raise MissingExtraError("the local model", "local")
        return cls(environ=environ, progress=progress)

    @property
    def endpoint(self) -> str:
        """What keys the call cache."""
        return f"{self.name} llama.cpp"

    async def chat(self, request: ChatRequest, *, rung: str | None = None) -> ChatReply:
        """The model's answer; calls a model, in a worker thread that other calls queue for.

        A call that is cancelled or late ends at its next token.

        Args:
            request: what to ask; a schema is kept to by grammar.
            rung: ``prompt`` leaves the schema to the messages.

        Raises:
            ContextWindowError: the prompt is longer than the context.
            RequestTimeoutError: no complete reply within the deadline.
            BlankReplyError: a normal stop without text.
            ConfigError: the model's file is missing or broken.
            MissingExtraError: xllamacpp is not installed.
        """
        used = "" if request.schema is None else rung or self.rungs[0]
        body = self._body(request, used)
        call = _Call(request.timeout_s or self.settings.timeout_s, threading.Event())
        loop = asyncio.get_running_loop()
        try:
            latency = await loop.run_in_executor(self._threads(), self._complete, request.model, body, call)
        except asyncio.CancelledError:
            call.stop.set()
            raise
        return self._reply(request, call, used, latency)

    async def embed(self, texts: Sequence[str], *, model: str) -> tuple[np.ndarray, int]:
        """Vectors ``(n, dim)`` float32 in input order, not normalised, and the tokens used; calls a model.

        The model's own pooling is used where it has one, else the mean.

        Raises:
            ContextWindowError: a text is longer than the context.
            ConfigError: the model's file is missing or broken.
        """
        import numpy as np

        loop = asyncio.get_running_loop()
        rows, tokens = await loop.run_in_executor(self._threads(), self._vectors, model, list(texts))
        return np.asarray(rows, dtype=np.float32).reshape(len(texts), -1), tokens

    async def models(self) -> list[str]:
        """Names of the built-in and downloaded models, sorted."""
        return sorted(info.name for info in list_models(self._cache))

    async def aclose(self) -> None:
        """End calls in progress at their next token and free the models; a later call loads them again."""
        self._stop.set()
        pool, self._pool = self._pool, None
        if pool is not None:
            await asyncio.to_thread(pool.shutdown, cancel_futures=True)
        self._servers.clear()
        self._stop = threading.Event()

    # -- in the worker thread ----------------------------------------------------------------------------------

    def _complete(self, model: str, body: dict[str, Any], call: _Call) -> float:
        """Run one call, its stream kept in ``call``; returns seconds."""
        server = self._server(model, embedding=False)
        if call.stop.is_set():
            return 0.0
        closing = self._stop
        start = time.monotonic()
        call.deadline = start + call.timeout_s
        data = json.dumps(body, ensure_ascii=False).encode("utf-8", "replace")
        try:
            server.handle_chat_completions(data, lambda piece: call.take(piece) or closing.is_set())
        except ValueError as error:
            raise BadRequestError(f"llama.cpp refuses the request: {_line(error)}", place={"model": model}) from error
        except RuntimeError as error:
            raise MalformedReplyError(f"llama.cpp failed: {_line(error)}", place={"model": model}) from error
        return time.monotonic() - start

    def _vectors(self, model: str, texts: list[str]) -> tuple[list[list[float]], int]:
        server = self._server(model, embedding=True)
        rows: list[list[float]] = []
        tokens = 0
        for text in texts:  # one at a time: a batch with one text too long never comes back
            clean = text.encode("utf-8", "replace").decode() or " "
            data = server.handle_embeddings({"input": [clean]})
            if "error" in data:
                raise _fault(data["error"], model, self.settings.n_ctx)
            rows.append(data["data"][0]["embedding"])
            tokens += int(data["usage"]["prompt_tokens"])
        return rows, tokens

    def _threads(self) -> ThreadPoolExecutor:
        if self._pool is None:
            self._pool = ThreadPoolExecutor(self.settings.n_parallel, thread_name_prefix="seedbed-local")
        return self._pool

    def _server(self, model: str, *, embedding: bool) -> Any:
        """The loaded model; the first caller loads it, the others wait."""
        with self._loading:
            key = model, embedding
            if key not in self._servers:
                path = resolve(model, cache=self._cache, environ=self._environ, progress=self._progress)
                self._servers[key] = self._load(path, embedding)
            return self._servers[key]

    def _load(self, path: Path, embedding: bool) -> Any:
        try:
            import xllamacpp
        except ImportError as error:
            raise MissingExtraError("the local model", "local") from error
        params = self._params(xllamacpp, path, embedding)
        try:
            server = _started(xllamacpp, params)
            if embedding and "error" in server.handle_embeddings({"input": ["a"]}):  # the model has no pooling
                del server
                params.pooling_type = xllamacpp.llama_pooling_type.LLAMA_POOLING_TYPE_MEAN
                server = _started(xllamacpp, params)
        except RuntimeError as error:
            raise ConfigError(
                f"llama.cpp cannot load {path.name}: the file is broken, or of a kind it does not know",
                place={"file": str(path)},
                fix="delete the file and fetch it again, or use another GGUF",
            ) from error
        return server

    def _params(self, xllamacpp: Any, path: Path, embedding: bool) -> Any:
        settings = self.settings
        threads = settings.threads or choose_threads(self._environ)
        params = xllamacpp.CommonParams()
        params.model.path = str(path)
        params.n_parallel = settings.n_parallel
        params.n_ctx = settings.n_ctx * settings.n_parallel
        params.warmup = False
        params.verbosity = -1
        params.cache_ram_mib = 64  # the default keeps up to 8 GiB of earlier prompts
        for cpu in (params.cpuparams, params.cpuparams_batch):
            cpu.n_threads = threads
            cpu.poll = 0  # spinning threads starve whatever else runs on a small machine
        # The library opens a loopback port whether wanted or not; nobody else gets in.
        params.api_keys = [secrets.token_hex(32)]
        params.ui = params.endpoint_slots = False
        params.endpoint_metrics = True  # see _started
        params.n_threads_http = 1
        if embedding:
            params.embedding = True
            params.n_batch = params.n_ubatch = settings.n_ctx
        return params

    # -- request and reply -------------------------------------------------------------------------------------

    def _body(self, request: ChatRequest, rung: str) -> dict[str, Any]:
        if request.tools:
            raise BadRequestError("the local provider takes no tools", fix="use a server, e.g. ollama or llamacpp")
        body: dict[str, Any] = {
            "messages": [{"role": m.role, "content": m.content} for m in request.messages],
            "max_tokens": request.max_tokens or self.settings.max_tokens,
            "stream": True,
            "stream_options": {"include_usage": True},
            **NO_LOOPS,
        }
        given = {"temperature": request.temperature, "top_p": request.top_p, "seed": request.seed}
        body.update({name: value for name, value in given.items() if value is not None})
        if request.stop:
            body["stop"] = list(request.stop)
        if rung == "grammar" and request.schema is not None:
            body["response_format"] = {"type": "json_schema", "json_schema": {"schema": grammar_form(request.schema)}}
        return body

    def _reply(self, request: ChatRequest, call: _Call, rung: str, latency_s: float) -> ChatReply:
        text, reasoning, finish, usage = "", "", "", Usage(calls=1)
        for piece in call.pieces:
            data = json.loads(piece)
            if "error" in data:
                raise _fault(data["error"], request.model, self.settings.n_ctx)
            for choice in data.get("choices") or ():
                text += choice["delta"].get("content") or ""
                reasoning += choice["delta"].get("reasoning_content") or ""
                finish = choice.get("finish_reason") or finish
            usage = _usage(data["usage"]) if data.get("usage") else usage
        place = {"model": request.model}
        if call.late:
            raise RequestTimeoutError(f"no complete reply within {call.timeout_s:g} s", place=place)
        if not finish:
            raise ServerError("the local model was closed before its reply was complete", place=place)
        if finish == "stop" and not text.strip():
            raise BlankReplyError(f"local model {request.model!r} stopped without any text", place=place)
        return ChatReply(
            text, finish, request.model, usage, latency_s=latency_s, rung=rung, reasoning=reasoning
        )  # fmt: skip


def _started(xllamacpp: Any, params: Any) -> Any:
    """A server whose loop runs: one that is freed before its loop has begun waits for it for ever.

    Metrics are answered by the loop itself; without this, one server in about a hundred hung when freed.
    """
    server = xllamacpp.Server(params)
    server.handle_metrics()
    return server


def _usage(counts: Mapping[str, Any]) -> Usage:
    return Usage(
        prompt_tokens=int(counts.get("prompt_tokens", 0)),
        completion_tokens=int(counts.get("completion_tokens", 0)),
        cached_tokens=int((counts.get("prompt_tokens_details") or {}).get("cached_tokens", 0)),
        cost_usd=0.0,
        calls=1,
    )


def _fault(error: Mapping[str, Any], model: str, n_ctx: int) -> ProviderError:
    """The typed error for llama.cpp's error object."""
    said, place = _line(error.get("message", "no reason given")), {"model": model}
    if error.get("type") == "exceed_context_size_error" or "too large to process" in said:
        return ContextWindowError(
            f"the local model's context of {n_ctx} tokens is too short: {said}",
            place=place,
            fix="use smaller chunks, or set SEEDBED_CONTEXT to more tokens",
        )
    code = error.get("code")
    if isinstance(code, int) and code < 500:
        return BadRequestError(f"llama.cpp refuses the request: {said}", place=place, status=code)
    if "does not match the expected" in said:  # the grammar allowed what the reply parser does not
        return MalformedReplyError(f"llama.cpp could not read the reply: {said}", place=place)
    return ServerError(f"llama.cpp failed: {said}", place=place)


def _line(said: Any) -> str:
    return " ".join(str(said).split())[:300]
