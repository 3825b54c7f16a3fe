"""The command group: lazy commands, and the one place where errors become text and exit status."""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Sequence

import click

from seedbed.core.errors import ExitCode, SeedbedError
from seedbed.core.version import __version__
from seedbed.frontends.cli.failures import as_failure
from seedbed.frontends.cli.options import Group, dataset_option, output_option
from seedbed.frontends.cli.output import Output

SECTIONS: dict[str, dict[str, str]] = {
    "Start": {"init": "project", "demo": "demo", "guide": "guide", "mcp": "mcp"},
    "Fill": {
        "topics": "topics",
        "generate": "generate",
        "next": "next",
        "submit": "submitting",
        "import": "importing",
    },
    "Look": {"report": "report", "similar": "entries", "list": "entries", "show": "entries"},
    "Change": {"edit": "editing", "move": "editing", "remove": "editing"},
    "Go back": {"log": "history", "undo": "history", "redo": "history", "compact": "history"},
    "Review": {"review": "review", "approve": "review", "reject": "review"},
    "Hand on": {"export": "export"},
    "Keep in order": {"reconcile": "upkeep", "revalidate": "upkeep"},
    "Set up": {"kinds": "kinds", "providers": "models", "models": "models", "reembed": "project"},
}
"""Commands as ``--help`` shows them: section → command → module of this package."""

COMMANDS = {name: module for section in SECTIONS.values() for name, module in section.items()}
"""Command → module of this package."""


class LazyGroup(Group):
    """Loads a command's module when the command is named; ``--help`` loads them all, so they import nothing heavy."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Names in the order of use."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command, or ``None``."""
        if cmd_name not in COMMANDS:
            return None
        module = importlib.import_module(f"seedbed.frontends.cli.{COMMANDS[cmd_name]}")
        found: click.Command = getattr(module, f"{cmd_name}_command")
        return found

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The commands by section."""
        widest = max(map(len, COMMANDS))
        for title, names in SECTIONS.items():
            rows = [(name.ljust(widest), self._summary(ctx, name)) for name in names]
            with formatter.section(title):
                formatter.write_dl(rows)

    def _summary(self, ctx: click.Context, name: str) -> str:
        command = self.get_command(ctx, name)
        return command.get_short_help_str(100) if command is not None else ""


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@dataset_option
@output_option
@click.version_option(__version__, "-V", "--version", message="seedbed %(version)s")
def cli() -> None:
    """Grow balanced, duplicate-free, checked datasets for language models, in one SQLite file.

    Data goes to stdout (JSON when it is not a terminal, or with --json), messages to stderr.

    Exit status: 0 done, 1 failure or a rejected row, 2 wrong input, 3 not found, 4 model endpoint,
    5 fewer entries than asked, 6 budget reached, 130 interrupted.
    """


def run(arguments: Sequence[str]) -> ExitCode:
    """Run one command; an error is one readable line or one JSON object on stderr."""
    out = Output.for_streams(_asked_for_json(arguments))
    try:
        result = cli.main(args=list(arguments), prog_name="seedbed", standalone_mode=False)
        sys.stdout.flush()
        return ExitCode(result) if isinstance(result, int) else ExitCode.OK
    except click.exceptions.Exit as stop:
        return ExitCode(stop.exit_code)
    except (BrokenPipeError, SystemExit):
        # The reader (head, less) went away: not an error of ours, and nothing may be flushed to it at exit.
        # click turns the first into the second.
        with open(os.devnull, "w") as nowhere:  # noqa: PTH123 - devnull is no path
            os.dup2(nowhere.fileno(), sys.stdout.fileno())
        return ExitCode.OK
    except (SeedbedError, click.ClickException, OSError, KeyboardInterrupt, click.Abort) as error:
        failure = as_failure(error)
        out.error(failure)
        return failure.exit_code


def _asked_for_json(arguments: Sequence[str]) -> bool | None:
    """What ``--json`` and ``--text`` say, found without parsing: the line may be what is wrong."""
    options = list(arguments)
    options = options[: options.index("--")] if "--" in options else options
    asked = [a == "--json" for a in options if a in ("--json", "--text")]
    return asked[-1] if asked else None
