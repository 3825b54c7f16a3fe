import bz2
import gzip
import json
import lzma
import tracemalloc
from collections import deque
from random import Random

import pytest

from seedbed.core.errors import InputError, NotFoundError, RowError
from seedbed.core.identity import seed_uid
from seedbed.sources import rows_json
from seedbed.sources.report import SourceReport
from seedbed.sources.rows import RowOptions, RowSource, read_rows, render_row


def write(tmp_path, *rows, name="a.jsonl"):
    path = tmp_path / name
    path.write_text("".join(f"{row if isinstance(row, str) else json.dumps(row)}\n" for row in rows))
    return path


def collect(location, **options):
    report = SourceReport()
    return list(RowSource().collect(str(location), RowOptions(**options), report)), report


@pytest.mark.parametrize(
    ("row", "text", "others"),
    [
        ({"id": 1, "Text": "body"}, "body", {"id": 1}),
        ({"title": "T", "content": "body"}, "body", {"title": "T"}),
        ({"id": 1, "answer": "yes"}, "yes", {"id": 1}),
        ({"question": "q?", "answer": "a"}, "question: q?\nanswer: a", {"question": "q?", "answer": "a"}),
        ({"text": " ", "n": 1}, "text_is_blank", None),
        ({"a": {"b": [1]}, "c": None}, 'a: {"b":[1]}', {"a": {"b": [1]}, "c": None}),
    ],
)
def test_the_text_of_a_row_is_found_or_rendered(tmp_path, row, text, others):
    ((seed,), _) = collect(write(tmp_path, row))
    if others is None:
        text, others = "n: 1", row
    assert (seed.text, seed.meta) == (text, {"row": 1, **others})


def test_a_named_column_wins_and_a_row_without_it_is_an_error(tmp_path):
    seeds, report = collect(write(tmp_path, {"bod": "x"}, {"body": "y", "text": "z"}), text_field="body")
    assert [s.text for s in seeds] == ["y"]
    assert report.issues[0].place["row"] == 1
    assert report.issues[0].place["field"] == "body"
    assert report.issues[0].fix == "did you mean 'bod'?"


def test_bad_rows_do_not_change_the_identity_of_others(tmp_path):
    path = write(tmp_path, {"text": "a"}, "broken", {"text": "b"})
    seeds, report = collect(path)
    assert [(s.position, s.meta["row"]) for s in seeds] == [(0, 1), (2, 3)]
    assert [s.uid for s in seeds] == [seed_uid(path.as_posix(), s.position, s.text) for s in seeds]
    assert [type(e) for e in report.issues] == [RowError]


def test_reading_strictly_stops_at_the_first_bad_row(tmp_path):
    reader = RowSource().read(str(write(tmp_path, {"text": "a"}, "broken")), RowOptions())
    assert next(reader).text == "a"
    with pytest.raises(RowError):
        next(reader)


def test_a_bad_file_does_not_stop_the_others(tmp_path):
    write(tmp_path, "hello", name="a.json")
    write(tmp_path, {"text": "b"}, name="b.jsonl")
    write(tmp_path, name="c.csv")
    seeds, report = collect(tmp_path)
    assert [s.text for s in seeds] == ["b"]
    assert [f.note for f in report.files] == ["not read", "", "empty"]


def test_text_of_seeds_is_clean(tmp_path):
    seeds, _ = collect(write(tmp_path, '{"text": "a\\u0000b\\ud800"}'))
    assert seeds[0].text == "ab\ufffd"


def test_memory_does_not_grow_with_the_rows(tmp_path, monkeypatch):
    monkeypatch.setattr(rows_json, "_CHUNK", 1 << 14)
    path = tmp_path / "big.json"
    with path.open("w") as file:
        file.write("[")
        file.writelines(f'{{"text": "{"x" * 200} {i}"}},\n' for i in range(40_000))
        file.write('{"text": "end"}]')
    tracemalloc.start()
    (last,) = deque(read_rows(path), maxlen=1)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert (last.row, last.data) == (40_001, {"text": "end"})
    assert peak < 1_000_000 < path.stat().st_size / 8


