"""``init`` and ``reembed``."""

from __future__ import annotations

import json
import shlex

import pytest

from seedbed.core.errors import ExitCode
from seedbed.frontends.cli.project import templates
from testkit.cli import seedbed, text


@pytest.mark.parametrize("template", templates())
def test_every_template_makes_a_project_that_reports(tmp_path, template):
    made = seedbed("init", "here", "--template", template).json
    assert {"seedbed.yaml", "topics.yaml", "AGENTS.md", "seedbed.db"} <= set(made["created"])
    assert template == "demo" or "generation.md" in made["created"]
    assert made["kept"] == []
    report = seedbed("report", "--db", "here").json
    assert (report["topics"]["leaves"] > 0) is (template != "blank")
    assert made["topics"] >= report["topics"]["leaves"]


def test_existing_files_are_kept(project):
    (project / "topics.yaml").write_text("mine: {}\n")
    again = seedbed("init").json
    kept = ["generation.md", "seedbed.yaml", "topics.yaml", "AGENTS.md", "seedbed.db"]
    assert (again["created"], again["kept"]) == ([], kept)
    assert (project / "topics.yaml").read_text() == "mine: {}\n"
    assert [t["topic"] for t in seedbed("topics", "tree").json] == ["git", "git/commits", "git/branches"]


def test_the_text_says_what_to_do_next(tmp_path):
    files = ["generation.md", "seedbed.yaml", "topics.yaml", "AGENTS.md", "seedbed.db"]
    told = ["next: cd a && seedbed topics add PATH", "for agents: cd a && seedbed guide agent"]
    assert text("init", "a").lines == [*(f"  + {name}" for name in files), *told]
    assert text("init", "b", "-t", "qa").lines[-2] == "next: cd b && seedbed report"


def test_an_agents_md_that_is_there_is_kept_and_told(tmp_path):
    (tmp_path / "my work").mkdir()
    (tmp_path / "my work" / "AGENTS.md").write_text("# Mine\n")
    made = seedbed("init", "my work")
    assert "AGENTS.md" in made.json["kept"]
    assert (tmp_path / "my work" / "AGENTS.md").read_text() == "# Mine\n"
    command = "seedbed guide --agents-md 'my work/AGENTS.md'"
    assert made.err == f"AGENTS.md says nothing of this dataset yet: {command}\n"
    assert seedbed("--db", "my work", *shlex.split(command)[1:]).status is ExitCode.OK
    assert seedbed("init", "my work").err == ""


def test_a_project_of_another_kind_is_left_as_it_is(tmp_path):
    seedbed("init", "here", "-t", "qa")
    before = {path.name: path.read_bytes() for path in (tmp_path / "here").iterdir()}
    refused = seedbed("init", "here", "-t", "math")
    assert (refused.status, refused.error["error"]) == (ExitCode.INPUT, "project_exists")
    assert "kind 'qa'" in refused.error["message"] and "'math'" in refused.error["message"]
    assert {path.name: path.read_bytes() for path in (tmp_path / "here").iterdir()} == before
    assert seedbed("init", "here", "-t", "qa").json["created"] == []
    assert seedbed("init", "here").json["created"] == []


def test_a_dataset_elsewhere_is_named_in_the_new_project(tmp_path):
    made = seedbed("init", "here", "-t", "classification", "--db", "all data.db").json
    assert made["created"][-1] == "../all data.db" and made["topics"] == 6
    assert seedbed("report", "--db", "here").json["dataset"] == "all data.db"
    assert seedbed("init", "here", "--db", "all data.db").json["created"] == []
    refused = seedbed("init", "here", "--db", "other.db")
    assert refused.status is ExitCode.INPUT and "all data.db" in refused.error["message"]
    assert not (tmp_path / "other.db").exists()


def test_a_folder_with_blanks_is_quoted_in_what_to_do_next(tmp_path):
    assert text("init", "a b").lines[-1] == "for agents: cd 'a b' && seedbed guide agent"


@pytest.mark.parametrize("template", templates())
def test_a_project_made_from_a_template_can_be_described(tmp_path, template):
    seedbed("init", ".", "-t", template)
    assert "seedbed next" in (tmp_path / "AGENTS.md").read_text()
    assert not list(tmp_path.glob("*.pyc"))
    assert seedbed("topics", "load", "topics.yaml").status is ExitCode.OK


def test_templates_are_listed(tmp_path):
    listed = seedbed("init", "--list").json["templates"]
    assert [t["template"] for t in listed] == list(templates())
    assert all(t["description"] for t in listed)
    assert not list(tmp_path.glob("seedbed*"))


def test_an_unknown_template_is_named_with_near_ones():
    refused = seedbed("init", "-t", "instructions")
    assert (refused.status, refused.error["error"]) == (ExitCode.INPUT, "unknown_template")
    assert refused.error["near"] == ["instruction"]


def test_a_file_is_no_project_folder(tmp_path):
    (tmp_path / "taken").write_text("x")
    assert seedbed("init", "taken").error["message"] == "'taken' is a file, not a folder"


def test_a_configured_dataset_name_is_used(tmp_path):
    (tmp_path / "seedbed.yaml").write_text("dataset: data/mine.db\n")
    (tmp_path / "data").mkdir()
    assert "data/mine.db" in seedbed("init").json["created"]
    assert seedbed("report").json["dataset"] == "mine.db"


@pytest.mark.extra("embed")
def test_another_embedder_replaces_vectors_and_must_be_configured(filled):
    done = seedbed("reembed", "minilm")
    assert done.json["entries"] == 3
    assert "embedder: minilm" in done.err
    refused = seedbed("similar", "x", "--topic", "git/commits")
    assert (refused.status, refused.error["error"]) == (ExitCode.INPUT, "embedder_mismatch")
    assert "seedbed reembed static" in refused.error["fix"]
    assert text("reembed", "static").lines == ["3 entries embedded with static-minilm-128@1"]
    assert len(seedbed("similar", "x", "--topic", "git/commits").json["similar"]) == 2


def test_an_unknown_embedder_is_refused(filled):
    refused = seedbed("reembed", "statik")
    assert (refused.status, refused.error["near"]) == (ExitCode.INPUT, ["static"])


def test_json_of_init_is_one_object(tmp_path):
    assert json.loads(seedbed("init", "x").out)["folder"] == "x"
