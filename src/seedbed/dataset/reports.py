"""Balance of a dataset in numbers: what is there, what is missing, what was rejected and why."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from seedbed.core.records import State, Topic
from seedbed.engine.plan import CellPlan, cell_targets, topic_targets

if TYPE_CHECKING:
    from seedbed.dataset.handle import Dataset
    from seedbed.kinds.kind import Kind

TARGET_KEY = "target"
"""Meta key under which the last target asked of the whole dataset is kept."""


@dataclass(slots=True)
class Report:
    """What ``report`` shows.

    Attributes:
        states: entries by state.
        topics: leaves in tree order: ``{"topic", "accepted", "target"?}``.
        cells: every legal cell: ``{"topic", "cell", "accepted", "target"?, "missing"?}``, worst first.
        rejections: ``{"check", "code", "n"}``, most first.
        target: accepted entries wanted in all, or ``None``.
    """

    dataset: str
    kind: str
    root: str | None
    states: dict[str, int]
    topics: list[dict[str, Any]]
    cells: list[dict[str, Any]]
    rejections: list[dict[str, Any]] = field(default_factory=list)
    target: int | None = None

    @property
    def accepted(self) -> int:
        """Finished entries: accepted and approved."""
        return self.states.get("accepted", 0) + self.states.get("approved", 0)

    def to_dict(self, *, worst: int | None = 10) -> dict[str, Any]:
        """JSON form; ``worst`` limits cells and topics, ``None`` shows all."""
        empty = sum(1 for c in self.cells if c["accepted"] == 0)
        out: dict[str, Any] = {"dataset": self.dataset, "kind": self.kind}
        if self.root:
            out["root"] = self.root
        out |= {"entries": self.accepted, "states": self.states}
        if self.target is not None:
            out |= {"target": self.target, "missing": sum(c.get("missing", 0) for c in self.cells)}
        out["topics"] = {"leaves": len(self.topics), "counts": _cut(_emptiest(self.topics), worst)}
        out["cells"] = {"legal": len(self.cells), "empty": empty, "worst": _cut(self.cells, worst)}
        if self.rejections:
            out["rejections"] = _cut(self.rejections, worst)
        return out


def build_report(dataset: Dataset, root: str | None = None) -> Report:
    """The report over ``root`` and below, or the whole tree.

    Raises:
        UnknownNameError: no topic ``root``.
    """
    file = dataset.file
    if root is not None:
        file.topics.get(root)
    kind = dataset.kind()
    topics = file.topics.all(root)
    states: Counter[str] = Counter()
    finished: Counter[tuple[str, str]] = Counter()
    for count in file.entries.counts(root=root):
        states[str(count.state)] += count.n
        if count.state in (State.ACCEPTED, State.APPROVED) and count.kind == kind.name:
            finished[count.topic, count.cell] += count.n
    target = wanted_total(dataset) if root is None else None
    plans = legal_cells(file.topics.all(), topics, kind, target)
    has_target = target is not None or any(t.target is not None for t in topics)
    return Report(
        dataset=dataset.path.name,
        kind=kind.name,
        root=root,
        states=dict(states),
        topics=_topic_rows(plans, finished, has_target),
        cells=_cell_rows(plans, finished, has_target),
        rejections=[{"check": c, "code": code, "n": n} for c, code, n in file.entries.rejections(root=root)],
        target=sum(p.target for p in plans) if has_target else None,
    )


def wanted_total(dataset: Dataset) -> int | None:
    """Accepted entries wanted in all: the last run's target, else the configured one."""
    kept: int | None = dataset.file.meta.get(TARGET_KEY)
    return kept if kept is not None else dataset.project.config.target


def legal_cells(tree: list[Topic], topics: list[Topic], kind: Kind, total: int | None) -> list[CellPlan]:
    """Cells of the leaves in ``topics``, with each topic's rules and share of ``total`` applied."""
    from seedbed.kinds.rules import fold

    by_path = {t.path: t for t in tree}
    leaves = topic_targets(topics, total)
    combinations = {}
    for path in leaves:
        parts = path.split("/")
        chain = [by_path["/".join(parts[: i + 1])] for i in range(len(parts))]
        combinations[path] = kind.cells(fold(chain))
    return cell_targets(leaves, combinations)


def yield_rows(dataset: Dataset, recipe: str | None = None) -> list[dict[str, Any]]:
    """Accepted entries per call by recipe, model, topic and strategy, best first inside a topic."""
    rows = [
        {
            "recipe": y.recipe,
            "model": y.model,
            "topic": y.topic,
            "strategy": y.strategy,
            "calls": y.calls,
            "candidates": y.candidates,
            "accepted": y.accepted,
            "per_call": round(y.accepted / y.calls, 3) if y.calls else None,
        }
        for y in dataset.file.steering.yields(recipe=recipe)
    ]
    return sorted(rows, key=lambda r: (r["recipe"], r["model"], r["topic"], -(r["per_call"] or 0)))


def _topic_rows(plans: list[CellPlan], finished: Counter[tuple[str, str]], has_target: bool) -> list[dict[str, Any]]:
    counts: dict[str, int] = {}
    targets: dict[str, int] = {}
    for plan in plans:
        targets[plan.cell.topic] = targets.get(plan.cell.topic, 0) + plan.target
        counts.setdefault(plan.cell.topic, 0)
    for (topic, _), n in finished.items():
        if topic in counts:
            counts[topic] += n
    return [
        {"topic": topic, "accepted": n, **({"target": targets[topic]} if has_target else {})}
        for topic, n in counts.items()
    ]


def _cell_rows(plans: list[CellPlan], finished: Counter[tuple[str, str]], has_target: bool) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    for plan in plans:
        row: dict[str, Any] = {"topic": plan.cell.topic, "cell": plan.cell.label}
        row["accepted"] = finished.get((plan.cell.topic, plan.cell.label), 0)
        if has_target:
            row |= {"target": plan.target, "missing": max(0, plan.target - row["accepted"])}
        rows.append(row)
    return sorted(rows, key=lambda r: (-r.get("missing", 0), r["accepted"]))


def _emptiest(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return sorted(rows, key=lambda r: r["accepted"] / r["target"] if r.get("target") else r["accepted"])


def _cut(rows: list[dict[str, Any]], most: int | None) -> list[dict[str, Any]]:
    return rows if most is None else rows[:most]
