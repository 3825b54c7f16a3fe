from __future__ import annotations

import asyncio
import json
import shutil
import sys
import threading

import pytest
from mcp import MCPError

from testkit.agents import call, in_process, refused, run
from testkit.bounds import PATIENCE_S
from testkit.cli import seedbed
from testkit.projects import CONFIG, FACTS, row

WRITING = {"next", "give_back", "decide", "edit", "undo", "generate"}
ALL = [row(i) for i in range(len(FACTS))]


def with_client(folder, work, **options):
    """What ``work`` makes of a client in process."""

    async def main():
        async with in_process(folder, **options) as client:
            return await work(client)

    return run(main())


def told(folder, tool, **arguments):
    return with_client(folder, lambda client: call(client, tool, **arguments))


def error(folder, tool, **arguments):
    return with_client(folder, lambda client: refused(client, tool, **arguments))


# -- writing ---------------------------------------------------------------------------------------------------


def test_every_row_has_its_own_result_in_order(project):
    bad = row(0, question="How?", topic="git/comits")
    assert told(project, "submit", rows=ALL[2])["accepted"] == 1
    done = told(project, "submit", rows=[ALL[0], "nope", bad, row(1, difficulty="hard"), ALL[0], ALL[2]])
    assert [r["row"] for r in done["results"]] == [1, 2, 3, 4, 5, 6]
    assert [r.get("code") for r in done["results"]] == [
        None, "not_an_object", "unknown_topic", "wrong_schema", "exact_duplicate", None,
    ]  # fmt: skip
    assert [done[k] for k in ("accepted", "pending", "existed", "rejected")] == [1, 0, 1, 4]
    assert done["results"][2]["near"][0] == "git/commits"


def test_what_passes_is_answered_shortly_and_with_detail_in_full(filled):
    told(filled, "submit", rows=[row(0, question="What does commit 3 of the history hold?", answer="The first file.")])
    fresh = row(0, question="What does commit 5 of the history hold?", answer="A second file beside it.")
    done = told(filled, "submit", rows=[fresh], check_only=True)
    assert (done["checked_only"], done["accepted"]) == (True, 1)
    shown = done["results"][0]["neighbours"]
    assert [set(n) for n in shown] == [{"id", "similarity", "relation"}] * len(shown) and len(shown) <= 3
    assert "verdicts" not in done["results"][0]
    full = told(filled, "submit", rows=[fresh], check_only=True, detail=True)["results"][0]
    assert full["verdicts"] and full["neighbours"][0]["content"]


def test_a_duplicate_is_refused_with_the_entry_in_the_way(filled):
    done = told(filled, "submit", rows=[row(0, question="What does one commit hold ?")])
    result = done["results"][0]
    assert result["code"] == "near_duplicate"
    assert result["neighbours"][0]["content"]["question"] == "What does a commit hold?"
    assert [set(v) for v in result["verdicts"]] == [{"check", "outcome", "score", "threshold"}]


def test_duplicates_can_be_let_in_with_a_warning(filled):
    done = told(filled, "submit", rows=[row(0, question="What does one commit hold ?")], on_duplicate="warn")
    assert done["accepted"] == 1
    assert done["results"][0]["warnings"] and done["results"][0]["neighbours"][0]["content"]


def test_leases_end_with_the_connection(project):
    given = told(project, "next", n=3)
    assert sum(lease["n"] for lease in given["leases"]) == 3
    assert {"topic", "cell", "fields", "avoid"} <= set(given["leases"][0])
    assert seedbed("next", "--list").json["leases"] == []


def test_leases_are_held_given_back_and_renewed(project):
    async def work(client):
        first = (await call(client, "next", n=100))["leases"]
        again = await call(client, "next")
        assert again["leases"] == [] and {h["lease"] for h in again["held"]} == {lease["lease"] for lease in first}
        a, b = first[0]["lease"], first[1]["lease"]
        done = await call(client, "give_back", leases=[a, "0" * 20], renew=[b], ttl_s=60)
        return a, b, done

    a, b, done = with_client(project, work)
    assert done == {"given_back": [a], "renewed": [b], "gone": ["0" * 20]}


