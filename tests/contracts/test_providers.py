"""What every wire dialect owes the engine: the same reply, usage and errors, whoever is asked."""

from __future__ import annotations

import asyncio
import json
import socket

import numpy as np
import pytest

from seedbed.core.errors import (
    AuthError,
    BadRequestError,
    BlankReplyError,
    ContextWindowError,
    MalformedReplyError,
    ProviderError,
    QuotaError,
    RateLimitError,
    RefusalError,
    RequestTimeoutError,
    ServerError,
    UnreachableError,
)
from seedbed.core.records import ChatReply, ChatRequest, Message
from seedbed.providers.fake import FakeProvider
from testkit.canned import Canned, CannedServer
from testkit.speech import ARGUMENTS, SPEECHES, Speech

KEY = "sk-very-secret-0123456789"
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

every_dialect = pytest.mark.parametrize("speech", SPEECHES, ids=lambda s: s.name)
embedding_dialect = pytest.mark.parametrize(
    "speech", [s for s in SPEECHES if s.name != "anthropic"], ids=lambda s: s.name
)


def talk(speech: Speech, *answers: Canned, request: ChatRequest = ASK, timeout_s: float = 5.0, rung: str | None = None):
    """The reply to ``request`` and the server that gave it."""

    async def go() -> tuple[ChatReply, CannedServer]:
        async with CannedServer(*answers) as server:
            dialect = speech.dialect(speech.name, base_url=server.url, key=KEY, timeout_s=timeout_s)
            try:
                return await dialect.chat(request, rung=rung), server
            finally:
                await dialect.aclose()

    return asyncio.run(go())


def failure(speech: Speech, answer: Canned, kind: type[ProviderError], **options: float) -> ProviderError:
    with pytest.raises(kind) as caught:
        talk(speech, answer, **options)
    assert type(caught.value) is kind
    return caught.value


@every_dialect
def test_text_comes_back_whole_with_usage(speech):
    reply, _ = talk(speech, Canned(speech.text("Grüß Gott — 你好 \U0001f600")))
    assert reply.text == "Grüß Gott — 你好 \U0001f600"
    assert (reply.finish, reply.model, reply.rung) == ("stop", "served-model", "")
    assert (reply.usage.prompt_tokens, reply.usage.completion_tokens, reply.usage.calls) == (10, 7, 1)
    if speech.name != "ollama":  # its API tells neither
        assert (reply.usage.cached_tokens, reply.usage.reasoning_tokens) == (4, 2)
    assert reply.latency_s > 0


@every_dialect
def test_thinking_is_kept_apart_from_the_answer(speech):
    reply, _ = talk(speech, Canned(speech.text("42", thinking="six times seven")))
    assert (reply.text, reply.reasoning) == ("42", "six times seven")


@every_dialect
def test_a_reply_at_the_token_limit_says_so(speech):
    reply, _ = talk(speech, Canned(speech.text('{"question": "cut', finish="length")))
    assert reply.finish == "length"


@every_dialect
def test_tool_calls_come_back_as_dicts(speech):
    request = ChatRequest("some-model", ASK.messages, tools=(TOOL,))
    reply, _ = talk(speech, Canned(speech.tool_call()), request=request)
    assert reply.tool_calls == ({"id": "c1", "name": "weather", "arguments": ARGUMENTS},)
    assert reply.finish == "tool_calls"


@every_dialect
def test_usage_is_estimated_where_the_server_reports_none(speech):
    wire = speech.text("four words of text")
    for key in ("usage", "usageMetadata", "prompt_eval_count", "eval_count"):
        wire.pop(key, None)
    reply, _ = talk(speech, Canned(wire))
    assert reply.usage.prompt_tokens > 5
    assert reply.usage.completion_tokens > 2


@every_dialect
def test_a_blank_reply_is_an_error(speech):
    assert failure(speech, Canned(speech.text("  \n")), BlankReplyError).retryable


@pytest.mark.parametrize("speech", SPEECHES[:3], ids=lambda s: s.name)
def test_a_refusal_is_its_own_error(speech):
    assert not failure(speech, Canned(speech.refusal()), RefusalError).retryable


