"""Sections into chunks: whole paragraphs where they fit, else whole sentences, else words; code is cut last.

An own splitter rather than a library: those measured either cut plain text by length without knowing code fences and
heading paths, or bring tokenizers and parsers that a base install should not carry.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

from seedbed.sources.blocks import Block, Section, fenced

_ABBREVIATION = re.compile(
    r"(?:\b(?:e\.g|i\.e|etc|vs|cf|al|approx|resp|incl|Fig|Figs|Eq|No|Nos|Vol|Sec|Ch|pp|Mr|Mrs|Ms|Dr|Prof|St|Jr|Sr"
    r"|Inc|Ltd|Co|Corp|[A-Z]))\.$"
)
_SENTENCE_END = re.compile(r"[.!?…]['\"”’)\]`*]*(?=\s)|[。！？]['\"”’」』）]*")
_TICKS = re.compile(r"`{3,}")

_Ends = Callable[[str], list[int]]
"""Finds the offsets at which a text may be cut."""


def _ends_of(pattern: str) -> _Ends:
    compiled = re.compile(pattern)
    return lambda text: [match.end() for match in compiled.finditer(text)]


_CLAUSES = _ends_of(r"[;:,，；：、](?=\s|[^\x00-\x7f])")
_LINES = _ends_of(r"(?=\n)")
_WORDS = _ends_of(r"(?<=\S)(?=\s)")
_PARAGRAPHS = _ends_of(r"(?=\n[ \t]*\n)")


@dataclass(frozen=True, slots=True)
class Chunk:
    """Text for one seed and the heading path above it."""

    headings: tuple[str, ...]
    text: str


@dataclass(frozen=True, slots=True)
class _Piece:
    """What is kept whole, and the white space that parts it from the next piece in the same chunk."""

    text: str
    gap: str
    prose: bool = True
    under: str = ""


def chunk_sections(sections: Iterable[Section], *, size: int, overlap: int = 0, minimum: int = 0) -> list[Chunk]:
    """Chunks of at most ``size`` characters, in document order; without overlap no text is lost or doubled.

    Args:
        sections: what a reader found.
        size: most characters in a chunk, at least 40.
        overlap: most characters of the sentences before that a chunk repeats, within one section; less than half of
            ``size``.
        minimum: a section or rest shorter than this joins a neighbour under the same parent.
    """
    chunks: list[Chunk] = []
    for section in _merge_small(sections, minimum):
        pieces = _pieces(section.blocks, size - overlap)
        groups = _pack(pieces, size - overlap, minimum)
        for group, text in zip(groups, _with_overlap(groups, overlap), strict=True):
            under = group[0].under  # the chunk starts amid the description of this object
            chunks.append(Chunk((*section.headings, under) if under else section.headings, text))
    return chunks


def _length(section: Section) -> int:
    return sum(len(block.render()) + 2 for block in section.blocks)


def _merge_small(sections: Iterable[Section], minimum: int) -> list[Section]:
    """Sections with those under ``minimum`` characters joined to a neighbour of the same parent."""
    merged: list[Section] = []
    every = list(sections)
    for index, section in enumerate(every):
        after = every[index + 1].headings if index + 1 < len(every) else ()
        introduces = len(after) > len(section.headings) and _common(section.headings, after) == section.headings
        if introduces and section.headings and merged and _length(merged[-1]) >= minimum:
            merged.append(section)  # when small, it joins the subsection it introduces
        elif merged and min(_length(merged[-1]), _length(section)) < minimum and _related(merged[-1], section):
            merged[-1] = _joined(merged[-1], section, minimum)
        else:
            merged.append(section)
    return merged


def _common(one: Sequence[str], other: Sequence[str]) -> tuple[str, ...]:
    count = 0
    while count < min(len(one), len(other)) and one[count] == other[count]:
        count += 1
    return tuple(one[:count])


def _related(one: Section, other: Section) -> bool:
    """Whether they are siblings, or one is the other's parent."""
    return len(_common(one.headings, other.headings)) >= max(len(one.headings), len(other.headings)) - 1


def _joined(one: Section, other: Section, minimum: int) -> Section:
    """Both sections under the larger one's path, or their parent's when both are small; titles become lead lines."""
    larger = max(one, other, key=_length)
    headings = _common(one.headings, other.headings)
    if _length(larger) >= minimum or not headings:
        headings = larger.headings
    blocks = list(one.blocks)
    if one.headings and one.headings != headings[: len(one.headings)]:
        blocks.insert(0, Block(one.headings[-1], "lead"))
    if other.headings and (other.headings != headings or len(blocks) > len(one.blocks)):
        blocks.append(Block(other.headings[-1], "lead"))
    return Section(headings, [*blocks, *other.blocks])


