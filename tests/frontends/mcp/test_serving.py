"""The command, with its process, its streams and its port."""

from __future__ import annotations

import http.client
import json
import signal
import stat
import subprocess
import sys
from contextlib import contextmanager
from urllib.parse import urlsplit

import pytest
from mcp import Client

from testkit.agents import COMMAND, call, http_server, named, over_http, run, stdio
from testkit.bounds import PATIENCE_S
from testkit.cli import seedbed
from testkit.projects import FACTS, row

HELLO = {
    "jsonrpc": "2.0", "id": 1, "method": "initialize",
    "params": {"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": {"name": "raw", "version": "1"}},
}  # fmt: skip
READY = {"jsonrpc": "2.0", "method": "notifications/initialized"}


def asks(tool, number=2, **arguments):
    """A line that calls a tool."""
    params = {"name": tool, "arguments": arguments}
    return {"jsonrpc": "2.0", "id": number, "method": "tools/call", "params": params}


@contextmanager
def raw(folder, *options):
    """``seedbed mcp`` with its plain streams, after the handshake: the process, what sends and what reads."""
    process = subprocess.Popen(
        [*COMMAND, "mcp", *options], cwd=folder,
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip

    def send(message):
        line = message if isinstance(message, bytes) else json.dumps(message).encode()
        process.stdin.write(line + b"\n")
        process.stdin.flush()

    def read():
        return json.loads(process.stdout.readline())

    try:
        send(HELLO)
        assert read()["result"]["serverInfo"]["name"] == "seedbed"
        send(READY)
        yield process, send, read
    finally:
        process.kill()
        process.communicate(timeout=PATIENCE_S)


def test_half_a_character_in_a_request_is_answered(project):
    line = json.dumps(asks("submit", rows=[row(0, answer="a X b")])).replace("X", r"\ud83d").encode()
    with raw(project) as (_, send, read):
        send(line)
        result = read()["result"]["structuredContent"]["results"][0]
    entry = seedbed("show", result["id"]).json
    assert entry["content"]["answer"] == "a \N{REPLACEMENT CHARACTER} b"


def test_lines_that_are_no_messages_are_answered_and_the_server_goes_on(project):
    with raw(project) as (_, send, read):
        send(b"no JSON at all")
        assert read()["error"]["code"] == -32700
        send({"jsonrpc": "2.0", "id": 5, "method": 7})
        answer = read()
        assert (answer["id"], answer["error"]["code"]) == (5, -32600)
        send(b"\xff\xfe broken bytes")
        assert read()["error"]["code"] == -32700
        send(asks("report"))
        assert read()["result"]["structuredContent"]["kind"] == "qa"


def test_nothing_but_messages_goes_to_stdout(project):
    with raw(project) as (process, send, read):
        send(asks("submit", rows=[row(i) for i in range(len(FACTS))]))
        assert read()["id"] == 2
        out, err = process.communicate(timeout=PATIENCE_S)
    assert (out, err, process.returncode) == (b"", b"", 0)


@pytest.mark.skipif(sys.platform == "win32", reason="signals are POSIX's")
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_gives_leases_back(project, number):
    with raw(project) as (process, send, read):
        send(asks("next", n=3))
        assert read()["result"]["structuredContent"]["leases"]
        assert seedbed("next", "--list").json["leases"]
        process.send_signal(number)
        assert process.wait(PATIENCE_S) == -number
    assert seedbed("next", "--list").json["leases"] == []


def test_a_client_that_hangs_up_gives_its_leases_back(project):
    async def work():
        async with Client(stdio(project), client_info=named("gone")) as client:
            return (await call(client, "next", n=2))["leases"]

    assert run(work())
    assert seedbed("next", "--list").json["leases"] == []


def test_a_session_over_http_that_ends_gives_its_leases_back(project):
    async def work(url, token):
        async with over_http(url, token, name="stays") as stays:
            kept = (await call(stays, "next", n=1))["leases"]
            async with over_http(url, token, name="goes", mode="legacy") as goes:
                assert (await call(goes, "next", n=1))["leases"]
            return kept, seedbed("next", "--list").json["leases"]

    with http_server(project) as (url, line):
        kept, left = run(work(url, line.removeprefix("token: ")))
        assert [lease["lease"] for lease in left] == [kept[0]["lease"]]
    assert seedbed("next", "--list").json["leases"] == []


def test_a_token_file_is_used_and_nothing_is_shown(project):
    async def work(url, token):
        async with over_http(url, token) as client:
            return (await call(client, "report"))["entries"]

    with http_server(project, "--token-file", "token", "--read-only") as (url, line):
        path = project / "token"
        token = path.read_text().strip()
        assert line == "token in: token" and token not in url
        assert sys.platform == "win32" or stat.S_IMODE(path.stat().st_mode) == 0o600
        assert run(work(url, token)) == 0


@pytest.mark.parametrize(
    ("changed", "status", "code"),
    [
        ({"Authorization": None}, 401, "unauthorized"),
        ({"Authorization": "Bearer wrong"}, 401, "unauthorized"),
        ({"Host": "rebound.example"}, 403, "foreign_host"),
        ({"Origin": "https://page.example"}, 403, "foreign_origin"),
        ({}, 200, None),
    ],
    ids=["no token", "wrong token", "foreign host", "foreign origin", "all right"],
)
def test_who_may_not_come_in_stays_out(server, changed, status, code):
    url, token = server
    headers = {
        "Host": url.netloc,
        "Authorization": f"Bearer {token}",
        "Content-Type": "application/json",
        "Accept": "application/json, text/event-stream",
    } | changed
    connection = http.client.HTTPConnection(url.hostname, url.port, timeout=PATIENCE_S)
    try:
        connection.putrequest("POST", url.path, skip_host=True)
        body = json.dumps(HELLO).encode()
        for name, value in {**headers, "Content-Length": len(body)}.items():
            if value is not None:
                connection.putheader(name, value)
        connection.endheaders(body)
        answer = connection.getresponse()
        assert answer.status == status
        text = answer.read().decode()
        assert code is None or json.loads(text)["error"] == code
    finally:
        connection.close()


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    """A server over HTTP: its URL, parsed, and its token."""
    folder = tmp_path_factory.mktemp("server")
    subprocess.run([*COMMAND, "init", "."], cwd=folder, check=True, capture_output=True)
    with http_server(folder) as (url, line):
        yield urlsplit(url), line.removeprefix("token: ")


@pytest.mark.parametrize(
    ("options", "code"),
    [
        (("--http", "0.0.0.0:8765"), "not_loopback"),
        (("--http", "here"), "invalid_address"),
        (("--token-file", "token"), "usage"),
    ],
)
def test_wrong_options_are_refused(project, options, code):
    done = seedbed("mcp", *options)
    assert (done.status, done.error["error"], done.out) == (2, code, "")


def test_a_port_that_is_taken_is_refused(project, server):
    url, _ = server
    done = seedbed("mcp", "--http", url.port)
    assert (done.status, done.error["error"]) == (2, "address_in_use")


def test_a_missing_dataset_is_said_before_anything_is_served(tmp_path):
    done = subprocess.run([*COMMAND, "mcp"], cwd=tmp_path, stdin=subprocess.DEVNULL, capture_output=True, check=False)
    assert done.returncode == 3
    assert (done.stdout, json.loads(done.stderr)["error"]) == (b"", "no_dataset")


def test_a_missing_extra_is_named(project, monkeypatch):
    import seedbed.frontends.cli.mcp as command

    monkeypatch.setattr(command, "find_spec", lambda name: None)
    done = seedbed("mcp")
    assert (done.error["error"], done.error["fix"]) == ("missing_extra", 'pip install "seedbed[mcp]"')
