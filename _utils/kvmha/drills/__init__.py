"""Drills: faults made on purpose, what was predicted, what was seen, and that all was healed."""
