"""A text field as checks see it: its role, its words, and its prose without code."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cached_property
from typing import TYPE_CHECKING

from seedbed.core.identity import normalised_text

if TYPE_CHECKING:
    from seedbed.core.records import Content
    from seedbed.kinds.kind import Kind

PROMPT_FIELDS = ("question", "instruction", "prompt", "problem", "query")
"""Names of fields that ask; the first one a kind has plays the part."""

ANSWER_FIELDS = ("answer", "response", "completion", "output", "solution")
"""Names of fields that answer."""

CALL_FIELDS = ("calls",)
"""Names of fields that act. Beside them an answer says why nothing is done: it may well decline."""

DATA_FIELDS = ("input", "context", "passage", "document", "source")
"""Names of fields that hold given material, which may be anything."""

_UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
_FENCED = re.compile(r"```.*?(?:```|\Z)|~~~.*?(?:~~~|\Z)", re.DOTALL)
_INLINE = re.compile(r"`[^`\n]*`")
_CODE_LINE = re.compile(
    r"[;{}][ \t]{0,8}$|^[ \t]*(?:def|class|import|from|return|function|const|let|var|public|private|elif|#include|using"
    r"|package|SELECT|INSERT|CREATE|UPDATE)\b|^[ \t]*(?:<[a-zA-Z/!?]|//|/\*|\$ |>>> |@\w|else:)"
    r"|\w\([^()\n]{0,120}\)[ \t]{0,8}[:;]?[ \t]{0,8}$|^[ \t]*[\w.\[\]\"']{1,80}[ \t]{0,8}(?:[-+*/]?=|:=|<-)[ \t]*\S",
    re.MULTILINE,
)
_WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)?")


class Passage:
    """One text field of a candidate; everything derived from it is computed once, when first asked for.

    Args:
        field: its name.
        text: its content.
        role: ``prompt``, ``answer``, ``data`` or empty.
    """

    def __init__(self, field: str, text: str, role: str = "") -> None:
        self.field = field
        self.text = text
        self.role = role

    @cached_property
    def low(self) -> str:
        """Lower case, with straight apostrophes."""
        low = self.text.lower()
        return low if low.isascii() else low.replace("’", "'")

    @cached_property
    def normal(self) -> str:
        """As compared for exact duplicates."""
        return normalised_text(self.text)

    @cached_property
    def prose(self) -> str:
        """The text without fenced and inline code; code becomes one space."""
        text = self.text
        if "```" in text or "~~~" in text:
            text = _FENCED.sub(" ", text)
        return _INLINE.sub(" ", text) if "`" in text else text

    @cached_property
    def words(self) -> list[str]:
        """Lower-case words of the prose, in order."""
        source = self.low if self.prose is self.text else self.prose.lower().replace("’", "'")
        return _WORD.findall(source)

    @cached_property
    def is_code(self) -> bool:
        """Whether what is left without fences reads as program text: most of its lines do."""
        lines = self.prose.strip().count("\n") + 1
        found = len(_CODE_LINE.findall(self.prose))
        return found >= 2 and found * 2 >= lines


def word_set(text: str) -> frozenset[str]:
    """The words of ``text``."""
    return frozenset(text.split())


def role_field(kind: Kind, names: tuple[str, ...]) -> str | None:
    """The first of ``names`` that the kind has as text."""
    return next((n for n in names if n in kind.fields and kind.fields[n].type == "string"), None)


def text_fields(kind: Kind) -> tuple[tuple[str, str], ...]:
    """``(field, role)`` of every free-text field."""
    roles: dict[str | None, str] = dict.fromkeys(DATA_FIELDS, "data")
    if not any(name in kind.fields for name in CALL_FIELDS):
        roles[role_field(kind, ANSWER_FIELDS)] = "answer"
    roles[role_field(kind, PROMPT_FIELDS)] = "prompt"
    return tuple((n, roles.get(n, "")) for n, r in kind.fields.items() if r.type == "string" and r.enum is None)


def passages(fields: tuple[tuple[str, str], ...], content: Content) -> Iterator[Passage]:
    """The non-empty text fields of ``content``."""
    for name, role in fields:
        text = content.get(name)
        if isinstance(text, str) and text:
            yield Passage(name, text, role)


def printable(text: str, most: int) -> str:
    """``text`` in at most ``most`` characters, control and half characters escaped: safe to print and to store."""
    cut = text[:most]
    if _UNPRINTABLE.search(cut):
        cut = _UNPRINTABLE.sub(lambda m: f"\\u{ord(m[0]):04x}", cut)
    return cut if len(cut) <= most and len(text) <= most else cut[: most - 1] + "…"
