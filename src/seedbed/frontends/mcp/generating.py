"""The tool that runs a recipe: capped, telling how far it is, and stopped when the client cancels."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal

import anyio
from pydantic import Field

from seedbed.core.errors import BusyError, InputError, ReadOnlyError
from seedbed.frontends.mcp import results
from seedbed.frontends.mcp.desk import Caller
from seedbed.frontends.mcp.tool import Arguments, Call, Names, Object, Tool

if TYPE_CHECKING:
    from seedbed.engine.run import RunSummary
    from seedbed.frontends.mcp.desk import Desk

MOST_ENTRIES = 1_000
"""Entries that one call may ask for."""

MOST_CALLS = 5_000
"""Calls of models that one call may cost."""

PACE_S = 0.5
"""Seconds between two messages about progress."""

KEPT = frozenset(results.Generated.__annotations__)


class GenerateArguments(Arguments):
    """Arguments of ``generate``."""

    recipe: str = Field(description="E.g. instruct (from the topic tree) or qa (from sources).")
    sources: Names = Field(default_factory=list, description="Files, folders or globs to read, where it needs them.")
    add: int | None = Field(None, ge=1, le=MOST_ENTRIES, description="Accepted entries wanted on top of what is there.")
    target: int | None = Field(None, ge=1, description="Accepted entries wanted in all (under topic, if given).")
    max_calls: int = Field(100, ge=1, le=MOST_CALLS, description="Most calls of models; the run ends there.")
    max_cost: float | None = Field(None, gt=0, description="Most money to spend, USD.")
    topic: str | None = Field(None, description="Only this topic path and below.")
    model: str | None = Field(None, description="Writer as provider:model; default as configured.")
    judge: bool = Field(False, description="Score every entry that passes the other checks.")
    strategy: Literal["auto", "naive", "coverage", "evidence"] = Field("auto", description="How jobs are steered.")
    roles: Object = Field(default_factory=dict, description="Role → provider:model, e.g. of the judge.")


class Run:
    """One generation on a thread and a dataset handle of its own; tells the server's loop what happens.

    Args:
        desk: whose dataset.
        asked: the arguments.
        caller: who asks, for the history.
    """

    def __init__(self, desk: Desk, asked: GenerateArguments, caller: Caller) -> None:
        self._desk, self._asked, self._caller = desk, asked, caller
        self._server = asyncio.get_running_loop()
        self._news = asyncio.Event()
        self._told: Mapping[str, Any] = {}
        self._finished = 0
        self._inside: tuple[asyncio.AbstractEventLoop, asyncio.Task[Any]] | None = None
        self._stopped = False

    def work(self) -> RunSummary | None:
        """Run the recipe to its end, on this thread; ``None`` when it was stopped before it began."""
        with contextlib.suppress(asyncio.CancelledError):
            return asyncio.run(self._work())
        return None

    async def _work(self) -> RunSummary | None:
        task = asyncio.current_task()
        assert task is not None
        self._inside = asyncio.get_running_loop(), task
        if self._stopped:
            return None
        options = self._asked.model_dump(exclude={"recipe", "sources"}, exclude_none=True)
        with self._desk.opener("rw") as dataset:
            options |= {"actor": self._caller.actor, "session": self._caller.session}
            return await dataset.agenerate(self._asked.recipe, self._asked.sources, observers=[self], **options)

    def event(self, name: str, data: Mapping[str, Any]) -> None:
        """Pass a finished job's numbers on to the server."""
        if name in ("job", "failure"):
            self._server.call_soon_threadsafe(self._tell, data)

    def _tell(self, data: Mapping[str, Any]) -> None:
        self._finished += 1
        self._told = data if "accepted" in data else self._told
        self._news.set()

    async def report(self, call: Call) -> None:
        """Tell the client about finished jobs, not too often, until cancelled."""
        while True:
            await self._news.wait()
            await self.tell(call)
            await asyncio.sleep(PACE_S)

    async def tell(self, call: Call) -> None:
        """Tell the client about jobs that finished since it was told."""
        if not self._news.is_set():
            return
        self._news.clear()
        told = self._told
        rejected = sum(told.get("rejected", {}).values())
        text = f"{told.get('accepted', 0)} of {told.get('target', 0)} accepted, {rejected} rejected"
        await call.progress(self._finished, f"{text}, {told.get('calls', 0)} calls")

    def stop(self) -> None:
        """Give up the jobs in progress; everything accepted is kept."""
        self._stopped = True
        if self._inside is not None:
            loop, task = self._inside
            with contextlib.suppress(RuntimeError):  # its loop is closed: it ended meanwhile
                loop.call_soon_threadsafe(task.cancel)


async def generate(call: Call, asked: GenerateArguments) -> dict[str, Any]:
    """How the run ended.

    Raises:
        InputError: neither ``add`` nor ``target`` is given.
        BusyError: another run is going on here.
        SeedbedError: what kept it from starting.
    """
    if (asked.add is None) == (asked.target is None):
        raise InputError("say how many: add or target", place={"tool": "generate"}, code="invalid_arguments")
    if not call.desk.writable:
        raise ReadOnlyError("the dataset is only read here", place={"tool": "generate"})
    if call.desk.generating.locked():
        raise BusyError("a generation is running on this server", fix="wait for it, or write entries yourself")
    async with call.desk.generating:
        summary = await _finish(Run(call.desk, asked, call.caller), call)
    if summary is None:
        raise InputError("the run was stopped before it began", code="interrupted")
    if summary.error is not None and summary.status == "failed" and not summary.to_dict().get("accepted_now"):
        raise summary.error
    return {k: v for k, v in summary.to_dict().items() if k in KEPT}


async def _finish(run: Run, call: Call) -> RunSummary | None:
    """The run's summary; a cancelled call stops the run and waits until nothing of it is left."""
    future = asyncio.get_running_loop().run_in_executor(None, run.work)
    telling = asyncio.create_task(run.report(call))
    try:
        summary = await asyncio.shield(future)
        await run.tell(call)
        return summary
    except asyncio.CancelledError:
        run.stop()
        with anyio.CancelScope(shield=True):
            await asyncio.wait([future])
        raise
    finally:
        telling.cancel()


TOOLS = (
    Tool(
        "generate",
        "Run a recipe that asks configured models for entries, until add or target is reached or max_calls are used. "
        "Costs what the models cost. Progress is reported; cancelling keeps what was accepted; calling again goes on.",
        GenerateArguments,
        results.Generated,
        generate,
        access="writes",
    ),
)
