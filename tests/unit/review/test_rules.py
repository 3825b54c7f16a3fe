import pytest

from seedbed.core.config import ProjectConfig, ReviewConfig, parse_options
from seedbed.core.errors import ConfigError, InputError
from seedbed.core.records import Neighbour, Outcome, Verdict
from seedbed.review.rules import ReviewFacts, check_reviewer, is_sampled, why_review


def judged(score):
    return Verdict("judge", "1", Outcome.PASS, score, 7.0)


def facts(**changes):
    return ReviewFacts(**{"entry_id": "ab" * 10, "topic": "rome/empire", "n_in_topic": 50, **changes})


def why(changes, **rules):
    return why_review(ReviewConfig(mode="rule", rules=rules), facts(**changes))


def near(similarity, relation="near"):
    return Neighbour("cd" * 10, similarity, "rome/empire", {}, relation)


@pytest.mark.parametrize(
    ("rules", "yes", "no"),
    [
        ({"judge_below": 8}, {"verdicts": [judged(7.5)]}, {"verdicts": [judged(8.0)]}),
        ({"template_sibling": True}, {"neighbours": [near(0.95, "sibling")]}, {"neighbours": [near(0.95)]}),
        ({"new_topic": 5}, {"n_in_topic": 4}, {"n_in_topic": 5}),
        ({"via": ["generate"]}, {"via": "generate"}, {"via": "submit"}),
        ({"topics": ["rome"]}, {}, {"topic": "romeo"}),
        ({"near": 0.8}, {"neighbours": [near(0.81)]}, {"neighbours": [near(0.8)]}),
    ],
    ids=lambda value: next(iter(value), "") if isinstance(value, dict) else "",
)
def test_a_rule_sends_what_it_is_about(rules, yes, no):
    found = why(yes, **rules)
    assert found is not None
    assert found.split(":")[0] == next(iter(rules))
    assert why(no, **rules) is None


def test_an_entry_without_a_score_is_not_below_one():
    unscored = Verdict("judge", "1", Outcome.UNSCORED)
    assert why({"verdicts": [unscored]}, judge_below=8) is None


def test_all_rules_that_apply_are_named():
    found = why({"n_in_topic": 0, "via": "import"}, new_topic=1, via=["import"])
    assert [part.split(":")[0] for part in found.split("; ")] == ["new_topic", "via"]


def test_nothing_or_everything():
    assert why_review(ReviewConfig(), facts()) is None
    assert why_review(ReviewConfig(mode="all"), facts()).startswith("all:")


def test_a_sample_is_of_its_size_and_part_of_every_larger_one():
    ids = [f"{i:020x}" for i in range(4_000)]
    small = {i for i in ids if is_sampled(i, 0.1)}
    large = {i for i in ids if is_sampled(i, 0.3)}
    assert 300 < len(small) < 500
    assert small < large
    assert all(is_sampled(i, 1.0) for i in ids)
    config = ReviewConfig(mode="sampled", rate=0.1)
    assert {i for i in ids if why_review(config, facts(entry_id=i))} == small


@pytest.mark.parametrize("name", ["human", "human:ann", "model:ollama:mistral", "human:Ann Lee"])
def test_reviewers_are_people_or_models(name):
    assert check_reviewer(name) == name


@pytest.mark.parametrize(
    "name", ["", "ann", "human:", "model", "human: ", "agent:x", "human:a\x1b[1m", "human:" + "a" * 300]
)
def test_anybody_else_is_refused(name):
    with pytest.raises(InputError) as caught:
        check_reviewer(name)
    assert caught.value.stable_code == "invalid_reviewer"


@pytest.mark.parametrize(
    "review",
    [
        {"mode": "rule"},
        {"mode": "maybe"},
        {"rate": 0},
        {"overlap": 0},
        {"reasons": []},
        {"reasons": ["not a code"]},
        {"reasons": ["wrong", "wrong"]},
        {"mode": "rule", "rules": {"judge_bellow": 8}},
    ],
)
def test_a_wrong_setting_is_found_when_the_file_is_read(review):
    with pytest.raises(ConfigError):
        parse_options(ProjectConfig, {"review": review})
