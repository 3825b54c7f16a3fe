"""Checking a dataset against itself and against today's schema: ``reconcile`` and ``revalidate``."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import nullcontext
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any, Unpack

from seedbed.core.errors import SeedbedError
from seedbed.dataset.changes.history import Who, named_by

if TYPE_CHECKING:
    import numpy as np

    from seedbed.dataset.handle import Dataset
    from seedbed.dataset.tree.rechecking import Misfit, Recheck
    from seedbed.store.consistency import Finding

BATCH = 1_000
SAME = 0.999
"""Cosine of a stored vector with the text's own, above which they are the same but for half precision."""

SHOWN = 20


@dataclass(slots=True)
class Reconciled:
    """What was compared, what did not agree, and what was put right.

    Attributes:
        findings: of every check, in a fixed order.
        fixed: whether repairing was asked for.
    """

    findings: list[Finding] = field(default_factory=list)
    fixed: bool = False

    @property
    def problems(self) -> int:
        """Rows that are (still) wrong."""
        return sum(f.left for f in self.findings)

    @property
    def consistent(self) -> bool:
        """Whether everything agrees (now)."""
        return self.problems == 0

    def to_dict(self) -> dict[str, Any]:
        """JSON form."""
        checks = [{k: v for k, v in asdict(f).items() if v or k != "fix"} for f in self.findings]
        return {"consistent": self.consistent, "problems": self.problems, "checks": checks}


def reconcile(dataset: Dataset, *, fix: bool = False, embed: bool | None = None, **who: Unpack[Who]) -> Reconciled:
    """Compare everything in the file with everything; repairs what follows from the rest when ``fix`` is given.

    Pages, references, tree, homes of entries, counters, vectors, verdicts, twins, history, leases; then for every live
    entry its cell, its text hash, and its vector against the text.

    Args:
        dataset: which; reading only is enough without ``fix``.
        fix: repair in one transaction. What only a person can decide stays and is reported.
        embed: embed every text anew to compare vectors; default only with an embedder that runs here.
        **who: for the history.

    Raises:
        EmbedderMismatchError: vectors are to be compared or made, and the file has another embedder's.
    """
    if not fix:
        return _compare(dataset, fix=False, embed=embed)
    with dataset.file.write():
        done = _compare(dataset, fix=True, embed=embed)
        repaired = {f.check: f.fixed for f in done.findings if f.fixed}
        if repaired:
            dataset.file.journal.touch_vectors()
            dataset.file.events.add("reconcile", detail=repaired, **named_by(who))
    dataset.forget()
    return done


def _compare(dataset: Dataset, *, fix: bool, embed: bool | None) -> Reconciled:
    from seedbed.store.consistency import Consistency

    derived = _Derived(dataset, fix, embed).findings()  # first: whether texts are doubled is seen by right hashes only
    findings = Consistency(dataset.file).findings(fix=fix)
    vectors = next(f for f in findings if f.check == "vectors")
    if fix and vectors.problems:
        rowids = Consistency(dataset.file).entries_without_vector()
        vectors.fixed = _embed(dataset, rowids)
    return Reconciled([*findings, *derived], fix)


def _embed(dataset: Dataset, rowids: Sequence[int]) -> int:
    """Number of entries that have a vector of their text now."""
    from seedbed.similarity.search import pack

    done = 0
    for start in range(0, len(rowids), BATCH):
        entries = dataset.file.entries.by_rowids(rowids[start : start + BATCH])
        texts = [dataset.kind(e.kind).embed_text(e.content) for e in entries.values()]
        dataset.file.vectors.set(list(zip(entries, pack(dataset.embedder().encode(texts)), strict=True)))
        done += len(entries)
    return done


class _Derived:
    """What follows from an entry's content: compared entry by entry, in flat memory."""

    def __init__(self, dataset: Dataset, fix: bool, embed: bool | None) -> None:
        from seedbed.store.consistency import Finding

        self._dataset, self._file, self._fix = dataset, dataset.file, fix
        named = dataset.project.config.embedder
        self._embeds = ":" not in named if embed is None else embed
        self._cells = Finding("cells", "cells follow from the content", fix="set anew")
        self._texts = Finding("texts", "text hashes follow from the content", fix="set anew")
        self._near = Finding("embedding", "vectors are of the entries' texts", fix="embedded anew")
        self._kinds = Finding("kinds", "kinds are known")

    def findings(self) -> list[Finding]:
        from seedbed.store.consistency import stored_rows

        after = 0
        while rows := stored_rows(self._file, after, BATCH):
            self._compare(rows)
            after = rows[-1][0]
        return [self._kinds, self._cells, self._texts, *([self._near] if self._embeds else [])]

    def _compare(self, rows: Sequence[tuple[Any, ...]]) -> None:
        import json

        from seedbed.core import identity
        from seedbed.store.values import unpack_text, unpack_uid

        texts: list[tuple[int, str, bytes, str]] = []
        for rowid, uid, kind_name, packed, cell, text_hash, vector in rows:
            name = unpack_uid(uid)
            self._kinds.looked_at += 1
            try:
                kind, content = self._dataset.kind(unpack_text(kind_name)), json.loads(packed)
            except (SeedbedError, ValueError) as error:
                self._kinds.note(f"entry {name}: {error}")
                continue
            self._cells.looked_at += 1
            self._texts.looked_at += 1
            if (right := kind.cell_label(content)) != unpack_text(cell):
                self._cells.note(f"entry {name} is counted in cell {unpack_text(cell)!r} and belongs in {right!r}")
                self._cells.fixed += self._set(rowid, "cell", right)
            text = kind.embed_text(content)
            if (hashed := identity.text_hash(text)) != text_hash:
                self._texts.note(f"entry {name} would not be found as a duplicate")
                self._texts.fixed += self._set(rowid, "text_hash", hashed)
            if vector is not None and self._embeds:
                texts.append((rowid, text, vector, name))
        if texts:
            self._compare_vectors(texts)

    def _compare_vectors(self, texts: Sequence[tuple[int, str, bytes, str]]) -> None:
        import numpy as np

        embedder = self._dataset.embedder()
        texts = [t for t in texts if len(t[2]) == 2 * embedder.dim]
        if not texts:
            return
        fresh = embedder.encode([text for _, text, _, _ in texts])
        stored = np.frombuffer(b"".join(v for _, _, v, _ in texts), np.float16).reshape(len(texts), embedder.dim)
        cosines = _cosines(fresh, stored.astype(np.float32))
        self._near.looked_at += len(texts)
        wrong = [texts[i] for i in np.flatnonzero(cosines < SAME).tolist()]
        for _, _, _, name in wrong:
            self._near.note(f"entry {name} has the vector of another text")
        if self._fix and wrong:
            self._near.fixed += _embed(self._dataset, [rowid for rowid, _, _, _ in wrong])

    def _set(self, rowid: int, column: str, value: Any) -> int:
        if self._fix:
            self._file.journal.write("entry", rowid, {column: value})
        return int(self._fix)


