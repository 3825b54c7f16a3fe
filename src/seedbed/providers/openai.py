"""The OpenAI chat-completions dialect: OpenAI, DeepSeek, vLLM, llama.cpp, LM Studio, OpenRouter, Groq and many more."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from seedbed.core.errors import ServerError
from seedbed.core.records import ChatReply
from seedbed.providers.dialect import FORCED_TOOL, Dialect, answer_text, joined, usage_of
from seedbed.providers.faults import error_for
from seedbed.providers.schemas import plain, strict_form
from seedbed.providers.tokens import estimate_tokens

if TYPE_CHECKING:
    import numpy as np

    from seedbed.core.records import ChatRequest

_FINISH = {"stop": "stop", "length": "length", "tool_calls": "tool_calls", "function_call": "tool_calls"}
_NEW_LIMIT = re.compile(r"(?:^|/)(?:o\d|gpt-(?:[5-9]|\d\d))")


@dataclass(frozen=True, slots=True)
class Style:
    """How one provider departs from the common form.

    Attributes:
        limit: field of the most tokens to generate.
        grammar: field that takes a bare schema on the ``grammar`` rung; ``""`` puts it into ``response_format``, as
            llama.cpp and Together read it.
        unsupported: schema keywords its strict mode refuses; they are told in words.
        reports_cost: whether ``usage.cost`` is the money charged.
    """

    limit: str = "max_tokens"
    grammar: str = ""
    unsupported: tuple[str, ...] = ()
    reports_cost: bool = False

    def strict(self, schema: dict[str, Any]) -> tuple[dict[str, Any], bool]:
        """``schema`` for this provider's strict mode, and whether it can hold it."""
        return strict_form(schema, drop=self.unsupported, nullable=bool(self.unsupported))


_LENGTHS = ("minLength", "maxLength", "uniqueItems")
_STYLES = {
    "openai": Style(limit="max_completion_tokens", unsupported=_LENGTHS),
    "groq": Style(limit="max_completion_tokens", unsupported=_LENGTHS),
    "cerebras": Style(limit="max_completion_tokens", unsupported=(*_LENGTHS, "pattern", "minItems", "maxItems")),
    "openrouter": Style(unsupported=_LENGTHS, reports_cost=True),
    "fireworks": Style(unsupported=_LENGTHS),
    "mistral": Style(unsupported=_LENGTHS),
    "together": Style(unsupported=_LENGTHS),
    "xai": Style(unsupported=_LENGTHS),
    "vllm": Style(grammar="guided_json"),
}
_COMMON = Style()


