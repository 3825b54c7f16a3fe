"""The dataset card beside exported splits, in the form that dataset hubs read."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

MARK = "<!-- written by seedbed export; delete this line to keep your own text -->"


def is_ours(path: Path) -> bool:
    """Whether a card may be written: there is none, or it is one that this package wrote."""
    return not path.exists() or MARK in path.read_text(encoding="utf-8", errors="replace")


def card_text(name: str, splits: Mapping[str, Mapping[str, Any]]) -> str:
    """A card with YAML front matter that maps split names to files, and counts per topic."""
    lines = ["---", "configs:", "- config_name: default", "  data_files:"]
    for split, part in splits.items():
        lines += [f"  - split: {split}", f"    path: {Path(part['file']).name}"]
    lines += ["---", MARK, "", f"# {name}", "", "| split | rows |", "|---|---|"]
    lines += [f"| {split} | {part['count']} |" for split, part in splits.items()]
    return "\n".join(lines) + "\n"
