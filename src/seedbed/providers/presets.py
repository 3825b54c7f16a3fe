"""Well-known providers: where they are, what key they take, how far up the structured-output ladder they start."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Preset:
    """One well-known provider.

    Attributes:
        dialect: name of a ``seedbed.providers`` entry point.
        base_url: where its API starts; ``""`` for providers in this process.
        keys: environment variables that may hold the key, best first.
        urls: environment variables that may hold another base URL.
        model: the model used when none is named, ``""`` where only the user can know.
        rung: first guess on the ladder, ``""`` for the dialect's strictest.
        needs_key: whether a missing key is an error.
        local: whether it runs on the user's own machine: it queues rather than refuses, and costs no money.
        timeout_s: default deadline of a call.
        module: a module that must be installed, with the extra that brings it.
    """

    dialect: str
    base_url: str = ""
    keys: tuple[str, ...] = ()
    urls: tuple[str, ...] = ()
    model: str = ""
    rung: str = ""
    needs_key: bool = True
    local: bool = False
    timeout_s: float = 120.0
    module: tuple[str, str] | None = None


_SLOW_S = 600.0  # a small machine may need minutes to load a model and read a long prompt


def _server(port: int, variable: str, key: str, *, rung: str = "json_schema") -> Preset:
    """An OpenAI-compatible server on this machine."""
    return Preset(
        "openai", f"http://127.0.0.1:{port}/v1", (key,), (variable,), "", rung,
        needs_key=False, local=True, timeout_s=_SLOW_S,
    )  # fmt: skip


def _hosted(url: str, key: str, model: str, *, rung: str = "json_schema") -> Preset:
    """An OpenAI-compatible service."""
    return Preset("openai", url, (key,), (key.removesuffix("_API_KEY") + "_BASE_URL",), model, rung)


PRESETS: dict[str, Preset] = {
    "openai": Preset(
        "openai", "https://api.openai.com/v1", ("OPENAI_API_KEY",), ("OPENAI_BASE_URL", "OPENAI_API_BASE"), "gpt-5-mini"
    ),
    "anthropic": Preset(
        "anthropic", "https://api.anthropic.com", ("ANTHROPIC_API_KEY",), ("ANTHROPIC_BASE_URL",), "claude-haiku-4-5"
    ),
    "gemini": Preset(
        "gemini",
        "https://generativelanguage.googleapis.com/v1beta",
        ("GEMINI_API_KEY", "GOOGLE_API_KEY"),
        ("GEMINI_BASE_URL",),
        "gemini-3.5-flash-lite",
    ),
    # Documented with JSON mode only; a strict schema is accepted and ignored, or refused, by turns.
    "deepseek": _hosted("https://api.deepseek.com", "DEEPSEEK_API_KEY", "deepseek-v4-flash", rung="json_object"),
    "groq": _hosted("https://api.groq.com/openai/v1", "GROQ_API_KEY", "openai/gpt-oss-20b"),
    "mistral": _hosted("https://api.mistral.ai/v1", "MISTRAL_API_KEY", "mistral-small-latest"),
    "openrouter": _hosted("https://openrouter.ai/api/v1", "OPENROUTER_API_KEY", "openai/gpt-5-mini"),
    "together": _hosted("https://api.together.xyz/v1", "TOGETHER_API_KEY", "openai/gpt-oss-120b"),
    "fireworks": _hosted(
        "https://api.fireworks.ai/inference/v1", "FIREWORKS_API_KEY", "accounts/fireworks/models/gpt-oss-120b"
    ),
    "xai": _hosted("https://api.x.ai/v1", "XAI_API_KEY", "grok-4.3"),
    "cerebras": _hosted("https://api.cerebras.ai/v1", "CEREBRAS_API_KEY", "gpt-oss-120b"),
    "ollama": Preset(
        "ollama",
        "http://127.0.0.1:11434",
        ("OLLAMA_API_KEY",),
        ("OLLAMA_HOST",),
        "llama3.2",
        needs_key=False,
        local=True,
        timeout_s=_SLOW_S,
    ),
    "vllm": _server(8000, "VLLM_BASE_URL", "VLLM_API_KEY"),
    "llamacpp": _server(8080, "LLAMACPP_BASE_URL", "LLAMA_API_KEY"),
    "lmstudio": _server(1234, "LMSTUDIO_BASE_URL", "LMSTUDIO_API_KEY"),
    "local": Preset("local", model="smollm2", needs_key=False, local=True, module=("xllamacpp", "local")),
    "fake": Preset("fake", model="varied", needs_key=False, local=True),
}
