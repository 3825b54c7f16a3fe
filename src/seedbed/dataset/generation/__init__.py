"""From one request to a finished run."""
