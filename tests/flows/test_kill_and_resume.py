"""``kill -9`` at any instant: nothing accepted is lost or doubled, and only calls in flight are paid again."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from testkit.bounds import PATIENCE_S
from testkit.schedule import Schedule
from testkit.server import ModelServer

TARGET = 200
JOBS = 8


class Commands:
    """Commands in processes of their own. What they print goes into files: a full pipe would hold them up."""

    def __init__(self, folder, **environ):
        self.folder, self.number = folder, 0
        self.environ = {k: v for k, v in os.environ.items() if not k.startswith("SEEDBED")} | environ

    def start(self, *arguments):
        self.number += 1
        command = [sys.executable, "-c", "from seedbed.frontends.cli import main; main()", *arguments]
        with (self.folder / f"printed-{self.number}").open("w") as out:
            process = subprocess.Popen(
                command, cwd=self.folder, env=self.environ, stdout=out, stderr=subprocess.DEVNULL
            )
        process.printed = Path(out.name)
        return process

    def run(self, *arguments):
        """The last line as JSON, and the status."""
        return self.end(self.start(*arguments))

    def end(self, process):
        status = process.wait(PATIENCE_S)
        lines = process.printed.read_text().splitlines()
        return json.loads(lines[-1]) if lines else None, status

    def entries(self):
        listed, _ = self.run("list", "--limit", "1000")
        return [json.dumps(e["content"], sort_keys=True) for e in listed["entries"]]


@pytest.fixture
def server():
    with ModelServer(Schedule(latency_s=0.05)) as server:
        yield server


@pytest.fixture
def commands(tmp_path, server):
    (tmp_path / "seedbed.yaml").write_text("kind: instruction\n")
    (tmp_path / "tree.json").write_text(json.dumps({"a": {"x": {}, "y": {}, "z": {}}}))
    commands = Commands(
        tmp_path, OPENAI_API_KEY="not-a-key", OPENAI_BASE_URL=server.base_url("openai"), OMP_NUM_THREADS="1"
    )
    for words in (["init", "."], ["topics", "load", "tree.json"]):
        assert commands.run(*words)[1] == 0
    return commands


GENERATE = (
    *("generate", "instruct", "--target", str(TARGET), "--model", "openai:m"),
    *("--strategy", "naive", "--concurrency", str(JOBS)),
)


def send_at(process, server, calls, number):
    """Send a signal to a run as soon as it has made so many calls, which is long before its end."""
    server.wait_for(calls, alive=lambda: process.poll() is None)
    process.send_signal(number)


def test_killed_runs_are_continued(commands, server):
    kills, before = (40, 100), 0
    for calls in kills:
        process = commands.start(*GENERATE)
        send_at(process, server, calls, signal.SIGKILL)
        assert process.wait(PATIENCE_S) == -signal.SIGKILL
        found = commands.entries()
        assert len(found) >= before, "an accepted entry was lost"
        before = len(found)
    assert 0 < before < TARGET
    summary, status = commands.run(*GENERATE)
    found = commands.entries()
    assert (status, summary["status"]) == (0, "done")
    assert len(found) == len(set(found)) == TARGET
    assert server.stats.repeats <= len(kills) * JOBS, "finished calls were paid for again"


def test_an_interrupt_ends_cleanly_and_the_run_goes_on(commands, server):
    process = commands.start(*GENERATE)
    send_at(process, server, 40, signal.SIGINT)
    summary, status = commands.end(process)
    assert (status, summary["status"]) == (130, "interrupted")
    assert 0 < summary["accepted"] == len(commands.entries()) < TARGET
    assert commands.run(*GENERATE)[1] == 0
    assert len(commands.entries()) == TARGET


def test_two_engines_share_one_file(commands):
    processes = [commands.start(*GENERATE) for _ in range(2)]
    statuses = [commands.end(process)[1] for process in processes]
    found = commands.entries()
    assert 0 in statuses
    assert len(found) == len(set(found)) == TARGET
