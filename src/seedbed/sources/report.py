"""What was read and what was not: the account every source keeps."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from seedbed.core.errors import SeedbedError

MAX_ISSUES = 1_000


@dataclass(slots=True)
class FileReport:
    """One file or table: how many seeds it gave, and a note such as ``empty`` or ``read as cp1252``."""

    source: str
    seeds: int = 0
    note: str = ""


@dataclass(slots=True)
class SourceReport:
    """The account of a reading; grows while seeds are taken.

    Attributes:
        files: what was read, in order.
        skipped: ``(path, reason)`` of files left out.
        issues: errors in the order they were met, the first 1,000.
        problems: number of all errors.
        duplicates: seeds left out because an earlier one has the same text.
        strict: raise the first error instead of collecting it.
    """

    files: list[FileReport] = field(default_factory=list)
    skipped: list[tuple[str, str]] = field(default_factory=list)
    issues: list[SeedbedError] = field(default_factory=list)
    problems: int = 0
    duplicates: int = 0
    strict: bool = False

    def problem(self, error: SeedbedError) -> None:
        """Collect ``error``; raises it when strict."""
        if self.strict:
            raise error
        self.problems += 1
        if len(self.issues) < MAX_ISSUES:
            self.issues.append(error)

    def open(self, source: str) -> FileReport:
        """A new line for ``source``, to be counted up."""
        self.files.append(FileReport(source))
        return self.files[-1]

    @property
    def seeds(self) -> int:
        """Seeds read in all, before duplicates and limits."""
        return sum(file.seeds for file in self.files)

    def to_dict(self) -> dict[str, Any]:
        """JSON form."""
        return {
            "files": [
                {"source": f.source, "seeds": f.seeds, **({"note": f.note} if f.note else {})} for f in self.files
            ],
            "skipped": [{"file": path, "reason": reason} for path, reason in self.skipped],
            "issues": [issue.to_dict() for issue in self.issues],
            "problems": self.problems,
            "duplicates": self.duplicates,
        }
