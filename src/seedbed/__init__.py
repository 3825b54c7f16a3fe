"""Seedbed grows balanced, checked, reproducible datasets for language models in one SQLite file."""
