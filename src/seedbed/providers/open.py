"""From a name to a provider: presets, endpoints of one's own from ``seedbed.yaml``, and strangers' plugins."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from seedbed.core import plugins
from seedbed.core.errors import ConfigError, InputError, MissingKeyError, UnknownNameError
from seedbed.core.records import ChatRequest, Message, Usage
from seedbed.providers.presets import PRESETS, Preset

if TYPE_CHECKING:
    from seedbed.core.config import EndpointConfig
    from seedbed.core.protocols import Provider
    from seedbed.providers.structure import LadderMemory

_OWN_RUNG = "json_schema"
_CHECK_TOKENS = 400  # enough for a model that thinks before it answers
_CHECK_SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {"answer": {"type": "string", "description": "the capital's name"}},
    "required": ["answer"],
}


def parse_model(text: str) -> tuple[str, str]:
    """``(provider, model)`` of ``provider:model``; the model may hold colons and slashes.

    A preset's name alone stands for its default model.

    Raises:
        InputError: no provider, or no model where the provider has no default.
    """
    provider, _, model = text.strip().partition(":")
    preset = PRESETS.get(provider)
    if not model and preset is not None and preset.model:
        model = preset.model
    if not provider or not model:
        shown = text.strip()
        fix = "write provider:model, e.g. openai:gpt-5-mini, ollama:llama3.2 or local:smollm2"
        if preset is not None:
            fix = f"name one of the server's models: {provider}:MODEL"
        raise InputError(f"{shown!r} does not name a provider and a model", fix=fix, code="invalid_model")
    return provider, model


def open_provider(
    name: str,
    *,
    config: EndpointConfig | None = None,
    environ: Mapping[str, str],
    ladder: LadderMemory | None = None,
) -> Provider:
    """The provider ``name``, ready to be asked; makes no connection.

    Args:
        name: a preset, a name that ``config`` declares, or a plugin's name.
        config: the project's settings for it.
        environ: environment variables: keys, base URLs, proxies, ``OLLAMA_HOST``, ``OLLAMA_TIMEOUT``.
        ladder: what was learnt of structured output before; shared between the providers of a run.

    Raises:
        UnknownNameError: nobody knows ``name``; near matches are named.
        MissingKeyError: its key is not set; names the variable.
        MissingExtraError: it needs an extra that is not installed.
        ConfigError: a base URL, key or timeout cannot be right.
    """
    preset = _preset(name, config)
    if preset is None:
        return _plugin(name, environ)
    if preset.dialect in ("local", "fake"):
        return _plugin(preset.dialect, environ)
    from seedbed.providers.dialect import Dialect
    from seedbed.providers.http import proxy_for
    from seedbed.providers.structure import StructuredProvider

    base_url = _base_url(preset, config, environ)
    key = _first_set(_key_variables(preset, config), environ)
    if key is None and _wants_key(preset, base_url):
        raise MissingKeyError(name, " or ".join(_key_variables(preset, config)))
    kind = plugins.load("providers", preset.dialect)
    dialect: Dialect = kind(
        name,
        base_url=base_url,
        key=key,
        timeout_s=_timeout_s(preset, config, environ),
        headers=dict(config.headers) if config is not None else None,
        max_connections=max(256, (config.max_concurrency or 0) if config is not None else 0),
    )
    dialect.client.proxy = proxy_for(base_url, environ)
    return StructuredProvider(dialect, first=preset.rung, memory=ladder, queues=preset.local)


def _preset(name: str, config: EndpointConfig | None) -> Preset | None:
    """What is known of ``name``: its preset, or one made of ``config``, or ``None`` for a plugin.

    Raises:
        ConfigError: ``config`` names a new endpoint without a base URL.
    """
    preset = PRESETS.get(name)
    if config is None or (preset is None and config.dialect is None and config.base_url is None):
        return preset
    if preset is None:
        if config.base_url is None:
            raise ConfigError(
                f"provider {name!r} has a dialect but no base_url",
                place={"field": f"providers.{name}.base_url"},
                fix="add base_url, e.g. http://127.0.0.1:8000/v1",
            )
        from seedbed.providers.http import is_loopback

        here = is_loopback(config.base_url)
        dialect = config.dialect or "openai"
        return Preset(dialect, config.base_url, needs_key=config.key_env is not None, rung=_OWN_RUNG, local=here)
    if config.dialect is not None and config.dialect != preset.dialect:
        return Preset(config.dialect, preset.base_url, preset.keys, preset.urls, preset.model, local=preset.local)
    return preset


def _plugin(name: str, environ: Mapping[str, str]) -> Provider:
    """A provider that is a class of its own, made by its ``from_environ`` where it has one.

    Raises:
        UnknownNameError: no such plugin.
    """
    if name not in PRESETS and name not in plugins.names("providers"):
        raise UnknownNameError("provider", name, {*PRESETS, *plugins.names("providers")})
    kind = plugins.load("providers", name)
    make = getattr(kind, "from_environ", None)
    provider: Provider = make(environ) if make is not None else kind()
    return provider


def _key_variables(preset: Preset, config: EndpointConfig | None) -> tuple[str, ...]:
    return (config.key_env,) if config is not None and config.key_env else preset.keys


def _wants_key(preset: Preset, base_url: str) -> bool:
    """Whether a key is a must: not where a hosted service's name was pointed at a server on this machine."""
    from seedbed.providers.http import is_loopback

    return preset.needs_key and (base_url == preset.base_url or not is_loopback(base_url))


