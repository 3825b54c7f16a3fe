"""A real HTTP server on loopback that answers with what a test hands it, byte for byte, and keeps what it was sent."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass, field


@dataclass
class Canned:
    """One scripted answer.

    Attributes:
        body: JSON value, or raw bytes.
        status, headers: of the answer.
        cut: send only this many bytes of the body, then drop the connection.
        delay_s: wait before answering.
        drop: close the connection without answering at all.
    """

    body: object = b""
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    cut: int | None = None
    delay_s: float = 0.0
    drop: bool = False


@dataclass
class Seen:
    """One request as it arrived."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def json(self):
        return json.loads(self.body)


class CannedServer:
    """Answers requests with ``answers`` in order, the last one for ever; used as ``async with``."""

    def __init__(self, *answers: Canned) -> None:
        self.answers = list(answers)
        self.seen: list[Seen] = []
        self.url = ""

    async def __aenter__(self) -> CannedServer:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.url = f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while await self._one(reader, writer):
                pass
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    async def _one(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        method, path, _ = head[0].split(" ", 2)
        headers = {k.lower(): v.strip() for k, _, v in (line.partition(":") for line in head[1:] if line)}
        body = await reader.readexactly(int(headers.get("content-length", 0)))
        self.seen.append(Seen(method, path, headers, body))
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if answer.delay_s:
            await asyncio.sleep(answer.delay_s)
        if answer.drop:
            return False
        raw = answer.body if isinstance(answer.body, bytes) else json.dumps(answer.body).encode()
        lines = {"content-type": "application/json", "content-length": str(len(raw)), **answer.headers}
        text = "".join(f"{k}: {v}\r\n" for k, v in lines.items())
        writer.write(f"HTTP/1.1 {answer.status} X\r\n{text}\r\n".encode() + raw[: answer.cut])
        await writer.drain()
        return answer.cut is None
