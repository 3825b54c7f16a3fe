"""The dataset file: one SQLite database, and the only place with SQL."""

from seedbed.store.calls import CallRow
from seedbed.store.entries import CellCount, EntryFilter, NewEntry
from seedbed.store.events import EventRow
from seedbed.store.file import DatasetFile
from seedbed.store.jobs import JobRow, NewJob
from seedbed.store.runs import RunRow
from seedbed.store.steering import Coordinate, YieldRow

__all__ = [
    "CallRow",
    "CellCount",
    "Coordinate",
    "DatasetFile",
    "EntryFilter",
    "EventRow",
    "JobRow",
    "NewEntry",
    "NewJob",
    "RunRow",
    "YieldRow",
]
