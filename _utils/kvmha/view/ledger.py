"""The fencing ledger: when each node was last fenced, and by what; proof that it works.

Pacemaker's fencer keeps its history in memory alone. Nodes that join get it from the others, but
it ends when the whole cluster stops, and a long one is cut (``fenced_history.c``). An attribute
in the CIB would last, but somebody has to watch and write one for each fencing, it changes the
configuration that others compare, and it goes with the cluster. So the ledger is a file on the
master, which outlives every cluster: each status adds what the history tells. Drills and tests of
fencing need no word of their own: what they fence is in that history.

The history does not name the device, only the node that used it (``delegate``). So an entry
names all devices that can fence the node by the pillar: one of them did it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

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

    ``devices`` could do it; ``action`` (reboot, off), ``delegate`` (the node that did it) and
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
    return {node.name: _latest(spec, node.name, old.get(node.name), events) for node in spec.nodes}


def _latest(
    spec: ClusterSpec, node: str, old: Proof | None, events: Sequence[Mapping[str, str]]
) -> Proof:
    best = old or Proof(node)
    mine = [event for event in events if event.get("target") == node]
    for event in mine:
        time = moment(event.get("completed", ""))
        proves = event.get("status") == "success" and event.get("delegate") != _HUMAN
        if proves and time > best.time:
            best = Proof(
                node,
                devices_of(spec, node),
                time,
                event.get("action", ""),
                event.get("delegate", ""),
                event.get("client", ""),
                best.failed,
            )
    failed = _failed(mine, best.failed)
    devices = best.devices or devices_of(spec, node)
    return replace(best, devices=devices, failed=failed if failed > best.time else 0.0)


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
