"""The Gemini dialect: ``generateContent`` with a response schema, safety blocks and thought tokens."""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar
from urllib.parse import quote

from seedbed.core.errors import MalformedReplyError
from seedbed.core.records import ChatReply
from seedbed.providers.dialect import FORCED_TOOL, Dialect, answer_text, usage_of
from seedbed.providers.schemas import plain
from seedbed.providers.tokens import estimate_tokens

if TYPE_CHECKING:
    import numpy as np

    from seedbed.core.records import ChatRequest

_REFUSED = frozenset(
    {"SAFETY", "RECITATION", "BLOCKLIST", "PROHIBITED_CONTENT", "SPII", "IMAGE_SAFETY", "LANGUAGE", "MODEL_ARMOR"}
)
_BROKEN = frozenset({"MALFORMED_FUNCTION_CALL", "UNEXPECTED_TOOL_CALL", "MALFORMED_RESPONSE"})
_UNSUPPORTED = (
    "exclusiveMinimum",
    "exclusiveMaximum",
    "multipleOf",
    "minLength",
    "maxLength",
    "pattern",
    "uniqueItems",
)


class GeminiDialect(Dialect):
    """``models/{model}:generateContent`` and ``:batchEmbedContents`` under ``/v1beta``."""

    rungs: ClassVar[tuple[str, ...]] = ("json_schema", "tool", "json_object", "prompt")

    @staticmethod
    def key_header(key: str) -> dict[str, str]:
        """``x-goog-api-key``: a key in the URL would end up in logs."""
        return {"x-goog-api-key": key}

    def path(self, request: ChatRequest) -> str:
        """The model is part of the path."""
        return f"/{_resource(request.model)}:generateContent"

    def body(self, request: ChatRequest, *, rung: str) -> dict[str, Any]:
        """The request in this dialect; a system turn alone goes out as the user's."""
        system = "\n\n".join(m.content for m in request.messages if m.role == "system")
        turns = [
            {"role": "model" if m.role == "assistant" else "user", "parts": [{"text": m.content}]}
            for m in request.messages
            if m.role != "system"
        ]
        body: dict[str, Any] = {"contents": turns or [{"role": "user", "parts": [{"text": system}]}]}
        if system and turns:
            body["systemInstruction"] = {"parts": [{"text": system}]}
        if request.tools:
            body["tools"] = [{"functionDeclarations": [_declaration(t) for t in request.tools]}]
        config = _sampling(request)
        if request.schema is not None:
            self._shape(body, config, request.schema, rung)
        if config:
            body["generationConfig"] = config
        return body

    def _shape(self, body: dict[str, Any], config: dict[str, Any], schema: dict[str, Any], rung: str) -> None:
        if rung in ("json_schema", "json_object"):
            config["responseMimeType"] = "application/json"
        if rung in ("json_schema", "tool"):
            form = self.form(rung, schema, functools.partial(plain, drop=_UNSUPPORTED))
        if rung == "json_schema":
            config["responseJsonSchema"] = form
        elif rung == "tool":
            declared = {"name": FORCED_TOOL, "description": "Give the answer.", "parametersJsonSchema": form}
            earlier = body["tools"][0]["functionDeclarations"] if "tools" in body else []
            body["tools"] = [{"functionDeclarations": [*earlier, declared]}]
            body["toolConfig"] = {"functionCallingConfig": {"mode": "ANY", "allowedFunctionNames": [FORCED_TOOL]}}

    def read(self, data: dict[str, Any], request: ChatRequest) -> ChatReply:
        """The first candidate; blocked prompts and candidates are refusals."""
        candidates = data.get("candidates") or []
        blocked = (data.get("promptFeedback") or {}).get("blockReason")
        if blocked and not candidates:
            raise self.refusal(f"prompt blocked: {blocked}")
        candidate = candidates[0]
        finish = candidate.get("finishReason") or "STOP"
        if finish in _REFUSED:
            raise self.refusal(f"finish reason {finish}")
        if finish in _BROKEN:
            raise MalformedReplyError(f"{self.name}: finish reason {finish}", place={"provider": self.name})
        parts = (candidate.get("content") or {}).get("parts") or []
        calls = tuple(
            {
                "id": str(p["functionCall"].get("id") or f"call_{i}"),
                "name": p["functionCall"]["name"],
                "arguments": self.arguments(p["functionCall"].get("args") or {}),
            }
            for i, p in enumerate(p for p in parts if "functionCall" in p)
        )
        thoughts = "".join(p.get("text") or "" for p in parts if p.get("thought"))
        text, reasoning = answer_text(
            "".join(p.get("text") or "" for p in parts if not p.get("thought")), thoughts, request
        )
        return ChatReply(
            text=text,
            finish="length" if finish == "MAX_TOKENS" else "tool_calls" if calls else "stop",
            model=str(data.get("modelVersion") or ""),
            usage=usage_of(request, text, _counts(data.get("usageMetadata") or {})),
            tool_calls=calls,
            reasoning=reasoning,
        )

    async def embed(self, texts: Sequence[str], *, model: str) -> tuple[np.ndarray, int]:
        """Vectors in input order; the API reports no tokens, so they are estimated."""
        name = _resource(model)
        requests = [{"model": name, "content": {"parts": [{"text": text}]}} for text in texts]
        _, data = await self.client.post(f"/{name}:batchEmbedContents", {"requests": requests})
        rows = data.get("embeddings")
        if not isinstance(rows, list) or not all(isinstance(r, dict) and "values" in r for r in rows):
            raise self.malformed("reply holds no embeddings")
        return self.vectors([r["values"] for r in rows], len(texts)), sum(map(estimate_tokens, texts))

    async def models(self) -> list[str]:
        """``GET /models``, up to 1,000, without the ``models/`` prefix."""
        _, data = await self.client.get("/models?pageSize=1000")
        rows = data.get("models")
        if not isinstance(rows, list):
            raise self.malformed("reply lists no models", data)
        return sorted(str(r["name"]).removeprefix("models/") for r in rows if isinstance(r, dict) and "name" in r)


def _resource(model: str) -> str:
    """``models/…`` or ``tunedModels/…``, quoted: a model name must not reach another path."""
    name = model if model.startswith(("models/", "tunedModels/")) else f"models/{model}"
    return "/".join(quote(part, safe="") for part in name.split("/") if part not in (".", ".."))


def _sampling(request: ChatRequest) -> dict[str, Any]:
    fields = {
        "maxOutputTokens": request.max_tokens,
        "temperature": request.temperature,
        "topP": request.top_p,
        "seed": request.seed,
        "stopSequences": list(request.stop) or None,
    }
    return {key: value for key, value in fields.items() if value is not None}


def _declaration(tool: dict[str, Any]) -> dict[str, Any]:
    """An OpenAI-shaped tool definition as Gemini's."""
    function = tool.get("function", tool)
    declared = {"name": function["name"], "description": function.get("description", "")}
    if function.get("parameters"):
        declared["parametersJsonSchema"] = function["parameters"]
    return declared


def _counts(usage: Mapping[str, Any]) -> dict[str, Any]:
    """Counts with thoughts added to the completion and tool prompts to the prompt, which the API reports apart."""
    thoughts = usage.get("thoughtsTokenCount") or 0
    return {
        "prompt": (usage.get("promptTokenCount") or 0) + (usage.get("toolUsePromptTokenCount") or 0),
        "completion": (usage.get("candidatesTokenCount") or 0) + thoughts,
        "cached": usage.get("cachedContentTokenCount"),
        "reasoning": thoughts,
    }
