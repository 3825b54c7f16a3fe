"""Trying something on a copy: what would happen, exactly, without a lock on the dataset and without changing it."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from seedbed.store.copying import copy_to
from seedbed.store.file import DatasetFile

if TYPE_CHECKING:
    from seedbed.dataset.handle import Dataset


@contextmanager
def rehearsal(dataset: Dataset) -> Iterator[Dataset]:
    """A handle on a copy of the dataset as it is committed now; the copy is gone when the block ends.

    Costs as much as copying the file. Gates that were set for one run are not taken along.
    """
    with tempfile.TemporaryDirectory(prefix="seedbed-") as folder:
        path = Path(folder) / dataset.path.name
        copy_to(dataset.path, path)
        file = DatasetFile.open(path, clock=dataset.clock)
        with type(dataset)(replace(dataset.project, dataset=path), file, clock=dataset.clock) as copy:
            yield copy
