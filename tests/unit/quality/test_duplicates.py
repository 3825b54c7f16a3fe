import pytest

from seedbed.core.records import Neighbour, Outcome
from seedbed.kinds.load import load_kind
from seedbed.quality.duplicates import ExactDuplicateCheck, ExactOptions, NearDuplicateCheck, NearOptions
from testkit.judging import candidate, context

QA = load_kind("qa")
ENTRY = {"question": "What is a chunk?", "answer": "A piece."}


def near(*neighbours: Neighbour, **options):
    check = NearDuplicateCheck(NearOptions(**options), QA)
    return check.check(candidate(ENTRY), context(ENTRY, neighbours=neighbours, duplicate_threshold=0.9))


def neighbour(similarity: float, relation: str, name: str = "abc123", differing: tuple[str, ...] = ()) -> Neighbour:
    content = {"question": "What is one chunk?", "answer": "One piece."}
    return Neighbour(name, similarity, "files", content, relation, differing)


def test_the_same_text_fails_and_names_the_entry():
    check = ExactDuplicateCheck(ExactOptions(), QA)
    assert check.check(candidate(ENTRY), context(ENTRY)).passed
    verdict = check.check(candidate(ENTRY), context(ENTRY, exact="abc123"))
    assert (verdict.code, verdict.evidence) == ("exact_duplicate", {"entry_id": "abc123"})
    assert verdict.reason == 'the same text as entry abc123: "What is a chunk?"'


def test_nothing_near_passes():
    verdict = near()
    assert (verdict.outcome, verdict.score, verdict.threshold) == (Outcome.PASS, None, 0.9)


def test_a_close_neighbour_fails_with_its_text():
    verdict = near(neighbour(0.94, "duplicate"), neighbour(0.85, "near"))
    assert (verdict.outcome, verdict.code) == (Outcome.FAIL, "near_duplicate")
    assert (verdict.score, verdict.threshold) == (0.94, 0.9)
    assert verdict.reason == 'too close to entry abc123 (0.94): "What is one chunk?"'
    assert verdict.evidence == {"entry_id": "abc123", "similarity": 0.94, "relation": "duplicate"}


@pytest.mark.parametrize(
    ("similarity", "relation", "threshold", "passed"),
    [
        (0.89, "near", None, True),
        (0.92, "duplicate", 0.95, True),
        (0.85, "near", 0.8, False),
        (0.99, "exact", None, False),
        (0.99, "sibling", None, True),
        (0.90, "duplicate", None, False),
    ],
)
def test_the_threshold_decides_for_all_but_siblings(similarity, relation, threshold, passed):
    assert near(neighbour(similarity, relation), threshold=threshold).passed is passed


def test_a_sibling_that_is_closer_does_not_hide_a_duplicate():
    verdict = near(neighbour(0.99, "sibling", "a", ("number: 3 ≠ 5",)), neighbour(0.93, "duplicate", "b"))
    assert verdict.evidence["entry_id"] == "b"


def test_siblings_are_counted_and_capped():
    some = [neighbour(0.98, "sibling", f"s{i}", ("number: 3 ≠ 5",)) for i in range(5)]
    assert near(*some[:4]).evidence == {"siblings": 4}
    assert near(*some).passed
    verdict = near(*some, max_siblings=5)
    assert (verdict.code, verdict.score, verdict.threshold) == ("too_many_siblings", 5.0, 5.0)
    assert verdict.evidence["differing"] == ["number: 3 ≠ 5"]
    assert near(*some, max_siblings=None).passed


def test_the_reason_is_safe_to_print():
    hostile = Neighbour("x", 0.95, "files", {"question": "\x1b[2J" + "y" * 500}, "duplicate")
    reason = near(hostile).reason
    assert reason.isprintable()
    assert len(reason) < 160


def test_an_entry_of_another_kind_is_quoted_by_what_it_has():
    other = Neighbour("x", 0.95, "files", {"n": 3, "title": "Chunks"}, "duplicate")
    assert '"Chunks"' in near(other).reason
    assert "'n': 3" in near(Neighbour("x", 0.95, "files", {"n": 3}, "duplicate")).reason
