"""``--help`` of every command, byte for byte; ``SEEDBED_UPDATE_GOLDEN=1`` rewrites the files."""

from __future__ import annotations

import os
from pathlib import Path

import click
import pytest

from seedbed.core.errors import ExitCode
from seedbed.frontends.cli.app import COMMANDS, cli
from seedbed.frontends.cli.generate import generate_command
from testkit.cli import seedbed

GOLDEN = Path(__file__).parents[1] / "golden" / "cli"


def every_command(command=cli, path=()):
    """Paths of all commands and groups."""
    yield path
    if isinstance(command, click.Group):
        context = click.Context(command)
        for name in command.list_commands(context):
            yield from every_command(command.get_command(context, name), (*path, name))


@pytest.mark.parametrize("path", list(every_command()), ids=lambda path: "-".join(path) or "seedbed")
def test_help_is_what_was_approved(path):
    shown = seedbed(*path, "--help")
    file = GOLDEN / f"{'-'.join(path) or 'seedbed'}.txt"
    if os.environ.get("SEEDBED_UPDATE_GOLDEN"):
        file.write_text(shown.out, encoding="utf-8")
    assert shown.status is ExitCode.OK
    assert shown.out == file.read_text(encoding="utf-8")


def test_no_golden_file_is_left_over():
    assert {f.stem for f in GOLDEN.glob("*.txt")} == {"-".join(path) or "seedbed" for path in every_command()}


@pytest.mark.parametrize("path", [(), ("topics",), ("models",)], ids=lambda path: "-".join(path) or "seedbed")
def test_a_bare_group_shows_its_help(path):
    bare = seedbed(*path)
    assert (bare.status, bare.out) == (ExitCode.OK, seedbed(*path, "-h").out)
    assert bare.err == ""


def test_no_summary_is_cut_off_on_a_narrow_terminal(monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    shown = seedbed("--help").out
    summaries = {line.split()[0]: line for line in shown.splitlines() if line.startswith("  ") and line.split()}
    assert all(summaries[name].endswith(".") and "..." not in summaries[name] for name in COMMANDS)


def test_the_version_is_the_packages():
    import seedbed as package

    assert seedbed("--version").out == f"seedbed {package.__version__}\n"


def test_flags_of_generate_are_its_options():
    from seedbed.dataset.generation.run import GenerateOptions

    flags = {p.name for p in generate_command.params} - {"recipe", "sources", "db", "as_json"}
    assert flags == set(GenerateOptions.model_fields) - {"checks"}


def test_flags_of_export_are_its_options():
    from seedbed.export.writer import ExportOptions
    from seedbed.frontends.cli.export import export_command

    flags = {{"format_": "format"}.get(p.name, p.name) for p in export_command.params} - {"output", "db", "as_json"}
    assert flags == set(ExportOptions.model_fields)
