import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seedbed.core.errors import InputError
from seedbed.sources import rows_json
from seedbed.sources.rows import read_rows

values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


def rows(tmp_path, content, name="a.jsonl"):
    path = tmp_path / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return list(read_rows(path))


def outcomes(results):
    return [(r.row, r.data if r.error is None else r.error.message.partition(": ")[2]) for r in results]


def test_every_line_has_its_own_result_in_order(tmp_path):
    content = '{"a": 1}\n\n[1]\n{"a": \n"x"\n{"a": 2}'
    assert outcomes(rows(tmp_path, content)) == [
        (1, {"a": 1}),
        (3, "an object is expected, not a list"),
        (4, "not JSON: Expecting value at character 8"),
        (5, "an object is expected, not a string"),
        (6, {"a": 2}),
    ]


@pytest.mark.parametrize(
    ("line", "message", "field"),
    [
        ('{"a": NaN}', "NaN is not JSON", "a"),
        ('{"a": {"b": [1, -Infinity]}}', "-Infinity is not JSON", "a.b.1"),
        ('{"a": 1e999}', "a number is too large", "a"),
        ('{"a": 1, "a": 2}', "the key 'a' appears twice", "a"),
        ("[" * 100_000, "nested too deeply", None),
        ('{"a": "x\x00"}', "not JSON: Invalid control character at at character 9", None),
        (b'{"a": "\xff"}', "the bytes are not UTF-8", None),
    ],
)
def test_what_json_does_not_allow_is_the_rows_error(tmp_path, line, message, field):
    line = line if isinstance(line, bytes) else line.encode()
    bad, good = rows(tmp_path, line + b'\n{"a": 1}\n')
    assert bad.error.message.endswith(message)
    assert bad.error.place.get("field") == field
    assert good.data == {"a": 1}


def test_a_number_of_thousands_of_digits_is_the_rows_error(tmp_path):
    bad, good = rows(tmp_path, '{"a": ' + "9" * 5000 + '}\n{"a": 1}')
    assert bad.error.message.endswith("a number has thousands of digits")
    assert good.data == {"a": 1}


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-32"])
def test_byte_order_marks_are_honoured(tmp_path, encoding):
    assert [r.data for r in rows(tmp_path, '{"a": "é"}\n{"a": "ü"}'.encode(encoding))] == [{"a": "é"}, {"a": "ü"}]


def test_escaped_nul_and_lone_surrogates_pass(tmp_path):
    assert rows(tmp_path, r'{"a": "\u0000\ud800"}')[0].data == {"a": "\x00\ud800"}


def test_a_line_beyond_the_limit_is_skipped_whole(tmp_path, monkeypatch):
    monkeypatch.setattr(rows_json, "MAX_LINE", 20)
    results = rows(tmp_path, '{"a": 1}\n{"a": "' + "x" * 50 + '"}\n{"a": 2}')
    assert [(r.row, r.data) for r in results] == [(1, {"a": 1}), (2, None), (3, {"a": 2})]


@settings(max_examples=60)
@given(
    st.lists(st.dictionaries(st.text(max_size=5), values, max_size=4)), st.integers(1, 40), st.sampled_from([None, 2])
)
def test_a_list_is_streamed_whatever_the_size_of_the_pieces(tmp_path_factory, items, chunk, indent):
    path = tmp_path_factory.mktemp("json") / "a.json"
    path.write_text(json.dumps(items, indent=indent))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(rows_json, "_CHUNK", chunk)
        assert [r.data for r in read_rows(path)] == items


def test_a_broken_element_does_not_stop_the_others(tmp_path):
    content = '[{"a": 1}, {"a": tru}, nope, 5, {"a": 2},]'
    assert [(r.row, r.data) for r in rows(tmp_path, content, "a.json")] == [
        (1, {"a": 1}),
        (2, None),
        (3, None),
        (4, None),
        (5, {"a": 2}),
    ]


def test_an_open_string_costs_only_its_own_element(tmp_path):
    content = '[\n  {"a": 1},\n  {"a": "x},\n  {"a": 3}\n]'
    assert [r.data for r in rows(tmp_path, content, "a.json")] == [{"a": 1}, None, {"a": 3}]


def test_a_list_that_ends_early_gives_what_it_has(tmp_path):
    results = rows(tmp_path, '[{"a": 1}, {"a": 2', "a.json")
    assert results[0].data == {"a": 1}
    assert results[-1].error is not None


@pytest.mark.parametrize(
    ("whole", "expected"),
    [
        ({"data": [{"a": 1}, {"a": 2}]}, [{"a": 1}, {"a": 2}]),
        ({"version": 1, "examples": [{"a": 1}]}, [{"a": 1}]),
        ({"a": [1, 2], "b": ["x", "y"]}, [{"a": 1, "b": "x"}, {"a": 2, "b": "y"}]),
        ({"question": "q", "tags": [1]}, [{"question": "q", "tags": [1]}]),
    ],
)
def test_objects_hold_lists_columns_or_one_row(tmp_path, whole, expected):
    assert [r.data for r in rows(tmp_path, json.dumps(whole, indent=1), "a.json")] == expected


def test_json_lines_are_recognised_in_a_json_file(tmp_path):
    assert [r.data for r in rows(tmp_path, '{"a": 1}\n{"a": 2}\n', "a.json")] == [{"a": 1}, {"a": 2}]


def test_an_empty_file_has_no_rows(tmp_path):
    assert rows(tmp_path, "", "a.json") == rows(tmp_path, "", "a.jsonl") == []


@pytest.mark.parametrize("content", ["hello", '{"a": ', '{"a": NaN}'])
def test_a_file_that_is_no_json_at_all_is_refused(tmp_path, content):
    with pytest.raises(InputError, match=r"a\.json"):
        rows(tmp_path, content, "a.json")
