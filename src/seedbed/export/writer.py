"""Write finished entries: decide splits first, stream rows to temporary files, replace the old ones at the end."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from pydantic import Field

from seedbed.core import plugins
from seedbed.core.config import Strict
from seedbed.core.errors import DiskFullError, InputError, ReadOnlyError, UnknownNameError
from seedbed.core.records import Entry, State
from seedbed.core.version import __version__
from seedbed.export.card import card_text, is_ours
from seedbed.export.formats.rows import dump
from seedbed.export.splits import Row, near_groups, parse_splits, split_by_hash, split_by_shuffle, thin_strata
from seedbed.store import DatasetFile, EntryFilter

if TYPE_CHECKING:
    from seedbed.core.protocols import Format

WHOLE = "all"
"""Name of the only part when nothing is split."""

FILES = {".jsonl": "jsonl", ".json": "jsonl", ".csv": "csv", ".parquet": "parquet"}
"""Format of a file that is asked for by its name alone."""

OTHERS = (".tsv", ".xlsx", ".arrow", ".gz", ".bz2", ".xz", ".zst", ".zip")
"""Endings that promise what no format writes."""

META_COLUMNS = ("source", "chunk_id", "headings")


class ExportOptions(Strict):
    """What ``export`` can be told; flags of the command line have the same names."""

    format: str | None = Field(None, description="name of an export format; default: by the file's ending, else jsonl")
    splits: str | None = Field(None, description="NAME=SHARE,… with shares that add up to 1")
    split_method: Literal["shuffle", "hash"] = Field("shuffle", description="exact sizes, or stable under growth")
    seed: int = Field(42, description="of the split")
    system_prompt: str | None = Field(None, description="system turn of conversations")
    fields: list[str] | None = Field(
        None, description="columns of jsonl, csv and parquet in this order; beside conversations"
    )
    topic: str | None = Field(None, description="only this topic and below")
    kind: str | None = Field(None, description="only this kind; needed when the dataset holds several")
    include_pending: bool = Field(False, description="entries that wait for review as well")
    strict: bool = Field(False, description="thin strata are an error")
    dry_run: bool = Field(False, description="count and warn, write nothing")
    card: bool = Field(True, description="write a dataset card (README.md) into a split folder")


@dataclass(slots=True)
class ExportResult:
    """What was written, or would be.

    Attributes:
        splits: name → ``{"file", "count", "topics", "sha256"?, "bytes"?}``; an unsplit export has only ``all``.
        warnings: thin strata.
        manifest: path of the manifest; ``None`` on a dry run.
    """

    format: str
    kind: str
    splits: dict[str, dict[str, Any]]
    warnings: list[dict[str, Any]] = field(default_factory=list)
    manifest: str | None = None
    dry_run: bool = False

    @property
    def count(self) -> int:
        """Rows in all splits."""
        return sum(part["count"] for part in self.splits.values())

    def to_dict(self) -> dict[str, Any]:
        """JSON form."""
        out: dict[str, Any] = {"format": self.format, "kind": self.kind, "count": self.count, "splits": self.splits}
        if self.dry_run:
            out["dry_run"] = True
        if self.warnings:
            out["warnings"] = self.warnings
        if self.manifest:
            out["manifest"] = self.manifest
        return out


def export_dataset(file: DatasetFile, output: Path, options: ExportOptions) -> ExportResult:
    """Write accepted and approved entries to ``output``; rejected ones never leave. Calls no model.

    Without ``splits`` ``output`` is a file, with ``splits`` a folder with one file per split. Files are replaced
    together at the end; an export that fails leaves the old ones as they were.

    Raises:
        UnknownNameError: no such format, topic, kind or field.
        InputError: nothing to export, a row that the format cannot hold, thin strata with ``strict``, or ``output``
            is the dataset itself, no file, or has the ending of another format.
        DiskFullError, ReadOnlyError: the files cannot be written.
    """
    name = options.format or _format_of(output, options)
    encoder: Format = plugins.load("formats", name)()
    if not options.splits:
        _check_ending(output, name, encoder.suffix)
    wanted = _filter(file, options)
    shares = parse_splits(options.splits) if options.splits else {}
    rows = _rows(file, wanted, options)
    if not rows:
        raise InputError(
            "there are no finished entries to export", place={"file": str(file.path)}, code="nothing_to_export"
        )
    assigned = _assign(rows, shares, options)
    warnings = thin_strata(rows, shares) if shares else []
    if warnings and options.strict:
        raise InputError(
            f"{len(warnings)} strata are too thin: {warnings[0]['message']}",
            fix="generate more, use fewer splits, or leave out --strict",
            code="thin_strata",
        )
    if not shares:
        output = file.target(output)
    paths = {n: file.target(output / f"{n}{encoder.suffix}") for n in shares} if shares else {WHOLE: output}
    counts = _counts(rows, assigned, paths)
    result = ExportResult(name, wanted.kind or "", counts, warnings, dry_run=options.dry_run)
    if not options.dry_run:
        with _mapped(output):
            _write(file, wanted, encoder, options, (assigned, paths, result, output))
    return result


# -- choosing --------------------------------------------------------------------------------------------------


def _format_of(output: Path, options: ExportOptions) -> str:
    return "jsonl" if options.splits else FILES.get(output.suffix.lower(), "jsonl")


def _check_ending(output: Path, name: str, suffix: str) -> None:
    """Refuse a name that says another format than is written: whoever opens it goes by the name."""
    ending = output.suffix.lower()
    fitting = (".jsonl", ".json") if suffix == ".jsonl" else (suffix,)
    if ending in (*FILES, *OTHERS) and ending not in fitting:
        stem = output.with_suffix("")
        raise InputError(
            f"{output.name} does not end as {name} does, in {suffix}",
            place={"file": str(output)},
            fix=f"-o {stem if stem.suffix in fitting else stem.with_name(stem.name + suffix)}"
            + (f", or -f {FILES[ending]}" if ending in FILES else ""),
            code="wrong_ending",
        )


def _filter(file: DatasetFile, options: ExportOptions) -> EntryFilter:
    if options.topic is not None:
        file.topics.get(options.topic)
    states = (State.ACCEPTED, State.APPROVED) + ((State.PENDING,) if options.include_pending else ())
    kinds = {c.kind for c in file.entries.counts(root=options.topic) if c.state in states}
    kind = options.kind
    if kind is not None and kind not in kinds and kinds:
        raise UnknownNameError("kind", kind, kinds)
    if kind is None and len(kinds) > 1:
        raise InputError(f"the dataset holds several kinds: {', '.join(sorted(kinds))}", fix="choose one with --kind")
    return EntryFilter(root=options.topic, kind=kind or next(iter(kinds), None), states=states)


def _rows(file: DatasetFile, wanted: EntryFilter, options: ExportOptions) -> list[Row]:
    """Light rows of all entries to export, by topic and id; groups are looked for only when splits need them."""
    found = [(e.id, e.topic, e.cell) for e in file.entries.stream(wanted)]
    if not options.splits:
        return [Row(i, t, c, n) for n, (i, t, c) in enumerate(found)]
    rowids, groups = _groups(file)
    number = {entry_id: rowids.get(entry_id, -n - 1) for n, (entry_id, _, _) in enumerate(found)}
    present = set(number.values())
    leaders: dict[int, int] = {}
    for rowid in sorted(present):
        group = groups.get(rowid, rowid)
        leaders.setdefault(group, rowid)
    rows = []
    for entry_id, topic, cell in found:
        rowid = number[entry_id]
        group = groups.get(rowid, rowid)
        rows.append(Row(entry_id, topic, cell, group, leads=leaders[group] == rowid))
    return rows


def _groups(file: DatasetFile) -> tuple[dict[str, int], dict[int, int]]:
    """Row id of every public id, and near-duplicate group of every row id, over the whole dataset."""
    import numpy as np

    from seedbed.similarity.search import pairs_above

    current = file.vectors.current()
    rowids, _, vectors = file.vectors.load()
    ids = [int(r) for r in rowids]
    entries: dict[str, int] = {}
    for start in range(0, len(ids), 500):
        entries |= {e.id: rowid for rowid, e in file.entries.by_rowids(ids[start : start + 500]).items()}
    if current is None or len(ids) < 2:
        return entries, {i: i for i in ids}
    a, b, _ = pairs_above(vectors.astype(np.float32), current[2])
    return entries, near_groups(ids, ((ids[int(i)], ids[int(j)]) for i, j in zip(a, b, strict=True)))


def _assign(rows: list[Row], shares: Mapping[str, float], options: ExportOptions) -> dict[str, str]:
    if not shares:
        return {row.id: WHOLE for row in rows}
    split = split_by_hash if options.split_method == "hash" else split_by_shuffle
    return split(rows, shares, options.seed)


def _counts(rows: list[Row], assigned: Mapping[str, str], paths: Mapping[str, Path]) -> dict[str, dict[str, Any]]:
    out: dict[str, dict[str, Any]] = {n: {"file": str(p), "count": 0, "topics": Counter()} for n, p in paths.items()}
    for row in rows:
        part = out[assigned[row.id]]
        part["count"] += 1
        part["topics"][f"{row.topic} [{row.cell}]" if row.cell else row.topic] += 1
    for part in out.values():
        part["topics"] = dict(sorted(part["topics"].items()))
    return out


# -- writing ---------------------------------------------------------------------------------------------------


def _write(
    file: DatasetFile,
    wanted: EntryFilter,
    encoder: Format,
    options: ExportOptions,
    plan: tuple[Mapping[str, str], Mapping[str, Path], ExportResult, Path],
) -> None:
    assigned, paths, result, output = plan
    (output if options.splits else output.parent).mkdir(parents=True, exist_ok=True)
    parts: dict[Path, Path] = {}
    origins: Counter[str] = Counter()
    met: set[str] = {*META_COLUMNS}
    try:
        for name, path in paths.items():
            part = path.with_name(f"{path.name}.part{os.getpid()}")
            parts[part] = path
            mine = (e for e in file.entries.stream(wanted) if assigned.get(e.id) == name)
            encoder.write(_encoded(mine, encoder, options, origins, met), part)
            result.splits[name] |= {"sha256": _sha256(part), "bytes": part.stat().st_size}
        unknown = next((name for name in options.fields or () if name not in met), None)
        if unknown is not None:  # an optional field may be in the last entry only
            raise UnknownNameError("field", unknown, met)
        manifest = output / "manifest.json" if options.splits else output.with_name(output.name + ".manifest.json")
        if options.splits and options.card and is_ours(output / "README.md"):
            _put(parts, output / "README.md", card_text(file.path.stem, result.splits))
        result.manifest = str(manifest)
        _put(parts, manifest, dump(_manifest(file, options, result, origins)) + "\n")
        for part, path in parts.items():
            part.replace(path)
    finally:
        for part in parts:
            part.unlink(missing_ok=True)


def _put(parts: dict[Path, Path], path: Path, text: str) -> None:
    part = path.with_name(f"{path.name}.part{os.getpid()}")
    parts[part] = path
    part.write_text(text, encoding="utf-8")


def _encoded(
    entries: Iterator[Entry], encoder: Format, options: ExportOptions, origins: Counter[str], met: set[str]
) -> Iterator[dict[str, Any]]:
    for entry in entries:
        try:
            row = encoder.encode(entry.content, kind=entry.kind, system_prompt=options.system_prompt)
        except InputError as error:
            error.place["id"] = entry.id
            raise
        row = _with_fields(row, entry, whole=getattr(encoder, "whole", False), fields=options.fields, met=met)
        origin = entry.origin
        if origin is not None:
            made = (
                origin.via,
                origin.recipe,
                origin.recipe_version,
                origin.prompt,
                origin.prompt_version,
                origin.model,
            )
            origins[" ".join(p for p in made if p)] += 1
        yield row


def _with_fields(
    row: dict[str, Any], entry: Entry, *, whole: bool, fields: Sequence[str] | None, met: set[str]
) -> dict[str, Any]:
    """The columns asked for: instead of all, or beside a conversation; what an entry lacks is ``None``."""
    known = {**entry.meta, "id": entry.id, "topic": entry.topic, "kind": entry.kind, **entry.content}
    met.update(known)
    if fields is not None:
        return {**({} if whole else row), **{name: known.get(name) for name in fields}}
    if not whole:
        return row
    origin = {n: entry.meta[n] for n in META_COLUMNS if n in entry.meta and n not in entry.content}
    return {"id": entry.id, "topic": entry.topic, "kind": entry.kind, **row, **origin}


def _manifest(file: DatasetFile, options: ExportOptions, result: ExportResult, origins: Counter[str]) -> dict[str, Any]:
    current = file.vectors.current()
    splits = {n: {**p, "file": Path(p["file"]).name} for n, p in result.splits.items()}
    return {
        "seedbed": __version__,
        "dataset": file.path.name,
        "exported_at": file.clock(),
        "kind": result.kind,
        "count": result.count,
        "options": {**options.model_dump(exclude={"dry_run"}), "format": result.format},
        "embedder": current[0] if current else None,
        "splits": splits,
        "made_by": dict(origins.most_common()),
        "content_sha256": hashlib.sha256("".join(p["sha256"] for p in splits.values()).encode()).hexdigest(),
        "warnings": result.warnings,
    }


def _sha256(path: Path) -> str:
    """Hash of a file, which is flushed to the disk on the way."""
    digest = hashlib.sha256()
    with path.open("rb+") as stream:
        while block := stream.read(1 << 20):
            digest.update(block)
        os.fsync(stream.fileno())
    return digest.hexdigest()


@contextlib.contextmanager
def _mapped(output: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        place = {"file": str(output)}
        if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
            raise DiskFullError(f"no space left to write {output}", place=place, fix="free some space") from error
        raise ReadOnlyError(
            f"cannot write {output}: {error.strerror}", place=place, fix="choose another path"
        ) from error
