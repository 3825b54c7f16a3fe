from __future__ import annotations

from collections import Counter
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import given, settings
from hypothesis import strategies as st

from seedbed.core.records import State
from seedbed.store import DatasetFile
from testkit.stored import LEAVES, make_file, new_entry, set_state

STATES = st.sampled_from(list(State))
INSERT = st.tuples(
    st.just("insert"), st.sampled_from(LEAVES), st.sampled_from(["qa", "own"]), st.sampled_from(["", "a=1"]), STATES
)
CHANGE = st.tuples(st.just("state"), st.lists(st.integers(1, 12), max_size=4), STATES)
DELETE = st.tuples(st.just("delete"), st.integers(1, 12))
MOVE = st.tuples(st.just("move"), st.integers(1, 12), st.integers(1, 4), st.sampled_from(["", "a=1", "é=\x00"]))
BREAK = st.tuples(st.just("break"))


def apply(file: DatasetFile, number: int, step: tuple) -> None:
    match step:
        case ("insert", topic, kind, cell, state):
            file.entries.insert([new_entry(number, topic=topic, kind=kind, cell=cell, state=state)])
        case ("state", numbers, state):
            set_state(file, [new_entry(n).id for n in numbers], state)
        case ("delete", rowid):
            with file.write():
                file.execute("DELETE FROM entry WHERE id = ?", (rowid,))
        case ("move", rowid, topic_id, cell):
            with file.write():
                file.execute("UPDATE entry SET topic_id = ?, cell = ? WHERE id = ?", (topic_id, cell, rowid))
        case ("break",):
            try:
                with file.write():
                    file.entries.insert([new_entry(1000 + number)])
                    raise KeyError
            except KeyError:
                pass


@settings(max_examples=60)
@given(st.lists(st.one_of(INSERT, CHANGE, DELETE, MOVE, BREAK), max_size=14))
def test_counters_agree_with_a_recount(steps: list[tuple]) -> None:
    with TemporaryDirectory() as folder, make_file(Path(folder)) as file:
        for number, step in enumerate(steps):
            apply(file, number, step)
        recount = Counter((e.topic, e.kind, e.cell, e.state) for e in file.entries.stream())
        assert {(c.topic, c.kind, c.cell, c.state): c.n for c in file.entries.counts()} == dict(recount)
        assert file.entries.count() == sum(recount.values())
