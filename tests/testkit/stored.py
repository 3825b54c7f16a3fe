"""Entries and files for tests that need something stored."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from seedbed.core.records import Origin, Outcome, State, Topic, Verdict
from seedbed.store import DatasetFile, NewEntry
from seedbed.store.values import STATE_CODES

DIM = 4
LEAVES = ("rome/republic", "rome/empire", "greece")


class Clock:
    """Unix seconds that move when told."""

    def __init__(self, now: float = 1_700_000_000.0) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now


def make_file(folder: Path, name: str = "seedbed.db", *, clock: Clock | None = None) -> DatasetFile:
    """A dataset with three leaves and an embedder of four dimensions."""
    file = DatasetFile.create(folder / name, clock=clock or Clock())
    with file.write():
        file.topics.load([Topic(path) for path in LEAVES])
        file.vectors.register("test@1", DIM, 0.9)
    return file


def new_entry(number: int, **changes: Any) -> NewEntry:
    """The entry of this number: same number, same id."""
    values: dict[str, Any] = {
        "id": hashlib.blake2b(str(number).encode(), digest_size=10).hexdigest(),
        "topic": LEAVES[0],
        "kind": "qa",
        "content": {"question": f"What is {number}?", "answer": f"It is {number}."},
        "origin": Origin("import", actor="human:ann"),
        "text_hash": number.to_bytes(8, "big"),
        "verdicts": [passing("schema"), passing("near_duplicate", score=0.25, threshold=0.9)],
    }
    return NewEntry(**(values | changes))


def passing(check: str, **values: Any) -> Verdict:
    return Verdict(check, "1", Outcome.PASS, **values)


def rejected(number: int, **changes: Any) -> NewEntry:
    """A rejected candidate with one failing verdict."""
    failing = Verdict(
        "near_duplicate", "1", Outcome.FAIL, 0.95, 0.9, "too close", "near_duplicate", {"entry_id": "ab" * 10}
    )
    values: dict[str, Any] = {"state": State.REJECTED, "text_hash": None, "verdicts": [passing("schema"), failing]}
    return new_entry(number, **(values | changes))


def set_state(file: DatasetFile, ids: Sequence[str], state: State) -> int:
    """Number of entries that are in ``state`` now and were not before."""
    with file.write():
        event_id = file.events.add("test", actor="test")
        rowids = file.entries.rowids(ids)
        rows = [(r, {"state": STATE_CODES[state]}) for r in rowids.values()]
        return file.journal.change_all(event_id, "entry", rows)
