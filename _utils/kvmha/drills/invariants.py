"""What must hold at every look, whatever fault is in force; pure over successive looks.

A look is no moment: nodes answer one after the other, within a second or two, and what moves in
between is seen twice or not at all. So what needs two nodes to be seen (two with quorum, a VM on
two hosts) counts when the same pair shows it in two successive looks. What one node tells of
itself counts at once.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import combinations

from kvmha import timeouts
from kvmha.drills.quorum import Rules, rules_of
from kvmha.drills.record import Breach
from kvmha.spec.model import ClusterSpec
from kvmha.view.snapshot import NodeSeen, Snapshot

NAMES = (
    "at most one partition has quorum",
    "without quorum nothing runs beyond the grace of no-quorum-policy",
    "no VM runs twice",
    "no address is held twice",
    "no disk has two writers",
    "what a guest has said is not lost",
)
_QUORUM, _GRACE, _VM, _ADDRESS, _DISK, _SAID = NAMES

# Seconds that written pages may wait for the disk: vm.dirty_expire_centisecs (30 s) and
# dirty_writeback_centisecs (5 s) of Linux. A host that dies takes with it what is younger.
_UNWRITTEN = 35.0


@dataclass(frozen=True)
class Terms:
    """What is watched, and how long what is allowed; seconds.

    ``shared`` are disks by name with the VMs that write them. ``persistent`` are the VMs whose
    count lives on a shared disk, so that it outlives them. ``grace`` is from the loss of quorum
    until everything must be stopped, ``fencing`` until a lost node must be off; 0: never.
    ``both`` is two_node: both have quorum until one has fenced the other (votequorum(5)).
    """

    vms: tuple[str, ...] = ()
    addresses: tuple[str, ...] = ()
    shared: dict[str, tuple[str, ...]] = field(default_factory=dict)
    persistent: tuple[str, ...] = ()
    policy: str = "stop"
    grace: float = 0.0
    fencing: float = 0.0
    both: bool = False


def terms_of(spec: ClusterSpec, *, fencing: bool = True) -> Terms:
    """Return what is watched in the cluster of ``spec``."""
    rules: Rules = rules_of(spec, fencing=fencing)
    derived = timeouts.derive(spec)
    detection = (derived.token + derived.consensus) / 1000
    stop = max((vm.stop_timeout for vm in spec.vms), default=20_000) / 1000
    fence = (
        detection + (derived.stonith_timeout + derived.delay_max + derived.priority_delay) / 1000
    )
    disks: dict[str, list[str]] = {}
    for vm in spec.vms:
        for disk in vm.disks:
            place = disk.place if disk.is_block else f"{spec.folder_of(vm)}/{disk.place}"
            disks.setdefault(place, []).append(vm.name)
    return Terms(
        vms=tuple(vm.name for vm in spec.vms),
        addresses=tuple(tier.vip.address.partition("/")[0] for tier in spec.tiers if tier.vip),
        shared={disk: tuple(names) for disk, names in disks.items()},
        persistent=tuple(vm.name for vm in spec.vms if vm.heartbeat == "serial"),
        policy=rules.policy,
        grace=detection + stop + _LOOKS,
        fencing=fence + _LOOKS if fencing else 0.0,
        both=rules.two_node and len(rules.votes) == 2,
    )


_LOOKS = 30.0  # what looks and Pacemaker's own thinking may take on a busy host


def breaches(terms: Terms, looks: Sequence[Snapshot], began: float = 0.0) -> tuple[Breach, ...]:
    """Return what the last of ``looks`` breaks; times count from ``began``."""
    if not looks:
        return ()
    at = looks[-1].time - began
    found = [*_two_quorate(terms, looks), *_without_quorum(terms, looks)]
    found += [*_twice(terms, looks), *_writers(terms, looks), *_lost_words(terms, looks)]
    return tuple(Breach(name, round(at, 1), evidence) for name, evidence in found)


# --- quorum ------------------------------------------------------------------------------------


def _two_quorate(terms: Terms, looks: Sequence[Snapshot]) -> Iterator[tuple[str, str]]:
    pairs = _apart_with_quorum(looks[-1])
    if terms.both:
        since = _since(looks, [bool(_apart_with_quorum(look)) for look in looks])
        if not terms.fencing or looks[-1].time - since <= terms.fencing:
            return
    elif len(looks) < 2:
        return
    else:
        pairs &= _apart_with_quorum(looks[-2])
    for one, other in sorted(pairs):
        seen = (looks[-1].node(one), looks[-1].node(other))
        yield (
            _QUORUM,
            " and ".join(f"{node.name} has quorum with {', '.join(node.members)}" for node in seen),
        )


def _apart_with_quorum(look: Snapshot) -> set[tuple[str, str]]:
    """Return the pairs of nodes that have quorum and do not count each other as members."""
    quorate = [node for node in look.nodes if node.answered and node.corosync and node.quorate]
    return {
        (one.name, other.name)
        for one, other in combinations(quorate, 2)
        if one.name not in other.members and other.name not in one.members
    }


def _without_quorum(terms: Terms, looks: Sequence[Snapshot]) -> Iterator[tuple[str, str]]:
    for node in looks[-1].nodes:
        if not _is_lost(node):
            continue
        since = _since(looks, [_is_lost(look.node(node.name)) for look in looks])
        spent = looks[-1].time - since
        first = next(look for look in looks if look.time == since).node(node.name)
        for what in _forbidden(terms, node, first, spent):
            yield _GRACE, f"{node.name} has no quorum for {spent:.0f} s and runs {what}"


def _is_lost(node: NodeSeen) -> bool:
    return node.answered and not (node.corosync and node.quorate)


def _forbidden(terms: Terms, node: NodeSeen, first: NodeSeen, spent: float) -> Iterator[str]:
    """Yield what ``node`` runs and must not, ``spent`` seconds after it lost quorum.

    Sources: Pacemaker Explained, "no-quorum-policy": stop and demote stop what has no role;
    freeze starts nothing, and keeps what runs; suicide and fence reset the node; ignore allows
    all. Without corosync there is no policy: the others fence the node.
    """
    runs = _runs(terms, node)
    policy = terms.policy.lower()
    if not node.corosync or policy in ("suicide", "fence"):
        limit = terms.fencing
    elif policy == "freeze":
        yield from sorted(runs - _runs(terms, first))
        return
    else:
        limit = terms.grace if policy in ("stop", "demote") else 0.0
    if limit and spent > limit:
        yield from sorted(runs)


def _runs(terms: Terms, node: NodeSeen) -> set[str]:
    vms = {vm for vm in terms.vms if node.domains.get(vm) == "running"}
    return vms | (set(terms.addresses) & set(node.addresses))


def _since(looks: Sequence[Snapshot], held: Sequence[bool]) -> float:
    """Return the time of the first of the last looks in a row at which it ``held``."""
    since = looks[-1].time
    for look, is_so in zip(reversed(looks), reversed(held), strict=True):
        if not is_so:
            break
        since = look.time
    return since


# --- VMs, addresses, disks ---------------------------------------------------------------------


def _twice(terms: Terms, looks: Sequence[Snapshot]) -> Iterator[tuple[str, str]]:
    for vm in terms.vms:
        hosts = _in_both([look.hosts(vm) for look in looks[-2:]])
        if len(hosts) > 1:
            yield _VM, f"{vm} runs on {' and '.join(hosts)}"
    for address in terms.addresses:
        holders = _in_both([look.holders(address) for look in looks[-2:]])
        if len(holders) > 1:
            yield _ADDRESS, f"{address} is on {' and '.join(holders)}"


def _writers(terms: Terms, looks: Sequence[Snapshot]) -> Iterator[tuple[str, str]]:
    for disk, vms in terms.shared.items():
        writers = _in_both(
            [[f"{vm} on {host}" for vm in vms for host in look.hosts(vm)] for look in looks[-2:]]
        )
        if len(writers) > 1:
            yield _DISK, f"{disk} is written by {' and '.join(writers)}"


def _in_both(seen: Sequence[Collection[str]]) -> list[str]:
    """Return what the last two looks both show; nothing where there is but one."""
    if len(seen) < 2:
        return []
    return [one for one in seen[-1] if one in seen[-2]]


# --- guests ------------------------------------------------------------------------------------


def _lost_words(terms: Terms, looks: Sequence[Snapshot]) -> Iterator[tuple[str, str]]:
    """Yield the guests that came up with less than they had said for good.

    Bytes on the serial line are in a file of the shared filesystem. A host that dies takes along
    what its kernel had not written yet; what is older was acknowledged. A guest that stays where
    it is loses nothing, but libvirt may begin a new file for it.
    """
    now, earlier = looks[-1], looks[:-1]
    for vm in terms.persistent:
        count = _count(now, vm)
        there = [look for look in earlier if look.hosts(vm)]
        if count is None or not there or not now.hosts(vm):
            continue
        if now.hosts(vm) == earlier[-1].hosts(vm):
            continue
        kept = there[-1].time - _UNWRITTEN
        said = [(told, look.time) for look in there if (told := _count(look, vm)) is not None]
        most, when = max(((n, t) for n, t in said if t <= kept), default=(0, now.time))
        if count < most:
            yield _SAID, f"{vm} had said {most} bytes {now.time - when:.0f} s ago, and {count} now"


def _count(look: Snapshot, vm: str) -> int | None:
    """Return the count as its host tells it, or the largest that any node does."""
    hosts = look.hosts(vm)
    told = [
        node.heartbeats[vm]
        for node in look.nodes
        if vm in node.heartbeats and (not hosts or node.name in hosts)
    ]
    return max(told, default=None)
