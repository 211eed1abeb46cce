"""A document that describes only configuration that stands: what an export returns."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from kvmha.spec.cib import Cib
from kvmha.spec.corosync import CorosyncPart
from kvmha.spec.fields import said

_WHOLE = ("cluster", "nodes", "fencing")


@dataclass(frozen=True)
class ClusterPart:
    """The words of corosync and Pacemaker without a cluster of ours around them."""

    corosync: CorosyncPart = said(
        "object", "corosync.conf, without defaults of ours.", of=CorosyncPart, default=CorosyncPart
    )
    cib: Cib = said("object", "Pacemaker's configuration.", of=Cib, default=Cib)
    unmanaged: str = said(
        "text",
        "What happens to what stands beside what is said here.",
        default="report",
        choices=("keep", "report", "remove"),
        example="report",
    )
    agents: str = said(
        "text",
        "What follows when agents that are installed would not take a parameter.",
        default="refuse",
        choices=("refuse", "report"),
        example="refuse",
    )


def is_part(data: Any) -> bool:
    """Tell whether a document has none of the keys that make it a cluster's."""
    return isinstance(data, Mapping) and bool(data) and not any(key in data for key in _WHOLE)
