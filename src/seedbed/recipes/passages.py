"""Sentences of a text that can stand alone as an answer: what a model too small to write answers asks questions about.

Instruction backtranslation in its plainest form (Li et al. 2023, arXiv:2308.06259): the human-written text is the
response, the model only writes the instruction it responds to.
"""

from __future__ import annotations

import random
import re
from collections.abc import Sequence
from dataclasses import dataclass

FEWEST_WORDS = 7
MOST_CHARS = 420
_FENCE = re.compile(r"```.*?(?:```|\Z)", re.DOTALL)
_PARAGRAPHS = re.compile(r"\n\s*\n|\n(?=\s*(?:[-*+]|\d+[.)]|[\w.`*]{1,40}:)\s)")
_ITEM = re.compile(r"^\s*(?:[-*+]|\d+[.)]|#+|>)\s+")
_END = re.compile(r"(?<=[.!?])[\"'”’)\]]*\s+(?=[\"'“‘(`]?[A-Z0-9])")
_ABBREVIATION = re.compile(r"(?:\b(?:e\.g|i\.e|etc|vs|cf|approx|resp|Fig|Eq|No|Dr|Mr|Mrs|Ms|St|[A-Z])|\b\d+)\.$")
_LEANING = re.compile(
    r"(?:This|That|These|Those|It|Its|They|Their|He|She|His|Her|We|Our|Here|There|However|But|And|So|Or|Nor|Also|Then|"
    r"Thus|Hence|Instead|Therefore|Otherwise|Similarly|Likewise|Conversely|Furthermore|Moreover|Finally|Such|Both|Neither|"
    r"Another|Note|See|Above|Below|For (?:example|instance|this|that|these|those)|"
    r"In (?:this|that|these|other|addition|contrast|such)|"
    r"As (?:a result|above|shown|you can see)|On the other hand|Only|Other|Useful|Obviously|"
    r"As we|Consequently|Has|Have|Is|Are|Can|May|Must|Required|Provides|Accepts|Specifies|Allows|Means|"
    r"Alternatively|More information|If (?:not|so|None|this|that|it)|Returns?|Default)\b"
)
_ENTRY = re.compile(r"`[^`]*` [A-Z]|[A-Za-z_][\w.]*: [A-Z]")
"""A reference entry: a name in code with what it does, or ``name: What it is.``"""

_LAYOUT = re.compile(
    r"\b(?:see (?:also|the|below|above)|the (?:following|above|below|previous|next) "
    r"|(?:shown|described|listed|explained|mentioned) (?:above|below|here|in)"
    r"|this (?:section|chapter|page|document|example|guide|tutorial)"
    r"|(?:New|Changed|Deprecated|Added) in version|web ?site|https?:)",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Passage:
    """One or two neighbouring sentences, verbatim up to white space."""

    text: str
    position: int


def sentences(text: str) -> list[str]:
    """Sentences of the prose in ``text`` in order: code blocks left out, list marks off, white space collapsed."""
    found: list[str] = []
    for paragraph in _PARAGRAPHS.split(_FENCE.sub("\n\n", text)):
        line = " ".join(_ITEM.sub("", paragraph).split())
        held = ""
        for piece in _END.split(line):
            held = f"{held} {piece}".strip()
            if len(held) > MOST_CHARS or not _ABBREVIATION.search(held[-12:]):
                found.append(held)
                held = ""
        if held:
            found.append(held)
    return [s for s in found if s]


def passages(text: str) -> list[Passage]:
    """What in ``text`` can be an answer by itself, in order.

    A passage is a full sentence that leans on nothing before it and does not point at the layout; a next sentence that
    leans on it ("This …") is taken along where it fits. Where there is none, reference entries (a name and what it is)
    are taken.
    """
    found: list[Passage] = []
    parts = sentences(text)
    for position, sentence in enumerate(parts):
        if not _stands_alone(sentence):
            continue
        following = parts[position + 1] if position + 1 < len(parts) else ""
        joined = f"{sentence} {following}"
        if _leans_back(following) and len(joined) <= MOST_CHARS:
            sentence = joined
        found.append(Passage(sentence, position))
    return found or [Passage(s, i) for i, s in enumerate(parts) if _is_entry(s)]


def choose(found: Sequence[Passage], *, cue: str, key: str) -> Passage:
    """One of ``found`` (at least one): among those that ``cue`` matches where there are any; by ``key`` alone."""
    fitting = [p for p in found if re.search(cue, p.text)] if cue else []
    return random.Random(key).choice(fitting or found)


def _stands_alone(sentence: str) -> bool:
    if len(sentence) > MOST_CHARS or sentence[-1] not in ".!?" or len(sentence.split()) < FEWEST_WORDS:
        return False
    if not (sentence[0].isupper() or sentence[0] == "`") or _LEANING.match(sentence) or _LAYOUT.search(sentence):
        return False
    if _ENTRY.match(sentence):
        return False
    prose = sum(c.isalpha() or c == " " for c in sentence)
    return prose >= 0.8 * len(sentence) and ": " not in sentence[:40]


def _is_entry(sentence: str) -> bool:
    full = sentence[-1] in ".!?" and len(sentence.split()) >= FEWEST_WORDS and len(sentence) <= MOST_CHARS
    return full and _ENTRY.match(sentence) is not None and not _LAYOUT.search(sentence)


def _leans_back(sentence: str) -> bool:
    """Whether a sentence carries the one before it on, rather than pointing elsewhere."""
    return bool(
        sentence
        and sentence[-1] in ".!?"
        and re.match(r"(?:This|That|These|It|They|Its|Their)\b", sentence)
        and not _LAYOUT.search(sentence)
    )
