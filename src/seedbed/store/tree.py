"""Topic trees as people write them: nested names in JSON or YAML.

Example:
    ```yaml
    rome:
      _description: the city and its states
      republic: offices, laws and wars from 509 to 27 BC      # a text is a description
      empire:
        _target: 40
        _aspects: [army, trade, succession]
        early: {}
        late: {}
    greece: [athens, sparta]                                   # a list names leaves
    ```

Keys that begin with ``_`` describe the topic they stand in: ``_description``, ``_target``, ``_weight``, ``_fields``,
``_aspects``, ``_on_duplicate``; anything else goes to ``meta`` without its underscore; ``_meta`` holds the same keys,
without underscores. What is not written stays as it is; ``null`` empties.
"""

from __future__ import annotations

import difflib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from seedbed.core.errors import InputError, TopicError
from seedbed.core.records import Topic
from seedbed.core.strict_yaml import YamlError, load_yaml
from seedbed.kinds.values import json_name
from seedbed.store.saying import ATTRIBUTES, EMPTY, META, check_meta, checked, wrong_attribute
from seedbed.store.topics import MAX_DEPTH, validate_path

_NOT_NAMES = {"description", "target", "weight", "meta", "aspects", "fields", "children", "subtopics"}
"""Names of topics that are more likely keys without their underscore, or another format's."""

MOST_DOUBTS = 5
"""Doubts about a tree that are told; of the others, how many."""


@dataclass(frozen=True, slots=True)
class Said:
    """What a tree says of one topic; what it does not say is nowhere in it.

    Attributes:
        path: the topic.
        attributes: ``description``, ``target`` and ``weight`` as far as they are written.
        meta: keys that are written; ``None`` takes one away.
    """

    path: str
    attributes: dict[str, Any] = field(default_factory=dict)
    meta: dict[str, Any] = field(default_factory=dict)

    def of(self, topic: Topic) -> Topic:
        """The topic with what is said of it."""
        meta = {k: v for k, v in {**topic.meta, **self.meta}.items() if v is not None}
        return replace(topic, **self.attributes, meta=meta)


def parse_tree(data: Any) -> list[Said]:
    """What a nested mapping or list of names says of its topics, parents before children, in the order written.

    Raises:
        TopicError: a name or an attribute is malformed, with the path it stands at.
    """
    if not isinstance(data, Mapping | list | tuple):
        raise TopicError(
            f"a topic tree is a mapping of names, not {json_name(data)}", fix="write names as keys: {rome: {}}"
        )
    if isinstance(data, Mapping):
        stray = next((k for k in data if isinstance(k, str) and k.startswith("_")), None)
        if stray is not None:
            raise TopicError(f"{stray!r} stands outside any topic", place={"field": stray}, fix="put it into a topic")
    topics: dict[str, Said] = {}
    for said in _children("", data):
        if said.path in topics:
            fix = "names are keys, and siblings differ: {rome: {republic: {}, empire: {}}}"
            raise TopicError(f"topic {said.path!r} stands in the tree twice", place={"topic": said.path}, fix=fix)
        topics[said.path] = said
    return list(topics.values())


def doubts(tree: Sequence[Said]) -> list[str]:
    """Sentences about what was read as it stands, but is probably a slip: the first few, and how many more."""
    found = [] if tree else ["the tree names no topics"]
    parents = {said.path.rpartition("/")[0] for said in tree}
    for said in tree:
        above, _, name = said.path.rpartition("/")
        if above and name in _NOT_NAMES and (said.attributes or said.path in parents):
            meant = f"_{name}" if name in {*ATTRIBUTES, *META} else f"its subtopics as keys of {above!r}"
            found.append(f"{said.path!r} is a topic now; did you mean {meant}?")
        for key in said.meta:
            near = difflib.get_close_matches(key.casefold(), (*ATTRIBUTES, *META), 1, 0.75)
            if near and key not in META:
                found.append(f"_{key} of topic {said.path!r} is kept as meta; did you mean _{near[0]}?")
    more = len(found) - MOST_DOUBTS
    return found[:MOST_DOUBTS] + ([f"{more} more of the kind"] if more > 0 else [])


def _children(parent: str, data: Any) -> Iterator[Said]:
    if isinstance(data, Mapping):
        pairs = [(k, v) for k, v in data.items() if not (isinstance(k, str) and k.startswith("_"))]
    else:
        pairs = [pair for item in data for pair in (item.items() if isinstance(item, Mapping) else ((item, None),))]
    for name, value in pairs:
        path = _joined(parent, name)
        yield _said(path, value)
        if isinstance(value, Mapping | list | tuple):
            yield from _children(path, value)


