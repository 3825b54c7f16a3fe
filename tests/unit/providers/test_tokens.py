"""Token estimates."""

from __future__ import annotations

import pytest

from seedbed.core.records import ChatRequest, Message
from seedbed.providers.tokens import estimate_prompt_tokens, estimate_tokens


@pytest.mark.parametrize(
    ("text", "low", "high"),
    [
        ("", 0, 0),
        ("a", 1, 1),
        ("The quick brown fox jumps over the lazy dog.", 10, 14),  # 10 tokens in common vocabularies
        ("北京是中国的首都。", 8, 14),  # 6 to 9
        ("Die Größe der Straße überrascht.", 8, 16),  # 9 to 11
        ("\ud800", 1, 2),
    ],
)
def test_estimates_are_near_and_rather_high(text, low, high):
    assert low <= estimate_tokens(text) <= high


def test_schema_and_tools_count():
    turns = (Message("user", "hello"),)
    bare = estimate_prompt_tokens(ChatRequest("m", turns))
    assert estimate_prompt_tokens(ChatRequest("m", turns, schema={"type": "object"})) > bare
    assert estimate_prompt_tokens(ChatRequest("m", turns, tools=({"name": "x"},))) > bare
