from seedbed.core.records import Outcome, Topic
from seedbed.kinds.load import load_kind
from seedbed.kinds.rules import fold
from seedbed.quality.schema import SchemaCheck, SchemaOptions
from testkit.judging import candidate, context

CHECK = SchemaCheck(SchemaOptions(), load_kind("qa"))
GOOD = {"question": "Why?", "answer": "So."}


def test_valid_content_passes_and_is_handed_on():
    verdict, content = CHECK.validate(candidate(GOOD))
    assert (verdict.outcome, content) == (Outcome.PASS, GOOD)


def test_a_reply_that_could_not_be_read_keeps_its_own_reason():
    verdict, content = CHECK.validate(candidate("{oops", problem=("reply_truncated", "cut off\x1b[2J at the limit")))
    assert content is None
    assert (verdict.outcome, verdict.code) == (Outcome.FAIL, "reply_truncated")
    assert verdict.reason.isprintable()


def test_wrong_fields_are_listed_as_evidence():
    verdict, content = CHECK.validate(candidate({"question": 3, "difficulty": "esay", "x": 1}))
    assert content is None
    assert verdict.code == "wrong_schema"
    assert [(p["field"], p["code"]) for p in verdict.evidence["problems"]] == [
        ("question", "wrong_type"),
        ("answer", "missing"),
        ("difficulty", "not_allowed"),
        ("x", "unknown_field"),
    ]
    assert verdict.reason.startswith("question is an integer, not a string; answer is missing; ")
    assert verdict.reason.endswith(" and 1 more")


def test_a_topic_narrows_what_passes():
    hard = Topic("a", meta={"fields": {"difficulty": ["hard"]}})
    entry = candidate({**GOOD, "difficulty": "easy"})
    assert CHECK.validate(entry)[0].passed
    assert not CHECK.validate(entry, fold([hard]))[0].passed
    assert not CHECK.check(entry, context(GOOD, topic=hard)).passed
