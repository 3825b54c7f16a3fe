import pytest

from seedbed.core.records import State
from seedbed.review.standing import Ballot, disputed, settle

YES, NO = True, False


def ballots(*votes):
    return [Ballot(f"human:{i}", *(v if isinstance(v, tuple) else (v,))) for i, v in enumerate(votes)]


@pytest.mark.parametrize(
    ("votes", "overlap", "queued", "state"),
    [
        ([], 1, True, State.PENDING),
        ([], 1, False, State.ACCEPTED),
        ([YES], 1, True, State.APPROVED),
        ([NO], 1, False, State.REJECTED),
        ([YES], 2, True, State.PENDING),
        ([YES], 2, False, State.ACCEPTED),
        ([NO], 2, False, State.PENDING),
        ([YES, YES], 2, True, State.APPROVED),
        ([NO, NO], 2, True, State.REJECTED),
        ([YES, NO], 2, True, State.PENDING),
        ([YES, NO], 1, False, State.PENDING),
        ([YES, NO, YES], 2, True, State.PENDING),
        ([YES, NO, (NO, True)], 2, True, State.REJECTED),
        ([(YES, True), (NO, True)], 2, True, State.REJECTED),
        ([(YES, True), NO, NO], 2, True, State.APPROVED),
    ],
)
def test_decisions_add_up(votes, overlap, queued, state):
    assert settle(ballots(*votes), overlap=overlap, queued=queued) is state


def test_one_reviewer_does_not_count_twice():
    twice = [Ballot("human:ann", YES), Ballot("human:ann", YES)]
    assert settle(twice, overlap=2, queued=True) is State.PENDING


def test_a_dispute_ends_with_an_adjudication():
    assert disputed(ballots(YES, NO))
    assert not disputed(ballots(YES, YES))
    assert not disputed(ballots(YES, NO, (YES, True)))
