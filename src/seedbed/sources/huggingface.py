"""Folders of Hugging Face datasets: what ``save_to_disk`` writes, and repositories as they lie on the hub.

Which files belong to which configuration and split follows the hub's own rules (its documentation of repository
structure): the card's ``configs`` first, else shard names, else ``train``, ``validation`` and ``test`` in names of
files and folders. Nothing is fetched, and no code of a repository is run.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from seedbed.core.errors import InputError, NotFoundError, UnknownNameError
from seedbed.core.strict_yaml import YamlError, load_yaml
from seedbed.sources.features import from_card, labelled
from seedbed.sources.files import ROW_ENDINGS, find_files, near_paths, row_ending
from seedbed.sources.row import RowResult
from seedbed.sources.rows import read_rows
from seedbed.sources.rows_arrow import features_of, read_arrow

ENDINGS = ROW_ENDINGS | {".arrow"}

_SPLITS = {
    "train": "train|training",
    "validation": "validation|valid|val|dev",
    "test": "test|testing|eval|evaluation",
}
_WORDS = {name: re.compile(rf"(?:^|[/._\- \d])(?:{words})(?:[/._\- \d]|$)", re.I) for name, words in _SPLITS.items()}
_SHARD = re.compile(r"(?P<split>\w+(?:\.\w+)*)-\d{5}-of-\d{5}[.-]")
_NOT_ROWS = {"dataset_info.json", "dataset_infos.json", "dataset_dict.json", "state.json", "package.json"}
_POINTER = b"version https://git-lfs"
_MOST = 4 << 20


@dataclass(frozen=True, slots=True)
class Part:
    """One file of rows.

    Attributes:
        path: the file.
        split: the split it belongs to, or ``None`` for a file that stands alone.
        features: what is known of its columns from outside the file.
    """

    path: Path
    split: str | None = None
    features: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Folder:
    """The files of one configuration.

    Attributes:
        parts: files in order of splits and names.
        skipped: files of rows that belong to no split or another format.
    """

    parts: tuple[Part, ...]
    skipped: tuple[str, ...] = ()


def read_part(part: Part) -> Iterator[RowResult]:
    """One result a row, in order; class labels by their names, nested values as JSON. Memory stays flat.

    Raises:
        InputError: the file cannot be read at all.
        MissingExtraError: Arrow or Parquet without pyarrow.
    """
    path = part.path
    ending = path.suffix.lower()
    _refuse_pointer(path)
    features = part.features
    if ending in (".arrow", ".parquet"):
        features = features_of(path) or features
    for result in read_arrow(path) if ending == ".arrow" else read_rows(path):
        if features and result.data is not None:
            data = {k: labelled(v, features.get(k)) for k, v in result.data.items()}
            result = replace(result, data=data)
        yield result


def open_rows(path: Path, *, splits: Sequence[str] = (), config: str | None = None) -> Folder:
    """The files of rows that ``path`` stands for: a file for itself, a folder for its files; see ``open_folder``.

    Raises:
        NotFoundError: nothing is there; names what is near.
        UnknownNameError: a split or configuration of a single file, which has none.
    """
    if path.is_dir():
        return open_folder(path, splits=splits, config=config)
    if not path.is_file():
        raise near_paths(path, path.as_posix())
    for what, name in (("split", next(iter(splits), None)), ("config", config)):
        if name is not None:
            raise UnknownNameError(what, name, (), place={"file": path.as_posix()}, fix="a single file has none")
    return Folder((Part(path),))


def open_folder(folder: Path, *, splits: Sequence[str] = (), config: str | None = None) -> Folder:
    """The files of rows in ``folder``.

    Args:
        folder: made by ``save_to_disk``, or a copy of a hub repository, or just a folder of files.
        splits: only these; all when empty.
        config: one of the card's configurations; needed where there are several and none is the default.

    Raises:
        NotFoundError: no rows in it.
        UnknownNameError: no such split or configuration.
        InputError: several configurations and none chosen, or a file that describes the folder is malformed.
    """
    found = _saved(folder, config) or _repository(folder, config)
    if not found.parts:
        raise NotFoundError(
            f"no rows in {folder.as_posix()!r}",
            place={"file": folder.as_posix()},
            fix=f"files of rows end in {', '.join(sorted(ENDINGS))}",
        )
    known = list(dict.fromkeys(str(part.split) for part in found.parts))
    for name in splits:
        if name not in known:
            raise UnknownNameError("split", name, known, place={"file": folder.as_posix()})
    if splits:
        found = replace(found, parts=tuple(p for p in found.parts if p.split in splits))
    return found


# -- save_to_disk ----------------------------------------------------------------------------------------------------


def _saved(folder: Path, config: str | None) -> Folder | None:
    """The parts of a folder made by ``save_to_disk``, or ``None`` when it is none."""
    names: list[str] = []
    if (folder / "dataset_dict.json").is_file():
        listed = _json(folder / "dataset_dict.json").get("splits")
        names = [n for n in listed if isinstance(n, str)] if isinstance(listed, list) else []
        homes = [(name, folder / Path(name).name) for name in names]
    elif (folder / "state.json").is_file() and (folder / "dataset_info.json").is_file():
        homes = [("", folder)]
    else:
        return None
    if config is not None:
        raise UnknownNameError("config", config, (), place={"file": folder.as_posix()})
    return Folder(tuple(part for name, home in homes for part in _saved_split(name, home)))


def _saved_split(name: str, home: Path) -> Iterator[Part]:
    state = _json(home / "state.json")
    if state.get("_indices_data_files") or state.get("_indices_files"):
        raise InputError(
            f"{home.as_posix()} was saved with an order of its own beside the data",
            place={"file": home.as_posix()},
            fix="save it again after flatten_indices()",
        )
    features = _json(home / "dataset_info.json").get("features")
    listed = [f.get("filename") for f in state.get("_data_files") or () if isinstance(f, dict)]
    split = name or (state["_split"] if isinstance(state.get("_split"), str) else "train")
    for file in listed or sorted(p.name for p in home.glob("*.arrow")):
        path = home / Path(str(file)).name  # a name inside the folder, whatever the file says
        if not path.is_file():
            raise NotFoundError(f"{path.name} of the split {split!r} is missing", place={"file": path.as_posix()})
        yield Part(path, split, features if isinstance(features, dict) else {})


# -- repositories ----------------------------------------------------------------------------------------------------


def _repository(folder: Path, config: str | None) -> Folder:
    card = _card(folder)
    files = [p for p in find_files(str(folder)) if row_ending(p) in ENDINGS and p.name not in _NOT_ROWS]
    chosen = _chosen(card.get("configs"), config, folder)
    features = _card_features(card, str(chosen.get("config_name", "")) if chosen else "")
    if chosen is not None and "data_files" in chosen:
        return Folder(tuple(_declared(folder, chosen, files, features)))
    root = _below(folder, str(chosen["data_dir"])) if chosen is not None and "data_dir" in chosen else folder
    return _guessed(root, [f for f in files if f.is_relative_to(root)], features)


def _card(folder: Path) -> dict[str, Any]:
    """The metadata at the top of the repository's README; empty where there is none."""
    path = folder / "README.md"
    if not path.is_file():
        return {}
    place = {"file": path.as_posix()}
    try:
        with path.open(encoding="utf-8-sig", errors="replace") as file:
            text = file.read(_MOST)
        if not text.startswith("---\n"):
            return {}
        head = text[4:].split("\n---", 1)[0]
        data = load_yaml(head)
    except YamlError as error:
        raise InputError(f"the metadata of {path.name} is not YAML: {error}", place=place) from error
    except OSError as error:
        raise InputError(f"cannot read {path.name}: {error.strerror}", place=place) from error
    return data if isinstance(data, dict) else {}


