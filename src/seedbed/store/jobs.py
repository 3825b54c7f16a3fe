"""Jobs: planned, leased to one process at a time, finished; what is left of a run is a query."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from seedbed.core.errors import InputError
from seedbed.core.records import Scalar
from seedbed.store.entry_rows import chunks, marks
from seedbed.store.values import pack_json, pack_optional, pack_text, unpack_json, unpack_text, unpack_uid

if TYPE_CHECKING:
    from seedbed.store.file import DatasetFile

STATUS_CODES = {"planned": 0, "leased": 1, "done": 2, "failed": 3}
STATUSES = {code: name for name, code in STATUS_CODES.items()}
_PLANNED, _LEASED = 0, 1


@dataclass(frozen=True, slots=True)
class NewJob:
    """What is planned.

    Attributes:
        recipe, kind: what is run, and the kind it yields.
        topic, cell, values: the cell: topic path, label and balance-field values.
        seed_uid: what to work from.
        n: candidates wanted.
        strategy, coordinates: how it is steered.
        sample: distinguishes otherwise equal jobs.
        key: unique in the run; planning the same key twice makes one job.
    """

    recipe: str
    kind: str
    topic: str
    key: bytes
    cell: str = ""
    values: Mapping[str, Scalar] = field(default_factory=dict)
    seed_uid: str | None = None
    n: int = 1
    strategy: str = "naive"
    coordinates: Mapping[str, str] = field(default_factory=dict)
    sample: int = 0


@dataclass(frozen=True, slots=True)
class JobRow:
    """A job as it is in the file; the fields of ``NewJob``, and how far it is.

    Attributes:
        status: ``planned``, ``leased``, ``done`` or ``failed``.
        owner, lease_until: who has it, and until when in Unix seconds.
        accepted, rejected, attempts, error: how it ended.
    """

    id: int
    run_id: int
    recipe: str
    kind: str
    topic: str
    cell: str
    values: dict[str, Scalar]
    seed_uid: str | None
    n: int
    strategy: str
    coordinates: dict[str, str]
    sample: int
    status: str
    owner: str | None
    lease_until: float | None
    accepted: int
    rejected: int
    attempts: int
    error: dict[str, Any] | None


_SELECT = (
    "SELECT j.id, j.run_id, j.recipe, k.name, t.path, j.cell, j.cell_values, s.uid, j.n, j.strategy, j.coordinates,"
    " j.sample, j.status, j.owner, j.lease_until, j.accepted, j.rejected, j.attempts, j.error FROM job j"
    " JOIN topic t ON t.id = j.topic_id JOIN kind k ON k.id = j.kind_id LEFT JOIN seed s ON s.id = j.seed_id "
)


class Jobs:
    """Jobs of one file."""

    def __init__(self, file: DatasetFile) -> None:
        self._file = file

    def plan(self, run_id: int, jobs: Sequence[NewJob]) -> list[int]:
        """Row ids of the jobs, in order; a key the run has already gives the job that is there.

        Raises:
            UnknownNameError, TopicError: a topic is unknown or not a leaf.
            NotFoundError: a seed is not in the file.
        """
        with self._file.write():
            return [self._plan_one(run_id, job) for job in jobs]

    def _plan_one(self, run_id: int, job: NewJob) -> int:
        names = self._file.names
        seed_id = None if job.seed_uid is None else self._file.seeds.id_of(job.seed_uid)
        cursor = self._file.execute(
            "INSERT OR IGNORE INTO job (run_id, key, topic_id, kind_id, cell, seed_id, n, sample, recipe, strategy,"
            " cell_values, coordinates)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                run_id, job.key, names.leaf(job.topic), names.kind(job.kind), pack_text(job.cell),
                seed_id, job.n, job.sample, job.recipe, job.strategy,
                pack_optional(dict(job.values)), pack_optional(dict(job.coordinates)),
            ),
        )  # fmt: skip
        if cursor.rowcount:
            return int(cursor.lastrowid or 0)
        return int(self._file.value("SELECT id FROM job WHERE run_id = ? AND key = ?", (run_id, job.key)))

    def lease(self, run_id: int, n: int, *, owner: str, ttl_s: float) -> list[JobRow]:
        """Up to ``n`` jobs of the run for ``owner`` alone, oldest first: planned ones and ones whose lease ran out."""
        now = self._file.clock()
        with self._file.write():
            found = self._file.rows(
                "SELECT id FROM job WHERE run_id = ? AND status < 2 AND (status = 0 OR lease_until <= ?)"
                " ORDER BY id LIMIT ?",
                (run_id, now, n),
            )
            sql = "UPDATE job SET status = ?, owner = ?, lease_until = ? WHERE id = ?"
            self._file.executemany(sql, [(_LEASED, owner, now + ttl_s, job_id) for (job_id,) in found])
            return self._by_ids([job_id for (job_id,) in found])

    def renew(self, ids: Sequence[int], ttl_s: float, *, owner: str | None = None) -> int:
        """Number of leases that now last ``ttl_s`` seconds from now; with ``owner`` only that owner's."""
        values = (self._file.clock() + ttl_s, _LEASED, owner, owner)
        sql = "UPDATE job SET lease_until = ? WHERE status = ? AND (? IS NULL OR owner = ?) AND id = ?"
        with self._file.write():
            return max(0, self._file.executemany(sql, [(*values, i) for i in ids]))

    def release(self, ids: Sequence[int]) -> int:
        """Number of leased jobs that are planned again."""
        sql = "UPDATE job SET status = ?, owner = NULL, lease_until = NULL WHERE status = ? AND id = ?"
        with self._file.write():
            return max(0, self._file.executemany(sql, [(_PLANNED, _LEASED, i) for i in ids]))

    def release_dead(self, owner: str) -> int:
        """Number of jobs taken back from processes of this machine that are gone.

        Args:
            owner: the caller, as ``host:pid:token``; owners of other machines, and of the caller's own process id,
                keep their jobs until the lease runs out.
        """
        host, pid, _ = owner.rsplit(":", 2)
        sql = "SELECT DISTINCT owner FROM job WHERE status < 2 AND status = 1"
        dead = [other for (other,) in self._file.rows(sql) if _is_dead(str(other), host, pid)]
        if not dead:
            return 0
        with self._file.write():
            sql = "UPDATE job SET status = 0, owner = NULL, lease_until = NULL WHERE status = 1 AND owner = ?"
            return max(0, self._file.executemany(sql, [(o,) for o in dead]))

    def finish(
        self,
        job_id: int,
        status: str,
        *,
        accepted: int,
        rejected: int,
        attempts: int,
        error: Mapping[str, Any] | None = None,
    ) -> None:
        """Record that a job is ``done`` or ``failed``; counts add to those of an earlier owner, whose lease ran out."""
        if status not in ("done", "failed"):
            raise InputError(f"a job ends as done or failed, not {status!r}")
        with self._file.write():
            self._file.execute(
                "UPDATE job SET status = ?, owner = NULL, lease_until = NULL, accepted = accepted + ?,"
                " rejected = rejected + ?, attempts = attempts + ?, error = ? WHERE id = ?",
                (
                    STATUS_CODES[status], accepted, rejected, attempts,
                    None if error is None else pack_json(dict(error)), job_id,
                ),
            )  # fmt: skip

    def get(self, job_id: int) -> JobRow | None:
        """One job, or ``None``."""
        found = self._by_ids([job_id])
        return found[0] if found else None

    def outstanding(self, kind: str | None = None, *, run_id: int | None = None) -> dict[tuple[str, str], int]:
        """Candidates that jobs may still bring, by ``(topic, cell)``, over all runs.

        Counts live leases, and planned jobs of runs that somebody is working on (they hold a live lease, or are
        ``run_id``): what a dead run had planned is nobody's promise.
        """
        where, values = "", []
        if kind is not None:
            where, values = " AND j.kind_id = (SELECT id FROM kind WHERE name = ?)", [pack_text(kind)]
        now = self._file.clock()
        rows = self._file.rows(
            "SELECT t.path, j.cell, sum(j.n) FROM job j JOIN topic t ON t.id = j.topic_id WHERE j.status < 2 AND ("
            " j.status = 1 AND j.lease_until > ? OR j.status = 0 AND (j.run_id = ? OR j.run_id IN ("
            " SELECT run_id FROM job WHERE status < 2 AND status = 1 AND lease_until > ?)))"
            f"{where} GROUP BY j.topic_id, j.cell",
            (now, run_id, now, *values),
        )
        return {(topic, unpack_text(cell)): n for topic, cell, n in rows}

    def counts(self, run_id: int) -> dict[str, int]:
        """Jobs of a run by status; statuses without jobs are left out."""
        rows = self._file.rows("SELECT status, count(*) FROM job WHERE run_id = ? GROUP BY status", (run_id,))
        return {STATUSES[status]: n for status, n in rows}

    def next_sample(self) -> int:
        """A sample number above every job's, over all runs, so that no job's calls are taken for another's.

        Jobs keep theirs, so that the finished calls of an interrupted one are found again. Ask inside the ``write``
        that plans the jobs: numbers then grow with row ids, whoever plans.
        """
        return int(self._file.value("SELECT sample FROM job ORDER BY id DESC LIMIT 1") or 0) + 1

    def _by_ids(self, ids: Sequence[int]) -> list[JobRow]:
        rows = [r for part in chunks(ids) for r in self._file.rows(f"{_SELECT}WHERE j.id IN ({marks(part)})", part)]
        return [_job(row) for row in sorted(rows, key=lambda r: int(r[0]))]


def _job(row: Sequence[Any]) -> JobRow:
    (
        job_id, run_id, recipe, kind, topic, cell, values, seed, n, strategy, coordinates, sample, status,
        owner, lease_until, accepted, rejected, attempts, error,
    ) = row  # fmt: skip
    return JobRow(
        job_id, run_id, recipe, unpack_text(kind), topic, unpack_text(cell), unpack_json(values, {}),
        None if seed is None else unpack_uid(seed), n, strategy, unpack_json(coordinates, {}), sample,
        STATUSES[status], owner, lease_until, accepted, rejected, attempts, unpack_json(error),
    )  # fmt: skip


def _is_dead(owner: str, host: str, own_pid: str) -> bool:
    """Whether the owner was a process of this machine and is gone."""
    parts = owner.rsplit(":", 2)
    if len(parts) != 3 or parts[0] != host or not parts[1].isdecimal() or parts[1] == own_pid:
        return False
    if sys.platform == "win32":
        return False  # signal 0 would end the process there
    try:
        os.kill(int(parts[1]), 0)
    except ProcessLookupError:
        return True
    except (PermissionError, OverflowError):
        return False
    return False
