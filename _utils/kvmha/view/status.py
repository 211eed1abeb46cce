"""The status of a cluster: what its nodes say, put side by side, and what is wrong with it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from kvmha.spec.lvm import CLVMD, LVMLOCKD, SHARED
from kvmha.spec.model import ClusterSpec
from kvmha.view import judge, ledger
from kvmha.view.ledger import Proof
from kvmha.view.snapshot import NodeSeen, Partition, Snapshot


@dataclass(frozen=True)
class LinkState:
    """The knet link ``number`` between two nodes; ``broken`` are those who say so.

    Only the two know: a link that one of them calls connected may be dead for the other.
    """

    number: int
    nodes: tuple[str, str]
    broken: tuple[str, ...] = ()


@dataclass(frozen=True)
class Device:
    """A fencing device: Pacemaker has ``resource`` active on ``nodes``; it can fence ``fences``."""

    name: str
    resource: str
    nodes: tuple[str, ...]
    fences: tuple[str, ...]


@dataclass(frozen=True)
class Place:
    """Where a VM or an address is: ``nodes`` by the hosts themselves, ``believed`` by Pacemaker.

    ``heartbeat`` is the highest that a host tells, None for an address and what has none.
    """

    name: str
    resource: str
    nodes: tuple[str, ...]
    believed: tuple[str, ...]
    heartbeat: int | None = None
    address: str = ""


@dataclass(frozen=True)
class Store:
    """A filesystem or the locks of a volume group: ``nodes`` have it now, all should if shared."""

    name: str
    kind: str
    nodes: tuple[str, ...]
    shared: bool = True


@dataclass(frozen=True)
class Status:
    """All of it. ``quorum`` ({node: why it has quorum or not}) is in words.

    ``fencing_history`` are the events of all nodes, newest first. ``marks`` is what operators
    left behind, with its age in words. ``notes`` are worth knowing, ``problems`` are wrong now.
    """

    cluster: str
    snapshot: Snapshot
    partitions: tuple[Partition, ...] = ()
    quorum: Mapping[str, str] = field(default_factory=dict)
    links: tuple[LinkState, ...] = ()
    devices: tuple[Device, ...] = ()
    ledger: tuple[Proof, ...] = ()
    fencing_history: tuple[Mapping[str, str], ...] = ()
    stores: tuple[Store, ...] = ()
    vms: tuple[Place, ...] = ()
    addresses: tuple[Place, ...] = ()
    failures: tuple[str, ...] = ()
    marks: tuple[str, ...] = ()
    drift: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()


def status(spec: ClusterSpec, seen: Snapshot, proofs: ledger.Ledger | None = None) -> Status:
    """Return the status of the cluster of ``spec``; ``proofs`` is the ledger as it was kept."""
    kept = ledger.merged(spec, proofs or {}, seen)
    failures = dict.fromkeys(line for node in seen.nodes for line in node.failures)
    found = Status(
        cluster=spec.cluster.name,
        snapshot=seen,
        partitions=seen.partitions,
        quorum={node.name: quorum_text(node) for node in seen.nodes if node.corosync},
        links=links(spec, seen),
        devices=tuple(_devices(spec, seen)),
        ledger=tuple(kept.values()),
        fencing_history=_history(seen),
        stores=tuple(_stores(spec, seen)),
        vms=tuple(_vm(seen, vm.name) for vm in spec.vms),
        addresses=tuple(_addresses(spec, seen)),
        failures=tuple(failures),
        marks=tuple(dict.fromkeys(str(m.get("text")) for n in seen.nodes for m in n.marks)),
        drift=_drift(seen),
    )
    verdict = judge.judge(spec, found)
    return Status(**{**vars(found), "problems": verdict, "notes": judge.notes(found)})


def quorum_text(node: NodeSeen) -> str:
    """Return why ``node`` has quorum or not: ``2 of 3 votes, 2 needed: quorate``."""
    words = {"2Node": "two_node", "WaitForAll": "wait_for_all", "Qdevice": "qdevice"}
    flags = [words.get(flag, flag) for flag in node.quorum_flags]
    counted = f"{node.votes} of {node.expected_votes} votes, {node.needed} needed"
    verdict = "quorate" if node.quorate else "no quorum"
    if not node.quorate and node.votes >= node.needed > 0:
        verdict += (
            ": it has not yet seen all nodes since it started"
            if "WaitForAll" in node.quorum_flags
            else ": blocked"
        )
    return f"{counted}: {verdict}" + (f" ({', '.join(flags)})" if flags else "")


def links(spec: ClusterSpec, seen: Snapshot) -> tuple[LinkState, ...]:
    """Return each link between two nodes once, by the order of the pillar's nodes."""
    order = {node.name: place for place, node in enumerate(spec.nodes)}
    told: dict[tuple[int, str, str], list[str]] = {}
    for node in seen.nodes:
        for link in node.links:
            names = [node.name, link.peer] if link.peer else [node.name, ""]
            one, two = sorted(names, key=lambda name: order.get(name, len(order)))
            broken = told.setdefault((link.number, one, two), [])
            if not link.connected:
                broken.append(node.name)
    return tuple(
        LinkState(number, (one, two), tuple(broken))
        for (number, one, two), broken in sorted(
            told.items(),
            key=lambda item: (item[0][0], order.get(item[0][1], 99), order.get(item[0][2], 99)),
        )
    )


