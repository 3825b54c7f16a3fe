"""From deficits to jobs: which seed, which strategy, which coordinates; and what finished jobs teach.

Runs on the writer's thread inside its transactions, so that planning, leasing and finishing are atomic with the
entries they are about.
"""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from seedbed.core import identity
from seedbed.core.records import Cell, Job, Seed, State, Topic
from seedbed.engine.plan import CellPlan, Plan
from seedbed.engine.steer import Axis, Bandit, Point
from seedbed.store.jobs import JobRow, NewJob

if TYPE_CHECKING:
    from seedbed.engine.decisions import Decision
    from seedbed.engine.writer import Submission
    from seedbed.store.file import DatasetFile

DONE = (State.ACCEPTED, State.APPROVED)
LEASE_S = 300.0
"""Seconds a process holds a job; renewed while the run goes on."""

REASONS_SHOWN = 3
REASON_LEAST = 2
"""Entries that reviewers rejected for a reason before writers are told of it."""

ASPECTS_LEAST = 2
"""Live aspects below which a topic asks for more."""


@dataclass(slots=True)
class SeedUse:
    """How often a seed was worked from in this recipe and how many entries it brought."""

    uid: str
    uses: int = 0
    accepted: int = 0


@dataclass(frozen=True, slots=True)
class Work:
    """What a run works on.

    Attributes:
        run_id, recipe, kind, model: of the run; ``model`` is the writer's ``provider:model``.
        owner: names this process in leases.
        per_call: entries asked of one call.
        per_seed: most entries from one seed, or ``None``.
        needs_seeds: whether jobs start from seeds.
        axes: names and values of coordinates that every topic has (forms, personas).
        seed: of the random choices.
        event_id: the run's event, which its entries belong to.
    """

    run_id: int
    recipe: str
    kind: str
    model: str
    owner: str
    per_call: int = 1
    per_seed: int | None = None
    needs_seeds: bool = False
    axes: Mapping[str, Sequence[str]] = field(default_factory=dict)
    seed: int = 0
    event_id: int | None = None


