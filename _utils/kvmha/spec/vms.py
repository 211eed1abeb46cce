"""The virtual machines and the daemon that runs them: the words of ``vms`` and ``libvirt``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from kvmha.spec.classes import vocabulary
from kvmha.spec.domain import Domain
from kvmha.spec.fields import optional, said
from kvmha.spec.libvirt_net import Network
from kvmha.spec.libvirt_pools import Pool
from kvmha.spec.migration import Migration
from kvmha.spec.vm_disks import Disk, Install, Seed
from kvmha.spec.vm_monitor import Monitor, Watchdog


@vocabulary(frozen=True)
class Libvirt:
    """``libvirt``: the daemon that runs the domains."""

    qemu_conf: Mapping[str, str | int | bool] = said(
        "scalars",
        "Settings of /etc/libvirt/qemu.conf beside those we need.",
        default=dict,
        example={"security_driver": "none"},
    )
    migration: Migration = said("object", "How VMs move live.", of=Migration, default=Migration)
    locking: str = said(
        "text",
        "What refuses to start a VM whose disks a VM on another node has open, whoever asks; "
        "`virtlockd` keeps leases on a cluster filesystem.",
        default="none",
        choices=("none", "virtlockd"),
        example="virtlockd",
    )
    lockspace: str = said(
        "name",
        "Cluster filesystem for the leases of virtlockd; empty: the first.",
        default="",
        example="vmstore",
    )
    networks: tuple[Network, ...] = said(
        "object", "Networks of every node.", many=True, of=Network, default=()
    )
    pools: tuple[Pool, ...] = said(
        "object", "Storage pools of every node.", many=True, of=Pool, default=()
    )


@vocabulary(frozen=True)
class Interface:
    """``vms[].interfaces[]``: one network card, plugged into a `bridge` or a `network`."""

    ONE_OF: ClassVar[tuple[str, ...]] = ("bridge", "network")

    bridge: str = said("name", "Bridge of the host.", default="", example="br0")
    network: str = said("name", "One of `libvirt.networks`.", default="", example="lan")
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
    seed: Seed = said("object", "What cloud-init reads at its start.", of=Seed, default=Seed)
    install: Install = said(
        "object", "The installer that fills its disks.", of=Install, default=Install
    )
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
    domain: Domain | None = said(
        "object",
        "What else libvirt is told, laid over what the other keys make.",
        of=Domain,
        default=None,
    )
    prefer: tuple[str, ...] = said(
        "name", "Nodes it prefers.", many=True, default=(), example=["ha-host1"]
    )
    avoid: tuple[str, ...] = said(
        "name", "Nodes it never runs on.", many=True, default=(), example=["ha-host3"]
    )
    tier: str = said("name", "Tier it is a member of.", default="", example="db")
    priority: int | None = said(
        "integer",
        "What is started, or kept, when there is no room for all: the highest; absent: 0.",
        default=None,
        minimum=0,
        maximum=1_000_000,
        example=10,
    )
    monitor: Monitor | None = said(
        "object", "What has to be true inside it.", of=Monitor, default=None
    )
    watchdog: Watchdog | None = said("object", "Watchdog for its guest.", of=Watchdog, default=None)
    migrate: bool = said("boolean", "Move it live.", default=False, example=True)
    params: Mapping[str, str | int | bool] = said(
        "scalars",
        "Further parameters of the agent ocf:heartbeat:VirtualDomain, held against its metadata.",
        default=dict,
        example={"migration_downtime": 500},
    )
    start_timeout: int = said("duration", "Time to start.", default=120_000, example="2min")
    stop_timeout: int = said("duration", "Time to stop.", default=180_000, example="3min")
    migrate_to_timeout: int | None = optional(
        "duration", "Time to move its memory away; unsaid: that to stop.", example="10min"
    )
    migrate_from_timeout: int | None = optional(
        "duration", "Time to be seen after a move; unsaid: that to start.", example="2min"
    )
    monitor_interval: int = said("duration", "Time between checks.", default=20_000, example="20s")
    monitor_timeout: int = said("duration", "Time for a check.", default=60_000, example="60s")