def believed(seen: Snapshot, resource: str) -> tuple[str, ...]:
    """Return where Pacemaker has ``resource`` active; where partitions differ, all that is said.

    A node that has no quorum knows only what was before, so it is heard only when none has.
    """
    able = [node for node in seen.nodes if node.pacemaker]
    heard = [node for node in able if node.quorate] or able
    return tuple(dict.fromkeys(host for node in heard for host in node.resources.get(resource, ())))


def _devices(spec: ClusterSpec, seen: Snapshot) -> list[Device]:
    found = []
    every = tuple(node.name for node in spec.nodes)
    if spec.fencing.disks:
        found.append(Device("sbd", "fencing-sbd", believed(seen, "fencing-sbd"), every))
    for device in spec.fencing.devices:
        resource = f"fencing-{device.name}"
        found.append(Device(device.name, resource, believed(seen, resource), device.targets))
    return found


def _history(seen: Snapshot) -> tuple[Mapping[str, str], ...]:
    events = {
        tuple(sorted(event.items())): event for node in seen.nodes for event in node.fencing_history
    }
    newest = sorted(
        events.values(), key=lambda one: ledger.moment(one.get("completed", "")), reverse=True
    )
    return tuple(newest)


def _stores(spec: ClusterSpec, seen: Snapshot) -> list[Store]:
    found = [
        Store(
            one.mount,
            one.type,
            tuple(node.name for node in seen.nodes if one.mount in node.mounts),
            one.is_shared,
        )
        for one in spec.storage.filesystems
    ]
    for group in spec.storage.volume_groups:
        # lvmlockd has a lockspace for each group, lvmlockd-dlm.c; clvmd one for all.
        space = f"lvm_{group.name}" if spec.storage.lvm.backend == LVMLOCKD else CLVMD
        held = tuple(node.name for node in seen.nodes if space in node.lockspaces)
        shared = any(group.access_of(volume) == SHARED for volume in group.volumes)
        found.append(Store(group.name, "VG lock", held, shared))
    return found


def _vm(seen: Snapshot, name: str) -> Place:
    beats = [node.heartbeats[name] for node in seen.nodes if name in node.heartbeats]
    resource = f"vm-{name}"
    return Place(
        name, resource, seen.hosts(name), believed(seen, resource), max(beats, default=None)
    )


def _addresses(spec: ClusterSpec, seen: Snapshot) -> list[Place]:
    found = []
    for tier in spec.tiers:
        if tier.vip is not None:
            address, resource = tier.vip.address.partition("/")[0], f"vip-{tier.name}"
            where = (seen.holders(address), believed(seen, resource))
            found.append(Place(tier.name, resource, *where, address=address))
    return found


def _drift(seen: Snapshot) -> dict[str, tuple[str, ...]]:
    """Return ``{"NODE: part": changes}``."""
    return {
        f"{node.name}: {part}": changes
        for node in seen.nodes
        for part, changes in node.drift.items()
    }
