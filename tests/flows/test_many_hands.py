"""Many processes on one dataset at once: agents over the command line, the library and MCP, none of them alone."""

from __future__ import annotations

import asyncio
import json
import signal
import subprocess
import sys
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from importlib.util import find_spec

import pytest

import seedbed
from seedbed.store.opening import BUSY_S
from testkit.bounds import PATIENCE_S
from testkit.hands import Hand, Refused, at_once, unlike

EIGHT = 8
LEAVES = ("git/commits", "git/branches", "cli/options", "cli/output")
CONFIG = "kind: qa\ntarget: 40\nkinds: {qa: {balance: [difficulty]}}\n"
TREE = {"git": {"commits": {"_fields": {"difficulty": ["easy"]}}, "branches": {}}, "cli": {"options": {}, "output": {}}}
COMMAND = (sys.executable, "-c", "from seedbed.frontends.cli import main; main()")

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="needs SIGKILL")


@pytest.fixture(scope="module")
def eight():
    """Processes that have imported everything; each test gives them its own dataset."""
    hands = [Hand() for _ in range(EIGHT)]
    yield hands
    for hand in hands:
        hand.end()


@pytest.fixture
def project(tmp_path):
    (tmp_path / "seedbed.yaml").write_text(CONFIG, encoding="utf-8")
    with seedbed.create(tmp_path, environ={}) as dataset:
        dataset.load_topics(TREE)
        dataset.embedder()
    return tmp_path


@pytest.fixture
def hands(eight, project):
    for hand in eight:
        hand.ask("open", str(project))
    return eight


def rows(n, seed, topic=None):
    """``n`` rows unlike each other, in the leaves in turn or in one topic."""
    return [
        {**row, "topic": topic or LEAVES[i % len(LEAVES)]} for i, row in enumerate(unlike(n, seed, difficulty="easy"))
    ]


def command(project, *arguments, stdin=""):
    """(status, what was printed as JSON, standard error) of a command in a process of its own."""
    done = subprocess.run(
        [*COMMAND, *arguments],
        cwd=project,
        input=stdin,
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=False,
    )
    return done.returncode, json.loads(done.stdout) if done.stdout else None, done.stderr


def state_of(project):
    """(counts by state, checks that found something) of a dataset that nobody has open."""
    with seedbed.open(project, environ={}) as dataset:
        return dataset.report().states, [f for f in dataset.reconcile().findings if f.problems]


# -- writing together ----------------------------------------------------------------------------------------------


def over_the_command_line(project, seed):
    """Results of 24 rows that one agent submits in three commands."""
    out = []
    for part in range(3):
        mine = "\n".join(map(json.dumps, rows(8, 100 * seed + part)))
        status, results, error = command(project, "submit", "-", "--actor", f"agent:cli-{seed}", stdin=mine)
        assert (status in (0, 1), error) == (True, ""), error
        out += results
    return out


def over_mcp(project, seed):
    """Results of 24 rows that one agent submits in eight calls."""
    from mcp import Client

    from testkit.agents import call, stdio

    async def work():
        out = []
        async with Client(stdio(project)) as client:
            for part in range(8):
                done = await call(client, "submit", rows=rows(3, 100 * seed + part))
                out += done["results"]
        return out

    return asyncio.run(asyncio.wait_for(work(), PATIENCE_S))


def test_eight_writers_of_all_sorts_lose_nothing(project, hands):
    others = [over_the_command_line, over_the_command_line, over_mcp if find_spec("mcp") else over_the_command_line]
    writers, reader = hands[:5], hands[5]
    with ThreadPoolExecutor(len(others)) as pool:
        running = [pool.submit(other, project, 10 + i) for i, other in enumerate(others)]
        for i, writer in enumerate(writers):
            size = (1, 2, 5, 12, 40)[i]
            mine = rows(80, i)
            writer.each("submit", [([mine[k : k + size]], {"actor": f"agent:{i}"}) for k in range(0, 80, size)])
        looks = [([], {})] * 60
        reader.each("report", looks)
        results = [r for writer in writers for part in writer.hear() for r in part]
        reports = reader.hear()
        results += [r for other in running for r in other.result()]
    states, problems = state_of(project)
    assert len(results) == 5 * 80 + 3 * 24
    assert Counter(r["state"] for r in results) == states
    assert {r["code"] for r in results if r["state"] == "rejected"} <= {"near_duplicate", "template"}
    assert states["accepted"] > 400
    assert problems == []
    accepted = [r["id"] for r in results if r["state"] == "accepted"]
    assert len(set(accepted)) == len(accepted)
    counts = [r["entries"] for r in reports]
    assert counts == sorted(counts)
    with seedbed.open(project, mode="ro", environ={}) as dataset:
        _, found = dataset.entries(limit=1_000)
        _, events = dataset.history.log(action="submit", limit=1_000)
    assert {e.id for e in found} == set(accepted)
    assert sum(e["detail"]["accepted"] for e in events) == len(accepted)


