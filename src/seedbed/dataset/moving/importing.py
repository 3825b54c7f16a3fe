"""Rows of files and folders through the door, in bounded batches; every row has its own result in file order."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from seedbed.core.errors import SeedbedError, TopicError, UnknownNameError
from seedbed.core.records import Candidate, Origin, Topic
from seedbed.dataset.changes.rehearsal import rehearsal
from seedbed.dataset.moving.columns import Columns
from seedbed.dataset.rows import decide_rows
from seedbed.engine.operation import OnDuplicate, Operation

if TYPE_CHECKING:
    from seedbed.dataset.handle import Dataset
    from seedbed.engine.decisions import Decision
    from seedbed.engine.intake import Intake
    from seedbed.sources.huggingface import Part
    from seedbed.sources.row import RowResult

BATCH = 512
"""Rows of one transaction: an import that is killed leaves whole batches."""

ImportState = Literal["accepted", "pending"]


@dataclass(frozen=True, slots=True)
class ImportOptions:
    """How rows come in.

    Attributes:
        kind: schema, default the project's.
        mapping: column → field; columns that are no fields are kept as ``meta``.
        values: field → value of rows that have none; a text stands for what the field holds.
        topic: leaf of all rows, or of those whose topic column is empty.
        topic_column: column that names each row's topic; default ``topic``.
        topic_map: value of that column → path; ``*`` stands for all others.
        create_topics: make leaves that are missing.
        splits: of a folder, only these.
        config: of a folder, this configuration.
        split_column: column whose value is kept as ``meta["split"]``.
        limit: most rows read.
        state: what accepted rows become; as the project's review says where ``None``.
        on_duplicate: goes before the topic's and the project's own.
        check_only: only say what would happen; tried on a copy of the dataset.
        actor, session, reason: for the history.
    """

    kind: str | None = None
    mapping: Mapping[str, str] = field(default_factory=dict)
    values: Mapping[str, Any] = field(default_factory=dict)
    topic: str | None = None
    topic_column: str | None = None
    topic_map: Mapping[str, str] = field(default_factory=dict)
    create_topics: bool = False
    splits: tuple[str, ...] = ()
    config: str | None = None
    split_column: str | None = None
    limit: int | None = None
    state: ImportState | None = None
    on_duplicate: OnDuplicate | None = None
    check_only: bool = False
    actor: str = "human"
    session: str | None = None
    reason: str | None = None


class Import:
    """One import; iterate over ``decisions`` once.

    Args:
        dataset: where to.
        path: jsonl, json, csv, parquet or arrow file, or a folder of them.
        options: how.

    Attributes:
        columns: how rows become candidates; ``columns.kept`` counts what was kept beside entries.
        skipped: files of a folder that were left out.

    Raises:
        NotFoundError: there is no such file or folder.
        InputError: a folder cannot be made sense of.
        UnknownNameError: a field that the kind lacks, a split or a configuration that is not there.
        ConfigError: an option of a check is wrong.
    """

    def __init__(self, dataset: Dataset, path: str, options: ImportOptions) -> None:
        self._dataset, self._path, self._options = dataset, path, options
        schema = dataset.gate(dataset.kind(options.kind).name).kind  # a project that is wrong is no row's fault
        unknown = [n for n in (*options.mapping.values(), *options.values) if n not in schema.fields]
        if unknown:
            raise UnknownNameError("field", unknown[0], schema.fields)
        if options.topic is not None and not options.create_topics:
            _known_topic(dataset, options.topic)
        self.columns = Columns(
            schema,
            Origin("import", actor=options.actor),
            dict(options.mapping),
            options.topic,
            options.topic_column,
            options.topic_map,
            options.split_column,
            options.values,
        )
        from seedbed.sources.huggingface import open_rows

        found = open_rows(Path(path), splits=options.splits, config=options.config)
        self._parts, self.skipped = found.parts, found.skipped

    def decisions(self) -> Iterator[Decision]:
        """What the door says of each row, in file order; committed in batches, a later failure keeps what is in.

        Raises:
            InputError: a file cannot be read at all; the rows before it are in.
            UnknownNameError: a column that the file lacks.
        """
        options = self._options
        operation = Operation(
            "import",
            options.actor,
            options.session,
            options.reason,
            detail={"file": self._path},
            on_duplicate=options.on_duplicate,
        )
        with rehearsal(self._dataset) if options.check_only else nullcontext(self._dataset) as target:
            with reviewing(target.intake(), options.state):
                rows = iter(islice(self._rows(), options.limit))
                checked = False
                while batch := list(islice(rows, BATCH)):
                    if not checked:
                        self.columns.look([row for _, row in batch], self._path)
                    proposed = [self.columns.candidate(row, part.path.as_posix(), part.split) for part, row in batch]
                    if not checked:
                        self.columns.check_given(proposed, self._path)
                        checked = True
                    if options.create_topics:
                        proposed = with_topics(target, proposed, operation)
                    yield from decide_rows(target.intake(), proposed, operation, write=True)

    def _rows(self) -> Iterator[tuple[Part, RowResult]]:
        from seedbed.sources.huggingface import read_part

        for part in self._parts:
            for row in read_part(part):
                yield part, row


def _known_topic(dataset: Dataset, path: str) -> None:
    try:
        dataset.file.topics.get(path)
    except UnknownNameError as error:
        error.fix = f"{error.fix + '; ' if error.fix else ''}--create-topics makes what is missing"
        raise


def import_rows(dataset: Dataset, path: str, options: ImportOptions) -> Iterator[Decision]:
    """What the door says of each row of a file or folder, in file order; see ``Import``."""
    return Import(dataset, path, options).decisions()


def let_in(decision: Decision) -> list[str]:
    """The reason code that the candidate was let in in spite of, if it is a duplicate: the strongest one alone."""
    from seedbed.engine.intake import DUPLICATES

    return [v.code for v in decision.verdicts if v.passed and v.code in DUPLICATES][:1]


@contextmanager
def reviewing(intake: Intake, state: ImportState | None) -> Iterator[None]:
    """Inside the block accepted candidates become ``state``, whatever the project's review says of them."""
    before = intake.review
    if state == "accepted":
        intake.review = None
    elif state == "pending":
        intake.review = lambda decision, count: "import"
    try:
        yield
    finally:
        intake.review = before


