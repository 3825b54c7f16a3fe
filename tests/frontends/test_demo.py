"""``demo`` with the fake model: the whole main job by one command."""

from __future__ import annotations

import pytest

from seedbed.core.errors import ExitCode
from seedbed.frontends.cli.demo import own_documents
from testkit.cli import seedbed, text

FAKE = ("--model", "fake:varied", "--target", "6")


def test_the_demo_shows_entries_report_and_files(tmp_path):
    done = text("demo", *FAKE)
    assert done.status is ExitCode.OK
    for part in ("done: 6 of 6 entries", "seedbed.db: 6 of 6 qa entries", "Three entries", "Exported to"):
        assert part in done.out
    assert (tmp_path / "demo" / "export" / "qa.jsonl").read_text().count("\n") == 6
    again = seedbed("demo", *FAKE)
    assert again.events[-1]["event"] == "demo"
    assert again.events[-1]["summary"]["calls"] == 0


def test_the_demo_never_touches_another_project(project):
    refused = seedbed("demo", "--output", project, *FAKE)
    assert (refused.status, refused.error["message"].endswith("holds another project")) == (ExitCode.INPUT, True)
    assert seedbed("list").json["total"] == 0


def test_own_documents_are_found():
    assert {"concepts.md", "steering.md"} <= {f.name for f in own_documents().glob("*.md")}


@pytest.mark.parametrize("docs", ["nowhere", "."])
def test_a_folder_without_documents_is_refused(tmp_path, docs):
    assert seedbed("demo", "--docs", docs, *FAKE).status in (ExitCode.INPUT, ExitCode.NOT_FOUND)