def test_nothing_is_missing_is_said(project):
    (project / "seedbed.yaml").write_text(CONFIG.replace("target: 12", "target: 1"), encoding="utf-8")
    assert seedbed("submit", json.dumps(ALL)).status == 0
    given = told(project, "next", topic="git/branches")
    assert given["leases"] == [] and "nothing is missing" in given["note"]


def test_similar_looks_at_texts_and_objects(filled):
    wrong = [7, {"answer": "Nothing to go by."}, " ", '{"question": "a", "question": "b"}']
    done = told(filled, "similar", rows=["What is a commit?", ALL[1], *wrong], topic="git/commits", k=1)
    assert [len(r.get("similar", ())) for r in done["results"]] == [1, 1, 0, 0, 0, 0]
    assert done["results"][1]["similar"][0]["similarity"] == 1.0
    assert [r["code"] for r in done["results"][2:]] == [
        "not_an_object", "nothing_to_compare", "nothing_to_compare", "invalid_json",
    ]  # fmt: skip
    assert done["results"][2]["reason"] == "expected a JSON object or text, got an integer"
    assert done["results"][3]["fix"] == "give a text, or the fields question"
    wide = told(filled, "similar", rows=["What is a branch?"], topic="git/commits", scope="dataset")
    assert wide["results"][0]["similar"][0]["topic"] == "git/branches"


# -- errors ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("tool", "arguments", "code", "fix"),
    [
        ("similar", {"rows": ["x"], "topic": "git/comits"}, "unknown_topic", "did you mean 'git/commits'"),
        ("similar", {"rows": ["x"], "topics": "git"}, "invalid_arguments", "did you mean 'topic'?"),
        ("submit", {"rows": [{}], "topic": "git/comits"}, "unknown_topic", "did you mean"),
        ("submit", {"rows": [{}], "kind": "nope"}, "unknown_kind", None),
        ("sumbit", {"rows": [{}]}, "unknown_tool", "did you mean 'submit'?"),
        ("show", {"ids": ["abcdef0123"]}, "not_found", None),
        ("give_back", {"leases": ["x"]}, "invalid_input", None),
        ("topics", {"action": "move", "path": "git/commits"}, "invalid_arguments", "to: New parent"),
        ("topics", {"action": "load", "tree": '{"a": {"x": {}}, "a": {}}'}, "duplicate_key", None),
        ("topics", {"action": "load", "tree": "a: [b"}, "invalid_input", None),
        ("topics", {"action": "load", "tree": {"a": {"_target": "9"}}}, "invalid_topic", None),
        ("topics", {"action": "split", "path": "git/commits"}, "invalid_input", "give exactly one"),
        ("topics", {"action": "show", "path": "git/comits"}, "unknown_topic", "did you mean"),
        ("undo", {}, "invalid_arguments", "log shows the ids"),
        ("undo", {"events": [999]}, "not_found", None),
        ("report", {"by": ["colour"]}, "unknown_field", None),
    ],
)
def test_errors_are_ours(filled, tool, arguments, code, fix):
    found = error(filled, tool, **arguments)
    assert found["error"] == code
    assert "Traceback" not in found["message"]
    assert fix is None or found["fix"].startswith(fix)


# -- looking ---------------------------------------------------------------------------------------------------


def test_a_report_is_short(filled):
    found = told(filled, "report")
    assert len(json.dumps(found)) <= 1_024
    assert (found["entries"], found["missing"]) == (3, 9)
    page = told(filled, "report", limit=2, offset=2)
    assert len(page["cells"]["worst"]) == 2 and page["next_offset"] == 4
    assert told(filled, "report", by=["topic", "difficulty"], limit=1) == {
        "total": 3,
        "groups": 2,
        "counts": [{"topic": "git/commits", "difficulty": "easy", "n": 2}],
        "next_offset": 1,
    }


