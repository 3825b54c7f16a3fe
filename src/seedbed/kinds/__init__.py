"""Schemas of entries: what an entry of a kind holds, what is balanced, what is compared, and how topics narrow it."""
