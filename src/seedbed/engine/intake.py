"""The door: the only way into a dataset, for recipes, agents, imports and people alike.

A candidate is prepared without any lock (schema, rules, embedding), decided inside one write transaction (exact and
near duplicates against everything committed by anybody, then verifiers), and recorded there together with its
verdicts and vector. Two writers therefore cannot both insert near-identical entries.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from seedbed.core import identity
from seedbed.core.errors import SeedbedError
from seedbed.core.protocols import CheckContext
from seedbed.core.records import Candidate, Content, Job, Seed, State, Topic
from seedbed.engine.batch import Batch
from seedbed.engine.decisions import Decision, Gate, Prepared, refused_before, tolerated
from seedbed.engine.nearby import Nearby
from seedbed.engine.operation import OnDuplicate, Operation, log_operation
from seedbed.engine.places import Places
from seedbed.similarity.search import pack
from seedbed.store.entries import NewEntry

if TYPE_CHECKING:
    from seedbed.core.protocols import Embedder
    from seedbed.store.file import DatasetFile

Review = Callable[[Decision, Callable[[], int]], str | None]
"""Says why an accepted candidate has to be reviewed."""

DUPLICATES = ("exact_duplicate", "near_duplicate")
"""Reason codes that a policy may let in."""

RAW_LIMIT = 20_000
"""Characters of an unreadable reply that are kept."""


class Intake:
    """The door of one open dataset file. Not thread-safe: used by one writer at a time.

    Args:
        file: the dataset.
        gates: kind name → gate.
        embedder: texts to unit vectors; must be the file's own.
        scope: where neighbours are looked for: ``topic``, ``subtree`` or ``dataset``.
        floor: cosine from which a neighbour is evidence, where that is below the embedder's threshold.
        on_duplicate: what becomes of duplicates where neither topic nor operation says.
        review: why an accepted candidate has to be reviewed, or ``None``; told the decision, and how to count the
            live entries of its topic.
        clock: Unix seconds.
    """

    def __init__(
        self,
        file: DatasetFile,
        gates: Callable[[str], Gate],
        embedder: Embedder,
        *,
        scope: str = "topic",
        floor: float | None = None,
        on_duplicate: OnDuplicate = "reject",
        review: Review | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.file = file
        self.embedder = embedder
        self.nearby = Nearby(file, embedder, scope=scope, kinds=lambda name: gates(name).kind, floor=floor)
        self._gates = gates
        self._clock = clock
        self.on_duplicate: OnDuplicate = on_duplicate
        self.review = review
        self._places = Places(file)
        self._seed_vectors: dict[str, np.ndarray] = {}
        self._salt = 0

    def submit(
        self,
        candidates: Sequence[Candidate],
        operation: Operation,
        *,
        write: bool = True,
        lease: str | None = None,
    ) -> list[Decision]:
        """One decision per candidate, in input order, in one transaction.

        Args:
            candidates: what is proposed; a malformed one gets its own result and does not disturb the others.
            operation: for the history; a later batch of it joins the event of the first.
            write: ``False`` only says what would happen.
            lease: the lease that the candidates fulfil; else those the actor holds on their cells.
        """
        prepared = self.prepare(candidates)
        if not write:
            return self.decide(prepared, on_duplicate=operation.on_duplicate)
        with self.file.write():
            decisions = self.decide(prepared, on_duplicate=operation.on_duplicate)
            fresh = [d for d in decisions if not d.existed and d.error is None]
            event_id = log_operation(self.file, operation, decisions) if fresh else operation.event_id
            recorded = self.record(decisions, event_id=event_id)
            self.file.leases.fulfil(
                [(d.candidate.topic, d.candidate.kind, self._cell(d)) for d in fresh if d.accepted],
                owner=operation.actor,
                session=operation.session,
                lease=lease,
            )
        operation.event_id = event_id
        return recorded

    def prepare(self, candidates: Sequence[Candidate]) -> list[Prepared]:
        """Schema, early checks and embeddings; needs no lock and calls no model."""
        self._places.refresh(self.file.meta.versions())
        prepared = [self._prepare_one(c) for c in candidates]
        alive = [p for p in prepared if not p.failed]
        if alive:
            for item, vector in zip(alive, self.embedder.encode([p.text for p in alive]), strict=True):
                item.vector = vector
            self._compare_with_seeds(alive)
            # What is there already is read before anybody has to wait for it.
            self.nearby.refresh(p.topic.path for p in alive if self._gates(p.candidate.kind).compares)
        return prepared

    def decide(
        self,
        prepared: Sequence[Prepared],
        *,
        on_duplicate: OnDuplicate | None = None,
        instead_of: Sequence[str] = (),
    ) -> list[Decision]:
        """Decisions against what is committed now and what this batch accepted before; writes nothing.

        Args:
            prepared: of ``prepare``.
            on_duplicate: goes before the topics' and the project's own.
            instead_of: ids of entries that the candidates would replace; they are nobody's duplicate.
        """
        now = self.file.meta.versions()
        self._places.refresh(now)
        for item in prepared:
            self._find_place(item)
        alive = [
            p for p in prepared if p.error is None and p.vector is not None and self._gates(p.candidate.kind).compares
        ]
        self.nearby.refresh((p.topic.path for p in alive), now)
        batch = Batch(alive, self.nearby.batch(alive), self.nearby.closeness(alive))
        batch.on_duplicate, batch.leaving = on_duplicate, frozenset(instead_of)
        decisions: list[Decision] = []
        for item in prepared:
            if item.error is not None:
                empty: Content = {}
                decisions.append(Decision(item.candidate, State.REJECTED, "", empty, (), error=item.error))
                continue
            decision = self._decide_one(item, batch)
            if decision.accepted and not decision.existed:
                decision = self._reviewed(decision, item, batch)
                batch.accept(item, decision)
            decisions.append(decision)
        return decisions

    def record(
        self,
        decisions: Sequence[Decision],
        *,
        jobs: Sequence[Job | None] | None = None,
        event_id: int | None = None,
    ) -> list[Decision]:
        """Insert what was decided; call inside ``file.write()``. Returns the decisions with ids filled in.

        Args:
            decisions: of one transaction.
            jobs: the job that brought each of them, or ``None`` where it was no job.
            event_id: the operation that brought them.
        """
        now = self._clock()
        out: list[Decision] = []
        rows: list[NewEntry] = []
        for decision, job in zip(decisions, jobs or [None] * len(decisions), strict=True):
            if decision.existed or decision.error is not None:
                out.append(decision)
                continue
            kept = decision if decision.accepted else replace(decision, entry_id=self._salted_id(decision, now))
            out.append(kept)
            rows.append(self._row(kept, now, job, event_id))
        if rows:
            self.file.entries.insert(rows)
        return out

    def contexts(self, prepared: Sequence[Prepared], decisions: Sequence[Decision]) -> list[CheckContext]:
        """What a judge may look at, one per candidate."""
        return [
            CheckContext(
                content=d.content,
                text=p.text,
                topic=p.topic,
                neighbours=d.neighbours,
                duplicate_threshold=self.embedder.duplicate_threshold,
                similarities=p.similarities,
            )
            for p, d in zip(prepared, decisions, strict=True)
        ]

    def gate(self, kind: str) -> Gate:
        """The gate of a kind; raises ``UnknownNameError``."""
        return self._gates(kind)

    def forget_topics(self) -> None:
        """Read topics anew; call after the tree changed."""
        self._places.forget()
        self.nearby.forget_scopes()

    # -- preparing ---------------------------------------------------------------------------------------------

    def _prepare_one(self, candidate: Candidate) -> Prepared:
        try:
            gate = self._gates(candidate.kind)
            place = self._places.at(candidate.topic)
        except SeedbedError as error:
            nowhere = Topic(candidate.topic)
            return Prepared(candidate, nowhere, {}, [], error=error)
        verdict, content = gate.schema.validate(candidate, place.rules)
        item = Prepared(candidate, place.topic, content or _readable(candidate.raw), [verdict], rules=place.rules)
        if content is None or not verdict.passed:
            return item
        item.text = gate.kind.embed_text(content)
        context = CheckContext(content=content, text=item.text, topic=place.topic)
        for check in gate.early:
            item.verdicts.append(check.check(candidate, context))
            if not item.verdicts[-1].passed:
                break
        return item

    def _find_place(self, item: Prepared) -> None:
        """Look at the item's topic again: since it was prepared it may have got subtopics, or other rules."""
        if item.error is not None:
            return
        try:
            place = self._places.at(item.topic.path)
        except SeedbedError as error:
            item.error = error
            return
        if place.rules != item.rules and not item.failed:
            verdict, _ = self._gates(item.candidate.kind).schema.validate(item.candidate, place.rules)
            item.rules, item.verdicts[:1] = place.rules, [verdict]

    def _compare_with_seeds(self, items: Sequence[Prepared]) -> None:
        """Cosine of each answer with the chunk it was made from, where there is one."""
        pairs = [
            (p, str(p.content["answer"]))
            for p in items
            if p.candidate.seed and "answer" in p.content and self._gates(p.candidate.kind).compares
        ]
        if not pairs:
            return
        answers = self.embedder.encode([answer for _, answer in pairs])
        for (item, _), vector in zip(pairs, answers, strict=True):
            seed = item.candidate.seed
            if seed is not None:
                item.similarities = {"answer_seed": float(vector @ self._seed_vector(seed))}

    def _seed_vector(self, seed: Seed) -> np.ndarray:
        if seed.uid not in self._seed_vectors:
            if len(self._seed_vectors) > 2_000:  # keeps memory flat over any number of chunks
                self._seed_vectors.clear()
            self._seed_vectors[seed.uid] = self.embedder.encode([seed.text])[0]
        return self._seed_vectors[seed.uid]

    # -- deciding ----------------------------------------------------------------------------------------------

    def _decide_one(
        self,
        item: Prepared,
        batch: Batch,
    ) -> Decision:
        candidate = item.candidate
        verdicts = list(item.verdicts)
        if item.failed or item.vector is None:
            # A judge's failing verdict comes after the cheap checks that found these neighbours.
            return Decision(candidate, State.REJECTED, "", item.content, tuple(verdicts), batch.found(item))
        hashed = identity.text_hash(item.text)
        taken = batch.taken.get((candidate.kind, hashed))
        exact = taken or self.file.entries.find_exact(hashed, candidate.kind, batch.leaving)
        if exact is not None and taken is None and not batch.leaving and candidate.origin.via != "generate":
            there = self.file.entries.find_same(hashed, candidate.kind, item.topic.path, item.content)
            if there is not None:
                return Decision(candidate, there.state, there.id, item.content, tuple(verdicts), existed=True)
        refused = self.file.reviews.refused(hashed, candidate.kind) if exact is None else None
        why = ""
        if refused is not None:
            verdict = refused_before(*refused)
            if batch.on_duplicate in (None, "reject"):
                return Decision(candidate, State.REJECTED, "", item.content, (*verdicts, verdict))
            why = f"{verdict.code}: {verdict.reason}"  # whoever asks for it: reviewers alone go back on reviewers
            verdicts.append(tolerated(verdict))
        gate = self._gates(candidate.kind)
        neighbours = self.nearby.merge(item, batch.found(item), batch.close(item))
        context = CheckContext(
            content=item.content,
            text=item.text,
            topic=item.topic,
            neighbours=neighbours,
            exact=exact,
            duplicate_threshold=self.embedder.duplicate_threshold,
            similarities=item.similarities,
        )
        judged = [v for v in verdicts if v.check in gate.judge_names] if gate.judges else []
        verdicts = [v for v in verdicts if v not in judged]
        policy = self._policy(item, batch)
        for check in gate.late:
            verdict = check.check(candidate, context)
            if not verdict.passed and verdict.code in DUPLICATES and policy != "reject":
                why = why or (f"{verdict.code}: {verdict.reason}" if policy == "review" else "")
                verdict = tolerated(verdict)
            verdicts.append(verdict)
            if not verdict.passed:
                return Decision(candidate, State.REJECTED, "", item.content, tuple(verdicts), neighbours)
        return Decision(
            candidate,
            State.PENDING if why else State.ACCEPTED,
            self._free_id(candidate.kind, item.content, batch),
            item.content,
            (*verdicts, *judged),
            neighbours,
            why_review=why,
            text=item.text,
            vector=item.vector,
        )

    def _policy(self, item: Prepared, batch: Batch) -> OnDuplicate:
        """What becomes of a duplicate: as asked for, as the nearest topic of the path says, or as the project does."""
        return batch.on_duplicate or self._places.at(item.topic.path).on_duplicate or self.on_duplicate

    def _free_id(self, kind: str, content: Content, batch: Batch) -> str:
        """The id of the content; another where an entry has it: one that was edited since, rejected, or a duplicate."""
        again = 0
        while (found := identity.entry_id(kind, content, again=again)) in batch.ids or self.file.entries.stands(found):
            again += 1
        return found

    def _reviewed(self, decision: Decision, item: Prepared, batch: Batch) -> Decision:
        """The decision as pending where the project wants a reviewer to look at it."""
        if self.review is None or decision.state is not State.ACCEPTED:
            return decision
        path = decision.candidate.topic
        why = self.review(decision, lambda: self.file.entries.live_in(path) + batch.by_topic[path])
        return replace(decision, state=State.PENDING, why_review=why) if why else decision

    def _cell(self, decision: Decision) -> str:
        return self._gates(decision.candidate.kind).kind.cell_label(decision.content)

    def _row(self, decision: Decision, now: float, job: Job | None, event_id: int | None) -> NewEntry:
        candidate = decision.candidate
        raw = candidate.raw[:RAW_LIMIT] if isinstance(candidate.raw, str) else candidate.raw
        kind = self._gates(candidate.kind).kind
        return NewEntry(
            id=decision.entry_id,
            topic=candidate.topic,
            kind=candidate.kind,
            content=decision.content,
            state=decision.state,
            cell=kind.cell_label(decision.content) if decision.accepted else "",
            raw=None if raw == decision.content else raw,
            meta={**candidate.meta, "review": {"why": decision.why_review}} if decision.why_review else candidate.meta,
            origin=candidate.origin,
            seed_uid=candidate.seed.uid if candidate.seed else None,
            run_id=job.run_id if job else None,
            job_id=job.id if job else None,
            text_hash=identity.text_hash(decision.text) if decision.accepted else None,
            vector=pack(decision.vector[None, :])[0] if decision.vector is not None else None,
            verdicts=decision.verdicts,
            event_id=event_id,
            created_at=now,
        )

    def _salted_id(self, decision: Decision, now: float) -> str:
        """Rejected candidates are attempts, not identities: the same text may be rejected many times."""
        self._salt += 1
        return identity.digest([decision.content, decision.candidate.topic, now, self._salt, id(self)], size=10).hex()


def _readable(raw: Any) -> Content:
    """What of an invalid submission can be shown: an object as it is, anything else not at all."""
    return raw if isinstance(raw, dict) else {}
