"""What is missing: targets per cell, deficits, and which cells the next jobs go to. Pure arithmetic, no I/O."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from seedbed.core.records import Cell, Scalar, Topic

CellKey = tuple[str, str]
"""``(topic path, cell label)``."""


@dataclass(slots=True)
class CellPlan:
    """One cell's state during a run.

    Attributes:
        cell: which.
        target: accepted entries wanted here.
        accepted: accepted and approved entries here now.
        outstanding: entries that planned or running jobs may still bring.
        attempts: candidates' attempts made in this run.
        dry: no further attempts: the attempt limit is used up or there is nothing to work from.
        why_dry: one phrase for the shortfall report.
    """

    cell: Cell
    target: int
    accepted: int = 0
    outstanding: int = 0
    attempts: int = 0
    dry: bool = False
    why_dry: str = ""

    @property
    def deficit(self) -> int:
        """Entries still to be planned: target − accepted − outstanding, never negative."""
        return max(0, self.target - self.accepted - self.outstanding)

    @property
    def missing(self) -> int:
        """Entries still to be accepted."""
        return max(0, self.target - self.accepted)


def apportion(total: int, weights: Sequence[float]) -> list[int]:
    """``total`` split in proportion to ``weights`` (largest remainder, Hamilton's method); sums to ``total``.

    Ties go to the earlier index; all-zero weights count as equal.
    """
    if not weights:
        return []
    scale = sum(weights)
    shares = [total * w / scale for w in weights] if scale > 0 else [total / len(weights)] * len(weights)
    floors = [int(s) for s in shares]
    order = sorted(range(len(weights)), key=lambda i: (floors[i] - shares[i], i))
    for i in order[: total - sum(floors)]:
        floors[i] += 1
    return floors


def topic_targets(topics: Sequence[Topic], total: int | None) -> dict[str, int]:
    """Target of every leaf in ``topics`` (tree order), by path.

    A topic's own ``target`` fixes what it and everything below it gets; the rest of the parent's share is divided
    among the other children by ``weight``. Without ``total`` only topics with a target of their own get one.
    """
    children: dict[str, list[Topic]] = {}
    paths = {t.path for t in topics}
    for topic in topics:
        parent = topic.path.rpartition("/")[0]
        children.setdefault(parent if parent in paths else "", []).append(topic)
    out: dict[str, int] = {}

    def divide(siblings: list[Topic], share: int | None) -> None:
        fixed = sum(t.target or 0 for t in siblings if t.target is not None)
        free = [t for t in siblings if t.target is None]
        rest = apportion(max(0, share - fixed), [t.weight for t in free]) if share is not None else [0] * len(free)
        given = dict(zip((t.path for t in free), rest, strict=True))
        for topic in siblings:
            amount = topic.target if topic.target is not None else (given[topic.path] if share is not None else None)
            if topic.path in children:
                divide(children[topic.path], amount)
            else:
                out[topic.path] = amount or 0

    divide(children.get("", []), total)
    return out


def cell_targets(
    leaf_targets: Mapping[str, int], cells: Mapping[str, Sequence[tuple[tuple[str, Scalar], ...]]]
) -> list[CellPlan]:
    """Plans of all legal cells: each leaf's target divided equally over its cells.

    Remainders rotate from leaf to leaf, so that no balance value is favoured over the whole tree.
    """
    plans: list[CellPlan] = []
    turn = 0
    for path, target in leaf_targets.items():
        combinations = list(cells.get(path) or [()])
        base, extra = divmod(target, len(combinations))
        for i, values in enumerate(combinations):
            lucky = (i - turn) % len(combinations) < extra
            plans.append(CellPlan(Cell(path, tuple(values)), base + (1 if lucky else 0)))
        turn += extra
    return plans


@dataclass(slots=True)
class Plan:
    """All cells of a run and the arithmetic of who is served next.

    Attributes:
        cells: in tree order.
        attempts_per_entry: attempts allowed per wanted entry before a cell is dry.
        rebalance: whether what a dry cell cannot give is asked of the others.
        goal: accepted entries wanted in all, or ``None`` when only topics have targets. Where some cells hold more
            than their share, the emptiest cells are filled first and the goal still ends the run.
    """

    cells: list[CellPlan]
    attempts_per_entry: int = 8
    rebalance: bool = True
    goal: int | None = None
    moved: int = 0
    _by_key: dict[CellKey, CellPlan] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Index cells by topic and label."""
        self._by_key = {(c.cell.topic, c.cell.label): c for c in self.cells}

    def __getitem__(self, key: CellKey) -> CellPlan:
        return self._by_key[key]

    def __contains__(self, key: object) -> bool:
        return key in self._by_key

    def set_counts(self, accepted: Mapping[CellKey, int], outstanding: Mapping[CellKey, int]) -> None:
        """Take the file's counts; cells it does not name have none."""
        for key, plan in self._by_key.items():
            plan.accepted = accepted.get(key, 0)
            plan.outstanding = outstanding.get(key, 0)

    @property
    def target(self) -> int:
        """Accepted entries wanted in all."""
        return sum(c.target for c in self.cells) if self.goal is None else self.goal

    @property
    def accepted(self) -> int:
        """Accepted entries there are."""
        return sum(c.accepted for c in self.cells)

    @property
    def missing(self) -> int:
        """Accepted entries still missing."""
        if self.goal is None:
            return sum(c.missing for c in self.cells)
        return max(0, self.goal - self.accepted)

    def _room(self) -> int:
        """Entries that may still be planned."""
        if self.goal is None:
            return sum(c.deficit for c in self.cells)
        return max(0, self.goal - self.accepted - sum(c.outstanding for c in self.cells))

    def next_cells(self, most: int) -> list[CellPlan]:
        """Up to ``most`` wanted entries' cells, largest relative deficit first, one entry a turn.

        A cell with a deficit of three may appear three times. Marks cells dry and moves what they owe.
        """
        self._retire()
        most = min(most, self._room())
        open_cells = [c for c in self.cells if not c.dry and c.deficit > 0]
        given: dict[int, int] = {}
        out: list[CellPlan] = []
        while open_cells and len(out) < most:
            best = min(
                open_cells,
                key=lambda c: ((c.accepted + c.outstanding + given.get(id(c), 0)) / max(1, c.target), c.attempts),
            )
            given[id(best)] = given.get(id(best), 0) + 1
            out.append(best)
            if given[id(best)] >= best.deficit:
                open_cells.remove(best)
        return out

    def attempt_limit(self, plan: CellPlan) -> int:
        """Attempts a cell may use: at least 12, so that one stubborn entry gets a fair trial."""
        return max(12, self.attempts_per_entry * plan.target)

    def mark_dry(self, plan: CellPlan, why: str) -> None:
        """No further jobs for this cell."""
        plan.dry, plan.why_dry = True, why

    def _retire(self) -> None:
        for plan in self.cells:
            if not plan.dry and plan.missing > 0 and plan.attempts >= self.attempt_limit(plan):
                self.mark_dry(plan, f"{plan.attempts} attempts used up")
        if not self.rebalance:
            return
        for plan in self.cells:
            if plan.dry and plan.deficit > 0:
                open_cells = [c for c in self.cells if not c.dry]
                if not open_cells:
                    return
                owed = plan.deficit
                for _ in range(owed):
                    least = min(open_cells, key=lambda c: c.target)
                    least.target += 1
                plan.target -= owed
                self.moved += owed


def shortfalls(cells: Iterable[CellPlan]) -> list[dict[str, object]]:
    """Cells below target, worst first: ``{"topic", "cell", "target", "accepted", "missing", "why"}``."""
    short = sorted((c for c in cells if c.missing > 0), key=lambda c: -c.missing)
    return [
        {
            "topic": c.cell.topic,
            "cell": c.cell.label,
            "target": c.target,
            "accepted": c.accepted,
            "missing": c.missing,
            "why": c.why_dry,
        }
        for c in short
    ]