def test_what_cannot_be_rows_is_refused(tmp_path):
    with pytest.raises(NotFoundError):
        list(read_rows(tmp_path / "none.csv"))
    with pytest.raises(InputError, match=r"'\.xls'") as caught:
        list(read_rows(tmp_path / "a.xls"))
    assert ".jsonl" in caught.value.fix
    (tmp_path / "a.csv").write_bytes(b"PK\x03\x04 a spreadsheet")
    with pytest.raises(InputError, match="binary"):
        list(read_rows(tmp_path / "a.csv"))


def test_rendering_is_canonical():
    assert render_row({"b": {"y": 1, "x": "é"}, "a": " t ", "n": None, "s": ""}) == 'b: {"x":"é","y":1}\na: t'


PACKERS = {".gz": gzip.compress, ".bz2": bz2.compress, ".xz": lzma.compress}


def pack(path, ending, cut=None):
    packed = path.with_name(path.name + ending)
    packed.write_bytes(PACKERS[ending](path.read_bytes())[:cut])
    return packed


@pytest.mark.parametrize("ending", PACKERS)
def test_compressed_rows_are_read_as_they_would_be_plain(tmp_path, ending):
    lines = write(tmp_path, {"a": 1}, "broken", {"a": 2})
    array = write(tmp_path, '[{"a": 1}, {"a": 2}]', name="a.json")
    table = write(tmp_path, "a\tb", "1\tx", name="a.tsv")
    for path in (lines, array, table):
        plain, packed = (list(read_rows(p)) for p in (path, pack(path, ending)))
        assert [(r.row, r.data) for r in packed] == [(r.row, r.data) for r in plain]
    assert [seed.meta["row"] for seed in collect(pack(lines, ending))[0]] == [1, 3]


@pytest.mark.extra("parquet")
def test_zstandard_is_read_with_pyarrow(tmp_path):
    pyarrow = pytest.importorskip("pyarrow")
    with pyarrow.output_stream(tmp_path / "a.jsonl.zst", compression="zstd") as file:
        file.write(b'{"a": 1}\n')
    assert [r.data for r in read_rows(tmp_path / "a.jsonl.zst")] == [{"a": 1}]


@pytest.mark.parametrize("ending", PACKERS)
def test_a_damaged_file_gives_the_rows_before_the_damage(tmp_path, ending):
    random = Random(1)
    path = write(tmp_path, *({"a": random.randbytes(300).hex()} for _ in range(4_000)))
    packed = pack(path, ending)
    *good, last = read_rows(pack(path, ending, cut=packed.stat().st_size * 3 // 4))
    assert len(good) > 100
    assert all(r.error is None for r in good)
    assert "the rest cannot be read" in last.error.message
    assert last.row == len(good) + 1


@pytest.mark.parametrize("name", ["a.jsonl.gz", "a.csv.xz", "a.json.bz2"])
def test_what_is_not_compressed_as_its_name_says_is_refused(tmp_path, name):
    with pytest.raises(InputError, match=name):
        list(read_rows(write(tmp_path, {"a": 1}, name=name)))


@pytest.mark.parametrize("name", ["a.parquet.gz", "a.txt.gz", "a.gz", ".gz"])
def test_an_ending_that_cannot_be_read_is_named(tmp_path, name):
    with pytest.raises(InputError, match="unsupported ending"):
        list(read_rows(write(tmp_path, {"a": 1}, name=name)))


def test_an_object_of_any_size_is_not_held_in_memory(tmp_path, monkeypatch):
    monkeypatch.setattr(rows_json, "MAX_OBJECT", 1 << 19)
    path = write(tmp_path, '{"data": [' + "1," * (1 << 19) + "1]}", name="a.json")
    with pytest.raises(InputError, match="too large"):
        list(read_rows(path))