def _chosen(configs: Any, name: str | None, folder: Path) -> Mapping[str, Any] | None:
    """The configuration asked for, or the only or default one; ``None`` where the card names none."""
    place = {"file": folder.as_posix()}
    listed = [c for c in configs if isinstance(c, dict)] if isinstance(configs, list) else []
    by_name = {str(c.get("config_name", "default")): c for c in listed}
    if name is not None:
        if name not in by_name:
            raise UnknownNameError("config", name, by_name, place=place)
        return by_name[name]
    default = next((c for c in listed if c.get("default") is True), by_name.get("default"))
    if default is not None or len(listed) < 2:
        return default or (listed[0] if listed else None)
    raise InputError(
        f"{folder.name} has {len(by_name)} configurations and none is the default",
        place=place,
        fix=f"choose one with --config: {', '.join(list(by_name)[:12])}",
        code="ambiguous_config",
    )


def _declared(folder: Path, config: Mapping[str, Any], files: list[Path], features: dict[str, Any]) -> Iterator[Part]:
    """Files as the card's ``data_files`` say: a pattern, several, or several for each split."""
    given = config["data_files"]
    entries = given if isinstance(given, list) else [given]
    for entry in entries:
        split, patterns = ("train", entry)
        if isinstance(entry, dict):
            split, patterns = str(entry.get("split", "train")), entry.get("path", ())
        for pattern in patterns if isinstance(patterns, list) else [patterns]:
            matching = [f for f in files if _matches(f.relative_to(folder).as_posix(), str(pattern))]
            if not matching:
                raise NotFoundError(
                    f"no file of rows matches {str(pattern)!r}, which the card names for the split {split!r}",
                    place={"file": folder.as_posix()},
                    fix="fetch the whole repository, or choose another --config or --split",
                )
            yield from (Part(f, split, features) for f in matching)


