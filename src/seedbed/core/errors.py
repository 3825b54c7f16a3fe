"""Every error Seedbed raises, as one tree.

    SeedbedError
    ├── InputError                 what the user handed over is wrong          exit 2
    │   ├── UnknownNameError       a name nobody knows, with near matches
    │   ├── RowError               one row of a file, with file, row and field
    │   ├── ConfigError            seedbed.yaml or an option
    │   └── TopicError             a malformed or conflicting topic
    ├── NotFoundError              the thing asked for is not there            exit 3
    ├── MissingExtraError          an optional dependency is not installed     exit 2
    ├── MissingKeyError            an API key is not set                       exit 2
    ├── PluginError                a plugin could not be loaded                exit 1
    ├── StoreError                 the dataset file                            exit 1
    │   ├── NotADatasetError, NewerFileError, ReadOnlyError, DiskFullError, BusyError
    │   └── EmbedderMismatchError  the file was embedded by another embedder   exit 2
    ├── ProviderError              a model endpoint                            exit 4
    │   ├── RateLimitError QuotaError AuthError ContextWindowError RefusalError
    │   ├── RequestTimeoutError UnreachableError ServerError BadRequestError
    │   └── BlankReplyError MalformedReplyError
    ├── ReplyError                 a model's text is not what was asked for    exit 1
    ├── BudgetExceededError        the next call would pass the spend limit    exit 6
    └── ShortfallError             fewer accepted entries than the target      exit 5

Each class has a stable ``code`` (what programs match on), an exit status, and says whether trying
again can help. An error tells where (``place``) and what to do (``fix``).
"""

from __future__ import annotations

import difflib
import enum
from collections.abc import Iterable
from typing import Any, ClassVar

LONGEST_NAME = 200
"""Characters of an unknown name that are repeated: what is handed over as one may be a whole file."""


class ExitCode(enum.IntEnum):
    """Exit status of every command."""

    OK = 0
    FAILURE = 1
    INPUT = 2
    NOT_FOUND = 3
    PROVIDER = 4
    SHORTFALL = 5
    BUDGET = 6
    INTERRUPTED = 130


