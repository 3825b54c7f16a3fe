"""Leases: cells promised to one writer for a while, so that many writers never fill the same gap."""

from __future__ import annotations

import secrets
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from seedbed.core.records import Scalar
from seedbed.store.entry_rows import chunks, marks
from seedbed.store.values import pack_optional, pack_text, pack_uid, unpack_json, unpack_text, unpack_uid

if TYPE_CHECKING:
    from seedbed.store.file import DatasetFile

Place = tuple[str, str, str]
"""Topic, kind and cell of an entry."""


@dataclass(frozen=True, slots=True)
class LeaseRow:
    """One lease.

    Attributes:
        id: public, 20 hexadecimal characters.
        topic, kind, cell, values: what is promised.
        n, given: entries promised, and brought so far.
        owner, session: who writes them.
        coordinates: where inside the cell.
        created_at, lease_until: Unix seconds.
    """

    id: str
    topic: str
    kind: str
    cell: str
    values: dict[str, Scalar]
    n: int
    given: int
    owner: str
    session: str | None
    coordinates: dict[str, str]
    created_at: float
    lease_until: float


_SELECT = (
    "SELECT l.uid, t.path, k.name, l.cell, l.cell_values, l.n, l.given, l.owner, l.session, l.coordinates,"
    " l.created_at, l.lease_until FROM lease l JOIN topic t ON t.id = l.topic_id JOIN kind k ON k.id = l.kind_id "
)


class Leases:
    """Leases of one file. One that ran out promises nothing; its row goes with the next one granted."""

    def __init__(self, file: DatasetFile) -> None:
        self._file = file

    def grant(
        self,
        place: Place,
        values: Mapping[str, Scalar],
        n: int,
        *,
        owner: str,
        session: str | None,
        coordinates: Mapping[str, str],
        ttl_s: float,
    ) -> LeaseRow:
        """A new lease on ``n`` entries of a cell."""
        topic, kind, cell = place
        uid = secrets.token_hex(10)
        now = self._file.clock()
        with self._file.write():
            self._file.execute("DELETE FROM lease WHERE lease_until <= ?", (now,))
            self._file.execute(
                "INSERT INTO lease (uid, topic_id, kind_id, cell, cell_values, n, owner, session, coordinates,"
                " created_at, lease_until) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (
                    pack_uid(uid), self._file.names.leaf(topic), self._file.names.kind(kind), pack_text(cell),
                    pack_optional(dict(values)), n, pack_text(owner), None if session is None else pack_text(session),
                    pack_optional(dict(coordinates)), now, now + ttl_s,
                ),
            )  # fmt: skip
        return LeaseRow(uid, topic, kind, cell, dict(values), n, 0, owner, session, dict(coordinates), now, now + ttl_s)

    def live(self, *, owner: str | None = None, session: str | None = None) -> list[LeaseRow]:
        """Leases that have not run out, oldest first; of one owner and session where given."""
        where = "l.lease_until > ?"
        values: list[Any] = [self._file.clock()]
        for column, value in (("owner", owner), ("session", session)):
            if value is not None:
                where += f" AND l.{column} = ?"
                values.append(pack_text(value))
        return [_lease(row) for row in self._file.rows(f"{_SELECT}WHERE {where} ORDER BY l.id", values)]

    def renew(self, ids: Sequence[str], ttl_s: float) -> list[str]:
        """Ids of leases that now last ``ttl_s`` seconds from now; without those that ran out or are fulfilled."""
        now = self._file.clock()
        with self._file.write():
            there = self._there(ids, now)
            sql = "UPDATE lease SET lease_until = ? WHERE uid = ?"
            self._file.executemany(sql, [(now + ttl_s, pack_uid(i)) for i in there])
        return there

    def give_back(self, ids: Sequence[str]) -> list[str]:
        """Ids of leases that were live and are no more."""
        with self._file.write():
            there = self._there(ids, self._file.clock())
            self._file.executemany("DELETE FROM lease WHERE uid = ?", [(pack_uid(i),) for i in there])
        return there

    def _there(self, ids: Sequence[str], now: float) -> list[str]:
        """Those of ``ids`` that are live, each once, in the order given."""
        wanted = list(dict.fromkeys(ids))
        live: set[str] = set()
        for part in chunks(wanted):
            rows = self._file.rows(
                f"SELECT uid FROM lease WHERE uid IN ({marks(part)}) AND lease_until > ?",
                [*(pack_uid(i) for i in part), now],
            )
            live.update(unpack_uid(r[0]) for r in rows)
        return [i for i in wanted if i in live]

    def fulfil(
        self, brought: Sequence[Place], *, owner: str, session: str | None = None, lease: str | None = None
    ) -> int:
        """Number of the entries ``brought`` that fulfil a lease: ``lease``, else the owner's oldest on their cells.

        A fulfilled lease is gone. Call inside ``write``.
        """
        open_ = [row for row in self.live(owner=None if lease else owner) if not lease or row.id == lease]
        if not open_ or not brought:
            return 0
        left, counted = Counter(brought), 0
        for row in open_:
            place = row.topic, row.kind, row.cell
            if not lease and session is not None and row.session not in (None, session):
                continue
            took = min(left[place], row.n - row.given)
            if took <= 0:
                continue
            left[place] -= took
            counted += took
            if row.given + took >= row.n:
                self._file.execute("DELETE FROM lease WHERE uid = ?", (pack_uid(row.id),))
            else:
                self._file.execute("UPDATE lease SET given = given + ? WHERE uid = ?", (took, pack_uid(row.id)))
            for axis, text in row.coordinates.items():
                self._file.steering.count_use(row.topic, axis, text, took, uses=0)
        return counted

    def promised(self, kind: str, *, run_id: int | None = None) -> dict[tuple[str, str], int]:
        """Entries that are on their way, by ``(topic, cell)``: of live leases, of jobs, and those in review.

        Args:
            kind: of these entries.
            run_id: whose planned jobs count although it holds no lease yet; see ``Jobs.outstanding``.
        """
        out = Counter(self._file.jobs.outstanding(kind, run_id=run_id))
        rows = self._file.rows(
            "SELECT t.path, l.cell, sum(l.n - l.given) FROM lease l JOIN topic t ON t.id = l.topic_id"
            " JOIN kind k ON k.id = l.kind_id WHERE k.name = ? AND l.lease_until > ? GROUP BY 1, 2"
            " UNION ALL SELECT t.path, c.cell, c.n FROM cell_count c JOIN topic t ON t.id = c.topic_id"
            " JOIN kind k ON k.id = c.kind_id WHERE k.name = ? AND c.state = 2 AND c.n > 0",
            (pack_text(kind), self._file.clock(), pack_text(kind)),
        )
        for topic, cell, n in rows:
            out[topic, unpack_text(cell)] += n
        return dict(out)


def _lease(row: Sequence[Any]) -> LeaseRow:
    uid, topic, kind, cell, values, n, given, owner, session, coordinates, created_at, until = row
    return LeaseRow(
        unpack_uid(uid), topic, unpack_text(kind), unpack_text(cell), unpack_json(values, {}), n, given,
        unpack_text(owner), None if session is None else unpack_text(session), unpack_json(coordinates, {}),
        created_at, until,
    )  # fmt: skip