def _pieces(blocks: Sequence[Block], size: int) -> list[_Piece]:
    """Blocks as pieces of at most ``size``; a lead, or a line that ends in a colon, is glued to what it announces."""
    pieces: list[_Piece] = []
    glue = False
    blocks = [block for block in blocks if block.text.strip()]
    for index, block in enumerate(blocks):
        following = blocks[index + 1] if index + 1 < len(blocks) else None
        close = block.kind == "lead" or (block.kind == "item" and following is not None and following.kind == "item")
        new = _split_block(block, size)
        new = [replace(piece, under=block.under) for piece in new] if block.under else new
        new[-1] = replace(new[-1], gap="\n" if close else "\n\n")
        if glue and len(pieces[-1].text) + len(pieces[-1].gap) + len(new[0].text) <= size:
            last = pieces.pop()
            new[0] = replace(new[0], text=last.text + last.gap + new[0].text, under=last.under)
        pieces += new
        glue = block.kind == "lead" or block.text.endswith(":")
    return pieces


def _split_block(block: Block, size: int) -> list[_Piece]:
    """One block as pieces of at most ``size`` characters."""
    whole = block.render()
    if len(whole) <= size:
        return [_Piece(whole, "\n\n", block.kind != "code")]
    if block.kind != "code":
        return _cut(whole, size, (_sentences, _CLAUSES, _LINES, _WORDS))
    room = size - len(fenced("", block.language)) - _longest_ticks(block.text)
    language = block.language
    if room < size // 2:  # an absurd language tag or run of backticks leaves no room: keep the code, drop the fence
        return [replace(piece, prose=False) for piece in _cut(block.text, size, (_LINES,))]
    parts = _pack(_cut(block.text, room, (_PARAGRAPHS, _LINES)), room, 0)
    codes = ("".join(piece.text + piece.gap for piece in part).strip("\n") for part in parts)
    return [_Piece(fenced(code, language), "\n\n", prose=False) for code in codes]


def _longest_ticks(code: str) -> int:
    return 2 * max((len(run) for run in _TICKS.findall(code)), default=0)


def _sentences(text: str) -> list[int]:
    """Offsets after each sentence; abbreviations and single initials end none (a rule, not a model)."""
    ends = []
    for match in _SENTENCE_END.finditer(text):
        if match.group()[0] == "." and _ABBREVIATION.search(text, max(0, match.start() - 8), match.start() + 1):
            continue
        ends.append(match.end())
    return ends


def _cut(text: str, size: int, ways: tuple[_Ends, ...]) -> list[_Piece]:
    """``text`` cut the first way that helps, and what is still too long by the next; at last anywhere."""
    if len(text) <= size:
        return [_Piece(text, "")]
    if not ways:
        return [_Piece(text[i : i + size], "") for i in range(0, len(text), size)]
    way, *rest = ways
    pieces: list[_Piece] = []
    start = 0
    for end in [*(end for end in way(text) if 0 < end < len(text)), len(text)]:
        part = text[start:end]
        body = part.lstrip("\n") if part.startswith("\n") or not start else part.lstrip()  # a line stays indented
        if pieces:
            pieces[-1] = replace(pieces[-1], gap=part[: len(part) - len(body)])
        if body.strip():
            pieces += _cut(body, size, tuple(rest))
        start = end
    return pieces


def _pack(pieces: Sequence[_Piece], size: int, minimum: int) -> list[list[_Piece]]:
    """Pieces in groups of at most ``size`` characters, cut where the groups come out most even."""
    left = sum(len(p.text) + len(p.gap) for p in pieces)
    groups: list[list[_Piece]] = []
    length = 0
    target = 0.0
    for piece in pieces:
        gap = len(groups[-1][-1].gap) if groups else 0
        full = length + gap + len(piece.text)
        if not groups or full > size or full - target > target - length:
            groups.append([])
            target = left / math.ceil(left / size)
            length = gap = 0
        groups[-1].append(piece)
        length += gap + len(piece.text)
        left -= len(piece.text) + len(piece.gap)
    if len(groups) > 1 and length < minimum and _group_length(groups[-2] + groups[-1]) <= size:
        groups[-2:] = [groups[-2] + groups[-1]]
    return groups


def _group_length(group: Sequence[_Piece]) -> int:
    return sum(len(p.text) + len(p.gap) for p in group) - len(group[-1].gap)


def _with_overlap(groups: Sequence[Sequence[_Piece]], overlap: int) -> list[str]:
    """Text of each group; from the second on, the last sentences of the group before go first."""
    texts = []
    for index, group in enumerate(groups):
        text = "".join(p.text + p.gap for p in group[:-1]) + group[-1].text
        if index and overlap:
            before = groups[index - 1]
            gap = before[-1].gap or " "
            tail = _tail(_prose_at_end(before), overlap - len(gap))
            text = f"{tail}{gap}{text}" if tail else text
        texts.append(text.strip("\n").rstrip())
    return texts


def _prose_at_end(group: Sequence[_Piece]) -> str:
    """The text of the group after its last code."""
    start = max((i for i, piece in enumerate(group, start=1) if not piece.prose), default=0)
    return "".join(p.text + p.gap for p in group[start:-1]) + group[-1].text if start < len(group) else ""


def _tail(text: str, size: int) -> str:
    """The last whole sentences of ``text`` within ``size`` characters, else its last whole words."""
    for ends in (_sentences(text), _WORDS(text)):
        tails = (text[end:].strip() for end in ends if len(text) - end <= size + 1)
        found = next((tail for tail in tails if tail and len(tail) <= size), "")
        if found:
            return found
    return ""
