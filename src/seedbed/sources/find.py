"""Locations to seeds: which source reads what, several locations in one go, without doubles, fairly limited."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from seedbed.core import plugins
from seedbed.core.errors import InputError, MissingExtraError, NotFoundError, SeedbedError, UnknownNameError
from seedbed.core.records import Seed
from seedbed.sources.files import DOCUMENT_ENDINGS, ROW_ENDINGS, is_glob, near_paths, row_ending, supported
from seedbed.sources.report import SourceReport
from seedbed.sources.spread import spread

_LIMIT = "max_chunks"


def detect(location: str) -> str:
    """Name of the source that reads ``location``: ``documents``, ``rows`` or ``lancedb``; nothing is opened.

    A folder with ``*.lance`` tables is LanceDB, any other folder documents; files and globs go by their ending.

    Raises:
        NotFoundError: nothing is there; names files nearby.
        InputError: the ending is not supported; names those that are, and their extras.
    """
    path = Path(location)
    if path.is_dir():
        is_lance = path.suffix == ".lance" or next(path.glob("*.lance"), None) is not None
        return "lancedb" if is_lance else "documents"
    if not path.exists() and not is_glob(location):
        raise near_paths(path, location)
    ending = path.suffix.lower()
    if row_ending(path) in ROW_ENDINGS:
        return "rows"
    if ending in DOCUMENT_ENDINGS or is_glob(location):
        return "documents"
    raise InputError(
        f"cannot read {path.name}: unsupported ending {ending!r}" if ending else f"cannot read {path.name}: no ending",
        place={"file": path.as_posix()},
        fix=f"supported: {supported()}",
    )


@dataclass(slots=True)
class ReadResult:
    """Seeds of one or several locations, and the account of the reading.

    Attributes:
        seeds: read as they are taken, unless a limit was given; can be taken once.
        report: complete when ``seeds`` is used up.
    """

    seeds: Iterator[Seed]
    report: SourceReport = field(default_factory=SourceReport)

    def __iter__(self) -> Iterator[Seed]:
        """The seeds."""
        return self.seeds

    @property
    def issues(self) -> list[SeedbedError]:
        """Errors met so far."""
        return self.report.issues


def read_sources(
    locations: Sequence[str],
    options: Mapping[str, Any] | None = None,
    *,
    source: str | None = None,
    max_chunks: int | None = None,
    dedupe: bool = True,
) -> ReadResult:
    """Seeds of all ``locations``, in the order given.

    A file, row or table that cannot be read becomes an issue of the report and does not stop the others; an unknown
    table or column and a glob that matches nothing are raised when the first seed is taken.

    Args:
        locations: files, folders, globs, LanceDB folders.
        options: options of the sources in use by name, e.g. ``{"chunk_size": 800, "text_field": "body"}``.
        source: reads every location; found by ``detect`` when not given.
        max_chunks: most seeds in all, as equally many per document as possible; reads everything first.
        dedupe: leave out seeds whose text an earlier one has.

    Raises:
        NotFoundError: a location does not exist.
        UnknownNameError: no such source, option, table or column.
        InputError: a location cannot be read by any source, or there is none.
        ConfigError: an option's value is wrong.
    """
    if not locations:
        raise InputError("no source is given", fix=f"name files, folders or globs; supported: {supported()}")
    pairs = [(location, source or detect(location)) for location in locations]
    loaded = {name: plugins.load("sources", name)() for _, name in pairs}
    settings = _options(loaded, {**(options or {})})
    limit = max_chunks if max_chunks is not None else (options or {}).get(_LIMIT)
    report = SourceReport()
    seeds: Iterator[Seed] = _chain(pairs, loaded, settings, report)
    if dedupe:
        seeds = _distinct(seeds, report)
    return ReadResult(iter(spread(seeds, limit)) if limit is not None else seeds, report)


def read_all(
    locations: Sequence[str], options: Mapping[str, Any] | None = None, **how: Any
) -> tuple[list[Seed], SourceReport]:
    """All seeds as a list, and the finished report; arguments as for ``read_sources``."""
    result = read_sources(locations, options, **how)
    return list(result.seeds), result.report


def _options(loaded: Mapping[str, Any], given: dict[str, Any]) -> dict[str, Any]:
    """Parsed options of each source; every one given must be known to a source in use."""
    from seedbed.core.config import parse_options

    known = {name: set(source.Options.model_fields) for name, source in loaded.items()}
    every = set().union(*known.values())
    for key in given:
        if key not in every:
            raise UnknownNameError("source option", key, every)
    given.pop(_LIMIT, None)  # spread over all locations, not over each
    return {
        name: parse_options(source.Options, {key: value for key, value in given.items() if key in known[name]})
        for name, source in loaded.items()
    }


def _chain(
    pairs: Iterable[tuple[str, str]], loaded: Mapping[str, Any], settings: Mapping[str, Any], report: SourceReport
) -> Iterator[Seed]:
    """Seeds of each location; a stranger's source that cannot collect ends at its first error."""
    for location, name in pairs:
        source = loaded[name]
        try:
            if hasattr(source, "collect"):
                yield from source.collect(location, settings[name], report)
            else:
                account = report.open(location)
                for seed in source.read(location, settings[name]):
                    account.seeds += 1
                    yield seed
        except (NotFoundError, UnknownNameError, MissingExtraError):
            raise  # the call is wrong, not the data
        except SeedbedError as error:
            report.problem(error)


def _distinct(seeds: Iterable[Seed], report: SourceReport) -> Iterator[Seed]:
    seen: set[bytes] = set()
    for seed in seeds:
        key = hashlib.blake2b(seed.text.encode("utf-8", "surrogatepass"), digest_size=16).digest()
        if key in seen:
            report.duplicates += 1
        else:
            seen.add(key)
            yield seed
