from __future__ import annotations

import json

import pytest

from seedbed.store import values

HOSTILE = ["", "plain", "é\u2028", "nul\x00here", "half \ud83d here", "\x1b[31mred", "\\ud800 written out"]


@pytest.mark.parametrize("text", HOSTILE)
def test_text_survives(text: str) -> None:
    packed = values.pack_text(text)
    assert values.unpack_text(packed) == text
    assert isinstance(packed, bytes) or packed.encode("utf-8") is not None


@pytest.mark.parametrize("text", HOSTILE)
def test_json_survives_and_is_utf8(text: str) -> None:
    packed = values.pack_json({"a": [text], text: 1})
    packed.encode("utf-8")
    assert json.loads(packed) == {"a": [text], text: 1}


def test_json_is_not_escaped_without_need() -> None:
    assert values.pack_json({"é": "日本"}) == '{"é":"日本"}'


def test_hostile_nesting_is_recorded_instead_of_raised() -> None:
    nested: list[object] = []
    for _ in range(100_000):
        nested = [nested]
    assert "too deeply" in json.loads(values.pack_json(nested))


@pytest.mark.parametrize("uid", ["0123456789abcdef0123", "s1", "0123456789ABCDEF0123", "zz" * 10, "\ud800"])
def test_ids_survive(uid: str) -> None:
    assert values.unpack_uid(values.pack_uid(uid)) == uid


def test_a_public_id_takes_ten_bytes() -> None:
    assert values.pack_uid("0123456789abcdef0123") == bytes.fromhex("0123456789abcdef0123")


def test_a_prefix_is_a_range() -> None:
    assert values.uid_range("abc") == (bytes.fromhex("abc" + "0" * 17), bytes.fromhex("abc" + "f" * 17))
    assert values.uid_range("nothex") is None
    assert values.uid_range("a" * 21) is None
    assert values.uid_range("ab cd ef") is None


@pytest.mark.parametrize(
    ("content", "needle", "found"),
    [
        ({"question": "Who led Rome?"}, "rome", True),
        ({"question": "Who led Rome?"}, "question", False),
        ({"a": 'say "hi"\nthere'}, '"hi"\nthere', True),
        ({"a": ["STRASSE", {"b": "x"}]}, "straße".casefold(), True),
        ({"a": "half \ud800 here"}, "half \ud800", True),
        ({"a": 42, "b": None}, "42", True),
        ({"a": 42, "b": None}, "none", False),
    ],
)
def test_mentions_looks_at_values_only(content: dict[str, object], needle: str, found: bool) -> None:
    assert values.mentions(values.pack_json(content), needle) is found
