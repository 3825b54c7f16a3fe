"""What a command costs from a cold start: CPU time and memory of the whole process, on a dataset of 50,000 entries.

The floor is a Python that imports nothing and one that imports numpy, which every search needs. Each command runs
several times; the median counts.

Bars: ``--help`` and ``report`` ≤ 0.3 CPU s; ``similar`` and ``submit`` ≤ 0.5 CPU s and ≤ 120 MB.

    python benchmarks/startup.py [--quick] [--entries 50000] [--topics 50] [--times 5]
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

from material import filled, surroundings

CLI = [sys.executable, "-c", "from seedbed.frontends.cli import main; main()"]
ROWS = [
    f'{{"question": "Which {thing} is the oldest?", "answer": "The one on the eastern shore, built by hand."}}'
    for thing in ("lighthouse", "railway bridge", "printing press", "orchid", "parliament", "violin", "glacier")
]
TOPIC = "area-0/topic-0"
ENVIRON = surroundings()

COMMANDS: dict[str, tuple[list[str], float | None, float | None]] = {
    "python -c pass": ([sys.executable, "-c", "pass"], None, None),
    "import numpy": ([sys.executable, "-c", "import numpy"], None, None),
    "--help": ([*CLI, "--help"], 0.3, None),
    "report": ([*CLI, "report"], 0.3, None),
    "list": ([*CLI, "list"], 0.3, None),
    "log": ([*CLI, "log"], 0.3, None),
    "guide agent": ([*CLI, "guide", "agent"], 0.5, None),
    "next": ([*CLI, "next"], 0.5, 120.0),
    "similar": ([*CLI, "similar", "--topic", TOPIC, "ROW"], 0.5, 120.0),
    "submit": ([*CLI, "submit", "--topic", TOPIC, "ROW"], 0.5, 120.0),
}
"""Command → how it is called (``ROW``: another one every time), most CPU seconds, most MB."""


_MEASURE = """
import resource, subprocess, sys
done = subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL)
used = resource.getrusage(resource.RUSAGE_CHILDREN)
print(done.returncode, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024)
"""
"""A small process in between: a command's memory counts from that of whoever starts it."""


def cost(command: list[str], folder: Path) -> tuple[float, float]:
    """CPU seconds and largest memory in MB of one process."""
    measure = [sys.executable, "-S", "-c", _MEASURE, *command]
    said = subprocess.run(measure, cwd=folder, env=ENVIRON, stdout=subprocess.PIPE, text=True, check=True).stdout
    status, cpu, mb = said.split()
    if status != "0":
        raise SystemExit(f"{' '.join(command)} ended with {status}")
    return float(cpu), float(mb)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="5,000 entries, 3 times")
    parser.add_argument("--entries", type=int, default=50_000)
    parser.add_argument("--topics", type=int, default=50)
    parser.add_argument("--times", type=int, default=5)
    a = parser.parse_args()
    entries, times = (min(a.entries, 5_000), 3) if a.quick else (a.entries, a.times)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        filled(folder, entries=entries, topics=a.topics)
        print(f"{entries} entries in {a.topics} topics, median of {times}")
        print(f"{'':16} {'CPU s':>6} {'bar':>5} {'× python':>9} {'MB':>5} {'bar':>5}")
        base = 0.0
        for label, (command, most_s, most_mb) in COMMANDS.items():
            calls = [[ROWS[i % len(ROWS)] if word == "ROW" else word for word in command] for i in range(times)]
            costs = [cost(call, folder) for call in calls]
            cpu, mb = statistics.median(c for c, _ in costs), statistics.median(m for _, m in costs)
            base = base or cpu
            over = (most_s is not None and cpu > most_s) or (most_mb is not None and mb > most_mb)
            verdict = "" if most_s is None else "  over the bar" if over else "  ok"
            bars = f"{most_s if most_s is not None else '':>5}", f"{most_mb if most_mb is not None else '':>5}"
            print(f"{label:16} {cpu:6.2f} {bars[0]} {cpu / base:9.1f} {mb:5.0f} {bars[1]}{verdict}", flush=True)


if __name__ == "__main__":
    main()
