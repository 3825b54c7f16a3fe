import datetime
import decimal
import importlib.util
import sys

import pytest

from seedbed.core.errors import InputError, MissingExtraError
from seedbed.sources.rows import read_rows
from seedbed.sources.rows_arrow import read_arrow
from seedbed.sources.rows_parquet import jsonable

needs_pyarrow = [
    pytest.mark.extra("parquet"),
    pytest.mark.skipif(importlib.util.find_spec("pyarrow") is None, reason="the extra 'parquet' is not installed"),
]


def test_values_become_json_types():
    day = datetime.date(2024, 2, 1)
    assert jsonable({"a": [1.5, float("nan")], "b": b"x", "c": decimal.Decimal("1.50"), "d": day, 1: None}) == {
        "a": [1.5, None],
        "b": "eA==",
        "c": "1.50",
        "d": "2024-02-01",
        "1": None,
    }


def test_without_pyarrow_the_install_line_is_named(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    (tmp_path / "a.parquet").write_bytes(b"PAR1")
    with pytest.raises(MissingExtraError) as caught:
        list(read_rows(tmp_path / "a.parquet"))
    assert caught.value.fix == 'pip install "seedbed[parquet]"'


class TestWithPyarrow:
    pytestmark = needs_pyarrow

    def test_rows_come_in_order_across_row_groups(self, tmp_path):
        import pyarrow
        from pyarrow import parquet

        table = pyarrow.table({"n": list(range(1500)), "x": [float("nan")] * 1500})
        parquet.write_table(table, tmp_path / "a.parquet", row_group_size=400)
        results = list(read_rows(tmp_path / "a.parquet"))
        assert [r.data["n"] for r in results] == list(range(1500))
        assert (results[0].row, results[0].data) == (1, {"n": 0, "x": None})

    def test_a_file_that_is_not_parquet_is_refused(self, tmp_path):
        (tmp_path / "a.parquet").write_bytes(b"PAR1 no")
        with pytest.raises(InputError, match=r"a\.parquet is not Parquet"):
            list(read_rows(tmp_path / "a.parquet"))

    def test_a_damaged_row_group_is_an_error_after_the_good_rows(self, tmp_path):
        import pyarrow
        from pyarrow import parquet

        path = tmp_path / "a.parquet"
        table = pyarrow.table({"n": [f"{i:09d}" for i in range(2000)]})
        parquet.write_table(table, path, row_group_size=1000, compression="zstd", use_dictionary=False)
        start = parquet.ParquetFile(path).metadata.row_group(1).column(0).data_page_offset
        data = bytearray(path.read_bytes())
        data[start : start + 400] = b"\xff" * 400
        path.write_bytes(bytes(data))
        results = list(read_rows(path))
        assert results[0].data == {"n": "000000000"}
        assert "the rest cannot be read" in results[-1].error.message

    @pytest.mark.parametrize("ending", ["parquet", "arrow"])
    def test_a_value_that_python_cannot_hold_is_text_or_its_row_s_error(self, tmp_path, ending):
        import pyarrow
        from pyarrow import ipc, parquet

        columns = {
            "at": pyarrow.array([0, 1, 0, 0], pyarrow.timestamp("ns")),
            "day": pyarrow.array([0, 0, 2**30, 0], pyarrow.int32()).cast(pyarrow.date32()),
            "text": pyarrow.array([b"a", b"b", b"c", b"\xff"]).view(pyarrow.string()),
        }
        table, path = pyarrow.table(columns), tmp_path / f"a.{ending}"
        if ending == "parquet":
            parquet.write_table(table, path)
        else:
            with ipc.new_stream(path, table.schema) as out:
                out.write_table(table)
        first, second, third, fourth = read_arrow(path) if ending == "arrow" else read_rows(path)
        assert first.data == {"at": "1970-01-01T00:00:00", "day": "1970-01-01", "text": "a"}
        assert second.data == {"at": "1970-01-01T00:00:00.000000001", "day": "1970-01-01", "text": "b"}
        assert (third.row, third.error.place["field"]) == (3, "day")
        assert (fourth.error.place["field"], fourth.error.message.split(": ")[1]) == ("text", "the bytes are not UTF-8")
