"""An entry as an exchange between user and assistant, whatever its fields are called; and back.

Exports write conversations from it and imports read them into it, so that what went out can come in again.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Set
from dataclasses import dataclass
from typing import Any, Final

from seedbed.core.errors import InputError
from seedbed.core.records import Content

ASKS: Final = ("question", "instruction", "prompt", "query")
ANSWERS: Final = ("answer", "response", "output", "completion")
BESIDE: Final = ("input", "context", "passage")
"""Fields that give the user's turn something to work on."""

_PAIRS: Final = (("input", "expected"), ("text", "label"), ("source", "text"))
"""Fields that are asked and answered only together."""

FINAL: Final = "#### "
"""Starts the last line of a worked solution, which is the answer; as in GSM8K, where graders look for it."""

_NUMBER: Final = re.compile(r"[-+]?[$€£]?\s?(?P<number>[\d,]*\.?\d+(?:/\d+)?)\s*(?P<unit>.*)")


@dataclass(frozen=True, slots=True)
class Exchange:
    """One turn of the user and one of the assistant.

    Attributes:
        user: what is asked.
        beside: text it works on; empty when it needs none.
        answer: what is answered; the better answer where there is a worse one; empty beside calls.
        rejected: the worse answer of a preference, else ``None``.
        calls: ``{"name", "arguments"}`` of each tool that is called instead, in order.
        tools: definitions of the tools on offer.
    """

    user: str
    beside: str = ""
    answer: str = ""
    rejected: str | None = None
    calls: tuple[Mapping[str, Any], ...] = ()
    tools: tuple[Mapping[str, Any], ...] = ()

    @property
    def prompt(self) -> str:
        """The user's turn as one text."""
        return f"{self.user}\n\n{self.beside}" if self.beside else self.user


def turn_names(fields: Collection[str]) -> tuple[str, str]:
    """The field that is asked and the one that answers; empty where there is none."""
    asks = next((n for n in ASKS if n in fields), "")
    answers = next((n for n in ANSWERS if n in fields), "")
    pairs = [p for p in _PAIRS if p[0] in fields]
    if asks or not pairs:
        return asks, answers
    return next((p for p in pairs if p[1] in fields), pairs[0])


def exchange_of(content: Content, kind: str) -> Exchange:
    """What an entry asks and answers; steps and final answer of a worked solution are one answer.

    Raises:
        InputError: the content has no such field, or it is blank; training tools accept that in silence.
    """
    asks, answers = turn_names(content)
    user = _text(content, asks, kind, ASKS)
    beside = next((content[n] for n in BESIDE if n != asks and content.get(n)), "")
    beside = beside if isinstance(beside, str) else ""
    if content.keys() >= {"tools", "calls"}:
        calls, tools = _objects(content, "calls", kind, {"name", "arguments"}), _objects(content, "tools", kind)
        answer = "" if calls else _text(content, answers, kind, ANSWERS)
        return Exchange(user, beside, answer, calls=calls, tools=tools)
    if content.keys() >= {"chosen", "rejected"}:
        better, worse = (_text(content, name, kind, ()) for name in ("chosen", "rejected"))
        return Exchange(user, beside, better, worse)
    answer = _text(content, answers, kind, ANSWERS)
    return Exchange(user, beside, _worked(content, answer))


def content_of(exchange: Exchange, fields: Collection[str], kind: str) -> Content:
    """The exchange as fields of a kind; the schema is not checked.

    Raises:
        InputError: the kind has no place for a part of it.
    """
    asks, answers = turn_names(fields)
    beside = next((n for n in BESIDE if n in fields and n != asks), "")
    content: Content = {asks: exchange.user if beside else exchange.prompt}
    if beside and exchange.beside:
        content[beside] = exchange.beside
    if exchange.rejected is not None:
        _need(("chosen", "rejected"), fields, kind, "a better and a worse answer")
        return content | {"chosen": exchange.answer, "rejected": exchange.rejected}
    if "calls" in fields:
        return content | _calls(exchange, fields, answers)
    if exchange.calls:
        _need(("tools", "calls"), fields, kind, "calls of tools")
    _need((asks, answers), fields, kind, "a question with its answer")
    if "steps" in fields and (worked := read_worked(exchange.answer)):
        return content | {n: v for n, v in worked.items() if n in fields}
    return content | {answers: exchange.answer}


def read_worked(text: str) -> Content:
    """``steps``, ``answer`` and ``unit`` of a worked solution that ends in ``#### 72``; empty when it does not."""
    way, mark, last = text.rpartition(FINAL)
    steps = [line.strip() for line in way.splitlines() if line.strip()]
    if not mark or not steps or (way and not way.endswith("\n")):
        return {}
    found = _NUMBER.fullmatch(last.strip())
    if found is None:
        return {"steps": steps, "answer": last.strip()}
    sign = "-" if last.strip().startswith("-") else ""
    unit = {"unit": found["unit"]} if found["unit"] else {}
    return {"steps": steps, "answer": sign + found["number"].replace(",", "")} | unit


def _worked(content: Content, answer: str) -> str:
    steps = content.get("steps")
    if not isinstance(steps, list) or not steps:
        return answer
    unit = content.get("unit")
    return "\n".join([*map(str, steps), FINAL + answer + (f" {unit}" if unit else "")])


def _objects(content: Content, name: str, kind: str, keys: Set[str] = frozenset()) -> tuple[Mapping[str, Any], ...]:
    value = content[name]
    if isinstance(value, list) and all(isinstance(item, dict) and keys <= item.keys() for item in value):
        return tuple(value)
    raise InputError(
        f"{name} is not a list of {'{' + ', '.join(sorted(keys)) + '}' if keys else 'objects'}",
        place={"kind": kind, "field": name},
        code="no_such_turn",
    )


def _calls(exchange: Exchange, fields: Collection[str], answers: str) -> Content:
    out: Content = {"tools": list(exchange.tools), "calls": list(exchange.calls)}
    if exchange.calls and "function" in fields:
        out["function"] = exchange.calls[0].get("name")
    if not exchange.calls and answers:
        out[answers] = exchange.answer
    return out


def _need(names: Collection[str], fields: Collection[str], kind: str, what: str) -> None:
    if not all(name and name in fields for name in names):
        raise InputError(
            f"this is {what}, for which kind {kind!r} has no fields",
            place={"kind": kind},
            fix="import it as another --kind, or say with --map which column is which field",
            code="no_such_turn",
        )


def _text(content: Content, name: str, kind: str, known: Collection[str]) -> str:
    if name not in content:
        names = [name] if name else list(known)
        raise InputError(
            f"the entry has no {' or '.join(names)}",
            place={"kind": kind, "field": names[0]},
            fix="export it as jsonl, csv or parquet, or name the fields so",
            code="no_such_turn",
        )
    value = content[name]
    if not isinstance(value, str) or not value.strip():
        raise InputError(f"{name} is blank", place={"kind": kind, "field": name}, code="blank_turn")
    return value
