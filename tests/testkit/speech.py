"""How each wire dialect says the same things: replies to script a server with."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from seedbed.providers.anthropic import AnthropicDialect
from seedbed.providers.dialect import Dialect
from seedbed.providers.gemini import GeminiDialect
from seedbed.providers.ollama import OllamaDialect
from seedbed.providers.openai import OpenAIDialect

ARGUMENTS = {"city": "Graz", "days": 3}


@dataclass(frozen=True)
class Speech:
    """One dialect's class and the wire form of its replies."""

    name: str
    dialect: type[Dialect]

    def text(self, text: str, *, finish: str = "stop", thinking: str = "") -> dict[str, Any]:
        """A reply of plain text that used 10 prompt (4 cached) and 7 completion (2 reasoning) tokens."""
        return _TEXT[self.name](text, finish, thinking)

    def tool_call(self, name: str = "weather") -> dict[str, Any]:
        """A reply that calls a tool with ``ARGUMENTS``."""
        return _TOOL[self.name](name)

    def refusal(self) -> dict[str, Any]:
        """A reply that declines."""
        return _REFUSAL[self.name]

    def vectors(self, rows: list[list[float]]) -> dict[str, Any]:
        """An embedding reply."""
        return _VECTORS[self.name](rows)

    def names(self, models: list[str]) -> dict[str, Any]:
        """A list of models."""
        return _NAMES[self.name](models)


def _openai(text: str, finish: str, thinking: str) -> dict[str, Any]:
    return {
        "model": "served-model",
        "choices": [
            {"message": {"role": "assistant", "content": text, "reasoning_content": thinking}, "finish_reason": finish}
        ],
        "usage": {
            "prompt_tokens": 10,
            "completion_tokens": 7,
            "prompt_tokens_details": {"cached_tokens": 4},
            "completion_tokens_details": {"reasoning_tokens": 2},
        },
    }


def _anthropic(text: str, finish: str, thinking: str) -> dict[str, Any]:
    blocks = [{"type": "thinking", "thinking": thinking, "signature": "x"}] if thinking else []
    return {
        "type": "message",
        "model": "served-model",
        "content": [*blocks, *([{"type": "text", "text": text}] if text else [])],
        "stop_reason": {"stop": "end_turn", "length": "max_tokens"}[finish],
        "usage": {
            "input_tokens": 5,
            "cache_read_input_tokens": 4,
            "cache_creation_input_tokens": 1,
            "output_tokens": 7,
            "output_tokens_details": {"thinking_tokens": 2},
        },
    }


def _gemini(text: str, finish: str, thinking: str) -> dict[str, Any]:
    parts = [{"text": thinking, "thought": True}] if thinking else []
    return {
        "modelVersion": "served-model",
        "candidates": [
            {
                "content": {"role": "model", "parts": [*parts, {"text": text}]},
                "finishReason": {"stop": "STOP", "length": "MAX_TOKENS"}[finish],
            }
        ],
        "usageMetadata": {
            "promptTokenCount": 10,
            "candidatesTokenCount": 5,
            "thoughtsTokenCount": 2,
            "cachedContentTokenCount": 4,
        },
    }


def _ollama(text: str, finish: str, thinking: str) -> dict[str, Any]:
    return {
        "model": "served-model",
        "message": {"role": "assistant", "content": text, "thinking": thinking},
        "done": True,
        "done_reason": finish,
        "prompt_eval_count": 10,
        "eval_count": 7,
    }


def _openai_tool(name: str) -> dict[str, Any]:
    reply = _openai("", "tool_calls", "")
    call = {"id": "c1", "type": "function", "function": {"name": name, "arguments": json.dumps(ARGUMENTS)}}
    reply["choices"][0]["message"] |= {"content": None, "tool_calls": [call]}
    return reply


def _anthropic_tool(name: str) -> dict[str, Any]:
    block = {"type": "tool_use", "id": "c1", "name": name, "input": ARGUMENTS}
    return {**_anthropic("", "stop", ""), "content": [block], "stop_reason": "tool_use"}


def _gemini_tool(name: str) -> dict[str, Any]:
    reply = _gemini("", "stop", "")
    reply["candidates"][0]["content"]["parts"] = [{"functionCall": {"id": "c1", "name": name, "args": ARGUMENTS}}]
    return reply


def _ollama_tool(name: str) -> dict[str, Any]:
    reply = _ollama("", "stop", "")
    reply["message"]["tool_calls"] = [{"id": "c1", "function": {"name": name, "arguments": ARGUMENTS}}]
    return reply


_TEXT = {"openai": _openai, "anthropic": _anthropic, "gemini": _gemini, "ollama": _ollama}
_TOOL = {"openai": _openai_tool, "anthropic": _anthropic_tool, "gemini": _gemini_tool, "ollama": _ollama_tool}
_REFUSAL = {
    "openai": {"choices": [{"message": {"content": None, "refusal": "I will not."}, "finish_reason": "stop"}]},
    "anthropic": {"content": [], "stop_reason": "refusal"},
    "gemini": {"promptFeedback": {"blockReason": "SAFETY"}},
}
_VECTORS = {
    "openai": lambda rows: {
        "data": [{"index": i, "embedding": r} for i, r in reversed(list(enumerate(rows)))],
        "usage": {"prompt_tokens": 6},
    },
    "gemini": lambda rows: {"embeddings": [{"values": r} for r in rows]},
    "ollama": lambda rows: {"embeddings": rows, "prompt_eval_count": 6},
}
_NAMES = {
    "openai": lambda names: {"data": [{"id": n} for n in names]},
    "anthropic": lambda names: {"data": [{"id": n} for n in names]},
    "gemini": lambda names: {"models": [{"name": f"models/{n}"} for n in names]},
    "ollama": lambda names: {"models": [{"name": n} for n in names]},
}

SPEECHES = (
    Speech("openai", OpenAIDialect),
    Speech("anthropic", AnthropicDialect),
    Speech("gemini", GeminiDialect),
    Speech("ollama", OllamaDialect),
)
