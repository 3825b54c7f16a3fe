"""One change of the tree on its way: made inside a transaction, compared with what was, rechecked, then kept or not."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import TYPE_CHECKING, Any, Literal

from seedbed.core.errors import SeedbedError, TopicError
from seedbed.core.records import State, Topic
from seedbed.dataset.tree.rechecking import Misfit, Recheck
from seedbed.kinds.overlaps import overlaps
from seedbed.kinds.rules import TopicRules, check_rules, fold_tree
from seedbed.store.reshape import Reshape

if TYPE_CHECKING:
    from seedbed.dataset.handle import Dataset
    from seedbed.store.topics import Node

OnViolation = Literal["refuse", "review", "reject"]
WORST = 5
"""Entries that are named of those that do not fit."""

LOGGED = 200
"""Paths of one list that the history keeps."""


class MisfitError(TopicError):
    """Entries do not fit their new place; nothing was written.

    Args:
        topic: what was to be changed.
        misfits: the entries, with what is wrong.
    """

    code = "entries_do_not_fit"

    def __init__(self, topic: str, misfits: Sequence[Misfit]) -> None:
        n = len(misfits)
        homeless = any(m.homeless for m in misfits)
        ways = "--on-violation reject" if homeless else "--on-violation review or reject"
        super().__init__(
            f"{n} {'entry does' if n == 1 else 'entries do'} not fit: {misfits[0].verdict.reason}",
            place={"topic": topic, "id": misfits[0].entry_id, "violations": n},
            fix=f"look with --dry-run; {ways} lets the others go ahead",
        )
        self.misfits = misfits

    def to_dict(self) -> dict[str, Any]:
        """JSON form, with the first few entries."""
        return {**super().to_dict(), "worst": [m.to_dict() for m in self.misfits[:WORST]]}


@dataclass(slots=True)
class TreeChange:
    """What an operation on the tree did, or would do.

    Attributes:
        event: the event in the history; ``None`` when nothing was written.
        dry_run: nothing was written because that was asked for.
        created, updated, removed: paths, in tree order.
        moved: ``{"from", "to"}`` of topics that moved or were renamed; what is below them went along.
        entries_moved, entries_removed: live entries whose topic is another now, or that left the dataset.
        violations: entries that do not fit their place; they are in review or rejected now.
        worst: the first of them: ``{"id", "topic", "code", "reason"}``.
        overlaps: siblings of changed topics that do not exclude each other: ``{"pairs", "siblings", "top"}``.
        warnings: sentences.
        refused: only of a dry run: it would have been refused because of the violations.
    """

    event: int | None = None
    dry_run: bool = False
    created: list[str] = field(default_factory=list)
    updated: list[str] = field(default_factory=list)
    moved: list[dict[str, str]] = field(default_factory=list)
    removed: list[str] = field(default_factory=list)
    entries_moved: int = 0
    entries_removed: int = 0
    violations: int = 0
    worst: list[dict[str, str]] = field(default_factory=list)
    overlaps: dict[str, Any] = field(default_factory=lambda: {"pairs": 0, "siblings": 0, "top": []})
    warnings: list[str] = field(default_factory=list)
    refused: bool = False

    @property
    def empty(self) -> bool:
        """Whether nothing is different."""
        return not (self.created or self.updated or self.moved or self.removed or self.entries_moved)

    def to_dict(self, *, limit: int | None = None) -> dict[str, Any]:
        """JSON form; of lists longer than ``limit`` the beginning, and under ``more`` how many are left out."""
        out = asdict(self)
        if not self.refused:
            del out["refused"]
        more = {}
        for name in ("created", "updated", "moved", "removed"):
            if limit is not None and len(out[name]) > limit:
                more[name] = len(out[name]) - limit
                out[name] = out[name][:limit]
        return {**out, "more": more} if more else out

    def detail(self) -> dict[str, Any]:
        """What the history keeps: what is not empty, long lists cut."""
        names = ("created", "updated", "moved", "removed", "entries_moved", "entries_removed", "violations")
        found = {name: getattr(self, name) for name in names}
        return {k: v[:LOGGED] if isinstance(v, list) else v for k, v in found.items() if v}


class Draft:
    """A change on its way; used inside ``file.write()``.

    Args:
        dataset: whose tree it is.
        event_id: the operation's event.

    Attributes:
        shape: makes and journals the changes.
        change: what comes of them.
    """

    def __init__(self, dataset: Dataset, event_id: int) -> None:
        self.dataset = dataset
        self.topics = dataset.file.topics
        self.shape = Reshape(dataset.file, event_id)
        self.change = TreeChange()
        self._before = {n.id: n for n in self.topics.nodes()}
        self._came: dict[int, list[tuple[str, list[int]]]] = {}
        self._misfits: list[Misfit] = []

    # -- what operations are made of ---------------------------------------------------------------------------

    def node(self, path: str) -> Node:
        """The topic called ``path``; raises ``UnknownNameError`` with near names."""
        found = self.topics.node(path)
        if found is None:
            self.topics.get(path)  # says which names are near
            raise TopicError(f"no topic {path!r}", place={"topic": path})
        return found

    def below(self, node: Node) -> list[Node]:
        """The topic and everything below it, parents first."""
        return self.topics.nodes(node.path)

    def carry(self, sources: Sequence[Node], target: Node) -> None:
        """Move everything that ``sources`` hold to the leaf ``target``."""
        for source in sources:
            self.came(source.path, target.id, self.shape.carry([source.id], target.id))

    def assign(self, source: Node, homes: Mapping[int, Sequence[int]]) -> None:
        """Move some live entries of ``source``: topic id → row ids."""
        for topic_id, rowids in homes.items():
            self.shape.assign(dict.fromkeys(rowids, topic_id))
            self.came(source.path, topic_id, list(rowids))

    def came(self, source: str, topic_id: int, rowids: list[int]) -> None:
        """Note live entries that came from the topic ``source``, so that they are rechecked."""
        if rowids:
            self._came.setdefault(topic_id, []).append((source, rowids))
            self.change.entries_moved += len(rowids)

    def withdraw(self, nodes: Sequence[Node]) -> None:
        """Remove the live entries of these topics from the dataset."""
        self.change.entries_removed += self.shape.withdraw([n.id for n in nodes])

    def remove(self, nodes: Sequence[Node]) -> None:
        """Take topics, given parents first, out of the tree; they hold no live entries."""
        self.shape.remove([n.id for n in reversed(nodes)])

    def misfit(self, misfit: Misfit) -> None:
        """Note an entry that does not fit, found by the operation itself."""
        self._misfits.append(misfit)

    def run(
        self, work: Callable[[Draft], object], subject: str, on_violation: OnViolation, *, dry_run: bool
    ) -> TreeChange:
        """Do the work and settle it; see ``settle``."""
        work(self)
        return self.settle(subject, on_violation, dry_run=dry_run)

    # -- the end -----------------------------------------------------------------------------------------------

    def settle(self, subject: str, on_violation: OnViolation, *, dry_run: bool) -> TreeChange:
        """What changed, rules and entries checked, the event's detail written.

        Raises:
            TopicError, UnknownNameError: rules of the new tree contradict each other or the kind.
            MisfitError: entries do not fit, and that is not what ``dry_run`` asks.
        """
        after = {n.id: n for n in self.topics.nodes()}
        self._compare(after)
        changed, rules = self._check_rules(after)
        self._recheck(after, changed, rules)
        self._end_leases(after, changed, rules)
        self._resolve(subject, on_violation, dry_run)
        self._look_for_overlaps(after, changed)
        self._look_for_twins(after)
        self.change.dry_run = dry_run
        self.shape.finish(self.change.detail())
        return self.change

    def _compare(self, after: Mapping[int, Node]) -> None:
        before, change = self._before, self.change
        change.created = [n.path for n in after.values() if n.id not in before]
        change.removed = [n.path for n in before.values() if n.id not in after]
        for node in after.values():
            was = before.get(node.id)
            if was is None:
                continue
            if replace(was.topic, path="", is_leaf=True) != replace(node.topic, path="", is_leaf=True):
                change.updated.append(node.path)
            if was.parent_id != node.parent_id or _name(was.path) != _name(node.path):
                change.moved.append({"from": was.path, "to": node.path})

    def _check_rules(self, after: Mapping[int, Node]) -> tuple[set[int], dict[str, TopicRules]]:
        """Ids of topics under other rules than before, and the rules by path; raises when they cannot be met."""
        earlier, _ = fold_tree(n.topic for n in self._before.values())
        rules, wrong = fold_tree(n.topic for n in after.values())
        changed: set[int] = set()
        for node in after.values():
            was = self._before.get(node.id)
            old = earlier.get(was.path) if was is not None else None
            new = rules.get(node.path)
            if old is None or new is None or old.fields != new.fields:
                changed.add(node.id)
        looked_at = {after[i].path for i in changed if rules.get(after[i].path) or after[i].path in wrong}
        if looked_at:
            check_rules(self.dataset.kind(), [n.topic for n in after.values()], only=looked_at)
        return changed, rules

    def _recheck(self, after: Mapping[int, Node], changed: set[int], rules: Mapping[str, TopicRules]) -> None:
        recheck = Recheck(self.dataset)
        for topic_id, node in after.items():
            if not node.topic.is_leaf:
                continue
            groups = self._came.get(topic_id, [])
            if topic_id in changed and topic_id in self._before:
                rowids = self.shape.live_rowids(topic_id)
            else:
                rowids = [r for _, group in groups for r in group]
            if rowids and rules.get(node.path):
                self._misfits += recheck.fields(rowids, node.path, rules[node.path])
            self._compare_entries(recheck, node, groups)
        kinds = ", ".join(sorted(recheck.unchecked))
        if kinds:
            self.change.warnings.append(f"entries of kinds that are not defined any more were not checked: {kinds}")

    def _compare_entries(self, recheck: Recheck, node: Node, groups: Sequence[tuple[str, list[int]]]) -> None:
        """Look for duplicates among entries that were not within reach of each other before."""
        was = self._before.get(node.id)
        groups = list(groups)
        if was is not None and self._scope(was.path) != self._scope(node.path) and was.parent_id != node.parent_id:
            wide = self.dataset.project.config.similarity_scope == "subtree"
            groups += [(was.path, self.shape.live_rowids(node.id))] if wide else []
        fresh = [rowids for source, rowids in groups if self._scope(source) != self._scope(node.path)]
        if fresh:
            scope = self._scope(node.path)
            self._misfits += recheck.duplicates(fresh, node.path, below=scope if scope != node.path else None)

    def _scope(self, path: str) -> str:
        """Where the neighbours of a leaf are looked for."""
        scope = self.dataset.project.config.similarity_scope
        if scope == "dataset":
            return ""
        return (path.rpartition("/")[0] or path) if scope == "subtree" else path

    def _end_leases(self, after: Mapping[int, Node], changed: set[int], rules: Mapping[str, TopicRules]) -> None:
        """Take back promises of cells that the new rules rule out: what is written for them would be refused."""
        paths = {after[i].path for i in changed if i in self._before}
        leases = [row for row in self.dataset.file.leases.live() if row.topic in paths] if paths else []
        gone = []
        for row in leases:
            try:
                legal = self.dataset.kind(row.kind).cells(rules[row.topic])
            except SeedbedError:  # a kind that the project no longer knows
                legal = []
            if tuple(sorted(row.values.items())) not in legal:
                gone.append(row.id)
        self.dataset.file.leases.give_back(gone)

    def _resolve(self, subject: str, on_violation: OnViolation, dry_run: bool) -> None:
        misfits = list({m.rowid: m for m in reversed(self._misfits)}.values())[::-1]
        self.change.violations = len(misfits)
        self.change.worst = [m.to_dict() for m in misfits[:WORST]]
        if not misfits:
            return
        if on_violation == "refuse" or (on_violation == "review" and any(m.homeless for m in misfits)):
            if not dry_run:
                raise MisfitError(subject, misfits)
            self.change.refused = True
            return
        state = State.PENDING if on_violation == "review" else State.REJECTED
        for misfit in misfits:
            self.shape.flag(misfit.rowid, state, misfit.verdict)

    def _look_for_overlaps(self, after: Mapping[int, Node], changed: set[int]) -> None:
        touched = [after[i].path for i in changed] + [m["to"] for m in self.change.moved]
        parents = {path.rpartition("/")[0] for path in touched}
        topics: list[Topic] = [n.topic for n in after.values()]
        if parents and any(t.meta.get("fields") for t in topics):
            self.change.overlaps = overlaps(self.dataset.kind(), topics, within=parents)

    def _look_for_twins(self, after: Mapping[int, Node]) -> None:
        """Warn of new names that differ from a sibling's in upper and lower case only."""
        fresh = {*self.change.created, *(m["to"] for m in self.change.moved)}
        alike: dict[tuple[int | None, str], list[str]] = {}
        for node in after.values() if fresh else ():
            alike.setdefault((node.parent_id, _name(node.path).casefold()), []).append(node.path)
        twins = [group for group in alike.values() if len(group) > 1 and not fresh.isdisjoint(group)]
        told = [f"only upper and lower case tell these apart: {', '.join(group)}" for group in twins[:WORST]]
        more = len(twins) - len(told)
        self.change.warnings += told + ([f"{more} more of the kind"] if more else [])


def _name(path: str) -> str:
    return path.rpartition("/")[2]
