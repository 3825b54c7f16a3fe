"""Checks at the door: pure rules that give a candidate a verdict with its score, threshold and evidence."""
