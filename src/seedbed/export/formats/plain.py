"""The entry as it is, a line of JSON each."""

from __future__ import annotations

from typing import Any, ClassVar

from seedbed.core.records import Content
from seedbed.export.formats.rows import JsonRows


class JsonlFormat(JsonRows):
    """``jsonl``: id, topic, kind, the entry's fields and where it came from."""

    name: ClassVar[str] = "jsonl"
    kinds: ClassVar[tuple[str, ...]] = ()
    whole: ClassVar[bool] = True
    """Rows carry id, topic, kind and provenance, and can be projected by ``fields``."""

    def encode(self, content: Content, *, kind: str, system_prompt: str | None) -> dict[str, Any]:
        """The content unchanged."""
        del kind, system_prompt
        return dict(content)
