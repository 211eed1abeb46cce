"""The cluster as the pillar describes it: the only home of keys, defaults and their meaning.

Durations are milliseconds and sizes bytes here; the pillar writes their units out.
"""

from __future__ import annotations

from kvmha.errors import KvmhaError
from kvmha.spec.cib import Cib
from kvmha.spec.classes import vocabulary
from kvmha.spec.corosync import Corosync
from kvmha.spec.drills import Drill
from kvmha.spec.fencing import Fencing
from kvmha.spec.fields import said
from kvmha.spec.monitoring import Monitoring
from kvmha.spec.part import agents, unmanaged
from kvmha.spec.placement import Capacity, Placement
from kvmha.spec.storage import Filesystem, Storage
from kvmha.spec.tiers import Tier
from kvmha.spec.vms import Libvirt, Vm


@vocabulary(frozen=True)
class Cluster:
    """``cluster``: what the cluster is called."""

    name: str = said("name", "Name of the cluster, at most 15 characters.", example="alpha")


@vocabulary(frozen=True)
class Node:
    """``nodes[]``: one KVM host."""

    name: str = said("name", "What `uname -n` prints on the host.", example="ha-host1")
    id: int = said("integer", "corosync's nodeid.", example=1, minimum=1, maximum=2**31 - 1)
    links: tuple[str, ...] = said(
        "address", "Its address on each link.", example=["192.168.56.101"], many=True
    )
    minion: str = said(
        "text", "Id of its Salt minion; empty: the same as `name`.", default="", example="ha-host1"
    )
    capacity: Capacity | None = said(
        "object", "What it has for VMs, for `placement.strategy`.", of=Capacity, default=None
    )

    @property
    def minion_id(self) -> str:
        """The id of the node's minion."""
        return self.minion or self.name


@vocabulary(frozen=True)
class Time:
    """``time``: clocks."""

    servers: tuple[str, ...] = said(
        "text",
        "NTP servers for chrony; none: chrony is left alone.",
        many=True,
        default=(),
        example=["ntp1.example.com"],
    )
    max_skew: int = said(
        "duration", "Largest difference between two nodes.", default=2000, example="2s"
    )


@vocabulary(frozen=True)
class Consent:
    """``consent``: what would otherwise be refused. Take it out after use."""

    overwrite: tuple[str, ...] = said(
        "device",
        "Devices whose present content may be destroyed.",
        many=True,
        default=(),
        example=["/dev/disk/by-id/scsi-sbd"],
    )


@vocabulary(frozen=True)
class Validate:
    """``validate``: how far the verification goes."""

    failover: bool = said(
        "boolean",
        "Fence the host of a VM and see it come up elsewhere.",
        default=False,
        example=True,
    )
    vm: str = said("name", "The VM to do that with; empty: the first.", default="", example="db1")


@vocabulary(frozen=True)
class Deadlines:
    """``deadlines``: how long gates wait before they say what is missing."""

    answer: int = said("duration", "A minion's answer.", default=30_000, example="30s")
    membership: int = said("duration", "Quorum of all nodes.", default=180_000, example="3min")
    resources: int = said("duration", "Resources to start.", default=600_000, example="10min")
    heartbeat: int = said(
        "duration", "A guest's next sign of life.", default=60_000, example="1min"
    )
    failover: int = said("duration", "A VM to be back.", default=600_000, example="10min")


@vocabulary(frozen=True)
class ClusterSpec:
    """The whole pillar document below ``kvmha``."""

    cluster: Cluster = said("object", "What the cluster is called.", of=Cluster)
    nodes: tuple[Node, ...] = said("object", "The KVM hosts.", many=True, of=Node)
    fencing: Fencing = said(
        "object", "How a node that fails is made certain to be off.", of=Fencing
    )
    corosync: Corosync = said(
        "object", "The membership, and all of corosync.conf.", of=Corosync, default=Corosync
    )
    storage: Storage = said(
        "object", "What the virtual machines stand on.", of=Storage, default=Storage
    )
    libvirt: Libvirt = said(
        "object", "The daemon that runs the domains.", of=Libvirt, default=Libvirt
    )
    vms: tuple[Vm, ...] = said("object", "Virtual machines.", many=True, of=Vm, default=())
    tiers: tuple[Tier, ...] = said(
        "object", "Applications that several VMs run.", many=True, of=Tier, default=()
    )
    placement: Placement = said(
        "object",
        "Where VMs run with regard to each other and to what hosts have.",
        of=Placement,
        default=Placement,
    )
    drills: tuple[Drill, ...] = said(
        "object", "Drills of one's own.", many=True, of=Drill, default=()
    )
    time: Time = said("object", "Clocks.", of=Time, default=Time)
    monitoring: Monitoring = said(
        "object", "What Prometheus is told.", of=Monitoring, default=Monitoring
    )
    cib: Cib = said(
        "object",
        "Pacemaker's configuration beyond what has a word of its own.",
        of=Cib,
        default=Cib,
    )
    unmanaged: str = unmanaged()
    agents: str = agents()
    consent: Consent = said(
        "object", "What would otherwise be refused.", of=Consent, default=Consent
    )
    validate: Validate = said(
        "object", "How far the verification goes.", of=Validate, default=Validate
    )
    deadlines: Deadlines = said(
        "object",
        "How long gates wait before they say what is missing.",
        of=Deadlines,
        default=Deadlines,
    )

    def node(self, name: str) -> Node | None:
        """Return the node that is called ``name``, or None."""
        return next((node for node in self.nodes if node.name == name), None)

    def name_of_minion(self, minion: str) -> str:
        """Return the name of the node with this minion; raise KvmhaError when it is none."""
        for node in self.nodes:
            if node.minion_id == minion:
                return node.name
        raise KvmhaError(
            f"minion {minion} is none of the cluster's nodes",
            hint="name it under nodes, or say nodes[].minion",
        )

    def members_of(self, tier: str) -> list[Vm]:
        """Return the VMs that are members of the tier called ``tier``."""
        return [vm for vm in self.vms if vm.tier == tier]

    def filesystem_of(self, vm: Vm) -> Filesystem | None:
        """Return the filesystem that holds ``vm``, or None when there is none."""
        wanted = vm.filesystem
        return next(
            (fs for fs in self.storage.filesystems if not wanted or fs.name == wanted), None
        )

    @property
    def lockspace(self) -> Filesystem | None:
        """The filesystem that holds the leases of virtlockd, None when there are none."""
        if self.libvirt.locking == "none":
            return None
        wanted = self.libvirt.lockspace
        return next(
            (fs for fs in self.storage.filesystems if not wanted or fs.name == wanted), None
        )

    @property
    def moves(self) -> bool:
        """Tell whether there is a VM that moves live."""
        return any(vm.migrate for vm in self.vms)

    def folder_of(self, vm: Vm) -> str:
        """Return the folder of ``vm`` on its filesystem: disks, domain XML, serial log."""
        filesystem = self.filesystem_of(vm)
        if filesystem is None:
            raise ValueError(f"vm {vm.name} has no filesystem")
        return f"{filesystem.mount}/{vm.name}"
