"""Rules between values of the spec, each with its source; one file per area."""

from __future__ import annotations

from kvmha.rules import (
    alone,
    cib_colocations,
    cib_ids,
    cib_orders,
    cib_references,
    cib_shapes,
    cib_storage,
    domains,
    fencing,
    fencing_devices,
    libvirt_objects,
    lvm,
    membership,
    migration,
    placement,
    quorum,
    san,
    storage,
    tiers,
    vm_disks,
    vm_monitor,
    vms,
)
from kvmha.rules.alone import check_storage
from kvmha.rules.registry import RULES, Rule, check

__all__ = [
    "RULES",
    "Rule",
    "alone",
    "check",
    "check_storage",
    "cib_colocations",
    "cib_ids",
    "cib_orders",
    "cib_references",
    "cib_shapes",
    "cib_storage",
    "domains",
    "fencing",
    "fencing_devices",
    "libvirt_objects",
    "lvm",
    "membership",
    "migration",
    "placement",
    "quorum",
    "san",
    "storage",
    "tiers",
    "vm_disks",
    "vm_monitor",
    "vms",
]
