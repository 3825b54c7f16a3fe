"""Agreement equals the reference package wherever that one has an answer, and says why where there is none."""

import math
import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seedbed.review.agreement import (
    NO_OVERLAP,
    ONE_VALUE,
    cohen_kappa,
    krippendorff_alpha,
    pairwise_kappa,
    raw_agreement,
    summary,
)

krippendorff = pytest.importorskip("krippendorff")

TABLES = st.integers(2, 4).flatmap(
    lambda raters: st.lists(
        st.lists(st.sampled_from([None, 1, 2, 3, 4]), min_size=raters, max_size=raters), min_size=1, max_size=8
    )
)
"""Units with what each reviewer said."""


def ratings_of(table):
    return {i: {f"r{j}": v for j, v in enumerate(row) if v is not None} for i, row in enumerate(table)}


def reference(table, level):
    data = np.array([[np.nan if v is None else v for v in row] for row in table], float).T
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            found = float(krippendorff.alpha(reliability_data=data, level_of_measurement=level))
        except (ValueError, ZeroDivisionError):
            return None
    return found if math.isfinite(found) else None


@pytest.mark.parametrize("level", ["nominal", "ordinal"])
@given(table=TABLES)
@settings(max_examples=150)
def test_alpha_equals_the_reference_package(level, table):
    mine = krippendorff_alpha(ratings_of(table), level=level)
    theirs = reference(table, level)
    if mine.value is None:
        assert mine.reason in (NO_OVERLAP, ONE_VALUE)
        assert theirs is None or theirs == 1.0  # it calls one value for everything full agreement
    else:
        assert mine.value == pytest.approx(theirs, abs=1e-9)


def test_alpha_of_the_textbook_example():
    """Krippendorff (2011), reliability data C: four observers, twelve units, missing values."""
    rows = (
        [1, 2, 3, 3, 2, 1, 4, 1, 2, None, None, None],
        [1, 2, 3, 3, 2, 2, 4, 1, 2, 5, None, 3],
        [None, 3, 3, 3, 2, 3, 4, 2, 2, 5, 1, None],
        [1, 2, 3, 3, 2, 4, 4, 1, 2, 5, 1, None],
    )
    table = [list(unit) for unit in zip(*rows, strict=True)]
    assert krippendorff_alpha(ratings_of(table)).value == pytest.approx(0.743, abs=5e-4)
    assert krippendorff_alpha(ratings_of(table), level="ordinal").value == pytest.approx(0.815, abs=5e-4)
    assert krippendorff_alpha(ratings_of(table)).n == 11


def test_an_order_of_words_is_respected():
    words = {1: "bad", 2: "fair", 3: "good"}
    table = [[1, 2], [2, 2], [3, 2], [3, 3], [1, 1]]
    named = {i: {k: words[v] for k, v in unit.items()} for i, unit in ratings_of(table).items()}
    found = krippendorff_alpha(named, level="ordinal", order=["bad", "fair", "good"])
    assert found.value == pytest.approx(reference(table, "ordinal"))
    with pytest.raises(ValueError, match="good"):
        krippendorff_alpha(named, level="ordinal", order=["bad", "fair"])


def test_kappa_of_a_known_table():
    """Both yes 20, only the first 5, only the second 10, both no 15: agreement 0.7, by chance 0.5."""
    cells = [("yes", "yes")] * 20 + [("yes", "no")] * 5 + [("no", "yes")] * 10 + [("no", "no")] * 15
    first, second = ({i: pair[side] for i, pair in enumerate(cells)} for side in (0, 1))
    assert cohen_kappa(first, second).value == pytest.approx(0.4)
    assert cohen_kappa(first, {**second, "only here": "no"}).n == 50


def test_full_and_reversed_agreement():
    table = [["a", "a"], ["b", "b"]]
    swapped = [["a", "b"], ["b", "a"]]
    assert raw_agreement(ratings_of(table)).value == krippendorff_alpha(ratings_of(table)).value == 1.0
    assert raw_agreement(ratings_of(swapped)).value == 0.0
    assert pairwise_kappa(ratings_of(swapped))["r0", "r1"].value == -1.0


@pytest.mark.parametrize(
    ("ratings", "reason"),
    [
        ({}, NO_OVERLAP),
        ({"e": {}}, NO_OVERLAP),
        ({"e": {"a": 1}, "f": {"b": 0}}, NO_OVERLAP),
        ({"e": {"a": 1, "b": 1}, "f": {"a": 1, "b": 1}}, ONE_VALUE),
    ],
)
def test_what_is_not_defined_has_a_reason_instead_of_a_number(ratings, reason):
    assert (krippendorff_alpha(ratings).value, krippendorff_alpha(ratings).reason) == (None, reason)
    first = {e: given["a"] for e, given in ratings.items() if "a" in given}
    second = {e: given["b"] for e, given in ratings.items() if "b" in given}
    assert (cohen_kappa(first, second).value, cohen_kappa(first, second).reason) == (None, reason)
    assert summary(ratings)["alpha"]["reason"] == reason


def test_the_summary_counts_entries_reviewers_and_pairs():
    told = summary(
        {
            "e": {"human:ann": "approve", "model:m": "reject"},
            "f": {"human:ann": "approve"},
            "g": {"human:bob": "reject"},
        }
    )
    assert (told["entries"], told["overlapping"], told["disagreed"]) == (3, 1, 1)
    assert [k["reviewers"] for k in told["kappa"]] == [["human:ann", "model:m"]]
    assert told["reviewers"]["human:ann"] == {"approve": 2}
    assert told["raw"] == {"value": 0.0, "entries": 1}