def test_near_identical_candidates_of_two_processes_end_as_one(project, hands):
    one, two = hands[:2]
    mine = rows(25, 50)
    for i, row in enumerate(mine):
        asked = row["question"][0].lower() + row["question"][1:]
        close = row | {"question": (f"And {asked}", f"Please tell me, {asked}", row["question"].upper())[i % 3]}
        results = at_once([one, two], "submit", [[row], [close]])
        assert sorted(r["state"] for [r] in results) == ["accepted", "rejected"], results
        [refused] = [r for [r] in results if r["state"] == "rejected"]
        [kept] = [r for [r] in results if r["state"] == "accepted"]
        assert refused["code"] in ("near_duplicate", "exact_duplicate")
        assert refused["neighbours"][0]["id"] == kept["id"]
    assert state_of(project)[0] == {"accepted": 25, "rejected": 25}


def test_the_same_rows_of_eight_processes_are_there_once(project, hands):
    mine = rows(20, 60)
    results = at_once(hands, "submit", [[mine]] * EIGHT)
    assert [sum(not r.get("existed") for r in each) for each in results].count(20) == 1
    assert {tuple(r["id"] for r in each) for each in results} == {tuple(r["id"] for r in results[0])}
    assert state_of(project) == ({"accepted": 20}, [])


def test_writers_who_wait_long_are_not_told_that_the_file_is_busy(project, hands):
    with seedbed.open(project, environ={}) as dataset, dataset.file.write():
        for i, hand in enumerate(hands):
            hand.tell("submit", rows(2, 70 + i))
        time.sleep(1.0)
    assert [r["state"] for hand in hands for r in hand.hear()] == ["accepted"] * 16


# -- leases --------------------------------------------------------------------------------------------------------


def test_promises_are_exclusive_and_never_exceed_what_is_missing(project, hands):
    turns = [([], {"n": 2, "actor": f"agent:{i}"}) for i in range(EIGHT)]
    start = time.time() + 0.02
    for hand, turn in zip(hands, turns, strict=True):
        hand.each("next", [turn] * 4, at=start)
    given = [[lease for turn in hand.hear() for lease in turn] for hand in hands]
    leases = [lease for each in given for lease in each]
    assert len({lease["lease"] for lease in leases}) == len(leases)
    assert sum(lease["n"] for lease in leases) == 40
    assert hands[0].ask("next", n=1) == []
    # Everybody brings what was promised to them, and asks for more meanwhile.
    for i, (hand, each) in enumerate(zip(hands, given, strict=True)):
        brought = [
            {**row, **lease["cell"], "topic": lease["topic"]}
            for k, lease in enumerate(each)
            for row in unlike(lease["n"], 1_000 + 100 * i + k)
        ]
        hand.each("submit", [([row], {"actor": f"agent:{i}"}) for row in brought])
        hand.tell("next", n=5, actor=f"agent:{i}")
    assert [r["state"] for hand in hands for [r] in hand.hear()] == ["accepted"] * 40
    assert [hand.hear() for hand in hands] == [[]] * EIGHT
    assert hands[0].ask("leases.all") == []
    assert hands[0].ask("report")["missing"] == 0


def test_leases_run_out_are_renewed_and_given_back(project, hands):
    ann, bob = hands[:2]
    short = ann.ask("next", n=20, actor="agent:ann", ttl_s=600)
    kept = ann.ask("next", n=20, actor="agent:ann", ttl_s=600)
    assert bob.ask("next", n=1) == []
    ids = [lease["lease"] for lease in kept]
    assert ann.ask("leases.renew", ids, ttl_s=6_000) == ids
    for hand in (ann, bob):
        hand.ask("skip", 601)
    assert ann.ask("leases.renew", [lease["lease"] for lease in short]) == []
    taken = bob.ask("next", n=40, actor="agent:bob")
    assert sum(lease["n"] for lease in taken) == 20
    assert ann.ask("leases.give_back", ids) == ids
    assert sum(lease["n"] for lease in bob.ask("next", n=40, actor="agent:bob")) == 20
    assert {lease["owner"] for lease in bob.ask("leases.all")} == {"agent:bob"}


# -- what others changed -------------------------------------------------------------------------------------------


def refusal(hand, *arguments, **options):
    with pytest.raises(Refused) as caught:
        hand.ask(*arguments, **options)
    return caught.value


