"""Promises that were found broken elsewhere: each case was met in okgv 0.1.0, and holds here."""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from itertools import groupby
from pathlib import Path

import pytest

import seedbed as library
from testkit.bounds import PATIENCE_S
from testkit.cli import seedbed, text

TREE = {
    "team_a": {"x": {}, "z": {}},
    "team-a": {"z": {}},
    "TEAM_a": {"y": {}},
    "wifi": {"setup": {"_fields": {"difficulty": ["easy"]}}},
    "vpn": {"setup": {}},
}
CONFIG = "kind: qa\nkinds:\n  qa: {balance: [difficulty]}\n"


def qa(n: int = 0, **changes: object) -> dict[str, object]:
    """A row that is like no other."""
    words = ["lighthouse", "orchid", "glacier", "violin", "parliament", "railway", "volcano", "beehive", "harbour"]
    thing = words[n % len(words)]
    return {"question": f"Who built the {thing}?", "answer": f"Its {thing} makers did.", "difficulty": "easy"} | changes


@pytest.fixture(autouse=True)
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "seedbed.yaml").write_text(CONFIG, encoding="utf-8")
    (tmp_path / "tree.json").write_text(json.dumps(TREE), encoding="utf-8")
    assert seedbed("init").status == 0
    assert seedbed("topics", "load", "tree.json").status == 0
    return tmp_path


def submit(*rows: object, topic: str = "vpn/setup", options: tuple[str, ...] = ()) -> list[dict[str, object]]:
    told = seedbed("submit", json.dumps(list(rows)), "--topic", topic, *options).json
    return told if isinstance(told, list) else [told]


def ids(topic: str | None = None) -> list[str]:
    return [e["id"] for e in seedbed("list", *(["--topic", topic] if topic else [])).json["entries"]]


def counts() -> dict[str, int]:
    return {t["topic"]: t["entries"] for t in seedbed("topics", "tree").json}


@contextmanager
def raw(folder: Path) -> Iterator[sqlite3.Connection]:
    """The file as SQLite sees it."""
    with closing(sqlite3.connect(folder / "seedbed.db", timeout=0)) as connection, connection:
        yield connection


def templates(n: int) -> list[dict[str, object]]:
    """Rows that are much like each other."""
    return [{"question": f"What is {i} plus {i}?", "answer": f"It is {2 * i}.", "difficulty": "easy"} for i in range(n)]


@contextmanager
def counted(dataset: library.Dataset) -> Iterator[list[str]]:
    """The statements that a dataset's file is asked inside the block."""
    asked: list[str] = []
    dataset.file._open.set_trace_callback(asked.append)
    try:
        yield asked
    finally:
        dataset.file._open.set_trace_callback(None)


class Bare(sqlite3.Connection):
    """A connection as many Pythons have it: it cannot load extensions."""

    @property
    def enable_load_extension(self) -> object:
        raise AttributeError("enable_load_extension")

    load_extension = enable_load_extension


def test_01_works_without_loadable_extensions(monkeypatch):
    connect = sqlite3.connect
    monkeypatch.setattr(sqlite3, "connect", lambda *a, **options: connect(*a, **options, factory=Bare))
    assert submit(qa())[0]["state"] == "accepted"
    assert seedbed("similar", "Who built it?", "--topic", "vpn/setup").json["similar"]
    assert seedbed("reconcile").json["consistent"]


def test_02_concurrent_submits_all_arrive(project):
    def write(n: int) -> None:
        with library.open(project) as dataset:
            results.append(dataset.submit(qa(n), topic="vpn/setup")[0].accepted)

    results: list[bool] = []
    threads = [threading.Thread(target=write, args=(n,)) for n in range(4)]
    code = "import sys; from seedbed.frontends.cli import main; main()"
    others = [
        subprocess.Popen([sys.executable, "-c", code, "submit", json.dumps(qa(n)), "--topic", "vpn/setup"],
                         stdout=subprocess.DEVNULL)
        for n in (4, 5)
    ]  # fmt: skip
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results == [True] * 4
    assert [other.wait(PATIENCE_S) for other in others] == [0, 0]
    assert len(ids()) == 6


