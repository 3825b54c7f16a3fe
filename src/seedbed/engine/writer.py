"""The one writer of a run: a thread that turns whatever is waiting into one transaction.

Batching keeps the cost of a commit off each record; a future is resolved only after its transaction is durable, so
whoever awaits it may rely on the file.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from seedbed.core.errors import SeedbedError
from seedbed.core.records import Candidate, Job
from seedbed.engine.decisions import Decision, Prepared
from seedbed.engine.intake import Intake

if TYPE_CHECKING:
    from seedbed.store.calls import CallRow
    from seedbed.store.file import DatasetFile

BATCH = 128
"""Most waiting operations that one transaction takes."""


@dataclass(slots=True)
class Submission:
    """What one attempt at a job brought.

    Attributes:
        job: the job; finished in the same transaction unless it is to be tried again.
        candidates: what the recipe returned.
        earlier: rejections of the job's earlier attempts, not yet written.
        last: whether no further attempt follows.
        calls: writer calls the job has used so far.
        prepared: set when the candidates were screened and judged before.
    """

    job: Job
    candidates: Sequence[Candidate]
    earlier: Sequence[Decision] = ()
    last: bool = True
    calls: int = 0
    prepared: Sequence[Prepared] | None = None


@dataclass(slots=True)
class _Waiting:
    action: Submission | Callable[[], Any] | list[CallRow]
    future: asyncio.Future[Any]


@dataclass(slots=True)
class Outcome:
    """Decisions of one submission, and whether they were written and the job finished."""

    decisions: list[Decision]
    written: bool = field(default=True)


class Writer:
    """Serialises everything a run writes.

    Args:
        file: the dataset, used from the writer's thread only while the run lasts.
        intake: the door.
        event_id: the operation that everything written belongs to.
        finish: called inside the transaction for a submission that ends its job, with the job's decisions.
    """

    def __init__(
        self,
        file: DatasetFile,
        intake: Intake,
        finish: Callable[[Submission, Sequence[Decision]], None],
        *,
        event_id: int | None = None,
    ) -> None:
        self._event_id = event_id
        self._file, self._intake, self._finish = file, intake, finish
        self._queue: asyncio.Queue[_Waiting | None] = asyncio.Queue()
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="seedbed-writer")
        self._task: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Writer:
        self._task = asyncio.create_task(self._loop())
        return self

    async def __aexit__(self, *exc: object) -> None:
        """Write what is waiting, then stop the thread."""
        self._queue.put_nowait(None)
        if self._task is not None:
            await self._task
        self._thread.shutdown()

    async def submit(self, submission: Submission) -> Outcome:
        """Decide and write; returns when the transaction is durable."""
        result: Outcome = await self._put(submission)
        return result

    async def run(self, action: Callable[[], Any]) -> Any:
        """The result of ``action``, run inside a write transaction on the writer's thread."""
        return await self._put(action)

    def put_calls(self, rows: list[CallRow]) -> asyncio.Future[Any]:
        """Journal calls; the future resolves when they are durable. Order of puts is kept."""
        return self._put(rows)

    async def screen(self, candidates: Sequence[Candidate]) -> tuple[list[Prepared], list[Decision]]:
        """What the door would say now, without writing; for judges, which come after the cheap checks."""

        def look() -> tuple[list[Prepared], list[Decision]]:
            prepared = self._intake.prepare(candidates)
            return prepared, self._intake.decide(prepared)

        return await asyncio.get_running_loop().run_in_executor(self._thread, look)

    def _put(self, action: Submission | Callable[[], Any] | list[CallRow]) -> asyncio.Future[Any]:
        future: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self._queue.put_nowait(_Waiting(action, future))
        return future

    async def _loop(self) -> None:
        closing = False
        while not closing:
            batch = [await self._queue.get()]
            while len(batch) < BATCH and not self._queue.empty():
                batch.append(self._queue.get_nowait())
            closing = None in batch
            waiting = [w for w in batch if w is not None]
            error = await self._write(waiting)
            if error is not None and len(waiting) > 1 and not isinstance(error, SeedbedError):
                for item in waiting:  # a stranger's check failed on one of them; the others go on
                    _fail([item], await self._write([item]))
            else:
                _fail(waiting, error)

    async def _write(self, waiting: Sequence[_Waiting]) -> BaseException | None:
        """Do everything in one transaction and resolve the futures; what went wrong, if anything."""
        if not waiting:
            return None
        loop = asyncio.get_running_loop()
        transaction = loop.run_in_executor(self._thread, self._transact, [w.action for w in waiting])
        await asyncio.wait([transaction])
        error = transaction.exception()
        if error is None:
            for item, result in zip(waiting, transaction.result(), strict=True):
                if not item.future.done():
                    item.future.set_result(result)
        return error

    def _transact(self, actions: Sequence[Submission | Callable[[], Any] | list[CallRow]]) -> list[Any]:
        submissions = [a for a in actions if isinstance(a, Submission)]
        fresh = [s for s in submissions if s.prepared is None]
        prepared = iter(self._intake.prepare([c for s in fresh for c in s.candidates]))
        for submission in fresh:
            submission.prepared = [next(prepared) for _ in submission.candidates]
        with self._file.write():
            if self._event_id is not None and submissions:
                self._event_id = self._file.events.standing(self._event_id)
            calls = [row for a in actions if isinstance(a, list) for row in a]
            if calls:
                self._file.calls.put(calls)
            decided = self._intake.decide([p for s in submissions for p in s.prepared or ()])
            outcomes = iter(self._settle(submissions, decided))
            # What plans or closes comes after the entries, so that it counts them.
            return [next(outcomes) if isinstance(a, Submission) else a() if callable(a) else None for a in actions]

    def _settle(self, submissions: Sequence[Submission], decided: Sequence[Decision]) -> list[Outcome]:
        """Write the entries of all submissions that end their job, at once, and finish the jobs."""
        left = iter(decided)
        outcomes: list[Outcome] = []
        for submission in submissions:
            decisions = [next(left) for _ in submission.candidates]
            outcomes.append(Outcome(decisions, written=submission.last or any(d.accepted for d in decisions)))
        ending = [(s, o) for s, o in zip(submissions, outcomes, strict=True) if o.written]
        jobs = [s.job for s, o in ending for _ in (*s.earlier, *o.decisions)]
        recorded = iter(
            self._intake.record(
                [d for s, o in ending for d in (*s.earlier, *o.decisions)], jobs=jobs, event_id=self._event_id
            )
        )
        for submission, outcome in ending:
            earlier = [next(recorded) for _ in submission.earlier]
            outcome.decisions = [next(recorded) for _ in outcome.decisions]
            self._finish(submission, [*earlier, *outcome.decisions])
        return outcomes


def _fail(waiting: Sequence[_Waiting], error: BaseException | None) -> None:
    for item in waiting:
        if error is not None and not item.future.done():
            item.future.set_exception(error)
            item.future.exception()  # a put that nobody awaits any more must not warn
