"""Locations to files: endings, folders, globs, and bytes to text."""

from __future__ import annotations

import codecs
import importlib
import os
import re
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from io import TextIOWrapper
from pathlib import Path
from typing import Any, BinaryIO, Final, TextIO, cast

from seedbed.core.errors import ConfigError, InputError, MissingExtraError, NotFoundError, near_names

TEXT_ENDINGS: Final = frozenset((".md", ".markdown", ".mdx", ".rst", ".txt", ".text", ".html", ".htm"))
OFFICE_ENDINGS: Final = frozenset((".pdf", ".docx", ".pptx"))
DOCUMENT_ENDINGS: Final = TEXT_ENDINGS | OFFICE_ENDINGS
ROW_ENDINGS: Final = frozenset((".jsonl", ".ndjson", ".json", ".csv", ".tsv", ".parquet"))

PACKED: Final = frozenset((".gz", ".bz2", ".xz", ".zst"))
"""Endings of compressed files; rows of texts are read through them."""

_SKIPPED_FOLDERS: Final = frozenset(("node_modules", "__pycache__", "venv", "site-packages", "_build", "CVS"))
_BOMS: Final = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_CONTROL: Final = frozenset(range(32)) - frozenset(b"\t\n\r\f\x1b\x08")
_PROBE = 65_536
_BINARY = (b"PAR1", b"PK\x03\x04", b"\x1f\x8b\x08", b"\x28\xb5\x2f\xfd", b"BZh9", b"\xfd7zXZ")
_MAGIC = re.compile(r"[*?\[]")


@dataclass(frozen=True, slots=True)
class Text:
    """Decoded text, and the encoding when it was neither UTF-8 nor what a byte order mark says."""

    text: str
    guessed: str = ""


def supported() -> str:
    """One sentence naming every ending that can be read and the extras some need."""
    return (
        f"documents: {', '.join(sorted(TEXT_ENDINGS))}; "
        f"{', '.join(sorted(OFFICE_ENDINGS))} with the extra 'documents'; "
        f"rows: {', '.join(sorted(ROW_ENDINGS - {'.parquet'}))}; .parquet with the extra 'parquet'; "
        "a folder of LanceDB tables with the extra 'lancedb'"
    )


def row_ending(path: str | Path) -> str:
    """The ending that says how rows are laid out, in lower case: ``.jsonl`` of ``a.jsonl`` and of ``a.jsonl.gz``."""
    path = Path(path)
    ending = path.suffix.lower()
    return Path(path.stem).suffix.lower() if ending in PACKED else ending


def is_glob(location: str) -> bool:
    """Whether ``location`` is a pattern rather than the name of a file or folder that exists."""
    return bool(_MAGIC.search(location)) and not Path(location).exists()


def find_files(location: str, include: Sequence[str] = (), exclude: Sequence[str] = ()) -> list[Path]:
    """The files a location stands for, sorted by path.

    A file stands for itself whatever its name; a folder for all files below it, a glob (``**`` for any depth) for the
    files that match. Hidden files and folders, folders of version control, virtual environments and caches are left
    out, and links to folders are not followed.

    Args:
        location: file, folder or glob.
        include: patterns of which one must match; ``docs/**/*.md`` against the path below the location, ``*.md``
            against the name.
        exclude: patterns of which none may match.

    Raises:
        NotFoundError: nothing is there, or the glob matches no file; names what is near.
    """
    path = Path(location)
    if path.is_file():
        return [path]
    if path.is_dir():
        root, found = path, list(_walk(path))
    elif is_glob(location):
        root = _fixed_part(location)
        below = path.relative_to(root).as_posix()
        pattern = _compiled(below)
        deepest = None if "**" in below else below.count("/")
        found = [p for p in _walk(root, deepest) if pattern.match(p.relative_to(root).as_posix())]
        if not found:
            raise NotFoundError(f"no file matches {location!r}", place={"file": location})
    else:
        raise near_paths(path, location)
    wanted = [_matcher(p) for p in include]
    unwanted = [_matcher(p) for p in exclude]
    kept = []
    for file in found:
        relative = file.relative_to(root).as_posix() if file.is_relative_to(root) else file.as_posix()
        if (not wanted or any(m.match(relative) for m in wanted)) and not any(m.match(relative) for m in unwanted):
            kept.append(file)
    return sorted(kept, key=lambda p: p.as_posix())


