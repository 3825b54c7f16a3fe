"""The tutorial works when pasted: every command up to the real model, in order, in an empty folder."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
from pathlib import Path

from seedbed.core.errors import ExitCode
from testkit.cli import seedbed

TUTORIAL = Path(__file__).parents[2] / "docs" / "tutorial.md"


def pasted():
    """Lines of the console blocks before the chapter on a real model."""
    text = TUTORIAL.read_text(encoding="utf-8").partition("## 6.")[0]
    return [line for block in re.findall(r"```console\n(.*?)```", text, re.S) for line in block.splitlines() if line]


def test_the_tutorial_works_when_pasted(tmp_path):
    statuses = []
    for line in pasted():
        words = shlex.split(line)
        if words[0] == "seedbed":
            statuses.append((line, seedbed(*words[1:]).status))
        elif words[0] == "cd":
            os.chdir(words[1])
        else:
            subprocess.run(["bash", "-c", line], check=True)
    refused = [line for line, status in statuses if status is not ExitCode.OK]
    assert len(statuses) > 10
    assert [line for line in refused if "store??" not in line] == []
    assert len(refused) == 1
    rows = Path("all.jsonl").read_text(encoding="utf-8").splitlines()
    assert len(rows) == 12
