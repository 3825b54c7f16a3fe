import asyncio
import json
import re
import sys
import time
import types
from typing import ClassVar

import pytest

from seedbed.core.errors import (
    BadRequestError,
    BlankReplyError,
    ConfigError,
    ContextWindowError,
    MalformedReplyError,
    MissingExtraError,
    RequestTimeoutError,
    ServerError,
    UnreachableError,
)
from seedbed.core.records import Cell, ChatRequest, Job, Message, Seed, Topic
from seedbed.core.wheels import cache_dir
from seedbed.providers.local import LocalProvider, LocalSettings
from seedbed.providers.weights import resolve

ASK = (Message("user", "Why is the sky blue?"),)
SCHEMA = {
    "type": "object",
    "properties": {"question": {"type": "string", "pattern": r"^Why (is|does) [^.?]{5,60}\?$"}},
    "required": ["question"],
    "additionalProperties": False,
}


class Server:
    """Stands for llama.cpp: streams what the test scripted and keeps what it was asked."""

    script: ClassVar[list] = []
    asked: ClassVar[list] = []
    broken = False

    def __init__(self, params):
        if Server.broken:
            raise RuntimeError("Failed to init server, please check the input params.")
        self.params = params

    def handle_metrics(self):
        return ""

    def handle_chat_completions(self, data, callback):
        Server.asked.append(json.loads(data))
        for piece in Server.script:
            if isinstance(piece, Exception):
                raise piece
            if isinstance(piece, float):
                time.sleep(piece)
            elif callback(json.dumps(piece).encode()):
                return


class Anything(types.SimpleNamespace):
    """Parameters of which any may be set."""

    def __getattr__(self, name):
        value = Anything()
        setattr(self, name, value)
        return value


@pytest.fixture
def scripted(monkeypatch, tmp_path):
    """A provider whose llama.cpp is scripted; ``scripted.chat(*pieces, **request)`` asks it once."""
    module = types.ModuleType("xllamacpp")
    module.Server, module.CommonParams = Server, Anything
    monkeypatch.setitem(sys.modules, "xllamacpp", module)
    monkeypatch.setattr(Server, "asked", [])
    monkeypatch.setattr(Server, "broken", False)
    path = tmp_path / "m.gguf"
    path.write_bytes(b"GGUF")

    def chat(*pieces, settings=None, rung=None, **request):
        monkeypatch.setattr(Server, "script", list(pieces))

        async def ask():
            provider = LocalProvider(environ={}, cache=tmp_path, settings=settings)
            try:
                return await provider.chat(ChatRequest(str(path), ASK, **request), rung=rung)
            finally:
                await provider.aclose()

        return asyncio.run(ask())

    return types.SimpleNamespace(chat=chat, path=path)


def said(text, **choice):
    return {"choices": [{"delta": {"content": text}, "finish_reason": None, **choice}]}


DONE = {"choices": [{"delta": {}, "finish_reason": "stop"}]}
USAGE = {
    "choices": [],
    "usage": {"prompt_tokens": 9, "completion_tokens": 4, "prompt_tokens_details": {"cached_tokens": 8}},
}


def test_a_reply_is_put_together_from_its_stream(scripted):
    reply = scripted.chat(said(None), said("Ray"), said("leigh"), DONE, USAGE)
    assert (reply.text, reply.finish, reply.rung) == ("Rayleigh", "stop", "")
    assert (reply.usage.prompt_tokens, reply.usage.completion_tokens, reply.usage.cached_tokens) == (9, 4, 8)
    assert reply.model == str(scripted.path)
    assert reply.usage.calls == 1


def test_what_was_asked_reaches_the_model(scripted):
    scripted.chat(
        said("x"), DONE, max_tokens=7, temperature=0.1, top_p=0.9, seed=3, stop=("END",), schema=SCHEMA
    )  # fmt: skip
    body = Server.asked[0]
    asked = {k: body[k] for k in ("max_tokens", "temperature", "top_p", "seed", "stop")}
    assert asked == {"max_tokens": 7, "temperature": 0.1, "top_p": 0.9, "seed": 3, "stop": ["END"]}
    assert body["messages"] == [{"role": "user", "content": "Why is the sky blue?"}]
    assert body["response_format"]["json_schema"]["schema"]["required"] == ["question"]


def test_a_schema_is_held_by_grammar_or_left_to_the_prompt(scripted):
    assert scripted.chat(said("{}"), DONE, schema=SCHEMA).rung == "grammar"
    assert scripted.chat(said("{}"), DONE, schema=SCHEMA, rung="prompt").rung == "prompt"
    assert "response_format" in Server.asked[0]
    assert "response_format" not in Server.asked[1]


def test_what_is_not_asked_is_left_to_the_model(scripted):
    scripted.chat(said("x"), DONE, settings=LocalSettings(max_tokens=55))
    body = Server.asked[0]
    assert body["max_tokens"] == 55
    assert not {"temperature", "top_p", "seed", "stop", "response_format"} & set(body)


def error(code, kind, message="it says so"):
    return {"error": {"code": code, "type": kind, "message": message}}


@pytest.mark.parametrize(
    ("pieces", "expected"),
    [
        ([error(400, "exceed_context_size_error")], ContextWindowError),
        ([error(500, "server_error", "input (9 tokens) is too large to process.")], ContextWindowError),
        ([error(400, "invalid_request_error")], BadRequestError),
        ([error(500, "server_error")], ServerError),
        ([error(500, "server_error", "output that does not match the expected format")], MalformedReplyError),
        ([said("half"), error(500, "server_error")], ServerError),
        ([ValueError("JSON schema error at #")], BadRequestError),
        ([RuntimeError("boom")], MalformedReplyError),
        ([DONE], BlankReplyError),
        ([said("half")], ServerError),
    ],
)
def test_failures_have_their_own_errors(scripted, pieces, expected):
    with pytest.raises(expected) as caught:
        scripted.chat(*pieces)
    assert caught.value.place == {"model": str(scripted.path)}


