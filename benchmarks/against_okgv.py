"""What an agent asks for, against okgv 0.1 in the same run: the same rows, tree and calls, each call a new process.

Both embed the question alone into 128 numbers, without a model: Seedbed with its own table, okgv with hashed n-grams
(its default, sentence-transformers, takes eight CPU seconds to load and is left out). okgv writes what it is given;
Seedbed's ``submit`` also puts it through its checks, duplicates included. ``undo`` takes back all that was submitted.
Those who submit at once do so into a new dataset, with a model that is there at once and with one that takes six
seconds to load: they sleep, and use no CPU.

CPU seconds are of whole processes. Both tools take turns; calls that change nothing, and those of one row, run several
times, and the median counts.

okgv needs a Python whose sqlite3 loads extensions, as those of Linux distributions do, and an environment of its own:

    /usr/bin/python3 -m venv okgv-env && okgv-env/bin/pip install okgv
    python benchmarks/against_okgv.py --okgv okgv-env/bin/python [--quick] [--entries 10000] [--topics 50] [--times 3]
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import cycle, islice
from pathlib import Path
from typing import Any, ClassVar

from material import rows, surroundings

import seedbed
from seedbed.similarity.static import StaticEmbedder

HASHED = Path(__file__).parent / "okgv_project" / "hashed.py"
AT_ONCE = (2, 4)
LOAD_S = 6
"""Seconds that a slow model takes; sentence-transformers takes longer."""
MANY = 1_000
"""Rows of the large batch."""

USABLE = "import okgv, sqlite3, sqlite_vec; db = sqlite3.connect(':memory:'); db.enable_load_extension(True)"
EMBED = """
import json, sys, time, hashed
texts, start = json.load(sys.stdin), time.process_time()
hashed.encode(texts)
print(time.process_time() - start)
"""
SLOW = """
import os, time
from seedbed.similarity.static import StaticEmbedder

class Slow(StaticEmbedder):
    id = "slow@1"

    def __init__(self):
        time.sleep(float(os.environ["LOAD_S"]))
        super().__init__()
