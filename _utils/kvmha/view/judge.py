"""What is wrong with a cluster now, as sentences; and what is worth knowing though it is not."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from kvmha.spec.model import ClusterSpec
from kvmha.view.snapshot import NodeSeen, Partition

if TYPE_CHECKING:
    from kvmha.view.status import Place, Status

_DANGER = "its disks are in danger (hint: destroy all but one at once)"


def judge(spec: ClusterSpec, status: Status) -> tuple[str, ...]:
    """Return what is wrong, the worst of a kind first; nothing for a cluster that is well."""
    found = [
        *_twice(status),
        *_silent(status),
        *_membership(spec, status),
        *_pacemaker(status),
        *_links(status),
        *_fencing(spec, status),
        *_storage(status),
        *_places(status),
        *_resources(status),
        *(f"{where} is not as the pillar says" for where in status.drift),
        *_unseen(status),
    ]
    return tuple(dict.fromkeys(found))


def notes(status: Status) -> tuple[str, ...]:
    """Return what is no fault by itself: what operators left behind, fencing never proven."""
    devices = dict.fromkeys(device for proof in status.ledger for device in proof.devices)
    never = {
        device: [proof.node for proof in status.ledger if device in proof.unproven]
        for device in devices
    }
    unproven = [
        f"{device} was never seen to fence {', '.join(nodes)}"
        for device, nodes in never.items()
        if nodes
    ]
    return (*status.marks, *unproven)


def cluster_text(part: Partition) -> str:
    """Return a partition in words: ``ha-host1, ha-host2 (quorate, DC ha-host1)``."""
    words = ["quorate" if part.quorate else "no quorum"]
    words.append(f"DC {part.dc}" if part.dc else "no DC")
    return f"{', '.join(part.members)} ({', '.join(words)})"


def line(text: str, most: int = 100) -> str:
    """Return the first line of ``text``, cut where it is longer than ``most`` characters."""
    first = text.splitlines()[0] if text else ""
    return first if len(first) <= most else f"{first[: most - 3]}..."


def _twice(status: Status) -> Iterator[str]:
    for vm in status.vms:
        if len(vm.nodes) > 1:
            yield f"{vm.name} RUNS ON {' AND '.join(vm.nodes)}: {_DANGER}"
    for one in status.addresses:
        if len(one.nodes) > 1:
            yield f"address {one.address} is on {' and '.join(one.nodes)} at once"
    able = [part for part in status.partitions if part.quorate]
    if len(able) > 1 and not set(able[0].members) & set(able[1].members):
        yield "two partitions have quorum: both may run the same VMs"


def _silent(status: Status) -> Iterator[str]:
    silent = [node.name for node in status.snapshot.nodes if not node.answered]
    if silent:
        yield f"{', '.join(silent)}: no answer over Salt"


def _membership(spec: ClusterSpec, status: Status) -> Iterator[str]:
    nodes = status.snapshot.nodes
    for node in nodes:
        if node.answered and not node.corosync and not _blind(node, "corosync"):
            yield f"{node.name}: corosync does not run"
    if len(status.partitions) > 1:
        overlap = _overlap(status.partitions)
        kind = "memberships overlap: corosync is forming one anew" if overlap else "partitions"
        told = " | ".join(map(cluster_text, status.partitions))
        yield f"{len(status.partitions)} {kind}: {told}"
    else:
        members = {name for part in status.partitions for name in part.members}
        away = [node.name for node in spec.nodes if node.name not in members]
        if away and members:
            yield f"{', '.join(away)}: no member of the cluster"
    for node in nodes:
        if node.corosync and not node.quorate:
            yield f"{node.name}: {status.quorum[node.name]}"


def _overlap(partitions: tuple[Partition, ...]) -> bool:
    names = [name for part in partitions for name in part.members]
    return len(names) != len(set(names))


def _pacemaker(status: Status) -> Iterator[str]:
    for node in status.snapshot.nodes:
        if not node.corosync:
            continue
        if not node.pacemaker:
            if not _blind(node, "pacemaker"):
                yield f"{node.name}: Pacemaker does not run"
        elif not node.dc:
            yield f"{node.name}: Pacemaker has no DC"
    for part in status.partitions:
        mine = [n for n in status.snapshot.nodes if n.name in part.members and n.corosync]
        dcs = dict.fromkeys(node.dc for node in mine if node.dc)
        if len(dcs) > 1:
            yield f"{', '.join(part.members)} do not agree on the DC: {', '.join(dcs)}"
    for node in _heard(status):
        for word in ("unclean", "pending"):
            names = [name for name, words in node.flags.items() if word in words]
            if names:
                yield f"{', '.join(names)} {word}, says {node.name}"


def _heard(status: Status) -> list[NodeSeen]:
    """Return the nodes whose Pacemaker is to be believed: one of each partition, its DC first."""
    found = []
    for part in status.partitions:
        mine = [n for n in status.snapshot.nodes if n.name in part.members and n.pacemaker]
        mine.sort(key=lambda node: node.name != part.dc)
        found += mine[:1]
    return found


def _links(status: Status) -> Iterator[str]:
    """Yield the links that are down within a partition: between two, that is what made them."""
    for link in status.links:
        if not link.broken:
            continue
        one, two = link.nodes
        if not two:
            yield f"ring {link.number} has a fault on {one}"
        elif any({one, two} <= set(part.members) for part in status.partitions):
            says = ", ".join(link.broken)
            yield f"link {link.number} between {one} and {two} is down, says {says}"


def _fencing(spec: ClusterSpec, status: Status) -> Iterator[str]:
    for node in _heard(status):
        names = ("stonith_enabled", "fencing_enabled")  # until, and since Pacemaker 3.0.2
        if any(node.options.get(name) is False for name in names):
            yield "fencing is turned off (hint: stonith-enabled)"
    if any(node.pacemaker for node in status.snapshot.nodes):
        for device in status.devices:
            if not device.nodes:
                yield f"fencing device {device.resource} is active nowhere"
    for proof in status.ledger:
        if proof.failed:
            yield f"the last fencing of {proof.node} failed"
    yield from _slots(spec, status)


def _slots(spec: ClusterSpec, status: Status) -> Iterator[str]:
    for node in status.snapshot.nodes:
        lost = [disk for disk in spec.fencing.disks if f"slots of {disk}" in node.errors]
        for disk in lost:
            yield f"{node.name}: SBD disk {disk}: {node.errors[f'slots of {disk}']}"
        if lost and spec.fencing.level(len(spec.fencing.disks) - len(lost)) == "lost":
            yield f"{node.name} can fence nobody over SBD: too few of its disks are left"
        for disk, slots in node.slots.items():
            if node.name not in slots:
                yield f"{node.name} has no slot on SBD disk {disk}"
            for name, message in slots.items():
                if message != "clear":
                    yield f"SBD slot of {name} on {disk} says {message}"


def _storage(status: Status) -> Iterator[str]:
    """Yield where a shared filesystem is missing on a node that is up.

    Not while the node is in standby: then everything was stopped there on purpose.
    """
    up = {
        node.name
        for node in status.snapshot.nodes
        if node.pacemaker and node.quorate and not _excused(status, node.name)
    }
    for store in status.stores:
        away = sorted(up - set(store.nodes)) if store.shared else []
        if away:
            word = "is not joined" if store.kind == "VG lock" else "is not mounted"
            yield f"{store.name} ({store.kind}) {word} on {', '.join(away)}"


def _excused(status: Status, name: str) -> bool:
    return any(
        flag in node.flags.get(name, ())
        for node in _heard(status)
        for flag in ("standby", "maintenance")
    )


def _places(status: Status) -> Iterator[str]:
    if not any(node.pacemaker for node in status.snapshot.nodes):
        return
    for place in (*status.vms, *status.addresses):
        what = f"address {place.address}" if place.address else place.name
        if is_hidden(status, place) or len(place.nodes) > 1:
            continue
        if not place.nodes and not place.believed:
            if not _stopped(status, place):
                subject = place.resource if place.address else place.name
                yield f"{what} runs nowhere (hint: salt-run kvmha.explain {subject})"
        elif set(place.nodes) != set(place.believed):
            yield f"{what} is {_on(place.nodes)}, but Pacemaker has it {_on(place.believed)}"


def is_hidden(status: Status, place: Place) -> bool:
    """Tell whether nobody can say if a VM or address is where Pacemaker has it."""
    what = "addresses" if place.address else "libvirt"
    hosts = [node for node in status.snapshot.nodes if node.name in place.believed]
    return any(not node.answered or _blind(node, what) for node in hosts)


def _on(nodes: tuple[str, ...]) -> str:
    return f"on {' and '.join(nodes)}" if nodes else "nowhere"


def _stopped(status: Status, place: Place) -> bool:
    """Tell whether an operator stopped it, or everything: that is told as a note."""
    return any(
        mark.get("about") == place.resource and "stopped on purpose" in str(mark.get("text"))
        for node in status.snapshot.nodes
        for mark in node.marks
    )


def _resources(status: Status) -> Iterator[str]:
    for node in _heard(status):
        for name, words in node.troubles.items():
            bad = [word for word in words if word != "unmanaged"]
            if bad:
                yield f"resource {name} is {' and '.join(bad)}"
    for line in status.failures:
        yield f"failed: {line} (hint: mend the cause, then crm_resource --cleanup)"


def _blind(node: NodeSeen, what: str) -> bool:
    return what in node.errors or "look" in node.errors


def _unseen(status: Status) -> Iterator[str]:
    for node in status.snapshot.nodes:
        for what, why in node.errors.items():
            if not what.startswith("slots of "):
                yield f"{node.name}: {what} cannot be seen: {line(why, 200)}"
