"""The slot guard: whether two close texts say the same thing, or fill one template with different things.

Vectors hardly see one changed number, name or "not" (a negated sentence has cosine 0.97 with MiniLM, 0.98 with the
static table), so a near duplicate is one only when its slots agree as well. Rules, no model; English. In doubt a
pair counts as siblings: those are kept and counted per template, where a wrong duplicate would be lost.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Literal

from seedbed.similarity.slot_text import Item, Slots, read_slots
from seedbed.similarity.slot_words import (
    DETERMINERS,
    JOINERS,
    PREPOSITIONS,
    ROLES,
    STRICT_GROUPS,
    opposed,
    same_meaning,
)

Relation = Literal["duplicate", "sibling", "near"]

_READ = 20_000
"""Characters whose slots are read; beyond them texts have to be equal."""

_SHOWN = 40
_MOST_SHOWN = 4
_LONGEST_KEY = 200
_MOST_COMPARED = 400
_MOST_ORDERED = 1000
_ORDER = "order: the same words in another order"
_REPLACED_SHARE = 0.3
_MOVERS = PREPOSITIONS | {"many", "much", "which", "what", "when", "if", "while", "because"}
_NOUN_LINKS = frozenset({"of", "in", "for", "on", "about"})


@dataclass(frozen=True, slots=True)
class SlotDifference:
    """What two texts differ in beyond wording.

    Attributes:
        differing: one sentence fragment for each kind of slot, e.g. ``number: 3 ≠ 5``; empty when the slots agree.
    """

    differing: tuple[str, ...] = ()

    @property
    def same(self) -> bool:
        """Whether all slots agree."""
        return not self.differing


def compare(a: str, b: str) -> SlotDifference:
    """The slots that differ between ``a`` and ``b``; about 50 µs for two sentences, no model.

    Compared are numbers (in digits or words), ordinals, units, dates, quoted strings, identifiers, proper names, JSON
    leaves, operators, negations, opposites (increase/decrease), the order of equal words (who bit whom), and plain
    words replaced by others that are no synonyms. A quoted string, identifier or name that the other text holds in
    plain words does not count as missing. Lines that both texts have whole (the same instructions, the same input) say
    nothing about the others, however long they are: only what stands beside them is compared.
    """
    return SlotDifference(tuple(_differences(a, b)))


def agree(a: str, b: str) -> bool:
    """Whether no slot differs; quicker than ``compare`` where one does."""
    return next(_differences(a, b), None) is None


def _differences(a: str, b: str) -> Iterator[str]:
    """One fragment for each kind of slot that differs, as they are looked at."""
    a, b = _beside(a.strip(), b.strip())
    if a == b:
        return
    if a[_READ:] != b[_READ:]:
        yield f"long text: differs beyond {_READ} characters"
        return
    x, y = read_slots(a[:_READ]), read_slots(b[:_READ])
    any_slot = False
    for difference in _slot_differences(x, y):
        if difference:
            any_slot = True
            yield difference
    if not any_slot and (replaced := _replaced(x, y)):
        yield replaced


def _slot_differences(x: Slots, y: Slots) -> Iterator[str]:
    yield _numbers(x, y)
    yield _either("unit", x.units - y.units, y.units - x.units, both=True)
    yield _missing("date", x, y, lambda s: s.dates, _has_word)
    yield _missing("quoted", x, y, lambda s: s.quotes, _has_phrase)
    yield _missing("identifier", x, y, lambda s: s.identifiers, _has_identifier)
    yield _missing("name", x, y, lambda s: s.names, _has_name)
    yield _either("json", x.leaves - y.leaves, y.leaves - x.leaves)
    yield _either("operator", x.operators - y.operators, y.operators - x.operators, both=True)
    yield _negation(x, y)
    yield _opposites(x, y)
    yield _order(x, y)


def _beside(a: str, b: str) -> tuple[str, str]:
    """Each text without the lines that both have; as they are where that would leave nothing of one."""
    if "\n" not in a or "\n" not in b:
        return a, b
    left, right = ({" ".join(line.lower().split()): line for line in text.split("\n")} for text in (a, b))
    rest = ["\n".join(each[key] for key in each if key not in other) for each, other in ((left, right), (right, left))]
    return (rest[0], rest[1]) if rest[0].strip() and rest[1].strip() else (a, b)


def relation(similarity: float, threshold: float, a: str, b: str) -> tuple[Relation, tuple[str, ...]]:
    """How two texts relate, and the slots that differ.

    ``duplicate``: at least as similar as ``threshold`` and all slots agree. ``sibling``: that similar, or the same
    template, but slots differ; siblings are good data, to be counted and capped, not dropped. ``near``: the rest.
    """
    difference = compare(a, b)
    if similarity >= threshold:
        return ("duplicate", ()) if difference.same else ("sibling", difference.differing)
    if not difference.same and template_key(a) == template_key(b):
        return "sibling", difference.differing
    return "near", difference.differing


def template_key(text: str) -> str:
    """``text`` in lower case with its slots masked, so that siblings share it; long ones end in a hash."""
    masked = read_slots(text[:_READ]).masked
    key = " ".join(word for i, word in enumerate(masked) if not i or word != "#" or masked[i - 1] != "#")
    if len(key) <= _LONGEST_KEY:
        return key
    tail = hashlib.blake2b(key.encode("utf-8", "surrogatepass"), digest_size=8).hexdigest()
    return f"{key[:_LONGEST_KEY]} {tail}"


def _either(kind: str, a: Iterable[str], b: Iterable[str], *, both: bool = False) -> str:
    """``kind: a ≠ b``, or ``""`` when there is nothing on either side (with ``both``: on one of them)."""
    left, right = sorted(a), sorted(b)
    if not (left and right) and (both or not (left or right)):
        return ""
    return f"{kind}: {_show(left)} ≠ {_show(right)}"


def _show(values: list[str]) -> str:
    shown = [value if len(value) <= _SHOWN else value[: _SHOWN - 1] + "…" for value in values[:_MOST_SHOWN]]
    return ", ".join(shown) + (" …" if len(values) > _MOST_SHOWN else "") if values else "nothing"


def _numbers(x: Slots, y: Slots) -> str:
    """Numbers as multisets; a lone "one" equals a 1 and otherwise counts for nothing ("which one")."""
    left, right = x.numbers - y.numbers, y.numbers - x.numbers
    for mine, other in ((left, y), (right, x)):
        if 0 < mine["1"] <= other.ones:
            del mine["1"]
    return _either("number", +left, +right)


def _missing(
    kind: str, x: Slots, y: Slots, part: Callable[[Slots], dict[str, str]], held: Callable[[Slots, str], bool]
) -> str:
    """Slots of one text that the other does not hold, in whatever form."""
    mine, theirs = part(x), part(y)
    if not mine and not theirs:
        return ""
    left = [shown for key, shown in mine.items() if key not in theirs and not held(y, key)]
    right = [shown for key, shown in theirs.items() if key not in mine and not held(x, key)]
    return _either(kind, left, right)


def _has_word(slots: Slots, word: str) -> bool:
    return word in slots.known


def _has_phrase(slots: Slots, phrase: str) -> bool:
    return f" {phrase} " in slots.flat or phrase in slots.known


def _has_identifier(slots: Slots, name: str) -> bool:
    low = name.lower()
    return low in slots.known or (name in slots.identifiers) or f" {low.replace('_', ' ')} " in slots.flat


def _has_name(slots: Slots, name: str) -> bool:
    """Also in another form: France's, Roman/Romans, Einstein/einstein."""
    if name in slots.known:
        return True
    stem = name[: max(4, len(name) - 2)]
    return len(name) > 4 and any(word.startswith(stem) and abs(len(word) - len(name)) < 4 for word in slots.known)


