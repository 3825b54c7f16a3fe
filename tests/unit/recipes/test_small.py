import re

import pytest

from seedbed.recipes.small import is_small_model, opening_pattern, sentences_pattern


@pytest.mark.parametrize(
    ("model", "small"),
    [
        ("local:smollm2", True),
        ("local:/x/SmolLM2-135M-Instruct.Q4_1.gguf", True),
        ("ollama:qwen2.5-coder:0.5b", True),
        ("ollama:llama3.2:1b", True),
        ("ollama:smollm2:1.7b", False),
        ("ollama:gemma3:4b-it-q4_K_M", False),
        ("ollama:mistral", False),
        ("openai:gpt-5-mini", False),
        ("openrouter:openai/gpt-oss-20b", False),
        ("anthropic:claude-haiku-4-5", False),
    ],
)
def test_small_models_are_known_by_the_size_in_their_name(model, small):
    assert is_small_model(model) is small


@pytest.mark.parametrize("good", ["Why does ice float on water?", "Why does `h5py.File` close 2.5 times?"])
def test_an_opening_pattern_takes_one_question(good):
    assert re.fullmatch(opening_pattern(("Why does", "Why is"), most=100), good)


@pytest.mark.parametrize(
    "bad",
    [
        "What is ice on the water?",
        "Why does it?",
        'Why does "ice" float on water?',
        "Why does ice float? Does it float?",
        "Why does ice float\non water?",
        "Why does ice float on water and so,?",
    ],
)
def test_an_opening_pattern_refuses_what_small_models_get_wrong(bad):
    assert not re.fullmatch(opening_pattern(("Why does",), most=100), bad)


def test_openings_are_taken_literally():
    assert re.fullmatch(opening_pattern(("What (exactly) is",), most=50), "What (exactly) is melting ice?")


def test_a_sentences_pattern_counts_whole_sentences():
    pattern = sentences_pattern(1, 2)
    assert re.fullmatch(pattern, "Ice is lighter than water.")
    assert re.fullmatch(pattern, "Ice is lighter than water. It has a density of 0.917.")
    assert not re.fullmatch(pattern, "Ice is lighter than water. It floats on lakes. It melts in spring.")
    assert not re.fullmatch(pattern, "Ice is lighter than")


@pytest.mark.parametrize(
    "loop", ["It was built on 10.10.2019.12.53 by all.", "It goes 1.1.1.2.2.3 and so on for ever."]
)
def test_a_chain_of_numbers_is_no_sentence(loop):
    assert not re.fullmatch(sentences_pattern(1, 1), loop)
    assert re.fullmatch(sentences_pattern(1, 1), "It was built in 1999 for 2.5 million, after 1,000 days in 2001.")
