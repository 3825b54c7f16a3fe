"""Connections: nothing is left beside a file that was read, and nobody's locks are given up by looking at it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from seedbed.core.errors import NotADatasetError, ReadOnlyError
from seedbed.core.records import Topic
from seedbed.store import DatasetFile
from seedbed.store.opening import inspect

ADD = "import sys; from seedbed.store import DatasetFile; from seedbed.core.records import Topic\n" + (
    "with DatasetFile.open(sys.argv[1]) as file: file.topics.add(Topic('theirs'))"
)


def paths(path: Path) -> set[str]:
    with DatasetFile.open(path, mode="ro") as file:
        return {t.path for t in file.topics.all()}


def test_reading_leaves_nothing_beside_the_file(tmp_path: Path) -> None:
    DatasetFile.create(tmp_path / "a.db").close()
    before = (tmp_path / "a.db").read_bytes()
    assert paths(tmp_path / "a.db") == set()
    assert [p.name for p in tmp_path.iterdir()] == ["a.db"]
    assert (tmp_path / "a.db").read_bytes() == before


def test_a_second_handle_in_the_process_costs_the_first_nothing(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    with DatasetFile.create(path) as first:
        first.topics.add(Topic("ours/first"))
        second = DatasetFile.open(path, mode="ro")
        subprocess.run([sys.executable, "-c", ADD, str(path)], check=True)
        first.topics.add(Topic("ours/later"))
        assert paths(path) == {"ours", "ours/first", "ours/later", "theirs"}
        second.close()
    assert paths(path) == {"ours", "ours/first", "ours/later", "theirs"}


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes here")
def test_a_pipe_is_no_dataset_and_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.db")
    with pytest.raises(NotADatasetError):
        inspect(tmp_path / "pipe.db")


def test_a_reader_is_refused_every_write(tmp_path: Path) -> None:
    DatasetFile.create(tmp_path / "a.db").close()
    with DatasetFile.open(tmp_path / "a.db", mode="ro") as file:
        with pytest.raises(ReadOnlyError):
            file.execute("DELETE FROM meta")
        with pytest.raises(ReadOnlyError):
            file.vacuum()


def test_a_file_is_a_dataset_while_its_wal_is_folded_in(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    DatasetFile.create(path).close()
    with path.open("r+b") as file:  # the header is written first: for a moment the file is shorter than it says
        file.truncate(path.stat().st_size - 4096)
    assert inspect(path) == 2
