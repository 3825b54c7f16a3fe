"""What OpenAI-compatible servers do differently."""

from __future__ import annotations

import asyncio

import pytest

from seedbed.core.errors import MalformedReplyError, RateLimitError, RefusalError, ServerError
from seedbed.core.records import ChatRequest, Message, Quota
from seedbed.providers.openai import OpenAIDialect
from testkit.canned import Canned, CannedServer
from testkit.speech import SPEECHES

OPENAI = SPEECHES[0]
ASK = ChatRequest("m", (Message("user", "hi"),))


def talk(wire, *, name="openai", headers=None):
    async def go():
        async with CannedServer(Canned(wire, headers=headers or {})) as server:
            dialect = OpenAIDialect(name, base_url=server.url)
            try:
                return await dialect.chat(ASK)
            finally:
                await dialect.aclose()

    return asyncio.run(go())


def wire(message, finish="stop", **more):
    return {"choices": [{"message": message, "finish_reason": finish}], **more}


def test_text_may_come_in_parts():
    parts = [{"type": "text", "text": "a"}, {"type": "thinking", "thinking": []}, {"type": "text", "text": "b"}]
    assert talk(wire({"content": parts})).text == "ab"


@pytest.mark.parametrize("field", ["reasoning_content", "reasoning"])
def test_reasoning_goes_by_two_names(field):
    reply = talk(wire({"content": "42", field: "because"}))
    assert (reply.text, reply.reasoning) == ("42", "because")


def test_a_think_block_is_taken_off_the_text():
    reply = talk(wire({"content": "<think>\nhm\n</think>\n\n42"}))
    assert (reply.text, reply.reasoning) == ("42", "hm")


def test_arguments_encoded_twice_are_decoded():
    call = {"function": {"name": "f", "arguments": '"{\\"a\\": 1}"'}}
    assert talk(wire({"content": None, "tool_calls": [call]}, "tool_calls")).tool_calls[0]["arguments"] == {"a": 1}


@pytest.mark.parametrize("arguments", ["{not json", "[1]", "5"])
def test_arguments_that_are_no_object_are_malformed(arguments):
    call = {"function": {"name": "f", "arguments": arguments}}
    with pytest.raises(MalformedReplyError):
        talk(wire({"content": None, "tool_calls": [call]}, "tool_calls"))


@pytest.mark.parametrize(
    ("error", "kind"),
    [({"code": 429, "message": "slow"}, RateLimitError), ({"message": "x"}, ServerError), ("text", ServerError)],
)
def test_an_error_inside_a_good_status_is_raised_as_what_it_is(error, kind):
    with pytest.raises(kind):
        talk({"error": error})
    with pytest.raises(kind):
        talk({"choices": [{"error": error, "message": {"content": ""}}]})


def test_a_content_filter_refuses_or_cuts():
    with pytest.raises(RefusalError):
        talk(wire({"content": ""}, "content_filter"))
    assert talk(wire({"content": "half"}, "content_filter")).finish == "filter"


def test_deepseek_counts_cache_hits_by_its_own_name():
    usage = {"prompt_tokens": 9, "completion_tokens": 2, "prompt_cache_hit_tokens": 8}
    assert talk(wire({"content": "x"}, usage=usage), name="deepseek").usage.cached_tokens == 8


def test_only_a_provider_known_to_report_money_is_believed():
    usage = {"prompt_tokens": 9, "completion_tokens": 2, "cost": 0.5}
    assert talk(wire({"content": "x"}, usage=usage), name="openrouter").usage.cost_usd == 0.5
    assert talk(wire({"content": "x"}, usage=usage), name="own").usage.cost_usd is None


@pytest.mark.parametrize("usage", [None, {}, {"prompt_tokens": None}, {"prompt_tokens": "9"}, {"prompt_tokens": -1}])
def test_odd_usage_is_estimated(usage):
    assert talk(wire({"content": "hello"}, usage=usage)).usage.prompt_tokens > 0


def test_quota_headers_are_read():
    headers = {
        "x-ratelimit-remaining-requests": "59",
        "x-ratelimit-remaining-tokens": "1000",
        "x-ratelimit-reset-requests": "1s",
        "x-ratelimit-reset-tokens": "6m0s",
    }
    assert talk(OPENAI.text("x"), headers=headers).quota == Quota(requests=59, tokens=1000, reset_s=360.0)
    assert talk(OPENAI.text("x")).quota is None


@pytest.mark.parametrize(
    ("provider", "model", "field"),
    [
        ("openai", "gpt-4o", "max_completion_tokens"),
        ("own", "gpt-4o", "max_tokens"),
        ("own", "o3-mini", "max_completion_tokens"),
        ("openrouter", "openai/gpt-5-mini", "max_completion_tokens"),
        ("own", "solo1", "max_tokens"),
        ("groq", "llama", "max_completion_tokens"),
    ],
)
def test_the_limit_has_the_name_the_model_knows(provider, model, field):
    dialect = OpenAIDialect(provider, base_url="http://127.0.0.1:1")
    body = dialect.body(ChatRequest(model, ASK.messages, max_tokens=5), rung="")
    assert body[field] == 5


def test_one_schema_on_two_rungs_keeps_both_forms():
    schema = {"type": "object", "properties": {"a": {"type": "string"}}, "required": ["a"]}
    dialect = OpenAIDialect("own", base_url="http://127.0.0.1:1")
    request = ChatRequest("m", ASK.messages, schema=schema)
    for _ in range(2):
        strict = dialect.body(request, rung="json_schema")["response_format"]["json_schema"]
        bare = dialect.body(request, rung="grammar")["response_format"]["schema"]
        assert strict["schema"]["additionalProperties"] is False
        assert bare == schema
