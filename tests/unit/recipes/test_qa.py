import asyncio
import json
import re

import pytest

from seedbed.core.errors import RateLimitError
from seedbed.core.records import Cell, ChatReply, Feedback, Job, Seed, Topic
from seedbed.recipes.asking import MOST_RAW_CHARS, MOST_SAMPLES
from seedbed.recipes.prompting import PromptLibrary
from seedbed.recipes.qa import EXAMPLES, QAOptions, QARecipe

CHUNK = (
    "Ice is lighter than liquid water, so it floats on lakes in winter. "
    "Salt lowers the freezing point of water by several degrees. "
    "If water freezes inside a pipe, the pipe may burst."
)
SEED = Seed("uid1", "docs/ice.md", CHUNK, ("Physics", "Ice"), 3)
PAIR = {"question": "Why does ice float on lakes?", "answer": "It is lighter than liquid water."}


class Scripted:
    """A ``Generate`` that answers from a list and keeps what it was asked."""

    def __init__(self, *replies, finish="stop"):
        self.replies, self.finish, self.asked = list(replies), finish, []

    async def __call__(self, messages, **options):
        self.asked.append((list(messages), options))
        reply = self.replies.pop(0)
        if isinstance(reply, Exception):
            raise reply
        text = reply if isinstance(reply, str) else json.dumps(reply)
        return ChatReply(text, finish=self.finish, model="writer-1")


def job(**changes):
    values = {
        "id": 1,
        "run_id": 1,
        "recipe": "qa",
        "cell": Cell("physics/cold-water"),
        "topic": Topic("physics/cold-water", "water below 10 °C"),
        "seed": SEED,
    }
    return Job(**{**values, **changes})


def run(job, generate, prompts=None, **options):
    return asyncio.run(QARecipe().run(job, generate, prompts or PromptLibrary(), QAOptions(**options)))


def test_a_pair_keeps_where_it_came_from_and_how_it_was_made():
    generate = Scripted(PAIR)
    prompts = PromptLibrary()
    (found,) = run(job(strategy="coverage", coordinates={"form": "why"}), generate, prompts)
    assert found.raw == PAIR
    assert found.problem is None
    assert (found.topic, found.kind, found.seed) == ("physics/cold-water", "qa", SEED)
    assert found.meta == {
        "chunk_id": "uid1",
        "source": "docs/ice.md",
        "headings": ["Physics", "Ice"],
        "coordinates": {"form": "why"},
    }
    origin = found.origin
    assert (origin.via, origin.recipe, origin.prompt, origin.strategy) == ("generate", "qa", "qa", "coverage")
    assert origin.prompt_version == prompts.version("qa")
    assert origin.model == "writer-1"


def test_the_prompt_shows_chunk_headings_topic_and_coordinates():
    generate = Scripted(PAIR)
    coordinates = {"form": "why", "aspect": "density", "persona": "a curious child", "focus": "lakes"}
    run(job(coordinates=coordinates, cell=Cell("physics/cold-water", (("difficulty", "hard"),))), generate)
    messages, _ = generate.asked[0]
    assert [m.role for m in messages] == ["system", "user"]
    for shown in (CHUNK, "Physics > Ice", "physics > cold water", "water below 10 °C", "density", "a curious child"):
        assert shown in messages[1].content
    assert "Focus: lakes" in messages[1].content
    assert "Difficulty: hard" in messages[1].content
    assert '"Why is" or "Why are"' in messages[1].content


def test_a_forms_openings_become_a_pattern_of_the_schema():
    generate = Scripted(PAIR, PAIR)
    run(job(coordinates={"form": "why"}), generate)
    run(job(), generate)
    pattern = generate.asked[0][1]["schema"]["properties"]["question"]["pattern"]
    assert re.fullmatch(pattern, "Why does ice float on lakes?")
    assert not re.fullmatch(pattern, "How does ice float on lakes?")
    assert "pattern" not in generate.asked[1][1]["schema"]["properties"]["question"]


