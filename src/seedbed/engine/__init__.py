"""Plan what is missing, ask models for it, and let candidates in through one door."""
