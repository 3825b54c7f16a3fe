"""The four dialects from the server's side: what a body asks for, and an answer in its dialect's form."""

from __future__ import annotations

import json
import random
import re
from dataclasses import dataclass
from typing import Any

_SCHEMA_IN_PROMPT = re.compile(r"```json\s*(\{.*?\})\s*```", re.DOTALL)
_GEMINI = re.compile(r"^/v1(?:beta)?/models/([^/:]+):(generateContent|embedContent|batchEmbedContents)$")


@dataclass(slots=True)
class Asked:
    """One request, read.

    Attributes:
        dialect: ``openai``, ``anthropic``, ``gemini`` or ``ollama``.
        what: ``chat``, ``embed`` or ``models``.
        model, prompt: model name and the last user turn.
        schema: what the answer must fit, or ``None`` for free text.
        tool: name of the tool that must carry the answer, or ``""``.
        texts: to embed.
        one: whether a single embedding was asked for (Gemini).
        body: the parsed body.
    """

    dialect: str
    what: str
    model: str = ""
    prompt: str = ""
    schema: dict[str, Any] | None = None
    tool: str = ""
    texts: tuple[str, ...] = ()
    one: bool = False
    body: Any = None


def read(path: str, raw: bytes) -> Asked | None:
    """What ``raw``, sent to ``path``, asks for; ``None`` where no dialect has this path or the body is no object."""
    if path in _MODELS:
        return Asked(_MODELS[path], "models")
    try:
        body = json.loads(raw)
    except ValueError:
        return None
    if not isinstance(body, dict):
        return None
    match = _GEMINI.match(path)
    if match:
        return _gemini(match[1], match[2], body)
    reader = _PATHS.get(path)
    return reader(body) if reader else None


def _openai(body: dict[str, Any]) -> Asked:
    asked = Asked("openai", "chat", str(body.get("model")), _last(body.get("messages")), body=body)
    wanted = body.get("response_format") or {}
    asked.schema = (wanted.get("json_schema") or {}).get("schema") or wanted.get("schema") or body.get("guided_json")
    choice = body.get("tool_choice")
    if isinstance(choice, dict):
        asked.tool = choice["function"]["name"]
        found = (t["function"] for t in body["tools"] if t["function"]["name"] == asked.tool)
        asked.schema = next(found).get("parameters")
    asked.schema = asked.schema or _told(asked.prompt)
    return asked


def _openai_embed(body: dict[str, Any]) -> Asked:
    return Asked("openai", "embed", str(body.get("model")), texts=_texts(body.get("input")), body=body)


def _anthropic(body: dict[str, Any]) -> Asked:
    asked = Asked("anthropic", "chat", str(body.get("model")), _last(body.get("messages")), body=body)
    asked.schema = ((body.get("output_config") or {}).get("format") or {}).get("schema")
    choice = body.get("tool_choice") or {}
    if choice.get("type") == "tool":
        asked.tool = choice["name"]
        asked.schema = next(t for t in body["tools"] if t["name"] == asked.tool).get("input_schema")
    asked.schema = asked.schema or _told(asked.prompt)
    return asked


def _gemini(model: str, action: str, body: dict[str, Any]) -> Asked:
    if action == "embedContent":
        return Asked("gemini", "embed", model, texts=(_parts(body.get("content")),), one=True, body=body)
    if action == "batchEmbedContents":
        return Asked("gemini", "embed", model, texts=tuple(_parts(r["content"]) for r in body["requests"]), body=body)
    turns = body.get("contents") or [{}]
    asked = Asked("gemini", "chat", model, _parts(turns[-1]), body=body)
    config = body.get("generationConfig") or {}
    asked.schema = config.get("responseJsonSchema") or _lowered(config.get("responseSchema"))
    calling = (body.get("toolConfig") or {}).get("functionCallingConfig") or {}
    if calling.get("allowedFunctionNames"):
        asked.tool = calling["allowedFunctionNames"][0]
        declared = next(d for t in body["tools"] for d in t["functionDeclarations"] if d["name"] == asked.tool)
        asked.schema = declared.get("parametersJsonSchema") or _lowered(declared.get("parameters"))
    asked.schema = asked.schema or _told(asked.prompt)
    return asked