def _joined(parent: str, name: Any) -> str:
    place = {"topic": parent} if parent else None
    if isinstance(name, bool) or not isinstance(name, str | int):  # YAML reads a bare 2024 as a number, yes as true
        said = f"a topic's name is a text, not {json_name(name)} ({name!r})"
        raise TopicError(said, place=place, fix="put it in quotes")
    if "/" in str(name):
        raise TopicError(f"the name {name!r} holds a slash", place=place, fix="nest topics instead of joining names")
    path = validate_path(f"{parent}/{name}" if parent else str(name))
    if path.count("/") >= MAX_DEPTH:
        raise TopicError(f"topic {path!r} is too deep", place=place)
    return path


def _said(path: str, value: Any) -> Said:
    if value is None or isinstance(value, list | tuple):
        return Said(path)
    if isinstance(value, str):
        return Said(path, {"description": value.strip()} if value.strip() else {})
    if not isinstance(value, Mapping):
        name = path.rpartition("/")[2]
        fix = f"to describe the topic above it write _{name}" if name in ATTRIBUTES else "write {} for a leaf"
        raise TopicError(
            f"topic {path!r} holds {json_name(value)}; a topic holds subtopics or its description",
            place={"topic": path},
            fix=fix,
        )
    given = {k[1:]: v for k, v in value.items() if isinstance(k, str) and k.startswith("_") and k != "_meta"}
    meta = value.get("_meta", {})
    if not isinstance(meta, Mapping):
        raise wrong_attribute(path, "_meta", "an object", meta)
    meta = {str(k): v for k, v in {**meta, **given}.items()}
    attributes = {name: checked(path, name, meta.pop(name), f"_{name}") for name in EMPTY if name in meta}
    check_meta(path, meta, "_")
    return Said(path, attributes, meta)


def nested_tree(topics: Sequence[Topic], root: str | None = None) -> dict[str, Any]:
    """Topics as ``parse_tree`` reads them: names to what is below, ``_description`` and the like for the rest.

    Args:
        topics: parents before children.
        root: everything is at or below this topic, which is the only name at the top.

    Raises:
        TopicError: a name begins with ``_``, so that the tree cannot be written this way.
    """
    out: dict[str, Any] = {}
    above = len(root.rpartition("/")[0].split("/")) if root and "/" in root else 0
    for topic in topics:
        names = topic.path.split("/")[above:]
        if any(name.startswith("_") for name in names):
            raise TopicError(
                f"the name of topic {topic.path!r} would be read as a key",
                place={"topic": topic.path},
                fix="rename it, or use --json",
            )
        here = out
        for name in names:
            here = here.setdefault(name, {})
        said: dict[str, Any] = {"_description": topic.description or None, "_target": topic.target}
        said |= {"_weight": None if topic.weight == 1.0 else topic.weight}
        plain = all(isinstance(k, str) and k not in ATTRIBUTES for k in topic.meta)
        said |= {f"_{k}": v for k, v in topic.meta.items()} if plain else {"_meta": topic.meta}
        here.update({k: v for k, v in said.items() if v is not None})
    return out


def read_tree(path: str | Path) -> Any:
    """The nested data in a JSON or YAML file, to be handed to ``parse_tree``.

    Raises:
        InputError: the file cannot be read, or is neither; names file and row.
    """
    try:
        text = Path(path).read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"cannot read the tree: {error}", place={"file": str(path)}) from error
    return tree_from_text(text, str(path))


def tree_from_text(text: str, name: str) -> Any:
    """The nested data of JSON or YAML text; ``name`` stands for the file in messages.

    Raises:
        InputError: it is neither, or an object holds a key twice; names the row.
    """
    twice = None
    try:
        return json.loads(text, object_pairs_hook=_unique)
    except _Twice as error:
        twice = error.key
    except (json.JSONDecodeError, RecursionError):
        pass  # YAML holds nearly all of JSON, and says more exactly where it breaks
    try:
        return load_yaml(text)
    except YamlError as error:
        key = error.key or twice
        place = {"file": name, **({"row": error.row} if error.row else {})}
        if key is not None:
            raise _doubled(key, place) from error
        raise InputError(f"the tree is neither JSON nor YAML: {error}", place=place) from error


class _Twice(ValueError):
    """A key stands in an object twice."""

    def __init__(self, key: str) -> None:
        super().__init__(key)
        self.key = key


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in pairs:
        if key in found:
            raise _Twice(key)
        found[key] = value
    return found


def _doubled(key: str, place: dict[str, Any]) -> InputError:
    return InputError(f"the tree holds {key!r} twice in one place", place={**place, "field": key}, code="duplicate_key")
