"""Shared filesystems without Pacemaker: a document that says only nodes and storage."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from typing import Any

from kvmha.spec.classes import vocabulary
from kvmha.spec.fields import said
from kvmha.spec.model import Cluster, ClusterSpec, Consent, Node
from kvmha.spec.storage import Storage


@vocabulary(frozen=True)
class StoragePart:
    """The words of a cluster of OCFS2's own, the classic stack: nobody fences but itself."""

    cluster: Cluster = said("object", "What the cluster is called.", of=Cluster)
    nodes: tuple[Node, ...] = said("object", "The hosts.", many=True, of=Node)
    storage: Storage = said("object", "What is shared.", of=Storage, default=Storage)
    consent: Consent = said(
        "object", "What would otherwise be refused.", of=Consent, default=Consent
    )


HasStorage = ClusterSpec | StoragePart


def is_storage_part(data: Any) -> bool:
    """Tell whether a document says nothing beyond this: no fencing, no VMs."""
    known = {field.name for field in fields(StoragePart)}
    return isinstance(data, Mapping) and "nodes" in data and set(data) <= known
