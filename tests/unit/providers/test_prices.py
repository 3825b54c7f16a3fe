"""The price table: lookups, overrides, and what is never guessed."""

from __future__ import annotations

import datetime

import pytest

from seedbed.core.errors import ConfigError
from seedbed.core.records import Usage
from seedbed.providers.presets import PRESETS
from seedbed.providers.prices import PriceTable

MILLION = Usage(prompt_tokens=1_000_000, completion_tokens=1_000_000, cached_tokens=400_000, reasoning_tokens=9)


@pytest.fixture(scope="module")
def table():
    return PriceTable.load()


def test_cached_tokens_cost_the_cached_rate(table):
    price = table.price("openai", "gpt-4o-mini")
    expected = 0.6 * price.input + 0.4 * price.cached + price.output
    assert table.cost("openai", "gpt-4o-mini", MILLION) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("provider", "model", "family"),
    [
        ("openai", "gpt-4o-mini-2024-07-18", "gpt-4o-mini"),
        ("anthropic", "claude-haiku-4-5-20251001", "claude-haiku-4-5"),
        ("anthropic", "claude-haiku-4-5@20251001", "claude-haiku-4-5"),
        ("gemini", "models/gemini-3.5-flash-lite", "gemini-3.5-flash-lite"),
        ("gemini", "gemini-3.1-pro-preview", "gemini-3.1-pro"),
    ],
)
def test_dated_names_cost_what_their_family_costs(table, provider, model, family):
    assert table.price(provider, model) == table.price(provider, family) is not None


@pytest.mark.parametrize(
    ("provider", "model"),
    [
        ("openai", "gpt-4o-audio"),
        ("openai", "gpt-4o-mini-tuned"),
        ("nobody", "x"),
        ("openrouter", "a/b"),
        ("openai", ""),
    ],
)
def test_unknown_prices_stay_unknown(table, provider, model):
    assert table.cost(provider, model, MILLION) is None


@pytest.mark.parametrize("provider", ["local", "fake", "ollama", "vllm", "llamacpp", "lmstudio"])
def test_ones_own_machine_costs_nothing(table, provider):
    assert table.cost(provider, "anything", MILLION) == 0.0


def test_a_hosted_ollama_model_is_not_free(table):
    assert table.cost("ollama", "gpt-oss:120b-cloud", MILLION) is None


def test_what_the_provider_reported_goes_first(table):
    assert table.cost("openrouter", "a/b", Usage(cost_usd=0.25)) == 0.25


def test_free_providers_are_those_that_run_here(table):
    assert all(table.cost(n, "no-such-model", MILLION) == (0.0 if p.local else None) for n, p in PRESETS.items())


def test_most_default_models_have_a_price(table):
    unknown = {n for n, p in PRESETS.items() if p.model and table.price(n, p.model) is None}
    assert unknown <= {"openrouter", "cerebras"}


def test_the_table_is_dated(table):
    assert datetime.date.fromisoformat(table.as_of)


def test_an_own_file_goes_before_the_table(tmp_path):
    path = tmp_path / "prices.yaml"
    path.write_text(
        "prices:\n  openai: {gpt-4o-mini: [1, 2], new-model: {input: 3, output: 4}}\n"
        "  vllm: {m: [1, 0.5, 2]}\nfree: [team]\n"
    )
    table = PriceTable.load(path)
    assert table.cost("openai", "gpt-4o-mini", Usage(prompt_tokens=1_000_000)) == 1.0
    assert table.price("openai", "new-model").output == 4
    assert table.price("openai", "gpt-4o") is not None
    assert table.price("vllm", "other") is None
    assert table.cost("team", "x", MILLION) == 0.0


@pytest.mark.parametrize(
    "text",
    ["[1", "- 1", "price: {}", "prices: 5", "prices: {openai: 5}", "prices: {openai: {m: cheap}}", "free: 5",
     "prices: {openai: {m: [1]}}", "prices: {openai: {m: [-1, 0, 1]}}", "prices: {openai: {m: [.nan, 0, 1]}}"],
)  # fmt: skip
def test_a_wrong_file_is_named(tmp_path, text):
    path = tmp_path / "prices.yaml"
    path.write_text(text)
    with pytest.raises(ConfigError) as caught:
        PriceTable.load(path)
    assert caught.value.place["file"] == str(path)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(ConfigError, match="absent"):
        PriceTable.load(tmp_path / "absent.yaml")
