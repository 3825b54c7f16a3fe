"""What to write next: gaps in the tree, promised to one writer at a time, with everything needed to fill them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from seedbed.core.errors import InputError, UnknownNameError
from seedbed.core.records import State
from seedbed.dataset.changes.history import Who, iso
from seedbed.kinds.values import cut
from seedbed.store.values import UID_HEX

if TYPE_CHECKING:
    import numpy as np

    from seedbed.dataset.handle import Dataset
    from seedbed.engine.plan import CellPlan
    from seedbed.kinds.kind import Kind
    from seedbed.store.leases import LeaseRow

TTL_S = 900.0
"""Seconds a lease lasts unless it is renewed."""

LONGEST_S = 7 * 86_400.0
"""Seconds a lease can last at most."""

LONGEST_TEXT = 400
"""Characters of a text in an entry to stay away from: enough to know what it is about."""

MOST = 100
"""Entries promised at once."""

TRIES = 5
"""Times that leases are granted whose topics somebody moves before they can be described."""

SAMPLE = 200
"""Newest entries of a topic among which crowded ones are looked for."""

DONE = (State.ACCEPTED, State.APPROVED)


class Leases:
    """Leases on cells of one dataset; reached as ``Dataset.leases``."""

    def __init__(self, dataset: Dataset) -> None:
        self._dataset = dataset
        self._file = dataset.file

    def next(
        self,
        n: int = 1,
        *,
        topic: str | None = None,
        kind: str | None = None,
        actor: str = "human",
        session: str | None = None,
        ttl_s: float = TTL_S,
        avoid: int = 3,
    ) -> list[dict[str, Any]]:
        """What to write now: up to ``n`` entries, as leases on the emptiest cells; empty when nothing is missing.

        Nobody else is given the same gap until the lease is fulfilled, given back or has run out. Calls no model.
        Each is ``{"lease", "topic", "description", "cell" {field: value}, "n", "fields" {field: rule}, "coordinates",
        "avoid" [{"id", "content"}], "rejected_for" [{"reason", "n"}], "expires_at"}``.

        Args:
            n: entries wanted in all, at most ``MOST``.
            topic: only this topic and below.
            kind: schema, default the project's.
            actor: who will write.
            session: of the actor.
            ttl_s: seconds until the promise ends unless it is renewed, at most ``LONGEST_S``.
            avoid: entries shown from where the topic is crowded.

        Raises:
            UnknownNameError: no such topic or kind.
            InputError: ``n`` or ``ttl_s`` is out of range, or there are no topics (``no_topics``).
        """
        if not 1 <= n <= MOST:
            raise InputError(f"entries promised at once are 1 to {MOST}, not {n}", place={"option": "n"})
        _check_ttl(ttl_s)
        schema = self._dataset.kind(kind)
        tries = 0
        while True:
            root = None if topic is None else self._file.topics.get(topic).path
            granted = self._grant(schema, root, n, Who(actor=actor, session=session), ttl_s)
            try:
                briefs = {path: self._brief(path, schema, avoid) for path in {row.topic: None for row in granted}}
                return [_told(row, briefs[row.topic]) for row in granted]
            except UnknownNameError:  # somebody moved the topic in this very moment
                self._file.leases.give_back([row.id for row in granted])
                tries += 1
                if tries == TRIES:
                    raise

    def _grant(self, schema: Kind, root: str | None, n: int, who: Who, ttl_s: float) -> list[LeaseRow]:
        """New leases, in one transaction; everything else of ``next`` needs no lock."""
        with self._file.write():
            return [
                self._file.leases.grant(
                    (plan.cell.topic, schema.name, plan.cell.label),
                    plan.cell.fields,
                    wanted,
                    owner=who["actor"],
                    session=who["session"],
                    coordinates=self._coordinates(plan.cell.topic, wanted),
                    ttl_s=ttl_s,
                )
                for plan, wanted in self._gaps(schema, root, n)
            ]

    def all(self, *, owner: str | None = None, session: str | None = None) -> list[dict[str, Any]]:
        """Live leases, oldest first: ``{"lease", "topic", "cell", "n", "given", "owner", "session", "expires_at"}``."""
        return [_lease_dict(row) for row in self._file.leases.live(owner=owner, session=session)]

    def waiting(self, topic: str | None = None, *, kind: str | None = None, **who: str | None) -> dict[str, Any]:
        """Why ``next`` gave nothing: a ``note``, and the leases that the caller has to write to first (``held``).

        Args:
            topic: only this topic and below.
            kind: schema, default the project's.
            **who: ``owner`` and ``session`` as of ``all``.
        """
        held = self.all(**who)
        if held:
            note = (
                "nothing new, but you hold leases with entries still to write (n, less those given): write or give back"
            )
            names = ("lease", "topic", "cell", "n", "given", "expires_at")
            return {"held": [{name: row[name] for name in names} for row in held], "note": note}
        report = self._dataset.report(topic, kind=kind)
        missing = sum(cell.get("missing", 0) for cell in report.cells)
        if not missing:
            return {"held": [], "note": "nothing is missing here" if topic else "nothing is missing"}
        on_the_way = [f"{report.leased} on lease to others"] if report.leased else []
        on_the_way += [f"{n} in review" for n in (report.states.get("pending", 0),) if n]
        told = f" ({', '.join(on_the_way)})" if on_the_way else ""
        return {"held": [], "note": f"{missing} missing, all of it on its way{told}: look again later"}

    def renew(self, ids: Sequence[str], *, ttl_s: float = TTL_S) -> list[str]:
        """Ids that now last ``ttl_s`` seconds from now; one that ran out, or was fulfilled, is not among them.

        Raises:
            InputError: something is no id of a lease, or ``ttl_s`` is out of range.
        """
        _check_ttl(ttl_s)
        return self._file.leases.renew(_ids(ids), ttl_s)

    def give_back(self, ids: Sequence[str]) -> list[str]:
        """Ids that were live and are no more: others may be given those cells.

        Raises:
            InputError: something is no id of a lease.
        """
        return self._file.leases.give_back(_ids(ids))

    # -- finding gaps ------------------------------------------------------------------------------------------

    def _gaps(self, schema: Kind, root: str | None, n: int) -> list[tuple[CellPlan, int]]:
        """Cells and how many entries each is to get, ``n`` in all, emptiest first."""
        from seedbed.dataset.reports import legal_cells, wanted_total
        from seedbed.engine.plan import Plan

        tree = self._file.topics.all()
        if not tree:
            fix = "seedbed topics load FILE, or seedbed topics add PATH"
            raise InputError("there are no topics to write about yet", fix=fix, code="no_topics")
        total = wanted_total(self._dataset, schema.name)
        cells = [c for c in legal_cells(tree, tree, schema, total) if root is None or _below(c.cell.topic, root)]
        plan = Plan(cells)
        done: Counter[tuple[str, str]] = Counter()
        for count in self._file.entries.counts(root=root, kind=schema.name):
            if count.state in DONE:
                done[count.topic, count.cell] += count.n
        plan.set_counts(done, self._file.leases.promised(schema.name))
        if total is None and all(t.target is None for t in tree):
            return _emptiest(cells, n)
        wanted = Counter(id(c) for c in plan.next_cells(n))
        return [(c, wanted[id(c)]) for c in cells if id(c) in wanted]

    def _coordinates(self, topic: str, n: int) -> dict[str, str]:
        """The aspect of the topic that was used least; counts the use."""
        declared = self._file.topics.get(topic).meta.get("aspects") or []
        known = self._file.steering.coordinates(topic, "aspect")
        if isinstance(declared, list):
            new = [str(a) for a in declared if str(a) not in {c.text for c in known}]
            if new and self._file.steering.add_coordinates(topic, "aspect", new, "user"):
                known = self._file.steering.coordinates(topic, "aspect")
        free = [c for c in known if not c.retired]
        if not free:
            return {}
        chosen = min(free, key=lambda c: c.uses)
        self._file.steering.count_use(topic, "aspect", chosen.text, 0, uses=n)
        return {"aspect": chosen.text}

    # -- describing --------------------------------------------------------------------------------------------

    def _brief(self, topic: str, schema: Kind, avoid: int) -> dict[str, Any]:
        """What all leases on cells of a topic say alike."""
        from seedbed.kinds.rules import fold

        parts = topic.split("/")
        chain = [self._file.topics.get("/".join(parts[: i + 1])) for i in range(len(parts))]
        rules = schema.describe(fold(chain))["fields"]
        return {
            "description": " / ".join(t.description for t in chain if t.description),
            "fields": {name: {k: v for k, v in rule.items() if k != "default"} for name, rule in rules.items()},
            "avoid": self._crowded(topic, schema, avoid),
            "rejected_for": self._rejected_for(topic),
        }

    def _crowded(self, topic: str, schema: Kind, k: int) -> list[dict[str, Any]]:
        """Up to ``k`` entries from where the topic is densest, no two of them close to each other.

        Lists and objects that the project fills in are left out: they are the same in all, and nobody writes them.
        Long texts are cut.
        """
        newest = self._file.vectors.newest(topic, SAMPLE) if k > 0 else []
        if not newest:
            return []
        import numpy as np

        vectors = np.frombuffer(b"".join(v for _, v in newest), np.float16).reshape(len(newest), -1)
        wanted = [newest[i][0] for i in crowded(vectors, k)]
        entries = self._file.entries.by_rowids(wanted)
        filled = {n: rule.default for n, rule in schema.fields.items() if isinstance(rule.default, list | dict)}
        return [{"id": entries[r].id, "content": _brief_of(entries[r].content, filled)} for r in wanted if r in entries]

    def _rejected_for(self, topic: str) -> list[dict[str, Any]]:
        """What most candidates of the topic failed on, and what reviewers gave as reasons."""
        found = [{"reason": code, "n": n} for _, code, n in self._file.entries.rejections(root=topic)[:3]]
        return found + self._dataset.reviews.reasons(topic=topic, by=(), limit=3)


def crowded(vectors: np.ndarray, k: int) -> list[int]:
    """Indices of up to ``k`` vectors from the densest places, densest first, no two alike.

    Density is the mean cosine to the five nearest others. Pairs above the median of all nearest similarities count as
    the same place.

    Args:
        vectors: unit vectors ``(n, dim)``.
        k: most indices.
    """
    import numpy as np

    rows = vectors.astype(np.float32)
    near = rows @ rows.T
    np.fill_diagonal(near, -1.0)
    if len(rows) == 1:
        return [0]
    top = np.partition(near, max(0, len(rows) - 5), axis=1)[:, -5:]
    density, same_place = top.mean(axis=1), float(np.median(top.max(axis=1)))
    out: list[int] = []
    for i in np.argsort(-density, kind="stable").tolist():
        if all(near[i, j] < same_place for j in out):
            out.append(i)
        if len(out) == k:
            break
    return out


def _emptiest(cells: Sequence[CellPlan], n: int) -> list[tuple[CellPlan, int]]:
    """Without a target: one entry a turn to the cell that has and is promised least."""
    given: Counter[int] = Counter()
    order = {id(c): i for i, c in enumerate(cells)}
    for _ in range(n if cells else 0):
        least = min(cells, key=lambda c: (c.accepted + c.outstanding + given[id(c)], order[id(c)]))
        given[id(least)] += 1
    return [(c, given[id(c)]) for c in cells if given[id(c)]]


def _below(path: str, root: str) -> bool:
    return path == root or path.startswith(f"{root}/")


def _brief_of(content: Mapping[str, Any], filled: Mapping[str, Any]) -> dict[str, Any]:
    own = {name: value for name, value in content.items() if name not in filled or value != filled[name]}
    return {name: cut(value, LONGEST_TEXT) for name, value in own.items()}


def _told(row: LeaseRow, brief: dict[str, Any]) -> dict[str, Any]:
    """A new lease with its topic's brief."""
    out: dict[str, Any] = {"lease": row.id, "topic": row.topic, "description": brief["description"]}
    out |= {"kind": row.kind, "cell": row.values, "n": row.n, "fields": brief["fields"]}
    out |= {"coordinates": row.coordinates, "avoid": brief["avoid"], "rejected_for": brief["rejected_for"]}
    return out | {"expires_at": iso(row.lease_until)}


def _check_ttl(ttl_s: float) -> None:
    if not 0 < ttl_s <= LONGEST_S:
        fix = f"give more than 0 and at most {LONGEST_S:.0f} seconds (7 days)"
        raise InputError(f"a lease cannot last {ttl_s:g} seconds", fix=fix, code="invalid_time")


def lease_id(lease: str) -> str:
    """The id of a lease as the file knows it; raises ``InputError`` when it cannot be one."""
    if len(lease) != UID_HEX or not all(c in "0123456789abcdef" for c in lease.lower()):
        raise InputError(
            f"{lease[:60]!r} is no lease",
            place={"lease": lease[:60]},
            fix="seedbed next --list shows leases",
        )
    return lease.lower()


def _ids(ids: Sequence[str]) -> list[str]:
    return list(map(lease_id, ids))


def _lease_dict(row: LeaseRow) -> dict[str, Any]:
    out: dict[str, Any] = {"lease": row.id, "topic": row.topic, "cell": row.values, "n": row.n, "given": row.given}
    return out | {"owner": row.owner, "session": row.session, "expires_at": iso(row.lease_until)}
