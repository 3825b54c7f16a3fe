"""How rows become files: JSON lines, or one JSON array where the name ends in ``.json``."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any, ClassVar

from seedbed.core.records import Content


def dump(value: Any) -> str:
    """JSON text that is valid UTF-8 whatever a model wrote: lone surrogates are escaped."""
    text = json.dumps(value, ensure_ascii=False)
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return json.dumps(value)
    return text


class WholeEntry:
    """Base of formats of any kind whose rows are the entry as it is."""

    kinds: ClassVar[tuple[str, ...]] = ()
    whole: ClassVar[bool] = True
    """Rows carry id, topic, kind and provenance, and can be projected by ``fields``."""

    def encode(self, content: Content, *, kind: str, system_prompt: str | None) -> dict[str, Any]:
        """The content unchanged."""
        del kind, system_prompt
        return dict(content)


class JsonRows:
    """Base of formats that write JSON: the code they share is how rows are laid out in the file."""

    suffix: ClassVar[str] = ".jsonl"

    def write(self, rows: Iterable[dict[str, Any]], path: Path) -> int:
        """Write rows; returns their number. A name ending in ``.json`` gets one array, any other a line per row."""
        count = 0
        array = path.name.split(".part")[0].endswith(".json")
        with path.open("w", encoding="utf-8", newline="\n") as stream:
            if array:
                stream.write("[")
            for row in rows:
                lead = (",\n" if count else "\n") if array else ""
                stream.write(lead + dump(row) + ("" if array else "\n"))
                count += 1
            if array:
                stream.write("\n]\n")
        return count
