from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from seedbed.review.worddiff import Piece, content_diff, word_diff
from testkit.bounds import takes_less

TEXTS = st.lists(st.sampled_from(["ice", "floats", " ", "\n", "on", ",", "lakes", "[/b]", "\ud800"]), max_size=25).map(
    "".join
)


def side(pieces, *sides):
    return "".join(p.text for p in pieces if p.side in sides)


@given(TEXTS, TEXTS)
def test_both_texts_can_be_put_together_again(left, right):
    pieces = word_diff(left, right)
    assert side(pieces, "both", "left") == left
    assert side(pieces, "both", "right") == right
    assert all(p.text for p in pieces)
    assert all(a.side != b.side for a, b in pairwise(pieces))


@given(TEXTS)
def test_equal_texts_have_no_change(text):
    assert word_diff(text, text) == ([Piece(text, "both")] if text else [])


def test_one_replaced_word_is_all_that_is_marked():
    assert word_diff("Ice floats on lakes.", "Ice floats on rivers.") == [
        Piece("Ice floats on ", "both"),
        Piece("lakes", "left"),
        Piece("rivers", "right"),
        Piece(".", "both"),
    ]


def test_a_moved_word_keeps_what_is_between():
    assert side(word_diff("a b c d", "b c d a"), "both").split() == ["b", "c", "d"]


def test_huge_and_hostile_texts_take_no_time():
    left, right = "a b " * 250_000, "b c " * 250_000
    assert side(word_diff(left, right), "both", "left") == left
    assert side(word_diff("x" * 1_000_000, "\x1b[31m" * 1_000), "left") == "x" * 1_000_000
    assert takes_less(5, lambda: word_diff(left, right))  # about 0.1


def test_fields_are_compared_by_name_whatever_they_hold():
    found = content_diff({"q": "one", "tags": ["a"], "gone": "x"}, {"q": "two", "tags": ["a"], "new": None})
    assert list(found) == ["q", "tags", "gone", "new"]
    assert found["tags"] == [Piece('["a"]', "both")]
    assert (found["gone"], found["new"]) == ([Piece("x", "left")], [])
