"""What the four wire dialects share: a body out, a reply in, usage, quota headers, thinking split from the answer."""

from __future__ import annotations

import abc
import json
import re
import time
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar, cast

from seedbed.core.errors import BlankReplyError, MalformedReplyError, RefusalError
from seedbed.core.records import ChatReply, Quota, Usage
from seedbed.providers.faults import duration_s, excerpt, number
from seedbed.providers.http import HttpClient, shown_url
from seedbed.providers.tokens import estimate_prompt_tokens, estimate_tokens

if TYPE_CHECKING:
    import numpy as np

    from seedbed.core.records import ChatRequest

T = TypeVar("T")
_MAX_FORMS = 64

FORCED_TOOL = "answer"
"""Name of the tool that carries a schema on the ``tool`` rung."""

_THINK = re.compile(r"\s*<think(?:ing)?>(.*?)</think(?:ing)?>\s*", re.DOTALL)


class Dialect(abc.ABC):
    """One endpoint spoken to in one wire format. Satisfies ``core.protocols.Provider``; never retries.

    Args:
        name: provider name, for messages and the call identity.
        base_url: where the API starts, e.g. ``https://api.openai.com/v1``.
        key: API key, or ``None``; sent in a header, never shown.
        timeout_s: default deadline of a call in seconds.
        headers: extra headers.
        max_connections: most connections open at once.

    Attributes:
        rungs: structured-output rungs the wire format can express, strictest first (see ``providers.structure``).
    """

    rungs: ClassVar[tuple[str, ...]]
    chat_headers: ClassVar[Mapping[str, str]] = {}

    def __init__(
        self,
        name: str,
        *,
        base_url: str,
        key: str | None = None,
        timeout_s: float = 120.0,
        headers: Mapping[str, str] | None = None,
        max_connections: int = 256,
    ) -> None:
        self.name = name
        self.client = HttpClient(
            name,
            base_url,
            headers={**self.chat_headers, **(self.key_header(key) if key else {}), **(headers or {})},
            timeout_s=timeout_s,
            max_connections=max_connections,
        )
        self._forms: dict[tuple[str, int], tuple[dict[str, Any], Any]] = {}

    @property
    def endpoint(self) -> str:
        """Provider name and base URL: what keys the call cache and the ladder's memory. Holds no key."""
        return f"{self.name} {shown_url(self.client.base_url)}"

    @staticmethod
    @abc.abstractmethod
    def key_header(key: str) -> dict[str, str]:
        """The header that carries the API key."""

    @abc.abstractmethod
    def path(self, request: ChatRequest) -> str:
        """Path of the chat call, after the base URL."""

    @abc.abstractmethod
    def body(self, request: ChatRequest, *, rung: str) -> dict[str, Any]:
        """JSON body of the chat call, the schema placed as ``rung`` says (not at all on ``prompt``)."""

    @abc.abstractmethod
    def read(self, data: dict[str, Any], request: ChatRequest) -> ChatReply:
        """The reply in ``data``, without latency and quota.

        Raises:
            ProviderError: refusal, an error inside a good status, or not this dialect.
        """

    async def chat(self, request: ChatRequest, *, rung: str | None = None) -> ChatReply:
        """The model's answer to one request; calls a model, once.

        Args:
            request: what to ask.
            rung: how to ask for the schema's shape; default the dialect's strictest.

        Raises:
            BlankReplyError: a normal stop with neither text nor tool calls.
            ProviderError: anything else that kept a usable reply from coming.
        """
        used = (rung or self.rungs[0]) if request.schema is not None else ""
        body = self.body(request, rung=used)
        start = time.perf_counter()
        headers, data = await self.client.post(self.path(request), body, timeout_s=request.timeout_s)
        latency = time.perf_counter() - start
        try:
            reply = self.read(data, request)
        except (KeyError, IndexError, TypeError, AttributeError, ValueError) as error:
            raise self.malformed(f"reply is not of its dialect ({type(error).__name__}: {error})", data) from None
        if not reply.text.strip() and not reply.tool_calls and reply.finish == "stop":
            raise BlankReplyError(f"{self.name} model {request.model!r} stopped without any text", place=self._place())
        return ChatReply(
            text=reply.text,
            finish=reply.finish,
            model=reply.model or request.model,
            usage=reply.usage,
            latency_s=latency,
            rung=used,
            tool_calls=reply.tool_calls,
            reasoning=reply.reasoning,
            quota=quota(headers),
        )

    def form(self, rung: str, schema: dict[str, Any], make: Callable[[dict[str, Any]], T]) -> T:
        """``make(schema)`` for ``rung``, kept while the same schema object is asked for again and again."""
        known = self._forms.get((rung, id(schema)))
        if known is not None and known[0] is schema:
            return cast("T", known[1])
        if len(self._forms) >= _MAX_FORMS:
            self._forms.clear()
        made = make(schema)
        self._forms[rung, id(schema)] = (schema, made)  # holding the schema keeps its id from being reused
        return made

    @abc.abstractmethod
    async def embed(self, texts: Sequence[str], *, model: str) -> tuple[np.ndarray, int]:
        """Vectors ``(n, dim)`` float32 in input order, not normalised, and the tokens used; calls a model."""

    @abc.abstractmethod
    async def models(self) -> list[str]:
        """Names of the models the endpoint offers, sorted."""

    async def aclose(self) -> None:
        """Close this event loop's connections."""
        await self.client.aclose()

    def malformed(self, what: str, data: Any = None) -> MalformedReplyError:
        """The error for a reply that is not what the dialect promises."""
        shown = "" if data is None else f": {excerpt(json.dumps(data)[:4000], self.client.secrets)}"
        return MalformedReplyError(f"{self.name}: {what}{shown}", place=self._place())

    def refusal(self, why: str) -> RefusalError:
        """The error for a model or filter that declined."""
        return RefusalError(f"{self.name} refused to answer: {excerpt(why, self.client.secrets)}", place=self._place())

    def _place(self) -> dict[str, Any]:
        return {"provider": self.name}

    def arguments(self, raw: Any) -> dict[str, Any]:
        """A tool call's arguments as a dict; JSON text, doubly encoded text too, is decoded.

        Raises:
            MalformedReplyError: they are not a JSON object.
        """
        value = raw
        for _ in range(2):
            if isinstance(value, str):
                try:
                    value = json.loads(value or "{}", strict=False)
                except (ValueError, RecursionError):
                    break
        if not isinstance(value, dict):
            raise self.malformed("a tool call's arguments are not a JSON object", raw)
        return value

    def vectors(self, rows: Any, count: int) -> np.ndarray:
        """``rows`` of numbers as ``(count, dim)`` float32.

        Raises:
            MalformedReplyError: another number of rows, ragged rows, or values that are not finite numbers.
        """
        import numpy as np

        try:
            matrix = np.asarray(rows, dtype=np.float32)
        except (TypeError, ValueError):
            matrix = np.empty(0, dtype=np.float32)
        if matrix.ndim != 2 or len(matrix) != count or not np.isfinite(matrix).all():
            raise self.malformed(f"expected {count} embedding vectors of one length")
        return matrix