def _matches(path: str, pattern: str) -> bool:
    parts = re.split(r"(\*\*/|\*\*|\*|\?)", pattern.removeprefix("./"))
    signs = {"**/": "(?:[^/]+/)*", "**": ".*", "*": "[^/]*", "?": "[^/]"}
    return re.fullmatch("".join(signs.get(p, re.escape(p)) for p in parts), path) is not None


def _below(folder: Path, name: str) -> Path:
    home = (folder / name).resolve()
    if not home.is_relative_to(folder.resolve()):
        raise InputError(f"the card names a folder outside the repository: {name!r}", place={"file": str(folder)})
    return folder / name


def _guessed(root: Path, files: list[Path], features: dict[str, Any]) -> Folder:
    """Files of the most frequent format, by the splits that their names say; ``train`` where none says any."""
    if not files:
        return Folder(())
    ending = Counter(_format(f) for f in files).most_common(1)[0][0]
    same = [f for f in files if _format(f) == ending]
    named = {f: _split_of(f.relative_to(root).as_posix()) for f in same}
    if not any(named.values()):
        named = dict.fromkeys(same, "train")
    order = {name: i for i, name in enumerate(_SPLITS)}
    parts = [Part(f, split, features) for f, split in named.items() if split]
    parts.sort(key=lambda p: (order.get(str(p.split), len(order)), str(p.split), p.path.as_posix()))
    skipped = [f.relative_to(root).as_posix() for f in files if not named.get(f)]
    return Folder(tuple(parts), tuple(skipped))


def _format(path: Path) -> str:
    ending = row_ending(path)
    return {".ndjson": ".jsonl", ".json": ".jsonl", ".tsv": ".csv"}.get(ending, ending)


def _split_of(path: str) -> str | None:
    name = path.rpartition("/")[2]
    shard = _SHARD.match(name)
    if shard:
        return shard["split"]
    for text in (name, path):
        for split, words in _WORDS.items():
            if words.search(text):
                return split
    return None


def _card_features(card: Mapping[str, Any], config: str) -> dict[str, Any]:
    found = card.get("dataset_info")
    infos = [i for i in (found if isinstance(found, list) else [found]) if isinstance(i, dict)]
    same = [i for i in infos if str(i.get("config_name", "default")) == (config or "default")]
    chosen = same[0] if same else infos[0] if len(infos) == 1 else {}
    return from_card(chosen.get("features"))


def _json(path: Path) -> dict[str, Any]:
    place = {"file": path.as_posix()}
    try:
        with path.open(encoding="utf-8") as file:
            data = json.loads(file.read(_MOST))
    except FileNotFoundError as error:
        raise NotFoundError(f"{path.name} is missing in {path.parent.as_posix()!r}", place=place) from error
    except (OSError, ValueError, RecursionError) as error:
        raise InputError(f"{path.name} cannot be read: {error}", place=place) from error
    return data if isinstance(data, dict) else {}


def _refuse_pointer(path: Path) -> None:
    try:
        with path.open("rb") as file:
            start = file.read(len(_POINTER))
    except OSError as error:
        raise InputError(
            f"cannot read {path.name}: {error.strerror or error}", place={"file": path.as_posix()}
        ) from error
    if start == _POINTER:
        raise InputError(
            f"{path.name} is only a pointer of Git LFS, not the file itself",
            place={"file": path.as_posix()},
            fix="run: git lfs pull",
        )