class Jobs:
    """Plans, leases and finishes the jobs of one run.

    Args:
        file: the dataset.
        work: what the run works on.
        plan: cells and targets.
        bandit: chooses strategies; taught by every finished job.
    """

    def __init__(self, file: DatasetFile, work: Work, plan: Plan, bandit: Bandit) -> None:
        self.file, self.work, self.plan, self.bandit = file, work, plan, bandit
        self._rng = random.Random(f"{work.seed}/{work.recipe}")
        self._axes: dict[str, dict[str, Axis]] = {}
        self._seeds: dict[str, list[SeedUse]] = {}
        self._topics: dict[str, Topic] = {}
        self._reviewed: dict[str, tuple[str, ...]] = {}
        self._held: set[int] = set()
        self._sample = 1
        for row in file.steering.yields(recipe=work.recipe):
            if row.model == work.model:
                bandit.record(
                    row.topic, row.strategy, calls=row.calls, candidates=row.candidates, accepted=row.accepted
                )

    # -- planning ----------------------------------------------------------------------------------------------

    def lease(self, most: int) -> list[Job]:
        """Up to ``most`` jobs for this process: unfinished ones first, then newly planned. Call inside a write."""
        work = self.work
        self.file.jobs.release_dead(work.owner)
        self.file.jobs.renew(sorted(self._held), LEASE_S, owner=work.owner)
        leased = self.file.jobs.lease(work.run_id, most, owner=work.owner, ttl_s=LEASE_S)
        self._reviewed.clear()  # reviewers go on while the run does
        jobs = [self._job(row) for row in leased]
        if len(leased) < most:
            self.recount()
            self._sample = self.file.jobs.next_sample()
            fresh: list[NewJob] = []
            # A cell may turn out to have no source; what it owes is then asked of the others.
            while not fresh and (cells := self.plan.next_cells(most - len(leased))):
                fresh = self._new_jobs(cells)
            if fresh:
                self.file.jobs.plan(work.run_id, fresh)
                planned = self.file.jobs.lease(work.run_id, len(fresh), owner=work.owner, ttl_s=LEASE_S)
                jobs += [self._job(row, fresh=True) for row in planned]
        self._held.update(job.id for job in jobs)
        return jobs

    def recount(self) -> None:
        """Take accepted and outstanding counts from the file: other engines and agents count as well."""
        accepted: dict[tuple[str, str], int] = {}
        for count in self.file.entries.counts(kind=self.work.kind):
            if count.state in DONE:
                key = count.topic, count.cell
                accepted[key] = accepted.get(key, 0) + count.n
        self.plan.set_counts(accepted, self.file.leases.promised(self.work.kind, run_id=self.work.run_id))

    def _new_jobs(self, cells: Sequence[CellPlan]) -> list[NewJob]:
        wanted: dict[int, int] = {}
        for cell in cells:
            wanted[id(cell)] = wanted.get(id(cell), 0) + 1
        jobs: list[NewJob] = []
        for cell in {id(c): c for c in cells}.values():
            left = wanted[id(cell)]
            while left > 0:
                job = self._new_job(cell, min(left, self.work.per_call))
                if job is None:
                    break
                left -= job.n
                jobs.append(job)
        return jobs

    def _new_job(self, plan: CellPlan, n: int) -> NewJob | None:
        topic = plan.cell.topic
        use: SeedUse | None = None
        if self.work.needs_seeds:
            use = self._next_seed(topic)
            if use is None:
                self.plan.mark_dry(plan, "no source text left" if self._seeds.get(topic) else "no source text")
                return None
            use.uses += 1
            if self.work.per_seed is not None:
                n = max(1, min(n, self.work.per_seed - use.accepted))
        strategy = self.bandit.choose(topic, self._rng)
        coordinates = self._draw(topic) if strategy == "coverage" else {}
        sample, self._sample = self._sample, self._sample + 1
        plan.attempts += n
        identity_parts = [self.work.recipe, topic, plan.cell.label, use.uid if use else "", sample]
        return NewJob(
            recipe=self.work.recipe,
            kind=self.work.kind,
            topic=topic,
            cell=plan.cell.label,
            values=plan.cell.fields,
            seed_uid=use.uid if use else None,
            n=n,
            strategy=strategy,
            coordinates=coordinates,
            sample=sample,
            key=identity.digest(identity_parts),
        )

    def _next_seed(self, topic: str) -> SeedUse | None:
        """The seed of the topic that was used least and may still give; earlier ones first."""
        if topic not in self._seeds:
            rows = self.file.seeds.uses(topic, recipe=self.work.recipe, kind=self.work.kind)
            self._seeds[topic] = [SeedUse(*row) for row in rows]
        limit = self.work.per_seed
        open_seeds = [s for s in self._seeds[topic] if limit is None or s.accepted < limit]
        return min(open_seeds, key=lambda s: s.uses) if open_seeds else None

    # -- coordinates -------------------------------------------------------------------------------------------

    def add_aspects(self, topic: str, texts: Sequence[str], *, source: str) -> None:
        """Aspects of a topic from documents, a planner model or the user. Call inside a write."""
        self.file.steering.add_coordinates(topic, "aspect", texts, source)
        self._axes.pop(topic, None)

    def topics_without_aspects(self) -> list[str]:
        """Topics with work left whose aspects are used up, while coverage is among the strategies."""
        if "coverage" not in self.bandit.allowed:
            return []
        wanting = dict.fromkeys(c.cell.topic for c in self.plan.cells if not c.dry and c.deficit > 0)
        return [topic for topic in wanting if self._aspects_left(topic) < ASPECTS_LEAST]

    def _aspects_left(self, topic: str) -> int:
        axis = self._axes_of(topic).get("aspect")
        return sum(not p.retired for p in axis.points) if axis else 0

    def _axes_of(self, topic: str) -> dict[str, Axis]:
        if topic not in self._axes:
            axes: dict[str, Axis] = {}
            for name, values in {"aspect": (), **self.work.axes}.items():
                stored = {c.text: c for c in self.file.steering.coordinates(topic, name)}
                axis = Axis(name)
                for text in [*stored, *(v for v in values if v not in stored)]:
                    c = stored.get(text)
                    axis.points.append(Point(text, c.uses, c.accepted, c.retired) if c else Point(text))
                if axis.points:
                    axes[name] = axis
            self._axes[topic] = axes
        return self._axes[topic]

    def _draw(self, topic: str) -> dict[str, str]:
        drawn = {name: axis.draw(self._rng) for name, axis in self._axes_of(topic).items()}
        return {name: point.text for name, point in drawn.items() if point is not None}

    # -- finishing ---------------------------------------------------------------------------------------------

    def finish(self, submission: Submission, decisions: Sequence[Decision]) -> None:
        """Close the job and learn from it. Call inside a write."""
        job = submission.job
        self._held.discard(job.id)
        accepted = sum(d.accepted and not d.existed for d in decisions)
        self.file.jobs.finish(
            job.id,
            "done",
            accepted=accepted,
            rejected=len(decisions) - accepted,
            attempts=job.attempt + 1,
        )
        self._learn(job, calls=submission.calls, candidates=len(decisions), accepted=accepted)

    def fail(self, job: Job, error: dict[str, object], *, calls: int) -> None:
        """Close a job whose call failed for good. Call inside a write."""
        self._held.discard(job.id)
        self.file.jobs.finish(job.id, "failed", accepted=0, rejected=0, attempts=job.attempt + 1, error=error)
        del calls  # an endpoint's failure says nothing about a strategy

    def release(self, jobs: Sequence[Job]) -> None:
        """Give leased jobs back unfinished. Call inside a write."""
        self._held.difference_update(j.id for j in jobs)
        self.file.jobs.release([j.id for j in jobs])

    def _learn(self, job: Job, *, calls: int, candidates: int, accepted: int) -> None:
        topic = job.cell.topic
        tally = {"calls": calls, "candidates": candidates, "accepted": accepted}
        self.bandit.record(topic, job.strategy, **tally)
        self.file.steering.add_yield(self.work.recipe, self.work.model, topic, job.strategy, **tally)
        for name, text in job.coordinates.items():
            axis = self._axes_of(topic).get(name)
            retired = axis.settle(text, accepted=accepted) if axis else None
            self.file.steering.count_use(topic, name, text, accepted)
            if retired is not None:
                self.file.steering.retire(topic, name, text)
        if job.seed is not None:
            for use in self._seeds.get(topic, ()):
                if use.uid == job.seed.uid:
                    use.accepted += accepted

    # -- reading back ------------------------------------------------------------------------------------------

    def _job(self, row: JobRow, *, fresh: bool = False) -> Job:
        if row.topic not in self._topics:
            self._topics[row.topic] = self.file.topics.get(row.topic)
        seed: Seed | None = self.file.seeds.get(row.seed_uid) if row.seed_uid else None
        return Job(
            id=row.id,
            run_id=row.run_id,
            recipe=row.recipe,
            cell=Cell(row.topic, tuple(sorted(row.values.items()))),
            topic=self._topics[row.topic],
            seed=seed,
            n=row.n,
            strategy=row.strategy,
            coordinates=row.coordinates,
            reviewed=self._reasons(row.topic),
            sample=row.sample,
            fresh=fresh,
        )

    def _reasons(self, topic: str) -> tuple[str, ...]:
        """What reviewers keep rejecting entries of the topic for; ``other`` tells a writer nothing."""
        if topic not in self._reviewed:
            rows = self.file.reviews.reasons(topic, limit=REASONS_SHOWN + 1)
            told = [reason for (reason,), n in rows if n >= REASON_LEAST and reason != "other"]
            self._reviewed[topic] = tuple(told[:REASONS_SHOWN])
        return self._reviewed[topic]


def owner_name(host: str, pid: int, token: str) -> str:
    """Name of a process in leases: ``host:pid:token``."""
    return f"{host}:{pid}:{token}"
