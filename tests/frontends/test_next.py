"""``next``: what to write now, and the leases it gives."""

from __future__ import annotations

import json

import pytest

from seedbed.core.errors import ExitCode
from testkit.cli import seedbed, text
from testkit.projects import row


def given(*options):
    return seedbed("next", *options).json["leases"]


def test_a_lease_reads_well(filled):
    seedbed("submit", json.dumps(row(0, answer="")))
    lines = text("next", "--topic", "git/commits", "--ttl", "2h").lines
    lease = seedbed("next", "--list").json["leases"][0]
    assert lines[0] == f"{lease['lease']}  git/commits  difficulty=medium"
    assert lines[1] == f"  write 1 entry of qa, until {lease['expires_at']}"
    assert lines[2] == "  about: Keeping the history of files. / Recording a change."
    assert "  difficulty: string, one of easy, medium" in [line.partition(" – ")[0] for line in lines]
    assert any(line.startswith("  stay away from ") for line in lines)
    assert lines[-1] == "  rejected here before: wrong_schema (1)"


def test_a_lease_is_an_object_for_programs(project):
    (lease,) = given("--actor", "agent:a", "--avoid", "0")
    assert {"lease", "topic", "description", "kind", "cell", "n", "fields", "coordinates", "avoid"} <= lease.keys()
    assert seedbed("next", "--list").json["leases"][0]["owner"] == "agent:a"


def test_submitting_fulfils_the_lease(project):
    (lease,) = given("--topic", "git/branches", "--actor", "agent:a")
    done = seedbed("submit", json.dumps(row(2, **lease["cell"])), "--actor", "agent:a")
    assert (done.status, given_ids()) == (ExitCode.OK, [])


def given_ids():
    return [lease["lease"] for lease in seedbed("next", "--list").json["leases"]]


def test_leases_are_listed_renewed_and_given_back(project):
    first, second = (given("--topic", t)[0]["lease"] for t in ("git/commits", "git/branches"))
    assert text("next", "--list").lines[0].split()[:4] == [first, "git/commits", "difficulty=easy", "0/1"]
    done = seedbed("next", "--renew", first, "--give-back", second, "--ttl", "1d")
    assert (done.status, done.json) == (ExitCode.OK, {"renewed": [first], "given_back": [second], "gone": []})
    assert given_ids() == [first]
    gone = seedbed("next", "--give-back", second.upper(), "--renew", first)
    assert (gone.status, gone.json["gone"]) == (ExitCode.FAILURE, [second])
    assert text("next", "--give-back", first).lines == ["renewed: 0", "given back: 1", "gone: 0"]
    assert text("next", "--list").lines == ["no leases"]


def test_when_nothing_is_missing_it_says_so(project):
    assert sum(lease["n"] for lease in given("-n", "50", "--actor", "agent:a")) == 12
    others = seedbed("next", "--actor", "agent:b").json
    said = "12 missing, all of it on its way (12 on lease to others): look again later"
    assert others == {"leases": [], "held": [], "note": said}
    (project / "seedbed.yaml").write_text("kind: qa\ntarget: 1\n", encoding="utf-8")
    seedbed("submit", json.dumps(row(0)))
    seedbed("submit", json.dumps(row(2)))
    assert text("next", "--actor", "agent:b", "--topic", "git/commits").lines == ["nothing is missing here"]


def test_who_asks_again_is_told_what_they_hold(project):
    (lease,) = given("--topic", "git/branches", "-n", "4", "--actor", "agent:a", "--session", "s")[:1]
    given("-n", "50", "--actor", "agent:b")
    mine = seedbed("next", "--actor", "agent:a", "--session", "s").json
    assert mine["leases"] == [] and lease["lease"] in {held["lease"] for held in mine["held"]}
    assert "you hold leases" in mine["note"]
    first, *rest = text("next", "--actor", "agent:a", "--session", "s").lines
    assert first == mine["note"] and len(rest) == len(mine["held"])
    assert rest[0].endswith(f"until {mine['held'][0]['expires_at']}")


def test_what_waits_for_review_is_on_its_way(project):
    (project / "seedbed.yaml").write_text("kind: qa\ntarget: 2\nreview: {mode: all}\n", encoding="utf-8")
    assert seedbed("submit", json.dumps([row(0), row(2)])).json[0]["state"] == "pending"
    note = seedbed("next").json["note"]
    assert note == "2 missing, all of it on its way (2 in review): look again later"


def test_an_empty_tree_is_an_error_that_says_what_to_do(tmp_path):
    seedbed("init")
    refused = text("next")
    assert refused.status is ExitCode.INPUT
    assert refused.err.startswith("error[no_topics]: there are no topics to write about yet — seedbed topics load")


@pytest.mark.parametrize(
    ("options", "code"),
    [
        (["-n", "0"], "usage"),
        (["-n", "101"], "usage"),
        (["--ttl", "0"], "invalid_time"),
        (["--ttl", "soon"], "invalid_time"),
        (["--ttl", "9" * 400], "invalid_time"),
        (["--ttl", "8d"], "invalid_time"),
        (["--topic", "git/comits"], "unknown_topic"),
        (["--kind", "qaa"], "unknown_kind"),
        (["--renew", "nonsense"], "invalid_input"),
        (["--list", "--give-back", "ab" * 10], "invalid_input"),
    ],
)
def test_wrong_options_are_told(project, options, code):
    refused = seedbed("next", *options)
    assert (refused.status, refused.error["error"]) == (ExitCode.INPUT, code)
    assert refused.error["fix"]


def test_a_number_that_is_none_is_told_in_words(project):
    told = seedbed("next", "-n", "many").error["message"]
    assert told == "invalid value for '-n': 'many' is not a valid whole number"
