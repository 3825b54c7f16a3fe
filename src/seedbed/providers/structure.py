"""The structured-output ladder: ask for a schema as strictly as endpoint and model can, and step down once they cannot.

Rungs, strictest first: ``json_schema`` (the server enforces it) → ``grammar`` (the server's own grammar or ``format``
field) → ``tool`` (a forced tool call) → ``json_object`` (JSON mode, schema in the prompt) → ``prompt`` (schema in the
prompt, JSON found in the text). The first guess is static (``providers.presets``); what an endpoint refuses or does not
honour is learnt once per endpoint and model and kept in a ``LadderMemory``.
"""

from __future__ import annotations

import dataclasses
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from seedbed.core.errors import (
    BadRequestError,
    BlankReplyError,
    MalformedReplyError,
    ProviderError,
    ReplyError,
    ServerError,
)
from seedbed.core.records import ChatReply, ChatRequest, Message
from seedbed.core.replies import parse_json_reply
from seedbed.providers.dialect import FORCED_TOOL
from seedbed.providers.schemas import fits_shape, plain, without_nulls

if TYPE_CHECKING:
    import numpy as np

    from seedbed.providers.dialect import Dialect

RUNGS = ("json_schema", "grammar", "tool", "json_object", "prompt")
STRIKES = 2
"""Unusable replies after which a rung that never worked is left; one that works sometimes is left when most fail."""

_NAMES_FEATURE = {
    "json_schema": re.compile(
        r"response_?format|json_schema|output_config|output_format|schema|structured|contains an invalid argument"
        r"|endpoints found",
        re.IGNORECASE,
    ),
    "grammar": re.compile(r"guided|grammar|format|schema", re.IGNORECASE),
    "tool": re.compile(r"tool|function|contains an invalid argument|endpoints found", re.IGNORECASE),
    "json_object": re.compile(
        r"response_?format|json_object|json mode|mime_?type|format|endpoints found", re.IGNORECASE
    ),
}
_NAMES_SETTING = {
    "temperature": re.compile(r"\btemperature\b", re.IGNORECASE),
    "top_p": re.compile(r"\btop_?p\b", re.IGNORECASE),
    "seed": re.compile(r"\bseed\b", re.IGNORECASE),
    "stop": re.compile(r"['\"`]stop(?:_sequences)?['\"`]", re.IGNORECASE),
}


@dataclass(slots=True)
class Learnt:
    """What is known of one endpoint and model.

    Attributes:
        rung: rung to ask on, ``""`` for the first guess.
        dropped: sampling settings the model refuses, left out of requests.
        good, bad: replies on this rung that fitted and that did not.
    """

    rung: str = ""
    dropped: list[str] = field(default_factory=list)
    good: int = 0
    bad: int = 0

    def move(self, rung: str) -> None:
        """Ask on ``rung`` from now on, counting afresh."""
        self.rung, self.good, self.bad = rung, 0, 0


class LadderMemory:
    """What the ladder learnt, by endpoint and model. ``dump`` and ``load`` carry it through the dataset file."""

    def __init__(self) -> None:
        self._known: dict[str, Learnt] = {}

    def about(self, endpoint: str, model: str) -> Learnt:
        """The entry for ``model`` at ``endpoint``; it is kept and meant to be changed."""
        return self._known.setdefault(f"{endpoint} {model}", Learnt())

    def dump(self) -> dict[str, dict[str, Any]]:
        """JSON form of everything learnt; entries still at their first guess are left out."""
        return {
            key: {"rung": learnt.rung, "dropped": list(learnt.dropped)}
            for key, learnt in self._known.items()
            if learnt.rung or learnt.dropped
        }

    def load(self, data: Mapping[str, Any]) -> None:
        """Take over what ``dump`` gave; unknown rungs and settings are ignored."""
        for key, value in data.items():
            if isinstance(value, dict):
                rung = value.get("rung")
                dropped = [name for name in value.get("dropped") or () if name in _NAMES_SETTING]
                self._known[key] = Learnt(rung=rung if rung in RUNGS else "", dropped=dropped)


