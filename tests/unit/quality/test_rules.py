import pytest
from hypothesis import given
from hypothesis import strategies as st

from seedbed.core.errors import ConfigError
from seedbed.core.records import Outcome, Verdict
from seedbed.kinds.load import load_kind
from seedbed.quality.rules import RulesCheck, RulesOptions
from testkit.bounds import takes_less
from testkit.judging import candidate, context

QA = load_kind("qa")
INSTRUCTION = load_kind("instruction")


def judged(content: dict, *, kind=QA, **options) -> Verdict:
    check = RulesCheck(RulesOptions(**options), kind)
    return check.check(candidate(content, kind=kind.name), context(content))


def qa(question: str, answer: str, **options) -> Verdict:
    return judged({"question": question, "answer": answer}, **options)


GOOD = [
    ("What is the capital of France?", "Paris."),
    ("2+2=?", "4"),
    ("What does `len([])` return?", "0"),
    ("Is zero even?", "Yes"),
    ("Which operator subtracts?", "-"),
    ("Is it a cat or a dog?", "a dog"),
    ("Write a loop in C.", "```c\nfor (int i = 0; i < 3; i++) {\n    f(i);\n}\n```"),
    ("What is the derivative of $x^2$?", "$2x$"),
    ("Who said \"to be or not to be\"?", "Hamlet, in Shakespeare's play of that name."),
    ("How do you open a file?", "with open('a.txt') as f:\n    data = f.read()"),
    ("What is 5'10\" in cm?", "About 178 cm."),
    ("水的化学式是什么？", "H₂O"),
    ("Solve x² = 4.", "x = ±2"),
    ("What is SWMR?", "Single writer, multiple reader: one process writes while others read (safely, without locks)."),
    ("What does HTTP 404 mean?", "Not Found"),
]  # fmt: skip


@pytest.mark.parametrize(("question", "answer"), GOOD)
def test_good_entries_pass_with_nothing_to_store(question, answer):
    assert qa(question, answer, language="en") == Verdict("rules", "1", Outcome.PASS)


@pytest.mark.parametrize(
    ("question", "answer", "code"),
    [
        ("Why?", "Because.", "too_short"),
        ("Why is it so?", "x" * 20_001, "too_long"),
        ("Why is it so?", "\x1b[2JSo.", "control_characters"),
        ("Why is it so?", "...", "placeholder"),
        ("Why is it so?", "As an AI language model, I cannot say.", "refusal"),
        ("Question: why is it so?", "So.", "prompt_leak"),
        ("Why is it so?", "why is it so", "answer_equals_question"),
        ("Why is the sea blue in the sun?", "Why is the sea blue in the sun? Well.", "answer_equals_question"),
        ("The file is a part of the disk.", "Yes.", "not_a_question"),
        ("According to the text, why?", "So.", "context_dependent"),
        ("Why is it so?", "it is so because " * 12 + ".", "repetition"),
        ("Why is it so?", "Use:\n```\nx", "unbalanced"),
        ("Why is it so in the end?", "It is so in the end because of the", "truncated"),
    ],
)
def test_each_rule_gives_its_code(question, answer, code):
    verdict = qa(question, answer)
    assert (verdict.outcome, verdict.code) == (Outcome.FAIL, code)
    assert code in [r["code"] for r in verdict.evidence["rules"]]
    skipped = qa(question, answer, skip=[code])
    assert code not in [r["code"] for r in skipped.evidence.get("rules", ())]


def test_another_language_fails_only_where_one_is_expected():
    german = "Die Datei wird von dem ersten Prozess geöffnet und kann von den anderen gelesen werden, wenn er es will."
    assert qa("How is the file opened?", german).passed
    verdict = qa("How is the file opened?", german, language="en")
    assert (verdict.code, verdict.evidence["rules"][0]["found"]) == ("wrong_language", "de, not en")
    assert qa("Translate into German: the file is opened by the first process.", german, language="en").passed


