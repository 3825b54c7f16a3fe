from __future__ import annotations

import asyncio
import json
import os
import stat

import pytest

from seedbed.core.errors import InputError, ReadOnlyError
from seedbed.frontends.mcp.auth import Guard, kept_token, new_token, parse_address

TOKEN = "t" * 40
GOOD = {"host": "127.0.0.1:8765", "authorization": f"Bearer {TOKEN}"}


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("8765", ("127.0.0.1", 8765)),
        (":0", ("127.0.0.1", 0)),
        ("localhost:80", ("127.0.0.1", 80)),
        ("127.0.0.2:80", ("127.0.0.2", 80)),
        ("[::1]:80", ("::1", 80)),
    ],
)
def test_loopback_addresses_are_taken(text, address):
    assert parse_address(text) == address


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("0.0.0.0:80", "not_loopback"),
        ("[::]:80", "not_loopback"),
        ("192.168.1.5:80", "not_loopback"),
        ("example:80", "not_loopback"),
        ("127.0.0.1.example:80", "not_loopback"),
        ("port", "invalid_address"),
        ("127.0.0.1:", "invalid_address"),
        ("70000", "invalid_address"),
        ("٣", "invalid_address"),
    ],
)
def test_other_addresses_are_refused(text, code):
    with pytest.raises(InputError) as caught:
        parse_address(text)
    assert caught.value.stable_code == code


def test_tokens_are_random_and_long():
    tokens = {new_token() for _ in range(100)}
    assert len(tokens) == 100 and min(map(len, tokens)) >= 40


def test_a_token_file_is_the_owners_alone_and_kept(tmp_path):
    path = tmp_path / "token"
    token = kept_token(path)
    assert path.read_text() == f"{token}\n"
    assert os.name != "posix" or stat.S_IMODE(path.stat().st_mode) == 0o600
    assert kept_token(path) == token


@pytest.mark.skipif(os.name != "posix", reason="modes are POSIX's")
def test_a_token_that_others_can_read_is_refused(tmp_path):
    path = tmp_path / "token"
    kept_token(path)
    path.chmod(0o640)
    with pytest.raises(InputError) as caught:
        kept_token(path)
    assert (caught.value.stable_code, caught.value.fix) == ("unsafe_token_file", f"chmod 600 {path}")


@pytest.mark.parametrize("text", ["", "short", "twenty characters\nand more", "ü" * 30, "\x00" * 30])
def test_a_file_without_a_token_is_refused(tmp_path, text):
    path = tmp_path / "token"
    path.write_text(text, encoding="utf-8")
    path.chmod(0o600)
    with pytest.raises(InputError) as caught:
        kept_token(path)
    assert caught.value.stable_code == "invalid_token_file"


def test_a_token_file_needs_a_folder(tmp_path):
    with pytest.raises(ReadOnlyError):
        kept_token(tmp_path / "no" / "token")


def answer(headers, *, port=8765, method="POST", kind="http"):
    """Status and body that a request gets; 200 where it passed, and session ids that were left."""
    sent, left = [], []

    async def app(scope, receive, send):
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"{}"})

    async def send(message):
        sent.append(message)

    async def leave(session):
        left.append(session)

    pairs = headers.items() if isinstance(headers, dict) else headers
    scope = {"type": kind, "method": method, "headers": [(k.encode(), v.encode()) for k, v in pairs]}
    asyncio.run(Guard(app, token=TOKEN, port=port, left=leave)(scope, None, send))
    return sent[0]["status"], json.loads(sent[1]["body"]).get("error"), left


def test_our_own_host_with_the_token_passes():
    assert answer(GOOD) == (200, None, [])
    assert answer(GOOD | {"host": "LOCALHOST:8765", "authorization": f"bearer  {TOKEN}"})[0] == 200
    assert answer(GOOD | {"origin": "http://localhost:8765"})[0] == 200
    assert answer(GOOD | {"host": "[::1]"}, port=80)[0] == 200


@pytest.mark.parametrize(
    ("changed", "status", "code"),
    [
        ({"authorization": ""}, 401, "unauthorized"),
        ({"authorization": TOKEN}, 401, "unauthorized"),
        ({"authorization": f"Basic {TOKEN}"}, 401, "unauthorized"),
        ({"authorization": f"Bearer {TOKEN[:-1]}"}, 401, "unauthorized"),
        ({"authorization": "Bearer ü"}, 401, "unauthorized"),
        ({"host": "evil.example:8765"}, 403, "foreign_host"),
        ({"host": "127.0.0.1"}, 403, "foreign_host"),
        ({"host": "127.0.0.1:8766"}, 403, "foreign_host"),
        ({"host": "127.0.0.1:8765.evil.example"}, 403, "foreign_host"),
        ({"origin": "https://evil.example"}, 403, "foreign_origin"),
        ({"origin": "null"}, 403, "foreign_origin"),
        ({"origin": "http://127.0.0.1:9999"}, 403, "foreign_origin"),
    ],
)
def test_other_requests_end_here(changed, status, code):
    assert answer(GOOD | changed)[:2] == (status, code)


@pytest.mark.parametrize("twice", ["host", "authorization"])
def test_headers_given_twice_are_refused(twice):
    status, _, _ = answer([*GOOD.items(), (twice, GOOD[twice])])
    assert status == (403 if twice == "host" else 401)


def test_a_missing_host_is_refused():
    assert answer({"authorization": GOOD["authorization"]})[0] == 403


def test_a_session_that_its_client_ends_is_left():
    assert answer(GOOD | {"mcp-session-id": "abc"}, method="DELETE")[2] == ["abc"]
    assert answer(GOOD | {"mcp-session-id": "abc"})[2] == []
    refused = GOOD | {"mcp-session-id": "abc", "authorization": "Bearer no"}
    assert answer(refused, method="DELETE")[2] == []


def test_only_http_is_served():
    with pytest.raises(RuntimeError, match="websocket"):
        answer(GOOD, kind="websocket")
