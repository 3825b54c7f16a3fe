"""Eight processes writing into one dataset at once, against one that writes everything.

Every writer has a process and a connection of its own, and all submit into the same ten topics: each candidate is
compared with what the others committed meanwhile. Processes start together when all are warm. Throughput is rows
handed in a wall second, counted until the last writer is done; the longest call is that of any single ``submit``. One
and eight take turns, and the fastest of each counts: the rest is what else the machine did.

Bar: eight writers together ≥ 0.7 × one writer; no row lost, nobody ever told that the file is busy.

    python benchmarks/many_hands.py [--quick] [--rows 4000] [--writers 8] [--batch 1,20,200] [--times 5]
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

from material import rows

import seedbed

BAR = 0.7
TOPICS = 10
START_S = 0.5
"""Seconds between the last writer's being ready and the start."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What writers did: rows handed in and accepted, entries in the file, wall and CPU seconds, longest call in s."""

    handed: int
    accepted: int
    there: int
    wall: float
    cpu: float
    longest: float


def write(folder: Path, writer: int, share: int, batch: int) -> None:
    """One writer: says that it is ready, waits for the start, submits, says what it did."""
    made = rows(share, seed=1 + writer)
    mine = [{**row, "topic": f"topic-{(writer + i) % TOPICS}"} for i, row in enumerate(made)]
    with seedbed.open(folder, environ={}) as dataset:
        dataset.submit(mine[:2], check_only=True)  # imports and first statements
        print("ready", flush=True)
        start = float(sys.stdin.readline())
        time.sleep(max(0.0, start - time.time()))
        cpu, accepted, longest = time.process_time(), 0, 0.0
        remaining = iter(mine)
        while part := list(islice(remaining, batch)):
            began = time.perf_counter()
            accepted += sum(d.accepted for d in dataset.submit(part, actor=f"agent:{writer}"))
            longest = max(longest, time.perf_counter() - began)
        done = {"end": time.time(), "cpu": time.process_time() - cpu, "accepted": accepted, "longest": longest}
        print(json.dumps(done), flush=True)


def together(writers: int, total: int, batch: int) -> Outcome:
    """What ``writers`` processes do that share ``total`` rows."""
    with tempfile.TemporaryDirectory() as folder:
        with seedbed.create(folder, environ={}) as dataset:
            for i in range(TOPICS):
                dataset.add_topic(f"topic-{i}")
            dataset.embedder()
        share = total // writers
        command = [sys.executable, __file__, "--folder", folder, "--rows", str(share), "--batch", str(batch)]
        running = [
            subprocess.Popen([*command, "--writer", str(i)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
            for i in range(writers)
        ]
        for process in running:
            _line(process)
        start = time.time() + START_S
        for process in running:
            assert process.stdin is not None
            process.stdin.write(f"{start}\n")
            process.stdin.flush()
        said: list[dict[str, Any]] = [json.loads(_line(process)) for process in running]
        for process in running:
            process.communicate()
        with seedbed.open(folder, mode="ro", environ={}) as dataset:
            there = dataset.report().accepted
    return Outcome(
        handed=share * writers,
        accepted=sum(s["accepted"] for s in said),
        there=there,
        wall=max(s["end"] for s in said) - start,
        cpu=sum(s["cpu"] for s in said),
        longest=max(s["longest"] for s in said),
    )


def _line(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    line = process.stdout.readline()
    if not line:
        raise SystemExit(f"a writer ended with {process.wait()}")
    return line


def compare(writers: int, total: int, batches: Sequence[int], times: int) -> None:
    print(f"{total} rows into {TOPICS} topics, {os.cpu_count()} cores, fastest of {times}")
    print(f"{'':22} {'accepted':>8} {'wall s':>7} {'rows/s':>7} {'× one':>6} {'CPU s':>6} {'longest s':>9}")
    for batch in batches:
        turns = [[together(n, total, batch) for n in (1, writers)] for _ in range(times)]
        for done in (done for turn in turns for done in turn):
            if done.accepted != done.there:
                raise SystemExit(f"{done.accepted} were accepted and {done.there} are there")
        one, many = (min(each, key=lambda done: done.wall) for each in zip(*turns, strict=True))
        base = one.handed / one.wall
        for n, done in ((1, one), (writers, many)):
            rate = done.handed / done.wall
            verdict = "" if n == 1 else "ok" if rate >= BAR * base else "under the bar"
            label = f"{n} {'writer' if n == 1 else 'writers'}, by {batch}"
            numbers = f"{done.accepted:8} {done.wall:7.2f} {rate:7.0f} {rate / base:6.2f} {done.cpu:6.2f}"
            print(f"{label:22} {numbers} {done.longest:9.2f}  {verdict}".rstrip(), flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="1,600 rows, once")
    parser.add_argument("--rows", type=int, default=4_000)
    parser.add_argument("--writers", type=int, default=8)
    parser.add_argument("--batch", default="1,20,200", help="rows of one submit; several are separated by commas")
    parser.add_argument("--times", type=int, default=5)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--writer", type=int, default=0, help=argparse.SUPPRESS)
    a = parser.parse_args()
    batches = [int(b) for b in a.batch.split(",")]
    if a.folder is not None:
        write(a.folder, a.writer, a.rows, batches[0])
    else:
        compare(a.writers, 1_600 if a.quick else a.rows, batches, 1 if a.quick else a.times)


if __name__ == "__main__":
    main()
