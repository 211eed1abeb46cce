"""Inputs that nobody meant: pillars and CIBs, broken at random, and the same for each seed."""
