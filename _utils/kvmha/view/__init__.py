"""What a cluster looks like from outside: what each node says of it, and what follows."""
