"""Every way a command can fail, as one error of the tree: what the last lines on the screen are made of."""

from __future__ import annotations

from typing import Any

import click

from seedbed.core.errors import ExitCode, InputError, SeedbedError, UnknownNameError


class UsageFailure(InputError):
    """The command line itself is wrong."""

    code = "usage"


class InterruptedFailure(SeedbedError):
    """Ctrl-C; everything committed before is kept."""

    code = "interrupted"
    exit_code = ExitCode.INTERRUPTED


class SystemFailure(SeedbedError):
    """The operating system refused, and no room of the package had a better word for it."""

    code = "system"


def as_failure(error: BaseException) -> SeedbedError:
    """``error`` with code, place and fix; its ``exit_code`` is the exit status.

    Args:
        error: what ended the command: an error of the tree, click's, the system's, or an interruption.
    """
    if isinstance(error, SeedbedError):
        return error
    if isinstance(error, click.ClickException):
        return _usage(error)
    if isinstance(error, OSError):
        place = {"file": str(error.filename)} if error.filename else None
        return SystemFailure(f"{error.strerror or type(error).__name__}".lower(), place=place)
    return InterruptedFailure("interrupted", fix="run the command again; what was accepted is kept")


def _usage(error: click.ClickException) -> SeedbedError:
    """Click's error with the command as place, near names, and where help is."""
    context = getattr(error, "ctx", None)
    place: dict[str, Any] = {"command": context.command_path} if context is not None else {}
    if isinstance(error, click.NoSuchOption) and context is not None:
        known = [name for p in context.command.get_params(context) for name in (*p.opts, *p.secondary_opts)]
        return UnknownNameError("option", error.option_name, [n for n in known if n.startswith("--")], place=place)
    fix = f"see: {context.command_path if context is not None else 'seedbed'} --help"
    text = error.format_message().strip().rstrip(".")
    return UsageFailure(text[:1].lower() + text[1:], place=place, fix=fix)
