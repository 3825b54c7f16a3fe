import pytest

from seedbed.core.errors import InputError
from seedbed.sources import report as module
from seedbed.sources.report import SourceReport


def test_errors_are_counted_and_the_first_are_kept(monkeypatch):
    monkeypatch.setattr(module, "MAX_ISSUES", 2)
    report = SourceReport()
    for number in range(5):
        report.problem(InputError(f"error {number}"))
    assert report.problems == 5
    assert [e.message for e in report.issues] == ["error 0", "error 1"]


def test_a_strict_report_raises():
    with pytest.raises(InputError):
        SourceReport(strict=True).problem(InputError("no"))


def test_the_json_form_tells_everything():
    report = SourceReport(skipped=[("a.png", "not a document")])
    report.open("a.md").seeds = 3
    report.open("b.md").note = "empty"
    report.problem(InputError("no", place={"file": "c.md"}))
    assert report.seeds == 3
    assert report.to_dict() == {
        "files": [{"source": "a.md", "seeds": 3}, {"source": "b.md", "seeds": 0, "note": "empty"}],
        "skipped": [{"file": "a.png", "reason": "not a document"}],
        "issues": [{"error": "invalid_input", "message": "no", "place": {"file": "c.md"}}],
        "problems": 1,
        "duplicates": 0,
    }