class SeedbedError(Exception):
    """Base of all errors.

    Args:
        message: what is wrong, one sentence, with the offending value.
        place: where, e.g. ``{"file": "a.jsonl", "row": 7, "field": "answer"}``.
        fix: what to do about it, one sentence.
        code: a stable code more exact than the class's own.
    """

    code: ClassVar[str] = "error"
    exit_code: ClassVar[ExitCode] = ExitCode.FAILURE
    retryable: ClassVar[bool] = False

    def __init__(
        self,
        message: str,
        *,
        place: dict[str, Any] | None = None,
        fix: str | None = None,
        code: str | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.place = dict(place or {})
        self.fix = fix
        self._code = code

    @property
    def stable_code(self) -> str:
        """Code that programs match on."""
        return self._code or type(self).code

    def to_dict(self) -> dict[str, Any]:
        """JSON form: ``{"error", "message", "place"?, "fix"?}``."""
        out: dict[str, Any] = {"error": self.stable_code, "message": self.message}
        if self.place:
            out["place"] = self.place
        if self.fix:
            out["fix"] = self.fix
        return out


class InputError(SeedbedError):
    """What the user handed over is wrong."""

    code = "invalid_input"
    exit_code = ExitCode.INPUT


class UnknownNameError(InputError):
    """A name nobody knows.

    Args:
        what: the kind of name, e.g. ``"topic"``; the code becomes ``unknown_<what>``.
        name: what was given.
        known: the names that exist; the nearest few are suggested.
    """

    code = "unknown_name"

    def __init__(
        self,
        what: str,
        name: str,
        known: Iterable[str],
        *,
        fix: str | None = None,
        place: dict[str, Any] | None = None,
    ) -> None:
        names = sorted(set(known))
        near = near_names(name[:LONGEST_NAME], names)
        if fix is None and near:
            fix = "did you mean " + " or ".join(repr(n) for n in near) + "?"
        elif fix is None and names:
            fix = "known: " + ", ".join(names[:12]) + (f" and {len(names) - 12} more" if len(names) > 12 else "")
        shown = name if len(name) <= LONGEST_NAME else name[: LONGEST_NAME - 1] + "…"
        super().__init__(f"unknown {what} {shown!r}", fix=fix, code=f"unknown_{what.replace(' ', '_')}", place=place)
        self.what, self.name, self.near = what, name, near

    def to_dict(self) -> dict[str, Any]:
        """JSON form, with ``near``: the closest known names, best first."""
        return {**super().to_dict(), "near": self.near}


class RowError(InputError):
    """One row of a file or batch is wrong; ``place`` names file, row and field."""

    code = "invalid_row"


class ConfigError(InputError):
    """seedbed.yaml, an environment variable or an option is wrong."""

    code = "invalid_config"


class TopicError(InputError):
    """A topic's path or rules are malformed or conflict with the tree."""

    code = "invalid_topic"


class NotFoundError(SeedbedError):
    """The thing asked for is not there."""

    code = "not_found"
    exit_code = ExitCode.NOT_FOUND


class MissingExtraError(SeedbedError):
    """An optional dependency is not installed.

    Args:
        feature: what needs it, e.g. ``"reading PDF files"``.
        extra: the extra that brings it, e.g. ``"documents"``.
    """

    code = "missing_extra"
    exit_code = ExitCode.INPUT

    def __init__(self, feature: str, extra: str) -> None:
        super().__init__(
            f"{feature} needs the extra {extra!r}", fix=f'pip install "seedbed[{extra}]"', place={"extra": extra}
        )


class MissingKeyError(SeedbedError):
    """An API key is not set; names the environment variable."""

    code = "missing_key"
    exit_code = ExitCode.INPUT

    def __init__(self, provider: str, variable: str) -> None:
        super().__init__(
            f"provider {provider!r} needs an API key",
            fix=f"set the environment variable {variable}",
            place={"provider": provider, "variable": variable},
        )


class PluginError(SeedbedError):
    """A plugin could not be loaded."""

    code = "plugin_failed"


class StoreError(SeedbedError):
    """The dataset file could not be read or written."""

    code = "store_failed"


class NotADatasetError(StoreError):
    """The file is not a Seedbed dataset."""

    code = "not_a_dataset"
    exit_code = ExitCode.INPUT


class NewerFileError(StoreError):
    """The file was written by a newer version; it is not touched."""

    code = "newer_file"


class ReadOnlyError(StoreError):
    """The file or its folder cannot be written."""

    code = "read_only"


class DiskFullError(StoreError):
    """The disk is full; the file holds everything that was committed before."""

    code = "disk_full"


class BusyError(StoreError):
    """Another process held the write lock for too long."""

    code = "busy"
    retryable = True


class EmbedderMismatchError(StoreError):
    """The file's vectors come from another embedder; ``reembed`` replaces them."""

    code = "embedder_mismatch"
    exit_code = ExitCode.INPUT


class ProviderError(SeedbedError):
    """A model endpoint did not give a usable reply.

    Args:
        message: what happened, without keys or bodies longer than a line.
        retry_after_s: seconds the server asked to wait, or ``None``.
        status: HTTP status, or ``None``.
    """

    code = "provider_failed"
    exit_code = ExitCode.PROVIDER

    def __init__(
        self,
        message: str,
        *,
        retry_after_s: float | None = None,
        status: int | None = None,
        place: dict[str, Any] | None = None,
        fix: str | None = None,
    ) -> None:
        super().__init__(message, place=place, fix=fix)
        self.retry_after_s = retry_after_s
        self.status = status


class RateLimitError(ProviderError):
    """Too many requests or tokens a minute (429)."""

    code = "rate_limit"
    retryable = True


class QuotaError(ProviderError):
    """The account's quota or credit is used up; waiting does not help."""

    code = "quota"


class AuthError(ProviderError):
    """The key was refused."""

    code = "auth"


class ContextWindowError(ProviderError):
    """Prompt and answer do not fit the model's context window."""

    code = "context_window"


class RefusalError(ProviderError):
    """The model or a safety filter refused to answer."""

    code = "refusal"


class RequestTimeoutError(ProviderError):
    """No complete reply within the deadline."""

    code = "timeout"
    retryable = True


class UnreachableError(ProviderError):
    """No connection, or it broke before a complete reply."""

    code = "unreachable"
    retryable = True


class ServerError(ProviderError):
    """The server failed (5xx)."""

    code = "server_error"
    retryable = True


class BadRequestError(ProviderError):
    """The server refused the request as malformed (other 4xx)."""

    code = "bad_request"


class BlankReplyError(ProviderError):
    """A normal stop with no text."""

    code = "blank_reply"
    retryable = True


class MalformedReplyError(ProviderError):
    """The server's body is not the dialect's JSON."""

    code = "malformed_reply"
    retryable = True


class ReplyError(SeedbedError):
    """A model's text is not what was asked for.

    ``code`` says how: ``reply_empty``, ``reply_truncated``, ``reply_not_json``, ``reply_wrong_schema``,
    ``reply_too_long``.
    """

    code = "reply_not_json"


class BudgetExceededError(SeedbedError):
    """The next call would pass ``--max-cost`` or ``--max-tokens``; everything so far is kept."""

    code = "budget_exceeded"
    exit_code = ExitCode.BUDGET


class ShortfallError(SeedbedError):
    """Fewer accepted entries than the target; says why."""

    code = "shortfall"
    exit_code = ExitCode.SHORTFALL


def near_names(name: str, known: Iterable[str], *, most: int = 3) -> list[str]:
    """The known names closest to ``name``, best first, at most ``most`` (Ratcliff/Obershelp ratio ≥ 0.5)."""
    by_folded: dict[str, str] = {}
    for candidate in known:
        by_folded.setdefault(candidate.casefold(), candidate)
    found = difflib.get_close_matches(name.casefold(), by_folded, n=most, cutoff=0.5)
    return [by_folded[f] for f in found]
