"""The default embedder: a table of one small vector per token, shipped in the package; numpy only, no model runs."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from seedbed.similarity.wordpiece import DATA, WordPiece, read_vocabulary

TABLE_SHA256 = "3aa35ded19b2413a86bcc2252b7a2efb9fc54d06ffe7508018286aee9f5ea7c9"
"""Of ``data/static.npy``, as ``scripts/distill_static.py`` made it."""

_TEXTS_AT_ONCE = 256
_LONGEST_TEXT = 32_768


class StaticEmbedder:
    """128-d vectors as the weighted mean of a text's token vectors; tens of thousands of short texts a CPU second.

    The table is distilled from all-MiniLM-L6-v2 (``scripts/distill_static.py``). It finds rewordings, but word order is
    out of its reach and one changed number, name or "not" hardly moves a vector (negations: 0.97 on average): a near
    duplicate needs the slot guard (``similarity.slots``) before it is called one.

    The threshold is calibrated on labelled pairs (``tests/unit/similarity/probes.json``): of rewordings 94 % lie at or
    above 0.88, of unrelated questions none above 0.78; free paraphrases average 0.76 and are left to a model. In 4,500
    real coding tasks, pairs at 0.88 to 0.90 that passed the slot guard were the same task five times in six.
    """

    id = "static-minilm-128@1"
    dim = 128
    duplicate_threshold = 0.88

    def __init__(self) -> None:
        # A plain view of the mapped file: indexing a memmap itself costs more than what it yields.
        self._table = np.asarray(np.load(DATA / "static.npy", mmap_mode="r", allow_pickle=False))
        self._tokenizer = WordPiece(read_vocabulary())

    def encode(self, texts: Sequence[str]) -> np.ndarray:
        """Unit vectors ``(n, 128)`` float32 in input order; a text with no known token gives the zero vector.

        Only the first 32,768 characters of a text count.
        """
        out = np.zeros((len(texts), self.dim), np.float32)
        for start in range(0, len(texts), _TEXTS_AT_ONCE):
            self._encode_into(out[start : start + _TEXTS_AT_ONCE], texts[start : start + _TEXTS_AT_ONCE])
        return out

    def _encode_into(self, out: np.ndarray, texts: Sequence[str]) -> None:
        encode = self._tokenizer.encode
        pieces = [encode(text[:_LONGEST_TEXT]) for text in texts]
        lengths = np.fromiter(map(len, pieces), np.int64, len(pieces))
        ids = np.fromiter((i for p in pieces for i in p), np.int64, int(lengths.sum()))
        filled = np.flatnonzero(lengths)
        if not len(filled):
            return
        rows = self._table[ids]
        vectors = rows["vector"].astype(np.float32)
        vectors *= rows["scale"][:, None]
        starts = (np.cumsum(lengths) - lengths)[filled]
        sums = np.add.reduceat(vectors, starts, axis=0)
        norms = np.linalg.norm(sums, axis=1, keepdims=True)
        out[filled] = np.divide(sums, norms, out=np.zeros_like(sums), where=norms > 1e-9)
