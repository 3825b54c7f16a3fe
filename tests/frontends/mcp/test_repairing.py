from __future__ import annotations

import asyncio
import json

import anyio
import mcp_types as types
import pytest
from mcp.shared.message import SessionMessage

from seedbed.frontends.mcp.repairing import Repaired, whole_characters


@pytest.mark.parametrize(
    ("line", "whole"),
    [
        (r'"\ud83d\ude00"', r'"\ud83d\ude00"'),
        (r'"\uD83D\uDE00\ud83d"', r'"\uD83D\uDE00\ufffd"'),
        (r'"\ud83d x"', r'"\ufffd x"'),
        (r'"\ude00\ud83d"', r'"\ufffd\ufffd"'),
        (r'"\ud83d\ud83d\ude00"', r'"\ufffd\ud83d\ude00"'),
        (r'"\\ud83d"', r'"\\ud83d"'),
        (r'"\\\ud83d"', r'"\\\ufffd"'),
        (r'"\n\u00e9\"\ud83d"', r'"\n\u00e9\"\ufffd"'),
        ('"é😀"', '"é😀"'),
    ],
)
def test_lone_halves_become_the_replacement_character(line, whole):
    assert whole_characters(line) == whole
    json.loads(whole).encode()


def broken(line):
    """What the SDK hands on for a line it cannot read."""
    try:
        return SessionMessage(types.jsonrpc_message_adapter.validate_json(line, by_name=False))
    except ValueError as error:
        return error


def received(*lines):
    """(what comes in, what is answered) for lines."""

    async def work():
        into, incoming = anyio.create_memory_object_stream(len(lines))
        outgoing, answers = anyio.create_memory_object_stream(len(lines))
        for line in lines:
            await into.send(broken(line))
        into.close()
        async with Repaired(incoming, outgoing) as stream:
            items = [item async for item in stream]
        outgoing.close()
        async with answers:
            told = [a.message.model_dump(by_alias=True) async for a in answers]
        return items, told

    return asyncio.run(work())


def test_a_message_with_half_a_character_comes_through():
    line = r'{"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": "a \ud83d b"}}'
    items, answers = received(line)
    assert items[0].message.params == {"name": "a � b"}
    assert answers == []


@pytest.mark.parametrize(
    ("line", "request_id", "code"),
    [
        ('{"jsonrpc": "2.0", "id": 7, "method": ["no"]}', 7, types.INVALID_REQUEST),
        ('{"id": "a", "what": 1}', "a", types.INVALID_REQUEST),
        ('{"id": true, "what": 1}', None, types.INVALID_REQUEST),
        ("not JSON", None, types.PARSE_ERROR),
        ("[" * 5_000, None, types.PARSE_ERROR),
    ],
)
def test_who_sends_no_message_is_told_so(line, request_id, code):
    items, answers = received(line)
    assert isinstance(items[0], ValueError)
    assert [(a["id"], a["error"]["code"]) for a in answers] == [(request_id, code)]


def test_an_empty_line_is_nothing():
    assert received("\n")[1] == []
