"""Reads the slots of a text: numbers, names, quotes, identifiers, negations, JSON leaves and the order of words."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from seedbed.similarity.number_words import LONE_ONE, NumberRun
from seedbed.similarity.slot_words import (
    CAPITAL_DATES,
    DATES,
    DETERMINERS,
    FRACTIONS,
    FUNCTION_WORDS,
    LONG_UNITS,
    NEGATIONS,
    NEVER_NAMES,
    ORDINALS,
    POLES,
    PREPOSITIONS,
    UNITS,
)

# Every repetition is bounded, so that no text makes the search slower than linear.
_TOKEN = re.compile(
    r"""
    (?P<code>`[^`\n]{1,200}`)
  | (?P<quote>"[^"\n]{1,300}"|“[^”\n]{1,300}”|«[^»\n]{1,300}»|(?<!\w)'[^'\n]{1,200}'(?!\w)|‘[^’\n]{1,200}’(?!\w))
  | (?P<url>https?://[^\s<>"']{1,300}|(?<![\w.+-])[\w.+-]{1,64}@[\w-]{1,64}(?:\.[\w-]{1,64}){1,8})
  | (?P<path>(?<![\w/])[\w.~-]{0,64}(?:/[\w.~-]{1,64}){1,20}/?|\b[A-Za-z]:\\[\w.\\-]{1,200})
  | (?P<flag>(?<![\w-])--?[A-Za-z][\w-]{0,40})
  | (?P<date>\b\d{4}-\d{2}-\d{2}\b|\b\d{1,2}:\d{2}(?::\d{2})?\b)
  | (?P<number>(?:(?<![\w)\]])[-−])?(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)?)(?P<ordinal>(?:st|nd|rd|th)\b)?
  | (?P<dotted>[A-Za-z_]\w{0,64}(?:\.[A-Za-z_]\w{0,64})+|[A-Za-z_]\w{0,64}(?=\((?!e?s\)))
      |\b[A-Za-z](?:\#|\+\+)|\.NET\b)
  | (?P<word>[^\W\d]\w*(?:['’][^\W\d]{1,2}\b)?)
  | (?P<unit>°[CFcf]?|[%$€£¥¢])
  | (?P<operator>[+*=<>^×÷≤≥]|(?<=[\w)]\ )[-−/](?=\ ?[\w(])|(?<=\d)[-−/](?=\d))
  | (?P<mark>[.!?:;\n,&])
    """,
    re.VERBOSE,
)
_SPACE = re.compile(r"\s+")
_JSON_STARTS = re.compile(r"[{\[]")
_JSON_TRIES = 8
_MOST_LEAVES = 2000
_CACHED_BELOW = 2000
_NOT_DOTTED = frozenset({"e.g", "i.e", "a.m", "p.m", "u.s", "u.k", "u.n", "ph.d"})
_SHORT_WORDS = frozenset({"a", "i", "o", "s", "t"})
_UNIT_WORDS_TOO = frozenset({"in", "a"})
_DECODER = json.JSONDecoder(strict=False)


@dataclass(slots=True)
class Item:
    """A word that carries meaning.

    Attributes:
        word: its form.
        gap: function words between it and the one before.
        loose: whether it may stand on either side of its noun: identifiers, quotes, dates.
    """

    word: str
    gap: tuple[str, ...]
    loose: bool = False

    @property
    def marker(self) -> str:
        """The function word that governs it: the last of the gap that is no determiner, or ``""``."""
        return next((word for word in reversed(self.gap) if word not in DETERMINERS), "")


@dataclass(slots=True)
class Slots:
    """What was read. Dictionaries map what is compared to what is shown."""

    numbers: Counter[str] = field(default_factory=Counter)
    ones: int = 0
    units: set[str] = field(default_factory=set)
    dates: dict[str, str] = field(default_factory=dict)
    quotes: dict[str, str] = field(default_factory=dict)
    identifiers: dict[str, str] = field(default_factory=dict)
    names: dict[str, str] = field(default_factory=dict)
    operators: Counter[str] = field(default_factory=Counter)
    leaves: Counter[str] = field(default_factory=Counter)
    negations: list[str] = field(default_factory=list)
    poles: Counter[tuple[int, int]] = field(default_factory=Counter)
    pole_words: dict[tuple[int, int], str] = field(default_factory=dict)
    words: list[str] = field(default_factory=list)
    items: list[Item] = field(default_factory=list)
    masked: list[str] = field(default_factory=list)
    known: set[str] = field(default_factory=set)
    flat: str = ""


def read_slots(text: str) -> Slots:
    """The slots of ``text``; do not change them, short texts are cached."""
    return _cached(text) if len(text) < _CACHED_BELOW else _Reader().read(text)


@lru_cache(maxsize=1024)
def _cached(text: str) -> Slots:
    return _Reader().read(text)


class _Reader:
    """One pass over the tokens of a text."""

    def __init__(self) -> None:
        self.slots = Slots()
        self.gap: list[str] = []
        self.start = True  # whether the next word begins a sentence
        self.opener: tuple[str, int] | None = None  # a capitalised first word, until the next shows if it is a name
        self.number = NumberRun(self._count)

    def read(self, text: str) -> Slots:
        rest = self._take_json(text)
        previous_end = -1
        for match in _TOKEN.finditer(rest):
            kind = str(match.lastgroup)
            token = match.group()
            if kind == "word":
                self._word(token, glued=match.start() == previous_end)
            elif kind == "mark":
                self._mark(token)
            elif kind in ("number", "ordinal"):
                self._digits(match)
            else:
                self._special(kind, token)
            previous_end = match.end()
        self.number.close()
        self._settle_opener(None)
        slots = self.slots
        slots.known.update(slots.words)
        slots.flat = f" {' '.join(slots.words)} "
        return slots

    def _take_json(self, text: str) -> str:
        """Read JSON values inside ``text``; returns what is around them."""
        around, position = [], 0
        for tries, start in enumerate(match.start() for match in _JSON_STARTS.finditer(text)):
            if tries == _JSON_TRIES:
                break
            if start < position:
                continue
            try:
                value, end = _DECODER.raw_decode(text, start)
            except (ValueError, RecursionError):
                continue
            if value:
                around.append(text[position:start])
                position = end
                self.slots.leaves.update(_leaves(value))
                self.slots.masked.append("{}")
        return " ".join([*around, text[position:]]) if around else text

    def _mark(self, mark: str) -> None:
        self.number.close()
        if mark in ",&":
            self.gap.append(mark)
        else:
            self.start = True

    def _digits(self, match: re.Match[str]) -> None:
        self.number.digits(match.group("number"), ordinal=bool(match.group("ordinal")))
        self._settle_opener("0")
        self.slots.masked.append("#")
        self.start = False

    def _count(self, number: str) -> None:
        """Keep a finished number."""
        if number == LONE_ONE:
            self.slots.ones += 1
            self.gap.append("one")
        else:
            self.slots.numbers[number] += 1
            self._item(number)

    def _item(self, word: str, *, loose: bool = False) -> None:
        self.slots.items.append(Item(word, tuple(self.gap), loose))
        self.gap = []

    def _word(self, token: str, *, glued: bool) -> None:
        slots = self.slots
        low = token.lower().replace("’", "'")
        low, _, ending = low.partition("'")
        if ending == "t" and low.endswith("n"):
            slots.words.append("not")
            slots.negations.append("not")
            low = {"can": "can", "won": "will", "shan": "shall"}.get(low, low[:-1])
            self.gap.append("not")
        capital = token[0].isupper()
        first, self.start = self.start, False
        self._settle_opener(low)
        slots.words.append(low)
        if self.number.is_open and self._unit_after_number(low, glued=glued):
            return
        if self.number.word(low, after_a=self.gap[-1:] == ["a"]):
            slots.masked.append("#")
            return
        if low in ORDINALS:
            self._ordinal(low)
            return
        self.number.close()
        if low in FRACTIONS:
            self._count(FRACTIONS[low])
        self._pole(low)
        if low in NEGATIONS:
            slots.negations.append(low)
        self._meaning(token[: len(low)] if ending else token, low, capital=capital, first=first)

    def _unit_after_number(self, low: str, *, glued: bool) -> bool:
        short = UNITS.get(low)
        if short is None or (low in _UNIT_WORDS_TOO and not glued):
            return False
        self.number.close()
        self.slots.units.add(short)
        self.slots.known.add(short)
        self.slots.masked.append("unit")
        return True

    def _ordinal(self, low: str) -> None:
        self.slots.masked.append("#")
        self._pole(low)
        self.number.ordinal(low)

    def _pole(self, low: str) -> None:
        for place in POLES.get(low, ()):
            self.slots.poles[place] += 1
            self.slots.pole_words[place] = low

    def _meaning(self, token: str, low: str, *, capital: bool, first: bool) -> None:
        """Sort a word that is no number: function word, identifier, date, unit, name or plain."""
        slots = self.slots
        if low in DATES or (low in CAPITAL_DATES and capital and not first):
            slots.dates[low] = token
            slots.masked.append("date")
        elif _looks_like_code(token, low) or (token == "A" and not first):
            low = "A" if token == "A" else low
            slots.identifiers[low if len(low) == 1 else token] = token
            slots.known.update(low.split("_"))
            slots.masked.append("`")
        elif low in LONG_UNITS:
            slots.units.add(LONG_UNITS[low])
            slots.known.add(LONG_UNITS[low])
            slots.masked.append("unit")
        elif capital and low not in NEVER_NAMES and (not first or (token.isupper() and len(token) > 1)):
            slots.names[low] = token
            slots.masked.append("@")
        else:
            if capital and first and low not in NEVER_NAMES:
                self.opener = (token, len(slots.masked))
            slots.masked.append(low)
        if low in FUNCTION_WORDS:
            self.gap.append(low)
        elif low not in FRACTIONS:
            self._item(low if len(low) < 4 else low.removesuffix("s"), loose=slots.masked[-1] in ("date", "`"))

    def _settle_opener(self, following: str | None) -> None:
        """A capitalised first word is a name unless what follows shows it to be a verb with its object."""
        if self.opener is None:
            return
        token, index = self.opener
        self.opener = None
        if following is not None and following in (DETERMINERS | PREPOSITIONS | {"me", "how", "why", "what", "if"}):
            return
        self.slots.names[token.lower()] = token
        self.slots.masked[index] = "@"

    def _special(self, kind: str, token: str) -> None:
        self.number.close()
        slots = self.slots
        if kind == "unit":
            slots.units.add(UNITS.get(token.lower(), token))
            return
        if kind == "operator":
            slots.operators["-" if token == "−" else token] += 1
            slots.masked.append(token)
            return
        self.start = False
        self._settle_opener("0")
        if kind == "quote":
            self._quote(token)
        elif kind == "path" and not _is_path(token):
            self._slashed(token)
        elif kind == "dotted" and token.lower() in _NOT_DOTTED:
            self._word(token, glued=False)
        elif kind == "date":
            slots.dates[token] = token
            slots.masked.append("date")
            self._item(token, loose=True)
        else:
            self._identifier(token)

    def _quote(self, token: str) -> None:
        inside = _SPACE.sub(" ", token[1:-1]).strip(" .,;:!?").casefold()
        self.slots.quotes[inside] = token
        self.slots.masked.append('"')
        self.slots.words += re.findall(r"\w+", inside)
        self._item(inside, loose=True)

    def _identifier(self, token: str) -> None:
        name = token.strip("`").removesuffix("()").rstrip(".")
        self.slots.identifiers[name] = token
        self.slots.known.update(re.findall(r"[^\W_]+", name.lower()))
        self.slots.words.append(name.lower())
        self.slots.masked.append("`")
        self._item(name.lower(), loose=True)

    def _slashed(self, token: str) -> None:
        """Words or numbers joined by slashes that are no path: and/or, km/h, 3/4."""
        for part in re.finditer(r"(?P<number>\d+(?:\.\d+)?)(?P<ordinal>th)?|[^\W\d_]+", token):
            if part.group("number"):
                self._digits(part)
            else:
                self._word(part.group(), glued=False)
        self.number.close()


def _looks_like_code(token: str, low: str) -> bool:
    """Whether the word is an identifier by its form: snake_case, camelCase, letters with digits, a lone letter."""
    if len(token) == 1:
        return token.isascii() and low not in _SHORT_WORDS
    if token.isalpha():
        return not (token[1:].islower() or token.isupper() or token.islower())
    return token.strip("_").isidentifier()


def _is_path(token: str) -> bool:
    return token[0] in "/~." or token[1:2] == ":" or token.count("/") > 1 or "." in token.rsplit("/", 1)[-1][1:-1]


def _leaves(value: Any) -> Iterator[str]:
    """``path: value`` of every scalar of a JSON value, at most 2,000."""
    stack: list[tuple[str, Any]] = [("", value)]
    for _ in range(_MOST_LEAVES):
        if not stack:
            return
        path, node = stack.pop()
        if isinstance(node, dict) and node:
            stack += [(f"{path}.{key}" if path else str(key), child) for key, child in node.items()]
        elif isinstance(node, list) and node:
            stack += [(f"{path}[{index}]", child) for index, child in enumerate(node)]
        else:
            whole = int(node) if isinstance(node, float) and node.is_integer() else node
            yield f"{path}: {json.dumps(whole)}"
