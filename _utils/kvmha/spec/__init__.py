"""The pillar's vocabulary: what can be said, what it defaults to, and how it is read."""

from __future__ import annotations

from kvmha.spec.load import load
from kvmha.spec.model import ClusterSpec

__all__ = ["ClusterSpec", "load"]
