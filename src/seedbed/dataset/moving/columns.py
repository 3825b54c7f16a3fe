"""Columns of a file as fields of a kind: which is which, where a row belongs, and what is kept beside the entry."""

from __future__ import annotations

import json
import math
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from seedbed.core.errors import InputError, NotFoundError, SeedbedError, UnknownNameError, near_names
from seedbed.core.records import Candidate, Origin
from seedbed.core.strict_yaml import YamlError, load_yaml
from seedbed.dataset.rows import candidate_of
from seedbed.kinds.exchange import content_of, turn_names
from seedbed.kinds.values import listed
from seedbed.sources.chats import chat_in
from seedbed.sources.files import row_ending

if TYPE_CHECKING:
    from seedbed.kinds.fields import FieldRule
    from seedbed.kinds.kind import Kind
    from seedbed.sources.row import RowResult

OTHERWISE = "*"
"""Key of a topic map for values that it does not name."""

_TURNS = ("chosen", "rejected", "tools", "calls", "steps")
"""Fields that a conversation may give, beside the one that is asked and the one that answers."""

_WHOLE = re.compile(r"[+-]?\d{1,300}")
_NO_FRACTION = re.compile(r"\.0+$")  # how tools write whole numbers of a column with gaps
_YES, _NO = {"true", "yes", "1"}, {"false", "no", "0"}
_MISSING = object()


