"""The topic tree of a dataset as people and agents reshape it."""
