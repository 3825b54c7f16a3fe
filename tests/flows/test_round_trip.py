"""What was exported comes in again: every format for every kind, into an empty dataset, and out once more."""

from __future__ import annotations

import json
import os

import pytest

from seedbed.core import plugins
from seedbed.core.errors import ExitCode
from testkit.cli import seedbed
from testkit.exchanges import CONTENTS

ENDINGS = {"csv": ".csv", "parquet": ".parquet"}
WHOLE = ("jsonl", *ENDINGS)
KINDS = {"answered": "tool_use"}
LOSING = {"instruction", "rag"}
"""Kinds with text beside the question, which joins it in a conversation."""


def project(folder, kind):
    folder.mkdir()
    os.chdir(folder)
    quick = "checks: {rules: false, near_duplicate: false}"
    (folder / "seedbed.yaml").write_text(f"kind: {kind}\nkinds: {{{kind}: {{balance: []}}}}\n{quick}\n")
    assert seedbed("init", ".").status is ExitCode.OK


@pytest.mark.parametrize("name", plugins.names("formats"))
@pytest.mark.parametrize("case", CONTENTS)
def test_what_goes_out_comes_in_again(case, name, tmp_path):
    if name == "parquet":
        pytest.importorskip("pyarrow")
    kind, content = KINDS.get(case, case), CONTENTS[case]
    out = tmp_path / f"rows{ENDINGS.get(name, '.jsonl')}"
    project(tmp_path / "a", kind)
    (tmp_path / "row.json").write_text(json.dumps([content]))
    assert seedbed("import", str(tmp_path / "row.json"), "--topic", "t/x", "--create-topics").json["accepted"] == 1
    done = seedbed("export", "-o", str(out), "-f", name, *([] if name in WHOLE else ["--fields", "topic"]))
    if "tools" in content and name == "alpaca":
        assert done.error["error"] == "no_such_turn"
        return
    project(tmp_path / "b", kind)
    came = seedbed("import", str(out), "--create-topics", *(["--set", "passage=?"] if case == "rag" else []))
    assert came.out, came.err
    assert came.json["accepted"] == 1, came.out
    [entry] = seedbed("list").json["entries"]
    assert entry["topic"] == "t/x"
    if name in WHOLE or case not in LOSING or (case, name) == ("instruction", "alpaca"):
        assert entry["content"] == content
    again = out.with_name("again" + out.suffix)
    seedbed("export", "-o", str(again), "-f", name, *([] if name in WHOLE else ["--fields", "topic"]))
    if name != "parquet" and (name in WHOLE or case != "rag"):
        assert again.read_bytes() == out.read_bytes()
