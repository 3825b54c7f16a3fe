"""What a command imports before it is needed. Time is shown by a benchmark; here only the lists of modules count."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from testkit.projects import row

DRAWING = {"rich"}
NETWORK = {"aiohttp", "asyncio", "ssl", "http.client"}
ARRAYS = {"numpy"}
TEMPLATES = {"jinja2"}
EXTRAS = {"pyarrow", "xllamacpp", "onnxruntime", "tokenizers", "markitdown", "lancedb", "pandas", "torch"}
VALIDATION = {"pydantic"}
CONFIGURATION = {"yaml"}
STORE = {"sqlite3"}
NEVER = DRAWING | NETWORK | TEMPLATES | EXTRAS

CODE = """
import json, sys
from seedbed.frontends.cli.app import run
status = run(json.loads(sys.argv[1]))
sys.stderr.write("\\n" + json.dumps([int(status), sorted(sys.modules)]))
"""


def imported(*arguments):
    """Modules that a command in a fresh process imports."""
    done = subprocess.run(
        [sys.executable, "-c", CODE, json.dumps(arguments)], capture_output=True, text=True, check=True
    )
    status, modules = json.loads(done.stderr.splitlines()[-1])
    assert status == 0, done.stderr
    return set(modules)


@pytest.mark.parametrize(
    "arguments", [["--help"], ["--version"], ["generate", "--help"], ["topics", "--help"]], ids=" ".join
)
def test_help_imports_nothing_but_click(arguments):
    assert not imported(*arguments) & (NEVER | ARRAYS | VALIDATION | CONFIGURATION | STORE)


@pytest.mark.parametrize("arguments", [["models", "list"], ["init", "--list"]], ids=" ".join)
def test_commands_without_a_dataset_open_none(arguments):
    assert not imported(*arguments) & (NEVER | ARRAYS | VALIDATION | STORE)


def test_providers_are_listed_without_a_client(tmp_path):
    assert not imported("providers") & (DRAWING | TEMPLATES | EXTRAS | ARRAYS | STORE | {"aiohttp"})


@pytest.mark.parametrize(
    "arguments",
    [["report"], ["report", "--yield"], ["list"], ["log"], ["topics", "tree"], ["topics", "add", "git/x"]],
    ids=" ".join,
)
def test_light_commands_embed_nothing_and_call_nobody(filled, arguments):
    assert not imported(*arguments) & (NEVER | ARRAYS)


@pytest.mark.parametrize(
    "arguments",
    [
        ["similar", "--topic", "git/commits", "What is a commit?"],
        ["submit", json.dumps(row(0, question="What is an annotated tag?"))],
    ],
    ids=lambda arguments: arguments[0],
)
def test_the_door_needs_numpy_alone(filled, arguments):
    assert not imported(*arguments) & NEVER


def test_an_export_needs_no_array(filled):
    assert not imported("export", "-o", "rows.jsonl") & NEVER


def test_importing_the_package_costs_nothing():
    done = subprocess.run(
        [sys.executable, "-c", "import sys, seedbed; print(*sys.modules)"], capture_output=True, text=True, check=True
    )
    assert not {m for m in done.stdout.split() if m.startswith("seedbed.") and m != "seedbed.core.version"} - {
        "seedbed.core"
    }


def test_listing_plugins_loads_none():
    code = (
        "import sys; from seedbed.core import plugins; [plugins.names(g) for g in plugins.GROUPS]; print(*sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    rooms = {m.split(".")[1] for m in done.stdout.split() if m.startswith("seedbed.")}
    assert rooms == {"core"}
