import contextlib
import hashlib
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from seedbed.core.errors import AuthError, ConfigError, NotFoundError, ProviderError, ServerError, UnreachableError
from seedbed.providers.hub import hub_url
from seedbed.providers.weights import resolve, stamp_holds

DATA = b"GGUF" + bytes(range(256)) * 8000
SHA256 = hashlib.sha256(DATA).hexdigest()
MODEL = "org/repo/x.gguf"


class Hub:
    """A loopback hub: redirects to its storage path, answers ranges, breaks when told to.

    Attributes:
        cut: bytes after which a body breaks off, used up by one answer.
        status: answered instead of the file.
        sha256: announced with the redirect.
        ranges: whether ranges are honoured.
        seen: ``(path, Range, Authorization)`` of each request.
    """

    def __init__(self):
        self.cut, self.status, self.sha256, self.ranges, self.data, self.seen = None, 200, SHA256, True, DATA, []


@contextlib.contextmanager
def serving(hub):
    class Handler(BaseHTTPRequestHandler):
        def log_message(self, *args):
            pass

        def do_GET(self):
            hub.seen.append((self.path, self.headers.get("Range"), self.headers.get("Authorization")))
            if hub.status != 200:
                self.send_error(hub.status)
            elif self.path.startswith("/org/"):
                self.send_response(302)
                self.send_header("Location", "/storage/blob")
                self.send_header("Content-Length", "0")
                if hub.sha256:
                    self.send_header("X-Linked-Etag", f'"{hub.sha256}"')
                self.end_headers()
            else:
                self.send_file()

        def send_file(self):
            asked = self.headers.get("Range")
            start = int(asked.removeprefix("bytes=").rstrip("-")) if asked and hub.ranges else 0
            if start >= len(hub.data):
                return self.send_error(416)
            body = hub.data[start:]
            self.send_response(206 if start else 200)
            self.send_header("Content-Length", str(len(body)))
            if start:
                self.send_header("Content-Range", f"bytes {start}-{len(hub.data) - 1}/{len(hub.data)}")
            self.end_headers()
            cut, hub.cut = hub.cut, None
            self.wfile.write(body[:cut])

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture
def hub():
    return Hub()


@pytest.fixture
def get(hub, tmp_path, monkeypatch):
    """Resolves the model through the loopback hub."""
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    with serving(hub) as url:
        yield lambda **environ: resolve(
            MODEL, cache=tmp_path, environ={"HF_ENDPOINT": url, **environ}, progress=environ.pop("progress", None)
        )


def parts(tmp_path):
    return list(tmp_path.rglob("*.part"))


def test_a_file_arrives_once_and_is_checked(get, hub, tmp_path):
    path = get()
    assert path.read_bytes() == DATA
    assert stamp_holds(path, SHA256)
    assert get() == path
    assert [p for p, *_ in hub.seen] == ["/org/repo/resolve/main/x.gguf", "/storage/blob"]
    assert parts(tmp_path) == []


def test_the_token_goes_to_the_hub_and_not_to_its_storage(get, hub):
    get(HF_TOKEN="hf_secret")
    assert [auth for *_, auth in hub.seen] == ["Bearer hf_secret", None]


def test_a_broken_download_goes_on_where_it_stopped(get, hub, tmp_path):
    hub.cut = 100_000
    with pytest.raises(UnreachableError) as caught:
        get()
    assert caught.value.retryable
    assert parts(tmp_path)[0].stat().st_size == 100_000
    assert get().read_bytes() == DATA
    assert hub.seen[-1][1] == "bytes=100000-"


def test_a_server_without_ranges_is_read_from_the_beginning(get, hub):
    hub.cut, hub.ranges = 100_000, False
    with pytest.raises(UnreachableError):
        get()
    assert get().read_bytes() == DATA


def test_leftovers_of_another_file_are_thrown_away(get, hub, tmp_path):
    folder = tmp_path / "models/hub/org/repo"
    folder.mkdir(parents=True)
    (folder / "x.gguf.part").write_bytes(b"old" * 1000)
    assert get().read_bytes() == DATA


def test_a_leftover_longer_than_the_file_is_thrown_away(get, tmp_path):
    folder = tmp_path / "models/hub/org/repo"
    folder.mkdir(parents=True)
    (folder / "x.gguf.part").write_bytes(bytes(len(DATA) + 10))
    assert get().read_bytes() == DATA


def test_a_file_that_is_not_what_the_hub_announced_is_refused(get, hub, tmp_path):
    hub.sha256 = "0" * 64
    with pytest.raises(ProviderError, match="sha256"):
        get()
    assert list(tmp_path.rglob("x.gguf*")) == []


def test_without_an_announced_hash_the_length_counts(get, hub):
    hub.sha256 = ""
    path = get()
    assert path.read_bytes() == DATA
    assert not path.with_name("x.gguf.sha256").exists()


def test_what_is_no_model_is_refused_and_not_kept(get, hub, tmp_path):
    hub.data, hub.sha256 = b"<html>sign in</html>", ""
    with pytest.raises(ConfigError, match="not a GGUF"):
        get()
    assert list(tmp_path.rglob("x.gguf*")) == []


@pytest.mark.parametrize(
    ("status", "error"), [(401, AuthError), (403, AuthError), (404, NotFoundError), (500, ServerError)]
)
def test_refusals_have_their_own_errors(get, hub, status, error):
    hub.status = status
    with pytest.raises(error) as caught:
        get(HF_TOKEN="hf_secret")
    assert "hf_secret" not in str(caught.value.to_dict())


def test_an_unreachable_hub_says_so(tmp_path, monkeypatch):
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    with pytest.raises(UnreachableError):
        resolve(MODEL, cache=tmp_path, environ={"HF_ENDPOINT": "http://127.0.0.1:9"})


def test_progress_is_told_bytes_and_total(get):
    told = []
    get(progress=lambda done, total: told.append((done, total)))
    assert told[-1] == (len(DATA), len(DATA))


def test_addresses_are_quoted_and_checked():
    assert (
        hub_url("a/b/c d.gguf", {"HF_ENDPOINT": "http://127.0.0.1/"}) == "http://127.0.0.1/a/b/resolve/main/c%20d.gguf"
    )
    with pytest.raises(ConfigError):
        hub_url(MODEL, {"HF_ENDPOINT": "file:///etc"})
