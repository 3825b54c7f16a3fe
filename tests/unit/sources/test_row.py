from pathlib import Path

from seedbed.sources.row import failed


def test_a_failed_row_names_file_row_and_field():
    result = failed(Path("data/a.csv"), 7, "is empty", "answer")
    assert (result.row, result.data) == (7, None)
    assert result.error.to_dict() == {
        "error": "invalid_row",
        "message": "a.csv, row 7: is empty",
        "place": {"file": "data/a.csv", "row": 7, "field": "answer"},
    }
