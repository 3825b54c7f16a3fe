import pytest

from seedbed.similarity.slot_words import NUMBERS, ORDINALS, POLES, UNITS, opposed, same_meaning


@pytest.mark.parametrize(
    ("a", "b"),
    [
        ("possible", "impossible"),
        ("upload", "download"),
        ("careful", "careless"),
        ("inject", "eject"),
        ("like", "dislike"),
    ],
)
def test_opposites_by_form_are_seen_both_ways(a, b):
    expected = (a, b) != ("inject", "eject")
    assert opposed(a, b) is expected
    assert opposed(b, a) is expected


def test_synonyms_and_inflections_mean_the_same():
    assert same_meaning("calculate", "computes")
    assert same_meaning("exercise", "exercising")
    assert same_meaning("color", "colour")
    assert not same_meaning("list", "tuple")
    assert not same_meaning("even", "odd")


def test_lists_are_read_whole():
    assert (NUMBERS["nineteen"], NUMBERS["twenty"], NUMBERS["ninety"], ORDINALS["twentieth"]) == (19, 20, 90, 20)
    assert UNITS["kilometres"] == UNITS["km"] == "km"
    assert POLES["increasing"] == POLES["raised"]
