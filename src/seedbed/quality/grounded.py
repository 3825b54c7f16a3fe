"""Is an answer supported by the chunk it was made from? Counted in words, without a model."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, ClassVar

from pydantic import Field

from seedbed.core.config import Strict
from seedbed.core.records import Candidate, Outcome, Verdict
from seedbed.quality.passages import ANSWER_FIELDS, PROMPT_FIELDS, printable, role_field, word_set

if TYPE_CHECKING:
    from seedbed.core.protocols import CheckContext
    from seedbed.kinds.kind import Kind

MAX_CHARS = 60_000
"""Characters of a chunk or an answer that are looked at."""

MAX_STEM = 40
"""Characters of a word that are stemmed and remembered."""

_TOKEN = re.compile(
    r"(?P<code>[A-Za-z_][A-Za-z0-9]*(?:[_.][A-Za-z0-9_]+)+|[a-z]+[A-Z][A-Za-z0-9]*|[A-Z][a-z0-9]+[A-Z][A-Za-z0-9]*"
    r"|[A-Z]{2,}[A-Za-z0-9]*|_\w+|[A-Za-z]+\d\w*)"
    r"|(?P<number>\d+(?:[.,]\d+)*)"
    r"|(?P<word>[^\W\d_]+)"
)
_PARTS = re.compile(r"[A-Za-z]+|\d+")
_BLANKLESS = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af\u0e00-\u0e7f]")
_FENCED = re.compile(r"```.*?(?:```|\Z)", re.DOTALL)
_LIST_NUMBER = re.compile(r"(?m)^[ \t]*(?:\d+[.)]|[-*•])[ \t]+")
_STOP = word_set("""
    a an the and or but if then else of in on at to for from by with without as is are was were be been being it its
    this that these those there here he she they them their his her you your we our i my me us not no nor so than
    too very can could will would shall should may might must do does did done have has had having what which who
    whom whose when where why how all any both each few more most other some such only own same also into about over
    under again once because while during before after above below up down out off between through yes however
    therefore thus e g i.e etc via per one two three first second use used using uses make makes made allow allows
    let lets way ways thing things example der die das und ist ein eine zu den mit von le la les et est des un une
    du que pour el los las y es de en por
