"""The Model Context Protocol server: the verbs of a dataset as tools for agents, its guides as resources.

It stays warm: one open file, one embedder, one thread for everything that blocks.
"""