def split_thinking(text: str) -> tuple[str, str]:
    """``(answer, thinking)``: a leading ``<think>`` block taken off ``text``."""
    match = _THINK.match(text)
    return (text[match.end() :], match.group(1).strip()) if match else (text, "")


def answer_text(text: str, reasoning: str, request: ChatRequest) -> tuple[str, str]:
    """``(answer, reasoning)``, with a ``<think>`` block moved over.

    Some servers put the constrained JSON of a thinking model into its thinking; it is the answer all the same.
    """
    text, thinking = split_thinking(text)
    reasoning = reasoning or thinking
    if request.schema is not None and not text.strip() and reasoning.lstrip().startswith(("{", "[")):
        return reasoning, ""
    return text, reasoning


def joined(content: Any) -> str:
    """Text of a message's content: a string, or a list of parts of which the text parts count; ``""`` for ``None``."""
    if isinstance(content, str):
        return content
    if isinstance(content, list):
        return "".join(p if isinstance(p, str) else p.get("text") or "" for p in content)
    return ""


def usage_of(request: ChatRequest, text: str, counts: Mapping[str, Any]) -> Usage:
    """Usage from ``counts`` (``prompt``, ``completion``, ``cached``, ``reasoning``, ``cost``).

    Prompt and completion are estimated where the server reports none, so that budgets still bind.
    """
    whole = {k: v for k, v in counts.items() if isinstance(v, int) and not isinstance(v, bool) and v > 0}
    cost = counts.get("cost")
    return Usage(
        prompt_tokens=whole.get("prompt") or estimate_prompt_tokens(request),
        completion_tokens=whole.get("completion") or estimate_tokens(text),
        cached_tokens=whole.get("cached", 0),
        reasoning_tokens=whole.get("reasoning", 0),
        cost_usd=float(cost) if isinstance(cost, int | float) and not isinstance(cost, bool) else None,
        calls=1,
    )


_LEFT_REQUESTS = ("x-ratelimit-remaining-requests", "anthropic-ratelimit-requests-remaining", "x-ratelimit-remaining")
_LEFT_TOKENS = (
    "x-ratelimit-remaining-tokens",
    "anthropic-ratelimit-tokens-remaining",
    "anthropic-ratelimit-output-tokens-remaining",
)
_RESETS = (
    "x-ratelimit-reset-requests",
    "x-ratelimit-reset-tokens",
    "anthropic-ratelimit-requests-reset",
    "anthropic-ratelimit-tokens-reset",
)


def quota(headers: Mapping[str, str]) -> Quota | None:
    """What the rate-limit headers say is left, or ``None`` where there are none. ``reset_s`` is the longest reset."""
    requests, tokens = _first(headers, _LEFT_REQUESTS), _first(headers, _LEFT_TOKENS)
    if requests is None and tokens is None:
        return None
    resets = [duration_s(headers[h], headers=headers) for h in _RESETS if h in headers]
    return Quota(requests=requests, tokens=tokens, reset_s=max((r for r in resets if r is not None), default=None))


def _first(headers: Mapping[str, str], names: tuple[str, ...]) -> int | None:
    for name in names:
        value = number(headers.get(name))
        if value is not None and value >= 0:
            return int(value)
    return None