def test_lists_are_paged(filled):
    seedbed("submit", json.dumps(row(0, difficulty="hard")))
    first = told(filled, "list", limit=2)
    rest = told(filled, "list", limit=2, offset=first["next_offset"])
    assert (first["total"], len(first["entries"]), len(rest["entries"])) == (3, 2, 1)
    assert "next_offset" not in rest and "verdicts" not in first["entries"][0]
    rejected = told(filled, "list", code="wrong_schema")["entries"]
    assert [(e["state"], e["code"]) for e in rejected] == [("rejected", "wrong_schema")]
    shown = told(filled, "show", ids=[rejected[0]["id"][:8], first["entries"][0]["id"]])["entries"]
    assert [e["state"] for e in shown] == ["rejected", "accepted"] and shown[0]["verdicts"]


def test_the_log_knows_the_client_and_its_connection(project):
    async def work(client):
        await call(client, "submit", rows=ALL[:1], reason="first try")
        await call(client, "topics", action="add", path="git/tags", description="Names.")
        return await call(client, "log", session="mine"), await call(client, "log", since="2001-01-01T00:00:00")

    mine, everything = with_client(project, work, name="Claude Code!")
    assert [(e["action"], e["actor"]) for e in mine["events"]] == [
        ("topics.add", "agent:Claude-Code"), ("submit", "agent:Claude-Code"),
    ]  # fmt: skip
    assert mine["events"][1]["reason"] == "first try"
    assert len({e["session"] for e in mine["events"]}) == 1
    assert everything["total"] == 3


def test_the_actor_can_be_given(project):
    async def work(client):
        await call(client, "submit", rows=ALL[:1])
        return await call(client, "log", limit=1)

    assert with_client(project, work, actor="agent:nightly")["events"][0]["actor"] == "agent:nightly"


# -- changing --------------------------------------------------------------------------------------------------


def test_the_tree_is_changed_in_dry_runs_first(filled):
    async def work(client):
        moved = {"action": "rename", "path": "git/commits", "to": "history"}
        dry = (await call(client, "topics", **moved, dry_run=True))["change"]
        done = (await call(client, "topics", **moved))["change"]
        tree = await call(client, "topics", limit=2)
        topic = (await call(client, "topics", action="show", path="git/history"))["topic"]
        return dry, done, tree, topic

    dry, done, tree, topic = with_client(filled, work)
    assert dry["event"] is None and done["event"]
    assert dry["moved"] == done["moved"] == [{"from": "git/commits", "to": "git/history"}]
    assert tree["total"] == 3 and tree["next_offset"] == 2
    assert (tree["topics"][1]["topic"], tree["topics"][1]["entries"]) == ("git/history", 2)
    assert topic["entries"] == {"accepted": 2}


def test_a_large_change_is_told_in_short(project):
    tree = {f"t{i:03}": {} for i in range(500)}
    change = told(project, "topics", action="load", tree=tree, dry_run=True)["change"]
    assert change["created"] == [f"t{i:03}" for i in range(20)]
    assert change["more"] == {"created": 480}


@pytest.mark.parametrize(
    "arguments",
    [
        {"action": "load", "tree": {"svn": {"trunk": {}}}},
        {"action": "load", "tree": ["svn", {"hg": {}}]},
        {"action": "load", "tree": "svn:\n  trunk: {}\n"},
        {"action": "describe", "path": "git/commits", "description": "Saying what changed."},
        {"action": "move", "path": "git/branches", "to": "/"},
        {"action": "merge", "path": "git/branches", "to": "git/commits"},
        {"action": "split", "path": "git/commits", "by": "difficulty"},
        {"action": "split", "path": "git/commits", "into": ["making", "mending"]},
        {"action": "split", "path": "git/commits", "into": {"making": "A first one.", "mending": "Amending one."}},
        {"action": "describe", "path": "git/commits", "clear": ["description"]},
        {"action": "remove", "path": "git/branches", "entries": "remove"},
    ],
)
def test_every_change_of_the_tree_is_one_event_that_undo_takes_back(filled, arguments):
    async def work(client):
        before = await call(client, "topics")
        change = (await call(client, "topics", **arguments))["change"]
        changed = await call(client, "topics")
        await call(client, "undo", events=[change["event"]])
        return before, changed, await call(client, "topics")

    before, changed, after = with_client(filled, work)
    assert changed != before
    assert after == before


