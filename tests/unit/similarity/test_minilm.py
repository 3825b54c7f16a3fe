import sys

import numpy as np
import pytest

from seedbed.core.errors import MissingExtraError, UnreachableError
from seedbed.similarity.minilm import MiniLMEmbedder


def test_a_missing_onnxruntime_names_the_extra(monkeypatch):
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    with pytest.raises(MissingExtraError) as caught:
        MiniLMEmbedder()
    assert caught.value.fix == 'pip install "seedbed[embed]"'


@pytest.fixture(scope="module")
def embedder():
    pytest.importorskip("onnxruntime")
    try:
        return MiniLMEmbedder()
    except UnreachableError as error:
        pytest.skip(f"weights are not to be had: {error}")


@pytest.mark.extra("embed")
def test_paraphrases_lie_closer_than_the_same_template_about_other_things(embedder):
    anchor, paraphrase, other = embedder.encode(
        ["Who painted the Mona Lisa?", "Which artist created the Mona Lisa?", "Who painted The Starry Night?"]
    )
    assert anchor @ paraphrase > 0.85 > anchor @ other


@pytest.mark.extra("embed")
def test_a_vector_does_not_depend_on_what_else_is_in_the_batch(embedder):
    texts = ["short", "a somewhat longer text about whales and their songs", "", "word " * 2000]
    together = embedder.encode(texts)
    alone = np.concatenate([embedder.encode([text]) for text in texts])
    assert np.allclose(together, alone, atol=1e-4)
    assert not together[2].any()