def test_a_warm_process_sees_the_tree_that_others_made(hands):
    gardener, writer = hands[:2]
    first, second, third, fourth, fifth, sixth = rows(6, 80, "git/branches")
    assert writer.ask("submit", first)[0]["state"] == "accepted"
    assert writer.ask("similar", [first["question"]], topic="git/branches")[0]
    gardener.ask("topics.rename", "git/branches", "lines")
    [lost] = writer.ask("submit", second)
    assert (lost["code"], lost["near"][0]) == ("unknown_topic", "git/lines")
    assert refusal(writer, "similar", ["x"], topic="git/branches").code == "unknown_topic"
    [same] = writer.ask("submit", first | {"topic": "git/lines"})
    assert same["existed"]
    assert writer.ask("similar", [first["question"]], topic="git/lines")[0][0]["topic"] == "git/lines"
    gardener.ask("topics.add", "git/tags")
    assert writer.ask("submit", third | {"topic": "git/tags"})[0]["state"] == "accepted"
    gardener.ask("topics.remove", "git/tags", entries="remove")
    assert writer.ask("submit", fourth | {"topic": "git/tags"})[0]["code"] == "unknown_topic"
    gardener.ask("topics.add", "cli/options/short")
    assert writer.ask("submit", fifth | {"topic": "cli/options"})[0]["code"] == "interior_topic"
    gardener.ask("topics.describe", "cli/output", meta={"fields": {"difficulty": ["hard"]}})
    assert writer.ask("submit", sixth | {"topic": "cli/output"})[0]["code"] == "wrong_schema"


def test_a_tree_that_changes_all_the_time_confuses_nobody(project, hands):
    gardener, writer, asker, reader = hands[:4]
    there_and_back = [(["git/branches", "lines"], {}), (["git/lines", "branches"], {})]
    mine = rows(60, 85)
    looks = [([["Where does the river end?"]], {"topic": "git", "scope": "dataset"})]
    start = time.time() + 0.02
    gardener.each("topics.rename", there_and_back * 20, at=start)
    writer.each("submit", [([row], {}) for row in mine], at=start)
    asker.each("next", [([], {"n": 2})] * 30, at=start)
    reader.each("similar", looks * 60, at=start)
    gardener.hear()
    results = [r for [r] in writer.hear()]
    promised = {lease["lease"] for turn in asker.hear() for lease in turn}
    reader.hear()
    assert {r.get("code") for r in results} <= {None, "unknown_topic"}
    assert {lease["lease"] for lease in asker.ask("leases.all")} <= promised
    assert state_of(project) == ({"accepted": sum(r["state"] == "accepted" for r in results)}, [])


def test_what_another_process_undid_is_no_neighbour_any_more(hands):
    editor, writer = hands[:2]
    row = rows(1, 90, "git/branches")[0]
    asked = [[row["question"]]], {"topic": "git/branches"}
    [brought] = editor.ask("submit", row)

    def near():
        return [n["entry_id"] for n in writer.ask("similar", *asked[0], **asked[1])[0]]

    assert near() == [brought["id"]]
    undone = editor.ask("history.undo")
    assert near() == []
    editor.ask("history.redo", [undone["event"]])
    assert near() == [brought["id"]]
    editor.ask("move", [brought["id"]], "cli/output")
    assert near() == []
    editor.ask("edit", brought["id"], {"question": "Who winds the clock of the tower on Sundays?"})
    close = writer.ask("similar", ["Who winds the clock of the tower on Sundays?"], topic="cli/output")[0][0]
    assert (close["entry_id"], close["relation"]) == (brought["id"], "exact")


def test_an_undo_meets_the_submissions_of_others(project, hands):
    mine = rows(20, 95)
    hands[0].ask("submit", mine)
    close = [row | {"question": f"And {row['question'][0].lower()}{row['question'][1:]}"} for row in mine]
    start = time.time() + 0.02
    hands[0].tell("history.undo", at=start)
    for hand in hands[1:4]:
        hand.each("submit", [([row], {}) for row in close], at=start)
    assert hands[0].hear()["removed"] == 20
    results = [[r for [r] in hand.hear()] for hand in hands[1:4]]
    accepted = {r["id"] for each in results for r in each if r["state"] == "accepted"}
    states, problems = state_of(project)
    assert len(accepted) == states["accepted"] <= 20
    assert problems == []


def test_two_undos_at_once_take_back_two_operations(project, hands):
    for seed in (1, 2, 3):
        hands[0].ask("submit", rows(2, seed))
    done = at_once(hands[:2], "history.undo", [[], []])
    assert sorted(d["removed"] for d in done) == [2, 2]
    assert len({d["undone"][0]["id"] for d in done}) == 2
    assert state_of(project) == ({"accepted": 2, "removed": 4}, [])