def test_a_session_is_undone_as_one_and_redone(project):
    async def work(client):
        for each in ALL:
            await call(client, "submit", rows=[each])
        dry = await call(client, "undo", session="mine", dry_run=True)
        done = await call(client, "undo", session="mine")
        empty = await call(client, "report")
        await call(client, "undo", events=[done["event"]])
        return dry, done, empty, await call(client, "report")

    dry, done, empty, again = with_client(project, work)
    assert (dry["removed"], dry["event"], done["removed"]) == (3, None, 3)
    assert (empty["entries"], again["entries"]) == (0, 3)


def test_an_edit_is_checked_like_a_submission(filled):
    async def work(client):
        entry = (await call(client, "list", contains="branch"))["entries"][0]
        good = await call(client, "edit", id=entry["id"], changes={"answer": "A movable name of a commit."})
        bad = await call(client, "edit", id=entry["id"], changes={"difficulty": "absurd"})
        return entry, good, bad, (await call(client, "show", ids=[entry["id"]]))["entries"][0]

    entry, good, bad, after = with_client(filled, work)
    assert (good["id"], good["state"]) == (entry["id"], "accepted")
    assert (bad["state"], bad["code"]) == ("rejected", "wrong_schema")
    assert after["content"] == entry["content"] | {"answer": "A movable name of a commit."}


# -- reviewing -------------------------------------------------------------------------------------------------


def test_a_reviewer_goes_through_the_queue(project):
    (project / "seedbed.yaml").write_text(CONFIG + "review: {mode: all, overlap: 2}\n", encoding="utf-8")
    ids = [d["id"] for d in seedbed("submit", json.dumps(ALL)).json]

    async def work(client):
        first = await call(client, "review", limit=2)
        rest = await call(client, "review", limit=2, after=first["next_after"])
        assert [e["id"] for e in (*first["entries"], *rest["entries"])] == ids
        decisions = [
            {"id": ids[0], "decision": "approve"},
            {"id": ids[1], "decision": "reject", "reasons": ["wrong"], "note": "It is not so."},
            {"id": ids[2], "decision": "reject", "reasons": ["ugly"]},
            {"id": "nowhere", "decision": "approve"},
        ]
        done = await call(client, "decide", decisions=decisions)
        other = await call(client, "decide", decisions=decisions[:2], reviewer="human:ann")
        return done, other, await call(client, "review")

    done, other, left = with_client(project, work, name="critic")
    assert done["reviewer"] == "model:critic"
    assert [r.get("code") for r in done["results"]] == [None, None, "unknown_reason", "not_found"]
    assert done["results"][0]["missing_reviewers"] == 1
    assert [r["state"] for r in other["results"]] == ["approved", "rejected"]
    assert [e["id"] for e in left["entries"]] == [ids[2]] and "wrong" in left["reasons"]


def test_a_row_that_was_refused_for_its_length_does_not_fill_the_list(project):
    async def work(client):
        done = await call(client, "submit", rows=[row(0, answer="long " * 20_000)])
        listed = await call(client, "list", states=["rejected"])
        shown = await call(client, "show", ids=[listed["entries"][0]["id"]])
        return done["results"][0]["code"], listed, shown

    code, listed, shown = with_client(project, work)
    assert code == "too_long"
    assert len(json.dumps(listed)) < 4_000
    assert len(shown["entries"][0]["content"]["answer"]) > 90_000


def test_a_reviewer_of_another_name_does_not_see_again_what_they_decided(project):
    (project / "seedbed.yaml").write_text(CONFIG + "review: {mode: all, overlap: 2}\n", encoding="utf-8")
    ids = [d["id"] for d in seedbed("submit", json.dumps(ALL)).json]

    async def work(client):
        await call(client, "decide", decisions=[{"id": ids[0], "decision": "approve"}], reviewer="model:other")
        return await call(client, "review"), await call(client, "review", reviewer="model:other")

    mine, others = with_client(project, work, name="critic")
    assert [e["id"] for e in mine["entries"]] == ids
    assert [e["id"] for e in others["entries"]] == ids[1:]


