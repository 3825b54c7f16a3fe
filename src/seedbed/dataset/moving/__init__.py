"""Entries that exist elsewhere, on their way into a dataset: row files and okgv."""
