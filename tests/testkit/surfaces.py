"""Every command that only looks at a dataset; and running commands as somebody who may not do everything."""

from __future__ import annotations

import os
from contextlib import contextmanager

NOBODY = 65_534


@contextmanager
def without_privileges():
    """As a user who may only do what the bits of files allow; root may do anything whatever they say."""
    if os.geteuid() != 0:
        yield
        return
    os.setegid(NOBODY)
    os.seteuid(NOBODY)
    try:
        yield
    finally:
        os.seteuid(0)
        os.setegid(0)


def looking(entry_id, leaf):
    """Arguments of every command that only reads, one list each; ``entry_id`` is an entry of the topic ``leaf``."""
    return [
        ["report"],
        ["report", "--by", "topic,state"],
        ["report", "--yield", "--all"],
        ["list"],
        ["list", "--state", "rejected", "--limit", "100"],
        ["list", "--contains", "a"],
        ["show", entry_id],
        ["log"],
        ["log", "--topic", leaf],
        ["similar", "something quite different", "--topic", leaf, "-k", "50"],
        ["next", "--list"],
        ["review"],
        ["review", "--state", "accepted", "--state", "rejected", "--state", "approved"],
        ["review", "--count"],
        ["review", "--agreement"],
        ["review", "--reasons"],
        ["topics", "tree"],
        ["topics", "tree", "--counts"],
        ["topics", "tree", "--dot"],
        ["topics", "tree", "--yaml"],
        ["topics", "describe", leaf],
        *(["guide", name] for name in ("agent", "schema", "structure", "generation", "review")),
        ["guide", "agent", "--topic", leaf],
        ["reconcile"],
        ["revalidate", "--dry-run"],
    ]
