import pytest

from seedbed.sources.markdown import inline, read_markdown
from testkit.bounds import takes_less


def blocks(text):
    return [(b.kind, b.text) for s in read_markdown(text) for b in s.blocks]


def paths(text):
    return [s.headings for s in read_markdown(text)]


@pytest.mark.parametrize(
    ("marked", "shown"),
    [
        ("a [link](http://a.b/c_(d) 'title') here", "a link here"),
        ("a [ref][1] and [short][]", "a ref and short"),
        ("**bold** and *it* and __b__ and _i_ and ~~gone~~", "bold and it and b and i and gone"),
        ("snake_case_name and 2*3*4 stay", "snake_case_name and 2*3*4 stay"),
        ("`code *x*` stays", "`code *x*` stays"),
        ("``a `tick` b``", "`a `tick` b`"),
        ("![alt](a.png) text", " text"),
        ("<b>bold</b> <path> <br/>x", "bold <path>  x"),
        ("a &amp; b &lt;c&gt;", "a & b <c>"),
        (r"\*not emphasis\*", "*not emphasis*"),
        ("see <https://example.org>", "see https://example.org"),
        ("fact[^1]", "fact"),
        ("{ref}`install`", "`install`"),
    ],
)
def test_inline_markup_is_gone(marked, shown):
    assert inline(marked) == shown


def test_headings_of_both_styles_make_the_path():
    text = "Title\n=====\nintro\n\nPart\n----\nbody\n\n### Deep *one* ### {#id}\nmore\n# Next\nend"
    assert paths(text) == [("Title",), ("Title", "Part"), ("Title", "Part", "Deep one"), ("Next",)]


def test_fenced_code_is_kept_and_its_comments_are_no_headings():
    text = "# A\n\n```python title='x'\n# not a heading\nx = 1  <!-- kept -->\n```\n~~~\n```\n~~~\n"
    (section,) = read_markdown(text)
    assert [(b.text, b.language) for b in section.blocks] == [("# not a heading\nx = 1  <!-- kept -->", "python")]


def test_indented_code_is_code_but_not_inside_a_list():
    assert blocks("text\n\n    x = 1\n\n    y = 2\n\nmore") == [
        ("text", "text"),
        ("code", "x = 1\n\ny = 2"),
        ("text", "more"),
    ]
    assert ("code", "deep") not in blocks("- item\n\n    deep\n")


def test_front_matter_gives_the_title_and_nothing_else():
    assert [(s.headings, s.blocks[0].text) for s in read_markdown("---\ntitle: 'My page'\nx: 1\n---\nText.")] == [
        (("My page",), "Text.")
    ]


def test_noise_is_gone():
    text = """[![build](http://x/b.svg)](http://x)
<!-- a
# comment -->

[TOC]

* [Start](#start)
  1. [Deep](#deep)

Text[^n].

[ref]: http://a.b "t"
[^n]: The note.
***
<script>alert(1)</script>
{% include x %}
import Tabs from '@theme/Tabs'
"""
    assert blocks(text) == [("text", "Text."), ("text", "The note.")]


def test_tables_and_lists_are_readable():
    text = "| Name | Use |\n|:--|--:|\n| `a` | [x](u) |\n| b |  |\n\n- one\n  goes on\n- [x] two\n    1. deep"
    assert blocks(text) == [
        ("item", "Name: `a`; Use: x"),
        ("item", "Name: b"),
        ("item", "- one goes on"),
        ("item", "- two"),
        ("item", "    1. deep"),
    ]


def test_quotes_and_admonitions_keep_their_text():
    text = '> [!NOTE]\n> quoted\n\n!!! tip "T"\n    inside\n\n:::warning\ncareful\n:::\n'
    text += "\n```{note}\n:class: x\nmyst\n```\n"
    assert [t for _, t in blocks(text)] == ["quoted", "inside", "careful", "myst"]


def test_a_toctree_is_dropped():
    assert blocks("```{toctree}\na\nb\n```\ntext") == [("text", "text")]


@pytest.mark.parametrize(
    "text",
    ["[" * 50_000, "*" * 50_000, "`" * 300 + " x `` y " * 20_000, "> " * 20_000, "<a " * 50_000, "![a](" * 30_000,
     "# " + " " * 100_000 + "x", "|" + " " * 50_000 + "\n|-" + " " * 50_000, "```" + " " * 100_000 + "`",
     "<!--" * 50_000],
    ids=range(10),
)  # fmt: skip
def test_hostile_markup_is_read_in_linear_time(text):
    assert takes_less(3, lambda: read_markdown(text))  # 0.1 at most
