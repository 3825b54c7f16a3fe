"""The handle that scripts, the command line and servers share: one noun with a few verbs."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Unpack

from seedbed.core.errors import InputError
from seedbed.core.records import Entry, Neighbour, Origin, State, Topic
from seedbed.dataset.changes.history import History, Who
from seedbed.dataset.project import Project
from seedbed.dataset.rows import Scope, candidate_of, decide_rows, similar_rows
from seedbed.engine.operation import OnDuplicate, Operation
from seedbed.store.file import DatasetFile

if TYPE_CHECKING:
    from seedbed.core.protocols import Embedder, RunObserver
    from seedbed.dataset.changes.upkeep import Reconciled
    from seedbed.dataset.leases import Leases
    from seedbed.dataset.moving.report import MovedIn
    from seedbed.dataset.reports import Report
    from seedbed.dataset.review.reviews import Reviews
    from seedbed.dataset.tree.topics import TopicTree
    from seedbed.engine.decisions import Decision, Gate
    from seedbed.engine.intake import Intake
    from seedbed.engine.run import RunSummary
    from seedbed.export.writer import ExportResult
    from seedbed.kinds.kind import Kind


class Dataset:
    """An open dataset: a topic tree with entries in one SQLite file.

    Example:
        >>> import seedbed
        >>> with seedbed.create("facts.db") as ds:          # doctest: +SKIP
        ...     ds.load_topics({"rome": {"republic": {}, "empire": {}}})
        ...     ds.submit({"question": "Who led Rome in 63 BC?", "answer": "Cicero, as consul."}, topic="rome/republic")

    Args:
        project: where things are and what ``seedbed.yaml`` says.
        file: the open file.
        clock: Unix seconds.
    """

    def __init__(self, project: Project, file: DatasetFile, *, clock: Callable[[], float] = time.time) -> None:
        self.project, self.file, self.clock = project, file, clock
        self._kinds: dict[str, Kind] = {}
        self._gates: dict[str, Gate] = {}
        self._embedder: Embedder | None = None
        self._intake: Intake | None = None

    def __enter__(self) -> Dataset:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the file."""
        self.file.close()

    @property
    def path(self) -> Path:
        """The SQLite file."""
        return self.project.dataset

    # -- facets ------------------------------------------------------------------------------------------------

    @cached_property
    def topics(self) -> TopicTree:
        """The tree: load, add, move, rename, merge, split, remove, describe."""
        from seedbed.dataset.tree.topics import TopicTree

        return TopicTree(self)

    @cached_property
    def history(self) -> History:
        """What happened: log, undo, redo, compact."""
        return History(self)

    @cached_property
    def reviews(self) -> Reviews:
        """What reviewers see and say: queue, decisions, agreement, reasons."""
        from seedbed.dataset.review.reviews import Reviews

        return Reviews(self)

    @cached_property
    def leases(self) -> Leases:
        """What to write next, promised to one writer at a time."""
        from seedbed.dataset.leases import Leases

        return Leases(self)

    def load_topics(self, tree: Mapping[str, Any] | Sequence[Any], *, actor: str = "human") -> dict[str, list[str]]:
        """Paths that were ``created`` and ``updated``, in tree order; all or nothing.

        Args:
            tree: nested mapping of names; ``{}`` is a leaf, keys with ``_`` describe (``_description``, ``_target`` …).
            actor: who does it, for the history.

        Raises:
            TopicError: a name or rule is wrong, with its path.
        """
        change = self.topics.load(tree, actor=actor)
        return {"created": change.created, "updated": change.updated}

    def add_topic(self, path: str, *, actor: str = "human", **attributes: Any) -> bool:
        """Whether the topic is new; missing parents are made. ``attributes``: description, target, weight, meta.

        Raises:
            TopicError: the path is malformed, or the parent holds entries.
        """
        return bool(self.topics.add(path, actor=actor, **attributes).created)

    def tree(self, root: str | None = None) -> list[tuple[Topic, int]]:
        """Topics in tree order with the finished entries of each and all below it; raises ``UnknownNameError``."""
        topics = self.file.topics.all(None if root is None else self.file.topics.get(root).path)
        counts: dict[str, int] = {}
        for count in self.file.entries.counts(root=root):
            if count.state in (State.ACCEPTED, State.APPROVED):
                parts = count.topic.split("/")
                for i in range(1, len(parts) + 1):
                    path = "/".join(parts[:i])
                    counts[path] = counts.get(path, 0) + count.n
        return [(t, counts.get(t.path, 0)) for t in topics]

    # -- reading -----------------------------------------------------------------------------------------------

    def kind(self, name: str | None = None) -> Kind:
        """The schema called ``name``, or the project's own; raises ``UnknownNameError``."""
        name = name or self.project.config.kind
        if name not in self._kinds:
            from seedbed.kinds.load import load_kind

            self._kinds[name] = load_kind(name, self.project.config, folder=self.project.folder)
        return self._kinds[name]

    def report(self, root: str | None = None, *, kind: str | None = None) -> Report:
        """Balance, gaps and reasons of rejection of one kind; reads counters only and calls no model."""
        from seedbed.dataset.reports import build_report

        return build_report(self, root, kind=kind)

    def grouped(self, by: Sequence[str], root: str | None = None, *, kind: str | None = None) -> list[dict[str, Any]]:
        """Live entries counted by any fields, most first; see ``dataset.reports.grouped``."""
        from seedbed.dataset.reports import grouped

        return grouped(self, by, root, kind=kind)

    def show(self, entry_id: str) -> Entry:
        """One entry with its verdicts; ``entry_id`` may be a unique prefix of at least 6 characters."""
        return self.file.entries.get(entry_id)

    def entries(
        self,
        *,
        topic: str | None = None,
        states: Sequence[str] = (),
        kind: str | None = None,
        code: str | None = None,
        text: str | None = None,
        limit: int = 20,
        offset: int = 0,
    ) -> tuple[int, list[Entry]]:
        """Number of matching entries, and one page of them, newest first.

        Args:
            topic: this topic and below.
            states: only these; default all that are in the dataset: not rejected, not removed.
            kind: only this kind.
            code: rejected for this reason.
            text: content contains this, case ignored.
            limit: entries on a page.
            offset: entries skipped.
        """
        from seedbed.store.entries import EntryFilter

        if topic is not None:
            self.file.topics.get(topic)
        chosen = tuple(State(s) for s in states) or tuple(s for s in State if s.live)
        wanted = EntryFilter(root=topic, kind=kind, states=chosen, code=code, text=text)
        return self.file.entries.count(wanted), self.file.entries.page(
            wanted, limit=limit, offset=offset, verdicts=True
        )

    def yields(self, recipe: str | None = None) -> list[dict[str, Any]]:
        """Accepted entries per call by recipe, model, topic and strategy."""
        from seedbed.dataset.reports import yield_rows

        return yield_rows(self, recipe)

    def similar(
        self,
        rows: Sequence[Mapping[str, Any] | str],
        *,
        topic: str,
        kind: str | None = None,
        k: int = 5,
        scope: Scope | None = None,
    ) -> list[list[Neighbour]]:
        """The ``k`` closest entries of each row, best first, with full content; calls no language model.

        Args:
            rows: candidates of the kind (only the embedded fields matter), or bare texts; one without a text is an
                error (``nothing_to_compare``).
            topic: where they would go; an unknown one is an error, never "nothing similar".
            kind: schema, default the project's.
            k: neighbours per row.
            scope: look in this topic and below, in its parent and below, or everywhere; default the project's
                ``similarity_scope``.
        """
        out: list[list[Neighbour]] = []
        for found in similar_rows(self, rows, topic=topic, kind=kind, k=k, scope=scope):
            if isinstance(found, InputError):
                raise found
            out.append(found)
        return out

    # -- writing -----------------------------------------------------------------------------------------------

    def submit(
        self,
        rows: Mapping[str, Any] | Sequence[Any],
        *,
        topic: str | None = None,
        kind: str | None = None,
        check_only: bool = False,
        on_duplicate: OnDuplicate | None = None,
        lease: str | None = None,
        **who: Unpack[Who],
    ) -> list[Decision]:
        """What the door says of each row, in input order; accepted ones are in the dataset when this returns.

        A row names its own topic with the key ``topic``, unless ``topic`` is given or the kind has such a field. The
        very same entry sent again is there (``existed``), not doubled. A wrong ``seedbed.yaml`` raises ``ConfigError``.

        Args:
            rows: one content object or many; a malformed one gets its own result.
            topic: leaf path for all rows.
            kind: schema, default the project's.
            check_only: only say what would happen.
            on_duplicate: ``reject``, ``warn`` (let in, with a warning) or ``review`` (let in as pending); default as
                the topic's meta or ``seedbed.yaml`` says.
            lease: what ``next`` gave; else leases of the same actor on the rows' cells are fulfilled.
            **who: ``actor`` (``human:ann``, ``agent:claude`` …), ``session``, ``reason``; for the history.
        """
        many = [rows] if isinstance(rows, Mapping | str) else list(rows)
        schema = self.gate(self.kind(kind).name).kind  # a project that is wrong is no row's fault
        operation = Operation("submit", on_duplicate=on_duplicate, **who)
        origin = Origin("submit", actor=operation.actor)
        proposed = [
            candidate_of(row, topic=topic, kind=schema, origin=origin, place={"row": i + 1})
            for i, row in enumerate(many)
        ]
        return decide_rows(self.intake(), proposed, operation, write=not check_only, lease=lease)

    def next(self, n: int = 1, **options: Any) -> list[dict[str, Any]]:
        """What to write now, as leases; see ``Leases.next``."""
        return self.leases.next(n, **options)

    def edit(self, entry_id: str, changes: Mapping[str, Any], **options: Any) -> Decision:
        """What the door says of an entry with other field values; see ``dataset.editing.edit_entry``."""
        from seedbed.dataset.changes.editing import edit_entry

        return edit_entry(self, entry_id, changes, **options)

    def move(self, ids: Sequence[str], topic: str, **options: Any) -> dict[str, Any]:
        """Move entries to another leaf, rechecked; see ``dataset.editing.move_entries``."""
        from seedbed.dataset.changes.editing import move_entries

        return move_entries(self, ids, topic, **options)

    def remove(self, ids: Sequence[str], **options: Any) -> dict[str, Any]:
        """Take entries out of the dataset; see ``dataset.editing.remove_entries``."""
        from seedbed.dataset.changes.editing import remove_entries

        return remove_entries(self, ids, **options)

    def reconcile(self, **options: Any) -> Reconciled:
        """Check everything in the file against everything, and repair; see ``dataset.upkeep.reconcile``."""
        from seedbed.dataset.changes.upkeep import reconcile

        return reconcile(self, **options)

    def revalidate(self, **options: Any) -> dict[str, Any]:
        """Entries that do not pass the schema of today; see ``dataset.upkeep.revalidate``."""
        from seedbed.dataset.changes.upkeep import revalidate

        return revalidate(self, **options)

    def import_rows(self, path: str | Path, **options: Any) -> Iterator[Decision]:
        """What the door says of each row of a file or Hugging Face folder, in file order; see ``ImportOptions``."""
        from seedbed.dataset.moving.importing import ImportOptions, import_rows

        return import_rows(self, str(path), ImportOptions(**options))

    def move_in(self, path: str | Path, **options: Any) -> MovedIn:
        """What an ``okgv.db`` brought: topics, entries, review states, log; see ``dataset.moving_in.MoveOptions``."""
        from seedbed.dataset.moving.okgv import MoveOptions, move_in

        return move_in(self, Path(path), MoveOptions(**options))

    def generate(self, recipe: str, sources: Sequence[str] = (), **options: Any) -> RunSummary:
        """As ``agenerate``, but blocks; Ctrl-C finishes the jobs in progress and returns."""
        import asyncio  # deferred: light commands never need it

        return asyncio.run(self.agenerate(recipe, sources, handle_signals=True, **options))

    async def agenerate(
        self,
        recipe: str,
        sources: Sequence[str] = (),
        *,
        observers: Sequence[RunObserver] = (),
        handle_signals: bool = False,
        **options: Any,
    ) -> RunSummary:
        """Grow the dataset with a recipe until its target; calls models.

        Args:
            recipe: e.g. ``qa`` (from sources) or ``instruct`` (from the tree).
            sources: files, folders, globs or tables.
            observers: told of every event.
            handle_signals: stop cleanly on Ctrl-C.
            **options: fields of ``GenerateOptions``: ``target``, ``add``, ``n_pairs``, ``topics``, ``model`` …

        Raises:
            SeedbedError: before anything was asked of a model, when an argument is wrong; later problems end the
                run and are in the summary.
        """
        from seedbed.dataset.generation.run import GenerateOptions, run_generation

        chosen = GenerateOptions.parse(options)
        return await run_generation(self, recipe, sources, chosen, observers=observers, handle_signals=handle_signals)

    def export(self, output: str | Path, **options: Any) -> ExportResult:
        """Write finished entries in a training format; options are the fields of ``ExportOptions``."""
        from seedbed.core.config import parse_options
        from seedbed.export.writer import ExportOptions, export_dataset

        defaults = {"system_prompt": self.project.config.system_prompt}
        chosen = parse_options(ExportOptions, {**defaults, **options})
        return export_dataset(self.file, Path(output), chosen)

    def reembed(self, embedder: str | None = None) -> int:
        """Replace all vectors by those of ``embedder``; returns their number. One transaction."""
        from seedbed.dataset.embedding import reembed

        self._embedder, self._intake = None, None
        return reembed(self, embedder or self.project.config.embedder)

    # -- shared parts ------------------------------------------------------------------------------------------

    def embedder(self) -> Embedder:
        """The project's embedder; must be the one the file was embedded with.

        Raises:
            EmbedderMismatchError: it is not; names both and the command that re-embeds.
        """
        if self._embedder is None:
            from seedbed.dataset.embedding import own_embedder

            self._embedder = own_embedder(self.project, self.file)
        return self._embedder

    def intake(self) -> Intake:
        """The door of this dataset."""
        if self._intake is None:
            from seedbed.dataset.gates import build_intake

            self._intake = build_intake(self)
        return self._intake

    def gate(self, kind: str) -> Gate:
        """The checks that guard a kind, as configured; a wrong ``seedbed.yaml`` raises ``ConfigError``."""
        if kind not in self._gates:
            from seedbed.dataset.gates import build_gate

            self._gates[kind] = build_gate(self.kind(kind), self.project.config)
        return self._gates[kind]

    @contextmanager
    def gates(self, kind: str, gate: Gate) -> Iterator[None]:
        """Guard ``kind`` with ``gate`` inside the block, e.g. with a judge for one run."""
        before, self._gates = self._gates, {**self._gates, kind: gate}
        try:
            yield
        finally:
            self._gates = before

    def forget(self) -> None:
        """Read the tree anew; call after it was changed through ``file`` by somebody who does not say so."""
        if self._intake is not None:
            self._intake.forget_topics()
