"""The fake provider: fits schemas, varies, repeats itself exactly, and misbehaves on request."""

from __future__ import annotations

import asyncio
import json
import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seedbed.core.errors import BlankReplyError, RefusalError, UnknownNameError
from seedbed.core.identity import normalised_text
from seedbed.core.records import ChatRequest, Message
from seedbed.providers.fake import MODELS, FakeProvider

PAIR = {
    "type": "object",
    "properties": {"question": {"type": "string"}, "answer": {"type": "string"}},
    "required": ["question", "answer"],
}
CHUNK = (
    'Write a pair from:\n"""The Roman Republic elected two consuls every year. The senate advised on foreign policy."""'
)


def ask(*, model="varied", schema=PAIR, prompt="About tides", times=1, provider=None, **settings):
    provider = provider or FakeProvider()
    request = ChatRequest(model, (Message("user", prompt),), schema=schema, **settings)

    async def go():
        return [(await provider.chat(request)).text for _ in range(times)]

    return asyncio.run(go())


def test_equal_histories_give_equal_replies():
    assert ask(times=5) == ask(times=5)


def test_asked_again_it_varies():
    questions = [json.loads(t)["question"] for t in ask(times=200)]
    assert len({normalised_text(q) for q in questions}) >= 195


def test_at_temperature_zero_it_does_not():
    assert len(set(ask(times=3, temperature=0.0))) == 1


def test_same_repeats_itself():
    assert len(set(ask(model="same", times=3))) == 1


@pytest.mark.parametrize("change", [{"prompt": "About kilns"}, {"seed": 3}, {"temperature": 0.7}, {"schema": None}])
def test_another_request_gets_another_reply(change):
    assert ask() != ask(**change)


def test_questions_ask_and_answers_quote_the_material():
    for text in ask(prompt=CHUNK, times=20):
        pair = json.loads(text)
        assert pair["question"].endswith("?")
        assert pair["answer"] in CHUNK


def test_echo_repeats_the_prompt():
    assert ask(model="echo", schema=None) == ["About tides"]
    assert json.loads(ask(model="echo")[0]) == {"question": "About tides", "answer": "About tides"}


def test_blank_and_refuse_raise():
    with pytest.raises(BlankReplyError):
        ask(model="blank")
    with pytest.raises(RefusalError):
        ask(model="refuse")


def test_garbage_does_not_fit():
    for text in ask(model="garbage", times=30):
        try:
            value = json.loads(text)
        except ValueError:
            continue
        assert not {"question", "answer"} <= set(value)


def test_an_unknown_model_names_near_ones():
    with pytest.raises(UnknownNameError) as caught:
        ask(model="vareid")
    assert "varied" in caught.value.near


def test_latency_is_waited():
    start = time.perf_counter()
    ask(provider=FakeProvider(latency_s=0.05))
    assert time.perf_counter() - start >= 0.05


def test_models_are_listed():
    assert asyncio.run(FakeProvider().models()) == sorted(MODELS)


def test_texts_that_share_words_are_closer():
    vectors, _ = asyncio.run(FakeProvider().embed(["red old boat", "red old ship", "quantum flux law"], model="x"))
    unit = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    assert unit[0] @ unit[1] > unit[0] @ unit[2]


SCALARS = st.one_of(
    st.just({"type": "string"}),
    st.builds(
        lambda a, b: {"type": "string", "minLength": a, "maxLength": a + b}, st.integers(0, 80), st.integers(0, 80)
    ),
    st.builds(
        lambda a, b: {"type": "integer", "minimum": a, "maximum": a + b}, st.integers(-50, 50), st.integers(0, 30)
    ),
    st.builds(lambda a: {"type": "number", "exclusiveMinimum": a, "maximum": a + 2.5}, st.integers(-5, 5)),
    st.builds(lambda a: {"type": "integer", "multipleOf": a, "minimum": 1, "maximum": 4 * a}, st.integers(1, 9)),
    st.just({"type": "boolean"}),
    st.just({"enum": ["easy", "hard", 3, None]}),
    st.just({"const": "x"}),
    st.just({"type": ["string", "null"]}),
    st.just({"anyOf": [{"type": "integer"}, {"type": "null"}]}),
    st.just({"$ref": "#/$defs/word"}),
    st.just({"type": "string", "pattern": r"^[A-Z]{3}-\d{2}$"}),
    st.just({"type": "string", "format": "date"}),
)
SCHEMAS = st.recursive(
    SCALARS,
    lambda inner: st.one_of(
        st.builds(
            lambda item, a, b: {"type": "array", "items": item, "minItems": a, "maxItems": a + b},
            inner, st.integers(0, 3), st.integers(0, 2),
        ),
        st.dictionaries(st.sampled_from(["question", "tags", "score", "x"]), inner, max_size=3).map(
            lambda props: {"type": "object", "properties": props, "required": sorted(props)}
        ),
    ),
    max_leaves=6,
)  # fmt: skip


def fits(value, schema) -> bool:
    """A second, plain reading of the keywords used above."""
    if "$ref" in schema:
        return value in ("alpha", "beta")
    if "anyOf" in schema:
        return any(fits(value, s) for s in schema["anyOf"])
    if "enum" in schema or "const" in schema:
        return value in schema.get("enum", [schema.get("const")])
    kinds = {"string": str, "integer": int, "number": (int, float), "boolean": bool, "array": list, "object": dict}
    kind = schema["type"][0] if isinstance(schema["type"], list) else schema["type"]
    if not isinstance(value, kinds[kind]) or (isinstance(value, bool) and kind != "boolean"):
        return False
    if kind == "array":
        sized = schema["minItems"] <= len(value) <= schema["maxItems"]
        return sized and all(fits(v, schema["items"]) for v in value)
    if kind == "object":
        return value.keys() == schema["properties"].keys() and all(
            fits(v, schema["properties"][k]) for k, v in value.items()
        )
    if kind == "string":
        return schema.get("minLength", 0) <= len(value) <= schema.get("maxLength", 10**6)
    if kind == "boolean":
        return True
    low, high = schema.get("minimum", float("-inf")), schema.get("maximum", float("inf"))
    multiple = schema.get("multipleOf")
    in_range = low <= value <= high and value > schema.get("exclusiveMinimum", -1e9)
    return in_range and (multiple is None or value % multiple == 0)


@settings(max_examples=150)
@given(SCHEMAS, st.integers(0, 10**6))
def test_any_schema_is_fitted(schema, seed):
    root = {**schema, "$defs": {"word": {"enum": ["alpha", "beta"]}}}
    assert fits(json.loads(ask(schema=root, seed=seed)[0]), schema)


@pytest.mark.parametrize(
    "schema", [{}, {"type": "object"}, {"$ref": "#/nowhere"}, {"allOf": [PAIR]}, {"type": "array"}]
)
def test_odd_schemas_do_not_break_it(schema):
    json.loads(ask(schema=schema)[0])


def test_a_schema_that_holds_itself_ends():
    node = {"type": "object", "properties": {"child": {"$ref": "#/$defs/node"}}}
    json.loads(ask(schema={"$ref": "#/$defs/node", "$defs": {"node": node}})[0])
