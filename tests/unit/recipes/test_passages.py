import pytest

from seedbed.recipes.passages import choose, passages, sentences

TEXT = """Ice is lighter than liquid water, so it floats on lakes. This keeps the water below from freezing.

```python
freeze(water)  # A comment that ends like a sentence of prose does.
```

- Salt lowers the freezing point of water by several degrees, e.g. on roads.
- See the next section for details about the freezing of salt water.

name: Name of the thing that is made and returned to the caller.
"""


def test_sentences_leave_out_code_and_list_marks():
    found = sentences(TEXT)
    assert found[0] == "Ice is lighter than liquid water, so it floats on lakes."
    assert "Salt lowers the freezing point of water by several degrees, e.g. on roads." in found
    assert not any("freeze(" in s for s in found)


@pytest.mark.parametrize(
    "text", ["Use it e.g. Like this one.", "Dr. Who came.", "Version No. 5 is out.", "It has J. Doe."]
)
def test_an_abbreviation_does_not_end_a_sentence(text):
    assert sentences(text) == [text]


def test_passages_stand_alone_and_take_along_what_leans_on_them():
    found = [p.text for p in passages(TEXT)]
    assert found == [
        "Ice is lighter than liquid water, so it floats on lakes. This keeps the water below from freezing.",
        "Salt lowers the freezing point of water by several degrees, e.g. on roads.",
    ]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Too short to be an answer.",
        "This is what happens when it stands at the beginning of a text.",
        "The following table lists all the values that this function can take.",
        "No full stop ends this line of words although it is long enough",
        "`Group.close()` Close the group.",
        "== 1 2 3 4 5 6 7 8 9 10 == | == | == 11 12 13 14 15 16 17.",
        "word " * 200_000,
        "A. " * 200_000,
    ],
)
def test_what_cannot_be_an_answer_is_no_passage(text):
    assert passages(text) == []


def test_reference_entries_are_taken_where_there_is_no_prose():
    entries = "`Group.close()`\nClose the group and everything that is stored inside of it.\n\nname: Text."
    assert [p.text for p in passages(entries)] == [
        "`Group.close()` Close the group and everything that is stored inside of it."
    ]
    assert len(passages(f"{TEXT}\n\n{entries}")) == 2


def test_choose_prefers_what_the_cue_matches_and_depends_on_the_key_alone():
    found = passages(TEXT)
    assert choose(found, cue=r"\bSalt\b", key="x") is found[1]
    assert choose(found, cue="nowhere", key="x") is choose(found, cue="nowhere", key="x")
    assert {choose(found, cue="", key=str(i)).position for i in range(20)} == {p.position for p in found}
