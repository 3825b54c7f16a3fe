"""Topics as the door sees them: leaves, with the rules and the policy of their path."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from seedbed.core.errors import TopicError
from seedbed.core.records import Topic
from seedbed.kinds.rules import TopicRules, fold

if TYPE_CHECKING:
    from seedbed.engine.operation import OnDuplicate
    from seedbed.store.file import DatasetFile
    from seedbed.store.meta import Versions

POLICIES = ("reject", "warn", "review")


@dataclass(frozen=True, slots=True)
class Place:
    """A leaf topic.

    Attributes:
        topic: itself.
        rules: what its path allows of fields.
        on_duplicate: what becomes of duplicates, as the nearest topic of the path says; ``None`` where none does.
    """

    topic: Topic
    rules: TopicRules
    on_duplicate: OnDuplicate | None = None


class Places:
    """Leaves of one file, read once until anybody changes the tree."""

    def __init__(self, file: DatasetFile) -> None:
        self._file = file
        self._known: dict[str, Place] = {}
        self._epoch = 0

    def refresh(self, now: Versions) -> None:
        """Forget what was read when anybody changed the tree since."""
        if now.tree != self._epoch:
            self.forget()
            self._epoch = now.tree

    def forget(self) -> None:
        """Read topics anew."""
        self._known.clear()

    def at(self, path: str) -> Place:
        """The leaf called ``path``.

        Raises:
            UnknownNameError: there is no such topic.
            TopicError: it has subtopics (``interior_topic``).
        """
        if path not in self._known:
            topic = self._file.topics.get(path)
            if not topic.is_leaf:
                raise TopicError(
                    f"topic {path!r} has subtopics; entries belong in a leaf",
                    place={"topic": path},
                    fix="submit to one of: " + ", ".join(t.path for t in self._file.topics.leaves(path)[:5]),
                    code="interior_topic",
                )
            parts = path.split("/")
            chain = [self._file.topics.get("/".join(parts[: i + 1])) for i in range(len(parts))]
            policies = [t.meta["on_duplicate"] for t in chain if t.meta.get("on_duplicate") in POLICIES]
            self._known[path] = Place(topic, fold(chain), policies[-1] if policies else None)
        return self._known[path]
