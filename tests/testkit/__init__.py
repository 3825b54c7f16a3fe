"""What tests and benchmarks share: real servers on loopback, scripted models, stored data."""