def with_topics(
    dataset: Dataset, proposed: Sequence[Candidate | SeedbedError], operation: Operation
) -> list[Candidate | SeedbedError]:
    """``proposed`` after their missing leaves were made; a row whose leaf may not be made is that error."""
    paths = (item.topic for item in proposed if isinstance(item, Candidate))
    refused = grow(dataset, (Topic(path) for path in dict.fromkeys(paths)), operation)
    out: list[Candidate | SeedbedError] = []
    for item in proposed:
        error = refused.get(item.topic) if isinstance(item, Candidate) else None
        if error is None or not isinstance(item, Candidate):
            out.append(item)
            continue
        place = {**item.place, **error.place}
        out.append(TopicError(error.message, place=place, fix=error.fix, code=error.stable_code))
    return out


def grow(dataset: Dataset, topics: Iterable[Topic], operation: Operation) -> dict[str, SeedbedError]:
    """Why topics could not be made, by path; the others are there when this returns, under the operation's event.

    Args:
        dataset: where.
        topics: parents before children; those that exist are left as they are.
        operation: its event is made where it has none yet.
    """
    from seedbed.store.reshape import Reshape

    file = dataset.file
    refused: dict[str, SeedbedError] = {}
    missing = [topic for topic in topics if file.topics.find(topic.path) is None]
    if not missing:
        return refused
    with file.write():
        event_id = open_event(dataset, operation)
        shape = Reshape(file, event_id)
        made = 0
        for topic in missing:
            try:
                with file.write():
                    shape.add(topic)
                made += 1
            except TopicError as error:
                refused[topic.path] = error
        if made:
            file.events.extend(event_id, {"topics": made})
            file.topics.touch()
    operation.event_id = event_id
    dataset.forget()
    return refused


def open_event(dataset: Dataset, operation: Operation) -> int:
    """The event of ``operation``, made where it has none yet; call inside ``file.write()``."""
    if operation.event_id is not None:
        return dataset.file.events.standing(operation.event_id)
    return dataset.file.events.add(
        operation.action,
        actor=operation.actor,
        session=operation.session,
        reason=operation.reason,
        subject=operation.subject,
        detail={"accepted": 0, "rejected": 0, **operation.detail},
    )
