"""Guides: rendered from the live project, true to the commands that exist, and short."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path

import click
import pytest

from seedbed.core.errors import ExitCode
from seedbed.frontends import guides
from seedbed.frontends.cli.app import cli
from seedbed.frontends.guides import GUIDES
from seedbed.frontends.guides.facts import rule_text
from seedbed.frontends.guides.installing import BEGIN, END
from seedbed.kinds.fields import FieldRule
from testkit.cli import seedbed, text
from testkit.projects import CONFIG, row

GOLDEN = Path(__file__).parents[1] / "golden" / "guides"
SKILL = Path(guides.__file__).parents[1] / "skill"


def guide(*arguments):
    """The text of a guide."""
    shown = seedbed("guide", *arguments)
    assert shown.status is ExitCode.OK, shown.err
    return shown.out


# -- what they say -------------------------------------------------------------------------------------------------


def test_the_agent_guide_is_what_was_approved(filled):
    shown = guide("agent")
    file = GOLDEN / "agent.md"
    if os.environ.get("SEEDBED_UPDATE_GOLDEN"):
        file.write_text(shown, encoding="utf-8")
    assert shown == file.read_text(encoding="utf-8")


@pytest.mark.parametrize("name", GUIDES)
def test_every_guide_is_rendered_for_an_empty_project(tmp_path, name):
    seedbed("init")
    shown = guide(name)
    assert shown.startswith("# ")
    assert "{" + "{" not in shown and "{%" not in shown
    assert "\n\n\n\n" not in shown


def test_the_agent_guide_is_short(filled):
    assert len(guide("agent").encode()) <= 6_000


def test_fields_gaps_and_targets_are_the_projects(filled):
    shown = guide("agent")
    assert "| `question` | text | the question, complete in itself |" in shown
    assert "| `difficulty` * | one of easy, medium, hard |" in shown
    assert "3 finished of 12" in shown
    assert "- `git/branches` [difficulty=" in shown


def test_lengths_that_rules_ask_for_are_said_before_a_row_fails_on_them(project):
    rules = "checks: {rules: {min_chars: {question: 10, answer: 20}, max_chars: {answer: 300}}}\n"
    (project / "seedbed.yaml").write_text(CONFIG + rules, encoding="utf-8")
    assert "Length in characters: `question` 10 or more, `answer` 20 to 300." in guide("agent")
    (project / "seedbed.yaml").write_text(CONFIG, encoding="utf-8")
    assert "Length in characters" not in guide("agent")


def test_reviewers_who_disagree_are_told_who_settles_it(project):
    assert "--adjudicate" not in guide("review")
    (project / "seedbed.yaml").write_text(CONFIG + "review: {mode: all, overlap: 2}\n", encoding="utf-8")
    assert "whoever the user names to settle" in " ".join(guide("review").split())
    several = "review: {mode: all, overlap: 2, adjudicators: ['human:ann', 'model:m']}\n"
    (project / "seedbed.yaml").write_text(CONFIG + several, encoding="utf-8")
    assert "`human:ann` or `model:m` to settle" in " ".join(guide("review").split())


def test_a_topic_narrows_fields_gaps_and_examples(filled):
    narrowed = guide("agent", "--topic", "git/commits")
    assert "one of easy, medium (narrowed here)" in narrowed
    assert "Recording a change." in narrowed
    assert "git/branches" not in narrowed
    there = guide("generation", "--topic", "git/branches")
    assert "What is a branch?" in there and "What does a commit hold?" not in there


def test_a_path_with_blanks_can_be_copied_out_of_a_guide(filled):
    seedbed("topics", "add", "old work/50% $HOME", "--target", "2")
    for name in ("agent", "generation", "review"):
        assert "--topic 'old work/50% $HOME'" in guide(name, "--topic", "old work/50% $HOME")


def test_without_a_target_the_guide_says_that_next_never_ends(tmp_path):
    seedbed("init")
    seedbed("topics", "add", "a")
    assert "0 finished; 1 topic, 1 cell.\nThere is no target" in guide("agent")
    seedbed("topics", "describe", "a", "--target", "3")
    assert "There is no target" not in guide("agent")


def test_an_unknown_topic_and_an_unknown_guide_are_named_with_near_ones(filled):
    refused = seedbed("guide", "agent", "--topic", "git/comits")
    assert (refused.status, refused.error["near"][0]) == (ExitCode.INPUT, "git/commits")
    refused = seedbed("guide", "agents")
    assert (refused.status, refused.error["near"][0]) == (ExitCode.INPUT, "agent")


def test_the_brief_of_the_project_is_part_of_generation_and_review(filled):
    (filled / "generation.md").write_text("# Brief\n\n**Goal.** Teach what git keeps.\n", encoding="utf-8")
    assert "Teach what git keeps." in guide("generation")
    assert "Teach what git keeps." in guide("review")


@pytest.mark.parametrize("data", [b"\xff\xfe\x00", b"x" * 100_000, b""])
def test_any_brief_is_shown_or_left_out(filled, data):
    (filled / "generation.md").write_bytes(data)
    assert len(guide("generation")) < 20_000


def test_hostile_entries_do_not_reach_the_terminal_or_the_template(project):
    nasty = row(0, question="What does {{ 7 * 7 }} or {% raw %} [/b] print in a template?")
    assert seedbed("submit", json.dumps(nasty)).status == 0
    (project / "generation.md").write_text("# Brief\n\n\x1b[2J {{ config }}\n", encoding="utf-8")
    shown = guide("generation")
    assert "\x1b" not in shown and "{{ config }}" in shown and "{{ 7 * 7 }}" in shown


def test_the_schema_guide_names_every_key_of_the_configuration(filled):
    from seedbed.core import config

    shown = guide("schema")
    for model in (config.ProjectConfig, config.KindConfig, config.FieldConfig, config.ReviewConfig):
        assert [key for key in model.model_fields if f"| `{key}` |" not in shown] == []


def test_the_schema_guide_says_what_is_wrong_with_a_kind_that_does_not_load(filled):
    config = filled / "seedbed.yaml"
    config.write_text("kind: qa\nkinds:\n  broken: {model: 'nowhere:Thing'}\n", encoding="utf-8")
    assert "- `broken` (): could not load 'nowhere:Thing'" in guide("schema")


def test_reasons_of_reviewers_reach_the_writers(filled):
    entry = seedbed("list").json["entries"][0]["id"]
    assert "Reviewers rejected for" not in guide("agent")
    done = seedbed("reject", entry, "--reason", "unclear", "--reviewer", "human:ann")
    assert done.status is ExitCode.OK, done.err
    assert "Reviewers rejected for: unclear (1)." in guide("agent")
    assert "- unclear: 1" in guide("generation")


def test_guides_are_markdown_in_a_pipe_and_json_when_asked(filled):
    assert seedbed("guide", "agent").out == text("guide", "agent").out
    wrapped = seedbed("guide", "agent", "--json").json
    assert (wrapped["guide"], wrapped["text"]) == ("agent", guide("agent"))


@pytest.mark.parametrize("arguments", [[], ["--list"]])
def test_guides_are_listed(tmp_path, arguments):
    assert [g["guide"] for g in seedbed("guide", *arguments).json["guides"]] == list(GUIDES)


def test_a_guide_needs_a_dataset(tmp_path):
    assert seedbed("guide", "agent").status is ExitCode.NOT_FOUND


@pytest.mark.parametrize(
    ("rule", "words"),
    [
        (FieldRule("string", required=True), "text"),
        (FieldRule("string", min_length=20), "text; 20 or more characters; optional"),
        (
            FieldRule("string", required=True, max_length=8, patterns=("[a-z]+",)),
            "text; at most 8 characters; matches `[a-z]+`",
        ),
        (FieldRule("string", required=True, enum=("easy", "hard")), "one of easy, hard"),
        (FieldRule("string", required=True, enum=("easy",)), 'exactly "easy"'),
        (FieldRule("string", required=True, enum=()), "nothing fits"),
        (FieldRule("integer", required=True, minimum=1, maximum=3), "whole number; 1 to 3"),
        (FieldRule("number", minimum=0.5), "number; 0.5 or more; optional"),
        (FieldRule("boolean", required=True, enum=(True,)), "exactly true"),
        (FieldRule("list", items="string", required=True, min_length=1, max_length=3), "list of texts; 1 to 3 items"),
        (FieldRule("list", items="object", required=True, max_length=0), "list of objects; no items"),
        (FieldRule("list", items="string", required=True, enum=("a", "b")), "list of any of a, b"),
        (FieldRule("string", default=""), 'text; optional, else ""'),
        (FieldRule("list", default=[1]), "list of items; leave it out, it is filled in"),
        (FieldRule("string", forbidden=True), "leave it out here"),
        (FieldRule(), "any JSON; optional"),
    ],
)
def test_a_rule_is_told_in_a_few_words(rule, words):
    assert rule_text(rule) == words


# -- commands they name --------------------------------------------------------------------------------------------


def written():
    """Every text that tells an agent which command to run, by name."""
    pages = {f"guide {path.name}": path.read_text() for path in Path(guides.__file__).parent.glob("*.md*")}
    pages |= {f"skill {path.name}": path.read_text() for path in SKILL.rglob("*.md")}
    templates = Path(guides.__file__).parents[1] / "templates"
    return pages | {f"template {p.parent.name}": p.read_text() for p in templates.glob("*/generation.md")}


def named_commands(page):
    """Command lines in a page: what stands in backticks, or on a line of a console block."""
    plain = re.sub(r"\{\{.*?\}\}", "", page)
    lines = re.findall(r"`(seedbed [^`\n]+(?:\n[^`\n]+)?)`", plain) + re.findall(r"^seedbed .*$", plain, re.M)
    return [" ".join(line.split()) for line in lines]


def problem(line):
    """What is wrong with a command line, or nothing."""
    words = line.split()[1:]
    context, command = click.Context(cli), cli
    while words and isinstance(command, click.Group):
        found = command.get_command(context, words[0]) if not words[0].startswith("-") else None
        if found is None:
            return f"no command {words[0]!r}"
        command, words = found, words[1:]
    known = {o for p in command.params for o in (*p.opts, *p.secondary_opts)} | {"--json", "--db", "--help"}
    wrong = [w for w in words if re.fullmatch(r"--?[a-z][a-z-]*", w) and w not in known]
    return f"{' '.join(wrong)} is no option" if wrong else ""


@pytest.mark.parametrize("name", sorted(written()))
def test_every_command_and_flag_that_is_named_exists(name):
    found = {line: problem(line) for line in named_commands(written()[name])}
    assert {line: why for line, why in found.items() if why} == {}


def test_a_command_that_does_not_exist_would_be_noticed():
    lines = named_commands("run `seedbed sbmit x`, `seedbed submit --chek -` and `seedbed topics\nlod x` now")
    assert [problem(line) for line in lines] == ["no command 'sbmit'", "--chek is no option", "no command 'lod'"]
    assert sum(len(named_commands(page)) for page in written().values()) > 60


# -- what is installed ---------------------------------------------------------------------------------------------


def test_the_skill_is_installed_and_brought_up_to_date(tmp_path):
    first = seedbed("guide", "--skill", "skills").json["files"]
    assert {f["done"] for f in first} == {"created"}
    skill = tmp_path / "skills" / "seedbed" / "SKILL.md"
    assert skill.read_text().startswith("---\nname: seedbed\ndescription: ")
    links = re.findall(r"\]\((reference/[a-z]+\.md)\)", skill.read_text())
    assert links and all((skill.parent / link).is_file() for link in links)
    skill.write_text("---\nname: seedbed\nold: 1\n---\n")
    again = {Path(f["file"]).name: f["done"] for f in seedbed("guide", "--skill", "skills").json["files"]}
    assert again == {"SKILL.md": "updated", "design.md": "same", "loop.md": "same", "repair.md": "same"}


def test_somebody_elses_skill_is_left_alone(tmp_path):
    other = tmp_path / "seedbed" / "SKILL.md"
    other.parent.mkdir()
    other.write_text("---\nname: gardening\n---\n")
    assert seedbed("guide", "--skill", ".").status is ExitCode.INPUT
    assert other.read_text() == "---\nname: gardening\n---\n"
    (tmp_path / "file").write_text("x")
    assert seedbed("guide", "--skill", "file").status is ExitCode.FAILURE


def test_agents_md_gets_one_block_and_keeps_the_rest(project):
    path = project / "AGENTS.md"
    path.write_text("# Mine\r\n\nKeep this.\n", encoding="utf-8", newline="")
    for done in ("updated", "same"):
        assert seedbed("guide", "--agents-md", "AGENTS.md").json["files"] == [{"file": "AGENTS.md", "done": done}]
    kept = path.read_bytes().decode()
    assert kept.startswith("# Mine\r\n\nKeep this.\n\n" + BEGIN)
    path.write_bytes((kept.replace("seedbed next", "seedbed nxt") + "\nAfter.\n").encode())
    assert seedbed("guide", "--agents-md", "AGENTS.md").status is ExitCode.OK
    assert path.read_bytes().decode() == kept + "\nAfter.\n"
    assert seedbed("guide", "--agents-md", "-").out == kept[kept.index(BEGIN) :]
    assert kept.count(END) == 1


def test_an_agents_md_that_is_no_text_is_left_alone(project):
    (project / "AGENTS.md").write_bytes(b"\xff\xfe")
    assert seedbed("guide", "--agents-md", "AGENTS.md").status is ExitCode.INPUT
    assert (project / "AGENTS.md").read_bytes() == b"\xff\xfe"
