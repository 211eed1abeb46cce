"""The fencing ledger: when each node was last fenced, and by what; proof that it works.

Pacemaker's fencer keeps its history in memory alone. Nodes that join get it from the others, but
it ends when the whole cluster stops, and a long one is cut (``fenced_history.c``). An attribute
in the CIB would last, but somebody has to watch and write one for each fencing, it changes the
configuration that others compare, and it goes with the cluster. So the ledger is a file on the
master, which outlives every cluster: each status adds what the history tells. Drills and tests of
fencing need no word of their own: what they fence is in that history.

The history does not name the device, only the node that used it (``delegate``). That node's log
does, as long as it is kept. Where only one device can fence a node, it was that one.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from kvmha.spec.fencing import SBD
from kvmha.spec.model import ClusterSpec
from kvmha.view.snapshot import Snapshot

WATCHDOG = "watchdog"
# Whom the fencer names where somebody said that a node is off, with stonith_admin --confirm
# (``stonith_manual_ack`` in fenced_remote.c): no device has proved anything then.
_HUMAN = "a human"


@dataclass(frozen=True)
class Proof:
    """That ``node`` was fenced: ``time`` in seconds since 1970, 0.0 for never.

    ``devices`` can do it, by the pillar; ``proven`` ({device: time}) are those that are known to
    have done it, and when last. ``action`` (reboot, off), ``delegate`` (the node that did it) and
    ``client`` (the program that asked) are Pacemaker's words. ``failed`` is the time of a
    fencing that failed since then, else 0.0.
    """

    node: str
    devices: tuple[str, ...] = ()
    time: float = 0.0
    action: str = ""
    delegate: str = ""
    client: str = ""
    failed: float = 0.0
    proven: Mapping[str, float] = field(default_factory=dict)

    @property
    def unproven(self) -> tuple[str, ...]:
        """The devices that were never seen to fence the node."""
        return tuple(device for device in self.devices if device not in self.proven)


Ledger = Mapping[str, Proof]


def devices_of(spec: ClusterSpec, node: str) -> tuple[str, ...]:
    """Return the fencing devices that can fence ``node``, by the pillar."""
    found = [device.name for device in spec.fencing.devices if node in device.targets]
    if spec.fencing.disks:
        found.insert(0, SBD)
    return (*found, *([WATCHDOG] if spec.fencing.diskless else []))


def merged(spec: ClusterSpec, old: Ledger, seen: Snapshot) -> dict[str, Proof]:
    """Return the ledger with what the nodes' histories tell beyond ``old``; a node each.

    Every node of ``spec`` is in it, one that was never fenced with the time 0.0.
    """
    events = [event for node in seen.nodes for event in node.fencing_history]
    logged = [event for node in seen.nodes for event in node.fenced if event["ok"]]
    return {
        node.name: _proven(spec, _latest(spec, node.name, old.get(node.name), events), logged)
        for node in spec.nodes
    }


def _latest(
    spec: ClusterSpec, node: str, old: Proof | None, events: Sequence[Mapping[str, str]]
) -> Proof:
    """Return ``old`` with the last success and the last failure of the history."""
    best = old or Proof(node)
    devices = devices_of(spec, node)
    mine = [event for event in events if event.get("target") == node]
    for event in mine:
        time = moment(event.get("completed", ""))
        proves = event.get("status") == "success" and event.get("delegate") != _HUMAN
        if proves and time > best.time:
            alone = {devices[0]: time} if len(devices) == 1 else {}
            best = replace(
                best,
                proven={**best.proven, **alone},
                time=time,
                action=event.get("action", ""),
                delegate=event.get("delegate", ""),
                client=event.get("client", ""),
            )
    failed = _failed(mine, best.failed)
    return replace(best, failed=failed if failed > best.time else 0.0)


def _proven(spec: ClusterSpec, proof: Proof, logged: Sequence[Mapping[str, Any]]) -> Proof:
    """Return ``proof`` with which devices can fence the node, and which of them did."""
    devices = devices_of(spec, proof.node)
    known = {name: time for name, time in proof.proven.items() if name in devices}
    for event in logged:
        name = str(event["device"]).removeprefix("fencing-")
        if event["target"] == proof.node and name in devices:
            known[name] = max(known.get(name, 0.0), event["time"])
    return replace(proof, devices=devices, proven=known)


def _failed(events: Iterable[Mapping[str, str]], before: float) -> float:
    failures = (event for event in events if event.get("status") == "failed")
    return max((moment(event.get("completed", "")) for event in failures), default=before)


def moment(written: str) -> float:
    """Return ``completed`` of crm_mon's fencing history in seconds since 1970, 0.0 for none.

    Pacemaker 2.1 writes ``2026-11-27 20:06:40Z``, newer ones with an offset or microseconds;
    older ones as ctime(3) does, in local time.
    """
    text = written.strip()
    day, _, rest = text.partition(" ")
    try:
        clock = rest.replace(" ", "").replace("Z", "+00:00")
        return datetime.fromisoformat(f"{day} {clock}").timestamp()
    except ValueError:
        pass
    try:
        return datetime.strptime(text, "%a %b %d %H:%M:%S %Y").timestamp()
    except ValueError:
        return 0.0