def test_02_nobody_is_locked_out_while_a_model_embeds(project, monkeypatch):
    from seedbed.similarity.static import StaticEmbedder

    encode = StaticEmbedder.encode
    wrote: list[int] = []

    def watched(self: StaticEmbedder, texts: list[str]) -> object:
        with raw(project) as other:
            other.execute("BEGIN IMMEDIATE")  # at once, or "database is locked"
            wrote.append(len(texts))
        return encode(self, texts)

    monkeypatch.setattr(StaticEmbedder, "encode", watched)
    assert submit(qa())[0]["state"] == "accepted"
    assert wrote


def test_02_whoever_reads_never_waits_for_whoever_writes(project):
    submit(qa())
    with library.open(project) as dataset, dataset.file.write():
        for command in (("list",), ("report",), ("log",), ("review",), ("similar", "text", "--topic", "vpn/setup")):
            assert seedbed(*command).status == 0, command


def test_03_names_that_look_alike_are_counted_apart():
    submit(qa(0), topic="team_a/x")
    submit(qa(1), topic="team-a/z")
    submit(qa(2), topic="TEAM_a/y")
    assert [counts()[t] for t in ("team_a", "team-a", "TEAM_a")] == [1, 1, 1]
    assert seedbed("report", "--topic", "team_a").json["entries"] == 1
    assert [e["content"] for e in seedbed("list", "--topic", "team_a").json["entries"]] == [qa(0)]
    assert seedbed("log", "--topic", "team_a", "--action", "submit", "--count").json["total"] == 1


def test_04_moving_a_topic_leaves_look_alikes_alone():
    submit(qa(0), topic="team_a/z")
    submit(qa(1), topic="team-a/z")
    assert seedbed("topics", "move", "team_a", "vpn").status == 0
    there = counts()
    assert (there["team-a/z"], there["vpn/team_a/z"]) == (1, 1)
    assert "TEAM_a/y" in there
    assert "team_a" not in there


SCHEMA = """
from pydantic import BaseModel, field_validator

class Mine(BaseModel):
    title: str
    size: int = 0

    @field_validator("title")
    @classmethod
    def unlike(cls, value):
        if value == "bad":
            raise ValueError("the title is bad")
        return len(value) + value if value == "trips" else value
"""


def test_05_a_wrong_value_is_its_rows_own_result():
    rows = [qa(n) for n in range(8)]
    rows[6] = qa(6, difficulty="impossible")
    del rows[3]["answer"]
    results = submit(*rows)
    assert [r["row"] for r in results if r["state"] == "rejected"] == [4, 7]
    assert "answer is missing" in str(results[3]["reason"])
    assert "'impossible', not one of 'easy'" in str(results[6]["reason"])


def test_05_a_validator_of_the_user_s_that_trips_costs_its_row_alone(project):
    (project / "schema.py").write_text(SCHEMA, encoding="utf-8")
    (project / "seedbed.yaml").write_text('kind: mine\nkinds: {mine: {model: "schema:Mine"}}\n', encoding="utf-8")
    given = [{"title": "A lighthouse of stone"}, {"title": "bad"}, {"title": "trips"}, {"title": "Orchids in a jar"}]
    results = submit(*given)
    assert [r.get("code") for r in results] == [None, "wrong_schema", "wrong_schema", None]
    assert "the title is bad" in str(results[1]["reason"])
    assert "TypeError" in str(results[2]["reason"])


def test_06_rejected_entries_are_never_exported():
    submit(qa(0), qa(1), qa(0, difficulty="no"))
    assert seedbed("reject", ids()[0], "--reason", "wrong", "--reviewer", "human:ann").status == 0
    for options in ([], ["--include-pending"]):
        assert seedbed("export", "-o", "out.jsonl", *options).json["count"] == 1
        assert len(Path("out.jsonl").read_text(encoding="utf-8").splitlines()) == 1


def test_07_a_misspelt_topic_is_an_error_not_novelty():
    for command in (("similar", "any text"), ("submit", json.dumps(qa())), ("guide", "agent")):
        failed = seedbed(*command, "--topic", "vpn/setpu")
        assert failed.status == 2
        assert failed.error["near"][0] == "vpn/setup"


def test_08_bad_input_is_refused_before_anything_is_embedded(monkeypatch):
    from seedbed.similarity.static import StaticEmbedder

    asked: list[list[str]] = []
    encode = StaticEmbedder.encode
    monkeypatch.setattr(StaticEmbedder, "encode", lambda self, texts: asked.append(list(texts)) or encode(self, texts))
    assert seedbed("submit", json.dumps(qa()), "--topic", "nowhere").status == 2
    assert submit({"question": "only"})[0]["state"] == "rejected"
    assert seedbed("submit", "{broken", "--topic", "vpn/setup").status == 2
    assert asked == []


