"""What changed from one look at a cluster to the next, as events."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from kvmha.spec.model import ClusterSpec
from kvmha.timeline import Event, Sample, events
from kvmha.view.snapshot import NodeSeen, Partition, Snapshot


def addresses(spec: ClusterSpec) -> dict[str, str]:
    """Return the virtual addresses that ``spec`` names: name -> address without its prefix."""
    return {
        f"vip-{tier.name}": tier.vip.address.partition("/")[0] for tier in spec.tiers if tier.vip
    }


def sample(snapshot: Snapshot, vips: Mapping[str, str]) -> Sample:
    """Return where each VM and each of ``vips`` (name -> address) was, and which nodes answered.

    What runs twice is on both, ``ha-host1 and ha-host2``: that is seen, not hidden.
    """
    names = sorted({vm for node in snapshot.nodes for vm in node.domains})
    places = {vm: snapshot.hosts(vm) for vm in names}
    places |= {name: snapshot.holders(address) for name, address in vips.items()}
    where = {name: " and ".join(hosts) for name, hosts in places.items() if hosts}
    return Sample(snapshot.time, where, {node.name: node.answered for node in snapshot.nodes})


def between(
    before: Snapshot | None, now: Snapshot, vips: Mapping[str, str] | None = None
) -> list[Event]:
    """Return what differs between two looks; of the first look, what there is.

    A node that falls silent is one event: what it said last is not taken back.
    """
    looks = [sample(each, vips or {}) for each in (before, now) if each is not None]
    found = [each for each in events(looks) if before is None or each.time == now.time]
    silent = [node.name for node in now.nodes if not node.answered] if before is None else []
    found += [Event(now.time, name, "does not answer") for name in silent]
    found += _partitions(before, now)
    for node in now.nodes:
        last = before.node(node.name) if before else NodeSeen(node.name)
        if node.answered:
            found += [Event(now.time, node.name, what) for what in _of_node(last, node)]
    return found


def _partitions(before: Snapshot | None, now: Snapshot) -> Iterator[Event]:
    old = before.partitions if before else ()
    if now.partitions != old:
        told = " | ".join(map(partition_text, now.partitions))
        yield Event(now.time, "membership", told or "nobody tells one")


def partition_text(partition: Partition) -> str:
    """Return a partition as a phrase: its members, whether it has quorum, its DC."""
    quorum = "quorum" if partition.quorate else "no quorum"
    dc = f", DC {partition.dc}" if partition.dc else ", no DC"
    return f"{', '.join(partition.members)} ({quorum}{dc})"


def _of_node(old: NodeSeen, new: NodeSeen) -> Iterator[str]:
    """What a node says of itself: daemons, links, boots. Good news is only told after bad."""
    for word in ("corosync", "pacemaker"):
        was, runs = getattr(old, word), getattr(new, word)
        if was != runs and (not runs or old.answered):
            yield f"{word} {'runs' if runs else 'does not run'}"
    yield from _links(old, new)
    if old.answered and new.uptime < old.uptime:
        yield f"has booted {new.uptime:.0f} s ago"
    for name in sorted({*old.flags, *new.flags}):
        gone = set(old.flags.get(name, ())) - set(new.flags.get(name, ()))
        come = set(new.flags.get(name, ())) - set(old.flags.get(name, ()))
        if new.name == new.dc and (gone or come):
            told = [*(f"is {word}" for word in sorted(come)), *(f"not {word}" for word in gone)]
            yield f"says {name} {', '.join(told)}"
    for what, why in new.errors.items():
        if what not in old.errors:
            yield f"{what}: {why}"


def _links(old: NodeSeen, new: NodeSeen) -> Iterator[str]:
    was = {(link.number, link.peer): link.connected for link in old.links}
    for link in new.links:
        if was.get((link.number, link.peer), True) != link.connected:
            state = "is back" if link.connected else "is down"
            yield f"link {link.number} to {link.peer} {state}"
