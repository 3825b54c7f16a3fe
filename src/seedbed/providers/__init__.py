"""Model endpoints: one HTTP client, a class per wire dialect, the structured-output ladder, local and fake models.

Nothing here retries, caches or limits: that is the engine's. ``open.open_provider`` is the way in.
"""