ERRORS = [
    (401, {"error": {"message": "Incorrect API key"}}, AuthError),
    (403, {"error": {"message": "forbidden"}}, AuthError),
    (400, {"error": {"message": "API key not valid", "status": "INVALID_ARGUMENT"}}, AuthError),
    (402, {"error": {"message": "Insufficient Balance"}}, QuotaError),
    (429, {"error": {"message": "quota", "code": "insufficient_quota"}}, QuotaError),
    (400, {"error": {"message": "Your credit balance is too low"}}, QuotaError),
    (429, {"error": {"message": "slow down"}}, RateLimitError),
    (429, b"", RateLimitError),
    (400, {"error": {"message": "x", "code": "context_length_exceeded"}}, ContextWindowError),
    (400, {"error": {"message": "prompt is too long: 250000 tokens > 200000 maximum"}}, ContextWindowError),
    (400, {"error": {"message": "maximum context length is 8192 tokens"}}, ContextWindowError),
    (500, {"error": "input length exceeds context length, raise num_ctx"}, ContextWindowError),
    (400, {"error": {"message": "no such parameter"}}, BadRequestError),
    (400, {"error": {"message": "x", "code": "content_policy_violation"}}, RefusalError),
    (404, {"error": {"message": "model not found"}}, BadRequestError),
    (422, {"detail": "unprocessable"}, BadRequestError),
    (301, b"", BadRequestError),
    (408, b"", RequestTimeoutError),
    (500, b"<html>oops</html>", ServerError),
    (503, {"error": {"message": "overloaded"}}, ServerError),
    (529, {"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}}, ServerError),
]


@every_dialect
@pytest.mark.parametrize(("status", "body", "kind"), ERRORS, ids=lambda v: getattr(v, "__name__", None))
def test_an_error_status_becomes_its_class(speech, status, body, kind):
    error = failure(speech, Canned(body, status=status), kind)
    assert error.status == status
    assert error.place["provider"] == speech.name


WAITS = [
    ({"Retry-After": "7"}, b"", 7.0),
    ({"Retry-After": "0.5"}, b"", 0.5),
    ({"retry-after-ms": "250", "Retry-After": "9"}, b"", 0.25),
    ({"Retry-After": "Wed, 21 Oct 2026 07:28:20 GMT", "Date": "Wed, 21 Oct 2026 07:28:00 GMT"}, b"", 20.0),
    ({"Retry-After": "Wed, 21 Oct 2015 07:28:00 GMT"}, b"", 0.0),
    ({"x-ratelimit-reset-requests": "1m2s", "x-ratelimit-reset-tokens": "3m"}, b"", 62.0),
    ({"x-ratelimit-reset": "1792567720000", "Date": "Wed, 21 Oct 2026 07:28:00 GMT"}, b"", 40.0),
    ({}, {"error": {"message": "quota", "details": [{"retryDelay": "13s"}]}}, 13.0),
    ({"Retry-After": "soon"}, b"", None),
    ({"Retry-After": "inf"}, b"", None),
    ({}, b"", None),
]


@pytest.mark.parametrize(("headers", "body", "wait"), WAITS, ids=range(len(WAITS)))
def test_a_rate_limit_tells_how_long_to_wait(headers, body, wait):
    error = failure(SPEECHES[0], Canned(body, status=429, headers=headers), RateLimitError)
    assert error.retry_after_s == (None if wait is None else pytest.approx(wait))


@every_dialect
@pytest.mark.parametrize("cut", [1, 20], ids=["at once", "midway"])
def test_a_connection_broken_in_the_body_is_unreachable(speech, cut):
    failure(speech, Canned(speech.text("hello"), cut=cut), UnreachableError)


@every_dialect
def test_a_connection_closed_without_answer_is_unreachable(speech):
    failure(speech, Canned(drop=True), UnreachableError)


@every_dialect
def test_truncated_json_is_malformed(speech):
    raw = json.dumps(speech.text("hello")).encode()
    failure(speech, Canned(raw[: len(raw) // 2]), MalformedReplyError)


NOT_REPLIES = [
    b"",
    b"\xff\xfe\x00",
    b"[]",
    b"null",
    b'"text"',
    b"{}",
    b'{"choices": 5, "content": 5, "candidates": 5, "message": 5}',
    b'{"choices": [{"message": {"content": 5, "tool_calls": [1]}}], "content": [1], "candidates": [1], "message": [1]}',
    b"[" * 100_000,
    b"9" * 5_000,
]


@every_dialect
@pytest.mark.parametrize("body", NOT_REPLIES, ids=range(len(NOT_REPLIES)))
def test_a_body_of_another_kind_is_malformed(speech, body):
    failure(speech, Canned(body), MalformedReplyError)


def test_a_body_without_end_is_cut_off(monkeypatch):
    monkeypatch.setattr("seedbed.providers.http.MAX_BODY_BYTES", 1000)
    failure(SPEECHES[0], Canned(b" " * 5000), MalformedReplyError)


@every_dialect
def test_a_slow_server_times_out(speech):
    error = failure(speech, Canned(speech.text("late"), delay_s=2.0), RequestTimeoutError, timeout_s=0.1)
    assert "0.1 s" in error.message


def test_a_request_has_its_own_deadline():
    with pytest.raises(RequestTimeoutError):
        talk(SPEECHES[0], Canned(delay_s=2.0), request=ChatRequest("m", ASK.messages, timeout_s=0.1))


@every_dialect
def test_nobody_listening_is_unreachable_and_says_where(speech):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{taken.getsockname()[1]}"

    async def go():
        dialect = speech.dialect(speech.name, base_url=url)
        try:
            await dialect.chat(ASK)
        finally:
            await dialect.aclose()

    with pytest.raises(UnreachableError) as caught:
        asyncio.run(go())
    assert url in caught.value.message


@every_dialect
@pytest.mark.parametrize("status", [400, 401, 429, 500])
@pytest.mark.parametrize("key", [KEY, "no-known-form-very-secret"], ids=["usual", "unusual"])
def test_the_key_never_shows(speech, status, key):
    other = "gsk_very-secret-of-somebody-else"
    echo = {"error": {"message": f"Bad key {key}, not {other}", "param": key, "code": f"Bearer {key}"}}

    async def go():
        async with CannedServer(Canned(echo, status=status)) as server:
            dialect = speech.dialect(speech.name, base_url=server.url, key=key)
            try:
                await dialect.chat(ASK)
            finally:
                await dialect.aclose()

    with pytest.raises(ProviderError) as caught:
        asyncio.run(go())
    error = caught.value
    shown = [str(error), repr(error), repr(error.to_dict()), repr(vars(error)), repr(error.__context__)]
    assert not any("very-secret" in text for text in shown)


@every_dialect
def test_a_dialect_shows_no_secret(speech):
    dialect = speech.dialect(speech.name, base_url="http://user:pw@127.0.0.1:9", key=KEY)
    assert "very-secret" not in repr(dialect) + repr(dialect.client) + dialect.endpoint
    assert "pw" not in dialect.endpoint


@every_dialect
def test_error_text_is_one_short_printable_line(speech):
    error = failure(speech, Canned(("\x1b[31m\x00evil\r\n\u202e" * 500).encode(), status=500), ServerError)
    assert len(error.message) < 260
    assert error.message.isprintable()


@every_dialect
def test_the_key_goes_into_a_header_only(speech):
    _, server = talk(speech, Canned(speech.text("hi")))
    seen = server.seen[0]
    assert any(KEY in value for value in seen.headers.values())
    assert KEY not in seen.path
    assert KEY.encode() not in seen.body


@embedding_dialect
def test_vectors_come_back_in_input_order(speech):
    rows = [[1.0, 0.0], [0.0, 1.0], [0.5, 0.5]]

    async def go():
        async with CannedServer(Canned(speech.vectors(rows))) as server:
            dialect = speech.dialect(speech.name, base_url=server.url)
            try:
                return await dialect.embed(["a", "b", "c"], model="e")
            finally:
                await dialect.aclose()

    vectors, tokens = asyncio.run(go())
    assert vectors.dtype == np.float32
    assert vectors.tolist() == rows
    assert tokens > 0


@embedding_dialect
@pytest.mark.parametrize("rows", [[[1.0]], [[1.0], [1.0, 2.0]], [["x"], ["y"]], [[float("nan")], [1.0]]], ids=range(4))
def test_wrong_vectors_are_malformed(speech, rows):
    async def go():
        async with CannedServer(Canned(speech.vectors(rows))) as server:
            dialect = speech.dialect(speech.name, base_url=server.url)
            try:
                await dialect.embed(["a", "b"], model="e")
            finally:
                await dialect.aclose()

    with pytest.raises(MalformedReplyError):
        asyncio.run(go())


@every_dialect
def test_models_are_listed_by_plain_name(speech):
    async def go():
        async with CannedServer(Canned(speech.names(["b", "a:1"]))) as server:
            dialect = speech.dialect(speech.name, base_url=server.url)
            try:
                return await dialect.models()
            finally:
                await dialect.aclose()

    assert asyncio.run(go()) == ["a:1", "b"]


def test_the_fake_provider_keeps_the_same_contract():
    async def go():
        fake = FakeProvider()
        plain = await fake.chat(ChatRequest("varied", ASK.messages))
        shaped = await fake.chat(ChatRequest("varied", ASK.messages, schema=SCHEMA))
        vectors, tokens = await fake.embed(["a b", "b c"], model="varied")
        await fake.aclose()
        return plain, shaped, vectors, tokens

    plain, shaped, vectors, tokens = asyncio.run(go())
    assert plain.text.strip()
    assert plain.usage.prompt_tokens > 0
    assert set(json.loads(shaped.text)) == {"question", "level"}
    assert vectors.shape[0] == 2
    assert vectors.dtype == np.float32
    assert tokens > 0
