"""Folders of datasets: which files, which splits, and rows as people read them."""

from __future__ import annotations

import json
import sys
from importlib.util import find_spec

import pytest

from seedbed.core.errors import InputError, MissingExtraError, NotFoundError, UnknownNameError
from seedbed.sources.huggingface import Part, open_folder, read_part

needs_pyarrow = [
    pytest.mark.extra("parquet"),
    pytest.mark.skipif(find_spec("pyarrow") is None, reason="the extra 'parquet' is not installed"),
]
FEATURES = {
    "text": {"dtype": "string", "_type": "Value"},
    "label": {"names": ["neg", "pos"], "_type": "ClassLabel"},
    "messages": [{"role": {"dtype": "string", "_type": "Value"}, "content": {"dtype": "string", "_type": "Value"}}],
}


def rows_of(folder, **options):
    return [(p.split, r.data or r.error.message) for p in open_folder(folder, **options).parts for r in read_part(p)]


def lines(path, *rows):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")


def card(folder, text):
    (folder / "README.md").write_text(f"---\n{text}\n---\n# A dataset\n", encoding="utf-8")


class TestRepositories:
    def test_splits_come_from_names(self, tmp_path):
        names = ["train-00001-of-00002", "train-00000-of-00002", "my.own-00000-of-00001", "validation-00000-of-00001"]
        for name in names:
            lines(tmp_path / "data" / f"{name}.jsonl", {"n": name})
        assert [split for split, _ in rows_of(tmp_path)] == ["train", "train", "validation", "my.own"]
        assert rows_of(tmp_path, splits=["train"])[0][1] == {"n": "train-00000-of-00002"}

    @pytest.mark.parametrize(
        ("name", "split"),
        [
            ("train.jsonl", "train"),
            ("my_training_set.jsonl", "train"),
            ("dev.jsonl", "validation"),
            ("data/valid/part1.jsonl", "validation"),
            ("eval-2.jsonl", "test"),
            ("testament.jsonl", "train"),
            ("anything.jsonl", "train"),
        ],
    )
    def test_words_in_names_say_the_split(self, tmp_path, name, split):
        lines(tmp_path / name, {"n": 1})
        assert rows_of(tmp_path) == [(split, {"n": 1})]

    def test_files_without_a_split_are_told_when_others_have_one(self, tmp_path):
        lines(tmp_path / "train.jsonl", {"n": 1})
        lines(tmp_path / "extra.jsonl", {"n": 2})
        (tmp_path / "notes.csv").write_text("a\n1\n", encoding="utf-8")
        found = open_folder(tmp_path)
        assert ([p.path.name for p in found.parts], found.skipped) == (["train.jsonl"], ("extra.jsonl", "notes.csv"))

    def test_the_card_s_patterns_go_first(self, tmp_path):
        for name in ("main/a.jsonl", "main/b.jsonl", "other/a.jsonl", "top.jsonl"):
            lines(tmp_path / name, {"n": name})
        card(
            tmp_path,
            "configs:\n- config_name: main\n  default: true\n  data_files:\n  - {split: train, path: 'main/*.jsonl'}\n"
            "  - split: test\n    path: ['top.jsonl']\n- config_name: other\n  data_files: other/**",
        )
        assert rows_of(tmp_path) == [
            ("train", {"n": "main/a.jsonl"}),
            ("train", {"n": "main/b.jsonl"}),
            ("test", {"n": "top.jsonl"}),
        ]
        assert rows_of(tmp_path, config="other") == [("train", {"n": "other/a.jsonl"})]
        with pytest.raises(UnknownNameError) as caught:
            open_folder(tmp_path, config="mian")
        assert caught.value.near == ["main"]
        with pytest.raises(UnknownNameError) as caught:
            open_folder(tmp_path, splits=["tset"])
        assert caught.value.near == ["test"]

    def test_several_configurations_without_a_default_have_to_be_chosen(self, tmp_path):
        lines(tmp_path / "x/train.jsonl", {"n": 1})
        card(tmp_path, "configs:\n- {config_name: a, data_dir: x}\n- {config_name: b, data_dir: x}")
        with pytest.raises(InputError, match="2 configurations") as caught:
            open_folder(tmp_path)
        assert caught.value.stable_code == "ambiguous_config"
        assert rows_of(tmp_path, config="b") == [("train", {"n": 1})]

    def test_labels_of_a_card_are_named(self, tmp_path):
        lines(tmp_path / "train.jsonl", {"label": 1, "text": "x"})
        card(
            tmp_path,
            "dataset_info:\n  features:\n  - name: label\n    dtype:\n      class_label:\n        names:\n"
            "          '0': neg\n          '1': pos",
        )
        assert rows_of(tmp_path) == [("train", {"label": "pos", "text": "x"})]

    @pytest.mark.parametrize(
        ("text", "error"),
        [
            ("configs: [", InputError),
            ("configs:\n- data_files: '../*.jsonl'", NotFoundError),
            ("configs:\n- data_dir: ../..", InputError),
            ("configs:\n- data_files: gone.jsonl", NotFoundError),
        ],
    )
    def test_a_card_that_leads_nowhere_is_an_error(self, tmp_path, text, error):
        lines(tmp_path / "set" / "train.jsonl", {"n": 1})
        lines(tmp_path / "secret.jsonl", {"n": 2})
        card(tmp_path / "set", text)
        with pytest.raises(error):
            open_folder(tmp_path / "set")

    def test_a_card_that_says_nothing_of_use_is_no_hindrance(self, tmp_path):
        lines(tmp_path / "train.jsonl", {"n": 1})
        card(tmp_path, "configs: 7\ndataset_info: [3]\nlicense: mit")
        assert rows_of(tmp_path) == [("train", {"n": 1})]

    def test_a_pointer_of_git_lfs_names_the_way_out(self, tmp_path):
        (tmp_path / "train.parquet").write_text("version https://git-lfs.github.com/spec/v1\n", encoding="utf-8")
        with pytest.raises(InputError, match="Git LFS") as caught:
            rows_of(tmp_path)
        assert caught.value.fix == "run: git lfs pull"

    def test_a_folder_without_rows_is_not_found(self, tmp_path):
        (tmp_path / "README.md").write_text("hello", encoding="utf-8")
        with pytest.raises(NotFoundError, match="no rows"):
            open_folder(tmp_path)

    def test_a_bad_row_does_not_stop_the_others(self, tmp_path):
        (tmp_path / "train.jsonl").write_text('{"n": 1}\nnope\n{"n": 2}\n', encoding="utf-8")
        assert [isinstance(data, dict) for _, data in rows_of(tmp_path)] == [True, False, True]