def test_a_reply_cut_off_at_the_limit_says_so(scripted):
    assert scripted.chat(said("and so", finish_reason="length")).finish == "length"


def test_a_late_reply_is_ended_at_its_next_token(scripted):
    with pytest.raises(RequestTimeoutError):
        scripted.chat(said("a"), 0.05, said("b"), RuntimeError("never reached"), timeout_s=0.02)


def test_tools_are_refused_rather_than_forgotten(scripted):
    with pytest.raises(BadRequestError):
        scripted.chat(tools=({"type": "function"},))


def test_a_file_llama_cpp_cannot_load_is_named(scripted, monkeypatch):
    monkeypatch.setattr(Server, "broken", True)
    with pytest.raises(ConfigError, match=r"m\.gguf"):
        scripted.chat(said("x"), DONE)


def test_a_missing_extra_names_its_install_line(monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "xllamacpp", None)
    path = tmp_path / "m.gguf"
    path.write_bytes(b"GGUF")

    async def ask():
        provider = LocalProvider(environ={}, cache=tmp_path)
        try:
            await provider.chat(ChatRequest(str(path), ASK))
        finally:
            await provider.aclose()

    with pytest.raises(MissingExtraError) as caught:
        asyncio.run(ask())
    assert caught.value.fix == 'pip install "seedbed[local]"'


def test_settings_come_from_the_environment():
    settings = LocalSettings.from_environ({"SEEDBED_CONTEXT": "512", "SEEDBED_PARALLEL": "2"})
    assert (settings.n_ctx, settings.n_parallel) == (512, 2)
    assert LocalSettings.from_environ({}) == LocalSettings()
    with pytest.raises(ConfigError):
        LocalProvider(environ={"SEEDBED_CONTEXT": "big"})


def test_models_are_listed_without_loading_any(tmp_path):
    assert asyncio.run(LocalProvider(environ={}, cache=tmp_path).models()) == ["smollm2"]


# -- the real model --------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def real():
    """Environment for the real model; skips where the extra or the weights cannot be had."""
    pytest.importorskip("xllamacpp", reason='needs pip install "seedbed[local]"')
    environ = {"SEEDBED_CACHE": str(cache_dir()), "SEEDBED_THREADS": "1", "SEEDBED_CONTEXT": "1024"}
    try:
        resolve("smollm2", cache=cache_dir(), environ=environ)
    except UnreachableError as error:
        pytest.skip(f"weights cannot be downloaded: {error.message}")
    return environ


@pytest.mark.local_model
def test_the_real_model_keeps_to_a_schema_pattern_and_stops_when_told(real, capfd):
    async def session():
        provider = LocalProvider.from_environ(real)
        request = ChatRequest("smollm2", ASK, schema=SCHEMA, max_tokens=80, temperature=0.3, seed=1)
        replies = [await provider.chat(request) for _ in range(2)]
        with pytest.raises(ContextWindowError):
            await provider.chat(ChatRequest("smollm2", (Message("user", "a b " * 1000),)))
        odd = await provider.chat(ChatRequest("smollm2", (Message("user", "\ud800\x00"),), max_tokens=5))
        long = ChatRequest("smollm2", (Message("user", "Tell a long story."),), max_tokens=900)
        with pytest.raises(RequestTimeoutError):
            await provider.chat(ChatRequest("smollm2", long.messages, max_tokens=900, timeout_s=0.1))
        task = asyncio.create_task(provider.chat(long))
        await asyncio.sleep(0.1)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        vectors, tokens = await provider.embed(["ice", "\ud800"], model="smollm2")
        await provider.aclose()
        return replies, odd, vectors, tokens

    replies, odd, vectors, tokens = asyncio.run(session())
    assert all(
        re.fullmatch(SCHEMA["properties"]["question"]["pattern"], json.loads(r.text)["question"]) for r in replies
    )
    assert replies[0].text == replies[1].text
    assert replies[1].usage.cached_tokens > 0
    assert replies[0].rung == "grammar"
    assert odd.finish in ("length", "stop")
    assert vectors.shape == (2, 576)
    assert tokens > 0
    assert capfd.readouterr().err == ""


@pytest.mark.local_model
def test_the_real_model_writes_questions_about_a_text(real):
    from seedbed.recipes.prompting import PromptLibrary
    from seedbed.recipes.qa import QAOptions, QARecipe

    text = (
        "Ice is lighter than liquid water, so it floats on lakes in winter. "
        "Salt lowers the freezing point of water by several degrees. "
        "If water freezes inside a pipe, the pipe may burst."
    )
    seed, topic = Seed("u", "ice.md", text, ("Physics", "Ice")), Topic("physics/ice")

    async def session():
        provider = LocalProvider.from_environ(real)

        async def generate(messages, *, sample=0, role="writer", **options):
            return await provider.chat(ChatRequest("smollm2", tuple(messages), seed=sample, **options))

        job = Job(1, 1, "qa", Cell(topic.path), topic, seed, n=3, coordinates={"form": "consequence"})
        found = await QARecipe().run(job, generate, PromptLibrary(), QAOptions(small_model=True))
        await provider.aclose()
        return found

    found = asyncio.run(session())
    assert len(found) == 3
    assert all(c.problem is None and c.raw["question"].endswith("?") and c.raw["answer"] in text for c in found)
