"""What moving in carried over, changed and left behind."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from seedbed.core.records import State

SHOWN = 5
"""Places named of each thing in a report."""

REFUSALS = 20
"""Refused entries that a report describes."""

STATES = {"pending": State.PENDING, "approved": State.APPROVED, "rejected": State.REJECTED}
"""okgv's review statuses as states."""

_ENTRIES = ("total", "accepted", "pending", "approved", "rejected", "existed", "refused")


@dataclass(slots=True)
class Ledger:
    """Things that were not carried over, or changed on the way, counted by what and why.

    Attributes:
        rows: ``(what, why)`` → number and first places.
    """

    rows: dict[tuple[str, str], tuple[int, list[str]]] = field(default_factory=dict)

    def note(self, what: str, why: str, place: str = "", n: int = 1) -> None:
        """Count ``n`` more of it."""
        if n:
            count, places = self.rows.get((what, why), (0, []))
            if place and len(places) < SHOWN and place not in places:
                places = [*places, place]
            self.rows[what, why] = count + n, places

    def to_list(self) -> list[dict[str, Any]]:
        """JSON form: ``{"what", "why", "n", "at"?}``, in the order things were noted first."""
        out: list[dict[str, Any]] = []
        for (what, why), (n, places) in self.rows.items():
            out.append({"what": what, "why": why, "n": n} | ({"at": places} if places else {}))
        return out


@dataclass(slots=True)
class MovedIn:
    """What an okgv file brought.

    Attributes:
        file, session, check_only: of the move; undoing the session takes it back.
        kind: schema of the entries.
        topics: ``total``, ``created``, ``existed``, ``refused``.
        entries: ``total``, by state, ``existed`` and ``refused``.
        codes: refused entries by reason code.
        warned: entries let in although they are duplicates, by reason code.
        review: decisions carried over, by status.
        log: okgv's ``operations``, and the ``events`` made of them.
        kept_as_meta: properties that are no fields, with the number of entries.
        changed, not_carried: what is not as it was, and what is not here.
        refused: the first refused entries: ``{"okgv_id", "topic", "code", "reason"}``.
    """

    file: str
    session: str
    kind: str
    check_only: bool = False
    topics: Counter[str] = field(default_factory=Counter)
    entries: Counter[str] = field(default_factory=Counter)
    codes: Counter[str] = field(default_factory=Counter)
    warned: Counter[str] = field(default_factory=Counter)
    review: Counter[str] = field(default_factory=Counter)
    log: Counter[str] = field(default_factory=Counter)
    kept_as_meta: Counter[str] = field(default_factory=Counter)
    changed: Ledger = field(default_factory=Ledger)
    not_carried: Ledger = field(default_factory=Ledger)
    refused: list[dict[str, Any]] = field(default_factory=list)

    def to_dict(self) -> dict[str, Any]:
        """JSON form."""
        return {
            "file": self.file,
            "kind": self.kind,
            "session": self.session,
            "check_only": self.check_only,
            "topics": {name: self.topics[name] for name in ("total", "created", "existed", "refused")},
            "entries": {name: self.entries[name] for name in _ENTRIES},
            "codes": dict(self.codes.most_common()),
            "warned": dict(self.warned.most_common()),
            "review": {name: self.review[name] for name in STATES},
            "log": {name: self.log[name] for name in ("operations", "events")},
            "kept_as_meta": dict(self.kept_as_meta.most_common()),
            "changed": self.changed.to_list(),
            "not_carried": self.not_carried.to_list(),
            "refused": self.refused,
        }
