"""What stands at the door and what comes out of it: gates, candidates on their way, decisions and their JSON form."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from seedbed.core.errors import SeedbedError
from seedbed.core.records import Candidate, Content, Neighbour, Outcome, State, Topic, Verdict

if TYPE_CHECKING:
    import numpy as np

    from seedbed.core.protocols import Check, JudgeCheck
    from seedbed.kinds.kind import Kind
    from seedbed.kinds.rules import TopicRules
    from seedbed.quality.schema import SchemaCheck


REFUSED_BEFORE = "rejected_by_reviewer"
"""Reason code of a text that reviewers rejected before."""


@dataclass(frozen=True, slots=True)
class Gate:
    """One kind with the checks that guard it.

    Attributes:
        kind: the schema.
        schema: the first check; yields validated content.
        early: checks that look at the candidate alone; run before the lock is taken.
        late: checks that need neighbours, and verifiers after them; run under the lock.
        judges: checks that ask a model; run by the engine between screening and commit.
    """

    kind: Kind
    schema: SchemaCheck
    early: tuple[Check, ...] = ()
    late: tuple[Check, ...] = ()
    judges: tuple[JudgeCheck, ...] = ()

    @property
    def compares(self) -> bool:
        """Whether any check looks at neighbours or needs the lock."""
        return bool(self.late)

    @property
    def judge_names(self) -> set[str]:
        """Names of the judges."""
        return {j.name for j in self.judges}


@dataclass(slots=True)
class Prepared:
    """A candidate on its way through the door.

    Attributes:
        candidate: what came.
        topic: where it would go.
        content: validated, or what could be read of it.
        verdicts: of the checks so far, the schema's first.
        text, vector: what is compared.
        similarities: measured while it was prepared, by name.
        error: why it cannot be looked at.
        rules: of the topic, that the schema's verdict is by.
    """

    candidate: Candidate
    topic: Topic
    content: Content
    verdicts: list[Verdict]
    text: str = ""
    vector: np.ndarray | None = None
    similarities: Mapping[str, float] = field(default_factory=dict)
    error: SeedbedError | None = None
    rules: TopicRules | None = None

    @property
    def failed(self) -> bool:
        """Whether a verdict already failed it."""
        return self.error is not None or any(not v.passed for v in self.verdicts)


@dataclass(frozen=True, slots=True)
class Decision:
    """What the door said of one candidate.

    Attributes:
        candidate: what came.
        state: ``accepted``, ``pending`` (it waits for a reviewer) or ``rejected``.
        entry_id: public id (of the row kept for a rejected one as well); empty when nothing was written.
        content: validated content, or what could be read of it.
        verdicts: in the order the checks ran; the failing one is last.
        neighbours: closest entries, best first, with content.
        existed: the very same entry was there before, nothing was written.
        error: why the candidate could not be looked at (unknown topic …), else ``None``.
        why_review: why it waits for a reviewer; empty when it does not.
    """

    candidate: Candidate
    state: State
    entry_id: str
    content: Content
    verdicts: tuple[Verdict, ...]
    neighbours: tuple[Neighbour, ...] = ()
    existed: bool = False
    error: SeedbedError | None = None
    why_review: str = ""
    text: str = ""
    vector: np.ndarray | None = None

    @property
    def accepted(self) -> bool:
        """Whether it is in the dataset now."""
        return self.state.live

    @property
    def failure(self) -> Verdict | None:
        """The failing verdict, if any."""
        return next((v for v in self.verdicts if not v.passed), None)

    @property
    def code(self) -> str:
        """Stable short reason; empty when accepted."""
        if self.error is not None:
            return self.error.stable_code
        failure = self.failure
        return (failure.code or failure.check) if failure else ""

    def to_dict(self) -> dict[str, Any]:
        """JSON form for front ends."""
        out: dict[str, Any] = {"id": self.entry_id or None, "state": str(self.state), "topic": self.candidate.topic}
        if self.existed:
            out["existed"] = True
        if self.error is not None:
            return {**out, **self.error.to_dict()}
        if self.failure is not None:
            out |= {"code": self.code, "reason": self.failure.reason}
            if self.code == REFUSED_BEFORE:
                again = f"approve entry {self.failure.evidence['entry_id']}, or submit with on_duplicate review"
                out["fix"] = f"write about something else, or have a reviewer look again: {again}"
        if self.why_review:
            out["why_review"] = self.why_review
        if warnings := [v.reason for v in self.verdicts if v.outcome is Outcome.PASS and v.code]:
            out["warnings"] = warnings
        out["verdicts"] = [verdict_dict(v) for v in self.verdicts]
        if self.neighbours:
            out["neighbours"] = [neighbour_dict(n) for n in self.neighbours]
        return out


def tolerated(verdict: Verdict) -> Verdict:
    """A duplicate's verdict where duplicates are let in: it keeps score, reason and evidence, and does not fail."""
    return replace(verdict, outcome=Outcome.PASS, reason=f"let in although {verdict.reason}")


def refused_before(entry_id: str, reasons: Sequence[str], note: str) -> Verdict:
    """The verdict on a text that reviewers rejected, in whatever topic: as which entry, for which reasons, and why."""
    why = ", ".join(reasons) or "no reason given"
    reason = f"a reviewer rejected this text before ({why}), as entry {entry_id}" + (f": {note}" if note else "")
    evidence = {"entry_id": entry_id, "reasons": list(reasons)}
    return Verdict("review", "1", Outcome.FAIL, reason=reason, code=REFUSED_BEFORE, evidence=evidence)


def verdict_dict(verdict: Verdict) -> dict[str, Any]:
    """JSON form of a verdict, empty fields left out."""
    out: dict[str, Any] = {"check": verdict.check, "outcome": str(verdict.outcome)}
    for name in ("score", "threshold"):
        value = getattr(verdict, name)
        if value is not None:
            out[name] = round(value, 4)
    out |= {name: value for name in ("code", "reason", "evidence") if (value := getattr(verdict, name))}
    return out


def neighbour_dict(neighbour: Neighbour) -> dict[str, Any]:
    """JSON form of a neighbour with its full content."""
    out: dict[str, Any] = {
        "id": neighbour.entry_id,
        "similarity": round(neighbour.similarity, 4),
        "relation": neighbour.relation,
        "topic": neighbour.topic,
        "content": neighbour.content,
    }
    if neighbour.differing:
        out["differing"] = list(neighbour.differing)
    return out
