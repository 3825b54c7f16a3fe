"""Rules that look at a candidate's text alone; one verdict for all of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, ClassVar, Literal

from pydantic import Field

from seedbed.core.config import Strict
from seedbed.core.errors import ConfigError
from seedbed.core.identity import normalised_text
from seedbed.core.records import Candidate, Outcome, Verdict
from seedbed.quality import artefacts
from seedbed.quality.language import KNOWN, other_language
from seedbed.quality.passages import Passage, passages, printable, text_fields

if TYPE_CHECKING:
    from seedbed.core.protocols import CheckContext
    from seedbed.kinds.kind import Kind

Code = Literal[
    "too_long",
    "too_short",
    "control_characters",
    "placeholder",
    "refusal",
    "prompt_leak",
    "answer_equals_question",
    "not_a_question",
    "context_dependent",
    "repetition",
    "unbalanced",
    "truncated",
    "wrong_language",
]

MIN_PROMPT, MIN_PROMPT_ELSEWHERE = 5, 2
"""Fewest characters of a field that asks, in ASCII and beyond (a Chinese question may take three), unless ``min_chars``
says otherwise."""

MIN_FORBIDDEN = 12
"""A forbidden text shorter than this must be the whole field; it would occur by chance otherwise."""

_SENTENCES = {
    "too_long": "is too long",
    "too_short": "is too short",
    "control_characters": "holds control or broken characters",
    "placeholder": "holds placeholder text",
    "refusal": "refuses or speaks as a model",
    "prompt_leak": "repeats the writer's instructions",
    "answer_equals_question": "repeats the question",
    "not_a_question": "asks nothing",
    "context_dependent": "points to a text its reader does not have",
    "repetition": "runs in a loop",
    "unbalanced": "has an unclosed fence or bracket",
    "truncated": "stops in mid-sentence",
    "wrong_language": "is in another language",
}
_PER_FIELD: tuple[tuple[Code, Callable[[Passage], str | None]], ...] = (
    ("placeholder", artefacts.placeholder),
    ("refusal", artefacts.refusal),
    ("prompt_leak", artefacts.prompt_leak),
    ("not_a_question", artefacts.not_a_question),
    ("context_dependent", artefacts.context_dependent),
    ("unbalanced", artefacts.unbalanced),
    ("truncated", artefacts.truncated),
)

Finding = tuple[Code, str, str]
"""``(code, field, what was found)``."""


class RulesOptions(Strict):
    """Which rules are applied, and their limits."""

    skip: list[Code] = Field(default_factory=list, description="rules that are not applied")
    min_chars: dict[str, int] = Field(default_factory=dict, description="field → fewest characters")
    max_chars: dict[str, int] = Field(default_factory=dict, description="field → most characters")
    longest: int = Field(20_000, ge=1, description="most characters of a field that max_chars does not name")
    max_repeats: int = Field(4, ge=2, description="times the same words may recur before it counts as a loop")
    language: str | None = Field(None, description="expected language, e.g. en; nothing is checked without it")
    forbidden_texts: list[str] = Field(
        default_factory=list, description="texts that must not be repeated, e.g. examples"
    )


class RulesCheck:
    """Length, artefacts of language models, repetition, balance and language; the first failing rule is the code.

    Args:
        options: which rules, and their limits.
        kind: says which fields are text, which one asks and which one answers.

    Raises:
        ConfigError: a limit for a field the kind does not have, or a language that cannot be told.
    """

    name: ClassVar[str] = "rules"
    version: ClassVar[str] = "1"
    order: ClassVar[int] = 10
    Options: ClassVar[type[Strict]] = RulesOptions

    def __init__(self, options: RulesOptions, kind: Kind) -> None:
        for name in (*options.min_chars, *options.max_chars):
            if name not in kind.fields:
                raise ConfigError(
                    f"rules: a limit for {name!r}, which {kind.name!r} does not have",
                    place={"field": name},
                    fix="fields: " + ", ".join(kind.fields),
                )
        if options.language and options.language.lower().partition("-")[0].partition("_")[0] not in KNOWN:
            raise ConfigError(
                f"rules: language {options.language!r} cannot be told from others",
                place={"field": "language"},
                fix="known: " + ", ".join(sorted(KNOWN)),
            )
        self.options = options
        self._fields = text_fields(kind)
        self._skip = frozenset(options.skip)
        self._per_field = tuple((code, rule) for code, rule in _PER_FIELD if code not in self._skip)
        self._forbidden = tuple(t for text in options.forbidden_texts if (t := normalised_text(text)))

    def check(self, candidate: Candidate, context: CheckContext) -> Verdict:
        """Fails with the code of the first rule that found something; the evidence lists all of them."""
        found = list(self._findings(list(passages(self._fields, context.content))))
        if not found:
            return _PASS
        code, field, what = found[0]
        evidence = {"rules": [{"code": c, "field": f, "found": printable(w, 80)} for c, f, w in found[:10]]}
        reason = f"{field} {_SENTENCES[code]}: {printable(what, 60)}"
        return Verdict(self.name, self.version, Outcome.FAIL, reason=reason, code=code, evidence=evidence)

    def _findings(self, fields: list[Passage]) -> Iterator[Finding]:
        sizes = {p.field: self._size(p) for p in fields}
        yield from (size for size in sizes.values() if size is not None)
        # What is far too long is not looked at further: hostile text must not cost time.
        short = [p for p in fields if len(p.text) <= self._most(p)]
        if "control_characters" not in self._skip:
            for passage in short:
                if what := artefacts.control_characters(passage):
                    yield "control_characters", passage.field, what
        own = [p for p in short if p.role != "data"]
        for passage in own:
            yield from self._within(passage)
        yield from self._across(own)

    def _within(self, passage: Passage) -> Iterator[Finding]:
        """Rules that look at one field."""
        for code, rule in self._per_field:
            if (what := rule(passage)) is not None:
                yield code, passage.field, what
        if self._forbidden and "prompt_leak" not in self._skip and (what := self._repeated(passage)):
            yield "prompt_leak", passage.field, what
        if "repetition" not in self._skip and (what := artefacts.repetition(passage, self.options.max_repeats)):
            yield "repetition", passage.field, what

    def _across(self, fields: list[Passage]) -> Iterator[Finding]:
        """Rules that need more than one field."""
        prompt = next((p for p in fields if p.role == "prompt"), None)
        answer = next((p for p in fields if p.role == "answer"), None)
        if prompt and answer and "answer_equals_question" not in self._skip and _echoes(answer, prompt):
            yield "answer_equals_question", answer.field, answer.text
        if self.options.language and "wrong_language" not in self._skip:
            about_languages = prompt is not None and any(w in prompt.low for w in _LANGUAGE_TASKS)
            for passage in fields:
                other = None
                if not about_languages and not passage.is_code:
                    other = other_language(passage.prose, passage.words, self.options.language)
                if other is not None:
                    yield "wrong_language", passage.field, f"{other}, not {self.options.language}"

    def _size(self, passage: Passage) -> Finding | None:
        length, most = len(passage.text), self._most(passage)
        if length > most and "too_long" not in self._skip:
            return "too_long", passage.field, f"{length} characters, more than {most}"
        usual = MIN_PROMPT if passage.text.isascii() else MIN_PROMPT_ELSEWHERE
        least = self.options.min_chars.get(passage.field, usual if passage.role == "prompt" else 0)
        if least and len(passage.text.strip()) < least and "too_short" not in self._skip:
            return "too_short", passage.field, f"{len(passage.text.strip())} characters, fewer than {least}"
        return None

    def _most(self, passage: Passage) -> int:
        return self.options.max_chars.get(passage.field, self.options.longest)

    def _repeated(self, passage: Passage) -> str | None:
        normal = passage.normal
        for text in self._forbidden:
            if normal == text or (len(text) >= MIN_FORBIDDEN and text in normal):
                return text
        return None


_LANGUAGE_TASKS = (
    "translat",
    "in french",
    "in german",
    "in spanish",
    "in italian",
    "in english",
    "in russian",
    "langu",
)


def _echoes(answer: Passage, prompt: Passage) -> bool:
    """Whether the answer is the question again, with little added or left out."""
    if abs(len(answer.text) - len(prompt.text)) > 0.25 * len(prompt.text) + 8:
        return False
    a, q = answer.normal, prompt.normal
    if not a or not q:
        return False
    if a == q:
        return True
    return (len(a) >= 0.8 * len(q) and a in q) or (len(a) <= 1.25 * len(q) and q in a)


_PASS = Verdict(RulesCheck.name, RulesCheck.version, Outcome.PASS)
