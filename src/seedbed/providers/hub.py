"""One file from a model hub: a plain HTTPS GET, resumed where it broke, checked against what the hub says of it."""

from __future__ import annotations

import http.client
import os
import re
import urllib.error
import urllib.request
from collections.abc import Mapping
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Final
from urllib.parse import quote, urlsplit

from seedbed.core.errors import (
    AuthError,
    ConfigError,
    NotFoundError,
    ProviderError,
    RateLimitError,
    ServerError,
    UnreachableError,
)
from seedbed.core.wheels import file_sha256, write_error
from seedbed.providers.weights import checked_gguf, write_stamp

if TYPE_CHECKING:
    from seedbed.core.wheels import Progress

DEFAULT_ENDPOINT: Final = "https://huggingface.co"
_CHUNK: Final = 1 << 20
_TIMEOUT_S: Final = 60.0
_SHA256: Final = re.compile(r"[0-9a-f]{64}")
_RANGE: Final = re.compile(r"bytes (\d+)-\d+/(\d+)")


def hub_url(model: str, environ: Mapping[str, str]) -> str:
    """Address of ``org/repo/file.gguf``: ``HF_ENDPOINT`` or the hub, ``/org/repo/resolve/main/file``.

    Raises:
        ConfigError: ``HF_ENDPOINT`` is not an http(s) address.
    """
    endpoint = (environ.get("HF_ENDPOINT") or DEFAULT_ENDPOINT).rstrip("/")
    if urlsplit(endpoint).scheme not in ("http", "https"):
        raise ConfigError(f"HF_ENDPOINT is not an http address: {endpoint!r}", place={"variable": "HF_ENDPOINT"})
    org, repo, file = model.split("/", 2)
    return f"{endpoint}/{quote(org)}/{quote(repo)}/resolve/main/{quote(file)}"


def fetch_hub_file(model: str, target: Path, *, environ: Mapping[str, str], progress: Progress | None = None) -> Path:
    """``target``, holding the hub's ``org/repo/file.gguf``; a broken download goes on where it stopped.

    The length is checked, and the SHA-256 where the hub tells it.

    Raises:
        AuthError: the hub wants ``HF_TOKEN``, or refuses it.
        NotFoundError: no such file on the hub.
        ProviderError: no connection, it broke, or what came is not what the hub announced.
        StoreError: ``target`` cannot be written.
    """
    url = hub_url(model, environ)
    part = target.with_name(f"{target.name}.part")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        sha256 = _download(url, part, environ, progress)
        if sha256 is None:  # what was there before was of no use
            sha256 = _download(url, part, environ, progress)
        if sha256 is None:
            raise ProviderError(f"{model}: the hub's file changes while it is read", place={"url": url})
        _keep_only_gguf(part)
        part.replace(target)
    except (urllib.error.URLError, http.client.HTTPException, ConnectionError, TimeoutError) as error:
        raise _network_error(error, model, url) from error
    except OSError as error:
        raise write_error(error, target) from error
    if sha256:
        write_stamp(target, sha256)
    return target


def _keep_only_gguf(part: Path) -> None:
    """Nothing; a sign-in page or the like is removed, so that the next try does not find it.

    Raises:
        ConfigError: ``part`` is not GGUF.
    """
    try:
        checked_gguf(part)
    except ConfigError:
        part.unlink(missing_ok=True)
        raise


def _download(url: str, part: Path, environ: Mapping[str, str], progress: Progress | None) -> str | None:
    """SHA-256 of the finished ``part`` as the hub told it, ``""`` where it told none, ``None`` to start again."""
    have = part.stat().st_size if part.exists() else 0
    request = urllib.request.Request(url, headers={"User-Agent": "seedbed"})
    if have:
        request.add_header("Range", f"bytes={have}-")
    token = environ.get("HF_TOKEN", "").strip()
    if token:
        # Unredirected: the hub sends on to a storage host, which must not see the token.
        request.add_unredirected_header("Authorization", f"Bearer {token}")
    notes = _Notes()
    try:
        response = urllib.request.build_opener(notes).open(request, timeout=_TIMEOUT_S)
    except urllib.error.HTTPError as error:
        if error.code == 416 and have:  # what is here is longer than, or as long as, the file now is
            error.close()
            part.unlink()
            return None
        raise
    with response:
        start, total = _extent(response, have)
        with part.open("ab" if start else "wb") as out:
            _copy(response, out, start, total, progress)
    if total is not None and part.stat().st_size != total:
        raise http.client.IncompleteRead(b"", total - part.stat().st_size)
    expected = notes.sha256 or _etag_sha256(response.headers)
    if expected and file_sha256(part) != expected:
        part.unlink()
        if not start:
            raise ProviderError(f"the downloaded file does not have the hub's sha256 {expected}", place={"url": url})
        return None
    return expected


class _Notes(urllib.request.HTTPRedirectHandler):
    """Follows redirects and keeps the SHA-256 that the hub sends along with the first one."""

    def __init__(self) -> None:
        self.sha256 = ""

    def redirect_request(
        self, req: urllib.request.Request, fp: IO[bytes], code: int, msg: str, headers: Any, newurl: str
    ) -> urllib.request.Request | None:
        """The next request; remembers ``X-Linked-Etag``."""
        self.sha256 = self.sha256 or _etag_sha256(headers)
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def _etag_sha256(headers: Any) -> str:
    etag = str(headers.get("X-Linked-Etag") or headers.get("ETag") or "").removeprefix("W/").strip('"').lower()
    return etag if _SHA256.fullmatch(etag) else ""


def _extent(response: Any, have: int) -> tuple[int, int | None]:
    """Where the body starts in the file, and the file's length where it is known."""
    said = _RANGE.match(response.headers.get("Content-Range") or "")
    if response.status == 206 and said and int(said[1]) == have:
        return have, int(said[2])
    length = response.headers.get("Content-Length")
    return 0, int(length) if length and length.isdigit() else None


def _copy(response: Any, out: IO[bytes], done: int, total: int | None, progress: Progress | None) -> None:
    while chunk := response.read(_CHUNK):
        out.write(chunk)
        done += len(chunk)
        if progress is not None:
            progress(done, total)
    out.flush()
    os.fsync(out.fileno())


def _network_error(error: Exception, model: str, url: str) -> ProviderError | NotFoundError:
    place = {"url": url}
    if isinstance(error, urllib.error.HTTPError):
        error.close()
        if error.code in (401, 403):
            return AuthError(
                f"the hub refuses {model} (HTTP {error.code})",
                status=error.code,
                place=place,
                fix="accept the model's terms on the hub and set HF_TOKEN; a misspelt name is answered like this too",
            )
        if error.code in (404, 410):
            return NotFoundError(f"the hub has no file {model}", place=place, fix="write org/repo/file.gguf")
        if error.code == 429:
            return RateLimitError("the hub answered HTTP 429: too many requests", status=429, place=place)
        return ServerError(f"the hub answered HTTP {error.code} for {model}", status=error.code, place=place)
    reason = getattr(error, "reason", None) or error
    return UnreachableError(
        f"the download of {model} broke: {type(error).__name__}: {reason}",
        place=place,
        fix="run the command again; it goes on where it stopped",
    )