def _negation(x: Slots, y: Slots) -> str:
    """Another number of negations, or a word against its negated form."""
    if len(x.negations) != len(y.negations):
        return _either("negation", x.negations, y.negations)
    left, right = x.known - y.known, y.known - x.known
    if len(left) * len(right) > _MOST_COMPARED:
        return ""
    pair = next(((a, b) for a, b in _alike_at_one_end(left, right) if opposed(a, b)), None)
    return f"opposite: {pair[0]} ≠ {pair[1]}" if pair else ""


def _alike_at_one_end(left: Iterable[str], right: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Pairs of words that begin or end with the same three letters, as all opposites by form do; sorted."""
    ends: dict[tuple[bool, str], list[str]] = {}
    for word in right:
        ends.setdefault((True, word[:3]), []).append(word)
        ends.setdefault((False, word[-3:]), []).append(word)
    for word in sorted(left):
        alike = {*ends.get((True, word[:3]), ()), *ends.get((False, word[-3:]), ())}
        yield from ((word, other) for other in sorted(alike))


def _opposites(x: Slots, y: Slots) -> str:
    """Each text has more of one pole of the same group; a pole on one side only may be mere wording, but for some."""
    left, right = x.poles - y.poles, y.poles - x.poles
    for group, pole in left:
        for other_group, other_pole in right:
            if group == other_group and pole != other_pole:
                return f"opposite: {x.pole_words[group, pole]} ≠ {y.pole_words[group, other_pole]}"
    strict_left = [x.pole_words[place] for place in left if place[0] in STRICT_GROUPS and place not in y.poles]
    strict_right = [y.pole_words[place] for place in right if place[0] in STRICT_GROUPS and place not in x.poles]
    return _either("opposite", strict_left, strict_right)


def _order(x: Slots, y: Slots) -> str:
    """Equal words in another order, unless the order is mere wording.

    Wording are: operands of "and", "or"; one phrase moved with the word that governs it ("in Python, …"); and a
    compound for a phrase with "of" ("database index", "index of a database").
    """
    a, b = x.items, y.items
    if Counter(i.word for i in a) != Counter(i.word for i in b):
        return ""
    if len(a) > _MOST_ORDERED:
        return "" if _words(a) == _words(b) else _ORDER
    if _words(a) == _words(b):
        swapped = any(
            i.marker in ROLES and j.marker in ROLES and i.marker != j.marker for i, j in zip(a, b, strict=True)
        )
        return "order: the same words in other roles" if swapped else ""
    a, b = _joined(a), _joined(b)
    if _words(a) == _words(b) or _is_moved(a, b) or _is_turned(a, b) or _compounds(a) == _compounds(b):
        return ""
    return _ORDER


def _word(item: Item) -> str:
    return item.word


def _words(items: list[Item]) -> list[str]:
    return [item.word for item in items]


def _joined(items: list[Item]) -> list[Item]:
    """Operands of "and", "or" and commas sorted, each with the gap before the first of them."""
    out: list[Item] = []
    run: list[Item] = []
    for item in [*items, None]:
        joins = item is not None and run and set(item.gap) & JOINERS and set(item.gap) <= JOINERS | DETERMINERS
        if not joins and run:
            out += [Item(i.word, run[0].gap, i.loose) for i in sorted(run, key=_word)]
            run = []
        if item is not None:
            run.append(item)
    return out


def _is_moved(a: list[Item], b: list[Item]) -> bool:
    """Whether one phrase of ``a`` moved from an end to the other, and what governs it moved along."""
    words_a, words_b = _words(a), _words(b)
    for turn in range(1, len(a)):
        if words_a[turn] == words_b[0] and words_a[turn:] + words_a[:turn] == words_b:
            back = len(a) - turn
            return any(i.marker == j.marker and i.marker in _MOVERS for i, j in ((a[turn], b[0]), (a[0], b[back])))
    return False


def _is_turned(a: list[Item], b: list[Item]) -> bool:
    """Whether two neighbours changed places as wording: "Python module", "module in Python"; "len() function"."""
    first = next((i for i, (x, y) in enumerate(zip(a, b, strict=True)) if x.word != y.word), len(a))
    if first + 1 >= len(a) or _words(a[first + 2 :]) != _words(b[first + 2 :]) or a[first].word != b[first + 1].word:
        return False
    x, y = a[first + 1], b[first + 1]
    if not x.gap and not y.gap:
        return x.loose != y.loose
    return any(not one.gap and other.marker in _NOUN_LINKS for one, other in ((x, y), (y, x)))


def _replaced(x: Slots, y: Slots) -> str:
    """Plain words in place of others that are no synonyms: one for one, or too many for a mere rewording."""
    mine, theirs = (Counter(item.word for item in slots.items if not item.loose) for slots in (x, y))
    left, right = sorted(mine - theirs), sorted(theirs - mine)
    if not left or not right or len(left) * len(right) > _MOST_COMPARED:
        return ""
    for word in list(left):
        twin = next((other for other in right if same_meaning(word, other)), None)
        if twin is not None:
            left.remove(word)
            right.remove(twin)
    share = (len(left) + len(right)) / (len(x.items) + len(y.items))
    if left and right and (len(left) == len(right) == 1 or share > _REPLACED_SHARE):
        return _either("word", left, right)
    return ""


def _compounds(items: list[Item]) -> list[str]:
    """Words with "index of a database" turned into "database index", from the right."""
    phrases: list[tuple[str, list[str]]] = []
    for item in items:
        if item.gap or not phrases:
            phrases.append((item.marker, [item.word]))
        else:
            phrases[-1][1].append(item.word)
    out: list[str] = []
    while phrases:
        marker, words = phrases.pop()
        if marker in _NOUN_LINKS and phrases:
            before, head = phrases.pop()
            phrases.append((before, words + head))
        else:
            out = words + out
    return out
