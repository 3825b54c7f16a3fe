"""Names to providers: model strings, keys, base URLs, custom endpoints, the listing and the check."""

from __future__ import annotations

import asyncio
import subprocess
import sys

import pytest

from seedbed.core.config import EndpointConfig
from seedbed.core.errors import ConfigError, InputError, MissingKeyError, UnknownNameError
from seedbed.providers.fake import FakeProvider
from seedbed.providers.open import check, describe, open_provider, parse_model
from seedbed.providers.presets import PRESETS
from seedbed.providers.structure import RUNGS, StructuredProvider
from testkit.canned import Canned, CannedServer
from testkit.speech import SPEECHES


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("openai:gpt-4o-mini", ("openai", "gpt-4o-mini")),
        ("ollama:llama3.2:1b", ("ollama", "llama3.2:1b")),
        ("local:/path/x.gguf", ("local", "/path/x.gguf")),
        ("local:org/repo/file.gguf", ("local", "org/repo/file.gguf")),
        (" fake:echo ", ("fake", "echo")),
        ("ollama", ("ollama", "llama3.2")),
        ("fake:", ("fake", "varied")),
    ],
)
def test_model_strings(text, parts):
    assert parse_model(text) == parts


@pytest.mark.parametrize("text", ["gpt-4o-mini", ":x", "", "vllm", "mine:"])
def test_a_string_without_provider_or_model_says_how_to_write_it(text):
    with pytest.raises(InputError) as caught:
        parse_model(text)
    assert ":" in caught.value.fix


def test_an_unknown_provider_names_near_matches():
    with pytest.raises(UnknownNameError) as caught:
        open_provider("opnai", environ={})
    assert "openai" in caught.value.near


@pytest.mark.parametrize("name", [n for n, p in PRESETS.items() if p.needs_key])
def test_a_missing_key_names_the_variable(name):
    with pytest.raises(MissingKeyError) as caught:
        open_provider(name, environ={PRESETS[name].keys[0]: "  "})
    assert PRESETS[name].keys[0] in caught.value.fix


@pytest.mark.parametrize("name", [n for n, p in PRESETS.items() if p.base_url])
def test_every_preset_opens_where_it_says(name):
    preset = PRESETS[name]
    provider = open_provider(name, environ={v: "key-0123456789" for v in preset.keys})
    assert (
        provider.endpoint == f"{name} {preset.base_url.removesuffix('/v1') if name == 'anthropic' else preset.base_url}"
    )
    assert provider.queues == preset.local
    assert preset.rung in ("", *RUNGS)


def test_the_second_key_variable_serves_too():
    assert open_provider("gemini", environ={"GOOGLE_API_KEY": "k-0123456789"}).name == "gemini"


@pytest.mark.parametrize(
    ("value", "url"),
    [
        ("gpu-box", "http://gpu-box:11434"),
        ("gpu-box:8000", "http://gpu-box:8000"),
        ("0.0.0.0:11434", "http://127.0.0.1:11434"),
        (":9999", "http://127.0.0.1:9999"),
        ("https://ollama.example.org", "https://ollama.example.org"),
        ("http://127.0.0.1:11434/", "http://127.0.0.1:11434"),
        ("https://example.org/ollama", "https://example.org/ollama"),
        ("[::1]:8000", "http://[::1]:8000"),
    ],
)
def test_ollama_host_forms(value, url):
    assert open_provider("ollama", environ={"OLLAMA_HOST": value}).endpoint == f"ollama {url}"


@pytest.mark.parametrize(("value", "seconds"), [("30", 30), ("5m", 300), ("1m30s", 90), ("", 600)])
def test_ollama_timeout_forms(value, seconds):
    provider = open_provider("ollama", environ={"OLLAMA_TIMEOUT": value})
    assert provider.dialect.client.timeout_s == seconds


def test_a_wrong_ollama_timeout_is_named():
    with pytest.raises(ConfigError, match="OLLAMA_TIMEOUT"):
        open_provider("ollama", environ={"OLLAMA_TIMEOUT": "soon"})


def test_settings_go_before_the_environment_and_the_preset():
    config = EndpointConfig(base_url="http://127.0.0.1:9/v1", timeout_s=3, headers={"x-team": "a"})
    provider = open_provider("openai", config=config, environ={"OPENAI_BASE_URL": "https://api.example.org/v1"})
    assert provider.endpoint == "openai http://127.0.0.1:9/v1"
    assert provider.dialect.client.timeout_s == 3