def test_09_an_entry_is_replaced_whole_by_edit():
    submit(qa(0))
    entry = ids()[0]
    assert seedbed("edit", entry, "--set", "question=Who keeps the beehive?").status == 0
    assert seedbed("similar", "Who keeps the beehive?", "--topic", "vpn/setup").json["similar"][0]["similarity"] > 0.99
    assert submit(qa(1, question="Who keeps the beehive?"))[0]["code"] == "exact_duplicate"
    assert submit(qa(0))[0]["state"] == "accepted"
    assert seedbed("reconcile").json["consistent"]


def test_10_a_batch_that_fails_half_way_leaves_nothing(project):
    with raw(project) as file:
        file.execute(
            "CREATE TRIGGER full BEFORE INSERT ON vector WHEN (SELECT count(*) FROM vector) = 1"
            " BEGIN SELECT RAISE(ABORT, 'no room for vectors'); END"
        )
    failed = seedbed("submit", json.dumps([qa(0), qa(1)]), "--topic", "vpn/setup")
    assert (failed.status, failed.out) == (1, "")
    assert ids() == []
    assert seedbed("log", "--action", "submit").json["total"] == 0
    assert seedbed("reconcile").json["consistent"]
    with raw(project) as file:
        file.execute("DROP TRIGGER full")
    assert [r.get("existed", r["state"]) for r in submit(qa(0), qa(1))] == ["accepted", "accepted"]


def test_10_another_embedder_than_the_file_s_own_is_refused_before_anything_is_written(project):
    submit(qa(0))
    (project / "seedbed.yaml").write_text(CONFIG + "embedder: ollama:other\n", encoding="utf-8")
    refused = seedbed("submit", json.dumps(qa(1)), "--topic", "vpn/setup")
    assert refused.error["error"] == "embedder_mismatch"
    assert "seedbed reembed" in refused.error["fix"]
    assert len(ids()) == 1


def test_11_reconcile_looks_at_vectors_topics_and_counts(project):
    submit(*(qa(n) for n in range(4)))
    with raw(project) as file:
        file.execute("DELETE FROM vector WHERE entry_id IN (1, 2)")
        file.execute("UPDATE vector SET v = (SELECT v FROM vector WHERE entry_id = 4) WHERE entry_id = 3")
        file.execute("UPDATE entry SET topic_id = (SELECT id FROM topic WHERE path = 'vpn') WHERE id = 1")
        file.execute("UPDATE cell_count SET n = 7")
    found = {c["check"]: c["problems"] for c in seedbed("reconcile").json["checks"]}
    assert (found["vectors"], found["embedding"], found["homes"]) == (2, 1, 1)
    assert found["counts"] >= 1
    assert seedbed("reconcile").status == 1
    left = {c["check"]: c["problems"] - c["fixed"] for c in seedbed("reconcile", "--fix").json["checks"]}
    assert {check for check, n in left.items() if n} == {"homes"}  # where it belongs nobody can know but a person


def test_12_undoing_a_repetition_keeps_the_original():
    submit(qa(0))
    again = submit(qa(0))
    assert again[0]["existed"] is True
    edited = seedbed("edit", ids()[0], "--set", "answer=Nobody knows who did.")
    assert edited.status == 0
    seedbed("undo")
    assert len(ids()) == 1
    assert seedbed("show", ids()[0]).json["content"]["answer"] == qa(0)["answer"]


def test_13_an_unknown_key_is_refused_and_repetition_is_idempotent():
    submit(qa(0))
    (refused,) = submit(qa(0, note="extra"))
    assert (refused["state"], refused["code"]) == ("rejected", "wrong_schema")
    assert seedbed("submit", json.dumps(qa(0)), "--topic", "vpn/setup").status == 0
    assert len(ids()) == 1


def test_14_only_cells_that_can_be_filled_are_gaps():
    cells = seedbed("report", "--all", "--topic", "wifi/setup").json["cells"]["worst"]
    assert [c["cell"] for c in cells] == ["difficulty=easy"]
    leases = seedbed("next", "-n", "20", "--topic", "wifi").json["leases"]
    assert {lease["cell"]["difficulty"] for lease in leases} == {"easy"}
    assert {lease["fields"]["difficulty"]["enum"][0] for lease in leases} == {"easy"}
    assert submit(qa(0, difficulty="hard"), topic="wifi/setup")[0]["state"] == "rejected"