"""

Words = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Done:
    """A process that ended: CPU seconds, status, standard output."""

    cpu: float
    status: int
    out: bytes


class Tool:
    """One of the two, in a project of its own.

    Args:
        folder: of the project; made here.
        tree: names of topics, nested.
        load_s: seconds that its model takes to load.

    Attributes:
        tree: what loading the tree took.
        began: when nothing had been submitted yet.
    """

    database: ClassVar[str]
    command: ClassVar[Words] = ()
    calls: ClassVar[dict[str, Words]]
    """What is asked → words of a command line, in which ``TOPIC`` and ``TIME`` are filled in."""

    def __init__(self, folder: Path, tree: dict[str, Any], *, load_s: float = 0.0) -> None:
        folder.mkdir()
        self.folder, self.began = folder, ""
        self.environ = {**surroundings(), "LOAD_S": str(load_s)}
        self.prepare(tree, slow=load_s > 0)
        self.tree = self.ask("load the tree", tree)
        self.began = datetime.now(UTC).isoformat()

    def prepare(self, tree: dict[str, Any], *, slow: bool) -> None:
        """Put into the folder what has to be there before anything is asked."""
        raise NotImplementedError

    def start(self, words: Sequence[str]) -> subprocess.Popen[bytes]:
        """A process that goes on by itself."""
        pipe = subprocess.PIPE
        return subprocess.Popen(
            words, cwd=self.folder, env=self.environ, stdin=pipe, stdout=pipe, stderr=subprocess.DEVNULL
        )

    def call(self, what: str, topic: str = "") -> subprocess.Popen[bytes]:
        """The process of a call."""
        return self.start([*self.command, *({"TOPIC": topic, "TIME": self.began}.get(w, w) for w in self.calls[what])])

    def ask(self, what: str, stdin: object = None, *, topic: str = "") -> Done:
        """A call, from its start to its end; one that fails without a result ends the benchmark."""
        done = finish(self.call(what, topic), stdin)
        if done.status and not done.out:
            raise SystemExit(f"{type(self).__name__}: {what} ended with {done.status}")
        return done

    def size(self) -> int:
        """Bytes of the dataset on disk."""
        return sum(path.stat().st_size for path in self.folder.glob(f"{self.database}*"))


class Okgv(Tool):
    """okgv, in the Python that has it."""

    database = "okgv.db"
    calls: ClassVar = {
        "load the tree": ("create-structure", "--file", "-"),
        "report": ("report",),
        "report, every cell": ("report",),
        "tree with counts": ("tree", "--counts"),
        "similar": ("similar", "--topic", "TOPIC", "--entry", "-"),
        "similar-batch": ("similar-batch", "--topic", "TOPIC", "--entries", "-"),
        "submit": ("submit", "--topic", "TOPIC", "--entry", "-"),
        "submit-batch": ("submit-batch", "--topic", "TOPIC", "--entries", "-"),
        "undo": ("undo", "TIME"),
    }

    def prepare(self, tree: dict[str, Any], *, slow: bool) -> None:
        """The schema, and the file of the tree that every call compares with the dataset."""
        shutil.copy(HASHED, self.folder)
        (self.folder / "structure.json").write_text(json.dumps(tree), encoding="utf-8")
        settings = {"SCHEMA": "hashed:Schema", "VALIDATORS": "hashed", "STRUCTURE": "structure.json"}
        self.environ |= {f"OKGV_{name}": value for name, value in settings.items()}
        self.environ |= {"EMBED_MODEL": "hashed/letters", "EMBED_DIM": "128"}
        self.environ.pop("PYTHONPATH", None)

    def embed_s(self, texts: Sequence[str]) -> float:
        """CPU seconds for the vectors of some texts."""
        return float(finish(self.start([self.command[0], "-c", EMBED]), texts).out)


class Seedbed(Tool):
    """Seedbed, in this Python."""

    database = "seedbed.db"
    command = (sys.executable, "-c", "from seedbed.frontends.cli import main; main()")
    calls: ClassVar = {
        "load the tree": ("topics", "load", "-"),
        "report": ("report",),
        "report, every cell": ("report", "--all"),
        "tree with counts": ("topics", "tree", "--counts"),
        "similar": ("similar", "--topic", "TOPIC", "-"),
        "similar-batch": ("similar", "--topic", "TOPIC", "-"),
        "submit": ("submit", "--topic", "TOPIC", "-"),
        "submit-batch": ("submit", "--topic", "TOPIC", "-"),
        "undo": ("undo", "--since", "TIME"),
        "compact": ("compact",),
    }

    def prepare(self, tree: dict[str, Any], *, slow: bool) -> None:
        """The configuration and an empty dataset; with the slow embedder as a plugin that is installed."""
        config = f"kind: qa\nkinds: {{qa: {{balance: [difficulty]}}}}\nembedder: {'slow' if slow else 'static'}\n"
        about = self.folder / "slow-1.dist-info"
        about.mkdir()
        for path, text in {
            self.folder / "seedbed.yaml": config,
            self.folder / "slow.py": SLOW,
            about / "METADATA": "Metadata-Version: 2.1\nName: slow\nVersion: 1\n",
            about / "entry_points.txt": "[seedbed.embedders]\nslow = slow:Slow\n",
        }.items():
            path.write_text(text, encoding="utf-8")
        if slow:
            self.environ["PYTHONPATH"] = f"{self.folder}{os.pathsep}{os.environ.get('PYTHONPATH', '')}"
        finish(self.start([*self.command, "init"]))

    def embed_s(self, texts: Sequence[str]) -> float:
        """CPU seconds for the vectors of some texts."""
        embedder, start = StaticEmbedder(), time.process_time()
        embedder.encode(texts)
        return time.process_time() - start


def finish(process: subprocess.Popen[bytes], stdin: object = None) -> Done:
    """What became of a process; its CPU time is right while no other one ends."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    out, _ = process.communicate(json.dumps(stdin).encode())
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return Done(cpu, process.returncode, out)


