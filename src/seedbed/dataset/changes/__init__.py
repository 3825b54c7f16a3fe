"""What happened to a dataset: taking it back, changing what is there, keeping it whole."""
