"""Does steering pay? Accepted entries per call and diversity of naive, evidence, coverage and the chosen mix.

The local model writes instructions about two topics, the same number of calls for each way of steering. Everything
passes the same door. Diversity is the Vendi score (Friedman & Dieng 2023, arXiv:2210.02410), the effective number of
different entries, over the static embedder's vectors of what was accepted.

    python benchmarks/steering.py [--calls 60] [--model local:smollm2] [--seeds 0]
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

import numpy as np

import seedbed
from seedbed.similarity.static import StaticEmbedder

TOPICS = {
    "python-files": {
        "_description": "Reading and writing files in Python: opening, closing, paths, encodings, errors.",
        "_aspects": [
            "opening and closing", "text encodings", "paths and folders", "binary files", "errors and exceptions",
            "reading line by line", "temporary files", "CSV and JSON files", "file permissions",
            "appending and seeking",
        ],
    },
    "roman-republic": {
        "_description": "The Roman Republic from 509 to 27 BC: offices, wars, people, laws and its end.",
        "_aspects": [
            "the consuls", "the Senate", "the Punic Wars", "the Gracchi", "slavery and Spartacus", "Cicero",
            "Julius Caesar", "the tribunes of the people", "roads and armies", "religion and festivals",
        ],
    },
}  # fmt: skip
"""Descriptions are in every prompt. Aspects are the user's, and are used by coverage only."""

WAYS = ("naive", "evidence", "coverage", "auto")


def vendi(vectors: np.ndarray) -> float:
    """Effective number of different rows: exp of the entropy of the Gram matrix's eigenvalues (by its d × d dual)."""
    if len(vectors) == 0:
        return 0.0
    values = np.linalg.eigvalsh(vectors.T @ vectors / len(vectors))
    values = values[values > 1e-12]
    return float(np.exp(-(values * np.log(values)).sum()))


def measure(topic: str, way: str, options: argparse.Namespace, seed: int) -> dict[str, float]:
    """One run: ``calls``, ``accepted`` and ``vendi``."""
    with tempfile.TemporaryDirectory() as folder, seedbed.create(Path(folder) / "x.db") as dataset:
        Path(folder, "seedbed.yaml").write_text("kind: instruction\n", encoding="utf-8")
        dataset.load_topics({topic: TOPICS[topic]})
        summary = dataset.generate(
            "instruct", target=10_000, max_calls=options.calls, strategy=way, model=options.model, seed=seed
        )
        kept = [e.content for e in dataset.file.entries.stream() if str(e.state) == "accepted"]
    vectors = StaticEmbedder().encode([c["instruction"] for c in kept])
    return {"calls": summary.numbers["calls"], "accepted": len(kept), "vendi": vendi(vectors)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--calls", type=int, default=60)
    parser.add_argument("--model", default="local:smollm2")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0])
    options = parser.parse_args()
    print(f"{options.model}, {options.calls} calls a cell, seeds {options.seeds}")
    print(
        f"{'topic':16} {'steering':9} {'calls':>5} {'accepted':>8} {'per call':>8} {'vendi':>6}  yield ×  diversity ×"
    )
    for topic in TOPICS:
        floor: dict[str, float] = {}
        for way in WAYS:
            runs = [measure(topic, way, options, seed) for seed in options.seeds]
            mean = {name: float(np.mean([r[name] for r in runs])) for name in runs[0]}
            floor = floor or mean
            per_call = mean["accepted"] / max(1.0, mean["calls"])
            base = max(1e-9, floor["accepted"] / max(1.0, floor["calls"]))
            print(
                f"{topic:16} {way:9} {mean['calls']:5.0f} {mean['accepted']:8.1f} {per_call:8.2f} {mean['vendi']:6.1f}"
                f"  {per_call / base:7.2f}  {mean['vendi'] / max(1e-9, floor['vendi']):11.2f}",
                flush=True,
            )


if __name__ == "__main__":
    main()