# -- reading only ----------------------------------------------------------------------------------------------


def test_a_server_that_only_reads_offers_what_reads_and_changes_nothing(filled):
    before = (filled / "seedbed.db").read_bytes()

    async def work(client):
        names = {t.name for t in (await client.list_tools()).tools}
        checked = await call(client, "submit", rows=[row(0, question="Why are commits small?")], check_only=True)
        errors = [
            await refused(client, "submit", rows=ALL[:1]),
            await refused(client, "next"),
            await refused(client, "topics", action="add", path="git/tags"),
        ]
        for tool, arguments in [("report", {}), ("list", {}), ("log", {}), ("review", {}), ("topics", {})]:
            await call(client, tool, **arguments)
        await call(client, "similar", rows=["What is a branch?"], topic="git/branches")
        await client.read_resource("seedbed://guide/agent")
        return names, checked, errors

    names, checked, errors = with_client(filled, work, mode="ro")
    assert not names & WRITING
    assert checked["accepted"] == 1
    assert {e["error"] for e in errors} == {"read_only"}
    assert (filled / "seedbed.db").read_bytes() == before


# -- resources and the prompt ----------------------------------------------------------------------------------


def test_guides_tree_and_report_are_resources(filled):
    async def work(client):
        listed = [str(r.uri) for r in (await client.list_resources()).resources]
        return {uri: (await client.read_resource(uri)).contents[0] for uri in listed}

    found = with_client(filled, work)
    assert {f"seedbed://guide/{n}" for n in ("agent", "schema", "structure", "generation", "review")} < set(found)
    assert found["seedbed://guide/agent"].mime_type == "text/markdown"
    assert json.loads(found["seedbed://tree"].text)["topics"][1]["topic"] == "git/commits"
    assert json.loads(found["seedbed://report"].text)["entries"] == 3


def test_the_resource_of_a_large_tree_is_its_beginning(project):
    assert seedbed("topics", "load", "-", stdin=json.dumps({f"t{i:03}": {} for i in range(300)})).status == 0

    async def work(client):
        return json.loads((await client.read_resource("seedbed://tree")).contents[0].text)

    tree = with_client(project, work)
    assert (tree["total"], len(tree["topics"]), tree["next_offset"]) == (303, 200, 200)


def test_a_guide_can_be_about_a_topic(filled):
    async def work(client):
        return (await client.read_resource("seedbed://guide/agent/git%2Fcommits")).contents[0].text

    assert "git/commits" in with_client(filled, work)


@pytest.mark.parametrize(
    ("uri", "code"),
    [
        ("seedbed://guide/agnet", "unknown_guide"),
        ("seedbed://guide/agent/git/comits", "unknown_topic"),
        ("seedbed://tre", "unknown_resource"),
        ("file:///etc/passwd", "unknown_resource"),
    ],
)
def test_unknown_resources_are_errors_with_near_names(filled, uri, code):
    async def work(client):
        with pytest.raises(MCPError) as caught:
            await client.read_resource(uri)
        return caught.value.error.data

    assert with_client(filled, work)["error"] == code


def test_the_prompt_starts_the_loop(project):
    async def work(client):
        assert [p.name for p in (await client.list_prompts()).prompts] == ["grow"]
        with pytest.raises(MCPError):
            await client.get_prompt("shrink")
        return (await client.get_prompt("grow", {"n": "7", "topic": "git/commits"})).messages[0].content.text

    text = with_client(project, work)
    assert "7 entries" in text and "topic: git/commits" in text and "seedbed://guide/agent" in text


# -- hostile content -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    ["half \ud83d of a character", "\x1b[31mred\x1b[0m\x07 and <script>", "ends \x00 here", "a" * 1_000_000],
    ids=["surrogate", "escapes", "NUL", "1 MB"],
)
def test_any_content_can_be_looked_at(project, text):
    seedbed("submit", json.dumps(row(0, answer=text)))

    async def work(client):
        found = await call(client, "list", states=["accepted", "rejected"])
        for entry in found["entries"]:
            await call(client, "show", ids=[entry["id"]])
        return found["entries"]

    for entry in with_client(project, work):
        entry["content"]["answer"].encode()


