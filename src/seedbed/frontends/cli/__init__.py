"""The command line. ``main`` is the entry point; commands are loaded when they are named."""

from __future__ import annotations

import os
import sys

from seedbed.core.errors import ExitCode


def main() -> None:
    """Run the command line and exit with its status."""
    from seedbed.frontends.cli.app import run

    # Set before numpy is loaded: its threads spin, and cost more than they bring on the small matrices of a command.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    status = run(sys.argv[1:])
    if status is not ExitCode.OK:
        sys.exit(int(status))