@dataclass(slots=True)
class Columns:
    """How the rows of one import become candidates.

    Attributes:
        kind: schema of the entries.
        origin: how they came.
        mapping: column → field; ``messages.0.content`` looks into a list or object.
        topic: leaf of all rows, or of those whose ``topic_column`` is empty.
        topic_column: column that names each row's topic.
        topic_map: value of ``topic_column`` → path; ``*`` stands for all others.
        split_column: column that names each row's split.
        values: field → value of rows that have none of their own; a text stands for what the field holds.
        kept: columns that were kept beside entries, with the number of rows.
        read_as: how rows were read that are spelt in another way than the kind, with their number.
    """

    kind: Kind
    origin: Origin
    mapping: Mapping[str, str] = field(default_factory=dict)
    topic: str | None = None
    topic_column: str | None = None
    topic_map: Mapping[str, str] = field(default_factory=dict)
    split_column: str | None = None
    values: Mapping[str, Any] = field(default_factory=dict)
    kept: Counter[str] = field(default_factory=Counter)
    read_as: Counter[str] = field(default_factory=Counter)
    _required: tuple[str, ...] = field(default=(), init=False)
    _turns: tuple[str, ...] = field(default=(), init=False)
    _numbers: frozenset[str] = field(default=frozenset(), init=False)

    def __post_init__(self) -> None:
        """Note what a row cannot do without."""
        fields = self.kind.fields
        self.values = {name: typed(value, fields[name]) for name, value in self.values.items()}
        needed = (name for name, rule in fields.items() if rule.required and rule.default is None)
        self._required = tuple(name for name in needed if name not in self.values)
        turns = {*turn_names(fields), *_TURNS}
        self._turns = tuple(name for name in self._required if name in turns)

    def look(self, rows: Sequence[RowResult], path: str) -> None:
        """Look at the first rows: a field of texts for which they have nothing but numbers takes numbers as text.

        Raises:
            UnknownNameError: a named column is in none of ``rows``; a typo would lose every value.
        """
        data = [row.data for row in rows if row.data is not None]
        texts = {name: name for name, rule in self.kind.fields.items() if rule.type == "string"}
        texts |= {name: column for column, name in self.mapping.items() if name in texts}
        self._numbers = frozenset(n for n, c in texts.items() if _only_numbers(lookup(row, c) for row in data))
        for name in (*self.mapping, self.topic_column, self.split_column):
            if name and data and all(lookup(row, name) is _MISSING for row in data):
                there = sorted({key for row in data for key in row})
                raise UnknownNameError("column", name, there, place={"file": path})

    def candidate(self, row: RowResult, path: str, split: str | None = None) -> Candidate | SeedbedError:
        """The row as a candidate, or what is wrong with it, with file and row."""
        place: dict[str, Any] = {"file": path, "row": row.row}
        if row.error is not None or row.data is None:
            return row.error or InputError("no object in this row", place=place)
        rest = dict(row.data)
        try:
            where = self._where(rest, place)
            if self.split_column is not None:
                named = lookup(row.data, self.split_column)
                split = split if named in (_MISSING, None, "") else str(named)
                rest.pop(self.split_column, None)
            content = self._content(row.data, rest, textual=row_ending(path) in (".csv", ".tsv"))
        except SeedbedError as error:
            error.place = {**place, **error.place}
            return error
        meta = {name: value for name, value in rest.items() if value is not None and value != ""}
        self.kept.update(meta.keys())
        if split:
            meta["split"] = split
        found = candidate_of(content, topic=where, kind=self.kind, origin=self.origin, place=place)
        return replace(found, meta=meta) if isinstance(found, Candidate) else found

    def check_given(self, proposed: Sequence[Candidate | SeedbedError], path: str) -> None:
        """Refuse a file whose columns leave a required field empty in every row, before each row is told so.

        Raises:
            InputError: names the field and the columns there are (``no_column``).
        """
        rows = [item for item in proposed if isinstance(item, Candidate) and isinstance(item.raw, Mapping)]
        missing = [n for n in self._required if rows and all(item.raw.get(n) is None for item in rows)]
        if not missing:
            return
        spare = sorted({name for item in rows for name in item.meta if name != "split"})
        near = near_names(missing[0], spare, most=1)
        mapped = f"--map {near[0] if near else 'COLUMN'}={missing[0]}, or "
        raise InputError(
            f"no column is {listed(missing)}, which every {self.kind.name} entry has",
            place={"file": path, "field": missing[0]},
            fix=(f"columns left over: {', '.join(spare[:12])}; " + mapped if spare else "")
            + f"one value for all rows: --set {missing[0]}=VALUE",
            code="no_column",
        )

    def _where(self, rest: dict[str, Any], place: dict[str, Any]) -> str | None:
        """The row's topic; takes its column off ``rest`` unless that is a field as well."""
        name = self.topic_column or ("topic" if "topic" not in self.kind.fields else None)
        if name is None:
            return self.topic
        value = lookup(rest, name)
        if name not in self.kind.fields and name not in self.mapping:
            rest.pop(name, None)
        if value in (_MISSING, None, ""):
            return self.topic
        if isinstance(value, list | dict):
            raise InputError(f"column {name!r} names no topic: it holds a {type(value).__name__}", place=place)
        text = str(value)
        if not self.topic_map:
            return text
        return self.topic_map.get(text) or self.topic_map.get(OTHERWISE) or text

    def _content(self, data: Mapping[str, Any], rest: dict[str, Any], *, textual: bool) -> dict[str, Any]:
        """Fields of the kind; takes their columns off ``rest``."""
        content: dict[str, Any] = {}
        fields = self.kind.fields
        for column, name in self.mapping.items():
            value = lookup(data, column)
            rest.pop(column, None)
            if value is not _MISSING:
                content[name] = value
        content = {**self._chat(rest, content), **content}
        for column in list(rest):
            if column not in content and (column in fields or self.kind.extra == "allow"):
                content[column] = rest.pop(column)
        if "kind" not in fields and rest.get("kind") == self.kind.name:
            del rest["kind"]
        content = {n: self._typed(n, v, textual=textual) if n in fields else v for n, v in content.items()}
        return content | {n: v for n, v in self.values.items() if content.get(n) is None}

    def _chat(self, rest: dict[str, Any], content: Mapping[str, Any]) -> dict[str, Any]:
        """Fields that a conversation in the row gives, where columns alone do not; takes its columns off ``rest``."""
        if all(self._gives(rest, content, name) for name in self._turns):
            return {}
        chat = chat_in(rest)
        if chat is None:
            return {}
        try:
            found = content_of(chat.exchange, self.kind.fields, self.kind.name)
        except InputError:
            if chat.sure:
                raise
            return {}
        if found.keys() <= set(chat.columns) and not chat.sure:
            return {}  # these are the fields already
        self.read_as[f"{', '.join(chat.columns)} → {', '.join(found)}"] += 1
        for column in chat.columns[1:] if chat.more else chat.columns:
            rest.pop(column, None)
        if chat.system:
            rest["system"] = chat.system
        return found

    def _gives(self, rest: Mapping[str, Any], content: Mapping[str, Any], name: str) -> bool:
        """Whether a column holds the field: a text is never a list of messages."""
        value = content.get(name, rest.get(name))
        turns = self.kind.fields[name].type == "string" and isinstance(value, list | dict)
        return value is not None and value != "" and not turns

    def _typed(self, name: str, value: Any, *, textual: bool) -> Any:
        """The value as its field wants it: cells of csv, JSON text of a list or object, columns of numbers."""
        rule = self.kind.fields[name]
        if isinstance(value, str):
            return typed(value, rule) if textual or rule.type in ("list", "object") else value
        if name in self._numbers and _is_number(value):
            self.read_as[f"{name}: number → text"] += 1
            return str(value)
        return value


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _only_numbers(values: Iterable[Any]) -> bool:
    there = [value for value in values if value is not _MISSING and value is not None]
    return bool(there) and all(map(_is_number, there))


