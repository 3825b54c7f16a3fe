from seedbed.sources.pdf import read_pages


def page(number, *lines):
    return ["The Manual", "", *lines, "", f"Page {number} of 4"]


def test_running_heads_numbers_and_contents_are_gone():
    pages = [
        page(1, "1. Start ........ 2"),
        page(2, "Some text", "goes on."),
        page(3, "More.", "", "7"),
        page(4, "End."),
    ]
    (section,) = read_pages(pages)
    assert [b.text for b in section.blocks] == ["Some text goes on.", "More.", "End."]


def test_numbered_headings_make_the_path_where_they_are_nested():
    lines = ["1 Start", "", "Hello there.", "", "1.2. Deeper", "", "More here.", "", "3. Not a heading, a sentence."]
    assert [s.headings for s in read_pages([lines])] == [("1 Start",), ("1 Start", "1.2. Deeper")]
    assert read_pages([["1. Buy milk", "", "2. Go home"]])[0].headings == ()


def test_words_cut_at_the_line_end_are_joined():
    (section,) = read_pages([["an exam-", "ple of X-", "Ray"]])
    assert section.blocks[0].text == "an example of X- Ray"
