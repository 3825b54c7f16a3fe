"""The structured-output ladder, against a scripted server."""

from __future__ import annotations

import asyncio
import json

import pytest

from seedbed.core.errors import BadRequestError, BlankReplyError, ServerError
from seedbed.core.records import ChatRequest, Message
from seedbed.providers.structure import LadderMemory, StructuredProvider, schema_prompt
from testkit.canned import Canned, CannedServer
from testkit.speech import SPEECHES

OPENAI, ANTHROPIC, GEMINI, OLLAMA = SPEECHES
SCHEMA = {"type": "object", "properties": {"answer": {"type": "string"}}, "required": ["answer"]}
ASK = ChatRequest("m", (Message("user", "Capital of France?"),), schema=SCHEMA)
GOOD = Canned(OPENAI.text('{"answer": "Paris"}'))
PROSE = Canned(OPENAI.text("Paris, of course."))


def refused(message: str, status: int = 400) -> Canned:
    return Canned({"error": {"message": message}}, status=status)


def climb(*answers, calls=1, speech=OPENAI, first="", memory=None, request=ASK):
    """Replies (or errors) of ``calls`` chats in a row, and what the server saw."""

    async def go():
        out = []
        async with CannedServer(*answers) as server:
            provider = StructuredProvider(speech.dialect(speech.name, base_url=server.url), first=first, memory=memory)
            for _ in range(calls):
                try:
                    out.append(await provider.chat(request))
                except (BadRequestError, BlankReplyError, ServerError) as error:
                    out.append(error)
            await provider.aclose()
        return out, [seen.json for seen in server.seen]

    return asyncio.run(go())


def test_the_first_rung_that_works_is_used_and_named():
    (reply,), (body,) = climb(GOOD)
    assert reply.rung == "json_schema"
    assert body["response_format"]["type"] == "json_schema"


def test_a_refused_feature_steps_down_within_one_call():
    (reply,), bodies = climb(refused("This response_format type is unavailable now"), GOOD)
    assert reply.rung == "grammar"
    assert json.loads(reply.text) == {"answer": "Paris"}
    assert len(bodies) == 2


def test_what_was_refused_is_not_asked_again():
    memory = LadderMemory()
    refusals = [refused("json_schema is not supported"), refused("unknown field guided or format")]
    replies, bodies = climb(*refusals, Canned(OPENAI.tool_call("answer")), calls=2, memory=memory)
    assert [r.rung for r in replies] == ["tool", "tool"]
    assert len(bodies) == 4


def test_a_forced_tool_becomes_the_reply_text():
    (reply,), (body,) = climb(Canned(OPENAI.tool_call("answer")), first="tool")
    assert json.loads(reply.text) == {"city": "Graz", "days": 3}
    assert (reply.tool_calls, reply.finish) == ((), "stop")
    assert body["tool_choice"]["function"]["name"] == "answer"


def test_every_rung_refused_ends_at_the_prompt():
    (reply,), bodies = climb(*[refused("schema, format, tools: not supported")] * 4, GOOD)
    assert reply.rung == "prompt"
    assert "response_format" not in bodies[-1]
    assert schema_prompt(SCHEMA) in bodies[-1]["messages"][-1]["content"]


@pytest.mark.parametrize(
    "answer", [refused("model `m` does not exist", 404), refused("messages must alternate"), refused("oops", 500)]
)
def test_other_errors_do_not_step_down(answer):
    memory = LadderMemory()
    (error,), bodies = climb(answer, memory=memory)
    assert isinstance(error, BadRequestError | ServerError)
    assert len(bodies) == 1
    assert memory.dump() == {}


def test_a_server_that_fails_on_the_grammar_is_stepped_down():
    (reply,), _ = climb(refused("failed to parse grammar", 500), GOOD, first="grammar")
    assert reply.rung == "tool"


def test_two_unusable_replies_step_down():
    replies, _ = climb(PROSE, PROSE, GOOD, calls=3)
    assert [r.rung for r in replies] == ["json_schema", "json_schema", "grammar"]
    assert replies[0].text == "Paris, of course."


def test_a_rung_that_mostly_works_is_kept():
    replies, _ = climb(GOOD, GOOD, GOOD, PROSE, PROSE, GOOD, calls=6)
    assert {r.rung for r in replies} == {"json_schema"}


def test_wrong_shape_and_blank_replies_are_strikes_too():
    replies, _ = climb(Canned(OPENAI.text('{"other": 1}')), Canned(OPENAI.text("")), GOOD, calls=3)
    assert isinstance(replies[1], BlankReplyError)
    assert replies[2].rung == "grammar"


