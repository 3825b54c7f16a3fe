import pytest

from seedbed.core import plugins
from seedbed.core.config import Strict
from seedbed.core.errors import ConfigError, InputError, NotFoundError, UnknownNameError
from seedbed.core.records import Seed
from seedbed.sources.find import detect, read_all, read_sources

TEXT = " ".join(f"Sentence {i} says something of its own." for i in range(60))


@pytest.fixture
def data(tmp_path):
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "a.md").write_text(f"# A\n\n{TEXT}")
    (tmp_path / "docs" / "b.txt").write_text("Short text of its own.")
    (tmp_path / "rows.jsonl").write_text('{"text": "row one"}\nbroken\n{"text": "Short text of its own."}\n')
    (tmp_path / "lake" / "t.lance").mkdir(parents=True)
    (tmp_path / "a.xyz").write_text("x")
    return tmp_path


@pytest.mark.parametrize(
    ("location", "source"),
    [
        ("docs", "documents"),
        ("docs/a.md", "documents"),
        ("docs/*.md", "documents"),
        ("**/*", "documents"),
        ("rows.jsonl", "rows"),
        ("*.csv", "rows"),
        ("lake", "lancedb"),
        ("lake/t.lance", "lancedb"),
    ],
)
def test_the_source_is_found_by_what_is_there(data, location, source):
    assert detect(str(data / location)) == source


def test_what_is_not_there_or_not_supported_says_what_would_be(data):
    with pytest.raises(NotFoundError) as missing:
        detect(str(data / "rows.json"))
    assert "rows.jsonl" in missing.value.fix
    with pytest.raises(InputError, match=r"'\.xyz'") as unsupported:
        detect(str(data / "a.xyz"))
    assert all(
        word in unsupported.value.fix for word in (".md", ".pdf", "'documents'", ".csv", "'parquet'", "'lancedb'")
    )


def test_several_locations_are_read_in_order_and_doubles_left_out(data):
    seeds, report = read_all([str(data / "docs"), str(data / "rows.jsonl")])
    assert [s.source.rpartition("/")[2] for s in seeds] == ["a.md"] * (len(seeds) - 2) + ["b.txt", "rows.jsonl"]
    assert report.duplicates == 1
    assert [e.place["row"] for e in report.issues] == [2]
    assert len(read_all([str(data / "docs"), str(data / "rows.jsonl")], dedupe=False)[0]) == len(seeds) + 1


def test_options_go_to_the_sources_that_know_them(data):
    seeds, _ = read_all([str(data / "docs"), str(data / "rows.jsonl")], {"chunk_size": 300, "text_field": "text"})
    assert max(len(s.text) for s in seeds) <= 300
    with pytest.raises(UnknownNameError, match="chunk_siz") as caught:
        read_sources([str(data / "docs")], {"chunk_siz": 300})
    assert caught.value.near[0] == "chunk_size"
    with pytest.raises(UnknownNameError):
        read_sources([str(data / "docs")], {"text_field": "text"})
    with pytest.raises(ConfigError):
        read_sources([str(data / "docs")], {"chunk_size": "many"})


def test_a_limit_is_spread_over_all_documents(data):
    locations = [str(data / "docs"), str(data / "rows.jsonl")]
    for seeds in (
        read_all(locations, max_chunks=3)[0],
        read_all(locations, {"max_chunks": 3})[0],
    ):
        assert [s.source.rpartition("/")[2] for s in seeds] == ["a.md", "b.txt", "rows.jsonl"]


def test_seeds_are_read_as_they_are_taken(data):
    result = read_sources([str(data / "docs"), str(data / "rows.jsonl")])
    assert next(iter(result)).headings == ("A",)
    assert result.report.files[-1].source.endswith("a.md")
    assert result.issues == []


def test_wrong_calls_are_errors_before_anything_is_read(data):
    with pytest.raises(InputError, match="no source"):
        read_sources([])
    with pytest.raises(NotFoundError):
        read_sources([str(data / "docs"), str(data / "doc")])
    with pytest.raises(UnknownNameError):
        read_sources([str(data / "docs")], source="document")


class _Stranger:
    name = "stranger"
    Options = Strict

    def read(self, location, options):
        yield Seed("1", location, "one")
        raise InputError("broken after one")


def test_a_strangers_source_needs_only_read(data, monkeypatch):
    monkeypatch.setattr(plugins, "load", lambda group, name, **_: _Stranger)
    seeds, report = read_all(["anything"], source="stranger")
    assert [s.text for s in seeds] == ["one"]
    assert [e.message for e in report.issues] == ["broken after one"]
    assert report.files[0].seeds == 1
