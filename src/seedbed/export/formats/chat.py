"""Conversations in the shapes that training tools read: answers, tool calls, worked solutions and preferences."""

from __future__ import annotations

from typing import Any, ClassVar

from seedbed.core.errors import InputError
from seedbed.core.records import Content
from seedbed.export.formats.rows import JsonRows, dump
from seedbed.kinds.exchange import Exchange, exchange_of

Turn = dict[str, Any]


class ChatMLFormat(JsonRows):
    """``chatml``: ``{"messages": [{"role", "content"}, …]}`` with optional system, then user and assistant.

    Calls of tools are the assistant's ``tool_calls``, their arguments objects, as chat templates want them; ``tools``
    are the definitions. A preference is TRL's ``prompt``, ``chosen`` and ``rejected``, each a list of messages. The
    steps of a worked solution are the answer's lines, the last one ``#### 72``.
    """

    name: ClassVar[str] = "chatml"
    kinds: ClassVar[tuple[str, ...]] = ()

    def encode(self, content: Content, *, kind: str, system_prompt: str | None) -> dict[str, Any]:
        """One conversation; raises ``InputError`` naming the field that is missing."""
        exchange = exchange_of(content, kind)
        if exchange.rejected is not None:
            return _preference(exchange, system_prompt)
        return {"messages": [*_asked(exchange, system_prompt), _answered(exchange)], **_tools(exchange)}


class OpenAIFormat(JsonRows):
    """``openai``: rows of the fine-tuning API of OpenAI and of those that take the same.

    As ``chatml``, but the arguments of calls are JSON text and calls have ids; a preference is ``input`` with
    ``preferred_output`` and ``non_preferred_output``.
    """

    name: ClassVar[str] = "openai"
    kinds: ClassVar[tuple[str, ...]] = ()

    def encode(self, content: Content, *, kind: str, system_prompt: str | None) -> dict[str, Any]:
        """One conversation; raises ``InputError`` naming the field that is missing."""
        exchange = exchange_of(content, kind)
        asked = _asked(exchange, system_prompt)
        if exchange.rejected is not None:
            pair = _turn("assistant", exchange.answer), _turn("assistant", exchange.rejected)
            return {"input": {"messages": asked}, "preferred_output": [pair[0]], "non_preferred_output": [pair[1]]}
        answered = _answered(exchange)
        for i, call in enumerate(answered.get("tool_calls", ()), 1):
            call["id"] = f"call_{i}"
            call["function"]["arguments"] = dump(call["function"]["arguments"])
        return {"messages": [*asked, answered], **_tools(exchange)}


class PromptCompletionFormat(JsonRows):
    """``prompt-completion``: TRL's conversational ``prompt`` and ``completion``; loss falls on the completion only.

    Calls and preferences are as in ``chatml``.
    """

    name: ClassVar[str] = "prompt-completion"
    kinds: ClassVar[tuple[str, ...]] = ()

    def encode(self, content: Content, *, kind: str, system_prompt: str | None) -> dict[str, Any]:
        """One row; raises ``InputError`` naming the field that is missing."""
        exchange = exchange_of(content, kind)
        if exchange.rejected is not None:
            return _preference(exchange, system_prompt)
        asked = _asked(exchange, system_prompt)
        return {"prompt": asked, "completion": [_answered(exchange)], **_tools(exchange)}


class ShareGPTFormat(JsonRows):
    """``sharegpt``: ``{"conversations": [{"from": "system"|"human"|"gpt", "value"}]}``.

    Calls of tools are a turn of ``function_call`` with JSON text, and ``tools`` is JSON text; a preference has
    ``chosen`` and ``rejected`` turns beside the conversation: all as LLaMA-Factory reads them.
    """

    name: ClassVar[str] = "sharegpt"
    kinds: ClassVar[tuple[str, ...]] = ()

    def encode(self, content: Content, *, kind: str, system_prompt: str | None) -> dict[str, Any]:
        """One conversation; raises ``InputError`` naming the field that is missing."""
        exchange = exchange_of(content, kind)
        asked = [_said("system", system_prompt)] if system_prompt else []
        asked.append(_said("human", exchange.prompt))
        if exchange.rejected is not None:
            worse = _said("gpt", exchange.rejected)
            return {"conversations": asked, "chosen": _said("gpt", exchange.answer), "rejected": worse}
        calls = [{"name": c["name"], "arguments": c["arguments"]} for c in exchange.calls]
        if calls:
            asked.append(_said("function_call", dump(calls if len(calls) > 1 else calls[0])))
        else:
            asked.append(_said("gpt", exchange.answer))
        return {"conversations": asked} | ({"tools": dump(list(exchange.tools))} if exchange.tools else {})


class AlpacaFormat(JsonRows):
    """``alpaca``: ``instruction``, ``input``, ``output``, and ``system`` where a system prompt is given.

    A preference has ``chosen`` and ``rejected`` instead of ``output``. There is no place for tools.
    """

    name: ClassVar[str] = "alpaca"
    kinds: ClassVar[tuple[str, ...]] = ()

    def encode(self, content: Content, *, kind: str, system_prompt: str | None) -> dict[str, Any]:
        """One row; raises ``InputError`` naming the field that is missing."""
        exchange = exchange_of(content, kind)
        if exchange.tools:
            raise InputError(
                "alpaca has no place for tools",
                place={"kind": kind, "field": "tools"},
                fix="export it as chatml, openai or sharegpt",
                code="no_such_turn",
            )
        row = {"instruction": exchange.user, "input": exchange.beside}
        if exchange.rejected is None:
            row["output"] = exchange.answer
        else:
            row |= {"chosen": exchange.answer, "rejected": exchange.rejected}
        return {**row, "system": system_prompt} if system_prompt else row


def _preference(exchange: Exchange, system: str | None) -> dict[str, Any]:
    chosen, rejected = (_turn("assistant", text or "") for text in (exchange.answer, exchange.rejected))
    return {"prompt": _asked(exchange, system), "chosen": [chosen], "rejected": [rejected]}


def _asked(exchange: Exchange, system: str | None) -> list[Turn]:
    lead = [_turn("system", system)] if system else []
    return [*lead, _turn("user", exchange.prompt)]


def _answered(exchange: Exchange) -> Turn:
    """The assistant's turn; it has a ``content`` even beside calls, which templates of chat models ask for."""
    turn = _turn("assistant", exchange.answer)
    if exchange.calls:
        named = ({"name": c["name"], "arguments": c["arguments"]} for c in exchange.calls)
        turn["tool_calls"] = [{"type": "function", "function": function} for function in named]
    return turn


def _tools(exchange: Exchange) -> dict[str, Any]:
    return {"tools": list(exchange.tools)} if exchange.tools else {}


def _turn(role: str, content: str) -> Turn:
    return {"role": role, "content": content}


def _said(who: str, text: str) -> dict[str, str]:
    return {"from": who, "value": text}
