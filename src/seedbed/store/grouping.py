"""Entries counted by whatever one likes."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from seedbed.store.topics import SUBTREE, subtree
from seedbed.store.values import LIVE, pack_text, unpack_text

if TYPE_CHECKING:
    from seedbed.store.file import DatasetFile

GROUPINGS = {
    "topic": "t.path",
    "state": "CASE e.state WHEN 1 THEN 'accepted' WHEN 2 THEN 'pending' ELSE 'approved' END",
    "model": "coalesce(o.model, '')",
    "via": "coalesce(o.via, '')",
    "actor": "coalesce(o.actor, '')",
}
"""What entries can be counted by beside their fields, as columns."""


def grouped(
    file: DatasetFile, by: Sequence[str], fields: Sequence[str], *, kind: str, root: str | None = None
) -> list[dict[str, Any]]:
    """Live entries of a kind counted by ``by``: ``{name: value, …, "n"}``, most first; an absent field is ``None``.

    Args:
        file: the dataset.
        by: names of ``GROUPINGS``, or of content fields; at least one.
        fields: those of ``by`` that are content fields.
        kind: schema.
        root: this topic and below.
    """
    path = "json_extract(e.content, '$.' || ?)"
    columns = ", ".join(path if name in fields else GROUPINGS[name] for name in by)
    names = [json.dumps(name) for name in by if name in fields]
    where, values = "", [*names, pack_text(kind)]
    if root is not None:
        where = f" AND {SUBTREE.format('t.path')}"
        values += subtree(root)
    order = ", ".join(map(str, range(1, len(by) + 1)))
    rows = file.rows(
        f"SELECT {columns}, count(*) FROM entry e JOIN topic t ON t.id = e.topic_id"
        " LEFT JOIN origin o ON o.id = e.origin_id"
        f" WHERE e.kind_id = (SELECT id FROM kind WHERE name = ?) AND e.{LIVE}{where}"
        f" GROUP BY {order} ORDER BY count(*) DESC, {order}",
        values,
    )
    return [{**dict(zip(by, map(_shown, row), strict=False)), "n": row[-1]} for row in rows]


def _shown(value: Any) -> Any:
    return unpack_text(value) if isinstance(value, bytes) else value
