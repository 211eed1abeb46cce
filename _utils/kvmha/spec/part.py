"""A document that describes only configuration that stands: what an export returns."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from typing import Any

from kvmha.spec.cib import Cib
from kvmha.spec.classes import vocabulary
from kvmha.spec.corosync import CorosyncPart
from kvmha.spec.fields import said


def unmanaged() -> Any:
    """Return the field ``unmanaged``, which every document may have."""
    return said(
        "text",
        "What happens to what stands in the configuration of corosync and Pacemaker beside what "
        "is said here: it is kept, kept and told, or removed.",
        default="report",
        choices=("keep", "report", "remove"),
        example="report",
    )


def agents() -> Any:
    """Return the field ``agents``, which every document may have."""
    return said(
        "text",
        "What follows when agents that are installed would not take a parameter.",
        default="refuse",
        choices=("refuse", "report"),
        example="refuse",
    )


@vocabulary(frozen=True)
class ClusterPart:
    """The words of corosync and Pacemaker without a cluster of ours around them."""

    corosync: CorosyncPart = said(
        "object", "corosync.conf, without defaults of ours.", of=CorosyncPart, default=CorosyncPart
    )
    cib: Cib = said("object", "Pacemaker's configuration.", of=Cib, default=Cib)
    unmanaged: str = unmanaged()
    agents: str = agents()


def is_part(data: Any) -> bool:
    """Tell whether a document says nothing beyond this: no cluster, nodes or VMs."""
    known = {field.name for field in fields(ClusterPart)}
    return isinstance(data, Mapping) and bool(data) and set(data) <= known
