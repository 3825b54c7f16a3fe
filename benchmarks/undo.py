"""What undo, redo and compact cost for one operation that brought 50,000 entries, against bringing them.

The rows pass the door like anybody's, in one import; then the whole operation is undone, redone, undone again, and the
file is compacted. Ratios are to the CPU seconds of the import in the same run.

Bar: undoing 50,000 entries ≤ 3 CPU s.

    python benchmarks/undo.py [--quick] [--entries 50000] [--topics 50]
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from material import rows

import seedbed

BAR_S = 3.0


def measured(act: Callable[[], Any]) -> tuple[float, Any]:
    start = time.process_time()
    result = act()
    return time.process_time() - start, result


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="5,000 entries")
    parser.add_argument("--entries", type=int, default=50_000)
    parser.add_argument("--topics", type=int, default=50)
    a = parser.parse_args()
    entries = min(a.entries, 5_000) if a.quick else a.entries
    with tempfile.TemporaryDirectory() as name:
        source = Path(name) / "rows.jsonl"
        with source.open("w", encoding="utf-8") as out:
            for i, row in enumerate(rows(entries)):
                out.write(json.dumps({**row, "topic": f"area-{i % 5}/topic-{i % a.topics}"}) + "\n")
        with seedbed.create(Path(name) / "seedbed.db", environ={}) as dataset:
            for i in range(a.topics):
                dataset.add_topic(f"area-{i % 5}/topic-{i}")
            report(dataset, str(source), entries)


def report(dataset: seedbed.Dataset, source: str, entries: int) -> None:
    history = dataset.history
    brought, accepted = measured(lambda: sum(d.accepted for d in dataset.import_rows(source)))
    print(f"{accepted} of {entries} rows accepted")
    print(f"{'':22} {'CPU s':>7} {'× import':>9} {'MB':>7}")

    def line(label: str, cpu: float, verdict: str = "") -> None:
        print(f"{label:22} {cpu:7.2f} {cpu / brought:9.3f} {dataset.file.size() / 1e6:7.1f}  {verdict}".rstrip())

    line("import", brought)
    for label, act in (("undo", history.undo), ("redo", history.redo), ("undo again", history.undo)):
        cpu, _ = measured(act)
        ok = "ok" if cpu <= BAR_S * max(1.0, entries / 50_000) else "over the bar"
        line(label, cpu, f"{ok} (≤ {BAR_S:g} s)")
    cpu, _ = measured(history.compact)
    line("compact", cpu)


if __name__ == "__main__":
    main()