def accepted(done: Done) -> int:
    """Rows of a submission that are in the dataset now, as the tool says."""
    said = json.loads(done.out or "[]")
    results = said if isinstance(said, list) else [said]
    return sum(r.get("submitted") is True or r.get("state") == "accepted" for r in results)


def line(label: str, theirs: float, ours: float, *, digits: int = 2, said: tuple[int, int] | None = None) -> None:
    """One line of the table, with bytes of output where there are any."""
    tail = "".join(f"{n:12,}" for n in said or ())
    print(f"{label:30} {theirs:9,.{digits}f} {ours:9,.{digits}f} {ours / theirs:7.3f} {tail}".rstrip(), flush=True)


class Match:
    """The two tools, and rows that neither has seen.

    Args:
        tools: okgv and Seedbed.
        topics: leaves of their trees.
        times: how often a quick call is repeated.
    """

    def __init__(self, tools: tuple[Okgv, Seedbed], topics: Sequence[str], times: int) -> None:
        self.tools, self.topics, self.times = tools, topics, times
        self.fresh = fresh()
        self.sent, self.accepted = 0, [0, 0]

    def ask(self, label: str, call: str, topics: Sequence[str] = (), *, rows: int = 0, total: bool = False) -> None:
        """A line about a call, once a topic, with so many new rows: the median, or what all of them took."""
        done: list[list[Done]] = [[], []]
        for topic in topics or self.topics[: self.times]:
            given: Any = list(islice(self.fresh, rows))
            given = given if call.endswith("batch") or not given else given[0]
            for each, tool in zip(done, self.tools, strict=True):
                each.append(tool.ask(call, given, topic=topic))
        if call.startswith("submit"):
            self.sent += rows * len(done[0])
            self.accepted = [n + sum(map(accepted, each)) for n, each in zip(self.accepted, done, strict=True)]
        cpu = sum if total else statistics.median
        theirs, ours = (cpu([d.cpu for d in each]) for each in done)
        line(label, theirs, ours, said=None if total else (len(done[0][-1].out), len(done[1][-1].out)))

    def start_up(self) -> None:
        """Lines about what is no call: an interpreter, the embedding, the tree."""
        empty = [[finish(t.start([t.command[0], "-c", "pass"])).cpu for _ in range(self.times)] for t in self.tools]
        line("python -c pass", *map(statistics.median, empty), digits=3)
        texts = [row["question"] for row in rows(1_000, seed=2)]
        line("embedding 1,000 questions", *(tool.embed_s(texts) for tool in self.tools), digits=3)
        trees = [tool.tree for tool in self.tools]
        line("load the tree", *(t.cpu for t in trees), said=(len(trees[0].out), len(trees[1].out)))

    def sizes(self, label: str, *, entries: bool = False) -> None:
        """A line about the files: MB, or bytes an entry."""
        theirs, ours = (
            tool.size() / (n if entries else 1e6) for tool, n in zip(self.tools, self.accepted, strict=True)
        )
        line(label, theirs, ours, digits=0 if entries else 1)


