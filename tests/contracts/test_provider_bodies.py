"""The exact bytes each dialect sends, against files under ``tests/golden/providers``.

``SEEDBED_UPDATE_GOLDEN=1`` rewrites the files from what is sent; read the difference before keeping it.
"""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

import pytest

from seedbed.core.records import ChatRequest, Message
from testkit.canned import Canned, CannedServer
from testkit.speech import SPEECHES

GOLDEN = Path(__file__).parents[1] / "golden" / "providers"
SCHEMA = {
    "type": "object",
    "properties": {
        "question": {"type": "string", "minLength": 5},
        "level": {"type": "integer", "minimum": 1, "maximum": 5},
    },
    "required": ["question", "level"],
}
TOOL = {
    "type": "function",
    "function": {
        "name": "weather",
        "description": "Forecast.",
        "parameters": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
    },
}
ASK = ChatRequest("some-model", (Message("system", "Be brief."), Message("user", "Grüße aus Graz ☃?")))
PATHS = {
    "openai": "/chat/completions",
    "anthropic": "/v1/messages",
    "gemini": "/models/some-model:generateContent",
    "ollama": "/api/chat",
}
FULL = ChatRequest(
    "some-model",
    (
        Message("system", "Be brief."),
        Message("user", "Frage ☃?"),
        Message("assistant", "No."),
        Message("user", "Why\x00?"),
    ),
    schema=SCHEMA,
    max_tokens=64,
    temperature=0.5,
    top_p=0.9,
    seed=7,
    stop=("END",),
)


@pytest.mark.parametrize("speech", SPEECHES, ids=lambda s: s.name)
@pytest.mark.parametrize(
    "case", ["plain", "tools", "full", *("json_schema", "grammar", "tool", "json_object", "prompt")]
)
def test_request_bodies_are_byte_exact(speech, case):
    rungs = speech.dialect.rungs
    if case not in ("plain", "tools", "full") and case not in rungs:
        pytest.skip("not a rung of this dialect")
    requests = {"plain": ASK, "tools": ChatRequest("some-model", ASK.messages, tools=(TOOL,)), "full": FULL}
    request = requests.get(case, ChatRequest("some-model", ASK.messages, schema=SCHEMA))

    async def go():
        async with CannedServer(Canned(speech.text("{}"))) as server:
            dialect = speech.dialect(speech.name, base_url=server.url)
            await dialect.chat(request, rung=case if case in rungs else None)
            await dialect.aclose()
            return server.seen[0]

    seen = asyncio.run(go())
    assert (seen.method, seen.path) == ("POST", PATHS[speech.name])
    sent = seen.body + b"\n"
    golden = GOLDEN / f"{speech.name}_{case}.json"
    if os.environ.get("SEEDBED_UPDATE_GOLDEN"):
        golden.write_bytes(sent)
    assert sent == golden.read_bytes()
