"""One look at a cluster: what each node says of itself and of the others, side by side.

Nothing here decides who is right. Nodes of different partitions differ, and that is what there
is to see; ``partitions`` and ``hosts`` only put the answers together.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Link:
    """The knet link ``number`` from the node that tells it to ``peer``."""

    number: int
    peer: str
    connected: bool


@dataclass(frozen=True)
class NodeSeen:
    """What one node says. A silent node has ``answered`` False and nothing else.

    ``members`` are the names of those whom corosync here counts as members, itself included;
    ``dc`` is empty where Pacemaker has none. ``online`` and ``flags`` ({node: (standby,
    maintenance, pending, unclean)}) are Pacemaker's words, ``resources`` ({resource id: nodes on
    which Pacemaker here believes it active}) too. ``domains`` ({VM: libvirt's state}),
    ``addresses`` (without prefix length), ``mounts``, ``lockspaces`` of DLM and ``heartbeats``
    ({VM: count}) are facts of this host alone. ``slots`` are the SBD slots ({disk: {node:
    message}}). ``errors`` ({what: why}) is what could not be seen; ``uptime`` is in seconds.

    ``needed`` are the votes that make quorum, ``quorum_flags`` votequorum's words (2Node, Qdevice,
    WaitForAll). ``troubles`` ({resource: (failed, blocked, unmanaged, orphaned)}), ``failures`` (a
    line each), ``fencing_history`` (crm_mon's words, newest first) and ``options`` (of the cluster)
    are Pacemaker's, ``fenced`` (device, target, action, ok, time) is what its log here says of
    devices. Only the DC tells ``marks``, what operators left behind. ``drift`` ({part:
    changes}) is there where it was asked for.
    """

    name: str
    answered: bool = False
    corosync: bool = False
    members: tuple[str, ...] = ()
    quorate: bool = False
    votes: int = 0
    expected_votes: int = 0
    links: tuple[Link, ...] = ()
    pacemaker: bool = False
    dc: str = ""
    online: tuple[str, ...] = ()
    flags: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    resources: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    domains: Mapping[str, str] = field(default_factory=dict)
    addresses: tuple[str, ...] = ()
    mounts: tuple[str, ...] = ()
    lockspaces: tuple[str, ...] = ()
    heartbeats: Mapping[str, int] = field(default_factory=dict)
    slots: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    errors: Mapping[str, str] = field(default_factory=dict)
    uptime: float = 0.0
    needed: int = 0
    quorum_flags: tuple[str, ...] = ()
    troubles: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    failures: tuple[str, ...] = ()
    fencing_history: tuple[Mapping[str, str], ...] = ()
    fenced: tuple[Mapping[str, Any], ...] = ()
    options: Mapping[str, Any] = field(default_factory=dict)
    marks: tuple[Mapping[str, Any], ...] = ()
    drift: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


@dataclass(frozen=True)
class Partition:
    """Nodes that agree on being each other's only members; ``dc`` is empty without one."""

    members: tuple[str, ...]
    quorate: bool
    dc: str = ""


@dataclass(frozen=True)
class Snapshot:
    """All nodes at one look. ``time`` is in seconds since the epoch, by the master's clock."""

    time: float
    nodes: tuple[NodeSeen, ...]

    def node(self, name: str) -> NodeSeen:
        """Return what ``name`` says; a node that nobody asked is a silent one."""
        return next((node for node in self.nodes if node.name == name), NodeSeen(name))

    @property
    def partitions(self) -> tuple[Partition, ...]:
        """The memberships that are told, each once, largest first.

        Two nodes may tell different memberships that overlap, while corosync forms a new one:
        then both are here. Nodes without corosync, and silent ones, tell none.
        """
        told: dict[tuple[str, ...], list[NodeSeen]] = {}
        for node in self.nodes:
            if node.corosync:
                told.setdefault(tuple(sorted(node.members)), []).append(node)
        found = [
            Partition(
                members,
                quorate=any(node.quorate for node in nodes),
                dc=next((node.dc for node in nodes if node.dc), ""),
            )
            for members, nodes in told.items()
        ]
        return tuple(sorted(found, key=lambda one: (-len(one.members), one.members)))

    def hosts(self, vm: str) -> tuple[str, ...]:
        """Return the nodes whose libvirt runs ``vm`` (not paused, as on the target of a move)."""
        return tuple(node.name for node in self.nodes if node.domains.get(vm) == "running")

    def holders(self, address: str) -> tuple[str, ...]:
        """Return the nodes that have ``address`` on an interface."""
        return tuple(node.name for node in self.nodes if address in node.addresses)
