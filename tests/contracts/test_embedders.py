"""What every embedder has to satisfy, built in or a stranger's."""

import numpy as np
import pytest

from seedbed.core import plugins
from seedbed.core.errors import MissingExtraError, UnreachableError
from seedbed.similarity.embedders import open_embedder


def hashed(texts):
    """A remote endpoint: letter counts, not normalised."""
    return np.array([[text.count(chr(97 + i)) + 0.1 for i in range(26)] for text in texts])


NAMES = [
    pytest.param(name, marks=[pytest.mark.extra("embed")] if name == "minilm" else [])
    for name in [*plugins.names("embedders"), "provider:model"]
]


@pytest.fixture(scope="module", params=NAMES)
def embedder(request):
    try:
        return open_embedder(request.param, remote=hashed)
    except (MissingExtraError, UnreachableError) as error:
        pytest.skip(str(error))


HOSTILE = ["\x00\x1b[31m", "\ud800 lone", "x" * 2_000_000, "🙂🙂", "\u202eabc", "{}" * 1000]


def test_vectors_are_unit_float32_rows_in_input_order(embedder):
    texts = ["what is a dataset", "how does rain form", "what is a dataset"]
    vectors = embedder.encode(texts)
    assert vectors.shape == (3, embedder.dim)
    assert vectors.dtype == np.float32
    assert np.allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)
    assert np.allclose(vectors[0], vectors[2], atol=1e-6)
    assert vectors[0] @ vectors[1] < 0.999


def test_a_text_without_words_gives_the_zero_vector(embedder):
    assert not embedder.encode(["", " \n"]).any()
    assert embedder.encode([]).shape == (0, embedder.dim)


def test_hostile_texts_give_finite_vectors(embedder):
    vectors = embedder.encode(HOSTILE)
    assert np.isfinite(vectors).all()
    norms = np.linalg.norm(vectors, axis=1)
    assert np.all((np.abs(norms - 1) < 1e-4) | (norms == 0))


def test_identity_and_threshold_are_stated(embedder):
    assert "@" in embedder.id or ":" in embedder.id
    assert 0.5 < embedder.duplicate_threshold < 1
