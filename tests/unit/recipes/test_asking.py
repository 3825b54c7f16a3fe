import pytest

from seedbed.core.records import Cell, Job, Topic
from seedbed.recipes.asking import conversation, prompt_values
from seedbed.recipes.prompting import PromptLibrary

PROMPTS = PromptLibrary()
ASKED = {"headings": (), "text": "Ice floats.", "n": 1}


def job(**changes):
    return Job(1, 1, "qa", Cell("physics"), Topic("physics"), **changes)


def task(prompt, examples=(), **changes):
    values = {**prompt_values(job(**changes), "qa"), **ASKED}
    return conversation(PROMPTS, prompt, values, examples)[-1].content


@pytest.mark.parametrize("prompt", ["qa", "instruct"])
def test_what_reviewers_rejected_is_told_at_the_end_of_the_task(prompt):
    plain, told = task(prompt), task(prompt, reviewed=("too_easy", "unclear"))
    line = "Reviewers rejected earlier entries of this topic for: too easy, unclear. Avoid that."
    assert told == f"{plain}\n\n{line}"


def test_small_models_are_shown_no_reasons():
    example = ({**ASKED, "answer": "x"}, {"question": "y"})
    assert "Reviewers" not in task("instruct_small", [example], reviewed=("unclear",))


def test_a_project_may_word_the_reasons_itself_or_leave_them_out(tmp_path):
    (tmp_path / "reviewed.j2").write_text("{# nothing #}", encoding="utf-8")
    values = {**prompt_values(job(reviewed=("unclear",)), "qa"), **ASKED}
    silent = conversation(PromptLibrary(tmp_path), "qa", values)[-1].content
    assert silent == task("qa")
