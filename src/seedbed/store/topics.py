"""The topic tree: names, order, rules of the tree. Subtrees are ranges of paths, never patterns."""

from __future__ import annotations

import shlex
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from seedbed.core.errors import TopicError, UnknownNameError, near_names
from seedbed.core.records import Topic
from seedbed.store.meta import TREE_EPOCH
from seedbed.store.values import is_storable, pack_optional, pack_text, unpack_json, unpack_text

if TYPE_CHECKING:
    from seedbed.store.file import DatasetFile

MAX_NAME = 200
MAX_DEPTH = 20

_FORBIDDEN = {"Cc", "Cs", "Zl", "Zp"}
"""Unicode categories that no name holds: control characters, halves of characters, line and paragraph separators."""

_DIRECTION = set("\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
"""Marks that turn the direction of what follows: a name must look like what it is."""

_COLUMNS = "SELECT t.id, t.path, t.description, t.target, t.weight, t.meta, t.parent_id, "
_HAS_CHILD = "EXISTS (SELECT 1 FROM topic c WHERE c.parent_id = t.id AND c.removed = 0) FROM topic t "

SUBTREE = "({0} = ? OR ({0} > ? || '/' AND {0} < ? || '0'))"
"""Condition on a path column, to be used with ``subtree``: ``0`` follows ``/``, so the range is exactly the subtree."""


def subtree(root: str) -> tuple[str | bytes, ...]:
    """Values for ``SUBTREE``."""
    return (pack_text(unicodedata.normalize("NFC", root)),) * 3


def validate_path(path: str) -> str:
    """``path`` in Unicode normal form C.

    Raises:
        TopicError: a name is empty, too long, padded with blanks, ``.`` or ``..``, or holds control characters.
    """
    path = unicodedata.normalize("NFC", path)
    flaw = _path_flaw(path)
    if flaw is not None:
        what, fix = flaw
        raise TopicError(f"topic path {path!r} {what}", place={"topic": path}, fix=fix)
    return path


def _path_flaw(path: str) -> tuple[str, str] | None:
    names = path.split("/")
    if len(names) > MAX_DEPTH:
        return f"has {len(names)} levels", f"use at most {MAX_DEPTH}"
    for name in names:
        flaw = _name_flaw(name)
        if flaw is not None:
            return flaw
    return None


def _name_flaw(name: str) -> tuple[str, str] | None:
    if not name or name.isspace():
        return "holds an empty name", "join names by single slashes, without one at either end: science/physics"
    if name != name.strip():
        return f"has blanks around the name {name!r}", f"write {name.strip()!r}"
    if name in (".", ".."):
        return f"holds the name {name!r}", "give every topic a name of its own"
    if len(name) > MAX_NAME:
        return f"has a name of {len(name)} characters", f"use at most {MAX_NAME}"
    if any(c in _DIRECTION or unicodedata.category(c) in _FORBIDDEN for c in name):
        return "holds control characters", "use letters, digits, spaces and punctuation"
    return None


@dataclass(frozen=True, slots=True)
class Node:
    """A topic with its place in the file: row ids of it and its parent."""

    id: int
    parent_id: int | None
    topic: Topic

    @property
    def path(self) -> str:
        """The topic's path."""
        return self.topic.path


class Topics:
    """Topics of one file."""

    def __init__(self, file: DatasetFile) -> None:
        self._file = file

    def validate_path(self, path: str) -> str:
        """``path`` in normal form; raises ``TopicError``."""
        return validate_path(path)

    # -- reading -----------------------------------------------------------------------------------------------

    def find(self, path: str) -> Topic | None:
        """The topic called ``path``, or ``None``."""
        found = self.node(path)
        return None if found is None else found.topic

    def node(self, path: str) -> Node | None:
        """The topic called ``path`` with its row ids, or ``None``."""
        if not is_storable(path):
            return None
        sql = _COLUMNS + _HAS_CHILD + "WHERE t.path = ? AND t.removed = 0"
        row = self._file.row(sql, (unicodedata.normalize("NFC", path),))
        return None if row is None else _node(row)

    def get(self, path: str) -> Topic:
        """The topic called ``path``.

        Raises:
            UnknownNameError: there is none; names near ones (other case, same last name, similar spelling).
        """
        found = self.find(path)
        if found is None:
            raise self._unknown(path)
        return found

    def id_of(self, path: str) -> int:
        """Row id of the topic called ``path``; raises ``UnknownNameError``."""
        normal = unicodedata.normalize("NFC", path) if is_storable(path) else ""
        found = self._file.value("SELECT id FROM topic WHERE path = ? AND removed = 0", (normal,))
        if found is None:
            raise self._unknown(path)
        return int(found)

    def path_of(self, topic_id: int) -> str:
        """Path of the topic with this row id; raises ``UnknownNameError``."""
        found = self._file.value("SELECT path FROM topic WHERE id = ?", (topic_id,))
        if found is None:
            raise UnknownNameError("topic", f"#{topic_id}", ())
        return str(found)

    def all(self, root: str | None = None) -> list[Topic]:
        """``root`` and everything below it, or the whole tree: parents before children, siblings in insertion order."""
        return [node.topic for node in self.nodes(root)]

    def nodes(self, root: str | None = None) -> list[Node]:
        """As ``all``, with row ids."""
        where, values = ("", ()) if root is None else (" AND " + SUBTREE.format("t.path"), subtree(root))
        children: dict[int | None, list[tuple[Any, ...]]] = {}
        rows = self._file.rows(
            _COLUMNS + _HAS_CHILD + "WHERE t.removed = 0" + where + " ORDER BY t.position, t.id", values
        )
        ids = {row[0] for row in rows}
        for row in rows:
            children.setdefault(row[6] if row[6] in ids else None, []).append(row)
        out: list[Node] = []
        waiting = children.get(None, [])[::-1]
        while waiting:
            row = waiting.pop()
            out.append(_node(row))
            waiting.extend(reversed(children.get(row[0], ())))
        return out

    def leaves(self, root: str | None = None) -> list[Topic]:
        """Topics without children at and below ``root``, in tree order."""
        return [t for t in self.all(root) if t.is_leaf]

    def ids_below(self, root: str | None) -> list[int]:
        """Row ids of ``root`` and everything below it, sorted by path."""
        if root is None:
            return [r[0] for r in self._file.rows("SELECT id FROM topic WHERE removed = 0 ORDER BY path")]
        sql = f"SELECT id FROM topic WHERE removed = 0 AND {SUBTREE.format('path')} ORDER BY path"
        return [r[0] for r in self._file.rows(sql, subtree(root))]

    def _unknown(self, path: str) -> UnknownNameError:
        known = [r[0] for r in self._file.rows("SELECT path FROM topic WHERE removed = 0 ORDER BY path")]
        wanted, last = path.casefold(), path.rpartition("/")[2].casefold()
        near = [k for k in known if k.casefold() == wanted]
        near += [k for k in known if k.rpartition("/")[2].casefold() == last]
        near += near_names(path, known)
        names = {k.rpartition("/")[2]: k for k in reversed(known)}
        near += [names[n] for n in near_names(last, names)]
        near = list(dict.fromkeys(near))[:3]
        fix = "did you mean " + " or ".join(map(repr, near)) + "?" if near else None
        if not known:
            fix = "the tree is empty: seedbed topics load FILE, or seedbed topics add PATH"
        error = UnknownNameError("topic", path, known, fix=fix)
        error.near = near
        return error

    def touch(self) -> None:
        """Tell everybody who holds topics, in whatever process, to read them anew; call inside ``write``."""
        self._file.names.forget()
        self._file.meta.bump(TREE_EPOCH)

    # -- writing -----------------------------------------------------------------------------------------------

    def add(self, topic: Topic, *, parents: bool = True) -> bool:
        """Whether the topic is new; one that exists is left as it is.

        Args:
            topic: its path is validated.
            parents: make missing parents; else a missing one is an error.

        Raises:
            TopicError: the path is malformed, or the parent holds entries.
            UnknownNameError: the parent is missing and ``parents`` is false.
        """
        path = validate_path(topic.path)
        with self._file.write():
            if self.find(path) is not None:
                return False
            parent, _, _ = path.rpartition("/")
            if parent and self.find(parent) is None:
                if not parents:
                    raise self._unknown(parent)
                self.add(Topic(parent))
            parent_id = self.id_of(parent) if parent else None
            if parent_id is not None:
                self.refuse_holder(parent_id, path)
            self._insert(replace(topic, path=path), parent_id)
        return True

    def _insert(self, topic: Topic, parent_id: int | None) -> None:
        sql = "SELECT max(position) FROM topic WHERE parent_id IS ?"
        position = (self._file.value(sql, (parent_id,)) or 0) + 1
        values = (topic.path, parent_id, position, *attributes_of(topic))
        self._file.execute(
            "INSERT INTO topic (path, parent_id, position, description, target, weight, meta)"
            " VALUES (?, ?, ?, ?, ?, ?, ?)",
            values,
        )
        self.touch()

    def refuse_holder(self, topic_id: int, path: str) -> None:
        """Raise ``TopicError`` when the topic holds live entries, so that ``path`` cannot be below it."""
        held = self._file.value(
            "SELECT sum(n) FROM cell_count WHERE topic_id = ? AND state BETWEEN 1 AND 3 AND n > 0", (topic_id,)
        )
        if held:
            parent = path.rpartition("/")[0]
            raise TopicError(
                f"topic {parent!r} holds {held} {'entry' if held == 1 else 'entries'}, so it cannot have subtopics",
                place={"topic": path},
                fix=f"to divide them over subtopics: seedbed topics split {shlex.quote(parent)}; else add a sibling",
                code="topic_holds_entries",
            )

    def update(
        self,
        path: str,
        *,
        description: str | None = None,
        target: int | None = None,
        weight: float | None = None,
        meta: Mapping[str, Any] | None = None,
    ) -> bool:
        """Whether anything changed; what is ``None`` stays, ``meta`` replaces the keys it names."""
        with self._file.write():
            old = self.get(path)
            new = replace(
                old,
                description=old.description if description is None else description,
                target=old.target if target is None else target,
                weight=old.weight if weight is None else float(weight),
                meta={**old.meta, **(meta or {})},
            )
            if new == old:
                return False
            self._file.execute(
                "UPDATE topic SET description = ?, target = ?, weight = ?, meta = ? WHERE path = ?",
                (*attributes_of(new), old.path),
            )
            self.touch()
            return True

    def load(self, topics: Iterable[Topic]) -> tuple[list[str], list[str]]:
        """Paths that were created and paths that were updated, in the order given; all or nothing.

        What a topic leaves at its default (no description, no target, weight 1, no meta) stays as it is in the file.
        """
        created: list[str] = []
        updated: list[str] = []
        with self._file.write():
            for topic in topics:
                if self.add(topic):
                    created.append(validate_path(topic.path))
                elif self.update(
                    topic.path,
                    description=topic.description or None,
                    target=topic.target,
                    weight=None if topic.weight == 1.0 else topic.weight,
                    meta=topic.meta,
                ):
                    updated.append(validate_path(topic.path))
        return created, updated


def attributes_of(topic: Topic) -> tuple[Any, ...]:
    """Description, target, weight and meta as the file keeps them."""
    return pack_text(topic.description), topic.target, float(topic.weight), pack_optional(topic.meta)


def _node(row: Sequence[Any]) -> Node:
    topic_id, path, description, target, weight, meta, parent_id, has_child = row
    topic = Topic(path, unpack_text(description), target, weight, unpack_json(meta, {}), not has_child)
    return Node(topic_id, parent_id, topic)
