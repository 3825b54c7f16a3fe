"""The documents say everything there is, and nothing that is not."""

from __future__ import annotations

import importlib.util
import inspect
import re
import subprocess
import sys

import pytest

from seedbed.core import errors, plugins
from seedbed.frontends.cli.app import COMMANDS
from seedbed.providers.presets import PRESETS


@pytest.fixture(scope="module")
def reference(root):
    return "\n".join(p.read_text(encoding="utf-8") for p in sorted((root / "docs" / "reference").glob("*.md")))


@pytest.fixture(scope="module")
def written(root):
    """What people wrote: README and the pages that are not generated."""
    pages = [root / "README.md", *(root / "docs").glob("*.md"), *(root / "docs" / "how-to").glob("*.md")]
    return "\n".join(p.read_text(encoding="utf-8") for p in pages)


def test_the_reference_is_what_the_code_says(root):
    done = subprocess.run(
        [sys.executable, str(root / "scripts" / "reference.py"), "--check"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, f"{done.stdout}{done.stderr}run: make docs"


def codes():
    return sorted(
        {c.code for _, c in inspect.getmembers(errors, inspect.isclass) if issubclass(c, errors.SeedbedError)}
    )


@pytest.mark.parametrize(
    "names",
    [
        pytest.param([f"## `seedbed {name}" for name in COMMANDS], id="commands"),
        pytest.param([f"| `{code}` |" for code in codes()], id="error codes"),
        pytest.param([f"## `{name}`" for name in plugins.names("checks")], id="checks"),
        pytest.param([f"## `{name}`" for name in plugins.names("formats")], id="formats"),
        pytest.param([f"## `{name}`" for name in plugins.names("recipes")], id="recipes"),
        pytest.param([f"| `{name}` |" for name in PRESETS], id="providers"),
    ],
)
def test_the_reference_has_all(reference, names):
    assert [name for name in names if name not in reference] == []


def test_pages_for_people_name_every_command_check_and_format(written):
    assert [n for n in COMMANDS if not re.search(rf"(seedbed|make) {n}\b", written)] == []
    assert [n for n in plugins.names("checks") if f"`{n}`" not in written] == []
    assert [n for n in plugins.names("formats") if n not in written] == []


def test_commands_in_the_documents_exist(root, written):
    from click import Context

    from seedbed.frontends.cli.app import cli

    context = Context(cli)
    unknown = []
    for name, second in re.findall(r"^(?:\$ )?seedbed ([a-z-]+)(?: ([a-z-]+))?", written, re.M):
        command = cli.get_command(context, name)
        if command is None or (hasattr(command, "commands") and second and second not in command.commands):
            unknown.append(f"{name} {second}")
    assert unknown == []


def test_options_in_the_documents_exist(written):
    from click import Context

    from seedbed.frontends.cli.app import cli

    known = {"--json", "--text", "--db", "--help", "--version"}
    context = Context(cli)
    for name in COMMANDS:
        command = cli.get_command(context, name)
        for each in (command, *getattr(command, "commands", {}).values()):
            known |= {o for p in each.params for o in (*p.opts, *p.secondary_opts)}
    used = {
        option
        for line in re.findall(r"^(?:\$ )?seedbed .*$", written, re.M)
        for option in re.findall(r"(?<!\S)--[a-z][a-z-]+", line)
    }
    assert used - known == set()


def test_links_between_pages_lead_somewhere(root):
    broken = []
    for page in [*root.glob("*.md"), *(root / "docs").rglob("*.md")]:
        for target in re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", page.read_text(encoding="utf-8")):
            if "://" not in target and not target.startswith("mailto:") and not (page.parent / target).exists():
                broken.append(f"{page.name}: {target}")
    assert broken == []


def test_the_script_is_importable_without_running(root):
    spec = importlib.util.spec_from_file_location("reference", root / "scripts" / "reference.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    assert set(module.PAGES) >= {
        "commands",
        "configuration",
        "errors",
        "checks",
        "recipes",
        "formats",
        "providers",
        "python",
    }
