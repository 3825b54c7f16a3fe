"""The test kit's own server: what other tests lean on."""

import asyncio
import json
import time
from dataclasses import replace

import pytest

from seedbed.core.errors import (
    BlankReplyError,
    ContextWindowError,
    MalformedReplyError,
    QuotaError,
    RateLimitError,
    RefusalError,
    RequestTimeoutError,
    ServerError,
    UnreachableError,
)
from seedbed.core.records import ChatRequest, Message
from testkit.bounds import PATIENCE_S
from testkit.schedule import FAULTS, Schedule, from_arguments, parser, to_arguments
from testkit.server import ModelServer, spawned
from testkit.speech import SPEECHES

SCHEMA = {
    "type": "object",
    "properties": {"question": {"type": "string"}, "level": {"enum": ["easy", "hard"]}},
    "required": ["question", "level"],
}
ASK = ChatRequest("m", (Message("user", "Ask about rivers."),), schema=SCHEMA)


def chat(server, *requests, times=1, speech=SPEECHES[0], rung=None):
    """Replies or errors of some requests, or of the usual one so many ``times``, one after another."""

    async def go():
        dialect = speech.dialect("test", base_url=server.base_url(speech.name))
        out = []
        for request in requests or [ASK] * times:
            try:
                out.append(await dialect.chat(request, rung=rung))
            except Exception as error:
                out.append(error)
        await dialect.aclose()
        return out

    return asyncio.run(go())


@pytest.mark.parametrize(
    ("speech", "rung"), [(s, r) for s in SPEECHES for r in s.dialect.rungs if r in ("json_schema", "grammar", "tool")]
)
def test_answers_fit_the_schema_however_it_is_asked_for(speech, rung):
    with ModelServer() as server:
        (reply,) = chat(server, speech=speech, rung=rung)
    found = reply.tool_calls[0]["arguments"] if reply.tool_calls else json.loads(reply.text)
    assert set(found) == {"question", "level"} and found["level"] in ("easy", "hard")
    assert reply.usage.prompt_tokens > 0 and reply.usage.completion_tokens > 0


@pytest.mark.parametrize("speech", SPEECHES, ids=lambda s: s.name)
def test_models_are_listed_and_texts_embedded(speech):
    async def go(server):
        dialect = speech.dialect("test", base_url=server.base_url(speech.name))
        names = await dialect.models()
        vectors = None
        if speech.name != "anthropic":
            vectors, _ = await dialect.embed(["a", "b", "a"], model="m")
        await dialect.aclose()
        return names, vectors

    with ModelServer() as server:
        names, vectors = asyncio.run(go(server))
    assert "test-model" in names
    if vectors is not None:
        assert vectors.shape == (3, 64) and (vectors[0] == vectors[2]).all() and (vectors[0] != vectors[1]).any()


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        ("429", RateLimitError),
        ("503", ServerError),
        ("timeout", RequestTimeoutError),
        ("reset", UnreachableError),
        ("disconnect", UnreachableError),
        ("truncated", MalformedReplyError),
        ("blank", BlankReplyError),
        ("refusal", RefusalError),
        ("context", ContextWindowError),
        ("quota", QuotaError),
    ],
)
def test_a_scripted_fault_hits_its_call_only(fault, error):
    hurried = replace(ASK, timeout_s=0.1) if fault == "timeout" else ASK
    with ModelServer(Schedule(faults={2: fault})) as server:
        first, second, third = chat(server, ASK, hurried, ASK)
    assert isinstance(second, error)
    assert first.text and third.text
    assert server.stats.faults == {fault: 1}


def test_model_faults_arrive_as_answers():
    with ModelServer(Schedule(faults={1: "malformed", 2: "wrong_schema", 3: "length", 5: "duplicate"})) as server:
        malformed, wrong, cut, good, again = chat(server, times=5)
    for reply in (malformed, cut):
        with pytest.raises(ValueError, match=r"Expecting|Unterminated|delimiter"):
            json.loads(reply.text)
    assert cut.finish == "length"
    assert json.loads(wrong.text) == {"unexpected": [1, 2, 3]}
    assert again.text == good.text