class OpenAIDialect(Dialect):
    """``/chat/completions`` and ``/embeddings``."""

    rungs: ClassVar[tuple[str, ...]] = ("json_schema", "grammar", "tool", "json_object", "prompt")

    @staticmethod
    def key_header(key: str) -> dict[str, str]:
        """``Authorization: Bearer``."""
        return {"Authorization": f"Bearer {key}"}

    def path(self, request: ChatRequest) -> str:
        """The same for every model."""
        return "/chat/completions"

    def body(self, request: ChatRequest, *, rung: str) -> dict[str, Any]:
        """The request in this dialect; tool turns go out as user turns, for want of a call id."""
        style = _STYLES.get(self.name, _COMMON)
        body: dict[str, Any] = {
            "model": request.model,
            "messages": [
                {"role": "user" if m.role == "tool" else m.role, "content": m.content} for m in request.messages
            ],
        }
        if request.max_tokens is not None:
            limit = "max_completion_tokens" if _NEW_LIMIT.search(request.model) else style.limit
            body[limit] = request.max_tokens
        for field in ("temperature", "top_p", "seed"):
            value = getattr(request, field)
            if value is not None:
                body[field] = value
        if request.stop:
            body["stop"] = list(request.stop)
        if request.tools:
            body["tools"] = list(request.tools)
        if request.schema is not None:
            body |= self._shape(request.schema, rung, style, list(request.tools))
        return body

    def _shape(self, schema: dict[str, Any], rung: str, style: Style, tools: list[dict[str, Any]]) -> dict[str, Any]:
        if rung == "json_object":
            return {"response_format": {"type": "json_object"}}
        if rung == "grammar":
            bare = self.form(rung, schema, plain)
            return (
                {style.grammar: bare} if style.grammar else {"response_format": {"type": "json_object", "schema": bare}}
            )
        if rung not in ("json_schema", "tool"):
            return {}
        form, strict = self.form(rung, schema, style.strict)
        if rung == "json_schema":
            named = {"name": FORCED_TOOL, "schema": form, "strict": strict}
            return {"response_format": {"type": "json_schema", "json_schema": named}}
        function = {"name": FORCED_TOOL, "description": "Give the answer.", "parameters": form}
        return {
            "tools": [*tools, {"type": "function", "function": function}],
            "tool_choice": {"type": "function", "function": {"name": FORCED_TOOL}},
        }

    def read(self, data: dict[str, Any], request: ChatRequest) -> ChatReply:
        """The first choice; an ``error`` inside a good status is raised as what it is."""
        self._raise_inner(data.get("error"))
        choice = data["choices"][0]
        self._raise_inner(choice.get("error"))
        message = choice["message"]
        finish = choice.get("finish_reason") or "stop"
        if message.get("refusal"):
            raise self.refusal(str(message["refusal"]))
        calls = tuple(
            {
                "id": call.get("id") or f"call_{i}",
                "name": call["function"]["name"],
                "arguments": self.arguments(call["function"].get("arguments") or "{}"),
            }
            for i, call in enumerate(message.get("tool_calls") or ())
        )
        thinking = message.get("reasoning_content") or message.get("reasoning") or ""
        text, reasoning = answer_text(joined(message.get("content")), joined(thinking), request)
        if finish == "content_filter" and not text.strip():
            raise self.refusal("content filter")
        if finish == "insufficient_system_resource":
            raise ServerError(f"{self.name} ran out of resources in mid-answer", place={"provider": self.name})
        return ChatReply(
            text=text,
            finish="filter" if finish == "content_filter" else _FINISH.get(finish, "stop"),
            model=str(data.get("model") or ""),
            usage=usage_of(request, text, self._counts(data.get("usage") or {})),
            tool_calls=calls,
            reasoning=reasoning,
        )

    def _raise_inner(self, error: Any) -> None:
        if not error:
            return
        code = error.get("code") if isinstance(error, Mapping) else None
        status = code if isinstance(code, int) and 400 <= code < 600 else 502
        body = json.dumps({"error": error}).encode()
        raise error_for(status, {}, body, name=self.name, secrets=self.client.secrets)

    def _counts(self, usage: Mapping[str, Any]) -> dict[str, Any]:
        prompt = usage.get("prompt_tokens_details") or {}
        completion = usage.get("completion_tokens_details") or {}
        return {
            "prompt": usage.get("prompt_tokens"),
            "completion": usage.get("completion_tokens"),
            "cached": prompt.get("cached_tokens") or usage.get("prompt_cache_hit_tokens"),
            "reasoning": completion.get("reasoning_tokens"),
            "cost": usage.get("cost") if _STYLES.get(self.name, _COMMON).reports_cost else None,
        }

    async def embed(self, texts: Sequence[str], *, model: str) -> tuple[np.ndarray, int]:
        """Vectors in input order, whatever order the server answers in."""
        body = {"model": model, "input": list(texts), "encoding_format": "float"}
        _, data = await self.client.post("/embeddings", body)
        rows = data.get("data")
        if not isinstance(rows, list) or not all(isinstance(r, dict) and "embedding" in r for r in rows):
            raise self.malformed("reply holds no embeddings")
        if all(isinstance(r.get("index"), int) for r in rows):
            rows = sorted(rows, key=lambda r: r["index"])
        usage = data.get("usage")
        tokens = usage.get("prompt_tokens") if isinstance(usage, dict) else None
        counted = tokens if isinstance(tokens, int) else sum(map(estimate_tokens, texts))
        return self.vectors([r["embedding"] for r in rows], len(texts)), counted

    async def models(self) -> list[str]:
        """``GET /models``."""
        _, data = await self.client.get("/models")
        rows = data.get("data")
        if not isinstance(rows, list):
            raise self.malformed("reply lists no models", data)
        return sorted(str(r["id"]) for r in rows if isinstance(r, dict) and "id" in r)
