"""Conversations in the shapes that training tools read."""

from __future__ import annotations

from typing import Any, ClassVar

from seedbed.core.errors import InputError
from seedbed.core.records import Content
from seedbed.export.formats.rows import JsonRows

ASKING = ("question", "instruction", "prompt", "query")
ANSWERING = ("answer", "response", "output", "completion")
BESIDE = ("input", "context")
"""Fields that give the user's turn something to work on."""


class ChatMLFormat(JsonRows):
    """``chatml``: ``{"messages": [{"role", "content"}, …]}`` with optional system, then user and assistant."""

    name: ClassVar[str] = "chatml"
    kinds: ClassVar[tuple[str, ...]] = ()

    def encode(self, content: Content, *, kind: str, system_prompt: str | None) -> dict[str, Any]:
        """One conversation; raises ``InputError`` naming the field that is missing."""
        user, assistant = turns(content, kind)
        return {"messages": [*_system(system_prompt), _turn("user", user), _turn("assistant", assistant)]}


class PromptCompletionFormat(JsonRows):
    """``prompt-completion``: TRL's conversational ``prompt`` and ``completion``; loss falls on the completion only."""

    name: ClassVar[str] = "prompt-completion"
    kinds: ClassVar[tuple[str, ...]] = ()

    def encode(self, content: Content, *, kind: str, system_prompt: str | None) -> dict[str, Any]:
        """One row; raises ``InputError`` naming the field that is missing."""
        user, assistant = turns(content, kind)
        return {"prompt": [*_system(system_prompt), _turn("user", user)], "completion": [_turn("assistant", assistant)]}


class ShareGPTFormat(JsonRows):
    """``sharegpt``: ``{"conversations": [{"from": "system"|"human"|"gpt", "value"}]}``."""

    name: ClassVar[str] = "sharegpt"
    kinds: ClassVar[tuple[str, ...]] = ()

    def encode(self, content: Content, *, kind: str, system_prompt: str | None) -> dict[str, Any]:
        """One conversation; raises ``InputError`` naming the field that is missing."""
        user, assistant = turns(content, kind)
        lead = [{"from": "system", "value": system_prompt}] if system_prompt else []
        return {"conversations": [*lead, {"from": "human", "value": user}, {"from": "gpt", "value": assistant}]}


class AlpacaFormat(JsonRows):
    """``alpaca``: ``instruction``, ``input``, ``output``, and ``system`` where a system prompt is given."""

    name: ClassVar[str] = "alpaca"
    kinds: ClassVar[tuple[str, ...]] = ()

    def encode(self, content: Content, *, kind: str, system_prompt: str | None) -> dict[str, Any]:
        """One row; raises ``InputError`` naming the field that is missing."""
        instruction = _field(content, ASKING, kind)
        row = {"instruction": instruction, "input": _beside(content), "output": _field(content, ANSWERING, kind)}
        return {**row, "system": system_prompt} if system_prompt else row


def turns(content: Content, kind: str) -> tuple[str, str]:
    """What the user says and what the assistant answers.

    Raises:
        InputError: the content has no such field, or it is blank; training tools accept that in silence.
    """
    user, beside = _field(content, ASKING, kind), _beside(content)
    return (f"{user}\n\n{beside}" if beside else user), _field(content, ANSWERING, kind)


def _field(content: Content, names: tuple[str, ...], kind: str) -> str:
    name = next((n for n in names if n in content), None)
    if name is None:
        raise InputError(
            f"kind {kind!r} has no {' or '.join(names)}",
            place={"kind": kind, "field": names[0]},
            fix="export it as jsonl or parquet, or name the fields so",
            code="no_such_turn",
        )
    value = content[name]
    if not isinstance(value, str) or not value.strip():
        raise InputError(f"{name} is blank", place={"kind": kind, "field": name}, code="blank_turn")
    return value


def _beside(content: Content) -> str:
    value = next((content[n] for n in BESIDE if content.get(n)), "")
    return value if isinstance(value, str) else ""


def _system(text: str | None) -> list[dict[str, str]]:
    return [_turn("system", text)] if text else []


def _turn(role: str, content: str) -> dict[str, str]:
    return {"role": role, "content": content}