def near_paths(path: Path, location: str) -> NotFoundError:
    """The error that no file or folder is at ``location``, naming those whose names are close."""
    parent = path.parent
    if path.exists():
        said = f"{location!r} is neither a file nor a folder"
        return NotFoundError(said, place={"file": location}, fix="write what it gives into a file first")
    if not parent.is_dir():
        return NotFoundError(f"no folder {str(parent)!r}", place={"file": location})
    near = near_names(path.name, (p.name for p in parent.iterdir()))
    fix = "did you mean " + " or ".join(repr(str(parent / name)) for name in near) + "?" if near else None
    return NotFoundError(f"no file or folder {location!r}", place={"file": location}, fix=fix)


def _walk(root: Path, deepest: int | None = None) -> Iterator[Path]:
    """Files at most ``deepest`` folders below ``root`` that are not hidden."""
    for folder, subfolders, names in os.walk(root, followlinks=False):
        if deepest is not None and len(Path(folder).relative_to(root).parts) >= deepest:
            subfolders.clear()
        subfolders[:] = [n for n in subfolders if not _is_skipped(n) and not Path(folder, n, "pyvenv.cfg").exists()]
        yield from (Path(folder, name) for name in names if not name.startswith("."))


def _is_skipped(folder: str) -> bool:
    return folder.startswith(".") or folder in _SKIPPED_FOLDERS


def _fixed_part(pattern: str) -> Path:
    """The leading folders of a glob that hold no pattern."""
    parts = Path(pattern).parts[:-1]
    count = next((i for i, part in enumerate(parts) if _MAGIC.search(part)), len(parts))
    return Path(*parts[:count])


def _matcher(pattern: str) -> re.Pattern[str]:
    """``pattern`` as a regular expression over a path with ``/``; one without ``/`` matches a name at any depth."""
    return _compiled(pattern if "/" in pattern else f"**/{pattern}")


def _compiled(pattern: str) -> re.Pattern[str]:
    out = []
    for token in re.split(r"(\*\*/|\*\*|\*|\?|\[[^\]]+\])", pattern.removeprefix("./")):
        if token in _GLOB_TOKENS:
            out.append(_GLOB_TOKENS[token])
        elif token.startswith("[") and token.endswith("]"):
            inner = token[1:-1].replace("\\", "\\\\").replace("[", "\\[")
            out.append(f"[{'^' + inner[1:] if inner.startswith('!') else inner}]")
        else:
            out.append(re.escape(token))
    try:
        return re.compile("".join(out) + r"\Z")
    except re.error as error:
        raise ConfigError(f"the pattern {pattern!r} cannot be read: {error}") from error


_GLOB_TOKENS: Final = {"**/": "(?:[^/]+/)*", "**": ".*", "*": "[^/]*", "?": "[^/]"}


def read_bytes(path: Path, *, most: int) -> bytes:
    """Content of a file.

    Raises:
        InputError: it cannot be read, or has more than ``most`` bytes.
    """
    try:
        if path.stat().st_size > most:
            raise InputError(f"{path.name} is larger than {most >> 20} MB", place={"file": path.as_posix()})
        return path.read_bytes()
    except OSError as error:
        raise InputError(
            f"cannot read {path.name}: {error.strerror or error}", place={"file": path.as_posix()}
        ) from error