def test_an_import_that_is_undone_half_way_brings_the_rest_as_another_operation(project, hands):
    path = project / "rows.jsonl"
    path.write_text("\n".join(map(json.dumps, rows(1_200, 96))), encoding="utf-8")
    results = hands[0].ask("begin", "import_rows", str(path))
    assert hands[1].ask("history.undo")["removed"] == 512, "the first batch"
    results += hands[0].ask("rest")
    assert [r["state"] for r in results] == ["accepted"] * 1_200
    assert hands[1].ask("report")["entries"] == 1_200 - 512
    assert hands[1].ask("history.undo")["removed"] == 1_200 - 512
    assert state_of(project)[1] == []


# -- processes that are killed -------------------------------------------------------------------------------------

DIES = """
import os, signal, sys
from seedbed.store.file import DatasetFile
left = int(sys.argv.pop(1))
inserted = DatasetFile.executemany
def counting(file, sql, rows):
    global left
    left -= 1
    if left < 0:
        os.kill(os.getpid(), signal.SIGKILL)
    return inserted(file, sql, rows)
DatasetFile.executemany = counting
from seedbed.frontends.cli import main
main()
"""
"""A command that is killed before it inserts many rows for the nth time: entries, verdicts and vectors of a batch."""


@pytest.fixture
def many(project):
    path = project / "rows.jsonl"
    path.write_text("\n".join(map(json.dumps, rows(2_000, 97))), encoding="utf-8")
    return path


def killed(project, after, *arguments):
    done = subprocess.run(
        [sys.executable, "-c", DIES, str(after), *arguments],
        cwd=project,
        capture_output=True,
        timeout=PATIENCE_S,
        check=False,
    )
    assert done.returncode == -signal.SIGKILL, done.stderr


@pytest.mark.parametrize("after", [1, 2])
def test_a_submission_killed_in_the_middle_brought_nothing(project, many, after):
    killed(project, after, "submit", f"@{many}")
    assert state_of(project) == ({}, [])


def test_an_import_killed_in_the_middle_brought_whole_batches(project, many):
    killed(project, 3 * 2 + 1, "import", str(many))
    assert state_of(project) == ({"accepted": 2 * 512}, [])
    status, done, _ = command(project, "import", str(many))
    assert status == 0, done
    assert state_of(project) == ({"accepted": 2_000}, [])


def test_a_kill_at_any_moment_leaves_whole_transactions_and_the_others_go_on(project, many, hands):
    importing = subprocess.Popen([*COMMAND, "import", str(many)], cwd=project, stdout=subprocess.DEVNULL)
    bystander = hands[0]
    while importing.poll() is None and bystander.ask("report")["entries"] < 512:
        time.sleep(0.005)
    importing.kill()
    importing.wait()
    assert bystander.ask("submit", rows(1, 98))[0]["state"] == "accepted"
    states, problems = state_of(project)
    assert (states["accepted"] - 1) in (512, 1024, 1536, 2_000), "the last when it was over too soon to be killed"
    assert problems == []
    status, results, _ = command(project, "submit", f"@{many}")
    assert status == 0
    assert Counter(bool(r.get("existed")) for r in results)[True] == states["accepted"] - 1
    assert state_of(project) == ({"accepted": 2_001}, [])


# -- reading -------------------------------------------------------------------------------------------------------


def test_readers_neither_wait_for_a_writer_nor_see_half_of_what_it_does(project, hands):
    hands[0].ask("submit", rows(10, 99))
    mine = rows(1, 3)
    with seedbed.open(project, environ={}) as dataset, dataset.file.write():
        dataset.submit(rows(5, 100))
        start = time.monotonic()
        for hand in hands:
            assert hand.ask("report")["entries"] == 10
            assert len(hand.ask("similar", ["Where does the river end?"], topic="git/commits", k=10)[0]) == 3
            assert hand.ask("submit", mine, check_only=True)[0]["state"] == "accepted"
        assert time.monotonic() - start < BUSY_S, "one that had waited for the writer would have waited that long"


def test_reading_changes_no_byte(project):
    with seedbed.open(project, environ={}) as dataset:
        dataset.submit(rows(10, 99))
    before = (project / "seedbed.db").read_bytes()
    row = json.dumps(rows(1, 3)[0])
    for words in (["report"], ["similar", "x", "--topic", "git/commits"], ["submit", "--check", row], ["reconcile"]):
        status, _, error = command(project, *words)
        assert (status, error) == (0, ""), words
    assert (project / "seedbed.db").read_bytes() == before
    assert sorted(p.name for p in project.iterdir()) == ["seedbed.db", "seedbed.yaml"]
