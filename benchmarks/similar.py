"""``similar`` inside a process: the five nearest of a new question in a topic of 1,000 entries, 50,000 in all.

The floor is a plain product of the question's vector with the topic's 1,000, sorted; the full scan does the same with
all 50,000. Embedding the question is left out of all three; so is the first search, which loads the topic. What
``nearby`` adds is a look at the file for newer entries, exact ordering, contents and the slot guard's relation.

Bar: ≤ 1 ms a search.

    python benchmarks/similar.py [--quick] [--entries 50000] [--topics 50] [--searches 500]
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from material import filled, rows

import seedbed

TOPIC = "area-0/topic-0"
K = 5
BAR_MS = 1.0


def per_search_ms(search: Callable[[int], object], searches: Sequence[int]) -> tuple[float, float, float]:
    """Median and 95th percentile of the wall time, and the mean CPU time, in ms."""
    walls = []
    cpu = time.process_time()
    for i in searches:
        start = time.perf_counter()
        search(i)
        walls.append(1000 * (time.perf_counter() - start))
    cpu = 1000 * (time.process_time() - cpu) / len(searches)
    return statistics.median(walls), float(np.percentile(walls, 95)), cpu


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="10,000 entries in 10 topics, 100 searches")
    parser.add_argument("--entries", type=int, default=50_000)
    parser.add_argument("--topics", type=int, default=50)
    parser.add_argument("--searches", type=int, default=500)
    a = parser.parse_args()
    if a.quick:
        a.entries, a.topics, a.searches = 10_000, 10, 100
    with (
        tempfile.TemporaryDirectory() as folder,
        seedbed.open(filled(Path(folder), entries=a.entries, topics=a.topics), environ={}) as dataset,
    ):
        texts = [row["question"] for row in rows(a.searches, seed=99)]
        vectors = dataset.embedder().encode(texts)
        nearby = dataset.intake().nearby
        start = time.perf_counter()
        nearby.top(vectors[0], texts[0], TOPIC, k=K)
        first = 1000 * (time.perf_counter() - start)
        topic = dataset.file.vectors.load(root=TOPIC)[2].astype(np.float32)
        everything = dataset.file.vectors.load()[2].astype(np.float32)
        ways: dict[str, Callable[[int], object]] = {
            "plain scan of the topic": lambda i: np.argsort(-(topic @ vectors[i]))[:K],
            "plain scan of everything": lambda i: np.argsort(-(everything @ vectors[i]))[:K],
            "similar": lambda i: nearby.top(vectors[i], texts[i], TOPIC, k=K),
        }
        print(f"top {K} of {len(topic)} entries in the topic, {len(everything)} in all; first search {first:.1f} ms")
        print(f"{'':26} {'median ms':>9} {'p95 ms':>7} {'CPU ms':>7} {'× topic scan':>12} {'× full scan':>11}")
        found = {name: per_search_ms(search, range(a.searches)) for name, search in ways.items()}
        small, full, ours = (found[name][0] for name in ways)
        for name, (median, p95, cpu) in found.items():
            print(f"{name:26} {median:9.3f} {p95:7.3f} {cpu:7.3f} {median / small:12.1f} {median / full:11.2f}")
        print(f"bar {BAR_MS:g} ms: {'ok' if ours <= BAR_MS else 'over the bar'}")


if __name__ == "__main__":
    main()
