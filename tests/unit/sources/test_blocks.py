import re

from seedbed.sources.blocks import Block, Outline, clean_text, fenced, read_plain, table_blocks


def test_outline_keeps_the_heading_path_of_each_section():
    outline = Outline()
    for level, title in [(1, "Guide"), (2, "Install"), (3, "Linux"), (2, "Use")]:
        outline.heading(level, title)
        outline.add(Block(f"about {title}"))
    assert [s.headings for s in outline.sections()] == [
        ("Guide",),
        ("Guide", "Install"),
        ("Guide", "Install", "Linux"),
        ("Guide", "Use"),
    ]


def test_outline_leaves_out_blocks_without_letters_and_empty_sections():
    outline = Outline()
    outline.heading(1, "Only a title")
    outline.heading(1, "Real")
    outline.add(Block("-----"))
    outline.add(Block("text"))
    assert [(s.headings, [b.text for b in s.blocks]) for s in outline.sections()] == [(("Real",), ["text"])]


def test_a_title_heads_sections_only_when_no_heading_does():
    plain, titled = Outline(), Outline()
    plain.add(Block("text"))
    titled.heading(1, "Own")
    titled.add(Block("text"))
    assert plain.sections("Front")[0].headings == ("Front",)
    assert titled.sections("Front")[0].headings == ("Own",)


def test_clean_text_removes_what_no_reader_sees():
    dirty = "a\x00b\r\nc\u200bd\ud800e\xa0f\ufeff\x1b[31m"
    assert clean_text(dirty) == "ab\ncd\ufffde f[31m"


def test_a_fence_is_longer_than_any_run_of_backticks_inside():
    text = fenced("a ```` b", "md")
    assert text.startswith("`````md\n")
    assert len(re.findall(r"^`{5}", text, re.MULTILINE)) == 2


def test_tables_read_as_sentences_of_names_and_values():
    assert [b.text for b in table_blocks(["Type", "Bits"], [["int", "32"], ["bool", ""]])] == [
        "Type: int; Bits: 32",
        "Type: bool",
    ]
    assert [b.text for b in table_blocks([], [["r", "read"], ["a", "b", "c"]])] == ["r: read", "a, b, c"]


def test_plain_text_keeps_paragraphs_and_their_lines():
    (section,) = read_plain("one\ntwo  \n\n\n three\n")
    assert [b.text for b in section.blocks] == ["one\ntwo", " three"]