def test_all_failing_rules_are_evidence_and_the_first_is_the_code():
    verdict = qa("Question: what does the code above print?", "I'm sorry, but I can't answer\x00 that.")
    assert verdict.code == "control_characters"
    assert [r["code"] for r in verdict.evidence["rules"]] == [
        "control_characters",
        "prompt_leak",
        "context_dependent",
        "refusal",
    ]


def test_limits_can_be_set_per_field():
    assert qa("Why is it so?", "So.", min_chars={"answer": 10}).code == "too_short"
    assert qa("Why is it so?", "So it is.", max_chars={"answer": 5}).code == "too_long"
    assert qa("Why?", "So.", min_chars={"question": 1}).passed
    assert qa("Why is it so?", "So it is. " + " ".join(map(str, range(9_000))), max_chars={"answer": 99_999}).passed


def test_forbidden_texts_are_found_whatever_their_case():
    example = "What is the boiling point of water?"
    assert qa("WHAT is the  boiling point of water", "100 °C", forbidden_texts=[example]).code == "prompt_leak"
    assert qa("What is the melting point of water?", "0 °C", forbidden_texts=[example]).passed
    assert qa("What is the sum of one and two?", "three", forbidden_texts=["one"]).passed


def test_given_material_may_be_anything():
    entry = {"instruction": "Fix the text.", "input": "lorem ipsum dolor... TODO: ( and the", "response": "Done."}
    assert judged(entry, kind=INSTRUCTION).passed
    assert judged({**entry, "input": "\x1b[0m"}, kind=INSTRUCTION).code == "control_characters"


def test_an_instruction_need_not_be_a_question():
    entry = {
        "instruction": "The story of a fox, in the style of Aesop.",
        "input": "",
        "response": "Once there was a fox.",
    }
    assert judged(entry, kind=INSTRUCTION).passed


def test_where_calls_may_be_made_an_answer_may_decline():
    kind = load_kind("tool_use")
    declined = {
        "query": "Book a table for two.",
        "tools": [],
        "calls": [],
        "answer": "I'm sorry, I cannot do that here.",
    }
    assert judged(declined, kind=kind).passed
    assert judged(declined | {"answer": "As an AI language model, I cannot book."}, kind=kind).code == "refusal"


@pytest.mark.parametrize("question", ["写首诗", "你好吗?"])
def test_a_short_question_in_another_script_is_whole(question):
    assert qa(question, "好").passed
    assert qa("why", "So.").code == "too_short"


def test_unknown_fields_languages_and_rules_are_refused():
    with pytest.raises(ConfigError, match="anwser"):
        RulesCheck(RulesOptions(min_chars={"anwser": 1}), QA)
    with pytest.raises(ConfigError, match="tlh"):
        RulesCheck(RulesOptions(language="tlh"), QA)
    with pytest.raises(ValueError, match="skip"):
        RulesOptions(skip=["everything"])


@given(st.text(max_size=300), st.text(min_size=1, max_size=300))
def test_it_never_raises_and_says_the_same_twice(question, answer):
    options = {"language": "en", "forbidden_texts": ["a forbidden text"]}
    verdict = qa(question, answer, **options)
    assert verdict == qa(question, answer, **options)
    verdict.reason.encode()
    assert len(verdict.reason) < 300


def test_hostile_length_costs_no_time():
    content = {"question": "(" * 1_000_000 + "a b " * 250_000, "answer": "x\n" * 1_000_000}
    assert judged(content).code == "too_long"
    assert takes_less(0.5, lambda: judged(content))


@pytest.mark.parametrize(
    "piece", ["(", "[", '"', "a ", "ab", "$", "<|", "\n", "x=1\n", "sorry ", "the ", ". ", "\\(", "[ "]
)
def test_no_rule_is_slow_on_the_longest_text_it_looks_at(piece):
    content = {"question": piece * (20_000 // len(piece)), "answer": piece * (20_000 // len(piece))}
    assert takes_less(0.5, lambda: judged(content))


def test_a_long_run_of_punctuation_inside_the_text_costs_no_time():
    text = "a" + "(" * 19_000 + "a"
    content = {"question": text, "answer": text + "b"}
    assert takes_less(0.5, lambda: judged(content, forbidden_texts=["a forbidden text"]))