def _cosines(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Cosine of each row of ``a`` with the same row of ``b``; 1 where both are zero."""
    import numpy as np

    lengths = np.linalg.norm(a, axis=1) * np.linalg.norm(b, axis=1)
    both_zero = (np.linalg.norm(a, axis=1) == 0) & (np.linalg.norm(b, axis=1) == 0)
    cosines: np.ndarray = np.where(both_zero, 1.0, (a * b).sum(axis=1) / np.maximum(lengths, 1e-12))
    return cosines


def revalidate(
    dataset: Dataset, *, topic: str | None = None, queue: bool = True, dry_run: bool = False, **who: Unpack[Who]
) -> dict[str, Any]:
    """Entries that the schema and the topics' rules of today do not allow; they go back to review.

    Returns ``{"event", "checked", "violations" (number), "worst" [{"id", "topic", "code", "reason"}], "by_code",
    "queued", "unchecked" (kinds that are not known)}``. An entry that was approved is pending again, and what reviewers
    decided about it is withdrawn; undo takes all of it back.

    Args:
        dataset: where.
        topic: only this topic and below.
        queue: make violators pending; else only say.
        dry_run: only say.
        **who: for the history.
    """
    from collections import Counter

    from seedbed.dataset.tree.rechecking import Recheck

    recheck = Recheck(dataset)
    checked, n, queued = 0, 0, 0
    codes: Counter[str] = Counter()
    worst: list[dict[str, str]] = []
    event: int | None = None
    with dataset.file.write() if queue and not dry_run else nullcontext():
        for looked_at, misfits in _misfits(dataset, recheck, topic):
            checked, n = checked + looked_at, n + len(misfits)
            codes.update(m.verdict.code for m in misfits)
            worst += [m.to_dict() for m in misfits[: max(0, SHOWN - len(worst))]]
            if queue and not dry_run:
                event, fresh = _queue(dataset, misfits, event, who)
                queued += fresh
        if event is not None:
            dataset.file.events.describe(event, {"violations": n, "queued": queued})
    result: dict[str, Any] = {"event": event, "checked": checked, "violations": n, "worst": worst}
    result |= {"by_code": dict(codes.most_common()), "queued": queued, "unchecked": sorted(recheck.unchecked)}
    return result


def _misfits(dataset: Dataset, recheck: Recheck, root: str | None) -> Iterator[tuple[int, list[Misfit]]]:
    from seedbed.kinds.rules import fold

    if root is not None:
        dataset.file.topics.get(root)
    by_path = {t.path: t for t in dataset.file.topics.all()}
    for leaf in dataset.file.topics.leaves(root):
        parts = leaf.path.split("/")
        rules = fold([by_path["/".join(parts[: i + 1])] for i in range(len(parts))])
        rowids = dataset.file.entries.live_rowids(leaf.path)
        yield len(rowids), list(recheck.fields(rowids, leaf.path, rules))


def _queue(dataset: Dataset, misfits: Sequence[Misfit], event_id: int | None, who: Who) -> tuple[int | None, int]:
    """The event, made when it is needed first, and number of entries that wait for a reviewer now for what is wrong."""
    from seedbed.core.records import State
    from seedbed.store.values import STATE_CODES, pack_json

    file = dataset.file
    pending = STATE_CODES[State.PENDING]
    rows: list[tuple[int, dict[str, Any]]] = []
    for start in range(0, len(misfits), BATCH):
        part = {m.rowid: m for m in misfits[start : start + BATCH]}
        for rowid, entry in file.entries.by_rowids(list(part)).items():
            review = {"why": f"{part[rowid].verdict.code}: {part[rowid].verdict.reason}"}
            if entry.state is not State.PENDING or entry.meta.get("review") != review:
                rows.append((rowid, {"state": pending, "meta": pack_json({**entry.meta, "review": review})}))
    if not rows:
        return event_id, 0
    if event_id is None:
        event_id = file.events.add("revalidate", **named_by(who))
    file.reviews.withdraw_all(event_id, [rowid for rowid, _ in rows])
    return event_id, file.journal.change_all(event_id, "entry", rows)
