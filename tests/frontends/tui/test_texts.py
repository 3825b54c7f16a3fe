from __future__ import annotations

import pytest
from rich.console import Console

from seedbed.core.records import Neighbour
from seedbed.frontends.tui import texts
from testkit.screens import HOSTILE


def rendered(what, width=80):
    console = Console(width=width, color_system=None, force_terminal=False, legacy_windows=False)
    with console.capture() as captured:
        console.print(what)
    return captured.get()


def harmless(text):
    text.encode()
    return all(c == "\n" or (c >= " " and not "\x7f" <= c <= "\x9f" and c not in "\u202e\u2066\u2028") for c in text)


@pytest.mark.parametrize("name", HOSTILE)
def test_any_content_is_shown_as_it_is_and_harmless(name):
    content = {HOSTILE[name][:200] or "field": HOSTILE[name], "list": [HOSTILE[name][:100]]}
    near = Neighbour("ab" * 10, 0.5, "t", {"list": HOSTILE[name][::-1][:500], "other": HOSTILE[name]})
    shown = rendered(texts.side_by_side(content, near))
    assert harmless(shown)
    assert harmless(texts.cell(HOSTILE[name], 30))
    assert harmless("".join(line.plain for line in texts.FullLines(content, 60)))
    assert len(shown) < 60_000


def test_markup_is_text():
    assert "[/b] [red]x[/]" in rendered(texts.side_by_side({"a": HOSTILE["markup"]}, None))


def test_long_values_are_cut_with_a_note_and_shown_whole_on_request():
    shown = rendered(texts.side_by_side({"a": HOSTILE["line"]}, None))
    assert "1,000,000 characters; x shows all" in shown
    lines = texts.FullLines({"a": HOSTILE["line"]}, 100)
    assert sum(line.plain.count("x") for line in lines) == 1_000_000
    assert max(line.cell_len for line in lines) == 100
    assert max(line.cell_len for line in texts.FullLines({"a": HOSTILE["wide"]}, 30)) <= 30


def test_full_text_is_broken_between_words():
    lines = texts.FullLines({"a": "one two three\n    indented-without-blank\nzwei Wörter mehr"}, 9)
    assert [line.plain for line in lines] == [
        *("a", "one two", "three", "    inden", "ted-witho", "ut-blank", "zwei", "Wörter", "mehr", "")
    ]


def test_words_that_differ_are_marked_on_their_side():
    left, right = texts.compared("the red house", "the old house here")
    assert (left.plain, right.plain) == ("the red house", "the old house here")
    assert [left.plain[s.start : s.end] for s in left.spans if s.style == texts.ONLY["left"]] == ["red"]
    only = [right.plain[s.start : s.end] for s in right.spans if s.style == texts.ONLY["right"]]
    assert "".join(only).split() == ["old", "here"]


def test_fields_that_one_side_lacks_are_shown_all_the_same():
    near = Neighbour("ab" * 10, 0.9, "t", {"b": "beside"})
    lines = rendered(texts.side_by_side({"a": "alone"}, near)).splitlines()
    assert [line.split() for line in lines] == [["a", "a"], ["alone"], ["b", "b"], ["beside"]]


@pytest.mark.parametrize("name", [n for n in HOSTILE if n not in ("line", "megabyte")])
def test_text_survives_being_edited(name):
    shown, escaped = texts.editable(HOSTILE[name])
    assert harmless(shown)
    assert (texts.edited(shown) if escaped else shown) == HOSTILE[name]
    assert escaped is (name in ("escapes", "nul", "direction", "surrogate"))


def test_line_ends_survive_being_edited():
    shown, escaped = texts.editable("a\r\nb\tc\rd")
    assert (escaped, texts.edited(shown)) == (True, "a\r\nb\tc\rd")
    assert texts.editable("a\nb\tc") == ("a\nb\tc", False)


def test_values_that_are_no_text_are_json():
    deep = []
    for _ in range(100_000):
        deep = [deep]
    assert texts.value_text({"a": [1, None, "é"]}) == '{"a": [1, null, "é"]}'
    assert texts.value_text(None) == ""
    assert "deeply" in texts.value_text(deep)
