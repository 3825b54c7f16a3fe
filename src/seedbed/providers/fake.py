"""A provider without a model: deterministic replies for demos, tests and dry runs, well-behaved or not."""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import Mapping, Sequence
from random import Random
from typing import TYPE_CHECKING, Any

from seedbed.core.errors import BlankReplyError, RefusalError, UnknownNameError
from seedbed.core.identity import digest
from seedbed.core.records import ChatReply, Usage
from seedbed.providers.fake_text import Writer
from seedbed.providers.tokens import estimate_prompt_tokens, estimate_tokens

if TYPE_CHECKING:
    import numpy as np

    from seedbed.core.records import ChatRequest

MODELS: Mapping[str, str] = {
    "varied": "fits any schema with varied sentences",
    "echo": "repeats the last user turn, in every string field",
    "same": "gives one and the same reply to equal requests: duplicates",
    "blank": "stops without text",
    "garbage": "answers with broken JSON, escapes and prose",
    "refuse": "refuses every request",
    "apology": "declines in words, as a well-formed reply",
    "slow": "like varied, two seconds late",
}
DIM = 256
SLOW_S = 2.0
_REMEMBERED = 100_000
_SORRY = "I'm sorry, but as an AI language model I can't help with that."
_GARBAGE = (
    '{"question": "What is cut off here',
    "Sure! Here is the JSON you asked for:\n- question: what?\n- answer: that",
    "\x1b[31m\x1b[2J\x00 <script>alert(1)</script> {]",
    "[[[[" * 40,
    '{"unexpected": {"keys": [1, 2, 3]}}',
)


class FakeProvider:
    """Answers from a hash of the request, with no model, network or clock.

    Asked the same request again, one instance gives its next reply, as sampling would: a new instance gives the same
    sequence. At temperature 0, and from ``fake:same``, equal requests have equal replies.

    Args:
        latency_s: seconds each call takes.
        name: provider name.
    """

    queues = False
    endpoint = "fake"

    def __init__(self, *, latency_s: float = 0.0, name: str = "fake") -> None:
        self.name = name
        self._latency_s = latency_s
        self._asked: dict[bytes, int] = {}

    async def chat(self, request: ChatRequest) -> ChatReply:
        """A made-up reply; JSON that fits the schema where there is one. Calls no model.

        Raises:
            BlankReplyError, RefusalError: from the models whose behaviour that is.
            UnknownNameError: no such fake model.
        """
        latency = SLOW_S if request.model == "slow" else self._latency_s
        await asyncio.sleep(latency)
        text = self._text(request)
        return ChatReply(
            text=text,
            model=request.model,
            usage=Usage(estimate_prompt_tokens(request), estimate_tokens(text), calls=1),
            latency_s=latency,
            rung="json_schema" if request.schema is not None else "",
        )

    def _text(self, request: ChatRequest) -> str:
        if request.model not in MODELS:
            raise UnknownNameError("model", request.model, MODELS)
        if request.model == "blank":
            raise BlankReplyError(f"{self.name} model 'blank' stopped without any text")
        if request.model == "refuse":
            raise RefusalError(f"{self.name} refused to answer: this is what fake:refuse does")
        key = _key(request)
        nth = 0 if request.temperature == 0 or request.model == "same" else self._nth(key)
        rng = Random(key + nth.to_bytes(4, "little"))
        if request.model == "garbage":
            return rng.choice(_GARBAGE)
        prompt = next((m.content for m in reversed(request.messages) if m.role == "user"), "")
        if request.model in ("echo", "apology"):
            said = prompt if request.model == "echo" else _SORRY
            return said if request.schema is None else json.dumps(_same(said, request.schema, rng), ensure_ascii=False)
        writer = Writer(rng, prompt)
        if request.schema is None:
            return writer.paragraph(rng.randint(2, 4))
        return json.dumps(writer.value(request.schema), ensure_ascii=False)

    def _nth(self, key: bytes) -> int:
        if len(self._asked) >= _REMEMBERED:
            self._asked.clear()
        nth = self._asked.get(key, 0)
        self._asked[key] = nth + 1
        return nth

    async def embed(self, texts: Sequence[str], *, model: str) -> tuple[np.ndarray, int]:
        """Hashed bags of words ``(n, 256)`` float32: texts that share words are close. Calls no model."""
        import numpy as np

        out = np.zeros((len(texts), DIM), dtype=np.float32)
        for row, text in zip(out, texts, strict=True):
            for word in text.lower().split():
                hashed = hashlib.blake2b(word.encode("utf-8", "surrogatepass"), digest_size=8).digest()
                row[hashed[0]] += 1.0 if hashed[1] & 1 else -1.0
                row[hashed[2]] += 1.0 if hashed[3] & 1 else -1.0
        return out, sum(map(estimate_tokens, texts))

    async def models(self) -> list[str]:
        """Names of the fake models."""
        return sorted(MODELS)

    async def aclose(self) -> None:
        """Nothing to close."""


def _key(request: ChatRequest) -> bytes:
    turns = [[m.role, m.content] for m in request.messages]
    return digest([request.model, turns, request.schema, request.temperature, request.top_p, request.seed])


def _same(text: str, schema: dict[str, Any], rng: Random) -> Any:
    """A value that fits ``schema`` with ``text`` in its string fields."""
    return _replaced(Writer(rng, text).value(schema), text, schema)


def _replaced(value: Any, text: str, schema: Any) -> Any:
    if isinstance(value, dict):
        parts = schema.get("properties", {}) if isinstance(schema, dict) else {}
        return {key: _replaced(item, text, parts.get(key, {})) for key, item in value.items()}
    if isinstance(value, list):
        return [_replaced(item, text, schema.get("items", {}) if isinstance(schema, dict) else {}) for item in value]
    closed = isinstance(schema, dict) and ("enum" in schema or "const" in schema)
    return text if isinstance(value, str) and not closed else value
