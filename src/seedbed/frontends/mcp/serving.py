"""How messages come and go: standard input and output, or HTTP on a loopback address."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import socket
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager

import uvicorn
from mcp.server.stdio import stdio_server
from mcp.server.transport_security import TransportSecuritySettings

from seedbed.core.errors import InputError
from seedbed.frontends.mcp.auth import Guard
from seedbed.frontends.mcp.desk import Desk
from seedbed.frontends.mcp.repairing import Repaired
from seedbed.frontends.mcp.server import SeedbedServer, session_name

PATH = "/mcp"
MOST_BODY = 64 << 20
"""Bytes of one request over HTTP."""

SIGNALS = (signal.SIGINT, signal.SIGTERM)


async def serve_stdio(desk: Desk, *, actor: str | None = None) -> None:
    """Serve one client over standard input and output until it closes them."""
    async with desk:
        app = SeedbedServer(desk, actor=actor).app
        async with _leaving_on_signals(desk), stdio_server() as (incoming, outgoing):
            await app.run(Repaired(incoming, outgoing), outgoing, app.create_initialization_options())


async def serve_http(
    desk: Desk, address: tuple[str, int], token: str, *, actor: str | None = None, ready: Callable[[str], None]
) -> None:
    """Serve clients over HTTP until the process is told to stop.

    Args:
        desk: not open yet.
        address: loopback host and port; 0 is any.
        token: what clients have to send.
        actor: who everybody is; default each client's own name.
        ready: told the URL when connections are taken.

    Raises:
        InputError: nothing can listen there (``address_in_use``).
    """
    listening = _listen(*address)
    host, port = listening.getsockname()[:2]
    async with desk:
        inner = SeedbedServer(desk, actor=actor).app.streamable_http_app(
            streamable_http_path=PATH,
            max_request_body_size=MOST_BODY,
            transport_security=TransportSecuritySettings(enable_dns_rebinding_protection=False),  # Guard does it
        )
        guard = Guard(inner, token=token, port=port, left=lambda session: desk.leave(session_name(session)))
        server = _Server(
            uvicorn.Config(
                guard, lifespan="on", log_config=None, log_level="warning", access_log=False, ws="none",
                server_header=False, timeout_graceful_shutdown=3,
            )
        )  # fmt: skip
        ready(f"http://{f'[{host}]' if ':' in host else host}:{port}{PATH}")
        with _stopping(server):
            await server.serve(sockets=[listening])


class _Server(uvicorn.Server):
    """Leaves signals to us: uvicorn raises them again when it is done, before leases were given back."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


@contextmanager
def _stopping(server: uvicorn.Server) -> Iterator[None]:
    """A signal ends the server in order; a second one at once."""
    loop = asyncio.get_running_loop()

    def stop() -> None:
        server.force_exit = server.should_exit
        server.should_exit = True

    with contextlib.suppress(NotImplementedError):  # Windows
        for number in SIGNALS:
            loop.add_signal_handler(number, stop)
    yield


@asynccontextmanager
async def _leaving_on_signals(desk: Desk) -> AsyncIterator[None]:
    """A signal closes the desk and then does what it always does.

    A thread is reading standard input and cannot be interrupted, so the loop cannot just be left.
    """
    loop = asyncio.get_running_loop()
    leaving: set[asyncio.Task[None]] = set()

    async def leave(number: signal.Signals) -> None:
        await desk.close()
        signal.signal(number, signal.SIG_DFL)
        os.kill(os.getpid(), number)

    def begin(number: signal.Signals) -> None:
        leaving.add(loop.create_task(leave(number)))

    with contextlib.suppress(NotImplementedError):  # Windows
        for number in SIGNALS:
            loop.add_signal_handler(number, begin, number)
    yield


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # asyncio switches Nagle's delay off, 40 ms a call, only where the protocol is said.
    listening = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind((host, port))
        listening.listen(128)
    except OSError as error:
        listening.close()
        raise InputError(
            f"cannot listen on {host}:{port}: {error.strerror}",
            place={"address": f"{host}:{port}"},
            fix="choose another port, or 0 for any",
            code="address_in_use",
        ) from error
    return listening