def test_a_form_of_the_users_own_is_told_in_its_own_words():
    generate = Scripted(PAIR)
    run(job(coordinates={"form": "as a riddle"}), generate)
    assert "Form: as a riddle" in generate.asked[0][0][1].content


def test_balance_values_of_the_cell_are_part_of_the_entry():
    (found,) = run(
        job(cell=Cell("physics/cold-water", (("difficulty", "hard"),))), Scripted({**PAIR, "difficulty": "x"})
    )
    assert found.raw == {**PAIR, "difficulty": "hard"}


def test_several_pairs_come_from_one_call_and_never_more_than_asked_for():
    other = {"question": "What does salt do to water?", "answer": "It lowers the freezing point."}
    generate = Scripted({"pairs": [PAIR, other, PAIR]})
    found = run(job(n=2), generate)
    assert [c.raw for c in found] == [PAIR, other]
    assert generate.asked[0][1]["schema"]["properties"]["pairs"]["maxItems"] == 2


@pytest.mark.parametrize("reply", [[PAIR], {"pairs": [PAIR]}, "Here it is:\n```json\n" + json.dumps(PAIR) + "\n```"])
def test_a_pair_is_found_whatever_it_is_wrapped_in(reply):
    assert run(job(), Scripted(reply))[0].raw == PAIR


@pytest.mark.parametrize(
    ("reply", "code"),
    [
        ("", "reply_empty"),
        ("   \n", "reply_empty"),
        ("I would rather not.", "reply_not_json"),
        ("\x00\x1b[31m\ud800", "reply_not_json"),
        ("[1, 2]", "reply_wrong_schema"),
        ("{}", "reply_wrong_schema"),
        ('{"pairs": []}', "reply_wrong_schema"),
        ('{"pairs": {"question": "a"}}', "reply_wrong_schema"),
        ("x" * 500_000, "reply_too_long"),
        ("[" * 100_000, "reply_not_json"),
    ],
)
def test_an_unreadable_reply_is_a_candidate_with_its_reason(reply, code):
    (found,) = run(job(), Scripted(reply))
    assert found.problem is not None
    assert found.problem[0] == code
    assert found.raw == {"question": "a"} or found.raw == reply[:MOST_RAW_CHARS]
    assert found.meta["chunk_id"] == "uid1"


def test_a_reply_cut_off_at_the_token_limit_says_so():
    (found,) = run(job(), Scripted('{"question": "Why', finish="length"))
    assert found.problem[0] == "reply_truncated"


@pytest.mark.parametrize("value", [None, 3, "", "  ", ["a"]])
def test_a_pair_without_a_text_is_a_wrong_schema_with_the_field(value):
    (found,) = run(job(), Scripted({**PAIR, "answer": value}))
    assert found.problem[0] == "reply_wrong_schema"
    assert "answer" in found.problem[1]
    assert found.raw["question"] == PAIR["question"]


def test_errors_of_the_endpoint_go_through():
    with pytest.raises(RateLimitError):
        run(job(), Scripted(RateLimitError("slow down")))


def test_feedback_is_shown_under_evidence_steering_only():
    refused = Feedback(PAIR, "too close to an entry", "near_duplicate", {"question": "Why is ice afloat?"})
    generate = Scripted(PAIR, PAIR)
    run(job(feedback=(refused,), attempt=1, strategy="evidence"), generate)
    run(job(feedback=(refused,), attempt=1, strategy="coverage"), generate)
    told, untold = (asked[0][1].content for asked in generate.asked)
    assert "too close to an entry" in told
    assert "Why is ice afloat?" in told
    assert "too close" not in untold


def test_each_attempt_is_another_sample():
    generate = Scripted(*[PAIR] * 3)
    for attempt in range(3):
        run(job(attempt=attempt), generate)
    assert [options["sample"] for _, options in generate.asked] == [0, 1, 2]


def test_a_long_chunk_is_cut_between_paragraphs():
    text = "\n\n".join(f"Paragraph {i} says that ice is cold." for i in range(100))
    generate = Scripted(PAIR)
    run(job(seed=Seed("u", "s", text)), generate, text_chars=400)
    shown = generate.asked[0][0][1].content
    assert "Paragraph 0" in shown
    assert "Paragraph 50" not in shown
    assert "is cold.\n</text>" in shown


