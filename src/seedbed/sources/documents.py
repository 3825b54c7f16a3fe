"""Documents as seeds: md, rst, txt and html with the base install, pdf, docx and pptx with the extra ``documents``."""

from __future__ import annotations

import io
import warnings
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar

from pydantic import BaseModel, Field, model_validator

from seedbed.core.config import Strict
from seedbed.core.errors import InputError, MissingExtraError, SeedbedError
from seedbed.core.identity import seed_uid
from seedbed.core.records import Seed
from seedbed.sources.blocks import Section, read_plain
from seedbed.sources.chunks import chunk_sections
from seedbed.sources.files import DOCUMENT_ENDINGS, OFFICE_ENDINGS, decode, find_files, read_bytes, supported
from seedbed.sources.hypertext import declared_charset, read_html
from seedbed.sources.markdown import read_markdown
from seedbed.sources.pdf import read_pdf
from seedbed.sources.report import FileReport, SourceReport
from seedbed.sources.rst import read_rst
from seedbed.sources.spread import spread


class DocumentOptions(Strict):
    """How documents are found and cut. Lengths are in characters."""

    chunk_size: int = Field(1200, ge=100, description="most characters in a chunk")
    chunk_overlap: int = Field(0, ge=0, description="most characters of the sentences before that a chunk repeats")
    min_chunk: int = Field(200, ge=0, description="sections with fewer characters join a neighbour")
    max_chunks: int | None = Field(None, ge=1, description="most chunks in all, spread fairly over the documents")
    include: tuple[str, ...] = Field((), description="patterns of which a file must match one, e.g. guide/**/*.md")
    exclude: tuple[str, ...] = Field((), description="patterns of files to leave out, e.g. CHANGELOG*")
    encoding: str | None = Field(None, description="encoding of text files; default: found out, UTF-8 first")
    max_file_mb: int = Field(64, ge=1, description="larger files are refused, in megabytes")

    @model_validator(mode="after")
    def _lengths_fit(self) -> DocumentOptions:
        if self.chunk_overlap * 2 >= self.chunk_size:
            raise ValueError("chunk_overlap must be less than half of chunk_size")
        if self.min_chunk > self.chunk_size:
            raise ValueError("min_chunk must not exceed chunk_size")
        return self


class DocumentSource:
    """Files, folders and globs of documents, each cut into chunks that know heading path and position.

    ``meta`` of a seed holds ``encoding`` where it had to be guessed.
    """

    name: ClassVar[str] = "documents"
    Options: ClassVar[type[BaseModel]] = DocumentOptions

    def read(self, location: str, options: DocumentOptions) -> Iterator[Seed]:
        """Seeds by path and position.

        Raises:
            NotFoundError: nothing is at ``location``.
            InputError: the first document that cannot be read; ``collect`` goes on instead.
            MissingExtraError: a format needs an extra.
        """
        return self.collect(location, options, SourceReport(strict=True))

    def collect(self, location: str, options: DocumentOptions, report: SourceReport) -> Iterator[Seed]:
        """Seeds of every document that can be read; what cannot goes to ``report``."""
        seeds = self._seeds(location, options, report)
        return seeds if options.max_chunks is None else iter(spread(seeds, options.max_chunks))

    def _seeds(self, location: str, options: DocumentOptions, report: SourceReport) -> Iterator[Seed]:
        for path in find_files(location, options.include, options.exclude):
            ending = path.suffix.lower()
            if ending not in DOCUMENT_ENDINGS:
                if location == str(path) or path == Path(location):
                    report.problem(_unsupported(path))
                report.skipped.append((path.as_posix(), f"not a document: {ending or 'no ending'}"))
                continue
            account = report.open(path.as_posix())
            try:
                sections, meta = _sections(path, options, account)
            except SeedbedError as error:
                account.note = "not read"
                report.problem(error)
                continue
            yield from _chunked(path.as_posix(), sections, meta, options, account)


def _chunked(
    source: str, sections: list[Section], meta: dict[str, Any], options: DocumentOptions, account: FileReport
) -> Iterator[Seed]:
    chunks = chunk_sections(sections, size=options.chunk_size, overlap=options.chunk_overlap, minimum=options.min_chunk)
    if not chunks:
        account.note = "empty"
    for position, chunk in enumerate(chunks):
        account.seeds += 1
        uid = seed_uid(source, position, chunk.text)
        yield Seed(uid, source, chunk.text, chunk.headings, position, dict(meta))


def _sections(path: Path, options: DocumentOptions, account: FileReport) -> tuple[list[Section], dict[str, Any]]:
    """What the reader for the file's ending finds, and what is worth knowing about the reading."""
    ending = path.suffix.lower()
    if ending in OFFICE_ENDINGS:
        _check_office_file(path, options.max_file_mb << 20)
        return read_pdf(path) if ending == ".pdf" else read_markdown(_converted(path)), {}
    data = read_bytes(path, most=options.max_file_mb << 20)
    declared = options.encoding
    if declared is None and ending in (".html", ".htm"):
        declared = declared_charset(data)
    decoded = decode(data, path, encoding=declared)
    meta: dict[str, Any] = {}
    if decoded.guessed:
        account.note = f"read as {decoded.guessed}"
        meta["encoding"] = decoded.guessed
    readers = {".rst": read_rst, ".txt": read_plain, ".text": read_plain, ".html": read_html, ".htm": read_html}
    return readers.get(ending, read_markdown)(decoded.text), meta


def _converted(path: Path) -> str:
    """Markdown of an office document.

    Raises:
        MissingExtraError: markitdown, or its part for this format, is not installed.
        InputError: the file is broken.
    """
    place = {"file": path.as_posix()}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # its converters warn of audio tools and fonts that no document here needs
        try:
            from markitdown import MarkItDown, MarkItDownException, MissingDependencyException
            from markitdown.converters import DocxConverter, PptxConverter
        except ImportError as error:
            raise MissingExtraError(f"reading {path.name}", "documents") from error
        reader = MarkItDown(enable_builtins=False, enable_plugins=False)  # one format: no falling back to "plain text"
        converter: Any = DocxConverter if path.suffix.lower() == ".docx" else PptxConverter
        reader.register_converter(converter())
        try:
            return str(reader.convert_local(path).markdown)
        except MissingDependencyException as error:
            raise MissingExtraError(f"reading {path.name}", "documents") from error
        except (MarkItDownException, OSError) as error:
            reason = str(error).strip().splitlines()[-1:] or [type(error).__name__]
            raise InputError(f"cannot read {path.name}: {reason[0][:200]}", place=place) from error


def _check_office_file(path: Path, most: int) -> None:
    """Refuse what is not the format its ending says, or has more than ``most`` bytes, 16 times as much unpacked."""
    place = {"file": path.as_posix()}
    data = read_bytes(path, most=most)
    if path.suffix.lower() == ".pdf":
        if b"%PDF" not in data[:1024]:
            raise InputError(f"{path.name} is not a PDF", place=place)
        return
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            unpacked = sum(part.file_size for part in archive.infolist())
    except (zipfile.BadZipFile, NotImplementedError) as error:
        raise InputError(f"{path.name} is broken: {error}", place=place) from error
    if unpacked > 16 * most:
        raise InputError(f"{path.name} unpacks to {unpacked >> 20} MB", place=place)


def _unsupported(path: Path) -> InputError:
    return InputError(
        f"cannot read {path.name} as a document: unsupported ending {path.suffix!r}",
        place={"file": path.as_posix()},
        fix=f"supported: {supported()}",
    )