def _ollama(body: dict[str, Any]) -> Asked:
    asked = Asked("ollama", "chat", str(body.get("model")), _last(body.get("messages")), body=body)
    shape = body.get("format")
    asked.schema = shape if isinstance(shape, dict) else _told(asked.prompt)
    return asked


def _ollama_embed(body: dict[str, Any]) -> Asked:
    return Asked("ollama", "embed", str(body.get("model")), texts=_texts(body.get("input")), body=body)


def _last(messages: Any) -> str:
    content = messages[-1].get("content") if messages else ""
    return content if isinstance(content, str) else " ".join(p.get("text", "") for p in content or ())


def _parts(content: Any) -> str:
    return " ".join(p.get("text", "") for p in (content or {}).get("parts") or ())


def _texts(given: Any) -> tuple[str, ...]:
    return (given,) if isinstance(given, str) else tuple(given or ())


def _told(prompt: str) -> dict[str, Any] | None:
    """A JSON schema written into the prompt."""
    if "schema" not in prompt:
        return None
    for match in _SCHEMA_IN_PROMPT.finditer(prompt):
        try:
            value = json.loads(match[1])
        except ValueError:
            continue
        if isinstance(value, dict) and ("properties" in value or "type" in value):
            return value
    return None


def _lowered(schema: Any) -> Any:
    """Gemini's own schema form with JSON schema's type names."""
    if isinstance(schema, dict):
        return {k: v.lower() if k == "type" and isinstance(v, str) else _lowered(v) for k, v in schema.items()}
    return [_lowered(s) for s in schema] if isinstance(schema, list) else schema


_PATHS = {
    "/v1/chat/completions": _openai,
    "/v1/embeddings": _openai_embed,
    "/v1/messages": _anthropic,
    "/api/chat": _ollama,
    "/api/embed": _ollama_embed,
}
_MODELS = {"/v1/models": "openai", "/v1beta/models": "gemini", "/api/tags": "ollama"}


def answer(asked: Asked, text: str, *, tokens: tuple[int, int, int], finish: str = "stop") -> dict[str, Any]:
    """``text`` as an answer of the dialect; a forced tool carries it as arguments.

    Args:
        asked: the request.
        text: the model's words.
        tokens: prompt, completion and cached tokens.
        finish: ``stop`` or ``length``.
    """
    arguments: Any = None
    if asked.tool and finish == "stop":
        try:
            arguments = json.loads(text)
        except ValueError:
            arguments = None
        if not isinstance(arguments, dict):
            arguments = None
    return _ANSWERS[asked.dialect](asked, text, arguments, tokens, finish)


def _openai_answer(asked: Asked, text: str, arguments: Any, tokens: tuple[int, int, int], finish: str) -> Any:
    message: dict[str, Any] = {"role": "assistant", "content": text}
    if asked.tool and finish == "stop":
        function = {"name": asked.tool, "arguments": text}
        message = {"role": "assistant", "tool_calls": [{"id": "c1", "type": "function", "function": function}]}
    return {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "model": asked.model,
        "choices": [{"index": 0, "message": message, "finish_reason": finish}],
        "usage": {
            "prompt_tokens": tokens[0],
            "completion_tokens": tokens[1],
            "prompt_tokens_details": {"cached_tokens": tokens[2]},
        },
    }


def _anthropic_answer(asked: Asked, text: str, arguments: Any, tokens: tuple[int, int, int], finish: str) -> Any:
    block: dict[str, Any] = {"type": "text", "text": text}
    if arguments is not None:
        block = {"type": "tool_use", "id": "c1", "name": asked.tool, "input": arguments}
    return {
        "id": "msg_1",
        "type": "message",
        "role": "assistant",
        "model": asked.model,
        "content": [block] if text else [],
        "stop_reason": "max_tokens" if finish == "length" else "tool_use" if arguments is not None else "end_turn",
        "usage": {
            "input_tokens": tokens[0] - tokens[2],
            "cache_read_input_tokens": tokens[2],
            "output_tokens": tokens[1],
        },
    }


