"""PDF as sections, through pdfminer (extra ``documents``).

Not through markitdown's own PDF converter: as soon as one page looks like a form, that one cuts every page into words
by geometry, and prose comes out without spaces or as tables.
"""

from __future__ import annotations

import re
import struct
import zlib
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from seedbed.core.errors import InputError, MissingExtraError
from seedbed.sources.blocks import Block, Outline, Section, clean_text

_LEADERS = re.compile(r"\.{4,}|(?:\. ){4,}")
_NUMBERED = re.compile(r"^(\d{1,2}(?:\.\d{1,2}){0,4})\.?\s+(?=[^\W\d_])(.{2,80})$")
_DIGITS = re.compile(r"\d+")
_HYPHEN = re.compile(r"(?<=[a-z])-\n(?=[a-z])")
_EDGE_LINES = 2

_BROKEN = (ValueError, TypeError, KeyError, IndexError, AttributeError, ArithmeticError, AssertionError, RecursionError,
           NotImplementedError, OSError, struct.error, zlib.error)  # fmt: skip
"""What pdfminer raises for broken files besides its own errors."""


def read_pdf(path: Path) -> list[Section]:
    """Sections of a PDF: running heads and page numbers gone, numbered headings as heading path.

    Raises:
        MissingExtraError: pdfminer is not installed.
        InputError: the file is broken, or locked by a password.
    """
    try:
        from pdfminer.high_level import extract_text
        from pdfminer.psexceptions import PSException
    except ImportError as error:
        raise MissingExtraError(f"reading {path.name}", "documents") from error
    try:
        text = extract_text(path)
    except (PSException, *_BROKEN) as error:
        reason = (str(error).splitlines() or [""])[0][:200] or type(error).__name__
        raise InputError(f"cannot read {path.name}: {reason}", place={"file": path.as_posix()}) from error
    return read_pages([page.split("\n") for page in text.split("\f")])


def read_pages(pages: Sequence[Sequence[str]]) -> list[Section]:
    """Sections of the text of pages, each a list of lines; blank lines part paragraphs."""
    furniture = _furniture(pages)
    kept = [[line.strip() for line in page if _shape(line) not in furniture] for page in pages]
    text = clean_text("\n\n".join("\n".join(page) for page in kept))
    paragraphs = [p.strip("\n") for p in re.split(r"\n\s*\n", text) if not p.strip().isdigit()]
    paragraphs = [p for p in paragraphs if p and not _LEADERS.search(p)]
    numbered = any("." in match.group(1) for match in map(_NUMBERED.match, paragraphs) if match)
    outline = Outline()
    for paragraph in paragraphs:
        match = _NUMBERED.match(paragraph) if numbered else None
        if match and not paragraph.endswith((".", ",", ";", ":")):
            outline.heading(match.group(1).count(".") + 1, paragraph)
        else:
            outline.add(Block(" ".join(_HYPHEN.sub("", paragraph).split())))
    return outline.sections()


def _shape(line: str) -> str:
    """A line with its numbers made alike: running heads differ in the page number only."""
    return _DIGITS.sub("#", " ".join(line.split()))


def _furniture(pages: Sequence[Sequence[str]]) -> frozenset[str]:
    """Shapes of the lines that stand at the edge of half of the pages, three at least."""
    seen: Counter[str] = Counter()
    for page in pages:
        lines = [line for line in page if line.strip()]
        seen.update({_shape(line) for line in lines[:_EDGE_LINES] + lines[-_EDGE_LINES:]})
    return frozenset(shape for shape, count in seen.items() if shape and count >= max(3, len(pages) / 2))
