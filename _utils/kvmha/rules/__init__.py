"""Rules between values of the spec, each with its source; one file per area."""

from __future__ import annotations

from kvmha.rules import (
    cib_colocations,
    cib_ids,
    cib_orders,
    cib_references,
    cib_shapes,
    cib_storage,
    domains,
    fencing,
    membership,
    quorum,
    storage,
    vms,
)
from kvmha.rules.registry import RULES, Rule, check

__all__ = [
    "RULES",
    "Rule",
    "check",
    "cib_colocations",
    "cib_ids",
    "cib_orders",
    "cib_references",
    "cib_shapes",
    "cib_storage",
    "domains",
    "fencing",
    "membership",
    "quorum",
    "storage",
    "vms",
]
