"""Embedders, exact vector search and the slot guard: numbers in, neighbours out. Imports only ``core`` and numpy."""
