from __future__ import annotations

from testkit.cli import seedbed, text


def test_all_kinds_are_listed_with_their_fields(filled):
    kinds = {k["kind"]: k for k in seedbed("kinds").json["kinds"]}
    assert {"qa", "classification", "tool_use", "preference", "math"} <= set(kinds)
    assert [name for name, k in kinds.items() if k["default"]] == ["qa"]
    assert "chosen" in kinds["preference"]["fields"]


def test_the_projects_kind_is_shown_as_a_topic_narrows_it(filled):
    everywhere = seedbed("kinds", "qa").json["fields"]["difficulty"]["enum"]
    narrowed = seedbed("kinds", "--topic", "git/commits").json["fields"]["difficulty"]["enum"]
    assert set(narrowed) < set(everywhere)
    assert any("difficulty" in line and "one of" in line for line in text("kinds", "qa").lines)


def test_the_json_schema_is_json_on_a_terminal_as_well(filled):
    schema = seedbed("kinds", "--schema", "--text").out
    assert '"properties"' in schema
    assert seedbed("kinds", "--schema").json["required"]


def test_a_mistyped_kind_names_near_ones(filled):
    assert seedbed("kinds", "clasification").error["near"][0] == "classification"
