"""Who may talk to the server over HTTP: this machine alone, with the token."""

from __future__ import annotations

import hmac
import ipaddress
import json
import os
import secrets
from collections.abc import Awaitable, Callable, MutableMapping
from pathlib import Path
from typing import Any

from seedbed.core.errors import InputError, ReadOnlyError

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

DEFAULT_HOST = "127.0.0.1"
MOST_TOKEN = 4_096
LEAST_TOKEN = 16


def parse_address(text: str) -> tuple[str, int]:
    """Host and port of ``[HOST:]PORT``; the host is a loopback address, the port may be 0 for any.

    Raises:
        InputError: it is no address (``invalid_address``), or others could reach it (``not_loopback``).
    """
    host, _, port = text.rpartition(":")
    host = host.removeprefix("[").removesuffix("]") or DEFAULT_HOST
    if not port.isascii() or not port.isdigit() or int(port) > 65_535:
        raise InputError(f"{text!r} is no address", fix="write PORT or HOST:PORT, e.g. 8765", code="invalid_address")
    host = DEFAULT_HOST if host == "localhost" else host
    try:
        loopback = ipaddress.ip_address(host).is_loopback
    except ValueError:
        loopback = False
    if not loopback:
        raise InputError(
            f"{host} is not this machine alone",
            fix=f"listen on {DEFAULT_HOST}; for other machines use a tunnel such as ssh -L",
            code="not_loopback",
        )
    return host, int(port)


def new_token() -> str:
    """A random token."""
    return secrets.token_urlsafe(32)


def kept_token(path: Path) -> str:
    """The token in a file, which is made with a random one, readable by its owner alone, when it is not there.

    Raises:
        InputError: others can read it, or it holds no token (``unsafe_token_file``, ``invalid_token_file``).
        ReadOnlyError: it cannot be written.
    """
    place = {"file": str(path)}
    token = new_token()
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return _read_token(path)
    except OSError as error:
        raise ReadOnlyError(f"cannot write {path}: {error.strerror}", place=place) from error
    with os.fdopen(handle, "w", encoding="ascii") as file:
        file.write(f"{token}\n")
    return token


def _read_token(path: Path) -> str:
    place = {"file": str(path)}
    try:
        if os.name == "posix" and path.stat().st_mode & 0o077:
            raise InputError(f"others can read {path}", place=place, fix=f"chmod 600 {path}", code="unsafe_token_file")
        token = path.read_bytes()[:MOST_TOKEN].decode("ascii", "replace").strip()
    except OSError as error:
        raise InputError(f"cannot read {path}: {error.strerror}", place=place, code="invalid_token_file") from error
    if len(token) < LEAST_TOKEN or not token.isprintable() or not token.isascii():
        raise InputError(
            f"{path} holds no token of {LEAST_TOKEN} characters or more",
            place=place,
            fix="remove the file and a new one is made",
            code="invalid_token_file",
        )
    return token


class Guard:
    """ASGI middleware: a request passes with our own Host, no foreign Origin and the token.

    A web page that a name was rebound for sends its own name as Host, and any page sends its Origin: both end here,
    before the token is looked at.

    Args:
        app: what is guarded.
        token: as in ``Authorization: Bearer TOKEN``; compared in constant time.
        port: where it listens.
        left: told the session id of a client that ends its session.
    """

    def __init__(self, app: App, *, token: str, port: int, left: Callable[[str], Awaitable[object]]) -> None:
        self._app, self._token, self._left = app, token.encode(), left
        names = ("127.0.0.1", "localhost", "[::1]")
        self._hosts = {f"{name}:{port}" for name in names} | (set(names) if port == 80 else set())
        self._origins = {f"http://{host}" for host in self._hosts}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or pass it on."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        if scope["type"] != "http":
            raise RuntimeError(f"cannot serve {scope['type']}")
        headers: dict[str, list[str]] = {}
        for name, value in scope["headers"]:
            headers.setdefault(name.decode("latin-1").lower(), []).append(value.decode("latin-1"))
        refusal = self._refusal(headers)
        if refusal is not None:
            await _refuse(send, *refusal)
            return
        session = headers.get("mcp-session-id")
        if scope["method"] == "DELETE" and session is not None:
            await self._left(session[0])  # before the answer: then it has happened
        await self._app(scope, receive, send)

    def _refusal(self, headers: dict[str, list[str]]) -> tuple[int, str, str] | None:
        """Status, code and sentence of what is wrong with a request, or ``None``."""
        hosts, origins = headers.get("host", []), headers.get("origin", [])
        if len(hosts) != 1 or hosts[0].lower() not in self._hosts:
            return 403, "foreign_host", "this server answers to its loopback address alone"
        if any(origin.lower() not in self._origins for origin in origins):
            return 403, "foreign_origin", "pages of other origins may not use this server"
        given = headers.get("authorization", [])
        scheme, _, token = given[0].partition(" ") if len(given) == 1 else ("", "", "")
        if scheme.lower() != "bearer" or not hmac.compare_digest(token.strip().encode(), self._token):
            return 401, "unauthorized", "send the server's token: Authorization: Bearer TOKEN"
        return None


async def _refuse(send: Send, status: int, code: str, message: str) -> None:
    body = json.dumps({"error": code, "message": message}).encode()
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    if status == 401:
        headers.append((b"www-authenticate", b"Bearer"))
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
