"""Every way in which the tables of a file can disagree is found, and what follows from the rest is put right."""

from __future__ import annotations

from typing import Any

import pytest

from seedbed.core.records import Outcome, State, Verdict
from seedbed.store import DatasetFile
from seedbed.store.consistency import SHOWN, Consistency, Finding
from testkit.stored import DIM, new_entry, passing

VECTOR = b"\x00\x3c" + b"\0" * (2 * DIM - 2)
CHECKED = [passing("schema"), passing("exact_duplicate")]


@pytest.fixture
def filled(file: DatasetFile) -> DatasetFile:
    """Three entries, a decision, a lease and a change: all in order."""
    with file.write():
        event = file.events.add("submit", actor="test")
        file.entries.insert([new_entry(n, vector=VECTOR, verdicts=CHECKED, event_id=event) for n in (1, 2, 3)])
        file.journal.change(file.events.add("test", actor="test"), "entry", 3, {"state": 2})
        file.leases.grant(("greece", "qa", ""), {}, 1, owner="me", session=None, coordinates={}, ttl_s=60)
    return file


def findings(file: DatasetFile, *, fix: bool = False) -> dict[str, Finding]:
    if not fix:
        return {f.check: f for f in Consistency(file).findings()}
    with file.write():
        return {f.check: f for f in Consistency(file).findings(fix=True)}


def harm(file: DatasetFile, *statements: str) -> None:
    file.execute("PRAGMA foreign_keys = OFF")
    with file.write():
        for sql in statements:
            file.execute(sql)
    file.execute("PRAGMA foreign_keys = ON")


def test_a_file_in_order_has_no_problems(filled: DatasetFile) -> None:
    found = findings(filled)
    assert [f.problems for f in found.values()] == [0] * 11
    assert (found["homes"].looked_at, found["verdicts"].looked_at, found["leases"].looked_at) == (3, 6, 1)


TWIN = "UPDATE entry SET text_hash = (SELECT text_hash FROM entry WHERE id = 1) WHERE id = 2"

DAMAGE = [
    ("references", "UPDATE entry SET run_id = 77 WHERE id = 1", 1),
    ("references", "UPDATE verdict SET entry_id = 77 WHERE entry_id = 1", 2),
    ("references", "UPDATE lease SET topic_id = 77", 1),
    ("references", "UPDATE entry SET kind_id = 77 WHERE id = 1", None),
    ("values", "UPDATE entry SET content = '[1]' WHERE id = 1", None),
    ("values", "UPDATE event SET detail = '{' WHERE id = 1", None),
    ("tree", "UPDATE topic SET parent_id = NULL WHERE path = 'rome/empire'", 1),
    ("tree", "UPDATE topic SET path = 'gone/away/far' WHERE path = 'greece'", 1),
    ("homes", "UPDATE topic SET removed = 1 WHERE path = 'rome/republic'", None),
    ("homes", "UPDATE entry SET topic_id = (SELECT id FROM topic WHERE path = 'rome') WHERE id = 1", None),
    ("counts", "UPDATE cell_count SET n = n + 1", 2),
    ("counts", "DELETE FROM cell_count", 2),
    ("vectors", "DELETE FROM vector WHERE entry_id = 2", None),
    ("vectors", "UPDATE vector SET v = x'00' WHERE entry_id = 2", None),
    ("twins", TWIN, None),
    ("history", "UPDATE change SET row_id = 99", 1),
    ("history", "INSERT INTO change VALUES (1, 1, 2, 99, '{}', '{}'), (1, 2, 1, 99, '{}', '{}')", 2),
    ("leases", "UPDATE topic SET removed = 1 WHERE path = 'greece'", 1),
    ("leases", "UPDATE lease SET topic_id = (SELECT id FROM topic WHERE path = 'rome')", 1),
]


@pytest.mark.parametrize(("check", "statement", "fixed"), DAMAGE)
def test_damage_is_found_and_repaired_where_that_follows(
    filled: DatasetFile, check: str, statement: str, fixed: int | None
) -> None:
    harm(filled, statement)
    assert findings(filled)[check].problems >= 1
    assert findings(filled)[check].examples
    repaired = findings(filled, fix=True)[check]
    assert repaired.fixed == (fixed or 0)
    assert findings(filled)[check].problems == repaired.left == (0 if fixed else repaired.problems)


def test_one_check_put_right_hides_nothing_of_another(filled: DatasetFile) -> None:
    harm(filled, "INSERT INTO change VALUES (1, 1, 0, 98, '{}', '{}'), (1, 2, 0, 99, '{}', '{}')", TWIN)
    found = findings(filled, fix=True)
    assert (found["history"].problems, found["history"].fixed, found["history"].left) == (2, 2, 0)
    assert sum(f.left for f in found.values()) == found["twins"].left == 1


def test_an_accepted_entry_with_a_failing_verdict_is_found(filled: DatasetFile) -> None:
    failing = Verdict("rules", "1", Outcome.FAIL, code="too_short")
    with filled.write():
        filled.entries.insert([new_entry(7, vector=VECTOR, verdicts=[failing])])
        filled.entries.insert([new_entry(8, vector=VECTOR, verdicts=[failing], state=State.APPROVED)])
    (example,) = findings(filled)["verdicts"].examples
    assert example == f"entry {new_entry(7).id} was accepted although rules failed"


@pytest.mark.parametrize("which", [1, 9])
def test_twins_that_know_of_each_other_are_in_order(filled: DatasetFile, which: int) -> None:
    told = [*CHECKED[:1], passing("exact_duplicate", code="exact_duplicate", reason="let in")]
    twin: dict[str, Any] = {"vector": VECTOR, "text_hash": new_entry(1).text_hash}
    with filled.write():
        filled.entries.insert([new_entry(9, verdicts=told if which == 9 else CHECKED, **twin)])
        if which == 1:
            rows = filled.entries.verdict_columns(told)
            filled.journal.write("verdict", 1, {"rows": rows})
    assert findings(filled)["twins"].problems == 0


def test_where_duplicates_are_not_looked_for_twins_are_in_order(filled: DatasetFile) -> None:
    with filled.write():
        filled.entries.insert(
            [new_entry(9, vector=VECTOR, text_hash=new_entry(1).text_hash, verdicts=[passing("schema")])]
        )
    assert findings(filled)["twins"].problems == 0


def test_a_tree_without_its_middle_is_grown_again(filled: DatasetFile) -> None:
    harm(filled, "UPDATE topic SET path = 'a/b/c', parent_id = 99 WHERE path = 'greece'")
    findings(filled, fix=True)
    assert [t.path for t in filled.topics.all("a")] == ["a", "a/b", "a/b/c"]


def test_only_the_first_problems_of_a_kind_are_described(filled: DatasetFile) -> None:
    with filled.write():
        filled.entries.insert([new_entry(n) for n in range(10, 30)])
    found = findings(filled)["vectors"]
    assert (found.problems, len(found.examples)) == (20, SHOWN)


def test_a_file_without_an_embedder_lacks_no_vectors(filled: DatasetFile) -> None:
    harm(filled, "DELETE FROM vector", "DELETE FROM embedder")
    assert Consistency(filled).entries_without_vector() == []
