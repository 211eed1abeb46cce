"""Faults of a drill, made on this node for real, and the dead man's timer that heals them."""
