"""The door alone: ready candidates through every check that asks no model, into the file, on one thread.

10,000 question/answer rows go in batches into ten topics, as ``import`` does. The floor writes the same rows with the
same vectors, but asks no check and compares nothing.

Bar: ≥ 1,500 candidates a CPU second.

    python benchmarks/intake.py [--quick] [--candidates 10000] [--topics 10] [--batch 512]
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from material import rows

import seedbed
from seedbed.core import identity
from seedbed.core.records import Candidate, Origin, Topic
from seedbed.engine.operation import Operation
from seedbed.similarity.search import pack
from seedbed.store import NewEntry

BAR = 1_500
ORIGIN = Origin("import", actor="human:bench")


def candidates(n: int, topics: int) -> list[Candidate]:
    """Ready candidates, spread evenly; one in fifty repeats an earlier one."""
    made: list[dict[str, Any]] = list(rows(n))
    made[50::50] = made[0 : len(made[50::50])]
    return [Candidate(f"topic-{i % topics}", "qa", row, ORIGIN) for i, row in enumerate(made)]


def through_the_door(dataset: seedbed.Dataset, batch: Sequence[Candidate]) -> int:
    """Number accepted."""
    return sum(d.accepted and not d.existed for d in dataset.intake().submit(batch, Operation("submit")))


def written_plainly(dataset: seedbed.Dataset, batch: Sequence[Candidate]) -> int:
    """Number written: all but those whose id is taken."""
    fresh = {identity.entry_id("qa", c.raw): c for c in batch}
    fresh = {i: c for i, c in fresh.items() if not dataset.file.entries.exists(i)}
    vectors = pack(dataset.embedder().encode([c.raw["question"] for c in fresh.values()]))
    with dataset.file.write():
        dataset.file.entries.insert(
            [
                NewEntry(id=i, topic=c.topic, kind="qa", content=c.raw, origin=ORIGIN, vector=v)
                for (i, c), v in zip(fresh.items(), vectors, strict=True)
            ]
        )
    return len(fresh)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="2,000 candidates")
    parser.add_argument("--candidates", type=int, default=10_000)
    parser.add_argument("--topics", type=int, default=10)
    parser.add_argument("--batch", type=int, default=512)
    a = parser.parse_args()
    ready = candidates(2_000 if a.quick else a.candidates, a.topics)
    print(f"{len(ready)} candidates, {a.topics} topics, batches of {a.batch}")
    print(f"{'':16} {'accepted':>8} {'CPU s':>6} {'wall s':>7} {'a CPU s':>8} {'× floor':>8}")
    base = 0.0
    for name, way in {"written plainly": written_plainly, "through the door": through_the_door}.items():
        with tempfile.TemporaryDirectory() as folder, seedbed.create(Path(folder) / "x.db", environ={}) as dataset:
            with dataset.file.write():
                dataset.file.topics.load([Topic(f"topic-{i}") for i in range(a.topics)])
            dataset.intake().submit(ready[:2], Operation("submit"), write=False)  # imports and first statements
            cpu, wall = time.process_time(), time.perf_counter()
            accepted = sum(way(dataset, ready[i : i + a.batch]) for i in range(0, len(ready), a.batch))
            cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
        rate = len(ready) / cpu
        base = base or cpu
        print(f"{name:16} {accepted:8} {cpu:6.2f} {wall:7.2f} {rate:8.0f} {cpu / base:8.2f}", flush=True)
    print(f"bar {BAR} a CPU second: {'ok' if rate >= BAR else 'over the bar'}")


if __name__ == "__main__":
    main()