def test_an_endpoint_of_ones_own():
    config = EndpointConfig(dialect="anthropic", base_url="https://llm.example.org/v1", key_env="TEAM_KEY")
    with pytest.raises(MissingKeyError) as caught:
        open_provider("team", config=config, environ={})
    assert "TEAM_KEY" in caught.value.fix
    provider = open_provider("team", config=config, environ={"TEAM_KEY": "k-0123456789"})
    assert isinstance(provider, StructuredProvider)
    assert provider.endpoint == "team https://llm.example.org"


def test_an_endpoint_without_address_is_refused():
    with pytest.raises(ConfigError, match="base_url"):
        open_provider("team", config=EndpointConfig(dialect="openai"), environ={})


@pytest.mark.parametrize("url", ["ftp://x", "localhost:8000", "http://", "http://x:notaport", ""])
def test_a_base_url_that_is_none_is_refused(url):
    with pytest.raises(ConfigError):
        open_provider("vllm", config=EndpointConfig(base_url=url), environ={})


def test_a_key_with_a_line_break_is_refused_without_showing_it():
    with pytest.raises(ConfigError) as caught:
        open_provider("openai", environ={"OPENAI_API_KEY": "sk-abc\ndef-very-secret"})
    assert "secret" not in str(caught.value)


def test_a_proxy_is_used_except_for_loopback_and_no_proxy():
    environ = {
        "HTTPS_PROXY": "proxy:3128",
        "http_proxy": "http://p",
        "NO_PROXY": "example.org",
        "OPENAI_API_KEY": "k123",
    }
    assert open_provider("openai", environ=environ).dialect.client.proxy == "http://proxy:3128"
    assert open_provider("ollama", environ=environ).dialect.client.proxy is None
    own = EndpointConfig(base_url="https://api.example.org/v1")
    assert open_provider("own", config=own, environ=environ).dialect.client.proxy is None


def test_fake_opens_without_anything():
    assert isinstance(open_provider("fake", environ={}), FakeProvider)


def test_the_listing_says_what_each_needs():
    own = {"team": EndpointConfig(base_url="http://127.0.0.1:8000/v1"), "broken": EndpointConfig(dialect="openai")}
    infos = {i.name: i for i in describe({"OPENAI_API_KEY": "k"}, own)}
    assert infos["openai"].ready
    assert infos["openai"].key_set
    assert not infos["anthropic"].ready
    assert "ANTHROPIC_API_KEY" in infos["anthropic"].needs
    assert "11434" in infos["ollama"].needs
    assert infos["fake"].ready
    assert infos["team"].dialect == "openai"
    assert not infos["broken"].ready
    assert set(PRESETS) <= set(infos)


def test_listing_imports_nothing_heavy():
    code = (
        "import sys; from seedbed.providers.open import describe, parse_model; describe({}); parse_model('fake:x'); "
        "print([m for m in ('aiohttp', 'numpy', 'yaml', 'pydantic', 'xllamacpp') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_check_makes_one_real_call_and_closes():
    async def go():
        async with CannedServer(Canned(SPEECHES[0].text('{"answer": "Paris"}'))) as server:
            result = await check("own", "m", config=EndpointConfig(base_url=server.url), environ={})
            return result, len(server.seen)

    result, calls = asyncio.run(go())
    assert calls == 1
    assert (result.answered, result.rung, result.text) == ("served-model", "json_schema", '{"answer": "Paris"}')
    assert result.usage.completion_tokens == 7
    assert result.latency_s > 0


class Stranger:
    """A plugin's provider, made from the environment."""

    def __init__(self, environ):
        self.environ = environ

    @classmethod
    def from_environ(cls, environ):
        return cls(environ)


def test_a_strangers_plugin_opens_by_its_name(monkeypatch):
    monkeypatch.setattr("seedbed.core.plugins.names", lambda group: ["mine"])
    monkeypatch.setattr("seedbed.core.plugins.load", lambda group, name: Stranger)
    assert open_provider("mine", environ={"A": "b"}).environ == {"A": "b"}
    assert "mine" in [i.name for i in describe({})]
