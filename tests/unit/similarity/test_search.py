import numpy as np
import pytest

from seedbed.core.errors import StoreError
from seedbed.similarity.search import VectorIndex, pack, pairs_above, unpack


def unit(n, dim=16, seed=0):
    rows = np.random.default_rng(seed).normal(size=(n, dim)).astype(np.float32)
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


@pytest.fixture
def filled():
    """600 rows in 7 topics, ids shuffled, added in uneven pieces."""
    vectors, rng = unit(600), np.random.default_rng(1)
    rowids, topics = rng.permutation(600) + 1000, rng.integers(0, 7, 600)
    index = VectorIndex(16)
    for part in np.split(np.arange(600), [1, 2, 300, 301]):
        index.add(rowids[part], topics[part], vectors[part])
    return index, rowids, topics, vectors


def exact(query, k, rowids, vectors):
    scores = vectors.astype(np.float64) @ query
    order = np.lexsort((rowids, -scores))[:k]
    return rowids[order], scores[order]


@pytest.mark.parametrize("scope", [None, [3], [0, 2, 6]])
def test_top_is_the_exact_answer(filled, scope):
    index, rowids, topics, vectors = filled
    inside = np.isin(topics, scope) if scope else np.ones(600, bool)
    queries = unit(20, seed=5)
    found, similarities = index.top(queries, 9, topics=scope)
    for row, query in enumerate(queries):
        ids, scores = exact(query, 9, rowids[inside], vectors[inside])
        assert found[row].tolist() == ids.tolist()
        assert np.allclose(similarities[row], scores, atol=1e-6)


def test_equal_rows_come_in_the_order_of_their_ids():
    index = VectorIndex(16)
    same = np.repeat(unit(1), 50, axis=0)
    index.add(np.arange(50)[::-1], np.arange(50) % 3, same)
    assert index.top(same[:1], 5)[0].tolist() == [[0, 1, 2, 3, 4]]


def test_missing_neighbours_are_padded():
    index = VectorIndex(16)
    index.add(np.array([7]), np.array([1]), unit(1))
    ids, similarities = index.top(unit(1), 3, topics={1, 99})
    assert ids.tolist() == [[7, -1, -1]]
    assert similarities[0, 1:].tolist() == [-1, -1]
    assert index.top(unit(2), 3, topics=set())[0].tolist() == [[-1] * 3] * 2
    assert VectorIndex(16).top(unit(1), 2)[0].tolist() == [[-1, -1]]


def test_removed_rows_are_gone_and_may_come_back_elsewhere(filled):
    index, rowids, _, vectors = filled
    index.remove(rowids[:599])
    index.remove(np.array([-5]))
    assert len(index) == 1
    index.add(rowids[:1], np.array([42]), vectors[:1])
    assert index.top(vectors[:1], 1, topics=[42])[0].tolist() == [[rowids[0]]]


def test_queries_beyond_the_score_buffer_are_taken_in_parts(filled, monkeypatch):
    index, *_ = filled
    queries = unit(30, seed=9)
    whole = index.top(queries, 4)
    monkeypatch.setattr("seedbed.similarity.search._SCORES_AT_ONCE", 1300)
    parts = index.top(queries, 4)
    assert np.array_equal(whole[0], parts[0])
    assert np.array_equal(whole[1], parts[1])


@pytest.mark.parametrize("block", [7, 64, 2048])
def test_pairs_above_are_all_pairs_once_whatever_the_block(block):
    rows = np.concatenate([unit(90), unit(90)[:20], unit(90)[:3]])
    i, j, similarity = pairs_above(rows, 0.55, block)
    scores = rows.astype(np.float64) @ rows.T
    expected = [(a, b) for a in range(113) for b in range(a + 1, 113) if scores[a, b] >= 0.55]
    assert list(zip(i.tolist(), j.tolist(), strict=True)) == expected
    assert np.allclose(similarity, [scores[a, b] for a, b in expected], atol=1e-6)


def test_pairs_above_of_nothing_is_nothing():
    assert [len(part) for part in pairs_above(np.empty((0, 16), np.float32), 0.9)] == [0, 0, 0]
    assert [len(part) for part in pairs_above(unit(5), 1.5)] == [0, 0, 0]


def test_stored_vectors_take_two_bytes_a_number_and_come_back():
    vectors = unit(10)
    blobs = pack(vectors)
    assert {len(blob) for blob in blobs} == {32}
    assert np.allclose(unpack(blobs, 16), vectors, atol=1e-3)
    assert unpack([], 16).shape == (0, 16)


def test_a_damaged_vector_is_a_store_error():
    with pytest.raises(StoreError, match="stored vector 1 has 3 bytes"):
        unpack([b"\0" * 32, b"\0" * 3], 16)
