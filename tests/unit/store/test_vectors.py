from __future__ import annotations

import numpy as np
import pytest

from seedbed.core.errors import EmbedderMismatchError, StoreError
from seedbed.core.records import State
from seedbed.store import DatasetFile
from testkit.stored import new_entry, rejected, set_state


def vector(number: float) -> bytes:
    return np.full(4, number, np.float16).tobytes()


def numbers(found: tuple[np.ndarray, np.ndarray, np.ndarray]) -> list[int]:
    rowids, topics, matrix = found
    assert len(rowids) == len(topics) == len(matrix)
    assert list(rowids) == sorted(rowids)
    return [int(row[0]) for row in matrix]


@pytest.fixture
def embedded(file: DatasetFile) -> DatasetFile:
    topics = ["rome/republic", "greece", "rome/empire", "rome/republic"]
    file.entries.insert([new_entry(i, topic=t, vector=vector(i)) for i, t in enumerate(topics)])
    file.entries.insert([rejected(4), new_entry(5)])
    return file


def test_all_vectors_come_in_row_order_with_their_topics(embedded: DatasetFile) -> None:
    rowids, topics, matrix = found = embedded.vectors.load()
    assert numbers(found) == [0, 1, 2, 3]
    assert (rowids.dtype, topics.dtype, matrix.dtype, matrix.shape) == (np.int64, np.int64, np.float16, (4, 4))
    assert [embedded.topics.path_of(int(t)) for t in topics][1] == "greece"
    assert rowids[0] == 1


def test_a_topic_alone_or_with_what_is_below(embedded: DatasetFile) -> None:
    assert numbers(embedded.vectors.load(root="rome/republic")) == [0, 3]
    assert numbers(embedded.vectors.load(root="rome")) == [0, 2, 3]
    assert numbers(embedded.vectors.load(root="rome", subtree=False)) == []
    assert numbers(embedded.vectors.load(root="nowhere")) == []


def test_only_newer_ones(embedded: DatasetFile) -> None:
    assert numbers(embedded.vectors.load(after_rowid=2)) == [2, 3]
    assert numbers(embedded.vectors.load(root="rome/republic", after_rowid=2)) == [3]


def test_rejected_entries_are_left_out(embedded: DatasetFile) -> None:
    set_state(embedded, [new_entry(0).id], State.REJECTED)
    assert numbers(embedded.vectors.load()) == [1, 2, 3]
    assert numbers(embedded.vectors.load(root="rome/republic")) == [3]


def test_an_empty_file_gives_empty_arrays(file: DatasetFile) -> None:
    rowids, topics, matrix = file.vectors.load()
    assert (rowids.shape, topics.shape, matrix.shape) == ((0,), (0,), (0, 4))


def test_the_embedder_is_registered_once(file: DatasetFile) -> None:
    assert file.vectors.current() == ("test@1", 4, 0.9)
    file.vectors.register("test@1", 4, 0.85)
    assert file.vectors.current() == ("test@1", 4, 0.85)
    with pytest.raises(EmbedderMismatchError, match="test@1"):
        file.vectors.register("other@1", 4, 0.9)


def test_another_embedder_replaces_all_vectors(embedded: DatasetFile) -> None:
    rowids = embedded.vectors.load()[0].tolist()

    def rows():
        for rowid, entry in sorted(embedded.entries.by_rowids(rowids).items()):
            yield rowid, np.full(2, len(entry.topic), np.float16).tobytes()

    assert embedded.vectors.replace("other@2", 2, 0.8, rows()) == 4
    assert embedded.vectors.current() == ("other@2", 2, 0.8)
    assert numbers(embedded.vectors.load()) == [13, 6, 11, 13]
    assert embedded.meta.get("vector_epoch") == 1
    embedded.entries.insert([new_entry(9, vector=bytes(4))])


def test_a_replacement_that_breaks_leaves_the_old_vectors(embedded: DatasetFile) -> None:
    with pytest.raises(StoreError, match="3 bytes"):
        embedded.vectors.replace("other@2", 2, 0.8, [(1, bytes(4)), (2, bytes(3))])
    assert embedded.vectors.current() == ("test@1", 4, 0.9)
    assert numbers(embedded.vectors.load()) == [0, 1, 2, 3]
