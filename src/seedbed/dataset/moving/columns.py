"""Columns of a file as fields of a kind: which is which, where a row belongs, and what is kept beside the entry."""

from __future__ import annotations

import json
import math
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from seedbed.core.errors import InputError, NotFoundError, SeedbedError, UnknownNameError
from seedbed.core.records import Candidate, Origin
from seedbed.core.strict_yaml import YamlError, load_yaml
from seedbed.dataset.rows import candidate_of

if TYPE_CHECKING:
    from seedbed.kinds.fields import FieldRule
    from seedbed.kinds.kind import Kind
    from seedbed.sources.row import RowResult

OTHERWISE = "*"
"""Key of a topic map for values that it does not name."""

_WHOLE = re.compile(r"[+-]?\d{1,300}")
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
        kept: columns that were kept beside entries, with the number of rows.
    """

    kind: Kind
    origin: Origin
    mapping: Mapping[str, str] = field(default_factory=dict)
    topic: str | None = None
    topic_column: str | None = None
    topic_map: Mapping[str, str] = field(default_factory=dict)
    split_column: str | None = None
    kept: Counter[str] = field(default_factory=Counter)

    def check(self, rows: Sequence[RowResult], path: str) -> None:
        """Raises ``UnknownNameError`` when a named column is in none of ``rows``: a typo would lose every value."""
        data = [row.data for row in rows if row.data is not None]
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
        except SeedbedError as error:
            return error
        if self.split_column is not None:
            named = lookup(row.data, self.split_column)
            split = split if named in (_MISSING, None, "") else str(named)
            rest.pop(self.split_column, None)
        content = self._content(row.data, rest, textual=path.lower().endswith((".csv", ".tsv")))
        meta = {name: value for name, value in rest.items() if value is not None and value != ""}
        self.kept.update(meta.keys())
        if split:
            meta["split"] = split
        found = candidate_of(content, topic=where, kind=self.kind, origin=self.origin, place=place)
        return replace(found, meta=meta) if isinstance(found, Candidate) else found

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
        for column in list(rest):
            if column not in content and (column in fields or self.kind.extra == "allow"):
                content[column] = rest.pop(column)
        if textual:
            content = {n: typed(v, fields[n]) if n in fields else v for n, v in content.items()}
        return content


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
    if rule.type == "integer" and _WHOLE.fullmatch(bare):
        return int(bare)
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