def test_without_pyarrow_the_install_line_is_named(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    (tmp_path / "train.arrow").write_bytes(b"ARROW1")
    with pytest.raises(MissingExtraError) as caught:
        rows_of(tmp_path)
    assert caught.value.fix == 'pip install "seedbed[parquet]"'


def table(n, start=0):
    import pyarrow

    rows = [
        {"text": f"text {i}", "label": i % 2, "messages": [{"role": "user", "content": f"hi {i}"}]}
        for i in range(start, start + n)
    ]
    return pyarrow.Table.from_pylist(rows)


def save(folder, *tables, split="train", features=FEATURES):
    """What ``save_to_disk`` leaves behind."""
    import pyarrow

    folder.mkdir(parents=True)
    names = [f"data-{i:05d}-of-{len(tables):05d}.arrow" for i in range(len(tables))]
    for name, part in zip(names, tables, strict=True):
        with pyarrow.ipc.new_stream(folder / name, part.schema) as writer:
            writer.write_table(part, max_chunksize=7)
    state = {"_data_files": [{"filename": n} for n in names], "_split": split, "_format_type": None}
    (folder / "state.json").write_text(json.dumps(state), encoding="utf-8")
    (folder / "dataset_info.json").write_text(json.dumps({"features": features}), encoding="utf-8")


class TestWithPyarrow:
    pytestmark = needs_pyarrow

    def test_what_save_to_disk_writes_is_read_in_order(self, tmp_path):
        save(tmp_path / "set", table(10), table(5, 10))
        found = rows_of(tmp_path / "set")
        assert [data["text"] for _, data in found] == [f"text {i}" for i in range(15)]
        assert found[1] == (
            "train", {"text": "text 1", "label": "pos", "messages": [{"role": "user", "content": "hi 1"}]}
        )  # fmt: skip

    def test_a_dict_of_splits_is_read_split_by_split(self, tmp_path):
        for split in ("test", "train"):
            save(tmp_path / "set" / split, table(2), split=split)
        (tmp_path / "set" / "dataset_dict.json").write_text('{"splits": ["train", "test"]}', encoding="utf-8")
        assert [split for split, _ in rows_of(tmp_path / "set")] == ["train", "train", "test", "test"]
        assert len(rows_of(tmp_path / "set", splits=["test"])) == 2
        with pytest.raises(UnknownNameError):
            open_folder(tmp_path / "set", config="main")

    def test_a_split_that_is_missing_is_an_error(self, tmp_path):
        save(tmp_path / "set" / "train", table(1))
        (tmp_path / "set" / "dataset_dict.json").write_text('{"splits": ["train", "gone"]}', encoding="utf-8")
        with pytest.raises(NotFoundError):
            open_folder(tmp_path / "set")

    def test_files_stay_inside_the_folder(self, tmp_path):
        save(tmp_path / "set", table(1))
        state = {"_data_files": [{"filename": "../../etc/passwd"}], "_split": "train"}
        (tmp_path / "set" / "state.json").write_text(json.dumps(state), encoding="utf-8")
        with pytest.raises(NotFoundError, match="passwd of the split 'train' is missing"):
            open_folder(tmp_path / "set")

    def test_an_order_beside_the_data_is_refused_rather_than_ignored(self, tmp_path):
        save(tmp_path / "set", table(1))
        state = {"_data_files": [], "_indices_data_files": [{"filename": "indices.arrow"}]}
        (tmp_path / "set" / "state.json").write_text(json.dumps(state), encoding="utf-8")
        with pytest.raises(InputError) as caught:
            open_folder(tmp_path / "set")
        assert "flatten_indices" in caught.value.fix

    def test_parquet_says_its_features_itself(self, tmp_path):
        from pyarrow import parquet

        noted = {"huggingface": json.dumps({"info": {"features": FEATURES}})}
        parquet.write_table(table(3).replace_schema_metadata(noted), tmp_path / "train-00000-of-00001.parquet")
        assert [data["label"] for _, data in rows_of(tmp_path)] == ["neg", "pos", "neg"]
        alone = Part(tmp_path / "train-00000-of-00001.parquet")
        assert [r.data["label"] for r in read_part(alone)] == ["neg", "pos", "neg"]

    def test_arrow_of_the_file_format_is_read_as_well(self, tmp_path):
        import pyarrow

        part = table(20)
        with pyarrow.ipc.new_file(tmp_path / "train.arrow", part.schema) as writer:
            writer.write_table(part, max_chunksize=6)
        assert [r.row for r in read_part(Part(tmp_path / "train.arrow"))] == list(range(1, 21))

    def test_what_is_no_arrow_is_refused(self, tmp_path):
        (tmp_path / "train.arrow").write_bytes(b"ARROW1 and then nothing")
        with pytest.raises(InputError, match=r"train\.arrow is not Arrow"):
            rows_of(tmp_path)

    def test_a_damaged_rest_is_an_error_after_the_good_rows(self, tmp_path):
        save(tmp_path / "set", table(40))
        path = next((tmp_path / "set").glob("*.arrow"))
        path.write_bytes(path.read_bytes()[:2000])
        found = rows_of(tmp_path / "set")
        assert found[0][1]["text"] == "text 0"
        assert "the rest cannot be read" in found[-1][1]
