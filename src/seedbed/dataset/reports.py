"""Balance of a dataset in numbers: what is there, what is missing, what was rejected and why."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from seedbed.core.errors import InputError, UnknownNameError
from seedbed.core.records import State, Topic
from seedbed.engine.plan import CellPlan, cell_targets, topic_targets

if TYPE_CHECKING:
    from seedbed.dataset.handle import Dataset
    from seedbed.kinds.kind import Kind

TARGET_KEY = "target"
"""Meta key under which the last targets asked of the whole dataset are kept, by kind."""


WORST = 3
"""Topics, cells and rejections on a page: with them the report of any dataset stays below a kilobyte."""


@dataclass(slots=True)
class Report:
    """What ``report`` shows.

    Attributes:
        states: entries of this kind by state.
        topics: leaves in tree order: ``{"topic", "accepted", "target"?}``.
        cells: every legal cell: ``{"topic", "cell", "accepted", "target"?, "missing"?}``, worst first.
        rejections: ``{"check", "code", "n"}``, most first.
        target: accepted entries of this kind wanted in all, or ``None``.
        leased: entries promised to writers by ``next``.
        others: finished entries of other kinds, by kind.
    """

    dataset: str
    kind: str
    root: str | None
    states: dict[str, int]
    topics: list[dict[str, Any]]
    cells: list[dict[str, Any]]
    rejections: list[dict[str, Any]] = field(default_factory=list)
    target: int | None = None
    leased: int = 0
    others: dict[str, int] = field(default_factory=dict)

    @property
    def accepted(self) -> int:
        """Finished entries: accepted and approved."""
        return self.states.get("accepted", 0) + self.states.get("approved", 0)

    def to_dict(self, *, limit: int | None = WORST, offset: int = 0) -> dict[str, Any]:
        """JSON form: one page of topics, cells and rejections, the worst first; ``limit=None`` shows all.

        Cells are left out where nothing is balanced: they would be the topics again.
        """
        empty = sum(1 for c in self.cells if c["accepted"] == 0)
        out: dict[str, Any] = {"dataset": self.dataset, "kind": self.kind}
        if self.root:
            out["root"] = self.root
        out |= {"entries": self.accepted, "states": self.states}
        if self.others:
            out["other_kinds"] = self.others
        if self.target is not None:
            out |= {"target": self.target, "missing": sum(c.get("missing", 0) for c in self.cells)}
        if self.leased:
            out["leased"] = self.leased
        end = None if limit is None else offset + limit
        out["topics"] = {"leaves": len(self.topics), "counts": emptiest(self.topics)[offset:end]}
        out["cells"] = {"legal": len(self.cells), "empty": empty}
        if any(c["cell"] for c in self.cells):
            out["cells"]["worst"] = [{k: v for k, v in c.items() if k != "target"} for c in self.cells[offset:end]]
        if self.rejections:
            out["rejections"] = [{"code": r["code"], "n": r["n"]} for r in self.rejections[offset:end]]
        longest = max(len(self.topics), len(self.cells) if "worst" in out["cells"] else 0, len(self.rejections))
        if end is not None and end < longest:
            out["next_offset"] = end
        return out


def build_report(dataset: Dataset, root: str | None = None, *, kind: str | None = None) -> Report:
    """The report over ``root`` and below, or the whole tree, for one kind (default the project's).

    Raises:
        UnknownNameError: no topic ``root``, or no such kind.
    """
    file = dataset.file
    if root is not None:
        file.topics.get(root)
    schema = dataset.kind(kind)
    topics = file.topics.all()
    states: Counter[str] = Counter()
    finished: Counter[tuple[str, str]] = Counter()
    others: Counter[str] = Counter()
    for count in file.entries.counts(root=root):
        done = count.state in (State.ACCEPTED, State.APPROVED)
        if count.kind == schema.name:
            states[str(count.state)] += count.n
            finished[count.topic, count.cell] += count.n if done else 0
        elif done:
            others[count.kind] += count.n
    target = wanted_total(dataset, schema.name)
    has_target = target is not None or any(t.target is not None for t in topics)
    plans = [p for p in legal_cells(topics, topics, schema, target) if root is None or _below(p.cell.topic, root)]
    return Report(
        dataset=dataset.path.name,
        kind=schema.name,
        root=root,
        states=dict(states),
        topics=_topic_rows(plans, finished, has_target),
        cells=_cell_rows(plans, finished, has_target),
        rejections=[{"check": c, "code": code, "n": n} for c, code, n in file.entries.rejections(root=root)],
        target=sum(p.target for p in plans) if has_target else None,
        leased=sum(
            lease.n - lease.given
            for lease in file.leases.live()
            if lease.kind == schema.name and (root is None or _below(lease.topic, root))
        ),
        others=dict(others),
    )


def _below(path: str, root: str) -> bool:
    return path == root or path.startswith(f"{root}/")


def wanted_total(dataset: Dataset, kind: str) -> int | None:
    """Accepted entries of ``kind`` wanted in all: the last run's target, else the configured one."""
    kept: int | None = dataset.file.meta.get(TARGET_KEY, {}).get(kind)
    return kept if kept is not None else dataset.project.config.target


def keep_total(dataset: Dataset, kind: str, total: int) -> None:
    """Remember the target of ``kind``; call inside ``file.write()``."""
    dataset.file.meta.set(TARGET_KEY, {**dataset.file.meta.get(TARGET_KEY, {}), kind: total})


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


def emptiest(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Rows of topics, those with the smallest share of their target first, in tree order among equals."""
    return sorted(rows, key=lambda r: r["accepted"] / r["target"] if r.get("target") else r["accepted"])


def grouped(
    dataset: Dataset, by: Sequence[str], root: str | None = None, *, kind: str | None = None
) -> list[dict[str, Any]]:
    """Live entries counted by any fields: ``{field: value, …, "n"}``, most first; only groups that there are.

    Args:
        dataset: where.
        by: fields of the kind, or ``topic``, ``state``, ``model``, ``via``, ``actor``; at least one.
        root: this topic and below.
        kind: schema, default the project's.

    Raises:
        UnknownNameError: no such topic, kind or field.
        InputError: ``by`` is empty.
    """
    from seedbed.store.grouping import GROUPINGS
    from seedbed.store.grouping import grouped as count_by

    schema = dataset.kind(kind)
    if root is not None:
        dataset.file.topics.get(root)
    if not by:
        raise InputError("no field to count by", fix="name one: " + ", ".join((*schema.fields, *GROUPINGS)))
    for name in by:
        if name not in schema.fields and name not in GROUPINGS:
            raise UnknownNameError("field", name, (*schema.fields, *GROUPINGS), place={"kind": schema.name})
    own = [name for name in by if name in schema.fields]
    rows = count_by(dataset.file, by, own, kind=schema.name, root=root)
    for name in own:
        if schema.fields[name].type == "boolean":  # SQLite has numbers for them
            for row in rows:
                row[name] = None if row[name] is None else bool(row[name])
    return rows
