import numpy as np
import pytest

from seedbed.core.errors import InputError, MalformedReplyError, UnknownNameError
from seedbed.similarity.embedders import open_embedder


class Endpoint:
    """Vectors that spell out each text's length, and a memory of what was asked."""

    def __init__(self, dim=3):
        self.asked, self.dim = [], dim

    def __call__(self, texts):
        self.asked.append(list(texts))
        return np.array([[len(t)] + [1.0] * (self.dim - 1) for t in texts])


def test_static_is_opened_by_name():
    assert open_embedder("static").id == "static-minilm-128@1"


def test_an_unknown_name_is_answered_with_near_ones():
    with pytest.raises(UnknownNameError, match="unknown embedder 'statik'") as caught:
        open_embedder("statik")
    assert caught.value.near == ["static"]


def test_a_providers_model_needs_its_connection():
    with pytest.raises(InputError, match="ollama:nomic"):
        open_embedder("ollama:nomic")


def test_remote_vectors_are_normalised_and_blank_texts_are_not_sent():
    endpoint = Endpoint()
    embedder = open_embedder("ollama:nomic", remote=endpoint)
    vectors = embedder.encode(["abc", " ", "de"])
    assert embedder.id == "ollama:nomic"
    assert endpoint.asked == [["abc", "de"]]
    assert np.allclose(np.linalg.norm(vectors, axis=1), [1, 0, 1])
    assert vectors.dtype == np.float32


def test_the_dimension_is_asked_for_once_and_only_when_unknown():
    endpoint = Endpoint(dim=5)
    embedder = open_embedder("a:b", remote=endpoint)
    assert (embedder.dim, embedder.dim, len(endpoint.asked)) == (5, 5, 1)
    assert embedder.encode([""]).shape == (1, 5)
    assert len(endpoint.asked) == 1


@pytest.mark.parametrize(
    "reply", [np.ones((1, 3)), np.ones(2), np.full((2, 3), np.nan)], ids=["too few", "flat", "not a number"]
)
def test_vectors_that_do_not_fit_the_texts_are_refused(reply):
    with pytest.raises(MalformedReplyError, match="a:b gave vectors"):
        open_embedder("a:b", remote=lambda texts: reply).encode(["x", "y"])


def test_vectors_of_another_length_than_before_are_refused():
    embedder = open_embedder("a:b", remote=Endpoint(dim=4))
    embedder.dim = 3
    with pytest.raises(MalformedReplyError, match="4 numbers, not of 3"):
        embedder.encode(["x"])
