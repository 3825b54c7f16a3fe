"""The review queue as a file that a reviewer fills in."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any, Unpack

from seedbed.core.errors import NotFoundError, ReadOnlyError

if TYPE_CHECKING:
    from seedbed.dataset.handle import Dataset
    from seedbed.dataset.review.reviews import QueueOptions, ReviewItem


def write_queue(dataset: Dataset, path: str | Path, *, neighbours: int = 3, **wanted: Unpack[QueueOptions]) -> int:
    """Number of entries written: the whole queue as JSON lines, each with room for a decision.

    Other reviewers' decisions are left out, so that everybody judges for themselves. The file appears whole or not at
    all; memory stays flat.

    Args:
        dataset: whose queue.
        path: the file, replaced when it is there.
        neighbours: closest entries with each.
        **wanted: see ``QueueOptions``.

    Raises:
        NotFoundError: there is no such folder.
        ReadOnlyError: it cannot be written.
        InputError: it is the dataset itself, or no file.
    """
    target = dataset.file.target(path)
    draft = target.with_name(f".{target.name}.{os.getpid()}.new")
    place = {"file": str(target)}
    written = 0
    try:
        with draft.open("w", encoding="utf-8") as stream:
            for item in dataset.reviews.every(neighbours=neighbours, **wanted):
                stream.write(_line(row_of(item)) + "\n")
                written += 1
        draft.replace(target)
    except FileNotFoundError as error:
        raise NotFoundError(f"no folder {target.parent}", place=place) from error
    except OSError as error:
        raise ReadOnlyError(f"{target} cannot be written: {error.strerror}", place=place) from error
    finally:
        draft.unlink(missing_ok=True)
    return written


def row_of(item: ReviewItem) -> dict[str, Any]:
    """An entry as a row to decide in: ``decision``, ``reasons`` and ``note`` are empty."""
    data = item.to_dict()
    shown = {name: data[name] for name in ("id", "topic", "kind", "content", "why", "verdicts", "neighbours")}
    return {**shown, "decision": "", "reasons": [], "note": ""}


def _line(row: dict[str, Any]) -> str:
    """One line of JSON; only where UTF-8 has no room for a half character everything beyond ASCII is escaped."""
    line = json.dumps(row, ensure_ascii=False, default=str)
    try:
        line.encode("utf-8")
    except UnicodeEncodeError:
        return json.dumps(row, default=str)
    return line.replace("\u2028", "\\u2028").replace("\u2029", "\\u2029").replace("\x85", "\\u0085")
