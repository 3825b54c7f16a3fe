from __future__ import annotations

import pytest

from seedbed.core.strict_yaml import YamlError, load_yaml


def bomb(levels: int) -> str:
    """Each line holds the one before nine times."""
    lines = ["a0: &a0 [x]"]
    lines += [f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 9)}]" for i in range(1, levels)]
    return "\n".join(lines)


def merges(levels: int) -> str:
    lines = ["a0: &a0 {x: 1}"]
    lines += [f"a{i}: &a{i} {{<<: [{', '.join([f'*a{i - 1}'] * 9)}]}}" for i in range(1, levels)]
    return "\n".join(lines)


@pytest.mark.parametrize("text", [bomb(12), merges(12)])
def test_aliases_that_stand_for_billions_of_values_are_refused(text: str) -> None:
    with pytest.raises(YamlError, match="aliases stand for more than") as caught:
        load_yaml(text)
    assert caught.value.row == 6


def test_aliases_in_measure_are_read() -> None:
    text = "base: &b {x: {}}\none:\n  <<: *b\n  y: {}\nlist: &l [1, 2]\ntwice: [*l, *l]\n"
    assert load_yaml(text) == {"base": {"x": {}}, "one": {"x": {}, "y": {}}, "list": [1, 2], "twice": [[1, 2]] * 2}


def test_an_alias_of_what_it_is_part_of_is_refused() -> None:
    with pytest.raises(YamlError, match="part of") as caught:
        load_yaml("x: 1\na: &a\n  b: [*a]\n")
    assert caught.value.row == 3


def test_a_key_that_stands_twice_is_named_with_its_row() -> None:
    with pytest.raises(YamlError) as caught:
        load_yaml("kinds: {}\ntarget: 3\nkinds: {a: {}}\n")
    assert (caught.value.key, caught.value.row) == ("kinds", 3)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a: [b", "expected"),
        ("a: 2024-99-99", "month"),
        ("!!python/object:os.system {}", "could not determine a constructor"),
        ("[" * 9_999, "nested too deeply"),
        ("a\x00b", "control characters"),
        ("a: *nowhere", "undefined alias"),
    ],
)
def test_what_is_no_yaml_is_refused(text: str, said: str) -> None:
    with pytest.raises(YamlError, match=said):
        load_yaml(text)


def test_nothing_is_nothing() -> None:
    assert load_yaml("") is None
    assert load_yaml("# only a remark\n") is None
