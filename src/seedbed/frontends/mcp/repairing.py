"""Messages that came in broken: half characters are replaced, and whoever sent something unreadable is told so.

Models write lone halves of surrogate pairs, and some clients pass them on as escapes that no strict reader of JSON
takes. Such a message would get no answer at all, and the client would wait for ever.
"""

from __future__ import annotations

import contextvars
import re
from types import TracebackType
from typing import TYPE_CHECKING, Any

import anyio
import mcp_types as types
from mcp.shared.message import SessionMessage
from pydantic import ValidationError

if TYPE_CHECKING:
    from mcp.shared._stream_protocols import ReadStream, WriteStream

_ESCAPES = re.compile(
    r"(?P<fine>\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|\\(?!u[dD][89a-fA-F]).)"
    r"|\\u[dD][89a-fA-F][0-9a-fA-F]{2}",
    re.S,
)
"""Escapes from left to right, so that an escaped backslash before a u is seen as such."""


class Repaired:
    """A stream of incoming messages with the broken ones repaired or answered.

    Args:
        incoming: messages, and what was wrong with lines that are none.
        outgoing: where answers go.
    """

    def __init__(self, incoming: ReadStream[SessionMessage | Exception], outgoing: WriteStream[SessionMessage]) -> None:
        self._incoming, self._outgoing = incoming, outgoing

    @property
    def last_context(self) -> contextvars.Context | None:
        """The sender's context of the last message."""
        found: contextvars.Context | None = getattr(self._incoming, "last_context", None)
        return found

    async def receive(self) -> SessionMessage | Exception:
        """The next message."""
        item = await self._incoming.receive()
        if not isinstance(item, ValidationError):
            return item
        told = _told(item)
        try:
            if isinstance(told, str):
                whole = whole_characters(told)
                return SessionMessage(types.jsonrpc_message_adapter.validate_json(whole, by_name=False))
        except ValidationError as error:
            told = _told(error)
        if told != "":
            await self._outgoing.send(SessionMessage(_answer(told)))
        return item

    async def aclose(self) -> None:
        """Close the stream."""
        await self._incoming.aclose()

    def __aiter__(self) -> Repaired:
        return self

    async def __anext__(self) -> SessionMessage | Exception:
        try:
            return await self.receive()
        except anyio.EndOfStream:
            raise StopAsyncIteration from None

    async def __aenter__(self) -> Repaired:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()


def whole_characters(line: str) -> str:
    """JSON text in which escapes of lone halves of surrogate pairs are escapes of U+FFFD; pairs stay as they are."""
    return _ESCAPES.sub(lambda found: found[0] if found["fine"] else "\\ufffd", line)


def _told(error: ValidationError) -> Any:
    """What could not be read: the line where it is not JSON, else the object that is no message, if it is one."""
    found = error.errors(include_url=False, include_context=False)
    if found[0]["type"] == "json_invalid":
        return str(found[0]["input"]).strip()
    return next((e["input"] for e in found if e["type"] == "missing" and isinstance(e["input"], dict)), None)


def _answer(told: Any) -> types.JSONRPCError:
    """Says that a line could not be read, under its id where that can be seen."""
    request_id = told.get("id") if isinstance(told, dict) else None
    known = request_id if isinstance(request_id, int | str) and not isinstance(request_id, bool) else None
    code, message = types.INVALID_REQUEST, "not a JSON-RPC message"
    if isinstance(told, str):
        code, message = types.PARSE_ERROR, "not JSON"
    return types.JSONRPCError(jsonrpc="2.0", id=known, error=types.ErrorData(code=code, message=message))
