"""Word lists of the slot guard, read from ``data/english.txt``: opposites, negations, numbers, units, no-names."""

from __future__ import annotations

from collections.abc import Iterator

from seedbed.similarity.wordpiece import DATA


def _read_lists() -> dict[str, list[str]]:
    """Lines of every list by its name."""
    lists: dict[str, list[str]] = {}
    lines: list[str] = []
    for line in (DATA / "english.txt").read_text(encoding="utf-8").splitlines():
        if line.endswith(":"):
            lines = lists[line[:-1]] = []
        elif line and not line.startswith("#"):
            lines.append(line)
    return lists


_LISTS = _read_lists()


def _words(name: str) -> list[str]:
    return " ".join(_LISTS[name]).split()


_PREFIX_PAIRS = (
    ("in", "ex"), ("im", "ex"), ("in", "de"), ("en", "de"), ("en", "dis"), ("pre", "post"), ("over", "under"),
    ("up", "down"), ("maxi", "mini"), ("inter", "intra"), ("micro", "macro"), ("homo", "hetero"), ("hyper", "hypo"),
    ("out", "in"), ("fore", "back"), ("sub", "super"), ("mono", "poly"), ("pro", "anti"), ("endo", "exo"),
)  # fmt: skip
_NEGATING_PREFIXES = ("un", "in", "im", "il", "ir", "dis", "non", "anti", "de", "mis")

NEGATIONS = frozenset(_words("negations"))
NUMBERS = {word: value for value, word in enumerate(_words("numbers"))} | {
    word: 10 * tens for tens, word in enumerate(_words("tens"), start=2)
}
MULTIPLIERS = {"hundred": 100, "thousand": 1000, "million": 10**6, "billion": 10**9, "trillion": 10**12, "dozen": 12}
FRACTIONS = {"half": "0.5", "halves": "0.5", "quarter": "0.25", "quarters": "0.25"}
ORDINALS = {word: place for place, word in enumerate(_words("ordinals"), start=1)}

DATES = frozenset(_words("dates"))
CAPITAL_DATES = frozenset({"may", "march"})
"""Months only when they are written with a capital inside a sentence."""

UNITS = {form: line.split()[0] for line in _LISTS["units"] for form in line.split()}
"""Every written form of a unit → its short form."""

LONG_UNITS = {form: short for form, short in UNITS.items() if len(form) > 3 and form != "second"}
"""Forms that name a unit without a number before them."""

DETERMINERS = frozenset(_words("determiners"))
JOINERS = frozenset({"and", "or", "vs", "versus", "&", ","})
PREPOSITIONS = frozenset(_words("prepositions"))
ROLES = frozenset({"from", "to", "into", "by", "before", "after", "than", "over", "under"})
"""Prepositions that give the word behind them its role."""

FUNCTION_WORDS = DETERMINERS | JOINERS | PREPOSITIONS | {"not"} | frozenset(_words("function words"))
NEVER_NAMES = FUNCTION_WORDS | frozenset(_words("common openers"))


def _forms(word: str) -> Iterator[str]:
    """The word and its regular inflections."""
    yield word
    if len(word) < 4:
        yield from (word + "s",) if word.isalpha() and word not in FUNCTION_WORDS else ()
        return
    stem = word.removesuffix("e")
    yield from (word + "s", word + "es", stem + "ed", stem + "ing", word + word[-1] + "ed", word + word[-1] + "ing")
    if word.endswith("y"):
        yield from (word[:-1] + "ies", word[:-1] + "ied")


def _read_poles() -> dict[str, tuple[tuple[int, int], ...]]:
    poles: dict[str, dict[tuple[int, int], None]] = {}
    for group, line in enumerate(_LISTS["opposites"]):
        for pole, members in enumerate(line.removeprefix("!").split("|")):
            for word in members.split():
                for form in _forms(word):
                    poles.setdefault(form, {})[group, pole] = None
    return {word: tuple(places) for word, places in poles.items()}


def _read_synonyms() -> dict[str, frozenset[int]]:
    groups: dict[str, set[int]] = {}
    for group, line in enumerate(_LISTS["synonyms"]):
        for word in line.split():
            for form in _forms(word):
                groups.setdefault(form, set()).add(group)
    return {word: frozenset(places) for word, places in groups.items()}


_SYNONYMS = _read_synonyms()


def same_meaning(a: str, b: str) -> bool:
    """Whether two words are one in other forms or spellings, or listed as synonyms."""
    if _SYNONYMS.get(a, frozenset()) & _SYNONYMS.get(b, frozenset()):
        return True
    common = next((i for i, (x, y) in enumerate(zip(a, b, strict=False)) if x != y), min(len(a), len(b)))
    return common >= 3 and common >= min(len(a), len(b)) - 2 and abs(len(a) - len(b)) <= 4


POLES = _read_poles()
STRICT_GROUPS = frozenset(group for group, line in enumerate(_LISTS["opposites"]) if line.startswith("!"))
"""Groups whose words narrow a task down, so that one said on one side only is a difference."""

"""Word form → its places as (group, pole); a word may belong to several groups."""


def opposed(a: str, b: str) -> bool:
    """Whether two words are each other's opposite by form: possible/impossible, upload/download, careful/careless."""
    if a[-3:] != b[-3:] and a[:3] != b[:3]:
        return False  # every form below leaves one end of the words alike; this keeps nearly all pairs cheap
    if a > b:
        a, b = b, a
    for prefix in _NEGATING_PREFIXES:
        if min(len(a), len(b)) > 3 and (b == prefix + a or a == prefix + b):
            return True
    for one, other in _PREFIX_PAIRS:
        for x, y in ((one, other), (other, one)):
            if a.startswith(x) and b.startswith(y) and len(a) - len(x) >= 3 and a[len(x) :] == b[len(y) :]:
                return True
    return a.endswith("ful") and b.endswith("less") and a[:-3] == b[:-4]
