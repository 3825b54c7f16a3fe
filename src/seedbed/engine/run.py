"""One execution of a recipe: lease jobs, run them side by side, hand what they bring to the door, until the target.

Resume needs no checkpoint: jobs, calls and entries are in the file, so a run that was killed is continued by asking
again for the same thing. Broad handling of errors happens in one place, the boundary around a single job.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from seedbed.core.errors import (
    AuthError,
    BadRequestError,
    BudgetExceededError,
    ConfigError,
    MissingExtraError,
    MissingKeyError,
    ProviderError,
    QuotaError,
    SeedbedError,
    StoreError,
)
from seedbed.core.records import Candidate, Content, Feedback, Job
from seedbed.engine.plan import shortfalls
from seedbed.engine.writer import Submission, Writer

if TYPE_CHECKING:
    from seedbed.core.protocols import Generate, Prompts, Recipe
    from seedbed.engine.decisions import Decision
    from seedbed.engine.intake import Intake
    from seedbed.engine.jobs import Jobs
    from seedbed.engine.progress import Progress

FATAL = (AuthError, QuotaError, ConfigError, MissingExtraError, MissingKeyError, StoreError)
"""Errors that the next job would meet as well."""

FAILURES_IN_A_ROW = 5
"""Jobs that may fail one after another, without any success between, before the run gives up."""


@dataclass(frozen=True, slots=True)
class Crew:
    """What the jobs of a run need.

    Attributes:
        recipe, options, prompts: how candidates are made.
        generate_for: job → (its ``generate``, a function that counts its calls so far).
        workers: jobs in progress at once.
        attempts: tries of one job under evidence steering.
        model: ``provider:model`` of the writer, for provenance.
        judge_prompts: templates of judges.
    """

    recipe: Recipe
    options: Any
    prompts: Prompts
    generate_for: Callable[[Job], tuple[Generate, Callable[[], int]]]
    workers: int
    attempts: int = 3
    model: str = ""


@dataclass(slots=True)
class RunSummary:
    """How a run ended.

    Attributes:
        status: ``done``, ``shortfall``, ``budget``, ``interrupted`` or ``failed``.
        target, accepted: accepted entries wanted and there in scope now.
        numbers: the last progress snapshot.
        shortfall: cells below target with reasons, worst first.
        error: what stopped the run, for ``budget`` and ``failed``.
        steered: examples of rejected candidates with what the same cell accepted next.
    """

    status: str
    run_id: int
    target: int
    accepted: int
    numbers: dict[str, Any] = field(default_factory=dict)
    shortfall: list[dict[str, object]] = field(default_factory=list)
    reasons: list[str] = field(default_factory=list)
    error: SeedbedError | None = None

    def to_dict(self) -> dict[str, Any]:
        """JSON form."""
        out: dict[str, Any] = {
            "status": self.status,
            "run": self.run_id,
            "target": self.target,
            "accepted": self.accepted,
            **{k: v for k, v in self.numbers.items() if k not in {"target", "accepted"}},
        }
        if self.shortfall:
            out |= {"missing": max(0, self.target - self.accepted), "reasons": self.reasons}
            out["shortfall"] = self.shortfall
        if self.error is not None:
            out["cause"] = self.error.to_dict()
        return out


class Runner:
    """Runs jobs until the plan is filled, dry, out of budget, stopped or broken.

    Args:
        jobs: plans and leases.
        intake: the door.
        crew: recipe, options, prompts and models.
        progress: counters and observers.
    """

    def __init__(self, jobs: Jobs, intake: Intake, crew: Crew, progress: Progress) -> None:
        self._jobs, self._intake, self._crew, self._progress = jobs, intake, crew, progress
        self._writer = Writer(jobs.file, intake, jobs.finish, event_id=jobs.work.event_id)
        self._ready: list[Job] = []
        self.more_aspects: Callable[[str], Awaitable[None]] | None = None
        """Called when a topic's aspects are used up, on the event loop; adds new ones to the file."""
        self._stop: str = ""
        self._error: SeedbedError | None = None
        self._failures = 0
        self._busy = 0
        self._finished = 0
        self._dry_at: int | None = None
        self._turn = asyncio.Condition()
        self._planning: asyncio.Task[None] | None = None
        self._waking: asyncio.Future[None] | None = None

    @property
    def writer(self) -> Writer:
        """The run's writer, for the call journal."""
        return self._writer

    def stop(self, why: str = "interrupted") -> None:
        """Start no further jobs; those in progress finish. Call on the event loop's thread."""
        self._stop = self._stop or why
        self._wake()

    async def run(self) -> RunSummary:
        """Run to the end; never raises for what a model or endpoint does."""
        async with self._writer:
            await self._writer.run(self._jobs.recount)
            workers = [asyncio.create_task(self._work()) for _ in range(self._crew.workers)]
            try:
                await asyncio.gather(*workers)
            except asyncio.CancelledError:
                self.stop()
            finally:
                for worker in workers:
                    worker.cancel()
                await asyncio.gather(*workers, return_exceptions=True)
                if self._planning is not None:
                    await self._planning
                leftover, self._ready = self._ready, []
                with contextlib.suppress(SeedbedError):  # a full disk is reported by the job that met it
                    await self._writer.run(lambda: self._close(leftover))
        return self._summary()

    # -- workers -----------------------------------------------------------------------------------------------

    async def _work(self) -> None:
        while (job := await self._next()) is not None:
            try:
                await self._attempt(job)
            except asyncio.CancelledError:
                self._ready.append(job)  # given back with the rest
                raise
            finally:
                async with self._turn:
                    self._busy -= 1
                    self._finished += 1
                    self._turn.notify_all()

    async def _next(self) -> Job | None:
        """The next job, or ``None`` when the run is over."""
        async with self._turn:
            while not self._stop:
                planning = self._is_planning()
                if len(self._ready) <= self._crew.workers // 2 and not planning and self._worth_planning():
                    self._planning = asyncio.create_task(self._plan_more())
                    self._planning.add_done_callback(self._wake)
                    planning = True
                if self._ready:
                    self._busy += 1
                    return self._ready.pop(0)
                if not planning and self._busy == 0:
                    return None
                await self._turn.wait()
        return None

    def _is_planning(self) -> bool:
        """Whether jobs are being leased; raises what went wrong in a planning that ended."""
        if self._planning is None:
            return False
        if not self._planning.done():
            return True
        self._planning.result()
        return False

    def _worth_planning(self) -> bool:
        """Whether anything changed since planning last found nothing to do."""
        return self._dry_at != self._finished

    async def _plan_more(self) -> None:
        """Lease the next jobs; the tail of a run plans again after every finished job, not after every idle worker."""
        seen = self._finished
        try:
            await self._ask_for_aspects()
            jobs = await self._lease()
        except SeedbedError as error:
            self._fail(error)
            return
        self._ready.extend(jobs)
        self._dry_at = None if jobs else seen

    async def _lease(self) -> list[Job]:
        jobs: list[Job] = await self._writer.run(lambda: self._jobs.lease(self._crew.workers))
        return jobs

    async def _ask_for_aspects(self) -> None:
        """See to it that topics have aspects; a planner that is of no use does not stop the run."""
        if self.more_aspects is None:
            return
        topics = self._jobs.topics_without_aspects()
        results = await asyncio.gather(*map(self.more_aspects, topics), return_exceptions=True)
        for topic, error in zip(topics, results, strict=True):
            if isinstance(error, ProviderError) and not isinstance(error, FATAL):
                self._progress.emit("note", {"text": f"no aspects for {topic}: {error.message}", **error.to_dict()})
            elif error is not None:
                raise error

    def _wake(self, _: object = None) -> None:
        self._waking = asyncio.ensure_future(self._notify())

    async def _notify(self) -> None:
        async with self._turn:
            self._turn.notify_all()

    async def _attempt(self, job: Job) -> None:
        """Run one job to its end; the boundary where every error becomes a recorded failure."""
        generate, calls = self._crew.generate_for(job)
        try:
            await self._try(job, generate, calls)
            self._failures = 0
        except BudgetExceededError as error:
            self._ready.append(job)
            self._fail(error)
        except SeedbedError as error:
            await self._record_failure(job, error, calls())
        except Exception as error:  # a stranger's recipe may fail in any way; the run goes on without it
            wrapped = SeedbedError(f"{type(error).__name__}: {error}", code="recipe_failed")
            await self._record_failure(job, wrapped, calls())

    async def _try(self, job: Job, generate: Generate, calls: Callable[[], int]) -> None:
        earlier: list[Decision] = []
        tries = self._crew.attempts if job.strategy == "evidence" else 1
        for attempt in range(tries):
            current = replace(job, attempt=attempt, feedback=tuple(feedback_of(d) for d in earlier))
            candidates = await self._crew.recipe.run(current, generate, self._crew.prompts, self._crew.options)
            submission = Submission(
                current,
                [self._signed(c, current) for c in candidates],
                earlier=earlier,
                last=attempt + 1 == tries,
                calls=calls(),
            )
            await self._judge(submission, generate)
            outcome = await self._writer.submit(submission)
            if outcome.written:
                for decision in (*earlier, *outcome.decisions):
                    self._progress.decided(decision)
                self._progress.emit("job", {"job": job.id, "strategy": job.strategy, **self._progress.snapshot()})
                return
            earlier.extend(outcome.decisions)

    def _signed(self, candidate: Candidate, job: Job) -> Candidate:
        origin = replace(candidate.origin, model=self._crew.model, strategy=job.strategy)
        return replace(candidate, origin=origin, seed=candidate.seed or job.seed)

    async def _judge(self, submission: Submission, generate: Generate) -> None:
        judges = self._intake.gate(self._crew.recipe.kind).judges
        if not judges or not submission.candidates:
            return
        prepared, decisions = await self._writer.screen(submission.candidates)
        contexts = self._intake.contexts(prepared, decisions)
        for item, decision, context in zip(prepared, decisions, contexts, strict=True):
            if not decision.accepted:
                continue
            for judge in judges:
                verdict = await judge.judge(item.candidate, context, generate, self._crew.prompts)
                item.verdicts.append(verdict)
                if not verdict.passed:
                    break
        submission.prepared = prepared

    async def _record_failure(self, job: Job, error: SeedbedError, calls: int) -> None:
        self._progress.failed[error.stable_code] += 1
        self._progress.emit("failure", {"job": job.id, **error.to_dict()})
        self._failures += 1
        refused_at_once = isinstance(error, BadRequestError) and self._progress.accepted == 0
        if isinstance(error, FATAL) or refused_at_once or self._failures >= FAILURES_IN_A_ROW:
            self._fail(error)
        with contextlib.suppress(SeedbedError):  # when even this cannot be written, the lease simply expires
            await self._writer.run(lambda: self._jobs.fail(job, error.to_dict(), calls=calls))

    def _fail(self, error: SeedbedError) -> None:
        self._error = self._error or error
        self.stop("budget" if isinstance(error, BudgetExceededError) else "failed")

    # -- the end -----------------------------------------------------------------------------------------------

    def _close(self, leftover: Sequence[Job]) -> None:
        self._jobs.release(leftover)
        self._jobs.recount()
        summary = self._summary()
        status = "done" if summary.status == "shortfall" else summary.status
        self._jobs.file.runs.finish(self._jobs.work.run_id, status, summary.to_dict())

    def _summary(self) -> RunSummary:
        plan = self._jobs.plan
        short = shortfalls(plan.cells) if plan.missing else []
        status = self._stop or ("shortfall" if short else "done")
        if not short and status == "interrupted":
            status = "done"
        return RunSummary(
            status=status,
            run_id=self._jobs.work.run_id,
            target=plan.target,
            accepted=plan.accepted,
            numbers=self._progress.snapshot(),
            shortfall=short,
            reasons=self._reasons() if short else [],
            error=self._error,
        )

    def _reasons(self) -> list[str]:
        progress = self._progress
        reasons = [f"stopped: {self._error.message}"] if self._error is not None else []
        if self._stop == "interrupted":
            reasons.append("interrupted")
        reasons += [f"{n} rejected: {code}" for code, n in progress.rejected.most_common(5)]
        reasons += [f"{n} jobs failed: {code}" for code, n in progress.failed.most_common(3)]
        dry = sorted({c.why_dry for c in self._jobs.plan.cells if c.why_dry})
        return reasons + [f"cells given up: {why}" for why in dry[:3]]


def feedback_of(decision: Decision) -> Feedback:
    """What the writer is told of a rejected attempt."""
    failure = decision.failure
    neighbour: Content | None = decision.neighbours[0].content if decision.neighbours else None
    duplicate = failure is not None and failure.check in {"near_duplicate", "exact_duplicate"}
    return Feedback(
        candidate=decision.content,
        reason=failure.reason if failure else "",
        check=failure.check if failure else "",
        neighbour=neighbour if duplicate else None,
    )
