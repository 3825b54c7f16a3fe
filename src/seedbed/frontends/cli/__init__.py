"""The command line. ``main`` is the entry point; commands are loaded when they are named."""

from __future__ import annotations

import os
import sys

from seedbed.core.errors import ExitCode


def main() -> None:
    """Run the command line and exit with its status."""
    _open_missing_streams()
    from seedbed.frontends.cli.app import run

    # Set before numpy is loaded: its threads spin, and cost more than they bring on the small matrices of a command.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    status = run(sys.argv[1:])
    if status is not ExitCode.OK:
        sys.exit(int(status))


def _open_missing_streams() -> None:
    """Whoever starts a command with stdin, stdout or stderr closed gets nothing from it, and no trouble either.

    Left closed, their numbers would be given to the next file that is opened.
    """
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, mode, encoding="utf-8"))  # noqa: PTH123, SIM115 - devnull is no path
