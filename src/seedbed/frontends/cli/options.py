"""Options and groups that commands share, declared once."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, TypeVar

import click

from seedbed.core.errors import UnknownNameError
from seedbed.frontends.cli.session import DB, JSON, Session

F = TypeVar("F", bound=Callable[..., Any])


def _remember(ctx: click.Context, param: click.Parameter, value: Any) -> None:
    """Keep a shared option for the command that runs: it may stand before or after any name on the line."""
    if value is not None and param.name is not None:
        ctx.meta[param.name] = value


def output_option(command: F) -> F:
    """``--json/--text``, before or after the command's name."""
    return click.option(
        "--json/--text",
        JSON,
        default=None,
        expose_value=False,
        callback=_remember,
        help="JSON or text on stdout [default: text on a terminal, JSON elsewhere].",
    )(command)


def dataset_option(command: F) -> F:
    """``--db``, before or after the command's name."""
    return click.option(
        "--db",
        DB,
        metavar="FILE",
        expose_value=False,
        callback=_remember,
        help="Dataset file or project folder [default: $SEEDBED_DB, or the nearest seedbed.yaml].",
    )(command)


def common(command: F) -> F:
    """``--db`` and ``--json/--text``; the command's first argument is its ``Session``."""
    return dataset_option(plain(command))


def plain(command: F) -> F:
    """``--json/--text`` alone, for commands without a dataset; the first argument is the ``Session``."""

    @functools.wraps(command)
    def call(*args: Any, **kwargs: Any) -> Any:
        return command(Session.of(click.get_current_context().meta), *args, **kwargs)

    wrapped: Any = call
    return output_option(wrapped)  # type: ignore[no-any-return]


def who_options(does: str, *, default: str = "human", sitting: bool = True) -> Callable[[F], F]:
    """``--actor``, ``--session`` (unless ``sitting`` is ``False``) and ``--reason``: what the log says of a change."""

    def add(command: F) -> F:
        command = click.option("--reason", metavar="TEXT", help="Why; kept in the log.")(command)
        if sitting:
            about = "Sitting it belongs to; undo takes it as one."
            command = click.option("--session", metavar="NAME", help=about)(command)
        told = f"Who {does}: human:NAME or agent:NAME."
        return click.option("--actor", metavar="WHO", default=default, show_default=True, help=told)(command)

    return add


def paging(things: str) -> Callable[[F], F]:
    """``--limit`` and ``--offset`` over ``things``."""

    def add(command: F) -> F:
        command = click.option("--offset", default=0, show_default=True, type=Whole(0), help=f"{things} skipped.")(
            command
        )
        return click.option("--limit", default=20, show_default=True, type=Whole(1), help=f"{things} shown.")(command)

    return add


class Whole(click.IntRange):
    """A whole number in a range, shown as ``N``."""

    name = "whole number"

    def get_metavar(self, param: click.Parameter, ctx: click.Context) -> str:
        """As help shows it."""
        return "N"


class Real(click.FloatRange):
    """A number in a range, shown as ``X``."""

    name = "number"

    def get_metavar(self, param: click.Parameter, ctx: click.Context) -> str:
        """As help shows it."""
        return "X"


class OneOf(click.Choice[str]):
    """A choice whose error is ours: unknown name, near names, all names."""

    def __init__(self, what: str, *names: str) -> None:
        super().__init__(names)
        self.what = what

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """``value`` when it is one of the names; raises ``UnknownNameError``."""
        if value not in self.choices:
            place = {"command": ctx.command_path} if ctx is not None else None
            raise UnknownNameError(self.what, str(value), self.choices, place=place)
        return str(value)


class Group(click.Group):
    """A group that shows its help when called bare, and names near commands when one is mistyped."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Names in the order of declaration."""
        return list(self.commands)

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """As click's; nothing at all asks for help."""
        if not args and not self.invoke_without_command:
            click.echo(ctx.get_help(), color=ctx.color)
            ctx.exit()
        return super().parse_args(ctx, args)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """As click's; raises ``UnknownNameError`` with near matches."""
        names = self.list_commands(ctx)
        if args and args[0] not in names and not args[0].startswith("-"):
            raise UnknownNameError("command", args[0], names, place={"command": ctx.command_path})
        return super().resolve_command(ctx, args)
