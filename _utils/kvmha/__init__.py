"""The library behind the kvmha Salt modules: one engine from pillar to a validated cluster."""

__version__ = "0.1.0"
