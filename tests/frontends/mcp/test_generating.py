from __future__ import annotations

import asyncio

import pytest

from seedbed.frontends.mcp import generating
from testkit.agents import call, in_process, refused, run
from testkit.projects import CONFIG


def with_client(folder, work, **options):
    async def main():
        async with in_process(folder, **options) as client:
            return await work(client)

    return run(main())


def test_a_recipe_runs_and_tells_how_far_it_is(project, monkeypatch):
    monkeypatch.setattr(generating, "PACE_S", 3600.0)  # one message on the way, and one about how it ended
    said = []

    async def progress(done, total, message):
        said.append((done, message))

    async def work(client):
        done = await client.call_tool("generate", {"recipe": "instruct", "add": 12}, progress_callback=progress)
        assert not done.is_error, done.content[0].text
        return done.structured_content, await call(client, "report", kind="instruction")

    done, report = with_client(project, work)
    assert (done["status"], done["accepted_now"], report["entries"]) == ("done", 12, 12)
    assert done["calls"] <= 100
    assert said and [d for d, _ in said] == sorted(d for d, _ in said)
    assert all("of 12 accepted" in message for _, message in said)
    assert "12 of 12 accepted" in said[-1][1]


def test_calls_are_capped(project):
    done = with_client(project, lambda c: call(c, "generate", recipe="instruct", add=200, max_calls=3))
    assert (done["status"], done["calls"]) == ("budget", 3)
    assert done["cause"]["error"] == "budget_exceeded"


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        ({"recipe": "instruct"}, "invalid_arguments"),
        ({"recipe": "instruct", "add": 1, "target": 1}, "invalid_arguments"),
        ({"recipe": "instruct", "add": 10_000}, "invalid_arguments"),
        ({"recipe": "instrct", "add": 1}, "unknown_recipe"),
        ({"recipe": "instruct", "add": 1, "topic": "git/comits"}, "unknown_topic"),
        ({"recipe": "instruct", "add": 1, "model": "fake:nosuch"}, None),
        ({"recipe": "qa", "add": 1, "sources": ["nowhere"]}, None),
    ],
)
def test_what_keeps_a_run_from_starting_is_an_error(project, arguments, code):
    found = with_client(project, lambda c: refused(c, "generate", **arguments))
    assert code is None or found["error"] == code


def test_a_cancelled_run_stops_and_keeps_what_was_accepted(project):
    (project / "seedbed.yaml").write_text(CONFIG.replace("fake:varied", "fake:slow"), encoding="utf-8")

    async def work(client):
        running = asyncio.create_task(
            client.call_tool("generate", {"recipe": "instruct", "add": 500, "max_calls": 5000})
        )
        while not client.desk.generating.locked():
            await asyncio.sleep(0.01)
        busy = await refused(client, "generate", recipe="instruct", add=1)
        before = await call(client, "report", kind="instruction")
        running.cancel()
        await asyncio.wait({running})
        async with client.desk.generating:
            pass
        return busy, before, await call(client, "report", kind="instruction")

    busy, before, after = with_client(project, work)
    assert busy["error"] == "busy"
    assert before["entries"] <= after["entries"] < 500
