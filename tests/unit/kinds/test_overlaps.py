import pytest

from seedbed.core.config import ProjectConfig, parse_options
from seedbed.core.records import Topic
from seedbed.kinds.load import load_kind
from seedbed.kinds.overlaps import overlaps
from testkit.bounds import takes_less

FIELDS = {
    "level": {"type": "string", "enum": ["low", "mid", "high"]},
    "year": {"type": "integer"},
    "text": {"type": "string"},
    "tags": {"type": "list", "items": "string", "required": False},
    "note": {"type": "string", "enum": ["x", "y"], "required": False},
}


@pytest.fixture(scope="module")
def kind():
    config = parse_options(ProjectConfig, {"kind": "own", "kinds": {"own": {"fields": FIELDS}}})
    return load_kind("own", config)


def siblings(*rules):
    """Topics a/0, a/1 … with these field rules, below a topic that says nothing."""
    return [Topic("a"), *(Topic(f"a/{i}", meta={"fields": r} if r else {}) for i, r in enumerate(rules))]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"level": "low"}, {"level": ["mid", "high"]}),
        ({"year": {"maximum": 5}}, {"year": {"minimum": 6}}),
        ({"year": [1, 2]}, {"year": {"minimum": 3}}),
        ({"text": {"max_length": 5}}, {"text": {"min_length": 6}}),
        ({"text": ["abc"]}, {"text": {"pattern": "[0-9]+"}}),
        ({"note": {"required": True}}, {"note": {"forbidden": True}}),
        ({"note": {"enum": ["x"], "required": True}}, {"note": ["y"]}),
        ({"level": "low", "year": [1]}, {"level": "low", "year": [2]}),
    ],
)
def test_siblings_that_exclude_each_other_are_no_pair(kind, one, other):
    assert overlaps(kind, siblings(one, other)) == {"pairs": 0, "siblings": 2, "top": []}


@pytest.mark.parametrize(
    ("one", "other", "common"),
    [
        ({"level": ["low", "mid"]}, {"level": ["mid", "high"]}, {"level": ["mid"]}),
        ({"level": ["low", "mid"]}, {}, {"level": ["low", "mid"]}),
        ({"year": {"maximum": 5}}, {"year": {"minimum": 5}}, {"year": [5]}),
        ({"text": {"max_length": 5}}, {"text": {"min_length": 5}}, {"text": {"min_length": 5, "max_length": 5}}),
        ({"text": {"pattern": "a+"}}, {"text": {"pattern": "b+"}}, {"text": {"pattern": ["a+", "b+"]}}),
        ({"note": ["x"]}, {"note": ["y"]}, {"note": "absent"}),
        ({"level": "low"}, {"year": [7]}, {"level": ["low"], "year": [7]}),
    ],
)
def test_siblings_that_do_not_are_told_with_what_both_allow(kind, one, other, common):
    found = overlaps(kind, siblings(one, other))
    assert found == {"pairs": 1, "siblings": 2, "top": [{"topics": ["a/0", "a/1"], "common": common}]}


def test_what_the_parent_rules_out_does_not_overlap(kind):
    topics = siblings({"level": ["low", "mid"]}, {"level": ["mid", "high"]})
    topics[0] = Topic("a", meta={"fields": {"level": ["low", "high"]}})
    assert overlaps(kind, topics)["pairs"] == 0


def test_siblings_that_narrow_nothing_count_for_nothing(kind):
    assert overlaps(kind, siblings(*[{}] * 50)) == {"pairs": 0, "siblings": 0, "top": []}
    assert overlaps(kind, siblings({"level": "low"}, *[{}] * 49))["pairs"] == 49


def test_only_children_of_the_named_topics_are_compared(kind):
    topics = [
        *siblings({"level": "low"}, {"level": "low"}),
        Topic("b"),
        Topic("b/0", meta={"fields": {"level": "low"}}),
    ]
    assert overlaps(kind, topics, within={"b"})["pairs"] == 0
    assert overlaps(kind, topics, within={"a"})["pairs"] == 1
    assert overlaps(kind, topics, within={""})["pairs"] == 0


def test_many_flat_siblings_are_a_number_and_three_pairs_at_no_cost(kind):
    many = siblings(*({"year": {"minimum": i, "maximum": i + 300}, "level": ["low"]} for i in range(200)))
    assert takes_less(0.5, lambda: overlaps(kind, many))  # about 0.02
    found = overlaps(kind, many)
    assert (found["pairs"], len(found["top"])) == (19_900, 3)


def test_every_pair_is_counted_as_pairwise_comparison_would(kind):
    rules = [{"level": ["low", "mid", "high"][i % 3 :], "year": {"minimum": i, "maximum": i + 4}} for i in range(30)]
    topics = siblings(*rules)
    one_by_one = sum(
        overlaps(kind, [topics[0], topics[1 + i], topics[1 + j]])["pairs"] for i in range(30) for j in range(i)
    )
    assert overlaps(kind, topics)["pairs"] == one_by_one > 0


def test_contradictions_and_unknown_fields_are_not_its_business(kind):
    topics = siblings({"nowhere": ["x"]}, {"level": ["nothing"]}, {"level": "low"}, {"level": "low"})
    assert overlaps(kind, topics)["pairs"] >= 1
