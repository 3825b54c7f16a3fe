"""Does a question ask about what its source and answer say? Counted in words, without a model."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any, ClassVar

from pydantic import Field

from seedbed.core.config import Strict
from seedbed.core.records import Candidate, Outcome, Verdict
from seedbed.quality.grounded import MAX_CHARS, MAX_STEM, content_words, stem, terms_of, vocabulary
from seedbed.quality.passages import ANSWER_FIELDS, PROMPT_FIELDS, printable, role_field, word_set

if TYPE_CHECKING:
    from seedbed.core.protocols import CheckContext
    from seedbed.kinds.kind import Kind

LOOP_LEAST = 3
"""Times a content word may stand in a question before it counts as a loop."""

ASKING = word_set("""
    purpose role reason reasons difference differences effect effects result results cause causes happen happens
    happened mean means meaning possible recommended best step steps come comes kind kinds type types example examples
    advantage advantages benefit benefits work works
""")
"""Words that say what kind of answer is wanted, not what the question is about."""


class RelevantOptions(Strict):
    """When a question counts as one about its source."""

    threshold: float = Field(0.2, ge=0, le=1, description="least share of the question's words that the source has")
    quoted_threshold: float = Field(
        0.6, ge=0, le=1, description="the same against answer and headings, where the answer is quoted from the source"
    )


class RelevantCheck:
    """Fails a question that names nothing its source mentions, loops, or has no subject at all.

    The share of the question's content words that occur in the chunk and its headings is the score. Where the recipe
    quoted the answer from the chunk and only asked for the question (``meta.answer`` is ``quoted``), the words must be
    in the answer or the headings, and at least one in the answer itself: a small model may ask about something else.

    Args:
        options: thresholds.
        kind: says which field asks and which one answers.
    """

    name: ClassVar[str] = "relevant"
    version: ClassVar[str] = "1"
    order: ClassVar[int] = 41
    Options: ClassVar[type[Strict]] = RelevantOptions

    def __init__(self, options: RelevantOptions, kind: Kind) -> None:
        self.options = options
        self._prompt = role_field(kind, PROMPT_FIELDS)
        self._answer = role_field(kind, ANSWER_FIELDS)

    def check(self, candidate: Candidate, context: CheckContext) -> Verdict:
        """Score 0 to 1; unscored without a chunk or a question."""
        asked = context.content.get(self._prompt) if self._prompt else None
        seed = candidate.seed
        if seed is None or not seed.text.strip():
            return Verdict(
                self.name, self.version, Outcome.UNSCORED, code="no_seed", reason="made without a source text"
            )
        if not isinstance(asked, str):
            return Verdict(
                self.name, self.version, Outcome.UNSCORED, code="no_question", reason="the kind asks nothing"
            )
        asked = asked[:MAX_CHARS]
        words, facts = content_words(asked)
        words = {w: s for w, s in words.items() if w not in ASKING}
        stems = {**words, **{fact: stem(fact.lower()[:MAX_STEM]) for fact in facts}}
        if not stems:
            return self._fail(0.0, "no_subject", "the question names nothing it is about")
        looped = _loop(asked, words)
        if looped:
            return self._fail(0.0, "repetition", f"the question repeats {printable(looped, 40)!r}")
        return self._score(candidate, context, stems)

    def _score(self, candidate: Candidate, context: CheckContext, stems: dict[str, str]) -> Verdict:
        seed = candidate.seed
        headings = seed.headings if seed else ()
        quoted = candidate.meta.get("answer") == "quoted"
        answer = context.content.get(self._answer) if self._answer else None
        answer_terms = terms_of(answer[:MAX_CHARS]) if isinstance(answer, str) else set[str]()
        known: frozenset[str] | set[str]
        if quoted:
            known = answer_terms | terms_of(" ".join(headings))
        else:
            known = vocabulary("\n".join((*headings, seed.text if seed else ""))[:MAX_CHARS]) | answer_terms
        missing = [w for w, s in stems.items() if s not in known and w.lower() not in known]
        score = round(1.0 - len(missing) / len(stems), 4)
        threshold = self.options.quoted_threshold if quoted else self.options.threshold
        beside = quoted and not any(s in answer_terms or w.lower() in answer_terms for w, s in stems.items())
        if score < threshold or beside:
            named = ", ".join(printable(w, 40) for w in (missing or list(stems))[:5])
            what = "answer" if quoted else "source"
            evidence = {"unmentioned": [printable(w, 40) for w in (missing or list(stems))[:12]]}
            return self._fail(score, "off_source", f"the {what} does not speak of: {named}", threshold, evidence)
        return Verdict(self.name, self.version, Outcome.PASS, score=score, threshold=threshold)

    def _fail(
        self,
        score: float,
        code: str,
        reason: str,
        threshold: float | None = None,
        evidence: dict[str, Any] | None = None,
    ) -> Verdict:
        limit = self.options.threshold if threshold is None else threshold
        return Verdict(self.name, self.version, Outcome.FAIL, score, limit, reason, code, evidence or {})


def _loop(text: str, words: dict[str, str]) -> str:
    """A content word that stands ``LOOP_LEAST`` times or more and makes up a third of the content words, or ``""``."""
    counts = Counter(w for w in text.lower().replace(",", " ").rstrip("?.! ").split() if w in words)
    if not counts:
        return ""
    word, count = counts.most_common(1)[0]
    return word if count >= LOOP_LEAST and 3 * count >= sum(counts.values()) else ""
