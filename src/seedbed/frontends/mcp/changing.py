"""Tools that change what is there: the tree, single entries, and going back."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING, Any, Literal

from pydantic import Field

from seedbed.core.errors import InputError, ReadOnlyError
from seedbed.dataset.tree.topics import Clearable
from seedbed.frontends.mcp import results
from seedbed.frontends.mcp.desk import Caller
from seedbed.frontends.mcp.looking import OFFSET, unix
from seedbed.frontends.mcp.tool import Arguments, Leaves, Object, Several, Tool, on_desk

if TYPE_CHECKING:
    from seedbed.dataset import Dataset
    from seedbed.dataset.tree.topics import TreeChange

LISTED = 20
"""Paths shown of each kind of change."""

REASON = "Why, for the history."
DRY_RUN = "Do nothing, only say what would happen."


class TopicsArguments(Arguments):
    """Arguments of ``topics``."""

    action: Literal["tree", "show", "load", "add", "describe", "move", "rename", "merge", "split", "remove"] = Field(
        "tree",
        description="tree: list topics with their entries. show: one topic with its rules. load: many topics from "
        "tree. add, describe: path, description, target, weight, meta. move: path under to (/ is the root). rename: "
        "path, to is the new name. merge: path into to. split: a leaf, by a field, into names or assign. remove: "
        "path, entries says what becomes of its entries. Entries are rechecked in their new place.",
    )
    path: str | None = Field(None, description="Topic path, names joined by /.")
    to: str | None = Field(None, description="New parent, new name, or topic to merge into.")
    description: str | None = Field(None, description="What belongs in the topic; writers read it.")
    target: int | None = Field(None, ge=0, description="Accepted entries wanted in the topic and below.")
    weight: float | None = Field(None, ge=0, description="Share among its siblings.")
    meta: Object | None = Field(
        None, description='E.g. {"fields": {"difficulty": ["easy"]}, "aspects": ["…"]}: narrows fields here and below.'
    )
    tree: dict[str, Any] | list[Any] | str | None = Field(
        None,
        description="Nested names; {} is a leaf; keys with _ describe, also _target, _weight, _fields, _aspects, e.g. "
        '{"git": {"_description": "…", "branches": {}}}. JSON or YAML text of it is taken as well.',
    )
    clear: Several[Clearable] = Field(default_factory=list, description="describe: empty these first.")
    by: str | None = Field(None, description="split: a field, one subtopic for every value.")
    into: Leaves | None = Field(
        None, description="split: names, or name → description; entries go to the closest by meaning."
    )
    assign: Object | None = Field(None, description="split: entry id → name of its subtopic.")
    entries: str = Field("refuse", description="remove: refuse when there are entries, remove them, or a leaf path.")
    on_violation: Literal["refuse", "review", "reject"] = Field(
        "refuse", description="Entries that do not fit their new place: refuse the change, review or reject them."
    )
    dry_run: bool = Field(False, description=DRY_RUN)
    reason: str | None = Field(None, description=REASON)
    depth: int | None = Field(None, ge=1, description="tree: levels shown.")
    limit: int = Field(100, ge=1, le=1_000, description="tree: topics shown.")
    offset: int = Field(0, ge=0, description=OFFSET)


class EditArguments(Arguments):
    """Arguments of ``edit``."""

    id: str = Field(description="The entry, or a prefix of 6 characters or more.")
    changes: Object = Field(description="New values by field; null takes an optional field away.")
    check_only: bool = Field(False, description=DRY_RUN)
    reason: str | None = Field(None, description=REASON)


class UndoArguments(Arguments):
    """Arguments of ``undo``."""

    events: Several[int] = Field(default_factory=list, description="Ids of log. The id of an undo takes the undo back.")
    session: str | None = Field(None, description="Everything of this session; 'mine' is this connection's own.")
    since: datetime | None = Field(None, description="Everything from this time on, by anyone (ISO 8601).")
    dry_run: bool = Field(False, description=DRY_RUN)
    skip_conflicts: bool = Field(False, description="Leave what was changed again since as it is now.")
    reason: str | None = Field(None, description=REASON)


def topics(dataset: Dataset, asked: TopicsArguments, caller: Caller) -> dict[str, Any]:
    """Look at the tree, or change it."""
    if asked.action == "tree":
        return tree_page(dataset, asked)
    if asked.action == "show":
        return {"topic": dataset.topics.show(needed(asked, "path"))}
    if not dataset.file.writable:
        raise ReadOnlyError("the dataset is only read here", place={"action": asked.action})
    who = {"actor": caller.actor, "session": caller.session, "reason": asked.reason}
    how = {**who, "dry_run": asked.dry_run, "on_violation": asked.on_violation}
    return {"change": CHANGES[asked.action](dataset, asked, how).to_dict(limit=LISTED)}


def tree_page(dataset: Dataset, asked: TopicsArguments) -> dict[str, Any]:
    """Topics below ``path``, parents first, with the finished entries of each and all below it."""
    if asked.path is not None:
        dataset.file.topics.get(asked.path)
    above = asked.path.count("/") if asked.path else 0
    rows = [
        (t, n) for t, n in dataset.tree(asked.path) if asked.depth is None or t.path.count("/") - above < asked.depth
    ]
    end = asked.offset + asked.limit
    out: dict[str, Any] = {"total": len(rows), "topics": [topic_row(t, n) for t, n in rows[asked.offset : end]]}
    return out | ({"next_offset": end} if end < len(rows) else {})


def topic_row(topic: Any, entries: int) -> dict[str, Any]:
    """JSON of a topic in the tree."""
    out: dict[str, Any] = {"topic": topic.path, "entries": entries, "leaf": topic.is_leaf}
    out |= {"description": topic.description} if topic.description else {}
    return out | ({"target": topic.target} if topic.target is not None else {})


def needed(asked: TopicsArguments, name: str) -> Any:
    """An argument that the action cannot do without.

    Raises:
        InputError: it was not given.
    """
    value = getattr(asked, name)
    if value is None:
        raise InputError(
            f"{asked.action} needs {name!r}",
            place={"tool": "topics", "argument": name},
            fix=f"{name}: {TopicsArguments.model_fields[name].description}",
            code="invalid_arguments",
        )
    return value


def _attributes(asked: TopicsArguments) -> dict[str, Any]:
    names = ("description", "target", "weight", "meta")
    return {name: value for name in names if (value := getattr(asked, name)) is not None}


def _load(dataset: Dataset, asked: TopicsArguments, how: Any) -> TreeChange:
    from seedbed.store.tree import tree_from_text

    tree = needed(asked, "tree")
    tree = tree_from_text(tree, "tree") if isinstance(tree, str) else tree
    return dataset.topics.load({} if tree is None else tree, **how)


def _add(dataset: Dataset, asked: TopicsArguments, how: Any) -> TreeChange:
    return dataset.topics.add(needed(asked, "path"), **_attributes(asked), **how)


def _describe(dataset: Dataset, asked: TopicsArguments, how: Any) -> TreeChange:
    return dataset.topics.describe(needed(asked, "path"), clear=asked.clear, **_attributes(asked), **how)


def _move(dataset: Dataset, asked: TopicsArguments, how: Any) -> TreeChange:
    return dataset.topics.move(needed(asked, "path"), needed(asked, "to"), **how)


def _rename(dataset: Dataset, asked: TopicsArguments, how: Any) -> TreeChange:
    return dataset.topics.rename(needed(asked, "path"), needed(asked, "to"), **how)


def _merge(dataset: Dataset, asked: TopicsArguments, how: Any) -> TreeChange:
    return dataset.topics.merge(needed(asked, "path"), needed(asked, "to"), **how)


def _split(dataset: Dataset, asked: TopicsArguments, how: Any) -> TreeChange:
    return dataset.topics.split(needed(asked, "path"), by=asked.by, assign=asked.assign, into=asked.into, **how)


def _remove(dataset: Dataset, asked: TopicsArguments, how: Any) -> TreeChange:
    return dataset.topics.remove(needed(asked, "path"), asked.entries, **how)


CHANGES: dict[str, Callable[[Dataset, TopicsArguments, Any], TreeChange]] = {
    "load": _load,
    "add": _add,
    "describe": _describe,
    "move": _move,
    "rename": _rename,
    "merge": _merge,
    "split": _split,
    "remove": _remove,
}
"""Action → what makes the change."""


def edit(dataset: Dataset, asked: EditArguments, caller: Caller) -> dict[str, Any]:
    """Correct fields of an entry, checked like a submission."""
    from seedbed.frontends.cli.submitting import row_result, shortened

    who = {"actor": caller.actor, "session": caller.session, "reason": asked.reason}
    decision = dataset.edit(asked.id, asked.changes, check_only=asked.check_only, **who)
    return shortened({"row": 1, **row_result(decision)})


def undo(dataset: Dataset, asked: UndoArguments, caller: Caller) -> dict[str, Any]:
    """Take back what was named; nothing is taken back unasked, it might be another's."""
    if sum((bool(asked.events), asked.session is not None, asked.since is not None)) != 1:
        raise InputError(
            "say what to undo: events, a session or a time, one of them",
            place={"tool": "undo"},
            fix="log shows the ids of events; session 'mine' is everything of this connection",
            code="invalid_arguments",
        )
    done = dataset.history.undo(
        asked.events,
        of_session=caller.session if asked.session == "mine" else asked.session,
        since=unix(asked.since),
        dry_run=asked.dry_run,
        skip_conflicts=asked.skip_conflicts,
        actor=caller.actor,
        session=caller.session,
        reason=asked.reason,
    )
    return done.to_dict()


TOOLS = (
    Tool(
        "topics",
        "Look at the topic tree, or change it; each change is one event that undo takes back. Only leaves take "
        "entries. Try changes with dry_run first.",
        TopicsArguments,
        results.Topics,
        on_desk(topics),
        access="both",
        destructive=True,
    ),
    Tool(
        "edit",
        "Correct fields of an entry; its id stays. Checked like a submission: a change that does not pass is refused "
        "with the reason, and nothing is written.",
        EditArguments,
        results.Submitted,
        on_desk(edit),
        access="writes",
    ),
    Tool(
        "undo",
        "Take back operations: entries they brought are removed, what they changed is set back. Look with dry_run "
        "first. Refused when something was changed again since.",
        UndoArguments,
        results.Undone,
        on_desk(undo),
        access="writes",
        destructive=True,
    ),
)
