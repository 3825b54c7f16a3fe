"""Seeds into the dataset: read once, given a topic, kept for resume and provenance."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import replace
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

import numpy as np

from seedbed.core.records import Seed, Topic

if TYPE_CHECKING:
    from seedbed.core.protocols import Embedder
    from seedbed.dataset.handle import Dataset

LARGE_DOCUMENT, LARGE_SECTION = 12, 3
"""Chunks from which on a document is split by its second-level headings, and a section is a topic of its own."""

_WORD = re.compile(r"[^\w.+#-]+")


def topics_from_headings(seeds: Sequence[Seed]) -> list[Seed]:
    """The seeds with topic paths made from their documents: title, and section for large documents.

    A document is named by its outermost heading when all its chunks share one, else by its file name.
    """
    documents: dict[str, list[Seed]] = defaultdict(list)
    for seed in seeds:
        documents[seed.source].append(seed)
    out: dict[str, str] = {}
    taken: dict[str, str] = {}
    for source, chunks in documents.items():
        titles = Counter(c.headings[0] for c in chunks if c.headings)
        shared = titles.most_common(1)[0] if titles else ("", 0)
        depth = 1 if shared[1] > len(chunks) // 2 else 0
        name = slug(shared[0] if depth else "") or slug(PurePosixPath(source).stem) or "document"
        while taken.setdefault(name, source) != source:
            name += "-2"
        sections = {c.uid: slug(c.headings[depth]) if len(c.headings) > depth else "" for c in chunks}
        sizes = Counter(s for s in sections.values() if s)
        large = {s for s, n in sizes.items() if n >= LARGE_SECTION}
        split = len(chunks) >= LARGE_DOCUMENT and len(large) > 1
        for chunk in chunks:
            section = sections[chunk.uid] if sections[chunk.uid] in large else "other"
            out[chunk.uid] = f"{name}/{section}" if split else name
    return [replace(s, topic=out[s.uid]) for s in seeds]


def slug(text: str, *, most: int = 48) -> str:
    """``text`` as a topic name: lower case, words joined by hyphens, at most ``most`` characters."""
    folded = unicodedata.normalize("NFKC", text).lower().replace("/", " ").replace("_", "-")
    words = [w for w in (w.strip("-.") for w in _WORD.split(folded)) if w]
    out = ""
    for word in words:
        if out and len(out) + 1 + len(word) > most:
            break
        out = f"{out}-{word}" if out else word[:most]
    return out


def nearest_topics(seeds: Sequence[Seed], leaves: Sequence[Topic], embedder: Embedder) -> list[Seed]:
    """The seeds with the leaf whose path, description and aspects are closest in meaning.

    A leaf that no seed chose gets the closest seed of a leaf with several, so that no topic is left without source.
    """
    if len(leaves) == 1:
        return [replace(s, topic=leaves[0].path) for s in seeds]
    topics = embedder.encode([_topic_text(t) for t in leaves])
    chunks = embedder.encode([" ".join((*s.headings, s.text[:1500])) for s in seeds])
    similarity = chunks @ topics.T
    chosen = similarity.argmax(axis=1)
    counts = np.bincount(chosen, minlength=len(leaves))
    for leaf in np.flatnonzero(counts == 0):
        for seed in np.argsort(-similarity[:, leaf]):
            if counts[chosen[seed]] > 1:
                counts[chosen[seed]] -= 1
                counts[leaf] += 1
                chosen[seed] = leaf
                break
    return [replace(s, topic=leaves[i].path) for s, i in zip(seeds, chosen, strict=True)]


def _topic_text(topic: Topic) -> str:
    aspects = topic.meta.get("aspects") or []
    words = topic.path.replace("/", " ").replace("-", " ").replace("_", " ")
    return " ".join((words, words.rpartition(" ")[2], topic.description, *map(str, aspects)))


def seed_dataset(dataset: Dataset, seeds: Sequence[Seed], *, root: str | None, actor: str) -> int:
    """Give seeds their topics and keep them; makes the tree from headings when there is none.

    Returns:
        The number of seeds that are new to the file.
    """
    topics = dataset.file.topics
    leaves = topics.leaves(root)
    if leaves:
        known = {t.path for t in leaves}
        free = [s for s in seeds if s.topic not in known]
        placed = {s.uid: s for s in nearest_topics(free, leaves, dataset.embedder())} if free else {}
        seeds = [placed.get(s.uid, s) for s in seeds]
    else:
        seeds = topics_from_headings(seeds)
    with dataset.file.write():
        if not leaves:
            made = [p for p in dict.fromkeys(s.topic for s in seeds if s.topic) if topics.add(Topic(p))]
            dataset.file.events.add("topics.add", actor=actor, detail={"created": made, "from": "headings"})
        before = dataset.file.seeds.count()
        dataset.file.seeds.add(seeds)
        return int(dataset.file.seeds.count() - before)
