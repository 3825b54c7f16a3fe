import importlib.util
import sys

import pytest

from seedbed.core.errors import InputError, MissingExtraError, NotFoundError, UnknownNameError
from seedbed.sources.find import read_all
from seedbed.sources.lance import LanceOptions, LanceSource
from seedbed.sources.report import SourceReport

needs_lancedb = [
    pytest.mark.extra("lancedb"),
    pytest.mark.skipif(importlib.util.find_spec("lancedb") is None, reason="the extra 'lancedb' is not installed"),
]


def collect(location, **options):
    report = SourceReport()
    return list(LanceSource().collect(str(location), LanceOptions(**options), report)), report


def test_a_folder_without_tables_is_not_found(tmp_path):
    with pytest.raises(NotFoundError, match="no LanceDB table"):
        collect(tmp_path)
    with pytest.raises(NotFoundError):
        collect(tmp_path / "none")


def test_unknown_tables_are_named_before_anything_is_loaded(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "lancedb", None)
    for name in ("text_chunks", "code_chunks"):
        (tmp_path / f"{name}.lance").mkdir()
    with pytest.raises(UnknownNameError) as caught:
        collect(tmp_path, tables=("text_chunk",))
    assert caught.value.near[0] == "text_chunks"
    with pytest.raises(MissingExtraError) as missing:
        collect(tmp_path)
    assert missing.value.fix == 'pip install "seedbed[lancedb]"'


@pytest.fixture
def lake(tmp_path):
    import lancedb
    import pyarrow

    database = lancedb.connect(str(tmp_path / "lake"))
    vectors = pyarrow.array([[0.5, 1.0]] * 1200, pyarrow.list_(pyarrow.float32(), 2))
    database.create_table(
        "text_chunks",
        pyarrow.table(
            {
                "chunk_id": [f"c{i}" for i in range(1200)],
                "text": [f"chunk {i}" for i in range(1199)] + [None],
                "source": ["a.md", "b.md"] * 600,
                "page": list(range(1200)),
                "vector": vectors,
            }
        ),
    )
    database.create_table("code_chunks", pyarrow.table({"body": ["x = 1", " "], "lang": ["py", "c"]}))
    database.create_table("numbers", pyarrow.table({"n": [1, 2]}))
    return tmp_path / "lake"


class TestWithLanceDB:
    pytestmark = needs_lancedb

    def test_all_rows_of_the_usual_table_come_in_order(self, lake):
        seeds, report = collect(lake)
        assert [s.text for s in seeds] == [f"chunk {i}" for i in range(1199)]
        assert seeds[1].source == f"{lake.as_posix()}/text_chunks/b.md"
        assert seeds[1].meta == {"table": "text_chunks", "chunk_id": "c1", "source": "b.md", "page": 1}
        assert len({s.uid for s in seeds}) == 1199
        assert report.issues == []

    def test_several_tables_are_read_in_one_run(self, lake):
        seeds, report = collect(lake, tables=("code_chunks", "text_chunks"))
        assert seeds[0].text == "x = 1"
        assert [f.seeds for f in report.files] == [1, 1199]

    def test_a_single_table_can_be_the_location(self, lake):
        assert [s.text for s in collect(lake / "code_chunks.lance")[0]] == ["x = 1"]

    def test_columns_can_be_named(self, lake):
        seeds, _ = collect(lake, text_column="source", id_column="page", source_column="chunk_id")
        assert (seeds[0].text, seeds[0].meta["chunk_id"], seeds[0].source[-3:]) == ("a.md", 0, "/c0")

    def test_unknown_columns_name_those_that_exist(self, lake):
        with pytest.raises(UnknownNameError) as caught:
            collect(lake, text_column="txt")
        assert caught.value.near[0] == "text"

    def test_a_table_without_text_says_which_columns_it_has(self, lake):
        with pytest.raises(InputError, match="'numbers'") as caught:
            collect(lake, tables=("numbers",))
        assert "columns: n" in caught.value.fix

    def test_a_column_that_holds_no_text_is_an_error_per_row(self, lake):
        seeds, report = collect(lake, tables=("numbers",), text_column="n")
        assert seeds == []
        assert [e.place["row"] for e in report.issues] == [1, 2]

    def test_a_damaged_table_does_not_stop_the_others(self, lake):
        for part in (lake / "code_chunks.lance" / "data").iterdir():
            part.write_bytes(b"damaged")
        seeds, report = collect(lake, tables=("code_chunks", "text_chunks"))
        assert len(seeds) == 1199
        assert "code_chunks" in report.issues[0].message

    def test_a_limit_is_spread_over_the_documents(self, lake):
        seeds, _ = read_all([str(lake)], max_chunks=4)
        assert sorted(s.source[-4:] for s in seeds) == ["a.md", "a.md", "b.md", "b.md"]