def test_15_arguments_of_calls_are_objects_all_the_way(tmp_path):
    seedbed("init", "tools", "-t", "function-calling")
    os.chdir(tmp_path / "tools")
    rows = [json.loads(line) for line in Path("examples.jsonl").read_text(encoding="utf-8").splitlines()]
    seedbed("submit", "@examples.jsonl")
    seedbed("review", "--count")
    seedbed("export", "-o", "out.jsonl", "--include-pending")
    out = [json.loads(line) for line in Path("out.jsonl").read_text(encoding="utf-8").splitlines()]
    calls = [call for row in out for call in row.get("calls", [])]
    assert len(out) == len(rows)
    assert calls
    assert all(isinstance(call["arguments"], dict) for call in calls)
    assert seedbed("revalidate", "--dry-run").json["violations"] == 0


@pytest.mark.parametrize("path", ["", "/", "/a", "a/", "a//b", " a", "a/../b", "a\x00b", "a\nb", "\ud800"])
def test_16_names_of_topics_are_validated(path):
    before = counts()
    refused = seedbed("topics", "add", path)
    assert (refused.status, refused.error["error"]) == (2, "invalid_topic")
    assert seedbed("topics", "load", "-", stdin=json.dumps({"new": {path or "a/b": {}}})).status == 2
    assert counts() == before


def test_17_entries_go_to_leaves_only():
    submit(qa(0))
    assert seedbed("move", ids()[0], "team_a").error["error"] == "interior_topic"
    assert seedbed("submit", json.dumps(qa(1)), "--topic", "team_a").error["error"] == "interior_topic"
    submit(qa(1, difficulty="hard"))
    hard = next(i for i in ids() if seedbed("show", i).json["content"]["difficulty"] == "hard")
    assert seedbed("move", hard, "wifi/setup").error["error"] == "violations"


def test_17_a_topic_keeps_its_rules_wherever_it_is_moved():
    assert seedbed("topics", "move", "wifi", "team_a").status == 0
    assert seedbed("topics", "rename", "team_a/wifi", "radio").status == 0
    assert submit(qa(0, difficulty="hard"), topic="team_a/radio/setup")[0]["code"] == "wrong_schema"
    assert submit(qa(0), topic="team_a/radio/setup")[0]["state"] == "accepted"


def test_18_filters_by_topic_take_what_is_below():
    submit(qa(0), topic="team_a/x")
    assert seedbed("log", "--topic", "team_a").json["total"] >= 1
    assert seedbed("list", "--topic", "team_a").json["total"] == 1
    assert seedbed("review", "--topic", "team_a", "--state", "accepted").json["total"] == 1


def test_19_the_whole_queue_is_exported_and_unknown_ids_are_refused(project):
    (project / "seedbed.yaml").write_text(CONFIG + "review: {mode: all}\n", encoding="utf-8")
    with library.open(project) as dataset:
        rows = [{"question": f"What is {i} plus {i}?", "answer": f"{2 * i}", "difficulty": "easy"} for i in range(30)]
        dataset.submit(rows, topic="vpn/setup", on_duplicate="review")
    seedbed("review", "--export", "queue.jsonl")
    queue = [json.loads(line) for line in Path("queue.jsonl").read_text(encoding="utf-8").splitlines()]
    assert len(queue) == seedbed("report").json["states"]["pending"] == 30
    decisions = [{"id": queue[0]["id"], "decision": "approve"}, {"id": "f" * 20, "decision": "approve"}, {}]
    done = seedbed("review", "--import", "-", "--reviewer", "model:judge", stdin="\n".join(map(json.dumps, decisions)))
    results = done.json["results"] if isinstance(done.json, dict) else done.json
    assert done.status == 1
    assert [r.get("state") for r in results][:1] == ["approved"]
    assert results[1]["code"] == "not_found"
    assert results[2]["code"]


def test_20_revalidate_puts_approved_entries_back_into_the_queue(project):
    submit(qa(0))
    seedbed("approve", ids()[0], "--reviewer", "human:ann")
    fields = "fields: {answer: {type: string, min_length: 100}}"
    (project / "seedbed.yaml").write_text(CONFIG.replace("balance:", f"{fields}, balance:"), encoding="utf-8")
    assert seedbed("revalidate").json["queued"] == 1
    assert seedbed("show", ids()[0]).json["state"] == "pending"


