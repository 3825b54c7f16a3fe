"""Files appear whole or not at all; what may not leave does not."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace

import pytest

from seedbed.core.errors import InputError, ReadOnlyError, UnknownNameError
from seedbed.core.records import State
from seedbed.export.writer import ExportOptions, export_dataset
from testkit.stored import LEAVES, make_file, new_entry


@pytest.fixture
def file(tmp_path):
    with make_file(tmp_path, "x.db") as made:
        rows = [
            new_entry(i, topic=LEAVES[i % 2], content={"question": f"Question {i}?", "answer": f"Answer {i}."})
            for i in range(20)
        ]
        rows += [
            new_entry(20, topic=LEAVES[0], content={"question": "Waiting?", "answer": "Yes."}, state=State.PENDING),
            new_entry(21, topic=LEAVES[0], content={"question": "Refused?", "answer": "Yes."}, state=State.REJECTED),
        ]
        with made.write():
            made.entries.insert(rows)
        yield made


def run(file, path, **options):
    return export_dataset(file, path, ExportOptions(**options))


def lines(path):
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def test_only_finished_entries_leave(file, tmp_path):
    run(file, tmp_path / "a.jsonl")
    asked = {row["question"] for row in lines(tmp_path / "a.jsonl")}
    assert len(asked) == 20
    assert not asked & {"Waiting?", "Refused?"}
    assert run(file, tmp_path / "a.jsonl", include_pending=True).count == 21


def test_the_manifest_knows_every_file(file, tmp_path):
    result = run(file, tmp_path / "out", splits="train=0.8,test=0.2", format="chatml")
    manifest = json.loads((tmp_path / "out" / "manifest.json").read_text())
    assert result.manifest == str(tmp_path / "out" / "manifest.json")
    for part in manifest["splits"].values():
        data = (tmp_path / "out" / part["file"]).read_bytes()
        assert (part["sha256"], part["bytes"]) == (hashlib.sha256(data).hexdigest(), len(data))
        assert data.count(b"\n") == part["count"]
    assert {n: p["count"] for n, p in manifest["splits"].items()} == {"train": 16, "test": 4}


def test_a_dry_run_writes_nothing(file, tmp_path):
    before = sorted(tmp_path.iterdir())
    result = run(file, tmp_path / "out", splits="train=0.8,test=0.2", dry_run=True)
    assert (result.count, result.manifest) == (20, None)
    assert sorted(tmp_path.iterdir()) == before


def test_a_row_that_cannot_be_encoded_leaves_the_old_files(file, tmp_path):
    target = tmp_path / "a.jsonl"
    run(file, target, format="chatml")
    before = target.read_bytes()
    with file.write():
        file.entries.insert([new_entry(30, topic=LEAVES[0], content={"question": "Blank?", "answer": " "})])
    with pytest.raises(InputError) as caught:
        run(file, target, format="chatml")
    assert caught.value.place["id"]
    assert target.read_bytes() == before
    assert not [p for p in tmp_path.iterdir() if ".part" in p.name]


def test_columns_can_be_chosen_and_unknown_ones_are_named(file, tmp_path):
    run(file, tmp_path / "a.jsonl", fields=["answer", "topic"])
    assert list(lines(tmp_path / "a.jsonl")[0]) == ["answer", "topic"]
    with pytest.raises(UnknownNameError) as caught:
        run(file, tmp_path / "b.jsonl", fields=["anser"])
    assert caught.value.near == ["answer"]


def test_an_optional_field_is_a_column_and_so_is_what_was_kept_beside(file, tmp_path):
    with file.write():
        extra = new_entry(30, topic=LEAVES[0], content={"question": "Late?", "answer": "Yes.", "unit": "km"})
        file.entries.insert([replace(extra, meta={"page": 7, "unit": "not this"})])
    run(file, tmp_path / "a.jsonl", fields=["question", "unit", "page"])
    rows = {row.pop("question"): row for row in lines(tmp_path / "a.jsonl")}
    assert rows["Late?"] == {"unit": "km", "page": 7}
    assert rows["Question 1?"] == {"unit": None, "page": None}


def test_thin_strata_warn_and_strict_fails(file, tmp_path):
    splits = "train=0.95,test=0.05"
    assert len(run(file, tmp_path / "a", splits=splits).warnings) == 2
    with pytest.raises(InputError) as caught:
        run(file, tmp_path / "b", splits=splits, strict=True)
    assert caught.value.stable_code == "thin_strata"


def test_a_card_of_ones_own_is_kept(file, tmp_path):
    out = tmp_path / "out"
    run(file, out, splits="train=1")
    assert "path: train.jsonl" in (out / "README.md").read_text()
    (out / "README.md").write_text("mine")
    run(file, out, splits="train=1")
    assert (out / "README.md").read_text() == "mine"


def test_a_folder_that_cannot_be_made_is_a_clear_error(file, tmp_path):
    (tmp_path / "taken").write_text("a file")
    with pytest.raises(ReadOnlyError, match="taken"):
        run(file, tmp_path / "taken" / "a.jsonl")


def test_nothing_to_export_is_said(file, tmp_path):
    with pytest.raises(InputError) as caught:
        run(file, tmp_path / "a.jsonl", topic=LEAVES[2])
    assert caught.value.stable_code == "nothing_to_export"
