"""The cluster as the pillar describes it: the only home of keys, defaults and their meaning.

Durations are milliseconds and sizes bytes here; the pillar writes their units out.
"""

from __future__ import annotations

from collections.abc import Mapping

from kvmha.spec.cib import Cib
from kvmha.spec.classes import vocabulary
from kvmha.spec.corosync import Corosync
from kvmha.spec.fields import said
from kvmha.spec.part import agents, unmanaged


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

    @property
    def minion_id(self) -> str:
        """The id of the node's minion."""
        return self.minion or self.name


@vocabulary(frozen=True)
class Sbd:
    """``fencing.sbd``: fencing by poison pill over shared disks, with a watchdog."""

    devices: tuple[str, ...] = said(
        "device",
        "One to three shared disks, by stable names.",
        many=True,
        example=["/dev/disk/by-id/scsi-sbd"],
    )
    watchdog_timeout: int = said(
        "duration", "Time a node lives without its disks.", default=15000, example="15s"
    )
    watchdog_device: str = said(
        "path", "The watchdog.", default="/dev/watchdog", example="/dev/watchdog"
    )
    watchdog_module: str = said(
        "text",
        "Kernel module to load for it; empty: none. `softdog` where the host has no hardware one.",
        default="",
        example="softdog",
    )


@vocabulary(frozen=True)
class Fencing:
    """``fencing``: how a node that fails is made certain to be off."""

    sbd: Sbd = said("object", "Storage-based fencing.", of=Sbd)


@vocabulary(frozen=True)
class Filesystem:
    """``storage.filesystems[]``: a cluster filesystem, mounted on every node."""

    name: str = said("name", "Name of its resource and label.", example="vmstore")
    type: str = said(
        "text", "Kind of filesystem.", default="ocfs2", choices=("ocfs2",), example="ocfs2"
    )
    device: str = said("device", "Shared disk.", example="/dev/disk/by-id/scsi-vmstore")
    mount: str = said("path", "Mount point.", example="/srv/vmstore")
    options: str = said("text", "Mount options.", default="noatime", example="noatime")
    max_nodes: int = said(
        "integer",
        "Node slots made at format time.",
        default=8,
        minimum=2,
        maximum=32,
        example=8,
    )


@vocabulary(frozen=True)
class Storage:
    """``storage``: what the virtual machines stand on."""

    filesystems: tuple[Filesystem, ...] = said(
        "object", "Cluster filesystems.", many=True, of=Filesystem, default=()
    )


@vocabulary(frozen=True)
class Libvirt:
    """``libvirt``: the daemon that runs the domains."""

    qemu_conf: Mapping[str, str | int | bool] = said(
        "scalars",
        "Settings of /etc/libvirt/qemu.conf beside those we need.",
        default=dict,
        example={"security_driver": "none"},
    )


@vocabulary(frozen=True)
class Disk:
    """``vms[].disks[]``: one disk of a virtual machine, a file on a cluster filesystem."""

    file: str = said("text", "File below the VM's folder.", example="disk0.raw")
    size: int = said("size", "Size of a new disk.", example="20GiB")
    format: str = said(
        "text", "Format of the file.", default="raw", choices=("raw", "qcow2"), example="raw"
    )
    source: str = said(
        "text",
        "Image a new disk is filled from, `salt://` or a path on the node; empty: none.",
        default="",
        example="salt://images/leap.raw",
    )
    bus: str = said(
        "text",
        "Bus the guest sees it on.",
        default="virtio",
        choices=("virtio", "scsi", "sata", "ide"),
        example="virtio",
    )


@vocabulary(frozen=True)
class Interface:
    """``vms[].interfaces[]``: one network card of a virtual machine."""

    bridge: str = said("name", "Bridge of the host.", example="br0")
    mac: str = said(
        "text",
        "Address; empty: derived from the VM's name.",
        default="",
        example="52:54:00:12:34:56",
    )
    model: str = said("text", "Model of the card.", default="virtio", example="virtio")


@vocabulary(frozen=True)
class Vm:
    """``vms[]``: one highly available virtual machine."""

    name: str = said("name", "Name of the domain and of its resource.", example="db1")
    memory: int = said("size", "Memory.", example="2GiB")
    vcpus: int = said("integer", "Virtual processors.", default=1, minimum=1, example=2)
    filesystem: str = said(
        "name",
        "Cluster filesystem for its disks and domain XML; empty: the first.",
        default="",
        example="vmstore",
    )
    disks: tuple[Disk, ...] = said("object", "Disks.", many=True, of=Disk, default=())
    interfaces: tuple[Interface, ...] = said(
        "object", "Network cards.", many=True, of=Interface, default=()
    )
    type: str = said(
        "text",
        "Hypervisor; `qemu` emulates.",
        default="kvm",
        choices=("kvm", "qemu"),
        example="kvm",
    )
    machine: str = said("text", "Machine type; empty: libvirt's.", default="", example="q35")
    heartbeat: str = said(
        "text",
        "What shows that the guest lives: its processor time, or bytes on its serial line.",
        default="cpu",
        choices=("cpu", "serial"),
        example="cpu",
    )
    prefer: tuple[str, ...] = said(
        "name", "Nodes it prefers.", many=True, default=(), example=["ha-host1"]
    )
    avoid: tuple[str, ...] = said(
        "name", "Nodes it never runs on.", many=True, default=(), example=["ha-host3"]
    )
    migrate: bool = said("boolean", "Move it live.", default=False, example=True)
    start_timeout: int = said("duration", "Time to start.", default=120_000, example="2min")
    stop_timeout: int = said("duration", "Time to stop.", default=180_000, example="3min")
    monitor_interval: int = said("duration", "Time between checks.", default=20_000, example="20s")
    monitor_timeout: int = said("duration", "Time for a check.", default=60_000, example="60s")


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
    time: Time = said("object", "Clocks.", of=Time, default=Time)
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

    def filesystem_of(self, vm: Vm) -> Filesystem | None:
        """Return the filesystem that holds ``vm``, or None when there is none."""
        wanted = vm.filesystem
        return next(
            (fs for fs in self.storage.filesystems if not wanted or fs.name == wanted), None
        )

    def folder_of(self, vm: Vm) -> str:
        """Return the folder of ``vm`` on its filesystem: disks, domain XML, serial log."""
        filesystem = self.filesystem_of(vm)
        if filesystem is None:
            raise ValueError(f"vm {vm.name} has no filesystem")
        return f"{filesystem.mount}/{vm.name}"
