import re

import pytest

from seedbed.providers.grammar import gbnf_pattern
from seedbed.recipes.coordinates import (
    IDEA,
    INSTRUCTIONS,
    PAST,
    QUESTIONS,
    axes_for,
    fitting_form,
    form_named,
    forms_for,
    one_opening,
    personas,
)
from seedbed.recipes.small import opening_pattern


@pytest.mark.parametrize("forms", [QUESTIONS, INSTRUCTIONS])
def test_forms_have_distinct_names_and_usable_openings(forms):
    assert len({form.name for form in forms}) == len(forms) >= 10
    for form in forms:
        assert form.openings
        assert form.instruction.endswith(".")
        pattern = opening_pattern(form.openings, most=100, ends="?.")
        assert gbnf_pattern(pattern) is not None
        assert all(re.fullmatch(pattern, f"{opening} the dough in the oven?") for opening in form.openings)


def test_cues_are_expressions_that_tell_sentences_apart():
    why = form_named("qa", "why")
    assert re.search(why.cue, "It is slow because it is cold.")
    assert not re.search(why.cue, "It is a container.")


def test_forms_can_be_chosen_by_the_nature_of_a_topic():
    past = {form.name for form in forms_for("qa", suits={PAST})}
    assert "troubleshooting" not in past
    assert "why" in past
    assert forms_for("qa", suits={PAST, IDEA}) != forms_for("qa", suits={PAST})
    assert forms_for("unknown") == ()


def test_axes_hold_names_that_lead_back_to_forms():
    assert set(axes_for("qa")) == {"form"}
    assert set(axes_for("instruct")) == {"form", "persona"}
    assert all(form_named("instruct", name) for name in axes_for("instruct")["form"])
    assert axes_for("instruct")["persona"] == list(personas())
    assert axes_for("unknown") == {}


def test_a_form_of_the_users_own_is_not_known():
    assert form_named("qa", "as a riddle") is None


def test_another_form_is_taken_where_the_text_does_not_answer_the_wanted_one():
    why = form_named("qa", "why")
    assert fitting_form("qa", "It melts because it is warm.", why, key="a") is why
    other = fitting_form("qa", "If it is warm, it melts.", why, key="a")
    assert other is not None
    assert other is not why
    assert fitting_form("qa", "If it is warm, it melts.", why, key="a") is other
    assert fitting_form("qa", "Xyz.", why, key="a") is None


def test_openings_take_turns():
    assert [one_opening(("a", "b"), i) for i in range(3)] == [("a",), ("b",), ("a",)]
    assert one_opening((), 3) == ()
