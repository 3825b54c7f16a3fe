"""The HTTP client: caps, loops, connections, and words that go wrong."""

from __future__ import annotations

import asyncio
import gzip
import json

import pytest

from seedbed.core.errors import BadRequestError, MalformedReplyError
from seedbed.providers.http import HttpClient, is_loopback, proxy_for, shown_url
from testkit.canned import Canned, CannedServer


def post(*answers, body=None, times=1):
    async def go():
        async with CannedServer(*answers) as server:
            client = HttpClient("x", server.url, headers={})
            try:
                for _ in range(times):
                    _, data = await client.post("/p", body or {})
            finally:
                await client.aclose()
            return data, server

    return asyncio.run(go())


def test_unicode_goes_out_as_utf8_and_lone_surrogates_as_question_marks():
    _, server = post(Canned({}), body={"a": "☃\ud800", "b": "\x00"})
    assert server.seen[0].json == {"a": "☃?", "b": "\x00"}


def test_connections_are_kept_alive():
    async def go():
        peers = set()

        async def serve(reader, writer):
            peers.add(writer.get_extra_info("peername"))
            while await reader.readline():
                while (await reader.readline()) != b"\r\n":
                    pass
                await reader.readexactly(2)
                writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}")
            writer.close()

        server = await asyncio.start_server(serve, "127.0.0.1", 0)
        client = HttpClient("x", f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}", headers={})
        for _ in range(5):
            await client.post("/p", {})
        await client.aclose()
        server.close()
        return peers

    assert len(asyncio.run(go())) == 1


def test_a_small_body_that_unpacks_to_a_huge_one_is_cut_off(monkeypatch):
    monkeypatch.setattr("seedbed.providers.http.MAX_BODY_BYTES", 50_000)
    packed = gzip.compress(json.dumps({"a": "x" * 1_000_000}).encode())
    assert len(packed) < 50_000
    with pytest.raises(MalformedReplyError, match="more than"):
        post(Canned(packed, headers={"content-encoding": "gzip"}))


def test_a_packed_body_is_unpacked():
    assert post(Canned(gzip.compress(b'{"a": 1}'), headers={"content-encoding": "gzip"}))[0] == {"a": 1}


def test_a_redirect_is_not_followed():
    with pytest.raises(BadRequestError) as caught:
        post(Canned(status=302, headers={"location": "http://127.0.0.1:9/"}))
    assert "base_url" in caught.value.fix


def test_it_works_on_one_event_loop_after_another():
    client = HttpClient("x", "http://127.0.0.1:1", headers={})

    async def go():
        async with CannedServer(Canned({"ok": 1})) as server:
            client.base_url = server.url
            _, data = await client.post("/p", {})
            await client.aclose()
            return data

    assert [asyncio.run(go()), asyncio.run(go())] == [{"ok": 1}] * 2


def test_closing_before_use_is_fine():
    asyncio.run(HttpClient("x", "http://127.0.0.1:1", headers={}).aclose())


def test_urls_are_shown_without_their_secrets():
    assert shown_url("https://user:pw@h.example.org:8/v1/?key=secret#x") == "https://h.example.org:8/v1"


@pytest.mark.parametrize(
    ("url", "here"),
    [
        ("http://localhost:1", True),
        ("http://127.0.0.53", True),
        ("http://[::1]:8", True),
        ("http://127.0.0.1.example.org", False),
        ("https://example.org", False),
    ],
)
def test_loopback_is_recognised(url, here):
    assert is_loopback(url) is here


@pytest.mark.parametrize(
    ("environ", "proxy"),
    [
        ({}, None),
        ({"https_proxy": "http://p:1"}, "http://p:1"),
        ({"ALL_PROXY": "p:1"}, "http://p:1"),
        ({"https_proxy": "p", "no_proxy": "other.org, .example.org"}, None),
        ({"https_proxy": "p", "no_proxy": "*"}, None),
        ({"https_proxy": "p", "no_proxy": "ample.org"}, "http://p"),
        ({"http_proxy": "p"}, None),
    ],
)
def test_proxies_come_from_the_environment_given(environ, proxy):
    assert proxy_for("https://api.example.org/v1", environ) == proxy
