"""What a reader makes of a document: sections under their heading paths, each a list of clean blocks."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

BlockKind = Literal["text", "item", "lead", "code"]

_CONTROL = re.compile("[\x00-\x08\x0b\x0e-\x1f\x7f-\x84\x86-\x9f\u200b\u2060\ufeff\ufffe\uffff]")
_SURROGATE = re.compile("[\ud800-\udfff]")
_NEWLINE = re.compile("\r\n?|[\x0c\x85\u2028\u2029]")
_BACKTICKS = re.compile(r"`{3,}")
_MARK = "\ufffd"


@dataclass(frozen=True, slots=True)
class Block:
    """The smallest piece a reader tells apart.

    Attributes:
        text: clean text; of code, the code without its fence.
        kind: ``text`` is a paragraph, ``item`` a line of a list or table (kept close to the next), ``lead`` a line
            that belongs to what follows it, ``code`` is kept verbatim.
        language: of code, where it was named.
        under: name of the documented object the block belongs to, where the lead that says so is another block.
    """

    text: str
    kind: BlockKind = "text"
    language: str = ""
    under: str = ""

    def render(self) -> str:
        """The text as a model reads it: code in a fence that its content cannot close."""
        return fenced(self.text, self.language) if self.kind == "code" else self.text


@dataclass(slots=True)
class Section:
    """Blocks under one heading path, outermost heading first."""

    headings: tuple[str, ...]
    blocks: list[Block] = field(default_factory=list)


class Outline:
    """Collects blocks under the headings they stand below, and under the object named by ``under``."""

    def __init__(self) -> None:
        self.under = ""
        self._path: list[tuple[int, str]] = []
        self._sections = [Section(())]

    def heading(self, level: int, title: str) -> None:
        """Open a section; ``level`` counts from 1 and closes every section at or below it."""
        title = " ".join(clean_text(title).split()).rstrip(":")
        if not title:
            return
        while self._path and self._path[-1][0] >= level:
            self._path.pop()
        self._path.append((level, title))
        self._sections.append(Section(tuple(name for _, name in self._path)))

    def add(self, block: Block) -> None:
        """Append a block; one without a letter or digit says nothing and is left out."""
        if any(c.isalnum() for c in block.text):
            self._sections[-1].blocks.append(replace(block, under=self.under) if self.under else block)

    def sections(self, title: str = "") -> list[Section]:
        """Sections that hold text, in order; ``title`` goes on top of every path when no heading says it."""
        found = [s for s in self._sections if s.blocks]
        title = " ".join(title.split())
        tops = {s.headings[0] for s in found if s.headings}
        if title and (not tops or (len(tops) > 1 and title not in tops)):
            for section in found:
                section.headings = (title, *section.headings)
        return found


def clean_text(text: str) -> str:
    r"""``text`` with ``\n`` line ends and without control characters, NUL, lone surrogates and invisible marks."""
    text = _NEWLINE.sub("\n", text)
    if not text.isascii():
        text = _SURROGATE.sub(_MARK, text).replace("\xa0", " ").replace("\xad", "")
    return _CONTROL.sub("", text)


def fenced(code: str, language: str = "") -> str:
    """``code`` between backtick fences longer than any inside it."""
    longest = max((len(run) for run in _BACKTICKS.findall(code)), default=2)
    fence = "`" * (longest + 1)
    return f"{fence}{language}\n{code}\n{fence}"


def words(text: str) -> frozenset[str]:
    """The words of ``text`` as a set: how the readers list tags and directives."""
    return frozenset(text.split())


def dedent(lines: Sequence[str]) -> list[str]:
    """Lines without the indentation they share, blank lines at both ends dropped."""
    indent = min((len(line) - len(line.lstrip()) for line in lines if line.strip()), default=0)
    cut = [line[indent:].rstrip() for line in lines]
    while cut and not cut[0]:
        cut.pop(0)
    while cut and not cut[-1]:
        cut.pop()
    return cut


def table_blocks(header: Sequence[str], rows: Iterable[Sequence[str]]) -> list[Block]:
    """A table as one line a row: ``Type: Float; Notes: IEEE``; two cells without a header are ``name: value``."""
    blocks = []
    for row in rows:
        cells = [" ".join(cell.split()) for cell in row]
        if header:
            names = [" ".join(name.split()) for name in header] + [""] * len(cells)
            parts = [f"{name}: {cell}" if name else cell for name, cell in zip(names, cells, strict=False) if cell]
            blocks.append(Block("; ".join(parts), "item"))
        else:
            full = [cell for cell in cells if cell]
            blocks.append(Block((": " if len(full) == 2 else ", ").join(full), "item"))
    return blocks


def read_plain(text: str) -> list[Section]:
    """Plain text as one section: paragraphs are parted by blank lines, their lines kept as they are."""
    outline = Outline()
    for paragraph in re.split(r"\n[ \t]*\n", clean_text(text)):
        outline.add(Block("\n".join(line.rstrip() for line in paragraph.strip("\n").split("\n"))))
    return outline.sections()
