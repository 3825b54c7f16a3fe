"""Neighbours of candidates among committed entries and earlier candidates of the same batch.

Vectors are loaded per topic when first asked for, so that one ``submit`` into one topic of a large dataset reads that
topic only; other writers' entries are picked up by row id at every refresh.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from typing import TYPE_CHECKING

import numpy as np

from seedbed.core import identity
from seedbed.core.errors import EmbedderMismatchError
from seedbed.core.records import Content, Neighbour
from seedbed.engine.batch import DEEP, KEPT
from seedbed.engine.closeness import Closeness
from seedbed.similarity.search import VectorIndex
from seedbed.similarity.slots import agree, relation

if TYPE_CHECKING:
    from seedbed.core.protocols import Embedder
    from seedbed.engine.decisions import Decision, Prepared
    from seedbed.kinds.kind import Kind
    from seedbed.store.file import DatasetFile
    from seedbed.store.meta import Versions

Known = tuple[str, str, Content, str]
"""Id, topic, content and compared text of an entry."""

Close = tuple[float, Known]
"""An entry with its cosine."""

FEW = 64
"""Rows up to which Python finds those of some topics sooner than numpy."""

CACHED = 4_000
"""Contents of neighbours kept in memory."""


class Nearby:
    """Finds the closest entries in scope.

    Args:
        file: the dataset.
        embedder: gives the duplicate threshold and dimension.
        scope: ``topic``, ``subtree`` (the topic's parent and all below it) or ``dataset``.
        kinds: name → kind, for the text that is compared.
        floor: cosine from which a neighbour is evidence; default the embedder's duplicate threshold.
    """

    def __init__(
        self,
        file: DatasetFile,
        embedder: Embedder,
        *,
        scope: str,
        kinds: Callable[[str], Kind],
        floor: float | None = None,
    ) -> None:
        self.file, self.embedder, self.scope = file, embedder, scope
        self.floor = min(embedder.duplicate_threshold, 1.0 if floor is None else floor)
        self._kinds = kinds
        self._clear()

    def _clear(self) -> None:
        self._index = VectorIndex(self.embedder.dim)
        self._loaded: set[int] = set()
        self._scopes: dict[tuple[str, str], tuple[int, ...]] = {}
        self._contents: dict[int, Known] = {}
        self._read_at = self.file.meta.versions()._replace(newest=0)

    def forget_scopes(self) -> None:
        """Find out anew which topics are looked at, and where neighbours live; call after the tree changed."""
        self._scopes.clear()
        self._contents.clear()

    def refresh(self, topics: Iterable[str], now: Versions | None = None) -> None:
        """Load the topics' scopes and whatever others committed since the last refresh.

        Args:
            topics: paths.
            now: what the file's versions are, where that has just been asked.
        """
        now = now or self.file.meta.versions()
        if now.vectors != self._read_at.vectors:
            self._refuse_other_embedder()
            self._clear()
        if now.tree != self._read_at.tree:
            self.forget_scopes()
        seen = self._read_at.newest
        if now.newest > seen and self._loaded:
            self._add(*self.file.vectors.load(after_rowid=seen), up_to=now.newest, topics=self._loaded)
        self._read_at = now._replace(newest=max(seen, now.newest))
        for path in set(topics):
            self._load(path)

    def _refuse_other_embedder(self) -> None:
        current = self.file.vectors.current()
        if current is not None and current[0] != self.embedder.id:
            raise EmbedderMismatchError(
                f"{self.file.path.name} was embedded anew with {current[0]!r} since it was opened with"
                f" {self.embedder.id!r}",
                place={"file": str(self.file.path), "embedder": current[0]},
                fix="set embedder in seedbed.yaml to it, and open the dataset again",
            )

    def _load(self, path: str, scope: str | None = None) -> tuple[int, ...]:
        """Ids of the leaves in scope of a topic, their vectors loaded."""
        scope = scope or self.scope
        if (path, scope) in self._scopes:
            return self._scopes[path, scope]
        root: str | None = path
        if scope == "dataset":
            root = None
        elif scope == "subtree":
            root = path.rpartition("/")[0] or path
        ids = tuple(node.id for node in self.file.topics.nodes(root) if node.topic.is_leaf)
        self._scopes[path, scope] = ids
        missing = [i for i in ids if i not in self._loaded]
        if missing:
            self._add(*self.file.vectors.load(root=root), up_to=self._read_at.newest, topics=missing)
            self._loaded.update(missing)
        return ids

    def _add(
        self,
        rowids: np.ndarray,
        topic_ids: np.ndarray,
        vectors: np.ndarray,
        *,
        up_to: int,
        topics: Collection[int],
    ) -> None:
        """Hold vectors of these topics, but none that was committed after ``up_to``: it is loaded next time."""
        if len(topic_ids) <= FEW:
            held = np.array([i in topics for i in topic_ids.tolist()], bool)
        else:
            held = np.isin(topic_ids, np.fromiter(topics, np.int64, len(topics)))
        wanted = held & (rowids <= up_to)
        self._index.add(rowids[wanted], topic_ids[wanted], vectors[wanted])

    def top(
        self, vector: np.ndarray, text: str, topic: str, *, k: int, floor: float = -1.0, scope: str | None = None
    ) -> tuple[Neighbour, ...]:
        """The ``k`` closest entries at or above ``floor``, best first, with full content.

        Args:
            vector: unit vector ``(dim,)``.
            text: what was embedded, for the slot guard.
            topic: path; loaded when it was not yet.
            k: most neighbours.
            floor: smallest cosine of interest.
            scope: where to look instead of the project's scope.

        Raises:
            UnknownNameError: no such topic.
            EmbedderMismatchError: somebody gave all entries vectors of another embedder.
        """
        self.refresh(())
        scope_ids = self._load(topic, scope)
        if not scope_ids:
            self.file.topics.get(topic)  # one that somebody has just removed is no topic without neighbours
        rowids, similarities = self._index.top(vector[None, :], k, topics=scope_ids)
        return tuple(self._neighbour(text, *close) for close in self._read(rowids[0], similarities[0], floor))

    def batch(self, items: Sequence[Prepared], *, k: int = KEPT) -> list[tuple[Neighbour, ...]]:
        """Neighbours close enough to be evidence, for every item; topics must have been refreshed.

        Where all ``k`` are siblings, the last one gives way to a duplicate that stands behind them.
        """
        out: list[tuple[Neighbour, ...]] = [()] * len(items)
        groups: dict[tuple[int, ...], list[int]] = {}
        for i, item in enumerate(items):
            groups.setdefault(self._load(item.topic.path), []).append(i)
        for scope, members in groups.items():
            for i, close in zip(members, self._closest([items[i] for i in members], scope, k), strict=True):
                out[i] = tuple(self._neighbour(items[i].text, *each) for each in close)
            crowded = [i for i in members if len(out[i]) == k and _siblings(out[i])]
            for i, close in zip(crowded, self._closest([items[i] for i in crowded], scope, DEEP), strict=True):
                out[i] = self._with_twin(items[i].text, out[i], close[k:])
        return out

    def _closest(self, items: Sequence[Prepared], scope: tuple[int, ...], k: int) -> list[list[Close]]:
        """The ``k`` closest entries of each item as far as they are evidence, best first."""
        if not items:
            return []
        rowids, similarities = self._index.top(np.stack([_vector(item) for item in items]), k, topics=scope)
        self._fetch(rowids[(similarities >= self.floor) & (rowids >= 0)])
        return [self._read(ids, cosines, self.floor) for ids, cosines in zip(rowids, similarities, strict=True)]

    def _with_twin(self, text: str, nearest: tuple[Neighbour, ...], further: Iterable[Close]) -> tuple[Neighbour, ...]:
        """``nearest``, its last one replaced by the first duplicate of ``further`` where all of them are siblings."""
        if len(nearest) < KEPT or not _siblings(nearest):
            return nearest
        for similarity, entry in further:
            if similarity >= self.embedder.duplicate_threshold and agree(text, entry[3]):
                return (*nearest[:-1], self._neighbour(text, similarity, entry))
        return nearest

    def closeness(self, items: Sequence[Prepared]) -> Closeness | None:
        """How close the items of a batch are to each other; ``None`` when there is nothing to compare."""
        if len(items) < 2:
            return None
        own: dict[str, int] = {}
        for item in items:
            if item.topic.path not in own:
                own[item.topic.path] = self.file.topics.id_of(item.topic.path)
        return Closeness(
            np.stack([_vector(item) for item in items]),
            np.array([own[item.topic.path] for item in items], np.int64),
            [self._load(item.topic.path) for item in items],
            floor=self.floor,
        )

    def merge(
        self, item: Prepared, found: tuple[Neighbour, ...], close: Sequence[tuple[Decision, float]]
    ) -> tuple[Neighbour, ...]:
        """``found`` with close candidates that this batch accepted before, best first."""
        if not close:
            return found
        pairs = [(similarity, (d.entry_id, d.candidate.topic, d.content, d.text)) for d, similarity in close]
        extra = (self._neighbour(item.text, *pair) for pair in pairs[:KEPT])
        every = tuple(sorted((*found, *extra), key=lambda n: -n.similarity))
        twin = next((n for n in every[KEPT:] if n.relation in ("exact", "duplicate")), None)
        if twin is not None and _siblings(every[:KEPT]):
            return (*every[: KEPT - 1], twin)
        return self._with_twin(item.text, every[:KEPT], pairs[KEPT:])

    def _read(self, rowids: np.ndarray, similarities: np.ndarray, floor: float) -> list[Close]:
        close = [(int(r), float(s)) for r, s in zip(rowids, similarities, strict=True) if r >= 0 and s >= floor]
        self._fetch(np.array([r for r, _ in close], np.int64))
        return [(s, self._contents[r]) for r, s in close if r in self._contents]

    def _neighbour(self, text: str, similarity: float, entry: Known) -> Neighbour:
        entry_id, topic, content, its_text = entry
        if identity.normalised_text(text) == identity.normalised_text(its_text):
            return Neighbour(entry_id, min(1.0, similarity), topic, content, "exact")
        how, differing = relation(similarity, self.embedder.duplicate_threshold, text, its_text)
        return Neighbour(entry_id, min(1.0, similarity), topic, content, how, tuple(differing))

    def _fetch(self, rowids: np.ndarray) -> None:
        missing = [int(r) for r in np.unique(rowids) if int(r) not in self._contents]
        if not missing:
            return
        if len(self._contents) + len(missing) > CACHED:
            self._contents.clear()
            missing = [int(r) for r in np.unique(rowids)]
        for rowid, entry in self.file.entries.by_rowids(missing).items():
            text = self._kinds(entry.kind).embed_text(entry.content)
            self._contents[rowid] = entry.id, entry.topic, entry.content, text


def _siblings(neighbours: Iterable[Neighbour]) -> bool:
    return all(n.relation == "sibling" for n in neighbours)


def _vector(item: Prepared) -> np.ndarray:
    if item.vector is None:
        raise ValueError("a candidate without a vector has no neighbours")
    return item.vector
