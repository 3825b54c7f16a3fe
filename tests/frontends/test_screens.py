"""Opening a screen from the command line: what it needs, and that nothing is loaded before."""

from __future__ import annotations

import subprocess
import sys

import pytest

from seedbed.core.errors import ExitCode
from seedbed.frontends import tui
from testkit.cli import seedbed

SCREENS = [["review", "-i"], ["topics", "tree", "-i"], ["undo", "-i"]]


@pytest.mark.parametrize("command", SCREENS, ids=" ".join)
def test_without_the_extra_the_error_says_how_to_get_it(project, monkeypatch, command):
    monkeypatch.setattr(tui, "find_spec", lambda name: None)
    refused = seedbed(*command)
    assert (refused.status, refused.error["error"]) == (ExitCode.INPUT, "missing_extra")
    assert "seedbed[tui]" in refused.error["fix"]


@pytest.mark.extra("tui")
@pytest.mark.parametrize("command", SCREENS, ids=" ".join)
def test_without_a_terminal_no_screen_is_opened(project, command):
    refused = seedbed(*command)
    assert (refused.status, refused.error["error"]) == (ExitCode.INPUT, "no_terminal")


@pytest.mark.extra("tui")
def test_mistakes_are_told_before_a_screen_is_opened(project, monkeypatch):
    monkeypatch.setattr(tui, "_require", lambda feature: None)
    for options, code in (
        (["review", "-i", "--topic", "git/comits"], "unknown_topic"),
        (["review", "-i", "--reviewer", "somebody"], "invalid_reviewer"),
        (["topics", "tree", "-i", "git/comits"], "unknown_topic"),
    ):
        assert seedbed(*options).error["error"] == code


@pytest.mark.extra("tui")
def test_the_command_line_says_which_entries_and_who(project, monkeypatch):
    monkeypatch.setattr(tui, "_require", lambda feature: None)
    opened = []
    monkeypatch.setattr(tui, "_run", opened.append)
    options = ["--topic", "git", "--max-score", "5", "--reviewer", "human:ann", "--session", "monday", "--adjudicate"]
    assert seedbed("review", "-i", *options).status is ExitCode.OK
    sitting = opened[0].sitting
    assert sitting.wanted == {"topic": "git", "max_score": 5.0}
    assert (sitting.reviewer, sitting.session, sitting.adjudicate) == ("human:ann", "monday", True)
    assert seedbed("undo", "-i", "--actor", "human:ann").status is ExitCode.OK
    assert opened[1].actor == "human:ann"
    assert seedbed("topics", "tree", "git", "-i").status is ExitCode.OK
    assert opened[2].root == "git"


def test_textual_is_loaded_by_a_screen_alone():
    code = "import sys; from seedbed.frontends import tui; print('textual' in sys.modules, 'rich' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "False"]
