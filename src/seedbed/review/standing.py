"""What the decisions about one entry add up to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from seedbed.core.records import State


@dataclass(frozen=True, slots=True)
class Ballot:
    """One reviewer's decision that stands.

    Attributes:
        reviewer: who.
        approves: ``False`` rejects.
        adjudicates: settles a disagreement; goes before all others.
    """

    reviewer: str
    approves: bool
    adjudicates: bool = False


def disputed(ballots: Sequence[Ballot]) -> bool:
    """Whether reviewers disagree and nobody has settled it."""
    return not any(b.adjudicates for b in ballots) and len({b.approves for b in ballots}) > 1


def settle(ballots: Sequence[Ballot], *, overlap: int, queued: bool) -> State:
    """The state that the decisions give an entry.

    The newest adjudication decides. Without one, ``overlap`` reviewers of one mind decide; as long as they are fewer,
    or disagree, the entry waits. An entry that was not in review stays accepted while nobody objects to it.

    Args:
        ballots: what stands, oldest first.
        overlap: reviewers wanted.
        queued: whether the entry was sent to review, rather than looked at on somebody's own account.
    """
    final = [b for b in ballots if b.adjudicates][-1:]
    if not final and ballots and not disputed(ballots) and len({b.reviewer for b in ballots}) >= overlap:
        final = [ballots[-1]]
    if final:
        return State.APPROVED if final[0].approves else State.REJECTED
    waits = queued or not all(b.approves for b in ballots)
    return State.PENDING if waits else State.ACCEPTED