def test_21_markup_in_content_is_shown_as_it_is():
    submit(qa(0, answer="It is closed by [/b] and opened by [b]."))
    assert "[/b]" in text("show", ids()[0]).out
    (refused,) = submit(qa(1, answer="It is \x1b[31mred\x1b[0m and [/b]."))
    shown = text("show", refused["id"])
    assert "[/b]" in shown.out
    assert "\x1b" not in shown.out + text("list", "--state", "rejected").out + text("review").out


def test_22_paging_goes_on_where_it_stopped_after_decisions(project):
    (project / "seedbed.yaml").write_text(CONFIG + "review: {mode: all}\n", encoding="utf-8")
    with library.open(project) as dataset:
        dataset.submit([qa(n) for n in range(9)], topic="vpn/setup")
        first = dataset.reviews.queue(limit=3)
        seen = [i.entry.id for i in first.items]
        dataset.reviews.approve(seen, reviewer="human:ann")
        rest = dataset.reviews.queue(limit=10, after=seen[-1])
        assert len(rest.items) == 6
        assert not {i.entry.id for i in rest.items} & set(seen)


def test_23_undoing_many_rows_takes_no_statement_a_row(project):
    def statements(n: int) -> int:
        with library.open(project) as dataset:
            dataset.file._open.setlimit(sqlite3.SQLITE_LIMIT_VARIABLE_NUMBER, 999)
            dataset.submit(templates(n), topic="vpn/setup", on_duplicate="warn")
            with counted(dataset) as asked:
                assert dataset.history.undo().removed == n
            assert dataset.entries()[0] == 0
            return len(list(groupby(asked)))  # a trigger is told of as its statement again

    assert statements(1_200) < statements(300) + 20


def test_24_rules_that_contradict_each_other_are_found_before_anything_is_written():
    tree = {"a": {"_fields": {"difficulty": ["easy"]}, "b": {"_fields": {"difficulty": ["hard"]}}}}
    failed = seedbed("topics", "load", "-", stdin=json.dumps(tree))
    assert failed.error["error"] == "impossible_rule"
    assert "a/b" in failed.error["message"]
    unknown = seedbed("topics", "load", "-", stdin=json.dumps({"a": {"_fields": {"dificulty": ["easy"]}}}))
    assert unknown.error["near"] == ["difficulty"]
    forbids = {"a": {"_fields": {"difficulty": {"forbidden": True}}, "b": {"_fields": {"difficulty": ["easy"]}}}}
    assert seedbed("topics", "load", "-", stdin=json.dumps(forbids)).error["error"] == "impossible_rule"
    assert "a" not in counts()


def test_25_nodes_of_the_graph_are_whole_paths():
    lines = [line.strip() for line in seedbed("topics", "tree", "--dot").lines]
    for parent in ("vpn", "wifi"):
        assert f'"{parent}/setup" [label="setup\\n0"];' in lines
        assert f'"{parent}" -> "{parent}/setup";' in lines
    assert sum(line.startswith('"') and "->" not in line for line in lines) == len(counts())


def test_26_a_wrong_setting_is_noticed_before_anything_is_written(project):
    (project / "seedbed.yaml").write_text(CONFIG + "review: {mode: al}\n", encoding="utf-8")
    assert seedbed("submit", json.dumps(qa(0)), "--topic", "vpn/setup").error["error"] == "invalid_config"
    (project / "seedbed.yaml").write_text(CONFIG, encoding="utf-8")
    assert ids() == []


def test_27_errors_have_the_right_code_and_usage_errors_are_json_too():
    assert submit(qa(0, difficulty="hard"), topic="wifi/setup")[0]["code"] == "wrong_schema"
    assert seedbed("similar", "text").error["error"] == "usage"
    assert seedbed("submit", json.dumps(qa(0)), "--topik", "x").error["error"] == "unknown_option"