def test_answers_vary_by_call_and_repeat_with_the_seed():
    texts = []
    for _ in range(2):
        with ModelServer(Schedule(seed=3)) as server:
            texts.append([r.text for r in chat(server, times=20)])
    assert texts[0] == texts[1] and len(set(texts[0])) == 20


def test_fixed_answers_do_not_vary():
    with ModelServer(Schedule(mode="fixed")) as server:
        assert len({r.text for r in chat(server, times=3)}) == 1


def test_a_hook_answers_instead():
    with ModelServer(answer=lambda body: {"said": body["messages"][0]["content"]}) as server:
        (reply,) = chat(server)
    assert json.loads(reply.text) == {"said": "Ask about rivers."}


def test_the_bucket_refuses_beyond_its_burst_and_says_when_to_come_back():
    with ModelServer(Schedule(rps=0.5, burst=2, retry_after_s=7)) as server:
        first, second, third = chat(server, times=3)
    assert first.text and second.text
    assert isinstance(third, RateLimitError) and third.retry_after_s == 7


def test_a_window_tells_what_is_left():
    with ModelServer(Schedule(window=(2, 60.0))) as server:
        first, second, third = chat(server, times=3)
    assert (first.quota.requests, second.quota.requests) == (1, 0)
    assert 50 < second.quota.reset_s <= 60
    assert isinstance(third, RateLimitError)


def at_once(server, n):
    """Replies or errors of ``n`` calls, none of them answered before all have come."""

    async def go():
        dialect = SPEECHES[0].dialect("test", base_url=server.base_url("openai"))
        server.held = True
        calls = [asyncio.create_task(dialect.chat(ASK)) for _ in range(n)]
        await asyncio.to_thread(server.wait_for, n)
        server.held = False
        found = await asyncio.gather(*calls, return_exceptions=True)
        await dialect.aclose()
        return found

    return asyncio.run(go())


def test_slots_queue_and_never_refuse():
    with ModelServer(Schedule(slots=2, latency_s=0.03)) as server:
        start = time.monotonic()
        assert all(r.text for r in at_once(server, 8))
    assert time.monotonic() - start >= 0.12
    assert server.stats.peak == 8


def test_too_many_at_once_are_refused():
    with ModelServer(Schedule(max_inflight=3)) as server:
        found = at_once(server, 8)
    assert sum(isinstance(r, RateLimitError) for r in found) == 5


def test_a_capped_server_dies():
    with ModelServer(Schedule(cap=2)) as server:
        found = chat(server, times=4)
    assert [isinstance(r, UnreachableError) for r in found] == [False, False, True, True]


def test_repeated_answers_are_counted():
    with ModelServer() as server:
        chat(server, times=3)
        chat(server, ChatRequest("other", ASK.messages))
    assert server.stats.repeats == 2 and len(server.stats.answered) == 2
    assert [s.status for s in server.seen] == [200] * 4


def test_a_spawned_server_obeys_its_schedule():
    with spawned(Schedule(faults={1: "503"}), ttl_s=30) as server:
        first, second = chat(server, times=2)
        stats = server.stats()
    assert isinstance(first, ServerError) and second.text
    assert stats["calls"] == 2 and stats["statuses"] == {"503": 1, "200": 1}


def test_a_spawned_server_ends_by_itself():
    with spawned(ttl_s=0.2) as server:
        assert server.process.wait(PATIENCE_S) == 0


def test_schedules_survive_the_command_line():
    schedule = Schedule(
        latency_s=0.05, rps=50, burst=500, window=(3, 2.0), slots=2, retry_after_s=1.5, faults={3: "429"},
        rates={"503": 0.02}, mode="echo", dup_rate=0.1, seed=9, cap=7, max_inflight=5,
    )  # fmt: skip
    assert from_arguments(parser().parse_args(to_arguments(schedule))) == schedule


def test_unknown_faults_are_refused():
    with pytest.raises(ValueError, match="no such fault: 42"):
        Schedule(rates={"42": 1.0})
    assert "disconnect" in FAULTS
