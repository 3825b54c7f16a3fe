import hashlib
import json
from pathlib import Path

import numpy as np
import pytest

from seedbed.similarity.static import TABLE_SHA256, StaticEmbedder
from seedbed.similarity.wordpiece import DATA

PROBES = json.loads((Path(__file__).parent / "probes.json").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def embedder():
    return StaticEmbedder()


def cosines(embedder, pairs):
    left, right = (embedder.encode([pair[side] for pair in pairs]) for side in (0, 1))
    return (left * right).sum(axis=1)


def test_the_table_is_the_one_the_script_made():
    assert hashlib.sha256((DATA / "static.npy").read_bytes()).hexdigest() == TABLE_SHA256


def test_paraphrases_are_told_from_unrelated_texts(embedder):
    triples = PROBES["triples"]
    anchors = embedder.encode([t[0] for t in triples])
    scores = anchors @ embedder.encode([t[1] for t in triples]).T
    own, others = scores.diagonal(), scores[~np.eye(len(triples), dtype=bool)]
    assert (own[:, None] > others).mean() >= 0.99
    assert (scores.argmax(axis=1) == np.arange(len(triples))).mean() >= 0.95


def test_the_threshold_keeps_rewordings_and_clears_unrelated_texts(embedder):
    assert (cosines(embedder, PROBES["rewordings"]) >= embedder.duplicate_threshold).mean() >= 0.9
    triples = PROBES["triples"]
    scores = embedder.encode([t[0] for t in triples]) @ embedder.encode([t[0] for t in triples]).T
    assert scores[~np.eye(len(triples), dtype=bool)].max() < embedder.duplicate_threshold


def test_special_tokens_written_out_carry_no_vector_of_their_own(embedder):
    assert np.array_equal(embedder.encode(["😀"])[0], np.zeros(128, np.float32))


def test_long_texts_are_cut_and_many_texts_are_batched(embedder):
    texts = ["alpha beta " * 400_000, *["gamma"] * 600, ""]
    vectors = embedder.encode(texts)
    assert vectors.shape == (602, 128)
    assert np.allclose(vectors[0] @ embedder.encode(["alpha beta"])[0], 1, atol=1e-4)
    assert (vectors[1:601] == vectors[1]).all()
