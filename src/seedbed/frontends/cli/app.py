"""The command group: lazy commands, shared options, and the one place where errors become text and exit status."""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import click

from seedbed.core.errors import ExitCode, SeedbedError, near_names
from seedbed.core.version import __version__
from seedbed.frontends.cli.output import Output

F = TypeVar("F", bound=Callable[..., Any])

COMMANDS = {
    "init": "project",
    "demo": "demo",
    "topics": "topics",
    "report": "report",
    "generate": "generate",
    "similar": "entries",
    "submit": "entries",
    "show": "entries",
    "list": "entries",
    "import": "entries",
    "export": "export",
    "reembed": "project",
    "log": "report",
    "providers": "models",
    "models": "models",
}
"""Command → module of this package, in the order ``--help`` shows them."""


class LazyGroup(click.Group):
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

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """As click's, with near matches in the error."""
        if args and args[0] not in COMMANDS and not args[0].startswith("-"):
            near = near_names(args[0], COMMANDS)
            hint = f" Did you mean {near[0]!r}?" if near else ""
            raise click.UsageError(f"No such command {args[0]!r}.{hint}", ctx=ctx)
        return super().resolve_command(ctx, args)


@click.group(
    cls=LazyGroup,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110},
    no_args_is_help=True,
)
@click.version_option(__version__, "-V", "--version", message="seedbed %(version)s")
def cli() -> None:
    """Grow balanced, duplicate-free, checked datasets for language models, in one SQLite file.

    Data goes to stdout (JSON when it is not a terminal, or with --json), messages to stderr.
    Exit status: 0 done, 1 failure, 2 wrong input, 3 not found, 4 model endpoint, 5 fewer entries than asked,
    6 budget reached, 130 interrupted.
    """


def common(command: F) -> F:
    """The options every command has: ``--db`` and ``--json``; passes ``out`` and ``db``."""
    command = click.option(
        "--json/--text", "as_json", default=None, help="JSON or text on stdout [default: text on a terminal]."
    )(command)
    return click.option(
        "--db",
        metavar="FILE",
        help="Dataset file or project folder [default: $SEEDBED_DB, or the nearest seedbed.yaml].",
    )(command)


def run(arguments: Sequence[str]) -> ExitCode:
    """Run one command; every error is one readable line or one JSON object on stderr."""
    out = Output.for_streams(arguments)
    try:
        result = cli.main(args=list(arguments), prog_name="seedbed", standalone_mode=False)
        return ExitCode(result) if isinstance(result, int) else ExitCode.OK
    except click.exceptions.Exit as stop:
        return ExitCode(stop.exit_code) if stop.exit_code in set(ExitCode) else ExitCode.FAILURE
    except click.ClickException as error:
        return _usage(out, error)
    except SeedbedError as error:
        out.error(error)
        return error.exit_code
    except (KeyboardInterrupt, click.Abort):
        out.note("interrupted")
        return ExitCode.INTERRUPTED
    except BrokenPipeError:
        # The reader (head, less) went away: not an error of ours, and stdout must not be flushed again at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return ExitCode.OK


def _usage(out: Output, error: click.ClickException) -> ExitCode:
    """A usage error as an error like any other, with the command's usage line as place."""
    wrapped = SeedbedError(error.format_message(), code="usage")
    if isinstance(error, click.NoSuchOption) and error.possibilities:
        wrapped.fix = "did you mean " + " or ".join(sorted(error.possibilities)) + "?"
    context = getattr(error, "ctx", None)
    if context is not None:
        wrapped.place = {"command": context.command_path}
        wrapped.fix = wrapped.fix or f"see: {context.command_path} --help"
    out.error(wrapped)
    return ExitCode.INPUT
