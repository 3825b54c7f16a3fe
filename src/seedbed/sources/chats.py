"""Rows as trainers and hubs spell them, read as exchanges: chats, preferences, tool calls, Alpaca and its kin.

Known are OpenAI's and TRL's ``messages``, ShareGPT's ``conversations``, ``prompt`` with ``completion`` or with
``chosen`` and ``rejected`` (lists of messages), OpenAI's ``preferred_output``, xLAM's ``query``, ``tools`` and
``answers``, and a question with its answer under any of their usual names. Columns may hold JSON text, as in tables.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

from seedbed.core.errors import InputError
from seedbed.kinds.exchange import ANSWERS, ASKS, Exchange
from seedbed.sources.tool_rows import calls_of, tagged_calls, tools_of

CHATS: Final = ("messages", "conversations", "conversation")

_ROLES: Final = {
    "system": "system", "developer": "system",
    "user": "user", "human": "user", "prompter": "user",
    "assistant": "assistant", "gpt": "assistant", "model": "assistant", "bot": "assistant", "chatgpt": "assistant",
    "function_call": "call", "tool": "tool", "function": "tool", "observation": "tool", "ipython": "tool",
}  # fmt: skip
_ASKS: Final = (*ASKS, "problem")
_ANSWERS: Final = (*ANSWERS, "solution")
_MOST_TEXT: Final = 16 << 20


@dataclass(frozen=True, slots=True)
class Chat:
    """An exchange found in a row.

    Attributes:
        exchange: what is asked and answered.
        columns: those it was read from.
        system: the system turn, else empty.
        more: turns after the exchange, such as what tools returned; as they were.
        sure: whether the row is spelt as nothing else is.
    """

    exchange: Exchange
    columns: tuple[str, ...]
    system: str = ""
    more: tuple[Any, ...] = ()
    sure: bool = True


@dataclass(slots=True)
class _Turns:
    """A list of messages, sorted by who speaks."""

    system: list[str] = field(default_factory=list)
    users: list[str] = field(default_factory=list)
    answer: str = ""
    calls: tuple[dict[str, Any], ...] = ()
    answered: bool = False
    more: list[Any] = field(default_factory=list)


def chat_in(row: Mapping[str, Any]) -> Chat | None:
    """The exchange that ``row`` holds in one of the known shapes, or ``None``.

    Raises:
        InputError: the shape is known, but what it holds is not one exchange: several turns of the user, or none.
    """
    for read in (_openai_preference, _preference, _messages, _prompt_completion, _xlam, _plain):
        found = read(row)
        if found is not None:
            return found
    return None


def _messages(row: Mapping[str, Any]) -> Chat | None:
    name = next((n for n in CHATS if _turn_list(row.get(n))), None)
    if name is None:
        return None
    turns = _read(_turn_list(row[name]), name)
    chat = Chat(_exchange(turns, name), (name,), "\n\n".join(turns.system), tuple(turns.more))
    return _with_tools(chat, row)


def _prompt_completion(row: Mapping[str, Any]) -> Chat | None:
    asked, answered = _turn_list(row.get("prompt")), _turn_list(row.get("completion"))
    if not asked or not answered:
        return None
    turns = _read([*asked, *answered], "prompt")
    chat = Chat(_exchange(turns, "prompt"), ("prompt", "completion"), "\n\n".join(turns.system), tuple(turns.more))
    return _with_tools(chat, row)


def _preference(row: Mapping[str, Any]) -> Chat | None:
    """``chosen`` and ``rejected``, of which one at least is no plain text, and the prompt beside or inside them."""
    if not {"chosen", "rejected"} <= row.keys():
        return None
    pair = [_turn_list(row[name]) for name in ("chosen", "rejected")]
    head = next((n for n in ("prompt", *CHATS) if _turn_list(row.get(n))), None)
    if not all(pair):
        return _alpaca_preference(row)
    lead = _turn_list(row[head]) if head else []
    prompt = row.get("prompt")
    if not lead and isinstance(prompt, str) and prompt.strip() and not any(_role(t) == "user" for t in pair[0]):
        lead, head = [{"role": "user", "content": prompt}], "prompt"
    better, worse = (_read([*lead, *turns], name) for turns, name in zip(pair, ("chosen", "rejected"), strict=True))
    exchange = replace(_exchange(better, "chosen"), rejected=_exchange(worse, "rejected").answer)
    used = (*((head,) if head else ("prompt",) if "prompt" in row else ()), "chosen", "rejected")
    return Chat(exchange, used, "\n\n".join(better.system))


def _alpaca_preference(row: Mapping[str, Any]) -> Chat | None:
    asked, better, worse = row.get("instruction"), row["chosen"], row["rejected"]
    if not isinstance(asked, str) or not isinstance(better, str) or not isinstance(worse, str):
        return None
    beside = row.get("input")
    beside = beside if isinstance(beside, str) else ""
    return Chat(Exchange(asked, beside, better, worse), ("instruction", "input", "chosen", "rejected"))


def _openai_preference(row: Mapping[str, Any]) -> Chat | None:
    columns = ("input", "preferred_output", "non_preferred_output")
    asked = row.get("input")
    lead = _turn_list(asked.get("messages")) if isinstance(asked, Mapping) else []
    pair = [_turn_list(row.get(name)) for name in columns[1:]]
    if not lead or not all(pair):
        return None
    better, worse = (_read([*lead, *turns], name) for turns, name in zip(pair, columns[1:], strict=True))
    exchange = replace(_exchange(better, columns[1]), rejected=_exchange(worse, columns[2]).answer)
    return Chat(exchange, columns, "\n\n".join(better.system))


def _xlam(row: Mapping[str, Any]) -> Chat | None:
    query, calls = row.get("query"), calls_of(row.get("answers"))
    if not isinstance(query, str) or not calls:
        return None
    return Chat(Exchange(query, calls=calls, tools=tools_of(row.get("tools"))), ("query", "tools", "answers"))


def _plain(row: Mapping[str, Any]) -> Chat | None:
    """A question and an answer under any of their usual names; ``input`` belongs to an instruction."""
    asks = next((n for n in _ASKS if isinstance(row.get(n), str)), None)
    answers = next((n for n in _ANSWERS if isinstance(row.get(n), str)), None)
    if asks is None or answers is None:
        return None
    beside = row.get("input") if asks == "instruction" else None
    used = (asks, "input", answers) if isinstance(beside, str) else (asks, answers)
    return Chat(Exchange(row[asks], beside if isinstance(beside, str) else "", row[answers]), used, sure=False)


# -- turns -----------------------------------------------------------------------------------------------------------


def _turn_list(value: Any) -> list[Any]:
    """The messages in a column, empty where it holds none; one message alone is a list of it."""
    if isinstance(value, str) and value[:1] in ("[", "{") and len(value) <= _MOST_TEXT:
        try:
            value = json.loads(value)
        except (ValueError, RecursionError):
            return []
    if isinstance(value, Mapping):
        value = [value]
    return value if isinstance(value, list) and value and all(_role(turn) for turn in value) else []


def _role(turn: Any) -> str:
    """Who speaks, in one spelling; empty where that is not known."""
    who = (turn.get("role") or turn.get("from")) if isinstance(turn, Mapping) else None
    return _ROLES.get(who.strip().lower(), "") if isinstance(who, str) else ""


def _read(turns: Sequence[Mapping[str, Any]], column: str) -> _Turns:
    out = _Turns()
    for turn in turns:
        role = _role(turn)
        text = _content(turn)
        if role == "system":
            out.system += [text] if text else []
        elif role == "user":
            out.users.append(text)
        elif out.answered or role == "tool":
            out.more.append(dict(turn))
        else:
            calls = calls_of(text) if role == "call" else calls_of(turn.get("tool_calls")) or tagged_calls(text)
            out.calls, out.answer, out.answered = calls, "" if calls else text, True
    if len(out.users) > 1:
        raise InputError(
            f"{column} holds {len(out.users)} turns of the user; an entry holds one exchange",
            place={"field": column},
            fix=_mapping(column),
            code="several_turns",
        )
    return out


def _exchange(turns: _Turns, column: str) -> Exchange:
    if turns.users and turns.answered:
        return Exchange(turns.users[0], answer=turns.answer, calls=turns.calls)
    raise InputError(
        f"{column} holds no turn of the {'assistant' if turns.users else 'user'}",
        place={"field": column},
        fix=_mapping(column),
        code="no_such_turn",
    )


def _mapping(column: str) -> str:
    text = "content" if column == "messages" else "value"
    return f"say which turns are which fields, e.g. --map {column}.0.{text}=question --map {column}.1.{text}=answer"


def _content(turn: Mapping[str, Any]) -> str:
    """The text of a turn; of a list of parts, that of its texts."""
    value = turn.get("content", turn.get("value"))
    if isinstance(value, list):
        parts = (p.get("text") if isinstance(p, Mapping) else p for p in value)
        value = "\n".join(p for p in parts if isinstance(p, str))
    return value if isinstance(value, str) else ""


def _with_tools(chat: Chat, row: Mapping[str, Any]) -> Chat:
    name = next((n for n in ("tools", "functions") if row.get(n)), None)
    if name is None:
        return chat
    exchange = replace(chat.exchange, tools=tools_of(row[name]))
    return replace(chat, exchange=exchange, columns=(*chat.columns, name))