def test_a_megabyte_is_decided_about(project):
    done = told(project, "submit", rows=[row(0, answer="word " * 200_000), ALL[1]])
    assert [r["row"] for r in done["results"]] == [1, 2]
    assert done["results"][1]["state"] == "accepted"


def test_not_a_number_is_refused_with_a_reason(project):
    done = told(project, "submit", rows=[row(0, answer=float("nan"))])
    assert done["results"][0]["code"] == "wrong_schema"


# -- staying responsive ----------------------------------------------------------------------------------------


def test_a_blocked_dataset_does_not_block_the_server(project):
    free = threading.Event()

    async def work(client):
        stuck = asyncio.create_task(client.desk.run(lambda dataset: free.wait(PATIENCE_S)))
        await asyncio.sleep(0)
        names = [t.name for t in (await client.list_tools()).tools]
        waiting = asyncio.create_task(call(client, "report"))
        assert not (await asyncio.wait({waiting}, timeout=0.2))[0]
        free.set()
        assert await stuck
        return names, await waiting

    names, report = with_client(project, work)
    assert "next" in names and report["kind"] == "qa"


def test_the_embedder_is_loaded_once(filled, monkeypatch):
    from seedbed.dataset import Dataset

    opened = []
    real = Dataset.embedder
    monkeypatch.setattr(Dataset, "embedder", lambda self: opened.append(self._embedder is None) or real(self))

    async def work(client):
        for _ in range(3):
            await call(client, "similar", rows=["What is a branch?"], topic="git/branches")

    with_client(filled, work)
    assert opened.count(True) == 1 and len(opened) >= 3


@pytest.mark.skipif(sys.platform == "win32", reason="modes are POSIX's")
def test_a_file_that_cannot_be_written_is_only_read(filled, monkeypatch):
    from seedbed.core.errors import ReadOnlyError
    from seedbed.dataset import open as open_dataset
    from seedbed.frontends.mcp.desk import Desk

    def opener(mode):
        if mode == "rw":
            raise ReadOnlyError("no")
        return open_dataset(filled, mode=mode)

    async def work():
        async with Desk(opener) as desk:
            return desk.writable, await desk.run(lambda dataset: dataset.report().accepted)

    assert run(work()) == (False, 3)


def test_rules_that_people_change_meanwhile_are_obeyed(project):
    config = project / "seedbed.yaml"

    async def work(client):
        results = [await call(client, "submit", rows=ALL[0])]
        config.write_text(f"{CONFIG}checks: {{rules: {{min_chars: {{answer: 500}}}}}}\n", encoding="utf-8")
        results.append(await call(client, "submit", rows=ALL[1]))
        config.write_text("kind: [qa", encoding="utf-8")
        broken = await refused(client, "submit", rows=ALL[1])
        config.write_text(CONFIG, encoding="utf-8")
        return [*results, await call(client, "submit", rows=ALL[1])], broken

    results, broken = with_client(project, work)
    assert [r["results"][0].get("code") for r in results] == [None, "too_short", None]
    assert (broken["error"], broken["place"]["file"]) == ("invalid_config", str(config))


def test_a_file_put_in_the_place_of_the_dataset_is_the_dataset(filled):
    kept = filled / "kept.db"
    shutil.copy(filled / "seedbed.db", kept)

    async def work(client):
        await call(client, "submit", rows=row(0, question="What is a tag good for?", answer="It names a commit."))
        for name in ("seedbed.db-wal", "seedbed.db-shm"):
            (filled / name).unlink()
        kept.replace(filled / "seedbed.db")
        return await call(client, "report"), await call(client, "submit", rows=row(2, question="Who names a branch?"))

    report, done = with_client(filled, work)
    assert (report["entries"], done["accepted"]) == (3, 1)
    assert seedbed("report").json["entries"] == 4
    assert seedbed("reconcile").json["consistent"]
