"""Ways in for people, scripts and agents: parse, call one function of the dataset, render."""
