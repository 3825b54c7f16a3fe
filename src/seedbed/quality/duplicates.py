"""Duplicates: the same text again, and text too close to an entry that is there already."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from pydantic import Field

from seedbed.core.config import Strict
from seedbed.core.records import Candidate, Neighbour, Outcome, Verdict
from seedbed.quality.passages import ANSWER_FIELDS, printable

if TYPE_CHECKING:
    from seedbed.core.protocols import CheckContext
    from seedbed.kinds.kind import Kind


class ExactOptions(Strict):
    """Nothing to set: equal is equal."""


class ExactDuplicateCheck:
    """Fails what says the same as an existing entry but for case, blanks and outer punctuation.

    Args:
        options: none so far.
        kind: unused; every check is built the same way.
    """

    name: ClassVar[str] = "exact_duplicate"
    version: ClassVar[str] = "1"
    order: ClassVar[int] = 20
    Options: ClassVar[type[Strict]] = ExactOptions

    def __init__(self, options: ExactOptions, kind: Kind) -> None:
        self.options = options

    def check(self, candidate: Candidate, context: CheckContext) -> Verdict:
        """Evidence is the id of the entry with the same text."""
        if context.exact is None:
            return _NOT_EXACT
        return Verdict(
            self.name,
            self.version,
            Outcome.FAIL,
            score=1.0,
            threshold=1.0,
            reason=f'the same text as entry {context.exact}: "{printable(context.text, 80)}"',
            code="exact_duplicate",
            evidence={"entry_id": context.exact},
        )


class NearOptions(Strict):
    """What counts as too close."""

    threshold: float | None = Field(
        None, ge=0, le=1, description="cosine from which a neighbour is a duplicate; default: the embedder's own"
    )
    max_siblings: int | None = Field(
        5,
        ge=1,
        description="most entries of one template (other numbers, names …) that generation makes; null: any. Once it"
        " is set, submitted and imported entries are held to it as well",
    )


class NearDuplicateCheck:
    """Fails what is too close to a neighbour, and one more variation of a template that has enough of them.

    The relation to each neighbour comes with the context: a template sibling differs in numbers, names, negation or the
    like, and is no duplicate however close it is.

    Args:
        options: limits.
        kind: unused; every check is built the same way.
    """

    name: ClassVar[str] = "near_duplicate"
    version: ClassVar[str] = "1"
    order: ClassVar[int] = 30
    Options: ClassVar[type[Strict]] = NearOptions

    def __init__(self, options: NearOptions, kind: Kind) -> None:
        self.options = options
        self._embed = kind.embed

    def check(self, candidate: Candidate, context: CheckContext) -> Verdict:
        """Score is the cosine of the closest neighbour, evidence the neighbour that decided."""
        given = self.options.threshold
        threshold = context.duplicate_threshold if given is None else given
        close = [n for n in context.neighbours if n.similarity >= threshold]
        top = max((n.similarity for n in context.neighbours), default=None)
        twin = next((n for n in close if n.relation != "sibling"), None)
        siblings = [n for n in context.neighbours if n.relation == "sibling"]
        if twin is not None:
            reason = f"too close to entry {twin.entry_id} ({twin.similarity:.2f}): {self._quoted(twin)}"
            return self._fail("near_duplicate", reason, (twin.similarity, threshold), twin)
        # Those who submit rows of one template mean it; a model that falls into one does not.
        held = candidate.origin.via == "generate" or "max_siblings" in self.options.model_fields_set
        most = self.options.max_siblings if held else None
        if most is not None and len(siblings) >= most:
            first = siblings[0]
            reason = f"one more variation of entry {first.entry_id}, which has {len(siblings)}: {self._quoted(first)}"
            return self._fail("too_many_siblings", reason, (float(len(siblings)), float(most)), first)
        evidence = {"siblings": len(siblings)} if siblings else {}
        return Verdict(self.name, self.version, Outcome.PASS, score=top, threshold=threshold, evidence=evidence)

    def _quoted(self, neighbour: Neighbour) -> str:
        """What was compared of the neighbour, or whatever text it has."""
        names = [*self._embed, *(n for n in neighbour.content if n not in ANSWER_FIELDS)]
        texts = (neighbour.content.get(n) for n in names)
        text = next((t for t in texts if isinstance(t, str) and t), str(neighbour.content)[:200])
        return f'"{printable(text, 80)}"'

    def _fail(self, code: str, reason: str, measured: tuple[float, float], neighbour: Neighbour) -> Verdict:
        evidence = {
            "entry_id": neighbour.entry_id,
            "similarity": round(neighbour.similarity, 4),
            "relation": neighbour.relation,
        }
        if neighbour.differing:
            evidence["differing"] = [printable(d, 120) for d in neighbour.differing[:8]]
        return Verdict(
            self.name,
            self.version,
            Outcome.FAIL,
            score=measured[0],
            threshold=measured[1],
            reason=reason,
            code=code,
            evidence=evidence,
        )


_NOT_EXACT = Verdict(ExactDuplicateCheck.name, ExactDuplicateCheck.version, Outcome.PASS)