def lookup(data: Mapping[str, Any], name: str) -> Any:
    """The value of a column, or of a place inside it such as ``messages.0.content``; a marker where there is none."""
    if name in data:
        return data[name]
    value: Any = data
    for part in name.split("."):
        if isinstance(value, Mapping) and part in value:
            value = value[part]
        elif isinstance(value, list) and re.fullmatch(r"-?\d{1,9}", part) and -len(value) <= int(part) < len(value):
            value = value[int(part)]
        else:
            return _MISSING
    return value


def typed(text: Any, rule: FieldRule) -> Any:
    """A cell of a file that knows nothing but text, as the field's type; what is none of that type stays text."""
    if not isinstance(text, str):
        return text
    if text == "":
        return None
    bare = text.strip()
    if rule.type == "integer" and _WHOLE.fullmatch(whole := _NO_FRACTION.sub("", bare)):
        return int(whole)
    if rule.type == "number":
        return _number(bare, text)
    if rule.type == "boolean" and bare.lower() in _YES | _NO:
        return bare.lower() in _YES
    if rule.type in ("list", "object") and bare[:1] in ("[", "{"):
        try:
            return json.loads(bare)
        except (ValueError, RecursionError):
            return text
    return text


def _number(bare: str, text: str) -> Any:
    try:
        value = int(bare) if _WHOLE.fullmatch(bare) else float(bare)
    except ValueError:
        return text
    return value if math.isfinite(value) else text


def read_topic_map(path: Path) -> dict[str, str]:
    """Value → topic path, from a JSON or YAML file.

    Raises:
        NotFoundError: there is no such file.
        InputError: it is not a mapping of texts.
    """
    place: dict[str, Any] = {"file": path.as_posix()}
    try:
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError as error:
        raise NotFoundError(f"no file {str(path)!r}", place=place) from error
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"cannot read {path.name}: {error}", place=place) from error
    try:
        data = load_yaml(text)
    except YamlError as error:
        place |= {"row": error.row} if error.row else {}
        raise InputError(f"{path.name} is neither JSON nor YAML: {error}", place=place) from error
    if not isinstance(data, dict) or not all(isinstance(v, str) for v in data.values()):
        raise InputError(f"{path.name} does not map values to topic paths", place=place, fix="write VALUE: PATH lines")
    return {str(key): value for key, value in data.items()}
