"""Which accepted candidates are looked at by a reviewer before they count, and who may review."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from seedbed.core.errors import InputError
from seedbed.core.records import Neighbour, Verdict

if TYPE_CHECKING:
    from seedbed.core.config import ReviewConfig, ReviewRules

JUDGE = "judge"
"""The check whose score is meant by a score in review."""

SIBLING = "sibling"

MAX_REVIEWER = 200
_REVIEWER = re.compile(r"human|(?:human|model):\S(?:.*\S)?")


@dataclass(frozen=True, slots=True)
class ReviewFacts:
    """What is known of an accepted candidate when it is decided whether somebody looks at it.

    Attributes:
        entry_id: public id; decides sampling.
        topic: path of its leaf.
        verdicts: of all checks that ran.
        neighbours: closest entries, best first.
        n_in_topic: live entries that the leaf held before this one.
        via: ``generate``, ``submit`` or ``import``.
    """

    entry_id: str
    topic: str
    verdicts: Sequence[Verdict] = ()
    neighbours: Sequence[Neighbour] = ()
    n_in_topic: int = 0
    via: str = "submit"


def why_review(config: ReviewConfig, facts: ReviewFacts) -> str | None:
    """Why the candidate goes to review, as ``code: sentence`` joined by ``; ``, or ``None`` when it does not.

    Codes are the names of modes and rules: ``all``, ``sampled``, ``judge_below``, ``template_sibling``, ``new_topic``,
    ``via``, ``topics``, ``near``. The same candidate always gets the same answer.
    """
    if config.mode == "all":
        return "all: every entry is reviewed"
    if config.mode == "sampled":
        return f"sampled: one of {config.rate:.0%}" if is_sampled(facts.entry_id, config.rate) else None
    if config.mode == "rule":
        return "; ".join(_reasons(config.rules, facts)) or None
    return None


def is_sampled(entry_id: str, rate: float) -> bool:
    """Whether an entry is in the sample; follows from its id alone, so that a larger rate keeps all of a smaller."""
    digest = hashlib.blake2b(entry_id.encode("utf-8", "surrogatepass"), digest_size=8, person=b"seedbed-review")
    return int.from_bytes(digest.digest(), "big") < rate * 2**64


def judge_score(verdicts: Sequence[Verdict]) -> float | None:
    """The judge's score, or ``None`` when there was no judge or it could not say."""
    return next((v.score for v in verdicts if v.check == JUDGE and v.score is not None), None)


def _reasons(rules: ReviewRules, facts: ReviewFacts) -> list[str]:
    found: list[str] = []
    score = judge_score(facts.verdicts)
    if rules.judge_below is not None and score is not None and score < rules.judge_below:
        found.append(f"judge_below: judged {score:g}, below {rules.judge_below:g}")
    if rules.template_sibling and (same := sum(n.relation == SIBLING for n in facts.neighbours)):
        found.append(f"template_sibling: same template as {same} other{'s' if same > 1 else ''}")
    if rules.new_topic is not None and facts.n_in_topic < rules.new_topic:
        found.append(f"new_topic: number {facts.n_in_topic + 1} of its topic")
    if facts.via in rules.via:
        found.append(f"via: came by {facts.via}")
    above = next((t for t in rules.topics if facts.topic == t or facts.topic.startswith(f"{t}/")), None)
    if above is not None:
        found.append(f"topics: {above} is reviewed")
    closest = max((n.similarity for n in facts.neighbours), default=0.0)
    if rules.near is not None and closest > rules.near:
        found.append(f"near: {closest:.2f} to its closest neighbour")
    return found


def check_reviewer(name: str) -> str:
    """``name`` when it says who reviews: ``human``, ``human:NAME`` or ``model:ID``.

    Raises:
        InputError: it does not (``invalid_reviewer``).
    """
    if len(name) > MAX_REVIEWER or not name.isprintable() or not _REVIEWER.fullmatch(name):
        raise InputError(
            f"{name[:MAX_REVIEWER]!r} is no reviewer",
            place={"reviewer": name[:MAX_REVIEWER]},
            fix="write human:NAME or model:ID, e.g. human:ann or model:ollama:mistral",
            code="invalid_reviewer",
        )
    return name
