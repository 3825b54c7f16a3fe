"""Rows and filled dataset files for the other benchmarks; nothing here is measured."""

from __future__ import annotations

import compileall
import os
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from random import Random
from typing import Any

import seedbed
from seedbed.core import identity
from seedbed.core.records import Origin, Outcome, State, Topic, Verdict
from seedbed.providers.fake_text import Writer
from seedbed.similarity.search import pack
from seedbed.similarity.wordpiece import read_vocabulary
from seedbed.store import NewEntry

BATCH = 2_000
REJECTED_EVERY = 11
"""One rejection after every ten entries, as in a dataset that has been worked on."""


def rows(n: int, *, seed: int = 0) -> Iterator[dict[str, str]]:
    """Question/answer rows that are no duplicates of one another: two rare words are in every question."""
    rng = Random(seed)
    words = [w for w in read_vocabulary() if w.isascii() and w.isalpha() and 5 <= len(w) <= 10]
    writer = Writer(rng, "")
    for _ in range(n):
        writer.keywords = [" ".join(rng.choices(words, k=2)) for _ in range(2)]
        yield {"question": writer.question(), "answer": writer.paragraph(2)}


def surroundings() -> dict[str, str]:
    """Variables for processes whose start is measured: one thread, and modules compiled once and for all.

    Compiles the package where that has not been done, as installing it does.
    """
    compileall.compile_dir(Path(seedbed.__file__).parent, quiet=2)
    environ = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    return {**environ, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}


def filled(folder: Path, *, entries: int, topics: int) -> Path:
    """A dataset with ``entries`` entries spread evenly over ``topics`` leaves, and a tenth of that rejected.

    Written around the door, for speed.
    """
    path = folder / "seedbed.db"
    with seedbed.create(path, environ={}) as dataset:
        leaves = [f"area-{i % 5}/topic-{i}" for i in range(topics)]
        embedder, file = dataset.embedder(), dataset.file
        with file.write():
            file.topics.load([Topic(leaf) for leaf in leaves])
        made = enumerate(rows(entries + entries // (REJECTED_EVERY - 1)))
        while part := list(islice(made, BATCH)):
            vectors = pack(embedder.encode([row["question"] for _, row in part]))
            with file.write():
                file.entries.insert(
                    [
                        _entry(row, vector, leaves[i % topics], rejected=i % REJECTED_EVERY == REJECTED_EVERY - 1)
                        for (i, row), vector in zip(part, vectors, strict=True)
                    ]
                )
    return path


def _entry(row: dict[str, Any], vector: bytes, topic: str, *, rejected: bool) -> NewEntry:
    passed = [Verdict(name, "1", Outcome.PASS) for name in ("schema", "rules", "exact_duplicate")]
    near = Verdict("near_duplicate", "1", Outcome.PASS, 0.61, 0.88)
    if rejected:
        near = Verdict("near_duplicate", "1", Outcome.FAIL, 0.93, 0.88, "too close", "near_duplicate")
    return NewEntry(
        id=identity.entry_id("qa", row),
        topic=topic,
        kind="qa",
        content=row,
        state=State.REJECTED if rejected else State.ACCEPTED,
        origin=Origin("import", actor="human:bench"),
        text_hash=None if rejected else identity.text_hash(row["question"]),
        vector=None if rejected else vector,
        verdicts=[*passed, near],
    )