""")
_NUMBER_WORDS = {
    "zero": "0", "one": "1", "two": "2", "three": "3", "four": "4", "five": "5", "six": "6", "seven": "7", "eight": "8",
    "nine": "9", "ten": "10", "eleven": "11", "twelve": "12",
}  # fmt: skip


class GroundedOptions(Strict):
    """When an answer counts as supported."""

    threshold: float = Field(
        0.5, ge=0, le=1, description="least support: words found in the chunk, scaled by facts found"
    )
    cosine_weight: float = Field(
        0.3, ge=0, le=1, description="part of the score that the cosine of answer and chunk makes up, where it is known"
    )


class GroundedCheck:
    """Fails an answer whose words, numbers and names do not occur in the chunk it was made from, or in its question.

    Words are compared by stems. Numbers and identifiers are facts: the score is scaled by the share of them that
    occurs. The share of words found is ROUGE-1 precision against the source (Lin 2004), over content words only.

    Args:
        options: threshold and weights.
        kind: says which field answers and which one asks.
    """

    name: ClassVar[str] = "grounded"
    version: ClassVar[str] = "1"
    order: ClassVar[int] = 40
    Options: ClassVar[type[Strict]] = GroundedOptions

    def __init__(self, options: GroundedOptions, kind: Kind) -> None:
        self.options = options
        self._answer = role_field(kind, ANSWER_FIELDS)
        self._prompt = role_field(kind, PROMPT_FIELDS)

    def check(self, candidate: Candidate, context: CheckContext) -> Verdict:
        """Score 0 to 1; unscored without a chunk, an answer field or a word to look for."""
        answer = context.content.get(self._answer) if self._answer else None
        if candidate.seed is None or not candidate.seed.text.strip():
            return self._unscored("no_seed", "made without a source text")
        if not isinstance(answer, str):
            return self._unscored("no_answer", "the kind has no answer to look up")
        support = vocabulary("\n".join((*candidate.seed.headings, candidate.seed.text))[:MAX_CHARS])
        asked = context.content.get(self._prompt) if self._prompt else None
        asked_terms = terms_of(asked[:MAX_CHARS]) if isinstance(asked, str) else set()
        words, facts = content_words(answer[:MAX_CHARS])
        if not words and not facts:
            return self._unscored("nothing_to_check", "the answer has no word that could be looked up")
        missing_words = [w for w, stem in words.items() if stem not in support and stem not in asked_terms]
        missing_facts = [f for f in facts if not _known(f, support) and not _known(f, asked_terms)]
        score = 1.0 - len(missing_words) / len(words) if words else 1.0
        cosine = context.similarities.get("answer_seed")
        if cosine is not None and words:
            score += self.options.cosine_weight * (min(1.0, max(0.0, cosine)) - score)
        for numeric in (True, False):  # right units must not make up for wrong numbers
            these = [f for f in facts if f[0].isdigit() is numeric]
            if these:
                score *= 1.0 - sum(f in missing_facts for f in these) / len(these)
        return self._verdict(round(score, 4), missing_words, missing_facts)

    def _verdict(self, score: float, words: list[str], facts: list[str]) -> Verdict:
        threshold = self.options.threshold
        passed = score >= threshold
        evidence: dict[str, Any] = {}
        if words and not passed:
            evidence["unsupported"] = [printable(w, 40) for w in words[:12]]
        if facts:
            evidence["unsupported_facts"] = [printable(f, 60) for f in facts[:12]]
        named = ", ".join(printable(w, 40) for w in (*facts, *words)[:5])
        return Verdict(
            self.name,
            self.version,
            Outcome.PASS if passed else Outcome.FAIL,
            score=score,
            threshold=threshold,
            reason="" if passed else f"the source does not say: {named}" if named else "far from what the source says",
            code="" if passed else "not_grounded",
            evidence=evidence,
        )

    def _unscored(self, code: str, reason: str) -> Verdict:
        return Verdict(self.name, self.version, Outcome.UNSCORED, reason=reason, code=code)


@functools.lru_cache(maxsize=8_192)
def stem(word: str) -> str:
    """``word`` in lower case without common English endings; a light stemmer in the manner of Porter (1980), step 1."""
    w = word.lower()
    if len(w) > 4:
        for ending, instead in _ENDINGS:
            if w.endswith(ending) and len(w) - len(ending) >= 3:
                w = w[: -len(ending)] + instead
                if w[-1] == w[-2] and w[-1] not in "lsz":
                    w = w[:-1]
                break
    elif len(w) == 4 and w[-1] == "s" and w[-2] != "s":
        w = w[:-1]
    return w[:-1] if len(w) > 3 and w[-1] == "e" else w


_ENDINGS = (
    ("ations", ""), ("ation", ""), ("ities", ""), ("ments", ""), ("ings", ""), ("ness", ""), ("ment", ""), ("able", ""),
    ("ible", ""), ("ally", ""), ("ions", ""), ("ies", "y"), ("ing", ""), ("ion", ""), ("ity", ""), ("ied", "y"),
    ("ors", ""), ("ers", ""), ("ed", ""), ("es", ""), ("ly", ""), ("er", ""), ("or", ""), ("al", ""), ("s", ""),
)  # fmt: skip


def _tokens(text: str) -> Iterator[tuple[str, str]]:
    for found in _TOKEN.finditer(text):
        yield found.lastgroup or "", found[0]


def _bigrams(run: str) -> Iterator[str]:
    yield from (run[i : i + 2] for i in range(len(run) - 1)) if len(run) > 1 else (run,)


def content_words(answer: str) -> tuple[dict[str, str], dict[str, None]]:
    """Words worth looking up with their stems, and facts (numbers, identifiers), both without repeats and in order."""
    words: dict[str, str] = {}
    facts: dict[str, None] = {}
    for group, token in _tokens(_LIST_NUMBER.sub("", _FENCED.sub(" ", answer))):
        if group == "number" or group == "code":
            facts[token] = None
        elif _BLANKLESS.search(token):
            words.update((pair, pair) for pair in _bigrams(token))
        elif len(token) > 1 and (low := token.lower()) not in _STOP:
            words.setdefault(low, stem(low[:MAX_STEM]))
    return words, facts


def terms_of(text: str) -> set[str]:
    """Everything an answer's word, number or identifier may be found as."""
    out: set[str] = set()
    for group, token in _tokens(text):
        low = token.lower()
        out.add(low)
        if group == "number":
            out.add(_plain_number(token))
            continue
        if group == "code":
            # The 5 of h5py is no number that the text states.
            for part in (p for p in _PARTS.findall(token) if len(p) > 1 or p.isalpha()):
                out.add(part.lower())
                out.add(stem(part[:MAX_STEM]))
        elif _BLANKLESS.search(token):
            out.update(_bigrams(token))
        out.add(stem(low[:MAX_STEM]))
        if low in _NUMBER_WORDS:
            out.add(_NUMBER_WORDS[low])
    return out


@functools.lru_cache(maxsize=16)
def vocabulary(text: str) -> frozenset[str]:
    """Terms of a chunk; several candidates come from one."""
    return frozenset(terms_of(text))


def _known(fact: str, terms: frozenset[str] | set[str]) -> bool:
    low = fact.lower()
    if low in terms or stem(low[:MAX_STEM]) in terms:
        return True
    if fact[0].isdigit():
        return _plain_number(fact) in terms
    parts = [p.lower() for p in _PARTS.findall(fact) if len(p) > 1 or p.isalpha()]
    return bool(parts) and all(p in terms or stem(p[:MAX_STEM]) in terms for p in parts)


def _plain_number(token: str) -> str:
    """``1,000.50`` and ``1000.5`` alike."""
    plain = re.sub(r",(?=\d{3}\b)", "", token)
    return plain.rstrip("0").rstrip(".") if "." in plain else plain
