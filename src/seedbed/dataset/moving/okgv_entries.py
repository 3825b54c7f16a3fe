"""Entries of okgv as candidates of a kind: properties of both its tables, values in their own types again."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from seedbed.core.errors import InputError
from seedbed.core.records import Candidate, Origin
from seedbed.dataset.moving.report import MovedIn
from seedbed.sources.okgv import read_literal

if TYPE_CHECKING:
    from seedbed.dataset.moving.okgv_tree import MovingTree
    from seedbed.kinds.kind import Kind
    from seedbed.store.okgv import OkgvEntry

ACTOR = "okgv"
ORIGIN = Origin("import", actor=ACTOR)
PATH, LEAF = "@topic", "@leaf"
"""Properties that stand for an entry's path and its last name in a mapping."""


class MovingEntries:
    """Turns entries into candidates, and notes what was changed about them.

    Args:
        kind: their schema.
        mapping: property → field.
        tree: where topics went.
        report: what is told.
    """

    def __init__(self, kind: Kind, mapping: Mapping[str, str], tree: MovingTree, report: MovedIn) -> None:
        self._kind, self._mapping, self._tree, self._report = kind, mapping, tree, report
        self._calls = {"tools", "calls"} <= kind.fields.keys()

    def candidate(self, entry: OkgvEntry) -> Candidate | InputError:
        """The entry as a candidate; properties that the kind lacks are kept as ``meta``, with okgv's id."""
        place = {"file": self._report.file, "okgv_id": entry.id, "topic": entry.topic}
        if entry.graph is None and entry.vector is None:
            return InputError("its properties are not a JSON object", place=place, code="invalid_row")
        self._note_tables(entry)
        properties = {**(entry.vector or {}), **(entry.graph or {})}
        leaf = self._tree.home(entry.topic, entry.id)
        renamed = {self._mapping.get(name, name): value for name, value in properties.items()}
        for name, value in ((PATH, leaf), (LEAF, entry.topic.rpartition("/")[2])):
            if name in self._mapping:
                renamed[self._mapping[name]] = value
        if self._calls and "calls" not in renamed:
            self._as_call(renamed, entry)
        content = {n: self._value(n, v, entry) for n, v in renamed.items() if n in self._kind.fields}
        meta = {n: v for n, v in renamed.items() if n not in content}
        self._report.kept_as_meta.update(meta.keys())
        meta["okgv_id"] = entry.id
        return Candidate(leaf, self._kind.name, content, ORIGIN, meta=meta, place=place)

    def _as_call(self, properties: dict[str, Any], entry: OkgvEntry) -> None:
        """``function`` and ``arguments`` as a call of the tool that the topic's rules describe."""
        name, arguments = properties.get("function"), properties.get("arguments")
        if isinstance(arguments, str):
            arguments = self._literal("arguments", arguments, entry)
        if not isinstance(name, str) or not isinstance(arguments, dict):
            return
        del properties["arguments"]
        properties["calls"] = [{"name": name, "arguments": arguments}]
        if "tools" not in properties:
            unknown = {"name": name, "description": "", "parameters": {"type": "object"}}
            properties["tools"] = [self._tree.tool(entry.topic) or {"type": "function", "function": unknown}]

    def _value(self, name: str, value: Any, entry: OkgvEntry) -> Any:
        if isinstance(value, str) and self._kind.fields[name].type in ("list", "object"):
            return self._literal(name, value, entry)
        return value

    def _literal(self, name: str, text: str, entry: OkgvEntry) -> Any:
        """The object or list that okgv stored as text; the text where it is none."""
        found = read_literal(text)
        if found is None:
            return text
        self._report.changed.note(
            f"property {name!r}", "stored as text; read as the object or list it spells", entry.id
        )
        return found

    def _note_tables(self, entry: OkgvEntry) -> None:
        """What okgv's two tables do not agree about."""
        note = self._report.changed.note
        missing = [t for t, p in (("entries", entry.graph), ("vector_entries", entry.vector)) if p is None]
        for table in missing:
            why = "cannot be read there" if table in entry.broken else "is not there"
            note("entry of one table", f"{why}: {table}; the other one's properties were taken", entry.id)
        if entry.elsewhere is not None:
            note("entry with two topics", "the topic in entries was taken, not the one in vector_entries", entry.id)
        graph, vector = entry.graph or {}, entry.vector or {}
        if any(graph[name] != vector[name] for name in graph.keys() & vector.keys()):
            note("entry with two contents", "the properties in entries were taken; they are the newer ones", entry.id)
