import pytest

from seedbed.kinds.fields import FieldRule
from seedbed.kinds.kind import Kind
from seedbed.kinds.load import load_kind
from seedbed.quality.passages import Passage, passages, printable, text_fields


def test_prose_leaves_code_out():
    passage = Passage("answer", "Use `f[0]` here:\n```python\nx = 1\n```\nDone.")
    assert passage.prose.split() == ["Use", "here:", "Done."]
    assert passage.words == ["use", "here", "done"]


def test_an_unclosed_fence_runs_to_the_end():
    assert Passage("answer", "See\n```\nx = 1").prose.strip() == "See"


@pytest.mark.parametrize(
    "text",
    [
        "int main() {\n    return 0;\n}",
        "def f(x):\n    y = x + 1\n    return y",
        "<html>\n<body>\n</body>",
        "x <- c(1, 2)\nprint(x)",
        "SELECT name\nFROM users;",
    ],
)
def test_programs_are_told_from_prose(text):
    assert Passage("answer", text).is_code


@pytest.mark.parametrize(
    "text",
    [
        "Paris.",
        "It opens the file and returns it.\nThen it closes it.",
        "First, f(x) is called.\nThen the result is kept.",
    ],
)
def test_prose_is_not_code(text):
    assert not Passage("answer", text).is_code


def test_roles_follow_the_names_of_fields():
    assert text_fields(load_kind("qa")) == (("question", "prompt"), ("answer", "answer"))
    assert text_fields(load_kind("instruction")) == (
        ("instruction", "prompt"),
        ("input", "data"),
        ("response", "answer"),
    )
    own = Kind("own", {"note": FieldRule(type="string"), "level": FieldRule(type="string", enum=("a",))})
    assert text_fields(own) == (("note", ""),)


def test_only_text_that_is_there_is_looked_at():
    assert [p.field for p in passages((("a", ""), ("b", ""), ("c", "")), {"a": "", "b": 3, "c": "x"})] == ["c"]


def test_printable_is_short_and_escapes():
    text = printable("\x1b[31mred\u202e \ud800" + "x" * 500, 60)
    assert text.startswith("\\u001b[31mred\\u202e \\ud800")
    assert text.isprintable()
    text.encode()
