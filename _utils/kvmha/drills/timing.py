"""How long a drill waits, and how long a VM may be away, from the timeouts of the cluster."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

from kvmha import timeline, timeouts
from kvmha.drills.record import Absence
from kvmha.spec.drills import Drill
from kvmha.spec.model import ClusterSpec
from kvmha.spec.vms import Vm
from kvmha.timeline import Sample

_BUSY = 30  # seconds that a host which has much to do may need beside all timeouts
_MONITORED = ("kill_guest", "restart", "fill", "migrate")  # no node is lost: a monitor tells
# Seconds in which a monitor of storage or of fencing finds out (op monitor interval and timeout).
_MONITOR = 120.0
_IPADDR_START = 20.0  # start timeout that ocf:heartbeat:IPaddr2 advertises


@dataclass(frozen=True)
class Timing:
    """Seconds: between looks; until a change of members can show, a monitor has found out, nodes
    have joined, a step, healing, a stop of everything must have ended.

    ``steady`` is in how many looks in a row the cluster has to stand as one outcome.
    """

    interval: float
    steady: int
    settle: float
    monitor: float
    join: float
    step: float
    heal: float
    stop: float


def timing_of(spec: ClusterSpec, *, fencing: bool) -> Timing:
    """Return the waits for the cluster of ``spec``, with fencing or without."""
    derived = timeouts.derive(spec)
    detection = (derived.token + derived.consensus) / 1000
    start = max((vm.start_timeout for vm in spec.vms), default=0) / 1000
    stop = max((vm.stop_timeout for vm in spec.vms), default=0) / 1000
    delays = (derived.delay_max + derived.priority_delay) / 1000
    fence = derived.stonith_timeout / 1000 + delays
    back = spec.deadlines.failover / 1000
    step = 3 * detection + _BUSY + (fence + start + back if fencing else 0.0)
    return Timing(
        interval=3.0,
        steady=3,
        settle=detection,
        monitor=detection + _MONITOR,
        join=3 * detection + _BUSY,
        step=step,
        heal=3 * detection + _BUSY + start + spec.deadlines.membership / 1000 + back,
        stop=2 * stop + 4 * _BUSY,
    )


def worst_of(spec: ClusterSpec, drill: Drill) -> dict[str, dict[str, float]]:
    """Return the parts of the longest absence that timeouts imply, by VM and address; seconds.

    Where a node is lost: corosync notices (token), agrees (consensus), the node is fenced
    (delays, then msgwait of SBD's disks, its watchdog without, or stonith-timeout for any other
    device), and the VM starts. Where a guest alone is lost: its next monitor fails, it is
    stopped and started.
    """
    guest_alone = all(step.fault in ("", *_MONITORED) for step in drill.steps)
    node = _node_parts(spec)
    found = {}
    for vm in spec.vms:
        start = {"start": vm.start_timeout / 1000}
        found[vm.name] = (_guest_parts(vm) if guest_alone else node) | start
    for tier in spec.tiers:
        if tier.vip:
            address = tier.vip.address.partition("/")[0]
            members = [found[vm.name] for vm in spec.members_of(tier.name)]
            slowest = max(members, key=lambda parts: sum(parts.values()), default={})
            found[address] = slowest | {"address": _IPADDR_START}
    return found


def absences(
    samples: Sequence[Sample], worst: Mapping[str, Mapping[str, float]], names: Collection[str]
) -> tuple[Absence, ...]:
    """Return the longest absence of each of ``names`` that was ever somewhere."""
    return tuple(_absences(samples, worst, names))


def _absences(
    samples: Sequence[Sample], worst: Mapping[str, Mapping[str, float]], names: Collection[str]
) -> Iterator[Absence]:
    for name in names:
        first = next((one.time for one in samples if name in one.where), None)
        if first is None:
            continue
        last = samples[-1].time
        gaps = timeline.missing(samples, [name], first)
        longest = max(
            ((last if gap.end is None else gap.end) - gap.begin for gap in gaps), default=0.0
        )
        parts = worst.get(name, {})
        yield Absence(name, round(longest, 1), round(sum(parts.values()), 1), dict(parts))


def _node_parts(spec: ClusterSpec) -> dict[str, float]:
    derived = timeouts.derive(spec)
    fence = derived.msgwait or derived.watchdog_fencing or derived.stonith_timeout
    if spec.fencing.devices and spec.fencing.sbd:
        fence += derived.stonith_timeout  # another device may fail first
    delays = derived.delay_max + derived.priority_delay
    parts = {"token": derived.token, "consensus": derived.consensus, "fencing": fence}
    if delays:
        parts["delays"] = delays
    return {name: value / 1000 for name, value in parts.items()}


def _guest_parts(vm: Vm) -> dict[str, float]:
    parts = {
        "interval": vm.monitor_interval,
        "monitor": vm.monitor_timeout,
        "stop": vm.stop_timeout,
    }
    return {name: value / 1000 for name, value in parts.items()}
