"""Embedders by name: ``static``, ``minilm``, a stranger's plugin, or ``provider:model`` over an injected call."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from seedbed.core import plugins
from seedbed.core.errors import InputError, MalformedReplyError
from seedbed.core.protocols import Embedder

Call = Callable[[Sequence[str]], np.ndarray]
"""Texts to vectors ``(n, dim)`` over some endpoint; blocking, raises ``ProviderError``."""

REMOTE_THRESHOLD = 0.9


def open_embedder(name: str, *, remote: Call | None = None) -> Embedder:
    """The embedder called ``name``.

    Args:
        name: an embedder plugin's name, or ``provider:model``.
        remote: how to ask that provider's model; needed for ``provider:model`` only.

    Raises:
        UnknownNameError: no such embedder; names near matches.
        InputError: ``provider:model`` without ``remote``.
        MissingExtraError: the embedder needs an extra that is not installed.
        UnreachableError: its weights could not be fetched.
    """
    if ":" not in name:
        embedder: Embedder = plugins.load("embedders", name, what="embedder")()
        return embedder
    if remote is None:
        raise InputError(f"embedder {name!r} needs a connection to its provider", fix="use static or minilm")
    return RemoteEmbedder(name, remote)


class RemoteEmbedder:
    """Vectors from an endpoint, normalised here.

    Args:
        id: ``provider:model``.
        call: asks the endpoint.
        duplicate_threshold: cosine of near duplicates; models differ, so set it where 0.9 does not fit.
    """

    def __init__(self, id: str, call: Call, *, duplicate_threshold: float = REMOTE_THRESHOLD) -> None:
        self.id = id
        self.duplicate_threshold = duplicate_threshold
        self._call = call
        self._dim: int | None = None

    @property
    def dim(self) -> int:
        """Vector length; asks the endpoint once when it was neither set nor seen before."""
        if self._dim is None:
            self._dim = int(self._vectors(["length"]).shape[1])
        return self._dim

    @dim.setter
    def dim(self, length: int) -> None:
        self._dim = length

    def encode(self, texts: Sequence[str]) -> np.ndarray:
        """Unit vectors ``(n, dim)`` float32 in input order; a blank text is not sent and gives the zero vector.

        Raises:
            ProviderError: the endpoint failed, or its vectors do not fit the texts or one another.
        """
        told = [i for i, text in enumerate(texts) if text.strip()]
        vectors = self._vectors([texts[i] for i in told]) if told else np.zeros((0, self.dim), np.float32)
        if self._dim is None:
            self._dim = int(vectors.shape[1])
        if vectors.shape[1] != self._dim:
            raise MalformedReplyError(f"{self.id} gave vectors of {vectors.shape[1]} numbers, not of {self._dim}")
        out = np.zeros((len(texts), self._dim), np.float32)
        norms = np.linalg.norm(vectors, axis=1, keepdims=True)
        out[told] = np.divide(vectors, norms, out=np.zeros_like(vectors), where=norms > 0)
        return out

    def _vectors(self, texts: Sequence[str]) -> np.ndarray:
        vectors = np.asarray(self._call(texts), np.float32)
        if vectors.ndim != 2 or len(vectors) != len(texts) or not np.isfinite(vectors).all():
            raise MalformedReplyError(f"{self.id} gave vectors of shape {vectors.shape} for {len(texts)} texts")
        return vectors
