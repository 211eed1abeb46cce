"""Rules between values of the spec, each with its source; one file per area."""

from __future__ import annotations

from kvmha.rules import fencing, membership, quorum, storage, vms
from kvmha.rules.registry import RULES, Rule, check

__all__ = ["RULES", "Rule", "check", "fencing", "membership", "quorum", "storage", "vms"]
