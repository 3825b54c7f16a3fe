"""The command line. ``main`` is the entry point; commands are loaded when they are named."""

from __future__ import annotations

import sys

from seedbed.core.errors import ExitCode


def main() -> None:
    """Run the command line and exit with its status."""
    from seedbed.frontends.cli.app import run

    status = run(sys.argv[1:])
    if status is not ExitCode.OK:
        sys.exit(int(status))