class StructuredProvider:
    """A dialect with the ladder on top; satisfies ``core.protocols.Provider``.

    A refused feature or setting is negotiated inside one ``chat``: the request goes out again without it, which is no
    retry of the same request. Everything else is raised at once.

    Args:
        dialect: the endpoint.
        first: rung of the first guess; one the dialect lacks means the dialect's strictest.
        memory: what was learnt before; shared between providers.
        queues: whether the server queues requests instead of refusing them (limits then follow latency).
    """

    def __init__(
        self, dialect: Dialect, *, first: str = "", memory: LadderMemory | None = None, queues: bool = False
    ) -> None:
        self.dialect = dialect
        self.name = dialect.name
        self.queues = queues
        self.memory = memory if memory is not None else LadderMemory()
        self._first = first if first in dialect.rungs else dialect.rungs[0]

    @property
    def endpoint(self) -> str:
        """Provider name and base URL."""
        return self.dialect.endpoint

    async def chat(self, request: ChatRequest) -> ChatReply:
        """The model's answer, ``text`` being JSON where the request has a schema and the model managed it.

        A reply that is not JSON of the right shape comes back as it is: the door, which validates fully, says why.

        Raises:
            ProviderError: as the dialect raises.
        """
        learnt = self.memory.about(self.endpoint, request.model)
        asked = _without(request, learnt.dropped)
        while True:
            rung = self._rung(learnt) if request.schema is not None else ""
            try:
                reply = await self.dialect.chat(_prompted(asked, rung), rung=rung or None)
            except (BadRequestError, ServerError) as error:
                if not self._gives_way(error, asked, learnt, rung):
                    raise
                asked = _without(asked, learnt.dropped)
            except (BlankReplyError, MalformedReplyError) as error:
                if isinstance(error, BlankReplyError) or rung == "tool":  # else a broken body, not a broken answer
                    self._count(learnt, rung, good=False)
                raise
            else:
                return self._settled(reply, asked, learnt, rung)

    async def embed(self, texts: Sequence[str], *, model: str) -> tuple[np.ndarray, int]:
        """The dialect's vectors and tokens."""
        return await self.dialect.embed(texts, model=model)

    async def models(self) -> list[str]:
        """Names of the models the endpoint offers."""
        return await self.dialect.models()

    async def aclose(self) -> None:
        """Close the connections."""
        await self.dialect.aclose()

    def _rung(self, learnt: Learnt) -> str:
        return learnt.rung if learnt.rung in self.dialect.rungs else self._first

    def _lower(self, rung: str) -> str | None:
        rungs = self.dialect.rungs
        at = rungs.index(rung)
        return rungs[at + 1] if at + 1 < len(rungs) else None

    def _gives_way(self, error: ProviderError, asked: ChatRequest, learnt: Learnt, rung: str) -> bool:
        """Whether the refusal names something that can be left out; remembers it."""
        said = " ".join([error.message, *(str(v) for v in error.place.values())])
        if isinstance(error, BadRequestError):
            for name, pattern in _NAMES_SETTING.items():
                if getattr(asked, name) not in (None, ()) and pattern.search(said):
                    if name not in learnt.dropped:
                        learnt.dropped.append(name)
                    return True
        if not rung or rung == "prompt" or (error.status == 404 and "endpoints found" not in said):
            return False
        if not _NAMES_FEATURE[rung].search(said.replace(f"'{asked.model}'", "")):
            return False
        lower = self._lower(rung)
        if lower is not None and self._rung(learnt) == rung:  # another call may have stepped down meanwhile
            learnt.move(lower)
        return lower is not None

    def _settled(self, reply: ChatReply, asked: ChatRequest, learnt: Learnt, rung: str) -> ChatReply:
        """The reply with its JSON as text, the rung counted."""
        if asked.schema is None:
            return reply
        if rung == "tool":
            reply = _from_tool(reply)
        if reply.tool_calls:
            return reply
        value, text = _json_of(reply, asked.schema)
        if reply.finish != "length":  # a cut-off reply says nothing about the rung
            self._count(learnt, rung, good=value is not None and fits_shape(value, asked.schema))
        return dataclasses.replace(reply, text=text) if text != reply.text else reply

    def _count(self, learnt: Learnt, rung: str, *, good: bool) -> None:
        if not rung or self._rung(learnt) != rung:
            return
        if good:
            learnt.good += 1
            return
        learnt.bad += 1
        lower = self._lower(rung)
        if lower is not None and learnt.bad >= STRIKES and learnt.bad > learnt.good:
            learnt.move(lower)


def schema_prompt(schema: dict[str, Any]) -> str:
    """The words that ask for ``schema`` where the server cannot be made to."""
    text = json.dumps(plain(schema), ensure_ascii=False)
    return f"Reply with JSON that fits this JSON schema, and with nothing else:\n```json\n{text}\n```"


def _prompted(request: ChatRequest, rung: str) -> ChatRequest:
    """``request`` with the schema told in its last user turn, on the rungs that need it."""
    if request.schema is None or rung not in ("json_object", "prompt"):
        return request
    words = schema_prompt(request.schema)
    turns = list(request.messages)
    last = next((i for i in reversed(range(len(turns))) if turns[i].role == "user"), None)
    if last is None:
        turns.append(Message("user", words))
    else:
        turns[last] = Message("user", f"{turns[last].content}\n\n{words}")
    return dataclasses.replace(request, messages=tuple(turns))


def _without(request: ChatRequest, dropped: Sequence[str]) -> ChatRequest:
    if not dropped:
        return request
    changes: dict[str, Any] = {name: () if name == "stop" else None for name in dropped}
    return dataclasses.replace(request, **changes)


def _from_tool(reply: ChatReply) -> ChatReply:
    """A forced tool's arguments as the reply's text."""
    for call in reply.tool_calls:
        if call["name"] == FORCED_TOOL:
            text = json.dumps(call["arguments"], ensure_ascii=False)
            finish = "stop" if reply.finish == "tool_calls" else reply.finish
            return dataclasses.replace(reply, text=text, tool_calls=(), finish=finish)
    return reply


def _json_of(reply: ChatReply, schema: dict[str, Any]) -> tuple[Any, str]:
    """``(value, JSON text)`` of the reply, or ``(None, text as it came)``; nulls that stand for nothing are dropped."""
    found: Any
    try:
        found, bare = json.loads(reply.text), True
    except (ValueError, RecursionError):
        try:
            found, bare = parse_json_reply(reply.text, finish=reply.finish), False
        except (ReplyError, RecursionError):
            return None, reply.text
    value = without_nulls(found, schema) if "null" in reply.text else found
    return value, reply.text if bare and value == found else json.dumps(value, ensure_ascii=False)