def test_options_reach_the_call():
    generate = Scripted(PAIR, PAIR)
    run(job(), generate, temperature=0.1, max_tokens=77)
    run(job(), generate)
    assert (generate.asked[0][1]["temperature"], generate.asked[0][1]["max_tokens"]) == (0.1, 77)
    assert generate.asked[1][1]["temperature"] == 0.8


def test_a_projects_prompt_is_used_and_named_by_its_version(tmp_path):
    (tmp_path / "qa.j2").write_text("{{ part }}: {{ text }}", encoding="utf-8")
    generate = Scripted(PAIR)
    prompts = PromptLibrary(tmp_path)
    (found,) = run(job(), generate, prompts)
    assert generate.asked[0][0][1].content == f"task: {CHUNK}"
    assert found.origin.prompt_version == prompts.version("qa") != PromptLibrary().version("qa")


def test_without_a_source_text_nothing_is_asked():
    generate = Scripted()
    (found,) = run(job(seed=None), generate)
    assert found.problem[0] == "no_seed"
    assert generate.asked == []


# -- small models ----------------------------------------------------------------------------------------------


def test_a_small_model_only_writes_the_question_of_a_sentence():
    generate = Scripted({"question": "What lowers the freezing point of water?"})
    (found,) = run(job(), generate, small_model=True)
    assert found.raw["question"] == "What lowers the freezing point of water?"
    assert found.raw["answer"] in CHUNK
    assert found.meta["answer"] == "quoted"
    assert found.origin.prompt == "qa_small"
    messages, options = generate.asked[0]
    assert [m.role for m in messages] == ["system"] + ["user", "assistant"] * 3 + ["user"]
    assert found.raw["answer"] in messages[-1].content
    assert set(options["schema"]["properties"]) == {"question"}
    assert len(messages[-1].content) < 300


def test_the_form_chooses_the_sentence_it_suits():
    generate = Scripted({"question": "What happens if water freezes inside a pipe?"})
    (found,) = run(job(coordinates={"form": "consequence"}), generate, small_model=True)
    assert found.raw["answer"] == "If water freezes inside a pipe, the pipe may burst."
    schema = generate.asked[0][1]["schema"]["properties"]["question"]
    assert re.fullmatch(schema["pattern"], "What happens if water freezes inside a pipe?")
    assert not re.fullmatch(schema["pattern"], "Which water freezes inside a pipe?")


def test_several_questions_are_about_different_sentences():
    generate = Scripted(*[{"question": f"What about number {i} of these?"} for i in range(3)])
    found = run(job(n=5), generate, small_model=True)
    assert len({c.raw["answer"] for c in found}) == len(found) == 3
    samples = [options["sample"] for _, options in generate.asked]
    assert len(set(samples)) == 3
    assert all(0 <= s < MOST_SAMPLES for s in samples)


def test_the_same_job_asks_the_same_and_another_sample_something_else():
    reply = {"question": "What is asked here today?"}
    generate = Scripted(*[reply] * 12)
    asked = []
    for sample in (0, 0, *range(1, 11)):
        run(job(sample=sample), generate, small_model=True)
        asked.append(generate.asked[-1][0][-1].content)
    assert asked[0] == asked[1]
    assert len(set(asked)) == 3


@pytest.mark.parametrize("shown", [reply for _, reply in EXAMPLES])
def test_a_copied_worked_example_is_refused(shown):
    (found,) = run(job(), Scripted(shown), small_model=True)
    assert found.problem[0] == "example_copied"


def test_a_chunk_without_sentences_costs_no_call():
    generate = Scripted()
    (found,) = run(job(seed=Seed("u", "s", "a = 1\nb = 2")), generate, small_model=True)
    assert found.problem[0] == "no_passage"
    assert generate.asked == []


def test_an_unreadable_question_is_kept_with_its_reason():
    (found,) = run(job(), Scripted("no"), small_model=True)
    assert (found.problem[0], found.raw) == ("reply_not_json", "no")
