"""BERT's uncased WordPiece tokenizer in pure Python, with a cache of words.

Same rules as the original (Devlin et al. 2018, ``tokenization.py``): control characters dropped, lower-cased, accents
stripped, punctuation and CJK characters stand alone, then the longest known piece from the left.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from pathlib import Path

DATA = Path(__file__).parent / "data"
"""Folder of the files shipped beside the code."""

UNKNOWN = "[UNK]"
_LONGEST_WORD = 100
_CACHED_WORDS = 100_000
_ASCII_WORD = re.compile(r"[a-z0-9]+|[!-/:-@\[-`{-~]")
_ASCII_CONTROL = dict.fromkeys([*range(9), 11, 12, *range(14, 32), 127])
# Blocks of the CJK ideographs, as the original lists them.
_CJK = (
    "\u4e00-\u9fff\u3400-\u4dbf\U00020000-\U0002a6df\U0002a700-\U0002b73f\U0002b740-\U0002b81f\U0002b820-\U0002ceaf"
    "\uf900-\ufaff\U0002f800-\U0002fa1f"
)
_CJK_CHARACTER = re.compile(f"([{_CJK}])")


class WordPiece:
    """Texts to token ids, without special tokens.

    Args:
        vocabulary: tokens in id order; ``##`` marks a piece that continues a word.
        unknown: id given to a word that cannot be built from pieces; ``-1`` leaves such words out.
    """

    def __init__(self, vocabulary: Sequence[str], *, unknown: int = -1) -> None:
        self._ids = {token: index for index, token in enumerate(vocabulary)}
        self._words: dict[str, tuple[int, ...]] = {}
        self._unknown = () if unknown < 0 else (unknown,)

    def encode(self, text: str) -> list[int]:
        """Ids of ``text``'s pieces, in order; empty for a text with no word."""
        cache = self._words
        ids: list[int] = []
        for word in words(text):
            pieces = cache.get(word)
            ids += self._split(word) if pieces is None else pieces
        return ids

    def _split(self, word: str) -> tuple[int, ...]:
        """Greedy longest match, cached; a full cache starts over, so hostile input cannot grow it without bound."""
        pieces = self._match(word)
        if len(self._words) >= _CACHED_WORDS:
            self._words.clear()
        self._words[word] = pieces
        return pieces

    def _match(self, word: str) -> tuple[int, ...]:
        known = self._ids.get(word)
        if known is not None:
            return (known,)
        if len(word) > _LONGEST_WORD:
            return self._unknown
        pieces: list[int] = []
        start = 0
        while start < len(word):
            prefix = "##" if start else ""
            for end in range(len(word), start, -1):
                found = self._ids.get(prefix + word[start:end])
                if found is not None:
                    break
            else:
                return self._unknown
            pieces.append(found)
            start = end
        return tuple(pieces)


def words(text: str) -> list[str]:
    """Lower-cased words and single punctuation marks of ``text``, accents stripped, in order."""
    if text.isascii():
        lowered = text.lower()
        if not lowered.isprintable():
            lowered = lowered.translate(_ASCII_CONTROL)
        return _ASCII_WORD.findall(lowered)
    return _other_words(text)


def _other_words(text: str) -> list[str]:
    """The rules in full, for text beyond ASCII."""
    clean = "".join(" " if c.isspace() else c for c in text if not _is_dropped(c))
    spaced = _CJK_CHARACTER.sub(r" \1 ", clean)
    folded = unicodedata.normalize("NFD", spaced.lower())
    found: list[str] = []
    for chunk in folded.split():
        start = len(found)
        fresh = True
        for c in chunk:
            category = unicodedata.category(c)
            if category == "Mn":
                continue
            if category[0] == "P" or (c.isascii() and not c.isalnum()):
                found.append(c)
                fresh = True
            elif fresh or len(found) == start:
                found.append(c)
                fresh = False
            else:
                found[-1] += c
    return found


def _is_dropped(c: str) -> bool:
    return c not in "\t\n\r" and (c in "\x00\ufffd" or unicodedata.category(c) in ("Cc", "Cf", "Co", "Cs"))


def read_vocabulary() -> list[str]:
    """The 30,522 tokens of BERT's uncased English vocabulary, in id order."""
    return (DATA / "vocab.txt").read_text(encoding="utf-8").split("\n")[:30522]
