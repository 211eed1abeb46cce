"""The virtual machines and the daemon that runs them: the words of ``vms`` and ``libvirt``."""

from __future__ import annotations

from collections.abc import Mapping

from kvmha.spec.classes import vocabulary
from kvmha.spec.domain import Domain
from kvmha.spec.fields import said


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
    migrate: bool = said("boolean", "Move it live.", default=False, example=True)
    start_timeout: int = said("duration", "Time to start.", default=120_000, example="2min")
    stop_timeout: int = said("duration", "Time to stop.", default=180_000, example="3min")
    monitor_interval: int = said("duration", "Time between checks.", default=20_000, example="20s")
    monitor_timeout: int = said("duration", "Time for a check.", default=60_000, example="60s")