def _base_url(preset: Preset, config: EndpointConfig | None, environ: Mapping[str, str]) -> str:
    """The configured URL, else the environment's, else the preset's."""
    if config is not None and config.base_url is not None:
        return config.base_url
    url = _first_set(preset.urls, environ)
    if url is None:
        return preset.base_url
    if preset.dialect == "ollama":
        from seedbed.providers.ollama import host_url

        return host_url(url)
    return url


def _timeout_s(preset: Preset, config: EndpointConfig | None, environ: Mapping[str, str]) -> float:
    if config is not None and config.timeout_s is not None:
        return config.timeout_s
    if preset.dialect == "ollama":
        from seedbed.providers.ollama import timeout_from

        return timeout_from(environ) or preset.timeout_s
    return preset.timeout_s


def _first_set(variables: tuple[str, ...], environ: Mapping[str, str]) -> str | None:
    return next((environ[v].strip() for v in variables if environ.get(v, "").strip()), None)


@dataclass(frozen=True, slots=True)
class ProviderInfo:
    """One line of ``seedbed providers``.

    Attributes:
        name, dialect, base_url: which endpoint; ``base_url`` is ``""`` for providers in this process.
        needs: what it needs, in words.
        ready: whether everything that can be known without asking it is in place.
        default_model: the model used when none is named, or ``""``.
        key_set: whether a key was found; ``None`` where none is needed.
    """

    name: str
    dialect: str
    base_url: str
    needs: str
    ready: bool
    default_model: str
    key_set: bool | None


def describe(environ: Mapping[str, str], configs: Mapping[str, EndpointConfig] | None = None) -> list[ProviderInfo]:
    """All providers by name, with what each needs; no network and no heavy import."""
    configs = configs or {}
    known = [*PRESETS, *(n for n in configs if n not in PRESETS)]
    taken = {*known, "openai", "anthropic", "gemini", "ollama", "local", "fake"}
    found = [_describe(name, configs.get(name), environ) for name in known]
    strangers = (name for name in plugins.names("providers") if name not in taken)
    return found + [ProviderInfo(name, "plugin", "", "see the plugin", True, "", None) for name in strangers]


def _describe(name: str, config: EndpointConfig | None, environ: Mapping[str, str]) -> ProviderInfo:
    try:
        preset = _preset(name, config)
    except ConfigError as error:
        return ProviderInfo(name, "", "", error.fix or error.message, False, "", None)
    if preset is None:
        return ProviderInfo(name, "plugin", "", "see the plugin", name in plugins.names("providers"), "", None)
    if not preset.base_url:
        module, extra = preset.module or ("", "")
        installed = not module or find_spec(module) is not None
        needs = f'pip install "seedbed[{extra}]"' if module else "nothing"
        return ProviderInfo(name, preset.dialect, "", needs, installed, preset.model, None)
    from seedbed.providers.http import shown_url

    url = shown_url(_base_url(preset, config, environ))
    variables, wanted = _key_variables(preset, config), _wants_key(preset, url)
    key_set = _first_set(variables, environ) is not None if wanted else None
    needs = f"key in {' or '.join(variables)}" if wanted else f"a server at {url}"
    return ProviderInfo(name, preset.dialect, url, needs, key_set is not False, preset.model, key_set)


@dataclass(frozen=True, slots=True)
class CheckResult:
    """What one real call to a provider showed.

    Attributes:
        provider, model: who was asked; ``answered`` is the model as it names itself.
        text: the reply.
        rung: structured-output rung that worked.
        latency_s: seconds from sending to the last byte.
        usage: tokens.
    """

    provider: str
    model: str
    answered: str
    text: str
    rung: str
    latency_s: float
    usage: Usage


async def check(
    name: str,
    model: str,
    *,
    config: EndpointConfig | None = None,
    environ: Mapping[str, str],
    ladder: LadderMemory | None = None,
) -> CheckResult:
    """One real call, asking for a one-field JSON answer; calls a model.

    Raises:
        SeedbedError: whatever keeps ``name`` from answering, typed.
    """
    provider = open_provider(name, config=config, environ=environ, ladder=ladder)
    question = Message("user", 'What is the capital of France? Reply as JSON: {"answer": "..."}')
    start = time.perf_counter()
    try:
        reply = await provider.chat(ChatRequest(model, (question,), schema=_CHECK_SCHEMA, max_tokens=_CHECK_TOKENS))
    finally:
        await provider.aclose()
    latency = reply.latency_s or time.perf_counter() - start
    return CheckResult(name, model, reply.model, reply.text, reply.rung, latency, reply.usage)
