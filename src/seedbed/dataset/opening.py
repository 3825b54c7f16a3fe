"""Open and create datasets; the only place that reads the process environment."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Literal

from seedbed.dataset.handle import Dataset
from seedbed.dataset.project import find_project
from seedbed.store.file import DatasetFile


def open(
    path: str | Path | None = None,
    *,
    mode: Literal["rw", "ro"] = "rw",
    environ: Mapping[str, str] | None = None,
    clock: Callable[[], float] = time.time,
) -> Dataset:
    """The dataset at ``path`` (a file or a project folder), or the one of the current folder.

    Raises:
        NotFoundError: there is no such file.
        NotADatasetError, NewerFileError: the file is something else, or from a newer version.
    """
    project = find_project(path, environ=os.environ if environ is None else environ)
    return Dataset(project, DatasetFile.open(project.dataset, mode=mode, clock=clock), clock=clock)


def create(
    path: str | Path | None = None,
    *,
    exist_ok: bool = False,
    environ: Mapping[str, str] | None = None,
    clock: Callable[[], float] = time.time,
) -> Dataset:
    """A new, empty dataset; with ``exist_ok`` an existing one is opened instead.

    Raises:
        InputError: the file exists.
        ReadOnlyError: the folder cannot be written.
    """
    project = find_project(path, environ=os.environ if environ is None else environ)
    if exist_ok and project.dataset.exists():
        return Dataset(project, DatasetFile.open(project.dataset, clock=clock), clock=clock)
    return Dataset(project, DatasetFile.create(project.dataset, clock=clock), clock=clock)