def _gemini_answer(asked: Asked, text: str, arguments: Any, tokens: tuple[int, int, int], finish: str) -> Any:
    part: dict[str, Any] = {"text": text}
    if arguments is not None:
        part = {"functionCall": {"name": asked.tool, "args": arguments}}
    return {
        "modelVersion": asked.model,
        "candidates": [
            {
                "content": {"role": "model", "parts": [part]},
                "finishReason": "MAX_TOKENS" if finish == "length" else "STOP",
            }
        ],
        "usageMetadata": {
            "promptTokenCount": tokens[0],
            "candidatesTokenCount": tokens[1],
            "cachedContentTokenCount": tokens[2],
        },
    }


def _ollama_answer(asked: Asked, text: str, arguments: Any, tokens: tuple[int, int, int], finish: str) -> Any:
    return {
        "model": asked.model,
        "message": {"role": "assistant", "content": text},
        "done": True,
        "done_reason": finish,
        "prompt_eval_count": tokens[0],
        "eval_count": tokens[1],
    }


_ANSWERS = {
    "openai": _openai_answer,
    "anthropic": _anthropic_answer,
    "gemini": _gemini_answer,
    "ollama": _ollama_answer,
}


def refusal(asked: Asked) -> dict[str, Any]:
    """The dialect's way of declining; Ollama has none but words."""
    if asked.dialect == "openai":
        message = {"role": "assistant", "content": None, "refusal": "I cannot help with that."}
        return {"model": asked.model, "choices": [{"index": 0, "message": message, "finish_reason": "stop"}]}
    if asked.dialect == "anthropic":
        return {"type": "message", "model": asked.model, "content": [], "stop_reason": "refusal"}
    if asked.dialect == "gemini":
        return {"promptFeedback": {"blockReason": "SAFETY"}}
    return answer(asked, "I'm sorry, but I can't help with that.", tokens=(10, 9, 0))


def vectors(asked: Asked, dim: int) -> dict[str, Any]:
    """Embeddings, a hash of each text: equal texts have equal vectors."""
    rows = [[round(x, 4) for x in _vector(text, dim)] for text in asked.texts]
    tokens = sum(len(t) // 4 + 1 for t in asked.texts)
    if asked.dialect == "openai":
        data = [{"object": "embedding", "index": i, "embedding": row} for i, row in enumerate(rows)]
        return {"object": "list", "data": data, "model": asked.model, "usage": {"prompt_tokens": tokens}}
    if asked.dialect == "gemini":
        return {"embedding": {"values": rows[0]}} if asked.one else {"embeddings": [{"values": r} for r in rows]}
    return {"model": asked.model, "embeddings": rows, "prompt_eval_count": tokens}


def _vector(text: str, dim: int) -> list[float]:
    rng = random.Random(text)
    return [rng.gauss(0, 1) for _ in range(dim)]


def models(asked: Asked) -> dict[str, Any]:
    """The two models that the server offers."""
    names = ("test-model", "test-embedder")
    if asked.dialect == "gemini":
        return {"models": [{"name": f"models/{n}"} for n in names]}
    return (
        {"models": [{"name": n} for n in names]} if asked.dialect == "ollama" else {"data": [{"id": n} for n in names]}
    )


def error(dialect: str, kind: str, message: str) -> dict[str, Any]:
    """An error body as the dialect spells it."""
    if dialect == "anthropic":
        return {"type": "error", "error": {"type": kind, "message": message}}
    if dialect == "gemini":
        return {"error": {"code": 0, "status": kind.upper(), "message": message}}
    return {"error": message} if dialect == "ollama" else {"error": {"message": message, "type": kind, "code": kind}}