def test_27_messages_are_the_same_in_every_process_and_a_closed_pipe_is_no_error():
    code = "from seedbed.frontends.cli import main; main()"
    row = json.dumps(qa(0, difficulty="no", one=1, two=2, three=3))
    reasons = set()
    for seed in ("1", "2"):
        run = [sys.executable, "-c", code, "submit", "--check", row, "--topic", "vpn/setup"]
        told = subprocess.run(run, capture_output=True, check=False, env=os.environ | {"PYTHONHASHSEED": seed})
        reasons.add(json.loads(told.stdout)["reason"])
    assert len(reasons) == 1
    read, write = os.pipe()
    os.close(read)
    done = subprocess.run([sys.executable, "-c", code, "topics", "tree"], stdout=write, stderr=subprocess.PIPE)
    os.close(write)
    assert (done.returncode, done.stderr) == (0, b"")


def test_28_looking_at_a_dataset_opens_no_embedder(project, monkeypatch):
    submit(qa(0))
    (project / "seedbed.yaml").write_text(CONFIG + "embedder: openai:text-embedding-3-small\n", encoding="utf-8")
    looking = [("list",), ("report",), ("log",), ("show", ids()[0]), ("topics", "tree"), ("next", "--list"),
               ("review", "--count"), ("reconcile",), ("guide", "agent"), ("export", "-o", "out.jsonl")]  # fmt: skip
    for command in looking:
        assert seedbed(*command).status == 0, command
    assert seedbed("similar", "text", "--topic", "vpn/setup").error["error"] == "missing_key"


def test_29_reading_never_writes(project):
    submit(qa(0))
    before = {p.name: p.read_bytes() for p in project.iterdir()}
    with raw(project) as writer:
        writer.execute("BEGIN IMMEDIATE")
        for command in (("list",), ("report",), ("similar", "text", "--topic", "vpn/setup"), ("next", "--list")):
            assert seedbed(*command).status == 0, command
        writer.rollback()
    assert {p.name: p.read_bytes() for p in project.iterdir()} == before


def test_30_what_is_asked_of_a_large_dataset_is_asked_of_a_small_one(project):
    def statements() -> tuple[int, ...]:
        with library.open(project, mode="ro") as dataset:
            found = []
            for look in (dataset.report, dataset.tree, dataset.reviews.counts, dataset.history.log):
                with counted(dataset) as asked:
                    look()
                found.append(len(asked))
            return tuple(found)

    submit(*templates(2), options=("--on-duplicate", "warn"))
    small = statements()
    with library.open(project) as dataset:
        dataset.submit(templates(300), topic="vpn/setup", on_duplicate="warn")
    assert statements() == small


def test_30_moving_a_topic_moves_none_of_its_entries(project):
    def statements(source: str, target: str) -> int:
        with library.open(project) as dataset, counted(dataset) as asked:
            dataset.topics.move(source, target)
            return len([a for a in asked if a.startswith(("UPDATE entry", "INSERT", "DELETE"))])

    submit(*templates(2), options=("--on-duplicate", "warn"))
    few = statements("vpn/setup", "team-a")
    with library.open(project) as dataset:
        dataset.submit(templates(200), topic="team-a/setup", on_duplicate="warn")
    assert statements("team-a/setup", "vpn") == few


def test_31_only_finished_entries_of_leaves_count_toward_balance():
    submit(qa(0), qa(1), qa(2, difficulty="no"))
    seedbed("reject", ids()[0], "--reason", "wrong", "--reviewer", "human:ann")
    assert seedbed("report").json["entries"] == 1
    assert seedbed("topics", "add", "vpn/setup/below").error["error"] == "topic_holds_entries"
    assert seedbed("topics", "move", "team_a/x", "vpn/setup").error["error"] == "topic_holds_entries"
    assert seedbed("topics", "move", "vpn/setup", "team_a").status == 0
    there = {t["topic"]: t["accepted"] for t in seedbed("report", "--all").json["topics"]["counts"]}
    assert (there["team_a/setup"], sum(there.values())) == (1, 1)


def test_32_embedders_are_plugins_that_every_command_sees(project):
    from seedbed.core import plugins

    assert {"static", "minilm"} <= set(plugins.names("embedders"))
    assert seedbed("reembed", "statik").error["near"] == ["static"]
    submit(qa(0))
    (project / "seedbed.yaml").write_text(CONFIG + "embedder: statik\n", encoding="utf-8")
    for command in (("submit", json.dumps(qa(1))), ("similar", "text")):
        refused = seedbed(*command, "--topic", "vpn/setup").error
        assert (refused["error"], refused["near"]) == ("unknown_embedder", ["static"])
