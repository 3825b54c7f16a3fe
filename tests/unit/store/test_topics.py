from __future__ import annotations

import pytest

from seedbed.core.errors import TopicError, UnknownNameError
from seedbed.core.records import Topic
from seedbed.store import DatasetFile, EntryFilter
from seedbed.store.topics import validate_path
from testkit.stored import LEAVES, new_entry, rejected

MALFORMED = [
    "", "/a", "a/", "a//b", " a", "a ", "a/ b", ".", "a/..", "a\nb", "a\x00b", "a\x1b[31m", "a\ud800",
    "a\u202eb", "a\u2028b", "x" * 201, "/".join("abcdefghijklmnopqrstu"),
]  # fmt: skip


@pytest.mark.parametrize("path", MALFORMED)
def test_malformed_paths_are_refused_with_a_fix(file: DatasetFile, path: str) -> None:
    with pytest.raises(TopicError) as caught:
        file.topics.add(Topic(path))
    assert caught.value.fix


@pytest.mark.parametrize("path", [" ", "a/ /b"])
def test_a_name_of_blanks_is_an_empty_name(path: str) -> None:
    with pytest.raises(TopicError, match="empty name"):
        validate_path(path)


@pytest.mark.parametrize("path", ["a", "a/b", "C++/g++ & co", "日本/東京", "team_a", "100%", "a.b", "x" * 200])
def test_ordinary_paths_are_taken(file: DatasetFile, path: str) -> None:
    assert file.topics.add(Topic(path))
    assert file.topics.get(path).path == path


def test_equal_looking_paths_are_one(file: DatasetFile) -> None:
    file.topics.add(Topic("caf\u00e9"))
    assert validate_path("cafe\u0301") == "caf\u00e9"
    assert not file.topics.add(Topic("cafe\u0301"))
    assert file.topics.get("cafe\u0301").path == "caf\u00e9"


def test_adding_makes_parents_unless_told_not_to(file: DatasetFile) -> None:
    assert file.topics.add(Topic("a/b/c"))
    assert [t.path for t in file.topics.all("a")] == ["a", "a/b", "a/b/c"]
    with pytest.raises(UnknownNameError):
        file.topics.add(Topic("x/y"), parents=False)
    assert file.topics.find("x") is None


def test_adding_again_changes_nothing(file: DatasetFile) -> None:
    file.topics.add(Topic("a", description="first"))
    assert not file.topics.add(Topic("a", description="second"))
    assert file.topics.get("a").description == "first"


def test_attributes_survive(file: DatasetFile) -> None:
    topic = Topic("a", "half \ud800 of", 40, 2.5, {"aspects": ["é"], "fields": {"x": {"enum": [1]}}})
    file.topics.add(topic)
    assert file.topics.get("a") == topic


def test_update_keeps_what_it_is_not_told(file: DatasetFile) -> None:
    file.topics.add(Topic("a", "text", 10, 2.0, {"keep": 1, "aspects": ["x"]}))
    assert file.topics.update("a", target=0, meta={"aspects": ["y"]})
    assert file.topics.get("a") == Topic("a", "text", 0, 2.0, {"keep": 1, "aspects": ["y"]})
    assert not file.topics.update("a", target=0)


def test_an_unknown_topic_names_near_ones(file: DatasetFile) -> None:
    for wanted in ("Rome/Republic", "republic", "rome/repubic", "repubilc"):
        with pytest.raises(UnknownNameError) as caught:
            file.topics.get(wanted)
        assert caught.value.stable_code == "unknown_topic"
        assert caught.value.near[0] == "rome/republic"
        assert "rome/republic" in (caught.value.fix or "")


def test_an_unknown_topic_of_an_empty_tree_says_how_to_load_one(tmp_path) -> None:
    with DatasetFile.create(tmp_path / "empty.db") as empty, pytest.raises(UnknownNameError) as caught:
        empty.topics.get("\ud800")
    assert "topics load" in (caught.value.fix or "")


def test_the_tree_is_in_insertion_order_depth_first(file: DatasetFile) -> None:
    for path in ("z", "a/late", "a/early", "z/one", "a/late/deep"):
        file.topics.add(Topic(path))
    paths = [t.path for t in file.topics.all()]
    assert paths == [
        "rome", "rome/republic", "rome/empire", "greece", "z", "z/one", "a", "a/late", "a/late/deep", "a/early",
    ]  # fmt: skip
    assert [t.path for t in file.topics.leaves("a")] == ["a/late/deep", "a/early"]
    assert [t.path for t in file.topics.leaves()] == [*LEAVES, "z/one", "a/late/deep", "a/early"]


LOOKALIKES = ("team_a/x", "team-a/x", "TEAM_A/x", "teamba/x", "team_a2/x", "team_a x/x", "team%/x", "team_a0/x")


def test_names_that_look_alike_to_a_pattern_are_apart(file: DatasetFile) -> None:
    for number, path in enumerate(LOOKALIKES):
        file.topics.add(Topic(path))
        file.entries.insert([new_entry(number, topic=path)])
    for path in LOOKALIKES:
        root = path.rpartition("/")[0]
        assert [t.path for t in file.topics.all(root)] == [root, path]
        assert sum(c.n for c in file.entries.counts(root)) == 1
        assert [e.topic for e in file.entries.page(EntryFilter(root=root))] == [path]
        assert len(file.vectors.load(root=root)[0]) == 0


def test_a_topic_with_entries_takes_no_subtopics(file: DatasetFile) -> None:
    file.entries.insert([new_entry(1, topic="greece")])
    with pytest.raises(TopicError, match="holds 1 entry, so"):
        file.topics.add(Topic("greece/athens/agora"))
    assert len(file.topics.all()) == 4


def test_rejected_candidates_do_not_bind_a_topic(file: DatasetFile) -> None:
    file.entries.insert([rejected(1, topic="greece")])
    assert file.topics.add(Topic("greece/athens"))


def test_load_tells_new_from_changed_and_unchanged(file: DatasetFile) -> None:
    file.topics.add(Topic("kept", "by hand", 5))
    created, updated = file.topics.load([Topic("greece", "islands"), Topic("new/leaf"), Topic("kept"), Topic("rome")])
    assert (created, updated) == (["new/leaf"], ["greece"])
    assert file.topics.get("kept") == Topic("kept", "by hand", 5)
    assert not file.topics.get("new").is_leaf


def test_load_is_all_or_nothing(file: DatasetFile) -> None:
    with pytest.raises(TopicError):
        file.topics.load([Topic("good"), Topic("bad//path")])
    assert file.topics.find("good") is None


def test_ids_and_paths_find_each_other(file: DatasetFile) -> None:
    assert file.topics.path_of(file.topics.id_of("rome/empire")) == "rome/empire"
    with pytest.raises(UnknownNameError):
        file.topics.path_of(999)
    with pytest.raises(UnknownNameError):
        file.topics.id_of("nowhere")
