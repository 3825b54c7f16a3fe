"""The door: the only way into a dataset, for recipes, agents, imports and people alike.

A candidate is prepared without any lock (schema, rules, embedding), decided inside one write transaction (exact and
near duplicates against everything committed by anybody, then verifiers), and recorded there together with its
verdicts and vector. Two writers therefore cannot both insert near-identical entries.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from seedbed.core import identity
from seedbed.core.errors import SeedbedError, TopicError
from seedbed.core.protocols import CheckContext
from seedbed.core.records import Candidate, Content, Job, Neighbour, Seed, State, Topic
from seedbed.engine.decisions import Decision, Gate, Prepared
from seedbed.engine.nearby import Nearby
from seedbed.kinds.rules import TopicRules, fold
from seedbed.similarity.search import pack
from seedbed.store.entries import NewEntry

if TYPE_CHECKING:
    from seedbed.core.protocols import Embedder
    from seedbed.store.file import DatasetFile

RAW_LIMIT = 20_000
"""Characters of an unreadable reply that are kept."""


class _Batch:
    """What a batch knows of itself while it is decided: neighbours found, pairs within it, and what was accepted."""

    def __init__(
        self,
        items: Sequence[Prepared],
        found: Sequence[tuple[Neighbour, ...]],
        pairs: Sequence[list[tuple[int, float]]],
    ) -> None:
        self.taken: dict[bytes, str] = {}
        self._index = {id(item): i for i, item in enumerate(items)}
        self._found, self._pairs = found, pairs
        self._accepted: dict[int, Decision] = {}

    def accept(self, item: Prepared, decision: Decision) -> None:
        """Later candidates are compared with this one."""
        self.taken[identity.text_hash(item.text)] = decision.entry_id
        if id(item) in self._index:
            self._accepted[self._index[id(item)]] = decision

    def found(self, item: Prepared) -> tuple[Neighbour, ...]:
        """Committed neighbours of the item."""
        index = self._index.get(id(item))
        return () if index is None else self._found[index]

    def close(self, item: Prepared) -> list[tuple[Decision, float]]:
        """Accepted candidates of the batch that are close to the item."""
        index = self._index.get(id(item))
        if index is None:
            return []
        return [(self._accepted[i], similarity) for i, similarity in self._pairs[index] if i in self._accepted]


class Intake:
    """The door of one open dataset file. Not thread-safe: used by one writer at a time.

    Args:
        file: the dataset.
        gates: kind name → gate.
        embedder: texts to unit vectors; must be the file's own.
        scope: where neighbours are looked for: ``topic``, ``subtree`` or ``dataset``.
        clock: Unix seconds.
    """

    def __init__(
        self,
        file: DatasetFile,
        gates: Callable[[str], Gate],
        embedder: Embedder,
        *,
        scope: str = "topic",
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.file = file
        self.embedder = embedder
        self.nearby = Nearby(file, embedder, scope=scope, kinds=lambda name: gates(name).kind)
        self._gates = gates
        self._clock = clock
        self._topics: dict[str, tuple[Topic, TopicRules]] = {}
        self._seed_vectors: dict[str, np.ndarray] = {}
        self._salt = 0

    def submit(
        self, candidates: Sequence[Candidate], *, write: bool = True, event: Mapping[str, Any] | None = None
    ) -> list[Decision]:
        """One decision per candidate, in input order, in one transaction.

        Args:
            candidates: what is proposed; a malformed one gets its own result and does not disturb the others.
            write: ``False`` only says what would happen.
            event: ``action``, ``actor``, ``session``, ``reason`` of the change, for the history.
        """
        prepared = self.prepare(candidates)
        if not write:
            return self.decide(prepared)
        with self.file.write():
            decisions = self.decide(prepared)
            fresh = [d for d in decisions if not d.existed and d.error is None]
            event_id = self._log(event, decisions) if event and fresh else None
            return self.record(decisions, event_id=event_id)

    def prepare(self, candidates: Sequence[Candidate]) -> list[Prepared]:
        """Schema, early checks and embeddings; needs no lock and calls no model."""
        prepared = [self._prepare_one(c) for c in candidates]
        alive = [p for p in prepared if not p.failed]
        if alive:
            for item, vector in zip(alive, self.embedder.encode([p.text for p in alive]), strict=True):
                item.vector = vector
            self._compare_with_seeds(alive)
        return prepared

    def decide(self, prepared: Sequence[Prepared]) -> list[Decision]:
        """Decisions against what is committed now and what this batch accepted before; writes nothing."""
        alive = [p for p in prepared if p.vector is not None and self._gates(p.candidate.kind).compares]
        self.nearby.refresh(p.topic.path for p in alive)
        batch = _Batch(alive, self.nearby.batch(alive), self.nearby.pairs(alive))
        decisions: list[Decision] = []
        for item in prepared:
            if item.error is not None:
                empty: Content = {}
                decisions.append(Decision(item.candidate, State.REJECTED, "", empty, (), error=item.error))
                continue
            decision = self._decide_one(item, batch)
            decisions.append(decision)
            if decision.accepted and not decision.existed:
                batch.accept(item, decision)
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
        self._topics.clear()

    # -- preparing ---------------------------------------------------------------------------------------------

    def _prepare_one(self, candidate: Candidate) -> Prepared:
        try:
            gate = self._gates(candidate.kind)
            topic, rules = self._topic(candidate.topic)
        except SeedbedError as error:
            nowhere = Topic(candidate.topic)
            return Prepared(candidate, nowhere, {}, [], error=error)
        verdict, content = gate.schema.validate(candidate, rules)
        item = Prepared(candidate, topic, content or _readable(candidate.raw), [verdict])
        if content is None or not verdict.passed:
            return item
        item.text = gate.kind.embed_text(content)
        context = CheckContext(content=content, text=item.text, topic=topic)
        for check in gate.early:
            item.verdicts.append(check.check(candidate, context))
            if not item.verdicts[-1].passed:
                break
        return item

    def _topic(self, path: str) -> tuple[Topic, TopicRules]:
        if path not in self._topics:
            topic = self.file.topics.get(path)
            if not topic.is_leaf:
                raise TopicError(
                    f"topic {path!r} has subtopics; entries belong in a leaf",
                    place={"topic": path},
                    fix="submit to one of: " + ", ".join(t.path for t in self.file.topics.leaves(path)[:5]),
                    code="interior_topic",
                )
            parts = path.split("/")
            chain = [self.file.topics.get("/".join(parts[: i + 1])) for i in range(len(parts))]
            self._topics[path] = topic, fold(chain)
        return self._topics[path]

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
        batch: _Batch,
    ) -> Decision:
        candidate = item.candidate
        verdicts = list(item.verdicts)
        if item.failed or item.vector is None:
            # A judge's failing verdict comes after the cheap checks that found these neighbours.
            return Decision(candidate, State.REJECTED, "", item.content, tuple(verdicts), batch.found(item))
        new_id = identity.entry_id(candidate.kind, item.content)
        hashed = identity.text_hash(item.text)
        exact = batch.taken.get(hashed) or self.file.entries.find_exact(hashed, candidate.kind)
        if exact == new_id and candidate.origin.via != "generate" and hashed not in batch.taken:
            there = self.file.entries.get(exact)
            if there.topic == candidate.topic:
                return Decision(candidate, there.state, exact, item.content, tuple(verdicts), existed=True)
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
        verdicts = [v for v in verdicts if v not in judged] if judged else verdicts
        for check in gate.late:
            verdicts.append(check.check(candidate, context))
            if not verdicts[-1].passed:
                return Decision(candidate, State.REJECTED, "", item.content, tuple(verdicts), neighbours)
        return Decision(
            candidate,
            State.ACCEPTED,
            new_id,
            item.content,
            (*verdicts, *judged),
            neighbours,
            text=item.text,
            vector=item.vector,
        )

    def _row(self, decision: Decision, now: float, job: Job | None, event_id: int | None) -> NewEntry:
        candidate = decision.candidate
        raw = candidate.raw
        if isinstance(raw, str) and len(raw) > RAW_LIMIT:
            raw = raw[:RAW_LIMIT]
        kind = self._gates(candidate.kind).kind
        return NewEntry(
            id=decision.entry_id,
            topic=candidate.topic,
            kind=candidate.kind,
            content=decision.content,
            state=decision.state,
            cell=kind.cell_label(decision.content) if decision.accepted else "",
            raw=None if raw == decision.content else raw,
            meta=candidate.meta,
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

    def _log(self, event: Mapping[str, Any], decisions: Sequence[Decision]) -> int:
        accepted = sum(d.accepted and not d.existed for d in decisions)
        detail = {"accepted": accepted, "rejected": sum(not d.accepted for d in decisions), **event.get("detail", {})}
        return self.file.events.add(
            event["action"],
            actor=event["actor"],
            session=event.get("session"),
            reason=event.get("reason"),
            detail=detail,
        )


def _readable(raw: Any) -> Content:
    """What of an invalid submission can be shown: an object as it is, anything else not at all."""
    return raw if isinstance(raw, dict) else {}
