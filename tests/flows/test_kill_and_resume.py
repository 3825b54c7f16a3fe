"""``kill -9`` at any instant: nothing accepted is lost or doubled, and only calls in flight are paid again."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time

import pytest

from testkit.schedule import Schedule
from testkit.server import spawned

TARGET = 300


@pytest.fixture
def project(tmp_path):
    with spawned(Schedule(latency_s=0.05), ttl_s=120) as server:
        env = {k: v for k, v in os.environ.items() if not k.startswith("SEEDBED")}
        env |= {"OPENAI_API_KEY": "not-a-key", "OPENAI_BASE_URL": server.base_url("openai"), "OMP_NUM_THREADS": "1"}
        (tmp_path / "seedbed.yaml").write_text("kind: instruction\n")
        (tmp_path / "tree.json").write_text(json.dumps({"a": {"x": {}, "y": {}, "z": {}}}))

        def run(*arguments, wait=True):
            command = [sys.executable, "-c", "from seedbed.frontends.cli import main; main()", *arguments]
            process = subprocess.Popen(
                command, cwd=tmp_path, env=env, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
            )
            return process if not wait else (process.communicate(timeout=60)[0], process.returncode)

        run("init", ".")
        run("topics", "load", "tree.json")
        yield run, server


GENERATE = ("generate", "instruct", "--target", str(TARGET), "--model", "openai:m", "--strategy", "naive")


def entries(run):
    listed, _ = run("list", "--limit", "1000")
    return [json.dumps(e["content"], sort_keys=True) for e in json.loads(listed)["entries"]]


def test_killed_runs_are_continued(project):
    run, server = project
    kills, before = 0, 0
    for pause in (0.9, 1.1):
        process = run(*GENERATE, wait=False)
        time.sleep(pause)
        process.send_signal(signal.SIGKILL)
        process.communicate()
        kills += process.returncode == -signal.SIGKILL
        found = entries(run)
        assert len(found) >= before, "an accepted entry was lost"
        before = len(found)
    out, status = run(*GENERATE)
    summary = json.loads(out.splitlines()[-1])
    found = entries(run)
    assert (status, summary["status"]) == (0, "done")
    assert len(found) == len(set(found)) == TARGET
    stats = server.stats()
    assert stats["repeats"] <= kills * stats["peak"], "finished calls were paid for again"


def test_an_interrupt_ends_cleanly_and_the_run_goes_on(project):
    run, _ = project
    process = run(*GENERATE, wait=False)
    time.sleep(1.2)
    process.send_signal(signal.SIGINT)
    out, _ = process.communicate(timeout=30)
    summary = json.loads(out.splitlines()[-1])
    if summary["status"] == "interrupted":
        assert process.returncode == 130
        assert summary["accepted"] == len(entries(run)) < TARGET
    _, status = run(*GENERATE)
    assert status == 0
    assert len(entries(run)) == TARGET


def test_two_engines_share_one_file(project):
    run, _ = project
    processes = [run(*GENERATE, wait=False) for _ in range(2)]
    statuses = [p.communicate(timeout=90) and p.returncode for p in processes]
    found = entries(run)
    assert 0 in statuses
    assert len(found) == len(set(found)) == TARGET
