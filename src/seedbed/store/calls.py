"""Calls of models: the journal, which is the cache as well."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

from seedbed.core.records import Usage
from seedbed.store.values import pack_json, pack_text, unpack_json, unpack_text

if TYPE_CHECKING:
    from seedbed.store.file import DatasetFile


@dataclass(frozen=True, slots=True)
class CallRow:
    """One call of a model.

    Attributes:
        key: identity of what was asked (``core.identity.CallIdentity.key``).
        role, endpoint, model: who was asked.
        text, finish, rung, tool_calls, reasoning: the reply.
        prompt_tokens, completion_tokens, cached_tokens, reasoning_tokens, cost_usd: what it took.
        latency_s: seconds.
        error: code of the error when it failed; a failed call is never taken for an answer.
        run_id, job_id: whose call it was.
        created_at: Unix seconds; the file's clock where ``None``.
    """

    key: bytes
    role: str
    endpoint: str
    model: str
    text: str = ""
    finish: str = "stop"
    rung: str = ""
    prompt_tokens: int = 0
    completion_tokens: int = 0
    cached_tokens: int = 0
    reasoning_tokens: int = 0
    cost_usd: float | None = None
    latency_s: float = 0.0
    error: str | None = None
    run_id: int | None = None
    job_id: int | None = None
    created_at: float | None = None
    tool_calls: tuple[dict[str, Any], ...] = ()
    reasoning: str = ""


_COLUMNS = ", ".join(f.name for f in fields(CallRow))
_MARKS = ", ".join("?" * len(fields(CallRow)))


class Calls:
    """Calls of one file."""

    def __init__(self, file: DatasetFile) -> None:
        self._file = file

    def get(self, key: bytes) -> CallRow | None:
        """The answered call of this identity, or ``None``."""
        row = self._file.row(f"SELECT {_COLUMNS} FROM call WHERE key = ? AND error IS NULL", (key,))
        return None if row is None else _call(row)

    def put(self, rows: Sequence[CallRow]) -> int:
        """Number of calls that are new; the first answer of an identity stays, failures are all kept."""
        sql = f"INSERT OR IGNORE INTO call ({_COLUMNS}) VALUES ({_MARKS})"
        with self._file.write():
            now = self._file.clock()
            return max(0, self._file.executemany(sql, [_values(row, now) for row in rows]))

    def usage(self, run_id: int | None = None) -> Usage:
        """Tokens and money of a run's answered calls, or of all; money is ``None`` when any price is unknown."""
        where, values = ("", ()) if run_id is None else (" AND run_id = ?", (run_id,))
        row = self._file.row(
            "SELECT coalesce(sum(prompt_tokens), 0), coalesce(sum(completion_tokens), 0),"
            " coalesce(sum(cached_tokens), 0), coalesce(sum(reasoning_tokens), 0), sum(cost_usd), count(*),"
            f" count(cost_usd) FROM call WHERE error IS NULL{where}",
            values,
        )
        prompt, completion, cached, reasoning, cost, calls, priced = row or (0, 0, 0, 0, None, 0, 0)
        return Usage(prompt, completion, cached, reasoning, cost if calls == priced else None, calls)


def _values(row: CallRow, now: float) -> tuple[Any, ...]:
    return (
        row.key, row.role, row.endpoint, row.model, pack_text(row.text), row.finish, row.rung, row.prompt_tokens,
        row.completion_tokens, row.cached_tokens, row.reasoning_tokens, row.cost_usd, row.latency_s, row.error,
        row.run_id, row.job_id, now if row.created_at is None else row.created_at,
        pack_json(list(row.tool_calls)) if row.tool_calls else None,
        pack_text(row.reasoning) if row.reasoning else None,
    )  # fmt: skip


def _call(row: Sequence[Any]) -> CallRow:
    values = list(row)
    values[4] = unpack_text(values[4])
    values[-2] = tuple(unpack_json(values[-2], ()))
    values[-1] = unpack_text(values[-1])
    return CallRow(*values)
