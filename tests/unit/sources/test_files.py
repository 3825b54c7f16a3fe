import os

import pytest

from seedbed.core.errors import ConfigError, InputError, NotFoundError
from seedbed.sources.files import decode, find_files, near_paths, read_bytes


@pytest.fixture
def tree(tmp_path):
    for name in (
        "b.md", "a.md", "sub/c.rst", "sub/deep/d.md", ".git/x.md", ".hidden.md", "env/pyvenv.cfg", "env/lib/e.md",
        "node_modules/f.md", "sub/.secret/g.md",
    ):  # fmt: skip
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("x")
    return tmp_path


def names(tree, location, **patterns):
    return [p.relative_to(tree).as_posix() for p in find_files(str(location), **patterns)]


def test_a_folder_gives_its_files_sorted_without_hidden_ones_and_environments(tree):
    assert names(tree, tree) == ["a.md", "b.md", "sub/c.rst", "sub/deep/d.md"]


def test_globs_reach_any_depth_only_with_two_stars(tree):
    assert names(tree, tree / "*.md") == ["a.md", "b.md"]
    assert names(tree, tree / "**" / "*.md") == ["a.md", "b.md", "sub/deep/d.md"]
    assert names(tree, tree / "sub" / "?.rst") == ["sub/c.rst"]


def test_include_and_exclude_match_names_or_paths(tree):
    assert names(tree, tree, include=["*.md"]) == ["a.md", "b.md", "sub/deep/d.md"]
    assert names(tree, tree, include=["sub/**"], exclude=["*.rst"]) == ["sub/deep/d.md"]
    assert names(tree, tree, exclude=["[!a].md", "sub/*"]) == ["a.md"]


def test_a_file_with_brackets_in_its_name_is_no_pattern(tmp_path):
    path = tmp_path / "a[1].md"
    path.write_text("x")
    assert find_files(str(path)) == [path]


def test_what_is_not_there_names_what_is_near(tree):
    with pytest.raises(NotFoundError) as caught:
        find_files(str(tree / "a.mb"))
    assert "a.md" in str(caught.value.fix)
    with pytest.raises(NotFoundError):
        find_files(str(tree / "*.pdf"))
    with pytest.raises(NotFoundError, match="no folder"):
        find_files(str(tree / "nowhere" / "a.md"))


def test_a_pattern_that_cannot_be_read_is_an_error(tree):
    with pytest.raises(ConfigError):
        find_files(str(tree), include=["[z-a].md"])


@pytest.mark.parametrize(
    ("data", "text", "guessed"),
    [
        ("é".encode(), "é", ""),
        ("é".encode("utf-8-sig"), "é", ""),
        ("é text".encode("utf-16"), "é text", ""),
        ("plain text".encode("utf-16-le"), "plain text", "utf-16-le"),
        ("“café”".encode("cp1252"), "“café”", "cp1252"),
        (b"caf\xe9 \x81", "café \x81", "latin-1"),
        (b"", "", ""),
    ],
)
def test_text_is_decoded_by_mark_then_utf8_then_a_guess(tmp_path, data, text, guessed):
    found = decode(data, tmp_path / "a.txt")
    assert (found.text, found.guessed) == (text, guessed)


@pytest.mark.parametrize("data", [b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR", bytes(range(256)) * 4, b"\x00" * 100])
def test_binary_files_are_refused_by_name(tmp_path, data):
    with pytest.raises(InputError, match=r"a\.txt is not text") as caught:
        decode(data, tmp_path / "a.txt")
    assert caught.value.place["file"].endswith("a.txt")


def test_a_declared_encoding_is_binding(tmp_path):
    assert decode(b"\xe9", tmp_path / "a", encoding="latin-1").text == "é"
    with pytest.raises(InputError, match="byte 0"):
        decode(b"\xe9", tmp_path / "a", encoding="utf-8")
    with pytest.raises(InputError, match="unknown encoding"):
        decode(b"x", tmp_path / "a", encoding="klingon")


def test_a_file_above_the_limit_is_refused(tmp_path):
    path = tmp_path / "big.txt"
    path.write_bytes(b"x" * 2_000_000)
    with pytest.raises(InputError, match="larger than 1 MB"):
        read_bytes(path, most=1 << 20)


def test_what_is_neither_a_file_nor_a_folder_is_called_that(tmp_path):
    os.mkfifo(tmp_path / "rows.jsonl")
    error = near_paths(tmp_path / "rows.jsonl", "rows.jsonl")
    assert error.message == "'rows.jsonl' is neither a file nor a folder"
