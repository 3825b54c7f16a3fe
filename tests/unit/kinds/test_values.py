import pytest

from seedbed.kinds.values import cut, json_flaw, listed, shown, storable


@pytest.mark.parametrize("value", [None, True, 0, 1.5, "é", [1, [2]], {"a": {"b": []}}])
def test_json_has_no_flaw(value):
    assert json_flaw(value) is None


def test_shown_is_short_and_printable():
    text = shown("\x1b[31m" + "x" * 1000)
    assert len(text) < 80
    assert text.isprintable()


def test_long_texts_are_cut_wherever_they_are():
    value = {"a": "x" * 12, "b": ["y" * 11, "z" * 10], "c": 7, "d": {"e": None}}
    short = {"a": "x" * 10 + "… (12 characters)", "b": ["y" * 10 + "… (11 characters)", "z" * 10]}
    assert cut(value, 10) == {**value, **short}


def test_what_is_nested_too_deep_is_left_as_it_is():
    deep = "x" * 20
    for _ in range(500):
        deep = [deep]
    assert cut(deep, 10) == deep


def test_listed_says_how_many_more():
    assert listed(tuple(range(10)), most=3) == "0, 1, 2 and 7 more"


def test_lone_surrogates_are_not_storable():
    assert storable("😀")
    assert not storable("\ud83d")
