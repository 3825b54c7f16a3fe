"""``providers`` and ``models``."""

from __future__ import annotations

import pytest

from seedbed.core.errors import ExitCode
from seedbed.providers.presets import PRESETS
from testkit.cli import seedbed, text
from testkit.schedule import Schedule
from testkit.server import ModelServer


def test_every_preset_is_listed_with_what_it_needs(tmp_path, monkeypatch):
    monkeypatch.setenv("GROQ_API_KEY", "secret-key")
    listed = seedbed("providers")
    by_name = {p["name"]: p for p in listed.json["providers"]}
    assert set(by_name) >= set(PRESETS)
    assert by_name["groq"]["ready"]
    assert not by_name["openai"]["ready"]
    assert "OPENAI_API_KEY" in by_name["openai"]["needs"]
    assert "secret-key" not in listed.out + text("providers").out


def test_marks_tell_set_up_from_missing_from_unasked(tmp_path, monkeypatch):
    monkeypatch.setenv("GROQ_API_KEY", "secret-key")
    marks = {line.split()[1]: line[0] for line in text("providers").lines[1:]}
    assert (marks["groq"], marks["openai"], marks["ollama"], marks["fake"]) == ("✓", "·", "?", "✓")


def test_endpoints_of_ones_own_are_listed(tmp_path):
    (tmp_path / "seedbed.yaml").write_text("providers:\n  mine: {base_url: 'http://127.0.0.1:9/v1'}\n")
    assert "mine" in {p["name"] for p in seedbed("providers").json["providers"]}


def test_a_check_makes_one_real_call(tmp_path):
    with ModelServer(Schedule()) as server:
        (tmp_path / "seedbed.yaml").write_text(
            f"roles: {{writer: 'mine:small'}}\nproviders:\n  mine: {{base_url: '{server.url}/v1'}}\n"
        )
        checked = seedbed("providers", "check", "mine:small")
        assert (checked.status, checked.json["provider"], checked.json["model"]) == (ExitCode.OK, "mine", "small")
        assert checked.json["usage"]["completion_tokens"] > 0
        assert text("providers", "check", "mine").lines[0].startswith("✓ mine:small answered in ")


def test_the_fake_provider_answers():
    assert seedbed("providers", "check", "fake").json["answered"] == "varied"


@pytest.mark.parametrize(
    ("model", "status", "code"),
    [
        ("nope:x", ExitCode.INPUT, "unknown_provider"),
        ("opena1", ExitCode.INPUT, "unknown_provider"),
        ("fake:vareid", ExitCode.INPUT, "unknown_model"),
        ("vllm", ExitCode.INPUT, "invalid_model"),
        ("openai", ExitCode.INPUT, "missing_key"),
        ("local:nope", ExitCode.INPUT, "unknown_local_model"),
        ("vllm:x", ExitCode.PROVIDER, "unreachable"),
    ],
)
def test_what_keeps_a_provider_from_answering_is_typed(model, status, code, monkeypatch):
    monkeypatch.setenv("VLLM_BASE_URL", "http://127.0.0.1:9/v1")
    refused = seedbed("providers", "check", model)
    assert (refused.status, refused.error["error"]) == (status, code)


def test_a_missing_extra_names_its_install_line(monkeypatch):
    import sys

    monkeypatch.setitem(sys.modules, "xllamacpp", None)
    refused = seedbed("providers", "check", "local:smollm2")
    assert (refused.status, refused.error["error"]) == (ExitCode.INPUT, "missing_extra")
    assert refused.error["fix"] == 'pip install "seedbed[local]"'


def test_local_models_are_listed(tmp_path):
    models = {m["name"]: m for m in seedbed("models", "list").json["models"]}
    assert not models["smollm2"]["present"]
    assert models["smollm2"]["path"].startswith(str(tmp_path))
    assert text("models", "list").lines[1].startswith("·  smollm2  98 MB  Apache-2.0")


def test_unknown_weights_are_refused():
    refused = seedbed("models", "pull", "smollm")
    assert (refused.status, refused.error["near"]) == (ExitCode.INPUT, ["smollm2"])
