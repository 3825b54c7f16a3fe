import pytest

from seedbed.core.errors import ConfigError, UnknownNameError
from seedbed.kinds.load import load_kind
from seedbed.quality.registry import DEFAULT_CHECKS, build_checks, check_names, is_judge

QA = load_kind("qa")


def names(config=None, **more) -> list[str]:
    return [check.name for check in build_checks(QA, config, **more)]


def test_the_cheap_checks_are_on_and_sorted():
    assert names() == ["schema", "rules", "exact_duplicate", "near_duplicate", "grounded", "relevant"]
    assert set(DEFAULT_CHECKS) | {"judge", "topic"} <= set(check_names())


def test_judges_are_off_unless_asked_for():
    assert names({"judge": True})[-1] == "judge"
    assert names({"judge": {"threshold": 8}})[-1] == "judge"
    assert names(enabled=["topic", "judge"])[-2:] == ["judge", "topic"]
    assert names({"judge": False}, enabled=["judge"])[-1] == "judge"
    assert [is_judge(c) for c in build_checks(QA, {"judge": True})] == [False] * 6 + [True]


def test_false_switches_off():
    assert names({"grounded": False, "rules": False}) == ["schema", "exact_duplicate", "near_duplicate", "relevant"]


def test_the_schema_cannot_be_switched_off():
    with pytest.raises(ConfigError, match="schema"):
        build_checks(QA, {"schema": False})


def test_options_reach_the_check():
    near = next(c for c in build_checks(QA, {"near_duplicate": {"threshold": 0.8}}) if c.name == "near_duplicate")
    assert near.options.threshold == 0.8


@pytest.mark.parametrize(
    ("config", "error", "fix"),
    [
        ({"near_duplicat": {}}, UnknownNameError, "near_duplicate"),
        ({"near_duplicate": {"treshold": 0.8}}, ConfigError, "threshold"),
        ({"near_duplicate": {"threshold": 8}}, ConfigError, None),
    ],
)
def test_wrong_names_and_options_say_what_was_meant(config, error, fix):
    with pytest.raises(error) as caught:
        build_checks(QA, config)
    assert fix is None or fix in caught.value.fix
