import asyncio
import json
import re

import pytest

from seedbed.core.records import Cell, ChatReply, Feedback, Job, Topic
from seedbed.recipes.instruct import EXAMPLES, InstructOptions, InstructRecipe
from seedbed.recipes.prompting import PromptLibrary

ITEM = {"instruction": "Explain how a consul was elected.", "input": "", "response": "By the centuriate assembly."}
SMALL = {"instruction": ITEM["instruction"], "response": ITEM["response"]}
COORDINATES = {"form": "explain-how", "persona": "a beginner", "aspect": "the consuls"}


class Scripted:
    """A ``Generate`` that answers from a list and keeps what it was asked."""

    def __init__(self, *replies):
        self.replies, self.asked = list(replies), []

    async def __call__(self, messages, **options):
        self.asked.append((list(messages), options))
        reply = self.replies.pop(0)
        return ChatReply(reply if isinstance(reply, str) else json.dumps(reply), model="writer-1")


def job(**changes):
    topic = Topic("history/roman-republic", "Rome 509 to 27 BC")
    return Job(**{"id": 1, "run_id": 1, "recipe": "instruct", "cell": Cell(topic.path), "topic": topic, **changes})


def run(job, generate, **options):
    return asyncio.run(InstructRecipe().run(job, generate, PromptLibrary(), InstructOptions(**options)))


def test_an_instruction_comes_from_topic_and_coordinates_alone():
    generate = Scripted(ITEM)
    (found,) = run(job(coordinates=COORDINATES, strategy="coverage"), generate)
    assert found.raw == ITEM
    assert (found.kind, found.seed, found.problem) == ("instruction", None, None)
    assert found.meta == {"coordinates": COORDINATES}
    asked = generate.asked[0][0][1].content
    for shown in ("history > roman republic", "Rome 509 to 27 BC", "the consuls", "a beginner", "Explain how"):
        assert shown in asked


def test_a_form_is_held_by_the_schema():
    generate = Scripted(ITEM)
    run(job(coordinates=COORDINATES), generate)
    pattern = generate.asked[0][1]["schema"]["properties"]["instruction"]["pattern"]
    assert re.fullmatch(pattern, ITEM["instruction"])
    assert not re.fullmatch(pattern, "Name two consuls of Rome.")


def test_several_come_from_one_call_with_their_balance_values():
    generate = Scripted({"instructions": [ITEM, {**ITEM, "instruction": "Name two consuls."}]})
    found = run(job(n=2, cell=Cell("history/roman-republic", (("difficulty", "easy"),))), generate)
    assert [c.raw["instruction"] for c in found] == [ITEM["instruction"], "Name two consuls."]
    assert all(c.raw["difficulty"] == "easy" for c in found)
    assert len(generate.asked) == 1


@pytest.mark.parametrize(
    ("reply", "code"),
    [
        ("", "reply_empty"),
        ("no", "reply_not_json"),
        ("[]", "reply_wrong_schema"),
        ({"instruction": "Do it.", "response": None}, "reply_wrong_schema"),
        ({"response": "Done."}, "reply_wrong_schema"),
    ],
)
@pytest.mark.parametrize("small_model", [False, True])
def test_an_unreadable_reply_is_a_candidate_with_its_reason(reply, code, small_model):
    (found,) = run(job(), Scripted(reply), small_model=small_model)
    assert found.problem[0] == code


def test_feedback_is_shown_under_evidence_steering():
    refused = Feedback(ITEM, "too close to an entry", "near_duplicate", {"instruction": "How were consuls chosen?"})
    for small_model in (False, True):
        generate = Scripted(SMALL)
        run(job(feedback=(refused,), strategy="evidence", attempt=1), generate, small_model=small_model)
        assert ITEM["instruction"] in generate.asked[0][0][-1].content


# -- small models ----------------------------------------------------------------------------------------------


def test_a_small_model_is_asked_for_one_at_a_time_after_worked_examples():
    generate = Scripted(SMALL, {**SMALL, "instruction": "Describe the senate of Rome."})
    found = run(job(n=2, coordinates=COORDINATES), generate, small_model=True)
    assert len(found) == len(generate.asked) == 2
    messages, options = generate.asked[0]
    assert [m.role for m in messages] == ["system", "user", "assistant", "user", "assistant", "user"]
    assert 'begins with "Explain how"' in messages[-1].content
    assert set(options["schema"]["properties"]) == {"instruction", "response"}
    assert found[0].origin.prompt == "instruct_small"


def test_the_beginning_of_small_prompts_is_always_the_same():
    generate = Scripted(SMALL, SMALL)
    run(job(coordinates=COORDINATES), generate, small_model=True)
    run(job(sample=7, coordinates={"form": "why"}), generate, small_model=True)
    first, second = (asked[0][:-1] for asked in generate.asked)
    assert first == second


def test_small_replies_are_whole_sentences_by_schema():
    generate = Scripted(SMALL, SMALL)
    run(job(coordinates={"form": "why"}), generate, small_model=True)
    run(job(), generate, small_model=True)
    shaped, free = (asked[1]["schema"]["properties"] for asked in generate.asked)
    assert re.fullmatch(shaped["instruction"]["pattern"], "Why is the senate important?")
    assert not re.fullmatch(shaped["instruction"]["pattern"], "Why is the senate important.")
    assert re.fullmatch(free["instruction"]["pattern"], "Describe the senate of Rome.")
    assert not re.fullmatch(free["instruction"]["pattern"], "Rome was founded in 753 BC.")
    assert not re.fullmatch(free["response"]["pattern"], "It was founded by")


@pytest.mark.parametrize("shown", [reply for _, reply in EXAMPLES])
def test_a_copied_worked_example_is_refused(shown):
    (found,) = run(job(), Scripted({**SMALL, "response": shown["response"]}), small_model=True)
    assert found.problem[0] == "example_copied"
