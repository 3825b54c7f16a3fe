"""Promises that were found broken elsewhere: each case was met in okgv 0.1.0, and holds here."""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
import threading
from pathlib import Path

import pytest

import seedbed as library
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


def test_01_works_without_loadable_extensions(monkeypatch):
    if hasattr(sqlite3.Connection, "enable_load_extension"):
        source = "import sqlite3, sys\nimport seedbed.store.opening\n"
        source += "assert 'enable_load_extension' not in open(seedbed.store.opening.__file__).read()"
        assert subprocess.run([sys.executable, "-c", source]).returncode == 0
    assert submit(qa())[0]["state"] == "accepted"


def test_02_concurrent_submits_all_arrive(project):
    def write(n: int) -> None:
        with library.open(project) as dataset:
            results.append(dataset.submit(qa(n), topic="vpn/setup")[0].accepted)

    results: list[bool] = []
    threads = [threading.Thread(target=write, args=(n,)) for n in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results == [True] * 6
    assert len(ids()) == 6


def test_03_names_that_look_alike_are_counted_apart():
    submit(qa(0), topic="team_a/x")
    submit(qa(1), topic="team-a/z")
    submit(qa(2), topic="TEAM_a/y")
    assert [counts()[t] for t in ("team_a", "team-a", "TEAM_a")] == [1, 1, 1]
    assert seedbed("report", "--topic", "team_a").json["entries"] == 1


def test_04_moving_a_topic_leaves_look_alikes_alone():
    submit(qa(0), topic="team_a/z")
    submit(qa(1), topic="team-a/z")
    assert seedbed("topics", "move", "team_a", "vpn").status == 0
    there = counts()
    assert (there["team-a/z"], there["vpn/team_a/z"]) == (1, 1)
    assert "TEAM_a/y" in there
    assert "team_a" not in there


def test_05_a_wrong_value_is_its_rows_own_result():
    rows = [qa(n) for n in range(8)]
    rows[6] = qa(6, difficulty="impossible")
    del rows[3]["answer"]
    results = submit(*rows)
    assert [r["state"] for r in results] == ["accepted"] * 3 + ["rejected"] + ["accepted"] * 2 + [
        "rejected",
        "accepted",
    ]
    assert "answer" in str(results[3]["reason"])
    assert "difficulty" in str(results[6]["reason"])


def test_06_rejected_entries_are_never_exported():
    submit(qa(0), qa(1))
    assert seedbed("reject", ids()[0], "--reason", "wrong", "--reviewer", "human:ann").status == 0
    seedbed("export", "-o", "out.jsonl")
    assert len(Path("out.jsonl").read_text().splitlines()) == 1


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
    assert seedbed("reconcile").json["consistent"]


def test_10_a_batch_that_fails_half_way_leaves_nothing(project, monkeypatch):
    from seedbed.store.entries import Entries

    def broken(self: Entries, *arguments: object) -> None:
        raise RuntimeError("no room for vectors")

    monkeypatch.setattr(Entries, "_insert_vectors", broken)
    with library.open(project) as dataset, pytest.raises(RuntimeError):
        dataset.submit([qa(0), qa(1)], topic="vpn/setup")
    monkeypatch.undo()
    monkeypatch.chdir(project)
    assert ids() == []
    assert submit(qa(0))[0]["state"] == "accepted"


def test_11_reconcile_looks_at_vectors_topics_and_counts(project):
    submit(qa(0), qa(1))
    with sqlite3.connect(project / "seedbed.db") as raw:
        raw.execute("DELETE FROM vector")
        raw.execute("UPDATE entry SET topic_id = (SELECT id FROM topic WHERE path = 'vpn') WHERE id = 1")
    raw.close()
    found = {c["check"]: c["problems"] for c in seedbed("reconcile").json["checks"]}
    assert found["vectors"] == 2
    assert found["homes"] == 1


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


@pytest.mark.parametrize("path", ["", "/a", "a/", "a//b", " a", "a/../b", "a\x00b"])
def test_16_names_of_topics_are_validated(path):
    assert seedbed("topics", "add", path).status == 2
    assert seedbed("topics", "load", "-", stdin=json.dumps({"a/b": {}})).status == 2


def test_17_entries_go_to_leaves_only_and_keep_their_rules_when_moved():
    submit(qa(0))
    assert seedbed("move", ids()[0], "team_a").error["error"] == "interior_topic"
    submit(qa(1, difficulty="hard"))
    hard = next(i for i in ids() if seedbed("show", i).json["content"]["difficulty"] == "hard")
    assert seedbed("move", hard, "wifi/setup").error["error"] == "violations"


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


def test_23_undoing_many_rows_is_one_step(project):
    with library.open(project) as dataset:
        rows = [{"question": f"{w} {n}?", "answer": f"{n}", "difficulty": "easy"} for n, w in enumerate(["a"] * 40_000)]
        del rows[1_200:]
        dataset.submit(rows, topic="vpn/setup", on_duplicate="warn")
        before = len(dataset.file.rows("SELECT id FROM entry WHERE state = 1"))
        done = dataset.history.undo()
        assert done.removed == before > 0
        assert dataset.file.rows("SELECT 1 FROM entry WHERE state = 1") == []


def test_24_rules_that_contradict_each_other_are_found_before_anything_is_written():
    tree = {"a": {"_fields": {"difficulty": ["easy"]}, "b": {"_fields": {"difficulty": ["hard"]}}}}
    failed = seedbed("topics", "load", "-", stdin=json.dumps(tree))
    assert failed.error["error"] == "impossible_rule"
    assert "a/b" in failed.error["message"]
    unknown = seedbed("topics", "load", "-", stdin=json.dumps({"a": {"_fields": {"dificulty": ["easy"]}}}))
    assert unknown.error["near"] == ["difficulty"]
    assert "a" not in counts()


def test_25_nodes_of_the_graph_are_whole_paths():
    graph = seedbed("topics", "tree", "--dot").out
    assert '"vpn/setup"' in graph
    assert '"wifi/setup"' in graph


def test_26_a_wrong_setting_is_noticed_before_anything_is_written(project):
    (project / "seedbed.yaml").write_text(CONFIG + "review: {mode: al}\n", encoding="utf-8")
    assert seedbed("submit", json.dumps(qa(0)), "--topic", "vpn/setup").error["error"] == "invalid_config"
    (project / "seedbed.yaml").write_text(CONFIG, encoding="utf-8")
    assert ids() == []


def test_27_errors_have_the_right_code_and_usage_errors_are_json_too():
    assert submit(qa(0, difficulty="hard"), topic="wifi/setup")[0]["code"] == "wrong_schema"
    assert seedbed("similar", "text").error["error"] == "usage"
    assert seedbed("submit", json.dumps(qa(0)), "--topik", "x").error["error"] == "unknown_option"
    first, second = (submit(qa(0, difficulty="no"), topic="wifi/setup")[0]["reason"] for _ in range(2))
    assert first == second


def test_28_looking_at_an_empty_dataset_embeds_nothing(monkeypatch):
    from seedbed.similarity.static import StaticEmbedder

    monkeypatch.setattr(StaticEmbedder, "encode", lambda self, texts: pytest.fail("embedded"))
    for command in (("list",), ("report",), ("reconcile",), ("log",)):
        assert seedbed(*command).status == 0, command
    assert seedbed("export", "-o", "out.jsonl").error["error"] == "nothing_to_export"


def test_29_reading_never_writes(project):
    submit(qa(0))
    database = project / "seedbed.db"
    before = database.read_bytes()
    database.chmod(0o444)
    for command in (("list",), ("report",), ("log",), ("similar", "text", "--topic", "vpn/setup"), ("next", "--list")):
        assert seedbed(*command).status == 0, command
    assert database.read_bytes() == before


def test_30_a_report_asks_as_much_of_a_large_dataset_as_of_a_small_one(project):
    def statements() -> int:
        with library.open(project, mode="ro") as dataset:
            asked: list[str] = []
            dataset.file._open.set_trace_callback(asked.append)
            dataset.report()
            return len(asked)

    small = statements()
    with library.open(project) as dataset:
        dataset.submit([qa(n) for n in range(9)], topic="vpn/setup")
    assert statements() == small


def test_31_only_finished_entries_of_leaves_count_toward_balance():
    submit(qa(0), qa(1))
    seedbed("reject", ids()[0], "--reason", "wrong", "--reviewer", "human:ann")
    assert seedbed("report").json["entries"] == 1
    assert seedbed("topics", "add", "vpn/setup/below").error["error"] == "topic_holds_entries"
    assert seedbed("topics", "move", "team_a/x", "vpn/setup").error["error"] == "topic_holds_entries"


def test_32_embedders_are_plugins_that_every_command_sees():
    from seedbed.core import plugins

    assert {"static", "minilm"} <= set(plugins.names("embedders"))
    failed = seedbed("reembed", "statik")
    assert failed.error["near"] == ["static"]