def decode(data: bytes, path: Path, *, encoding: str | None = None) -> Text:
    """Text of a file: by its byte order mark, by ``encoding``, as UTF-8, else as Windows-1252 or Latin-1.

    Raises:
        InputError: the file is binary, or not in the ``encoding`` that was declared.
    """
    place = {"file": path.as_posix()}
    encoding = next((name for bom, name in _BOMS if data.startswith(bom)), encoding)
    if encoding:
        try:
            return Text(data.decode(encoding))
        except LookupError as error:
            raise InputError(f"unknown encoding {encoding!r}", place=place) from error
        except UnicodeDecodeError as error:
            raise InputError(f"{path.name} is not {encoding}: byte {error.start}", place=place) from error
    probe = data[:_PROBE]
    wide = _utf16_without_mark(probe)
    if wide:
        return Text(data.decode(wide, "replace"), wide)
    if sum(byte in _CONTROL for byte in probe) > len(probe) // 50:
        raise InputError(
            f"{path.name} is not text but binary", place=place, fix="give it the ending of its format, or leave it out"
        )
    for guess in ("utf-8", "cp1252"):
        try:
            return Text(data.decode(guess), guess if guess != "utf-8" else "")
        except UnicodeDecodeError:
            continue
    return Text(data.decode("latin-1"), "latin-1")


def open_text(path: Path, *, encoding: str | None = None, guess: bool = False) -> TextIO:
    """``path`` opened for reading rows: by byte order mark, ``encoding`` or as UTF-8.

    Bytes that do not decode become lone surrogates, for the reader to blame the row they stand in. With ``guess``, a
    file whose first 64 KB are not UTF-8 is read as Windows-1252. Line ends are kept.

    Raises:
        InputError: it cannot be opened, is binary, or the encoding is unknown.
    """
    place = {"file": path.as_posix()}
    try:
        with _unpacked(path) as file:
            probe = file.read(_PROBE)
        found = next((name for bom, name in _BOMS if probe.startswith(bom)), encoding)
        if found is None and probe.startswith(_BINARY):
            raise InputError(f"{path.name} is not text but binary", place=place)
        if found is None and guess:
            checked = codecs.getincrementaldecoder("utf-8")()
            try:
                checked.decode(probe)
            except UnicodeDecodeError:
                found = "cp1252"
        newline = "" if guess else "\n"
        return TextIOWrapper(_unpacked(path), encoding=found or "utf-8", errors="surrogateescape", newline=newline)
    except LookupError as error:
        raise InputError(f"unknown encoding {encoding!r}", place=place) from error
    except damage(path) as error:
        said = getattr(error, "strerror", None) or error
        raise InputError(f"cannot read {path.name}: {said}", place=place) from error


def damage(path: Path) -> tuple[type[Exception], ...]:
    """What reading ``path`` may raise where the file is damaged or ends too early."""
    if path.suffix.lower() == ".xz":
        from lzma import LZMAError

        return OSError, EOFError, LZMAError
    return OSError, EOFError, zlib.error


def _unpacked(path: Path) -> BinaryIO:
    """The bytes of ``path``, decompressed as its ending says.

    Raises:
        MissingExtraError: ``.zst`` without pyarrow.
    """
    ending = path.suffix.lower()
    if ending == ".zst":
        try:
            from pyarrow import input_stream
        except ImportError as error:
            raise MissingExtraError(f"reading {path.name}", "parquet") from error
        return cast(BinaryIO, input_stream(str(path), compression="zstd"))
    module = {".gz": "gzip", ".bz2": "bz2", ".xz": "lzma"}.get(ending)
    opener: Any = importlib.import_module(module).open if module else open  # deferred: few files are compressed
    return cast(BinaryIO, opener(path, "rb"))


def _utf16_without_mark(probe: bytes) -> str:
    """UTF-16's name when nearly every second byte is NUL, as in Latin script without a byte order mark."""
    half = len(probe) // 2
    if half < 4:
        return ""
    if probe[1::2].count(0) > 0.7 * half and probe[0::2].count(0) < 0.05 * half:
        return "utf-16-le"
    return "utf-16-be" if probe[0::2].count(0) > 0.7 * half and probe[1::2].count(0) < 0.05 * half else ""
