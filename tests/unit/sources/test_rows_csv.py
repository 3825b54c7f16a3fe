import csv
import io

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seedbed.core.errors import InputError
from seedbed.sources import rows_csv
from seedbed.sources.rows import read_rows

cells = st.text(st.characters(codec="utf-8", exclude_characters="\x00\r\ufeff"), max_size=12)


def rows(tmp_path, content, name="a.csv"):
    path = tmp_path / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return list(read_rows(path))


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_the_delimiter_is_found(tmp_path, delimiter):
    content = (
        delimiter.join(["q", "a"]) + "\n" + delimiter.join(["x, y; z", "1"]).replace("x, y; z", '"x, y; z|"') + "\n"
    )
    assert [r.data for r in rows(tmp_path, content)] == [{"q": "x, y; z|", "a": "1"}]


def test_a_single_column_needs_no_delimiter(tmp_path):
    assert [r.data for r in rows(tmp_path, "text\nhello there\n")] == [{"text": "hello there"}]


def test_tsv_is_cut_at_tabs(tmp_path):
    assert [r.data for r in rows(tmp_path, "a,b\tc\n1,2\t3\n", "a.tsv")] == [{"a,b": "1,2", "c": "3"}]


def test_quoted_line_breaks_are_kept_and_rows_named_by_their_first_line(tmp_path):
    results = rows(tmp_path, 'q,a\r\n"one\ntwo","said ""so"""\r\n\r\nx,y\r\n')
    assert [(r.row, r.data) for r in results] == [(2, {"q": "one\ntwo", "a": 'said "so"'}), (5, {"q": "x", "a": "y"})]


def test_a_row_of_the_wrong_width_is_its_own_error(tmp_path):
    results = rows(tmp_path, "a,b\n1,2\n1,2,3\n1\n3,4\n")
    assert [(r.row, r.data) for r in results] == [
        (2, {"a": "1", "b": "2"}),
        (3, None),
        (4, None),
        (5, {"a": "3", "b": "4"}),
    ]
    assert results[1].error.message == "a.csv, row 3: 3 fields, but the header names 2"


def test_a_quote_left_open_costs_only_its_own_row(tmp_path):
    results = rows(tmp_path, 'a,b\n1,2\n"x,y\n3,4\n5,6\n')
    assert [(r.row, r.data and r.data["a"]) for r in results] == [(2, "1"), (3, None), (4, "3"), (5, "5")]
    assert "never closed" in results[1].error.message


def test_a_quote_left_open_is_noticed_without_reading_on_for_ever(tmp_path, monkeypatch):
    monkeypatch.setattr(rows_csv, "MAX_LINES", 5)
    results = rows(tmp_path, 'a,b\n"x,y\n' + "3,4\n" * 20)
    assert [r.error is None for r in results] == [False] + [True] * 20


def test_a_field_of_two_megabytes_is_read(tmp_path):
    assert len(rows(tmp_path, "a,b\n" + "x" * 2_000_000 + ",y\n")[0].data["a"]) == 2_000_000


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
def test_encodings_are_found(tmp_path, encoding):
    assert [r.data for r in rows(tmp_path, "q,a\né,ü\n".encode(encoding))] == [{"q": "é", "a": "ü"}]


def test_bytes_that_do_not_decode_far_into_the_file_are_the_rows_error(tmp_path):
    results = rows(tmp_path, b"a,b\n" + b"1,2\n" * 20_000 + b"\xff,2\n3,4\n")
    assert [(r.row, r.error.place["field"]) for r in results if r.error] == [(20_002, "a")]
    assert results[-1].data == {"a": "3", "b": "4"}


def test_the_header_must_name_each_column_once(tmp_path):
    with pytest.raises(InputError, match="'a' twice"):
        rows(tmp_path, "a,a\n1,2\n")
    assert rows(tmp_path, "a,,c\n1,2,3\n")[0].data == {"a": "1", "column_2": "2", "c": "3"}


@settings(max_examples=60)
@given(st.lists(st.tuples(cells, cells).filter(any), min_size=1, max_size=8))
def test_what_the_standard_writer_writes_is_read_back(tmp_path_factory, records):
    target = io.StringIO(newline="")
    csv.writer(target).writerows([("q", "a"), *records])
    path = tmp_path_factory.mktemp("csv") / "a.csv"
    path.write_bytes(target.getvalue().encode())
    assert [tuple(r.data.values()) for r in read_rows(path)] == records
