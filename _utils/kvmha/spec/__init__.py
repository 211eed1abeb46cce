"""The pillar's vocabulary: what can be said, what it defaults to, and how it is read."""

from __future__ import annotations

from kvmha.spec.load import load, load_part, load_storage
from kvmha.spec.model import ClusterSpec
from kvmha.spec.part import ClusterPart, is_part

__all__ = ["ClusterPart", "ClusterSpec", "is_part", "load", "load_part", "load_storage"]
