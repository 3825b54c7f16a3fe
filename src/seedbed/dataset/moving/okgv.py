"""Moving in from okgv: topics, entries, review states and log of an ``okgv.db``, through the same door as everything.

Entries that reviewers rejected come last, so that nothing is refused for being close to them. Each of okgv's operations
becomes an event with its own time; all events of a move share a session, so that one undo takes it back.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from seedbed.core import identity
from seedbed.core.errors import SeedbedError, UnknownNameError
from seedbed.core.records import Candidate, State
from seedbed.dataset.changes.rehearsal import rehearsal
from seedbed.dataset.moving.importing import BATCH, ImportState, grow, let_in, open_event, reviewing, with_topics
from seedbed.dataset.moving.okgv_entries import ACTOR, MovingEntries
from seedbed.dataset.moving.okgv_tree import MovingTree
from seedbed.dataset.moving.report import REFUSALS, STATES, MovedIn
from seedbed.engine.operation import OnDuplicate, Operation
from seedbed.sources.okgv import Node, read_structure
from seedbed.store.okgv import OkgvEntry, OkgvFile
from seedbed.store.values import STATE_CODES

if TYPE_CHECKING:
    from seedbed.dataset.handle import Dataset
    from seedbed.engine.decisions import Decision, Prepared
    from seedbed.kinds.kind import Kind

REVIEWER = "human:okgv"
"""okgv does not say who decided."""


@dataclass(frozen=True, slots=True)
class MoveOptions:
    """How an okgv file comes in.

    Attributes:
        kind: schema, default the project's.
        mapping: property → field; ``@topic`` is the entry's path, ``@leaf`` the last name of its topic.
        structure: okgv's structure file; default ``config/structure.json`` beside the database, where there is one.
        limit: most entries read.
        state: of entries that okgv never queued for review.
        on_duplicate: what becomes of duplicates; okgv never looked for any.
        check_only: only say what would happen; tried on a copy of the dataset.
        actor, session, reason: for the history; the session is named after the file where none is given.
        on_result: told what became of each entry, as JSON.
    """

    kind: str | None = None
    mapping: Mapping[str, str] = field(default_factory=dict)
    structure: Path | None = None
    limit: int | None = None
    state: ImportState = "accepted"
    on_duplicate: OnDuplicate = "warn"
    check_only: bool = False
    actor: str = "human"
    session: str | None = None
    reason: str | None = None
    on_result: Callable[[dict[str, Any]], None] | None = None


def move_in(dataset: Dataset, path: Path, options: MoveOptions) -> MovedIn:
    """What the okgv file at ``path`` brought; committed in batches, and run again it goes on where it stopped.

    Raises:
        NotFoundError: no such file, or no such structure file.
        InputError: the file is not okgv's, or the structure file is not JSON.
        UnknownNameError: the kind, or a field it lacks.
        ConfigError: an option of a check is wrong.
    """
    kind = dataset.gate(dataset.kind(options.kind).name).kind  # a project that is wrong is no entry's fault
    unknown = [name for name in options.mapping.values() if name not in kind.fields]
    if unknown:
        raise UnknownNameError("field", unknown[0], kind.fields)
    structure = options.structure or path.parent / "config" / "structure.json"
    nodes = read_structure(structure) if options.structure is not None or structure.is_file() else {}
    with OkgvFile(path) as okgv:
        with rehearsal(dataset) if options.check_only else nullcontext(dataset) as target:
            return _Move(target, okgv, kind, options).run(nodes)


class _Move:
    """One move into one dataset."""

    def __init__(self, dataset: Dataset, okgv: OkgvFile, kind: Kind, options: MoveOptions) -> None:
        self._dataset, self._file, self._okgv = dataset, dataset.file, okgv
        self._kind, self._options = kind, options
        session = options.session or f"okgv:{okgv.path.name}"
        self._report = MovedIn(okgv.path.as_posix(), session, kind.name, options.check_only)
        detail = {"file": self._report.file, "from": ACTOR}
        self._operation = Operation("import", options.actor, session, options.reason, detail=detail)
        self._events: dict[str, int] = {}

    def run(self, nodes: Mapping[str, Node]) -> MovedIn:
        """Carry everything over."""
        tree = MovingTree(self._okgv.topics(), nodes, self._kind, self._file.topics)
        self._report.changed, self._report.not_carried = tree.changed, tree.lost
        self._make_topics(tree)
        shape = MovingEntries(self._kind, self._options.mapping, tree, self._report)
        entries = self._entries()
        with reviewing(self._dataset.intake(), "accepted"):
            while batch := list(islice(entries, BATCH)):
                for rejected in (False, True):
                    part = [e for e in batch if (e.status == "rejected") is rejected]
                    self._batch([(entry, shape.candidate(entry)) for entry in part], rejected=rejected)
        self._account()
        return self._report

    def _entries(self) -> Iterator[OkgvEntry]:
        """Those that stand first, then the rejected ones."""
        every = (entry for rejected in (False, True) for entry in self._okgv.entries(rejected=rejected))
        return islice(every, self._options.limit)

    def _make_topics(self, tree: MovingTree) -> None:
        existed = sum(self._file.topics.find(topic.path) is not None for topic in tree.topics)
        refused = grow(self._dataset, tree.topics, self._operation)
        for path, error in refused.items():
            tree.lost.note("topic", error.message, path)
        created = len(tree.topics) - existed - len(refused)
        self._report.topics.update(total=len(tree.topics), created=created, existed=existed, refused=len(refused))

    # -- a batch -----------------------------------------------------------------------------------------------

    def _batch(self, proposed: Sequence[tuple[OkgvEntry, Candidate | SeedbedError]], *, rejected: bool) -> None:
        homed = with_topics(self._dataset, [item for _, item in proposed], self._operation)
        proposed = [(entry, item) for (entry, _), item in zip(proposed, homed, strict=True)]
        found = [(entry, item) for entry, item in proposed if isinstance(item, Candidate)]
        intake = self._dataset.intake()
        prepared = intake.prepare([candidate for _, candidate in found])
        with self._file.write():
            decisions = self._decide([entry for entry, _ in found], prepared, rejected=rejected)
            recorded = intake.record(decisions)
            fresh = [(e, d) for (e, _), d in zip(found, recorded, strict=True) if not d.existed and d.error is None]
            self._date(fresh)
        results = iter(recorded)
        for entry, item in proposed:
            self._tell(entry, next(results) if isinstance(item, Candidate) else item)

    def _decide(self, entries: Sequence[OkgvEntry], prepared: Sequence[Prepared], *, rejected: bool) -> list[Decision]:
        """What the door says, with okgv's review states; what an earlier move rejected is known."""
        from seedbed.engine.decisions import Decision

        known = [self._rejected_before(item) if rejected else None for item in prepared]
        new = [item for item, entry_id in zip(prepared, known, strict=True) if entry_id is None]
        decided = iter(self._dataset.intake().decide(new, on_duplicate=self._options.on_duplicate))
        out = []
        for entry, item, entry_id in zip(entries, prepared, known, strict=True):
            if entry_id is None:
                out.append(self._reviewed(entry, next(decided)))
            else:
                said = tuple(item.verdicts)
                out.append(Decision(item.candidate, State.REJECTED, entry_id, item.content, said, existed=True))
        return out

    def _rejected_before(self, item: Prepared) -> str | None:
        if item.failed:
            return None
        entry_id = identity.entry_id(item.candidate.kind, item.content)
        if not self._file.entries.exists(entry_id):
            return None
        there = self._file.entries.get(entry_id, verdicts=False)
        return entry_id if there.state is State.REJECTED else None

    def _reviewed(self, entry: OkgvEntry, decision: Decision) -> Decision:
        """The decision with the state that okgv's reviewers left the entry in; ``rejected`` is set once it is in."""
        if decision.existed or decision.state is not State.ACCEPTED:
            return decision
        if entry.status and entry.status not in STATES:
            self._report.changed.note("review status", f"{entry.status!r} is none; pending was taken", entry.id)
        if entry.status == "approved":
            return replace(decision, state=State.APPROVED)
        if entry.status == "rejected" or (not entry.status and self._options.state == "accepted"):
            return decision
        return replace(decision, state=State.PENDING, why_review="pending in okgv" if entry.status else "import")

    def _date(self, fresh: Sequence[tuple[OkgvEntry, Decision]]) -> None:
        """Give new rows their own times and events, and write down what reviewers decided."""
        last = self._file.entries.max_rowid()
        counts: dict[int, Counter[str]] = {}
        said: list[Any] = []
        for rowid, (entry, decision) in enumerate(fresh, last - len(fresh) + 1):
            event_id, at = self._event(entry.submitted_at)
            columns: dict[str, Any] = {"event_id": event_id} | ({} if at is None else {"created_at": at})
            if decision.accepted and entry.status == "rejected":
                columns["state"] = STATE_CODES[State.REJECTED]
            self._file.journal.write("entry", rowid, columns)
            counts.setdefault(event_id, Counter())["accepted" if decision.accepted else "rejected"] += 1
            if decision.accepted and entry.status in ("approved", "rejected"):
                said.append(self._decision_row(rowid, entry))
                self._report.review[entry.status] += 1
        for event_id, brought in counts.items():
            self._file.events.extend(event_id, brought)
        if said:
            self._file.reviews.write(self._event(None)[0], fresh=said)
            self._file.journal.touch_vectors()

    def _decision_row(self, rowid: int, entry: OkgvEntry) -> Any:
        from seedbed.store.reviews import DecisionRow

        at = _seconds(entry.reviewed_at)
        decided_at = self._dataset.clock() if at is None else at
        return DecisionRow(0, rowid, REVIEWER, entry.status == "approved", note="decided in okgv", at=decided_at)

    def _event(self, submitted_at: str | None) -> tuple[int, float | None]:
        """The event of okgv's operation at that time, and the time; the move's own where okgv's log says nothing."""
        at = _seconds(submitted_at)
        if submitted_at is None or at is None:
            if submitted_at is not None:
                self._report.changed.note("time in the log", "it is none; that of moving in was taken", submitted_at)
            self._operation.event_id = open_event(self._dataset, self._operation)
            return self._operation.event_id, None
        if submitted_at not in self._events:
            operation = replace(self._operation, actor=ACTOR, event_id=None, reason=None)
            event_id = self._events[submitted_at] = open_event(self._dataset, operation)
            self._file.journal.write("event", event_id, {"at": at})
        return self._events[submitted_at], at

    # -- the report --------------------------------------------------------------------------------------------

    def _tell(self, entry: OkgvEntry, result: Decision | SeedbedError) -> None:
        report = self._report
        told: dict[str, Any] = {"okgv_id": entry.id, "topic": entry.topic}
        error = result if isinstance(result, SeedbedError) else result.error
        if error is not None:
            told |= {"id": None, "state": "rejected", "code": error.stable_code, "reason": error.message}
        elif not isinstance(result, SeedbedError):
            told |= {k: v for k, v in result.to_dict().items() if k not in ("topic", "neighbours", "verdicts")}
            if result.candidate.topic != entry.topic:
                told["moved_to"] = result.candidate.topic
            report.warned.update(let_in(result))
        refused = error is not None or "code" in told
        if not refused and entry.status == "rejected":
            told["state"] = "rejected"
        report.entries["total"] += 1
        report.entries["refused" if refused else "existed" if told.get("existed") else told["state"]] += 1
        if refused:
            report.codes[told["code"]] += 1
            if len(report.refused) < REFUSALS:
                report.refused.append({k: told[k] for k in ("okgv_id", "topic", "code", "reason")})
        elif told["state"] == "pending" and entry.status == "pending" and not told.get("existed"):
            report.review["pending"] += 1
        if self._options.on_result is not None:
            self._options.on_result(told)

    def _account(self) -> None:
        """What of the file's other tables is here, and what is not."""
        counts, report = self._okgv.counts(), self._report
        report.log.update(operations=counts.operations, events=len(self._events))
        lost = report.not_carried.note
        lost("vectors", "made anew by this dataset's embedder", n=counts.entries)
        for table, n in counts.strays.items():
            lost(f"rows of {table}", "their entries were deleted in okgv", n=n)
        if self._options.limit is not None:
            lost("entries", "beyond the limit", n=counts.entries - report.entries["total"])
        schema = self._okgv.path.parent / "config" / "schema.py"
        if schema.is_file():
            lost("config/schema.py", "Python is not run; the kind says what an entry is: --suggest-kind", str(schema))


def _seconds(text: str | None) -> float | None:
    """Unix seconds of an ISO time, UTC where it names no zone; ``None`` where it is none."""
    try:
        at = datetime.fromisoformat(str(text))
        return (at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError):
        return None
