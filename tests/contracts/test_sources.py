"""What every source promises, run over each of them."""

import importlib.util
import json

import pytest

from seedbed.core import plugins
from seedbed.core.config import parse_options
from seedbed.core.errors import SeedbedError
from seedbed.core.identity import seed_uid
from seedbed.core.records import Seed
from seedbed.sources.report import SourceReport

WORDS = [f"Sentence {i} tells the reader something new about item {i}." for i in range(120)]


def documents(folder):
    for name in ("a.md", "b.rst", "c.txt", "d.html"):
        start, end = ("<h1>T</h1><p>", "</p>") if name == "d.html" else ("", "")
        (folder / name).write_text(f"{start}{' '.join(WORDS)} {name}.{end}")
    (folder / "bad.txt").write_bytes(b"\x00\x01\x02\x03" * 99)
    return str(folder)


def rows(folder):
    path = folder / "a.jsonl"
    lines = [json.dumps({"text": word, "n": i}) for i, word in enumerate(WORDS)]
    path.write_text("\n".join([*lines[:50], "{broken", *lines[50:]]))
    return str(path)


def table(folder):
    import lancedb
    import pyarrow

    texts = pyarrow.array([{"t": word} for word in WORDS])
    database = lancedb.connect(str(folder / "lake"))
    database.create_table("text_chunks", pyarrow.table({"text": WORDS}))
    database.create_table("broken", pyarrow.table({"text": texts}))
    return str(folder / "lake")


has_lancedb = importlib.util.find_spec("lancedb") is not None
CASES = [
    pytest.param(("documents", documents, {}), id="documents"),
    pytest.param(("rows", rows, {}), id="rows"),
    pytest.param(
        ("lancedb", table, {"tables": ("broken", "text_chunks")}),
        id="lancedb",
        marks=[pytest.mark.extra("lancedb"), pytest.mark.skipif(not has_lancedb, reason="lancedb is not installed")],
    ),
]


@pytest.fixture(params=CASES)
def case(request, tmp_path):
    name, make, options = request.param
    source = plugins.load("sources", name)()
    return source, make(tmp_path), parse_options(source.Options, options)


def collected(case):
    source, location, options = case
    report = SourceReport()
    return list(source.collect(location, options, report)), report


def test_the_order_is_stable(case):
    assert collected(case)[0] == collected(case)[0]


def test_uids_are_unique_and_made_of_source_position_and_text(case):
    seeds, _ = collected(case)
    assert len({s.uid for s in seeds}) == len(seeds) > 10
    assert all(s.uid == seed_uid(s.source, s.position, s.text) for s in seeds)


def test_seeds_are_plain_and_complete(case):
    seeds, _ = collected(case)
    for seed in seeds:
        assert isinstance(seed, Seed)
        assert isinstance(seed.headings, tuple)
        assert seed.text == seed.text.strip() != ""
        assert "\\" not in seed.source
        assert seed.topic is None
        json.dumps(seed.meta, allow_nan=False)


def test_positions_grow_within_each_source(case):
    by_source = {}
    for seed in collected(case)[0]:
        by_source.setdefault(seed.source, []).append(seed.position)
    assert all(p == sorted(set(p)) and p[0] >= 0 for p in by_source.values())


def test_what_is_bad_is_reported_and_does_not_stop_the_rest(case):
    seeds, report = collected(case)
    assert report.problems >= 1
    assert all({"file", "table"} & set(issue.place) for issue in report.issues)
    assert any("119" in s.text for s in seeds)
    assert report.seeds == len(seeds)


def test_reading_is_lazy(case):
    source, location, options = case
    report = SourceReport()
    next(iter(source.collect(location, options, report)))
    assert report.seeds < 30 or len(report.files) == 1
    assert report.seeds < len(collected(case)[0])


def test_max_chunks_limits_all_of_it(case):
    source, location, options = case
    limited = options.model_copy(update={"max_chunks": 5})
    assert len(list(source.collect(location, limited, SourceReport()))) == 5


def test_reading_strictly_raises_what_is_bad(case):
    source, location, options = case
    seen = []
    with pytest.raises(SeedbedError):
        for seed in source.read(location, options):
            seen.append(seed)
    assert len(seen) < len(collected(case)[0])


def test_the_name_is_the_plugins(case):
    assert case[0].name in plugins.names("sources")