def test_a_cut_off_reply_is_no_strike():
    cut = Canned(OPENAI.text('{"answer": "Par', finish="length"))
    replies, _ = climb(cut, cut, GOOD, calls=3)
    assert replies[2].rung == "json_schema"


def test_fenced_json_comes_back_bare():
    fenced = Canned(OPENAI.text('Sure:\n```json\n{"answer": "Paris",}\n```'))
    (reply,), _ = climb(fenced, first="prompt")
    assert json.loads(reply.text) == {"answer": "Paris"}


def test_json_mode_tells_the_schema_in_the_last_user_turn():
    _, (body,) = climb(GOOD, first="json_object")
    assert body["response_format"] == {"type": "json_object"}
    assert "JSON schema" in body["messages"][-1]["content"]


def test_free_text_takes_no_rung():
    (reply,), (body,) = climb(PROSE, request=ChatRequest("m", ASK.messages))
    assert (reply.rung, reply.text) == ("", "Paris, of course.")
    assert "response_format" not in body


@pytest.mark.parametrize(
    ("message", "setting"),
    [
        ("Unsupported value: 'temperature' does not support 0.7 with this model.", "temperature"),
        ("`top_p` is deprecated for this model", "top_p"),
        ("property 'seed' is unsupported", "seed"),
        ("Unsupported parameter: 'stop' is not supported", "stop"),
    ],
)
def test_a_refused_setting_is_left_out_from_then_on(message, setting):
    request = ChatRequest("m", ASK.messages, temperature=0.7, top_p=0.9, seed=1, stop=("x",))
    memory = LadderMemory()
    _, bodies = climb(refused(message), PROSE, calls=2, memory=memory, request=request)
    assert [setting in b for b in bodies] == [True, False, False]
    assert list(memory.dump().values()) == [{"rung": "", "dropped": [setting]}]


def test_memory_survives_a_round_trip_and_ignores_rubbish():
    memory = LadderMemory()
    memory.about("x http://h", "m").move("tool")
    again = LadderMemory()
    again.load(memory.dump())
    assert again.dump() == memory.dump() == {"x http://h m": {"rung": "tool", "dropped": []}}
    again.load({"a": 5, "b": {"rung": "magic", "dropped": ["model", 7]}})
    assert again.dump() == memory.dump()


def test_memory_is_kept_apart_by_model():
    memory = LadderMemory()
    memory.about("x", "small").move("prompt")
    assert memory.about("x", "large").rung == ""


def test_a_remembered_rung_the_dialect_lacks_is_ignored():
    memory = LadderMemory()

    async def go():
        async with CannedServer(Canned(OLLAMA.text('{"answer": "x"}'))) as server:
            provider = StructuredProvider(OLLAMA.dialect("ollama", base_url=server.url), memory=memory)
            memory.about(provider.endpoint, "m").move("json_schema")
            reply = await provider.chat(ASK)
            await provider.aclose()
            return reply

    assert asyncio.run(go()).rung == "grammar"


def test_calls_refused_together_step_down_once():
    async def go():
        async with CannedServer(*[refused("response_format")] * 4, GOOD) as server:
            provider = StructuredProvider(OPENAI.dialect("openai", base_url=server.url))
            replies = await asyncio.gather(*(provider.chat(ASK) for _ in range(4)))
            await provider.aclose()
            return replies

    assert {r.rung for r in asyncio.run(go())} == {"grammar"}


def test_constrained_json_inside_the_thinking_is_the_answer():
    (reply,), _ = climb(Canned(OLLAMA.text("", thinking='{"answer": "Paris"}')), speech=OLLAMA)
    assert json.loads(reply.text) == {"answer": "Paris"}


def test_gemini_says_little_when_it_refuses_a_schema():
    invalid = refused("Request contains an invalid argument.")
    (reply,), _ = climb(invalid, Canned(GEMINI.tool_call("answer")), speech=GEMINI)
    assert reply.rung == "tool"


def test_anthropic_falls_from_schema_to_tool():
    unknown = refused("output_config: Extra inputs are not permitted")
    (reply,), _ = climb(unknown, Canned(ANTHROPIC.tool_call("answer")), speech=ANTHROPIC)
    assert reply.rung == "tool"


def test_optional_fields_are_asked_for_as_nullable_and_come_back_absent():
    schema = {**SCHEMA, "properties": {**SCHEMA["properties"], "note": {"type": "string"}}}
    answer = Canned(OPENAI.text('{"answer": "Paris", "note": null}'))
    (reply,), (body,) = climb(answer, request=ChatRequest("m", ASK.messages, schema=schema))
    assert body["response_format"]["json_schema"]["strict"] is True
    assert json.loads(reply.text) == {"answer": "Paris"}
