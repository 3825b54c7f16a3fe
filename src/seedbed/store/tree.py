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
``_aspects``, anything else goes to ``meta`` without its underscore; ``_meta`` holds the same keys, without underscores.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from seedbed.core.errors import InputError, TopicError
from seedbed.core.records import Topic
from seedbed.core.strict_yaml import YamlError, load_yaml
from seedbed.kinds.values import json_flaw
from seedbed.store.topics import MAX_DEPTH, validate_path

_OWN = ("description", "target", "weight", "meta")
"""Keys that are no meta of the user's."""


def parse_tree(data: Any) -> list[Topic]:
    """The topics of a nested mapping or list of names, parents before children, in the order written.

    Raises:
        TopicError: a name or an attribute is malformed, with the path it stands at.
    """
    if not isinstance(data, Mapping | list | tuple):
        raise TopicError(
            f"a topic tree is a mapping of names, not {_type(data)}", fix="write names as keys: {rome: {}}"
        )
    if isinstance(data, Mapping):
        stray = next((k for k in data if isinstance(k, str) and k.startswith("_")), None)
        if stray is not None:
            raise TopicError(f"{stray!r} stands outside any topic", place={"field": stray}, fix="put it into a topic")
    topics = list(_children("", data))
    seen: set[str] = set()
    for topic in topics:
        if topic.path in seen:
            raise TopicError(f"topic {topic.path!r} stands in the tree twice", place={"topic": topic.path})
        seen.add(topic.path)
    return topics


def _children(parent: str, data: Any) -> Iterator[Topic]:
    if isinstance(data, Mapping):
        pairs = [(k, v) for k, v in data.items() if not (isinstance(k, str) and k.startswith("_"))]
    else:
        pairs = [pair for item in data for pair in (item.items() if isinstance(item, Mapping) else ((item, None),))]
    for name, value in pairs:
        path = _joined(parent, name)
        yield _topic(path, value)
        if isinstance(value, Mapping | list | tuple):
            yield from _children(path, value)


def _joined(parent: str, name: Any) -> str:
    place = {"topic": parent} if parent else None
    if isinstance(name, bool) or not isinstance(name, str | int):  # YAML reads a bare 2024 as a number, yes as true
        raise TopicError(f"a topic's name is a text, not {_type(name)} ({name!r})", place=place, fix="put it in quotes")
    if "/" in str(name):
        raise TopicError(f"the name {name!r} holds a slash", place=place, fix="nest topics instead of joining names")
    path = validate_path(f"{parent}/{name}" if parent else str(name))
    if path.count("/") >= MAX_DEPTH:
        raise TopicError(f"topic {path!r} is too deep", place=place)
    return path


def _topic(path: str, value: Any) -> Topic:
    if value is None or isinstance(value, list | tuple):
        return Topic(path)
    if isinstance(value, str):
        return Topic(path, description=value.strip())
    if not isinstance(value, Mapping):
        raise TopicError(
            f"topic {path!r} holds {_type(value)}; a topic holds subtopics or its description",
            place={"topic": path},
            fix="write {} for a leaf",
        )
    given = {k[1:]: v for k, v in value.items() if isinstance(k, str) and k.startswith("_") and k != "_meta"}
    meta = value.get("_meta", {})
    if not isinstance(meta, Mapping):
        raise _wrong(path, "_meta", "is a mapping", meta)
    meta = {**meta, **given}
    description = _description(path, meta.pop("description", None))
    target = _target(path, meta.pop("target", None))
    weight = _weight(path, meta.pop("weight", None))
    _check_aspects(path, meta.get("aspects"))
    _check_fields(path, meta.get("fields"))
    rest = {str(k): v for k, v in meta.items() if v is not None}
    flaw = json_flaw(rest)
    if flaw is not None:
        raise TopicError(f"meta of topic {path!r} {flaw[1]}", place={"topic": path}, fix="put it in quotes")
    return Topic(path, description, target, weight, rest)


def _description(path: str, value: Any) -> str:
    if value is None:
        return ""
    if not isinstance(value, str):
        raise _wrong(path, "_description", "is a text", value)
    return value.strip()


def _target(path: str, value: Any) -> int | None:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < 2**53:
        raise _wrong(path, "_target", "is a whole number of entries, 0 or more", value)
    return value


def _weight(path: str, value: Any) -> float:
    if value is None:
        return 1.0
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < math.inf:
        raise _wrong(path, "_weight", "is a number, 0 or more", value)
    return float(value)


def _check_aspects(path: str, value: Any) -> None:
    if value is None:
        return
    if not isinstance(value, Sequence) or isinstance(value, str) or not all(isinstance(a, str) for a in value):
        raise _wrong(path, "_aspects", "is a list of texts", value)


def _check_fields(path: str, value: Any) -> None:
    if value is not None and not isinstance(value, Mapping):
        raise _wrong(path, "_fields", "is a mapping of field names to rules", value)


def _wrong(path: str, key: str, what: str, value: Any) -> TopicError:
    return TopicError(
        f"{key} of topic {path!r} {what}, not {_type(value)}: {value!r:.80}", place={"topic": path, "field": key}
    )


def _type(value: Any) -> str:
    return "nothing" if value is None else f"a {type(value).__name__}"


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
        plain = all(isinstance(k, str) and k not in _OWN for k in topic.meta)
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
