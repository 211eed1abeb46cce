"""The figures that Prometheus is told of a cluster, from what one node sees.

Every node tells its own view: that of a partition differs, and that is what alerts are for.
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from kvmha.documents.prometheus import Metric, Sample
from kvmha.spec.model import ClusterSpec

_TIME = re.compile(r"(\d{4}-\d\d-\d\d)[ T](\d\d:\d\d:\d\d)(?:\.\d+)?\s*(Z|[+-]\d\d:?\d\d)?")
_PHASES = ("seconds", "detection", "fencing", "start")


@dataclass(frozen=True)
class Seen:
    """What was observed on ``node``; what could not be is empty, and named in ``errors``.

    ``corosync`` and ``pacemaker`` are the answers of their tools' ``status``; ``disks`` are those
    of SBD with (error, slots); ``drift`` is part -> changes that the pillar wants; ``proofs`` are
    those of VMs whose filesystem is mounted here.
    """

    node: str
    corosync: Mapping[str, Any] = field(default_factory=dict)
    pacemaker: Mapping[str, Any] = field(default_factory=dict)
    disks: Mapping[str, tuple[str, Mapping[str, str]]] = field(default_factory=dict)
    drift: Mapping[str, int] = field(default_factory=dict)
    proofs: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    errors: tuple[str, ...] = ()
    seconds: float = 0.0


def metrics(spec: ClusterSpec, seen: Seen) -> list[Metric]:
    """Return all metrics; the label ``cluster`` is for the renderer to add."""
    return [
        *_membership(spec, seen),
        *_pacemaker(spec, seen),
        *_fencing(seen),
        _each("kvmha_drift_changes", "Changes that the pillar wants, by part.", "part", seen.drift),
        Metric(
            "kvmha_failover_seconds",
            "How long the last proven failover of a VM took, by phase.",
            tuple(
                Sample(float(proof[phase]), {"vm": vm, "phase": _phase(phase)})
                for vm, proof in seen.proofs.items()
                for phase in _PHASES
                if phase in proof
            ),
        ),
        _each(
            "kvmha_collect_error", "1 for each part that could not be seen.", "part",
            dict.fromkeys(seen.errors, 1),
        ),
        _one("kvmha_collect_seconds", "How long it took to see all of this.", seen.seconds),
    ]  # fmt: skip


def _phase(name: str) -> str:
    return "total" if name == "seconds" else name


def _one(name: str, text: str, value: float) -> Metric:
    return Metric(name, text, (Sample(value),))


def _each(name: str, text: str, label: str, values: Mapping[str, float]) -> Metric:
    return Metric(name, text, tuple(Sample(value, {label: key}) for key, value in values.items()))


def _membership(spec: ClusterSpec, seen: Seen) -> Iterator[Metric]:
    corosync = seen.corosync
    runs = bool(corosync.get("running"))
    yield _one("kvmha_nodes_configured", "Nodes that the pillar names.", len(spec.nodes))
    yield _one("kvmha_corosync_up", "Whether corosync runs on this node.", runs)
    if not runs:
        return
    yield _one("kvmha_quorate", "Whether this node's partition has quorum.", corosync["quorate"])
    yield _one("kvmha_votes", "Votes of this node's partition.", corosync["votes"])
    yield _one("kvmha_expected_votes", "Votes that there should be.", corosync["expected_votes"])
    members = sorted(str(one) for one in corosync["members"])
    yield _one("kvmha_members", "Members of this node's partition.", len(members))
    # Partitions of the cluster: count(count by (members) (kvmha_partition)).
    yield _each("kvmha_partition", "1, with the members of this node's partition.", "members", {
        ",".join(members): 1
    })  # fmt: skip
    yield Metric(
        "kvmha_link_up",
        "Whether the knet link from this node to a peer is connected.",
        tuple(_links(spec, seen)),
    )


def _links(spec: ClusterSpec, seen: Seen) -> Iterator[Sample]:
    names = {str(node.id): node.name for node in spec.nodes}
    for number, peers in seen.corosync.get("links", {}).items():
        for peer, state in peers.items():
            name = names.get(peer, peer)
            if name != seen.node:
                yield Sample(state == "connected", {"link": number, "peer": name})


def _pacemaker(spec: ClusterSpec, seen: Seen) -> Iterator[Metric]:
    pacemaker = seen.pacemaker
    runs = bool(pacemaker.get("running"))
    yield _one("kvmha_pacemaker_up", "Whether Pacemaker runs on this node.", runs)
    if not runs:
        return
    nodes = pacemaker["nodes"]
    online = sum(flags["online"] for flags in nodes.values())
    yield _one("kvmha_nodes_online", "Nodes that Pacemaker has online.", online)
    yield _one("kvmha_dc", "Whether this node is the DC.", pacemaker["dc"] == seen.node)
    yield Metric(
        "kvmha_node_flag",
        "Whether Pacemaker has a node in standby, maintenance, pending or unclean.",
        tuple(
            Sample(flags[flag], {"node": name, "flag": flag})
            for name, flags in nodes.items()
            for flag in ("standby", "maintenance", "pending", "unclean")
        ),
    )
    here = [vm.name for vm in spec.vms if seen.node in _hosts(pacemaker, f"vm-{vm.name}")]
    yield _one("kvmha_vms", "VMs that Pacemaker runs on this node.", len(here))
    yield Metric(
        "kvmha_vm_active",
        "Whether Pacemaker runs the VM on this node; above 1 in sum, it runs twice.",
        tuple(Sample(vm.name in here, {"vm": vm.name}) for vm in spec.vms),
    )
    yield _one("kvmha_failed_actions", "Failed actions.", len(pacemaker["failures"]))
    fenced = dict(_fenced(pacemaker["fencing_history"]))
    yield _each(
        "kvmha_fenced_timestamp_seconds",
        "When a node was last fenced with success.",
        "node",
        fenced,
    )
    failed = sum(one.get("status") == "failed" for one in pacemaker["fencing_history"])
    yield _one("kvmha_fencing_failures", "Fencings in the history that failed.", failed)


def _hosts(pacemaker: Mapping[str, Any], resource: str) -> list[str]:
    return [
        node
        for one in pacemaker["resources"]
        if one["id"] == resource and one["active"]
        for node in one["nodes"]
    ]


def _fenced(history: list[Mapping[str, str]]) -> Iterator[tuple[str, float]]:
    """Yield node and time, oldest first, so that the last one stays."""
    for one in reversed(history):
        time = timestamp(one.get("completed", ""))
        if one.get("status") == "success" and time:
            yield one.get("target", ""), time


def timestamp(text: str) -> float:
    """Return a time as crm_mon writes it, in seconds since the epoch; 0.0 when it is none."""
    found = _TIME.search(text)
    if not found:
        return 0.0
    zone = (found[3] or "Z").replace("Z", "+00:00")
    return datetime.datetime.fromisoformat(f"{found[1]}T{found[2]}{zone}").timestamp()


def _fencing(seen: Seen) -> Iterator[Metric]:
    yield _each(
        "kvmha_sbd_device_ok",
        "Whether this node can read a disk of SBD.",
        "device",
        {path: not error for path, (error, _) in seen.disks.items()},
    )
    yield Metric(
        "kvmha_sbd_slot_clear",
        "Whether a node's slot on a disk of SBD holds no message.",
        tuple(
            Sample(message == "clear", {"device": path, "node": node})
            for path, (_, slots) in seen.disks.items()
            for node, message in slots.items()
        ),
    )
