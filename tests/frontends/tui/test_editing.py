from __future__ import annotations

from seedbed.frontends.tui.editing import LONGEST, EntryForm

RULES = {
    "question": {"type": "string", "required": True, "description": "what is asked"},
    "difficulty": {"type": "string", "required": True, "enum": ["easy", "hard"]},
    "points": {"type": "integer", "required": False, "minimum": 1},
    "tags": {"type": "list", "required": False},
    "source": {"type": "string", "required": False, "forbidden": True},
}
CONTENT = {"question": "Why?\nHow?", "difficulty": "easy", "tags": ["a"], "extra": "kept"}


def typed(form, **values):
    return form.changes({f.name: f.value for f in form.fields} | values)


def test_a_field_for_everything_that_may_be_there():
    fields = {f.name: f for f in EntryForm(CONTENT, RULES).fields}
    assert list(fields) == ["question", "difficulty", "points", "tags", "extra"]
    assert [fields[n].tall for n in fields] == [True, False, False, True, True]
    assert [fields[n].value for n in fields] == ["Why?\nHow?", "easy", "", '["a"]', "kept"]
    assert fields["difficulty"].hint == "string · required · one of easy, hard"
    assert fields["question"].hint == "string · required · what is asked"
    assert fields["points"].hint == "integer · minimum 1"


def test_only_what_was_changed_is_a_change():
    form = EntryForm(CONTENT, RULES)
    assert typed(form) == ({}, {})
    assert typed(form, question="Why not?", points="3", tags='["a", "b"]', extra=" ") == (
        {"question": "Why not?", "points": 3, "tags": ["a", "b"], "extra": None},
        {},
    )


def test_what_is_not_json_is_a_problem_of_its_field():
    changes, problems = typed(EntryForm(CONTENT, RULES), tags="[a", points="[" * 100_000, difficulty="hard")
    assert changes == {"difficulty": "hard"}
    assert set(problems) == {"tags", "points"}
    assert problems["tags"].startswith("not JSON: ")


def test_without_rules_the_values_say_what_is_text():
    form = EntryForm({"a": "12", "b": 12, "c": {"d": None}}, {})
    assert typed(form, a="13", b="13", c="{}") == ({"a": "13", "b": 13, "c": {}}, {})


def test_hostile_text_is_escaped_and_comes_back():
    form = EntryForm({"a": "x\x1b[0m\\n"}, {})
    (field,) = form.fields
    assert field.value == "x\\x1b[0m\\\\n"
    assert "control characters" in field.hint
    assert typed(form, a=field.value + "!")[0] == {"a": "x\x1b[0m\\n!"}


def test_what_is_too_long_is_shown_and_left_alone():
    form = EntryForm({"a": "x" * (LONGEST + 1), "b": "y"}, {})
    first, second = form.fields
    assert (first.locked, len(first.value) < 200, second.locked) == (True, True, False)
    assert form.changes({"b": "z"}) == ({"b": "z"}, {})
