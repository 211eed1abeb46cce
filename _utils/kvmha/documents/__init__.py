"""Documents: parse, render, an address for every value; what is not ours is preserved."""
