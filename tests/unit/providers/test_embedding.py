"""Remote vectors for callers that are not async."""

from __future__ import annotations

import asyncio

import numpy as np
import pytest

from seedbed.core.errors import AuthError, RateLimitError
from seedbed.providers.embedding import BATCH, remote_encoder
from seedbed.providers.fake import FakeProvider
from testkit.canned import Canned, CannedServer
from testkit.speech import SPEECHES


class Counting(FakeProvider):
    """Fake vectors; fails the first calls with ``errors``."""

    def __init__(self, *errors):
        super().__init__()
        self.errors, self.sizes = list(errors), []

    async def embed(self, texts, *, model):
        self.sizes.append(len(texts))
        if self.errors:
            raise self.errors.pop(0)
        return await super().embed(texts, model=model)


def test_many_texts_go_in_batches_and_keep_their_order():
    provider = Counting()
    encoder = remote_encoder(provider, "m")
    texts = [f"word{i} common" for i in range(2 * BATCH + 5)]
    vectors = encoder(texts)
    encoder.close()
    assert sorted(provider.sizes) == [5, BATCH, BATCH]
    expected, tokens = asyncio.run(FakeProvider().embed(texts, model="m"))
    assert np.array_equal(vectors, expected)
    assert encoder.tokens == tokens


def test_long_texts_make_small_batches():
    provider = Counting()
    encoder = remote_encoder(provider, "m")
    encoder(["x" * 150_000] * 3)
    encoder.close()
    assert provider.sizes == [1, 1, 1]


def test_no_texts_ask_nobody():
    provider = Counting()
    assert remote_encoder(provider, "m")([]).shape == (0, 0)
    assert provider.sizes == []


def test_it_works_inside_a_running_loop():
    encoder = remote_encoder(FakeProvider(), "m")

    async def go():
        return encoder(["a"])

    assert asyncio.run(go()).shape[0] == 1
    encoder.close()


def test_a_passing_failure_is_tried_again():
    encoder = remote_encoder(Counting(RateLimitError("slow down", retry_after_s=0.0)), "m")
    assert encoder(["a"]).shape[0] == 1
    encoder.close()


@pytest.mark.parametrize("errors", [[AuthError("no")], [RateLimitError("slow", retry_after_s=0.0)] * 9])
def test_a_lasting_failure_is_raised(errors):
    provider = Counting(*errors)
    encoder = remote_encoder(provider, "m")
    with pytest.raises(type(errors[0])):
        encoder(["a"])
    encoder.close()
    assert len(provider.sizes) <= 4


def test_it_speaks_to_a_real_server_from_its_own_thread():
    speech = SPEECHES[0]

    async def go():
        async with CannedServer(Canned(speech.vectors([[1.0, 2.0]]))) as server:
            encoder = remote_encoder(speech.dialect("openai", base_url=server.url), "e")
            vectors = await asyncio.to_thread(encoder, ["a"])
            await asyncio.to_thread(encoder.close)
            return vectors, server.seen[0].json

    vectors, body = asyncio.run(go())
    assert vectors.tolist() == [[1.0, 2.0]]
    assert body["input"] == ["a"]
