"""The entry as it is, a line of JSON each."""

from __future__ import annotations

from typing import ClassVar

from seedbed.export.formats.rows import JsonRows, WholeEntry


class JsonlFormat(WholeEntry, JsonRows):
    """``jsonl``: id, topic, kind, the entry's fields and where it came from."""

    name: ClassVar[str] = "jsonl"
