"""The native Ollama dialect: ``/api/chat`` with a schema as ``format``, and a window that grows with the prompt."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from seedbed.core.errors import BadRequestError, ConfigError
from seedbed.core.records import ChatReply
from seedbed.providers.dialect import Dialect, answer_text, usage_of
from seedbed.providers.faults import duration_s
from seedbed.providers.schemas import plain
from seedbed.providers.tokens import estimate_prompt_tokens, estimate_tokens

if TYPE_CHECKING:
    import numpy as np

    from seedbed.core.records import ChatRequest

DEFAULT_PORT = 11434
_SERVER_CONTEXT = 4096
_USUAL_ANSWER = 1024
_NOT_PULLED = re.compile(r"model.*not found|try pulling", re.IGNORECASE)


class OllamaDialect(Dialect):
    """``/api/chat``, ``/api/embed`` and ``/api/tags``."""

    rungs: ClassVar[tuple[str, ...]] = ("grammar", "json_object", "prompt")

    def __init__(self, name: str, *, base_url: str, **options: Any) -> None:
        super().__init__(name, base_url=base_url.rstrip("/").removesuffix("/v1").removesuffix("/api"), **options)
        self._context: dict[str, int] = {}

    @staticmethod
    def key_header(key: str) -> dict[str, str]:
        """``Authorization: Bearer``, for Ollama's cloud and for proxies."""
        return {"Authorization": f"Bearer {key}"}

    def path(self, request: ChatRequest) -> str:
        """The same for every model."""
        return "/api/chat"

    def body(self, request: ChatRequest, *, rung: str) -> dict[str, Any]:
        """The request in this dialect, not streamed."""
        body: dict[str, Any] = {
            "model": request.model,
            "messages": [{"role": m.role, "content": m.content} for m in request.messages],
            "stream": False,
        }
        if request.tools:
            body["tools"] = list(request.tools)
        if request.schema is not None and rung == "grammar":
            body["format"] = self.form(rung, request.schema, plain)
        elif request.schema is not None and rung == "json_object":
            body["format"] = "json"
        fields = {
            "num_predict": request.max_tokens,
            "num_ctx": self._window(request),
            "temperature": request.temperature,
            "top_p": request.top_p,
            "seed": request.seed,
            "stop": list(request.stop) or None,
        }
        options = {key: value for key, value in fields.items() if value is not None}
        if options:
            body["options"] = options
        return body

    def _window(self, request: ChatRequest) -> int | None:
        """``num_ctx`` for prompts the usual 4,096 tokens cannot hold, else ``None``.

        The server cuts a longer prompt in silence. A change reloads the model, so the window goes up in powers of two
        and never down again.
        """
        need = estimate_prompt_tokens(request) + (request.max_tokens or _USUAL_ANSWER)
        window = self._context.get(request.model, _SERVER_CONTEXT)
        while window < need:
            window *= 2
        if window == _SERVER_CONTEXT:
            return None
        self._context[request.model] = window
        return window

    async def chat(self, request: ChatRequest, *, rung: str | None = None) -> ChatReply:
        """The model's answer; a model that is not there names the command that pulls it."""
        try:
            return await super().chat(request, rung=rung)
        except BadRequestError as error:
            _name_pull(error, request.model)
            raise

    def read(self, data: dict[str, Any], request: ChatRequest) -> ChatReply:
        """Text and thinking, tool calls, and token counts."""
        message = data["message"]
        calls = tuple(
            {
                "id": str(call.get("id") or f"call_{i}"),
                "name": call["function"]["name"],
                "arguments": self.arguments(call["function"].get("arguments") or {}),
            }
            for i, call in enumerate(message.get("tool_calls") or ())
        )
        text, reasoning = answer_text(message.get("content") or "", message.get("thinking") or "", request)
        finish = "length" if data.get("done_reason") == "length" else "tool_calls" if calls else "stop"
        counts = {"prompt": data.get("prompt_eval_count"), "completion": data.get("eval_count")}
        return ChatReply(
            text=text,
            finish=finish,
            model=str(data.get("model") or ""),
            usage=usage_of(request, text, counts),
            tool_calls=calls,
            reasoning=reasoning,
        )

    async def embed(self, texts: Sequence[str], *, model: str) -> tuple[np.ndarray, int]:
        """Vectors in input order."""
        try:
            _, data = await self.client.post("/api/embed", {"model": model, "input": list(texts)})
        except BadRequestError as error:
            _name_pull(error, model)
            raise
        tokens = data.get("prompt_eval_count")
        counted = tokens if isinstance(tokens, int) else sum(map(estimate_tokens, texts))
        return self.vectors(data.get("embeddings"), len(texts)), counted

    async def models(self) -> list[str]:
        """``GET /api/tags``: the models that are pulled."""
        _, data = await self.client.get("/api/tags")
        rows = data.get("models")
        if not isinstance(rows, list):
            raise self.malformed("reply lists no models", data)
        return sorted(str(r["name"]) for r in rows if isinstance(r, dict) and "name" in r)


def _name_pull(error: BadRequestError, model: str) -> None:
    if _NOT_PULLED.search(error.message):
        error.fix = f"ollama pull {model}"


def host_url(value: str) -> str:
    """Base URL meant by ``OLLAMA_HOST``: ``host``, ``host:port``, ``:port`` or a URL; "listen on all" means here."""
    text = value.strip().rstrip("/")
    scheme, separator, rest = text.partition("://")
    if not separator:
        scheme, rest = "http", text
    host, slash, path = rest.partition("/")
    name, colon, port = host.rpartition(":") if not host.endswith("]") else (host, "", "")
    if not colon:
        name, port = host, str(DEFAULT_PORT) if not separator else ""
    if name in ("", "0.0.0.0", "[::]"):
        name = "127.0.0.1"
    return f"{scheme}://{name}{':' + port if port else ''}{slash}{path}"


def timeout_from(environ: Mapping[str, str]) -> float | None:
    """Seconds in ``OLLAMA_TIMEOUT`` (``300`` or ``5m``), or ``None`` where it is not set.

    Raises:
        ConfigError: it is set to something else.
    """
    value = environ.get("OLLAMA_TIMEOUT", "").strip()
    if not value:
        return None
    seconds = duration_s(value)
    if not seconds:
        raise ConfigError(
            f"OLLAMA_TIMEOUT is {value!r}", place={"variable": "OLLAMA_TIMEOUT"}, fix="write seconds, or 90s, or 5m"
        )
    return seconds
