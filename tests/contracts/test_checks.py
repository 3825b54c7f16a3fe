"""Every check, built in or a plugin, keeps the contract on hostile content."""

import asyncio
import json
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import BaseModel

from seedbed.core import plugins
from seedbed.core.records import Neighbour, Outcome, Topic, Verdict
from seedbed.kinds.load import load_kind
from seedbed.quality.registry import build_checks, is_judge
from testkit.judging import PackagePrompts, ScriptedModel, candidate, context

NAMES = plugins.names("checks")
KINDS = {name: load_kind(name) for name in ("qa", "instruction")}
NASTY = {
    "empty": "",
    "blank": " \n\t ",
    "two megabytes": "word " * 400_000,
    "one long word": "x" * 2_000_000,
    "nul": "a\x00b",
    "lone surrogate": "half \ud83d of it",
    "escapes": "\x1b[2J\x1b]0;title\x07red",
    "markup": "<script>alert(1)</script><img src=x onerror=y>",
    "template": "{{ 7 * 7 }}{% for x in y %}",
    "nested json": json.dumps({"a": [{"b": ["c"] * 50}]}),
    "deep json": "[" * 50_000,
    "emoji": "👩‍👩‍👧‍👦🏴󠁧󠁢󠁥󠁮󠁧󠁿" * 50,
    "right to left": "\u202etxt.exe مرحبا",
    "brackets": "([{" * 5_000,
    "quotes": "\"'`“" * 5_000,
    "backticks": "```" * 5_000,
    "one line": "a, " * 6_000,
    "sql": "'; DROP TABLE entry; --",
    "digits": "9" * 10_000,
    "plain": "What is a chunk?",
}
UNSAFE = re.compile(r"[\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
RAW = [
    None,
    3,
    2.5,
    True,
    "text",
    [],
    ["a"],
    {},
    {"question": None},
    {"question": {"a": []}, 3: 4},
    b"bytes",
    {"a": {1}},
]


def verdict_of(check, item, at) -> Verdict:
    if is_judge(check):
        reply = json.dumps(
            {"reasoning": "r", "clarity": 1, "accuracy": 1, "usefulness": 1, "difficulty": 1, "about": 0}
        )
        return asyncio.run(check.judge(item, at, ScriptedModel(reply), PackagePrompts()))
    return check.check(item, at)


def build(name: str, kind: str = "qa"):
    return next(c for c in build_checks(KINDS[kind], enabled=[name]) if c.name == name)


def filled(kind: str, text: str) -> dict:
    return {n: text for n, r in KINDS[kind].fields.items() if r.enum is None}


def assert_well_formed(verdict: Verdict, check) -> None:
    assert isinstance(verdict, Verdict)
    assert (verdict.check, verdict.version) == (check.name, check.version)
    assert isinstance(verdict.outcome, Outcome)
    assert verdict.outcome is not Outcome.FAIL or (verdict.code and verdict.reason)
    assert verdict.outcome is not Outcome.UNSCORED or verdict.score is None
    assert len(verdict.reason) <= 600
    assert not UNSAFE.search(verdict.reason)
    stored = json.dumps(verdict.evidence, ensure_ascii=False, allow_nan=False)
    stored.encode()
    assert len(stored) <= 6_000
    for number in (verdict.score, verdict.threshold):
        assert number is None or isinstance(number, float | int)


def surroundings(content: dict, text: str):
    close = (
        Neighbour("abc123", 0.97, "files", content, "duplicate"),
        Neighbour("abc124", 0.96, "files", {"question": text}, "sibling", (text,)),
    )
    plain = context(content, text=text)
    crowded = context(content, text=text, neighbours=close, exact="abc123", similarities={"answer_seed": 0.4})
    odd = context(content, text=text, topic=Topic("a", text, meta={"fields": {}}))
    return plain, crowded, odd


@pytest.mark.parametrize("name", NAMES)
def test_a_check_declares_itself(name):
    found = plugins.load("checks", name)
    assert (found.name, issubclass(found.Options, BaseModel)) == (name, True)
    assert found.version
    assert 0 <= found.order <= 100
    assert found.__doc__
    assert all(field.description for field in found.Options.model_fields.values())
    assert is_judge(found) == (found.order >= 50)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("text", NASTY.values(), ids=NASTY)
@pytest.mark.parametrize("name", NAMES)
def test_nasty_text_gets_a_well_formed_verdict_twice_the_same(name, text, kind):
    check = build(name, kind)
    content = filled(kind, text)
    for at in surroundings(content, text):
        for chunk in (None, text):
            item = candidate(content, kind=kind, chunk=chunk)
            verdict = verdict_of(check, item, at)
            assert_well_formed(verdict, check)
            if len(text) < 100_000:
                assert verdict_of(check, item, at) == verdict


@pytest.mark.parametrize("raw", RAW, ids=repr)
@pytest.mark.parametrize("name", NAMES)
def test_a_submission_that_is_no_entry_does_not_raise(name, raw):
    check = build(name)
    content = raw if isinstance(raw, dict) else {}
    assert_well_formed(verdict_of(check, candidate(raw), context(content)), check)


@pytest.mark.parametrize("name", NAMES)
def test_an_unreadable_reply_does_not_raise(name):
    check = build(name)
    item = candidate("x" * 1_000_000, problem=("reply_not_json", "no JSON: " + "\x1b" * 10_000))
    assert_well_formed(verdict_of(check, item, context({})), check)


@pytest.mark.parametrize("name", [n for n in NAMES if n not in ("judge", "topic")])
@settings(max_examples=60)
@given(st.text(max_size=200), st.text(max_size=200), st.text(max_size=200))
def test_any_text_gets_a_well_formed_verdict(name, question, answer, chunk):
    check = build(name)
    content = {"question": question, "answer": answer}
    verdict = check.check(candidate(content, chunk=chunk), context(content))
    assert_well_formed(verdict, check)


@pytest.mark.parametrize("name", NAMES)
def test_a_check_does_not_change_what_it_looks_at(name):
    check = build(name)
    content = filled("qa", "What is a chunk?")
    item = candidate(dict(content), chunk="A chunk is a piece.")
    verdict_of(check, item, context(content))
    assert item.raw == content == filled("qa", "What is a chunk?")
