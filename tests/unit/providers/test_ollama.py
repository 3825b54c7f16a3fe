"""Ollama's own ways: the context window, models that are not pulled, thinking."""

from __future__ import annotations

import asyncio

import pytest

from seedbed.core.errors import BadRequestError
from seedbed.core.records import ChatRequest, Message
from seedbed.providers.ollama import OllamaDialect
from testkit.canned import Canned, CannedServer


def options(dialect, words, **settings):
    request = ChatRequest("m", (Message("user", "word " * words),), **settings)
    return dialect.body(request, rung="").get("options", {})


def test_a_short_prompt_leaves_the_servers_window():
    assert "num_ctx" not in options(OllamaDialect("ollama", base_url="http://127.0.0.1:1"), 100)


def test_the_window_grows_with_the_prompt_and_never_shrinks():
    dialect = OllamaDialect("ollama", base_url="http://127.0.0.1:1")
    assert options(dialect, 4_000)["num_ctx"] == 8192
    assert options(dialect, 100)["num_ctx"] == 8192
    assert options(dialect, 100, max_tokens=20_000)["num_ctx"] == 32768


def test_a_model_that_is_not_pulled_names_the_command():
    async def go():
        answer = Canned({"error": 'model "llama9" not found, try pulling it first'}, status=404)
        async with CannedServer(answer) as server:
            dialect = OllamaDialect("ollama", base_url=server.url + "/v1")
            try:
                await dialect.chat(ChatRequest("llama9", (Message("user", "hi"),)))
            finally:
                await dialect.aclose()

    with pytest.raises(BadRequestError) as caught:
        asyncio.run(go())
    assert caught.value.fix == "ollama pull llama9"
