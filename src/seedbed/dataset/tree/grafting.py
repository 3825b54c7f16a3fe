"""How a topic is grafted onto another place of the tree: put under a parent, or merged into a topic by name."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

from seedbed.core.errors import TopicError
from seedbed.store.topics import validate_path

if TYPE_CHECKING:
    from seedbed.dataset.tree.reshaping import Draft
    from seedbed.store.topics import Node


def place(draft: Draft, node: Node, parent: Node | None, name: str) -> None:
    """Put a topic with everything below it under ``parent`` (``None``: at the root) as ``name``.

    Raises:
        TopicError: another topic is there, the name is malformed, or the parent holds entries.
    """
    path = validate_path(name if parent is None else f"{parent.path}/{name}")
    there = draft.topics.node(path)
    if there is not None and there.id != node.id:
        raise TopicError(
            f"there is a topic {path!r} already",
            place={"topic": node.path},
            fix=f"to make them one: seedbed topics merge {shlex.join((node.path, path))}",
            code="topic_exists",
        )
    draft.shape.place(node, None if parent is None else parent.id, path)


def merge(draft: Draft, node: Node, target: Node) -> None:
    """Move everything of ``node`` into ``target`` and take ``node`` away; subtopics of one name are merged as well.

    ``node`` may be below ``target``. What was rejected in it stays with it when ``target`` takes no entries.

    Raises:
        TopicError: entries would share a topic with subtopics.
    """
    kept = {last_name(c.path): c for c in children_of(draft, target) if c.id != node.id}
    children = children_of(draft, node)
    if not children and not kept:
        draft.carry([node], target)
    elif not children and draft.shape.held([node.id]):
        raise interior(target, node)
    draft.shape.remove([node.id])
    for child in children:
        same = kept.get(last_name(child.path))
        if same is not None:
            merge(draft, child, same)
        else:
            place(draft, child, target, last_name(child.path))


def children_of(draft: Draft, node: Node) -> list[Node]:
    """Topics right below ``node``, in tree order."""
    return [n for n in draft.below(node) if n.parent_id == node.id]


def interior(target: Node, source: Node) -> TopicError:
    """The error of entries that are sent to a topic with subtopics."""
    return TopicError(
        f"topic {target.path!r} has subtopics, so it cannot take the entries of {source.path!r}",
        place={"topic": target.path},
        fix="name a leaf topic",
        code="interior_topic",
    )


def within(path: str, root: str) -> bool:
    """Whether ``path`` is ``root`` or below it; names that only begin alike are not."""
    return path == root or path.startswith(f"{root}/")


def last_name(path: str) -> str:
    """The topic's own name."""
    return path.rpartition("/")[2]
