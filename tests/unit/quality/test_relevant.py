"""A question must be about what its source, or its quoted answer, says."""

from __future__ import annotations

from dataclasses import replace

import pytest

from seedbed.core.records import Outcome
from seedbed.kinds.load import load_kind
from seedbed.quality.relevant import RelevantCheck, RelevantOptions
from testkit.judging import candidate, context

CHECK = RelevantCheck(RelevantOptions(), load_kind("qa"))
CHUNK = "A manifest lies beside the exported files. It holds counts per topic and a hash of every file."


def verdict(question, answer="A manifest lies beside the exported files.", *, quoted=False, chunk=CHUNK):
    content = {"question": question, "answer": answer}
    made = candidate(content, chunk=chunk)
    if quoted:
        made = replace(made, meta={"answer": "quoted"})
    return CHECK.check(made, context(content))


@pytest.mark.parametrize(
    "question",
    [
        "What does the manifest hold?",
        "Where does the manifest lie?",
        "What is the purpose of the manifest?",
        "How are exported files and the manifest related?",
    ],
)
def test_a_question_about_the_source_passes(question):
    assert verdict(question).outcome is Outcome.PASS


@pytest.mark.parametrize(
    ("question", "code"),
    [
        ("Which is the best way to train a parrot?", "off_source"),
        ("When is it when?", "no_subject"),
        ("How does it work?", "no_subject"),
        ("Who drives a car, a car, car, car, and a manifest?", "repetition"),
    ],
)
def test_a_question_beside_the_source_fails_with_its_reason(question, code):
    found = verdict(question)
    assert (found.outcome, found.code) == (Outcome.FAIL, code)
    assert found.reason


def test_a_quoted_answer_must_speak_of_what_is_asked():
    asked = "How many hashes does every topic count?"
    assert verdict(asked).passed
    assert verdict(asked, quoted=True).code == "off_source"


def test_what_is_missing_is_evidence():
    assert verdict("Which parrot reads the manifest in Peru?", quoted=True).evidence["unmentioned"] == [
        "parrot",
        "reads",
        "Peru".lower(),
    ]


def test_without_a_chunk_it_is_unscored():
    assert verdict("What is a manifest?", chunk=None).outcome is Outcome.UNSCORED
