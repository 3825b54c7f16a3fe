from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import given, settings
from hypothesis import strategies as st

from seedbed.core.errors import TopicError
from seedbed.core.records import Topic
from seedbed.store import DatasetFile
from seedbed.store.topics import validate_path

NAMES = st.text("aAbB_-%.0/ é\U0001f600\uffff", min_size=1, max_size=3)


def acceptable(path: str) -> bool:
    try:
        return validate_path(path) == path
    except TopicError:
        return False


PATHS = st.lists(NAMES, min_size=1, max_size=3).map("/".join).filter(acceptable)


@settings(max_examples=60)
@given(st.lists(PATHS, min_size=1, max_size=12))
def test_a_subtree_is_the_path_itself_and_what_continues_it_by_a_slash(paths: list[str]) -> None:
    with TemporaryDirectory() as folder, DatasetFile.create(Path(folder) / "a.db") as file:
        file.topics.load([Topic(p) for p in paths])
        everything = [t.path for t in file.topics.all()]
        assert len(everything) == len(set(everything))
        for root in everything:
            below = [t.path for t in file.topics.all(root)]
            assert sorted(below) == sorted(p for p in everything if p == root or p.startswith(root + "/"))
            assert below == [p for p in everything if p in below]  # same order as in the whole tree
            assert below[0] == root


@given(st.text(max_size=30))
def test_any_text_is_a_valid_path_or_refused_with_a_fix(text: str) -> None:
    try:
        path = validate_path(text)
    except TopicError as error:
        assert error.fix
    else:
        assert validate_path(path) == path
        path.encode("utf-8")
