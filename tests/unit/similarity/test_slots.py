import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seedbed.similarity.slots import compare, relation, template_key
from seedbed.similarity.static import StaticEmbedder
from testkit.bounds import takes_less

PROBES = json.loads((Path(__file__).parent / "probes.json").read_text(encoding="utf-8"))
VARIANTS = [(kind, *pair) for kind, pairs in PROBES["variants"].items() for pair in pairs]


def test_the_probe_set_covers_every_slot():
    assert len(VARIANTS) >= 90
    assert all(len(pairs) >= 4 for pairs in PROBES["variants"].values())


@pytest.mark.parametrize(("kind", "a", "b"), VARIANTS, ids=[f"{k}: {a[:40]}" for k, a, _ in VARIANTS])
def test_a_variant_is_never_called_a_duplicate(kind, a, b):
    assert relation(1.0, 0.9, a, b)[0] == "sibling"
    assert relation(1.0, 0.9, b, a)[0] == "sibling"


def test_nine_of_ten_rewordings_are_duplicates_for_the_static_embedder():
    embedder = StaticEmbedder()
    duplicates = [
        relation(float(vectors[0] @ vectors[1]), embedder.duplicate_threshold, a, b)[0] == "duplicate"
        for a, b in PROBES["rewordings"]
        for vectors in [embedder.encode([a, b])]
    ]
    assert sum(duplicates) / len(duplicates) >= 0.9


@pytest.mark.parametrize(
    ("a", "b", "expected"),
    [
        ("Tom has 3 apples.", "Tom has 5 apples.", "number: 3 ≠ 5"),
        ("the 2nd item", "the third item", "number: 2th ≠ 3th"),
        ("Is Rome old?", "Is Athens old?", "name: Rome ≠ Athens"),
        ("It works.", "It doesn't work.", "negation: nothing ≠ not"),
        ("Raise the price.", "Lower the price.", "opposite: raise ≠ lower"),
        ("It is safe.", "It is unsafe.", "opposite: safe ≠ unsafe"),
        ('say "yes"', 'say "no"', 'quoted: "yes" ≠ "no"'),
        ("Run it with --fast now.", "Run it with --slow now.", "identifier: --fast ≠ --slow"),
        ('{"city": "Berlin"}', '{"city": "Munich"}', 'json: city: "Berlin" ≠ city: "Munich"'),
        ("The dog bit the man.", "The man bit the dog.", "order: the same words in another order"),
        ("Go from Rome to Oslo.", "Go to Rome from Oslo.", "order: the same words in other roles"),
        ("It takes 5 minutes.", "It takes 5 hours.", "unit: min ≠ h"),
        ("due on Monday", "due on Friday", "date: Monday ≠ Friday"),
        ("2 + 3", "2 * 3", "operator: + ≠ *"),
        ("How do I reset my password?", "How do I reset my router?", "word: password ≠ router"),
    ],
)
def test_differences_are_told_in_words(a, b, expected):
    assert expected in compare(a, b).differing


@pytest.mark.parametrize(
    ("a", "b"),
    [
        ("What is the capital of France?", "Which city is the capital of France?"),
        ("WHAT IS THE CAPITAL OF FRANCE?", "what is the capital of france"),
        ("List three causes.", "List 3 causes."),
        ("Two thousand and five people came.", "2005 people came."),
        ("Which one is larger?", "Which is larger?"),
        ("It costs $5.", "It costs 5 dollars."),
        ("What is 20 percent of 50?", "What is 20% of 50?"),
        ("Use `create_dataset` here.", "Use create_dataset here."),
        ("the difference between a list and a tuple", "the difference between a tuple and a list"),
        ("In Python, how do I open a file?", "How do I open a file in Python?"),
        ("the purpose of a database index", "the purpose of an index in a database"),
        ('{"a": 1, "b": [2, 3]}', '{"b": [2, 3], "a": 1.0}'),
        ("Explain to me what an API is.", "Explain what an API is."),
    ],
)
def test_wording_is_no_difference(a, b):
    assert compare(a, b).differing == ()


PREAMBLE = "You can call weather(query).\nIt tells the weather of a place; the input is a question about it.\n"
STORY = "\nOnce there was a fox who lived under an old bridge near the mill, and nobody ever saw it by day."


@pytest.mark.parametrize(
    ("a", "b"),
    [
        ("What is the current date and time?", "Find the length of the string that was given."),
        ("Reverse the order of the words.", "Return the longest word of the sentence."),
        ("-5", "5"),
    ],
)
@pytest.mark.parametrize("around", [(PREAMBLE, ""), ("", STORY), (PREAMBLE.upper(), STORY)])
def test_lines_that_both_have_do_not_make_the_others_alike(a, b, around):
    before, after = around
    assert relation(0.99, 0.9, f"{before}{a}{after}", f"{before.lower()}{b}{after}")[0] == "sibling"
    for text in (a, b):
        assert relation(0.99, 0.9, f"{before}{text}{after}", f"{before}Please: {text}{after}")[0] == "duplicate"


def test_below_the_threshold_only_the_same_template_makes_siblings():
    assert relation(0.5, 0.9, "What is the capital of France?", "What is the capital of Peru?")[0] == "sibling"
    assert relation(0.5, 0.9, "Why is the sky blue?", "How do magnets work?")[0] == "near"
    assert relation(0.5, 0.9, "Why is the sky blue?", "why is the sky blue")[0] == "near"


def test_siblings_share_a_template_key():
    keys = {template_key(f"{who} has {n} apples, says '{n}'.") for who, n in (("Tom", 3), ("Ann", "forty-two"))}
    assert keys == {'@ has # apples says "'}
    assert template_key("Open the door.") != template_key("Close the door.")
    assert len(template_key("many words here " * 500)) < 250


def test_text_beyond_what_is_read_has_to_be_equal():
    long = "word " * 5000
    assert compare(long, long + "more").differing == ("long text: differs beyond 20000 characters",)
    assert compare(long, long).same


HOSTILE = {
    "nested lists": "[" * 20_000,
    "nested objects": '{"a":' * 4000,
    "quotes": "'" * 20_000,
    "hyphens": "a-" * 10_000,
    "slashes": "a/" * 10_000,
    "calls": "A(" * 9000,
    "digits": "9" * 20_000,
    "multipliers": "9" * 15 + " trillion" * 60,
    "control characters and surrogates": "\x00\ud800" * 5000,
    "phrases": "x of " * 4000,
    "huge integer": "[" + "9" * 5000 + "]",
    "infinity": "[1e999, NaN]",
    "two megabytes": "word " * 400_000,
}


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_hostile_text_is_read_in_little_time(text):
    assert not compare(text, f"x {text[::-1]} 7").same
    assert takes_less(2, lambda: compare(text, f"x {text[::-1]} 7"))  # 0.1 at most
    assert takes_less(2, lambda: template_key(text))


@given(st.text(max_size=80), st.text(max_size=80))
def test_any_two_texts_compare_alike_both_ways(a, b):
    assert compare(a, a).same
    assert compare(a, b).same == compare(b, a).same


@given(
    st.lists(
        st.sampled_from(
            ["the", "dog", "3", "twenty", "hundred", "Paris", "'x'", "and", "not", "5km", "a_b", '{"k":1}', "."]
        )
    )
)
def test_spacing_does_not_matter(words):
    assert compare(" ".join(words), "  ".join(words) + "\t").same
