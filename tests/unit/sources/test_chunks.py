from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seedbed.sources.blocks import Block, Section
from seedbed.sources.chunks import chunk_sections

SENTENCES = [f"Sentence number {i} says something of its own." for i in range(60)]


def section(*blocks, headings=("Top",)):
    return Section(headings, [b if isinstance(b, Block) else Block(b) for b in blocks])


def texts(*sections, size=300, **options):
    return [c.text for c in chunk_sections(sections, size=size, **options)]


def squeezed(text):
    return "".join(text.split())


plain = st.lists(st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cf"]), min_size=1), min_size=1)


@settings(max_examples=150)
@given(plain, st.integers(40, 400), st.integers(0, 200))
def test_no_text_of_plain_paragraphs_is_lost_or_doubled_and_no_chunk_is_too_long(paragraphs, size, minimum):
    chunks = texts(section(*paragraphs), size=size, minimum=min(minimum, size))
    assert all(len(chunk) <= size for chunk in chunks)
    assert squeezed("".join(chunks)) == squeezed("".join(paragraphs))


@settings(max_examples=60)
@given(
    st.lists(
        st.tuples(st.sampled_from(["text", "item", "lead", "code"]), st.text("ab .`\n:", min_size=1, max_size=900)),
        max_size=8,
    ),
    st.integers(0, 90),
)
def test_no_chunk_of_any_mixture_is_too_long(blocks, overlap):
    made = section(*(Block(text, kind) for kind, text in blocks))
    chunks = texts(made, size=200, overlap=overlap, minimum=80)
    assert all(0 < len(chunk) <= 200 for chunk in chunks)


def test_a_long_paragraph_is_cut_between_sentences_into_even_parts():
    chunks = texts(section(" ".join(SENTENCES[:20])), size=400)
    assert all(chunk.endswith(".") and chunk.startswith("Sentence") for chunk in chunks)
    assert max(map(len, chunks)) - min(map(len, chunks)) < 100


def test_abbreviations_and_initials_do_not_end_sentences():
    text = "See e.g. Fig. 3 by J. Smith et al. for more of it. " * 3 + "Then it ends here."
    assert all(chunk.endswith(("more of it.", "ends here.")) for chunk in texts(section(text), size=60))


def test_paragraphs_stay_whole_where_they_fit():
    paragraphs = [" ".join(SENTENCES[i : i + 3]) for i in range(0, 12, 3)]
    assert "\n\n".join(texts(section(*paragraphs))) == "\n\n".join(paragraphs)
    assert all(p in "\n\n".join(texts(section(*paragraphs))) for p in paragraphs)


def test_a_code_block_that_fits_is_never_cut():
    code = Block("\n".join(f"line_{i} = {i}" for i in range(15)), "code", "python")
    chunks = texts(section(" ".join(SENTENCES[:5]), code, " ".join(SENTENCES[5:10])))
    assert [chunk for chunk in chunks if code.render() in chunk]


def test_code_too_long_is_cut_between_lines_and_each_part_is_fenced():
    code = Block("\n".join(f"    line_{i} = {i}" for i in range(60)), "code", "python")
    chunks = texts(section(code))
    assert len(chunks) > 2
    assert all(chunk.startswith("```python\n    line_") and chunk.endswith("\n```") for chunk in chunks)


def test_a_line_that_announces_code_stays_with_it():
    first = " ".join(SENTENCES[:5])
    code = Block("x = 1\n" * 8, "code")
    chunks = texts(section(first, "For example:", code), size=270)
    assert [c for c in chunks if c.startswith("For example:\n\n```")]


def test_a_chunk_amid_a_documented_object_names_it():
    blocks = [Block("`f(x)`", "lead"), *(Block(s, under="f") for s in SENTENCES[:12])]
    chunks = chunk_sections([section(*blocks)], size=300)
    assert chunks[0].headings == ("Top",)
    assert {c.headings for c in chunks[1:]} == {("Top", "f")}


def test_small_siblings_join_under_their_parent_and_keep_their_titles():
    chunks = chunk_sections(
        [
            section("Apples are red.", headings=("Fruit", "Apple")),
            section("Pears are green.", headings=("Fruit", "Pear")),
        ],
        size=300,
        minimum=100,
    )
    assert [(c.headings, c.text) for c in chunks] == [(("Fruit",), "Apple\nApples are red.\n\nPear\nPears are green.")]


def test_a_small_section_beside_a_large_one_takes_its_path():
    large = " ".join(SENTENCES[:5])
    chunks = chunk_sections(
        [section(large, headings=("Guide", "Use")), section("See also.", headings=("Guide", "More"))],
        size=400,
        minimum=100,
    )
    assert [(c.headings, c.text) for c in chunks] == [(("Guide", "Use"), f"{large}\n\nMore\nSee also.")]


def test_sections_of_different_parents_do_not_join():
    chunks = chunk_sections(
        [section("One.", headings=("A", "B", "C")), section("Two.", headings=("D", "E", "F"))], size=300, minimum=100
    )
    assert len(chunks) == 2


def test_overlap_repeats_whole_sentences_of_the_chunk_before():
    chunks = texts(section(" ".join(SENTENCES[:20])), size=400, overlap=120)
    for before, after in pairwise(chunks):
        repeated = [s for s in SENTENCES if s in before and s in after]
        assert repeated
        assert after.startswith(repeated[0])
    assert all(len(chunk) <= 400 for chunk in chunks)


@pytest.mark.parametrize("text", ["x" * 1000, "。".join(["字" * 30] * 30), "word " * 300])
def test_text_without_sentences_is_cut_all_the_same(text):
    chunks = texts(section(text), size=100)
    assert all(len(chunk) <= 100 for chunk in chunks)
    assert squeezed("".join(chunks)) == squeezed(text)


def test_nothing_gives_nothing():
    assert texts(section(), section("  ")) == []
