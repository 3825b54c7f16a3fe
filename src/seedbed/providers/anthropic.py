"""The Anthropic Messages dialect: system turn apart, content blocks, tool use, thinking, JSON output by schema."""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from seedbed.core.errors import BadRequestError
from seedbed.core.records import ChatReply
from seedbed.providers.dialect import FORCED_TOOL, Dialect, usage_of
from seedbed.providers.schemas import closed, plain

if TYPE_CHECKING:
    import numpy as np

    from seedbed.core.records import ChatRequest

API_VERSION = "2023-06-01"
DEFAULT_MAX_TOKENS = 8192
"""Sent when a request names no limit: the API demands one."""

_FINISH = {"max_tokens": "length", "model_context_window_exceeded": "length", "tool_use": "tool_calls"}
_UNSUPPORTED = (
    "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf",
    "minLength", "maxLength", "pattern", "minItems", "maxItems", "uniqueItems",
)  # fmt: skip


class AnthropicDialect(Dialect):
    """``/v1/messages``, version 2023-06-01. The API has no embeddings."""

    rungs: ClassVar[tuple[str, ...]] = ("json_schema", "tool", "prompt")
    chat_headers: ClassVar[Mapping[str, str]] = {"anthropic-version": API_VERSION}

    def __init__(self, name: str, *, base_url: str, **options: Any) -> None:
        super().__init__(name, base_url=base_url.rstrip("/").removesuffix("/v1"), **options)

    @staticmethod
    def key_header(key: str) -> dict[str, str]:
        """``x-api-key``."""
        return {"x-api-key": key}

    def path(self, request: ChatRequest) -> str:
        """The same for every model."""
        return "/v1/messages"

    def body(self, request: ChatRequest, *, rung: str) -> dict[str, Any]:
        """The request in this dialect; tool turns go out as user turns, a system turn alone as the user's."""
        system = "\n\n".join(m.content for m in request.messages if m.role == "system")
        turns = [
            {"role": "assistant" if m.role == "assistant" else "user", "content": m.content}
            for m in request.messages
            if m.role != "system"
        ]
        body: dict[str, Any] = {"model": request.model, "max_tokens": request.max_tokens or DEFAULT_MAX_TOKENS}
        if system and turns:
            body["system"] = system
        body["messages"] = turns or [{"role": "user", "content": system}]
        for field in ("temperature", "top_p"):
            value = getattr(request, field)
            if value is not None:
                body[field] = value
        if request.stop:
            body["stop_sequences"] = list(request.stop)
        if request.tools:
            body["tools"] = [_tool(t) for t in request.tools]
        if request.schema is not None:
            self._shape(body, request.schema, rung)
        return body

    def _shape(self, body: dict[str, Any], schema: dict[str, Any], rung: str) -> None:
        if rung == "json_schema":
            form = self.form(rung, schema, functools.partial(closed, drop=_UNSUPPORTED))
            body["output_config"] = {"format": {"type": "json_schema", "schema": form}}
        elif rung == "tool":
            tool = {"name": FORCED_TOOL, "description": "Give the answer.", "input_schema": plain(schema)}
            body["tools"] = [*body.get("tools", ()), tool]
            body["tool_choice"] = {"type": "tool", "name": FORCED_TOOL, "disable_parallel_tool_use": True}

    def read(self, data: dict[str, Any], request: ChatRequest) -> ChatReply:
        """Text, thinking and tool-use blocks, joined by kind."""
        blocks = data["content"]
        stop = data.get("stop_reason") or "end_turn"
        if stop == "refusal":
            details = data.get("stop_details")
            why = details.get("explanation") if isinstance(details, dict) else None
            raise self.refusal(str(why or "stop reason refusal"))
        calls = tuple(
            {"id": str(b.get("id", "")), "name": b["name"], "arguments": self.arguments(b.get("input") or {})}
            for b in blocks
            if b["type"] == "tool_use"
        )
        text = "".join(b["text"] for b in blocks if b["type"] == "text")
        return ChatReply(
            text=text,
            finish=_FINISH.get(stop, "stop"),
            model=str(data.get("model") or ""),
            usage=usage_of(request, text, _counts(data.get("usage") or {})),
            tool_calls=calls,
            reasoning="".join(b.get("thinking") or "" for b in blocks if b["type"] == "thinking"),
        )

    async def embed(self, texts: Sequence[str], *, model: str) -> tuple[np.ndarray, int]:
        """Never returns: the API has no embeddings.

        Raises:
            BadRequestError: always.
        """
        raise BadRequestError(
            f"{self.name} has no embedding models",
            place={"provider": self.name, "model": model},
            fix="use embedder static, or a provider with embeddings such as openai, gemini or ollama",
        )

    async def models(self) -> list[str]:
        """``GET /v1/models``, up to 1,000."""
        _, data = await self.client.get("/v1/models?limit=1000")
        rows = data.get("data")
        if not isinstance(rows, list):
            raise self.malformed("reply lists no models", data)
        return sorted(str(r["id"]) for r in rows if isinstance(r, dict) and "id" in r)


def _tool(tool: dict[str, Any]) -> dict[str, Any]:
    """An OpenAI-shaped tool definition as Anthropic's."""
    function = tool.get("function", tool)
    return {
        "name": function["name"],
        "description": function.get("description", ""),
        "input_schema": function.get("parameters") or {"type": "object", "properties": {}},
    }


def _counts(usage: Mapping[str, Any]) -> dict[str, Any]:
    """Counts with cache reads and writes added to the prompt, which the API reports without them."""
    read, written = usage.get("cache_read_input_tokens") or 0, usage.get("cache_creation_input_tokens") or 0
    details = usage.get("output_tokens_details") or {}
    return {
        "prompt": (usage.get("input_tokens") or 0) + read + written,
        "completion": usage.get("output_tokens"),
        "cached": read,
        "reasoning": details.get("thinking_tokens"),
    }