def measure(match: Match, entries: int) -> None:
    """The table."""
    topics, many = match.topics, min(MANY, entries // 2)
    share = entries // len(topics)
    print(f"{'CPU seconds':30} {'okgv':>9} {'seedbed':>9} {'× okgv':>7} {'okgv says B':>12}{'seedbed B':>12}")
    match.start_up()
    match.ask(f"submit {len(topics)} × {share} rows", "submit-batch", topics, rows=share, total=True)
    for call in ("report", "report, every cell", "tree with counts"):
        match.ask(call, call)
    match.ask("similar", "similar", rows=1)
    match.ask("similar, 100 rows", "similar-batch", rows=100)
    match.ask("submit", "submit", rows=1)
    match.ask(f"submit {many:,} rows", "submit-batch", topics[:1], rows=many)
    match.sizes("file, bytes an entry", entries=True)
    match.ask("undo everything", "undo", topics[:1])
    match.sizes("file after undo, MB")
    compacted = match.tools[1].ask("compact")
    print(f"{'compact (okgv has none)':30} {'':9} {compacted.cpu:9.2f}")
    match.sizes("file after that, MB")
    print(f"accepted of {match.sent:,} rows: okgv {match.accepted[0]:,}, seedbed {match.accepted[1]:,}")


def at_once(tool: Tool, given: Sequence[dict[str, str]], topic: str) -> tuple[int, float]:
    """Rows accepted, and wall seconds, when every row is submitted by a process of its own at the same time."""
    start = time.perf_counter()
    running = [tool.call("submit", topic) for _ in given]
    for process, row in zip(running, given, strict=True):
        assert process.stdin is not None
        process.stdin.write(json.dumps(row).encode())
        process.stdin.close()
        process.stdin = None
    done = [finish(process) for process in running]
    return sum(map(accepted, done)), time.perf_counter() - start


def together(folder: Path, tree: dict[str, Any], topic: str) -> None:
    """Lines about processes that submit at the same time."""
    print(f"\n{'accepted of sent, wall s':30} {'okgv':>15} {'seedbed':>15}")
    made = fresh(seed=3)
    for load_s in (0, LOAD_S):
        for k in AT_ONCE:
            given, told = list(islice(made, k)), []
            for kind in (Okgv, Seedbed):
                tool = kind(folder / f"{kind.__name__}-{load_s}-{k}", tree, load_s=load_s)
                n, wall = at_once(tool, given, topic)
                told.append(f"{n} of {k}, {wall:5.1f}")
            print(f"{f'{k} at once, model loads in {load_s} s':30} {told[0]:>15} {told[1]:>15}", flush=True)


def fresh(seed: int = 1) -> Iterator[dict[str, str]]:
    """Rows unlike each other, without end."""
    for row, difficulty in zip(rows(10**9, seed=seed), cycle(("easy", "medium", "hard"))):
        yield {**row, "difficulty": difficulty}


def usable(python: str) -> str:
    """Why okgv cannot be measured with this Python; empty when it can."""
    try:
        done = subprocess.run([python, "-c", USABLE], capture_output=True, text=True, check=False)
    except OSError as error:
        return str(error)
    return done.stderr.strip().splitlines()[-1] if done.returncode else ""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--okgv", metavar="PYTHON", help="a Python that has okgv")
    parser.add_argument("--quick", action="store_true", help="1,000 entries in 10 topics")
    parser.add_argument("--entries", type=int, default=10_000)
    parser.add_argument("--topics", type=int, default=50)
    parser.add_argument("--times", type=int, default=3)
    a = parser.parse_args()
    why_not = usable(a.okgv) if a.okgv else "say which Python has it with --okgv (see --help)"
    if why_not:
        print(f"skipped, there is no okgv to measure: {why_not}")
        return
    entries, n = (1_000, 10) if a.quick else (a.entries, a.topics)
    Okgv.command = (a.okgv, "-m", "okgv.main")
    topics = [f"area-{i % 5}/topic-{i}" for i in range(n)]
    tree: dict[str, dict[str, Any]] = {}
    for area, _, name in (topic.partition("/") for topic in topics):
        tree.setdefault(area, {})[name] = {}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        tools = Okgv(folder / "okgv", tree), Seedbed(folder / "seedbed", tree)
        version = subprocess.run([*Okgv.command, "--version"], capture_output=True, text=True, check=True).stdout
        print(
            f"{version.strip()}; seedbed {seedbed.__version__}; {entries:,} entries in {n} topics, medians of {a.times}"
        )
        measure(Match(tools, topics, min(a.times, n)), entries)
        together(folder, tree, topics[0])


if __name__ == "__main__":
    main()
