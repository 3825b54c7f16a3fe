"""Agents that grow a dataset over MCP with the official client, knowing only what the tools say."""

from __future__ import annotations

import asyncio
import json

import pytest

pytest.importorskip("mcp")

from mcp import Client

from testkit.agents import call, http_server, in_process, named, over_http, run, stdio
from testkit.cli import seedbed
from testkit.projects import CONFIG, TREE
from testkit.writing import Words, rows


@pytest.fixture
def project(tmp_path):
    (tmp_path / "seedbed.yaml").write_text(CONFIG.replace("target: 12", "target: 200"), encoding="utf-8")
    (tmp_path / "topics.json").write_text(json.dumps(TREE), encoding="utf-8")
    assert seedbed("init").status == 0
    assert seedbed("topics", "load", "topics.json").status == 0
    return tmp_path


def spoilt(row):
    """What no door lets in: the row again in other letters, a malformed row, and a misspelt topic."""
    return [
        row | {"question": row["question"].upper() + " "},
        {"topic": row["topic"], "question": "Why?"},
        "not a row",
        row | {"topic": "git/comits", "question": "Who wrote this down?"},
    ]


async def grow(client, seed, *, n=20, extra=False):
    """The agent's loop until nothing is missing: (entries accepted, results of rejected rows)."""
    words, accepted, rejected = Words(seed), 0, []
    for turn in range(60):
        given = await call(client, "next", n=n)
        leases = given["leases"] or [{**row, "n": row["n"] - row["given"]} for row in given.get("held", ())]
        if not leases:
            return accepted, rejected
        batch = rows("qa", leases, words)
        near = await call(client, "similar", rows=batch[:1], topic=batch[0]["topic"], k=2)
        assert len(near["results"][0]["similar"]) <= 2
        batch += spoilt(batch[0]) if extra and turn == 1 else []
        done = await call(client, "submit", rows=batch)
        assert [r["row"] for r in done["results"]] == list(range(1, len(batch) + 1))
        accepted += done["accepted"]
        rejected += [r for r in done["results"] if r["state"] == "rejected"]
    raise AssertionError(f"still missing after 60 turns: {rejected[-3:]}")


def test_an_agent_writes_200_entries_over_stdio(project):
    async def work():
        async with Client(stdio(project), client_info=named("writer")) as client:
            assert {t.name for t in (await client.list_tools()).tools} >= {"next", "similar", "submit", "report"}
            accepted, rejected = await grow(client, 1, extra=True)
            report = await call(client, "report")
            log = await call(client, "log", session="mine", limit=200)
        return accepted, rejected, report, log

    accepted, rejected, report, log = run(work())
    assert accepted == 200
    assert (report["entries"], report["missing"]) == (200, 0)
    duplicate, malformed, no_object, misspelt = rejected[-4:] if len(rejected) == 4 else _spoilt_of(rejected)
    assert duplicate["code"] == "exact_duplicate" and duplicate["neighbours"][0]["content"]["question"]
    assert (malformed["code"], no_object["code"]) == ("wrong_schema", "not_an_object")
    assert (misspelt["code"], misspelt["near"][0]) == ("unknown_topic", "git/commits")
    assert {e["actor"] for e in log["events"]} == {"agent:writer"}
    assert sum(e.get("entries", 0) for e in log["events"] if e["action"] == "submit") >= 200
    assert seedbed("next", "--list").json["leases"] == []
    assert seedbed("reconcile").status == 0


def _spoilt_of(rejected):
    """The four spoilt rows among refusals of others that came too close by chance."""
    at = next(i for i, r in enumerate(rejected) if r["code"] == "not_an_object")
    return rejected[at - 2 : at + 2]


def test_two_clients_over_http_share_the_work(project):
    async def work(url, token):
        async with over_http(url, token, name="ann") as ann, over_http(url, token, name="bob", mode="legacy") as bob:
            done = await asyncio.gather(grow(ann, 2, n=7), grow(bob, 3, n=7))
            events = [await call(c, "log", session="mine", limit=200) for c in (ann, bob)]
        return done, events

    with http_server(project) as (url, token):
        done, events = run(work(url, token.removeprefix("token: ")))
    assert sum(accepted for accepted, _ in done) == 200
    assert [{e["actor"] for e in each["events"]} for each in events] == [{"agent:ann"}, {"agent:bob"}]
    assert seedbed("report").json["entries"] == 200


def test_the_same_row_from_two_servers_at_once_ends_as_one(project):
    row = rows("qa", [{"topic": "git/commits", "cell": {"difficulty": "easy"}, "n": 1}], Words(4))[0]
    close = row | {"question": row["question"].replace("?", " ?")}

    async def work():
        async with Client(stdio(project)) as one, Client(stdio(project)) as two:
            await asyncio.gather(call(one, "report"), call(two, "report"))
            done = await asyncio.gather(call(one, "submit", rows=[row]), call(two, "submit", rows=[close]))
            seen = await call(one, "similar", rows=[close], topic="git/commits")
        return done, seen

    done, seen = run(work())
    assert sorted(d["accepted"] for d in done) == [0, 1]
    assert len(seen["results"][0]["similar"]) == 1


def test_a_server_sees_what_the_command_line_writes(project):
    async def work():
        async with in_process(project) as client:
            assert (await call(client, "next", n=1, topic="git"))["leases"]
            assert seedbed("topics", "add", "git/tags").status == 0
            row = {"topic": "git/tags", "question": "What is a tag?", "answer": "A name that stays.",
                   "difficulty": "easy"}  # fmt: skip
            assert seedbed("submit", json.dumps(row)).json["state"] == "accepted"
            near = await call(client, "similar", rows=["What is a tag?"], topic="git/tags")
            again = await call(client, "submit", rows=[row])
        return near, again

    near, again = run(work())
    assert near["results"][0]["similar"][0]["relation"] in ("exact", "duplicate")
    assert again["existed"] == 1
