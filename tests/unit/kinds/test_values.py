import pytest

from seedbed.kinds.values import json_flaw, listed, shown, storable


@pytest.mark.parametrize("value", [None, True, 0, 1.5, "é", [1, [2]], {"a": {"b": []}}])
def test_json_has_no_flaw(value):
    assert json_flaw(value) is None


def test_shown_is_short_and_printable():
    text = shown("\x1b[31m" + "x" * 1000)
    assert len(text) < 80
    assert text.isprintable()


def test_listed_says_how_many_more():
    assert listed(tuple(range(10)), most=3) == "0, 1, 2 and 7 more"


def test_lone_surrogates_are_not_storable():
    assert storable("😀")
    assert not storable("\ud83d")
