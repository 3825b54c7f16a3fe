"""The library's own face: open a dataset, grow it, read it, export it."""

from seedbed.dataset.handle import Dataset
from seedbed.dataset.opening import create, open

__all__ = ["Dataset", "create", "open"]
