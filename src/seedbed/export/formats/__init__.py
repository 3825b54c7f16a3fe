"""Export formats: one class each, named by entry point."""
