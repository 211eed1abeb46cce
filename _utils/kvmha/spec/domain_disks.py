"""Disks of a domain, and other storage that it is given."""

from __future__ import annotations

from collections.abc import Mapping

from kvmha.spec.classes import vocabulary
from kvmha.spec.domain_words import (
    address,
    alias,
    attributes,
    attributes_of_each,
    boot,
    driver,
    flag,
    more,
    part,
    raw,
    word,
)
from kvmha.spec.fields import said

Scalar = str | int | bool


@vocabulary(frozen=True)
class DiskAuth:
    """``...auth``: who the host says it is, to the storage; the secret is libvirt's own."""

    username: str | None = word("User.", "@username", "libvirt")
    secret: Mapping[str, Scalar] = attributes(
        "Which secret of libvirt's.",
        "secret",
        {"type": "ceph", "uuid": "457eb676-33da-42ec-9a8c-9293d545c337"},
    )


@vocabulary(frozen=True)
class DiskSource:
    """``vms[].domain.devices.disks[].source``: where its content is."""

    file: str | None = word("File.", "@file", "/srv/vmstore/web1/disk0.raw")
    dev: str | None = word("Device of the host.", "@dev", "/dev/disk/by-id/scsi-web1")
    dir: str | None = word("Folder of the host.", "@dir", "/srv/share")
    pool: str | None = word("libvirt's storage pool.", "@pool", "vms")
    volume: str | None = word("Volume in it.", "@volume", "web1.qcow2")
    protocol: str | None = word("Protocol of a network disk.", "@protocol", "rbd")
    name: str | None = word("Its name there.", "@name", "vms/web1")
    hosts: tuple[Mapping[str, Scalar], ...] = attributes_of_each(
        "Servers.", "host", {"name": "mon1", "port": 6789}
    )
    auth: DiskAuth | None = part("Who the host says it is.", "auth", DiskAuth)
    initiator: str | None = word(
        "Name of the initiator.", "initiator/iqn@name", "iqn.2026-01.example:host"
    )
    more: Mapping[str, Scalar] = more({"startupPolicy": "optional"})
    raw: tuple[str, ...] = raw()


@vocabulary(frozen=True)
class DomainDisk:
    """``vms[].domain.devices.disks[]``: a disk, as libvirt says it. ``target: {dev: }`` is what
    tells it from others.
    """

    type: str | None = word("file, block, network, volume, dir, nvme, vhostuser.", "@type", "block")
    device: str | None = word("disk, cdrom, floppy or lun.", "@device", "cdrom")
    driver: Mapping[str, Scalar] = driver(
        {"name": "qemu", "type": "raw", "cache": "none", "io": "native", "discard": "unmap"}
    )
    source: DiskSource | None = part("Where its content is.", "source", DiskSource)
    target: Mapping[str, Scalar] = attributes(
        "Where the guest sees it.", "target", {"dev": "vda", "bus": "virtio"}
    )
    auth: DiskAuth | None = part("Who the host says it is.", "auth", DiskAuth)
    serial: str | None = word("Serial number.", "serial#", "WEB1-0")
    wwn: str | None = word("World wide name.", "wwn#", "5000c50015ea71ad")
    vendor: str | None = word("Vendor that it shows.", "vendor#", "SUSE")
    product: str | None = word("Product that it shows.", "product#", "disk")
    readonly: bool = flag("It cannot be written.", "readonly")
    shareable: bool = flag("Several domains write it.", "shareable")
    boot: Mapping[str, Scalar] = boot()
    iotune: Mapping[str, Scalar] = said(
        "scalars",
        "Limits.",
        xml="iotune/*#",
        default=dict,
        example={"total_iops_sec": 500, "total_bytes_sec": 104857600},
    )
    blockio: Mapping[str, Scalar] = attributes(
        "Sizes of its blocks.", "blockio", {"logical_block_size": 512, "physical_block_size": 4096}
    )
    alias: str | None = alias()
    address: Mapping[str, Scalar] = address()
    more: Mapping[str, Scalar] = more({"sgio": "unfiltered"})
    raw: tuple[str, ...] = raw()


@vocabulary(frozen=True)
class Lease:
    """``vms[].domain.devices.leases[]``: a lease that it must get before it runs."""

    lockspace: str | None = word("Lockspace.", "lockspace#", "vms")
    key: str | None = word("Key.", "key#", "web1")
    target: Mapping[str, Scalar] = attributes(
        "Where it is.", "target", {"path": "/srv/vmstore/leases", "offset": 1048576}
    )


@vocabulary(frozen=True)
class SharedFolder:
    """``vms[].domain.devices.filesystems[]``: a folder of the host that the guest mounts."""

    type: str | None = word("mount, template, file, block, ram, bind.", "@type", "mount")
    accessmode: str | None = word("Who owns new files.", "@accessmode", "passthrough")
    driver: Mapping[str, Scalar] = driver({"type": "virtiofs", "queue": 1024})
    binary: str | None = word("Program that serves it.", "binary@path", "/usr/libexec/virtiofsd")
    source: Mapping[str, Scalar] = attributes("Folder.", "source", {"dir": "/srv/share"})
    target: str | None = word("Name under which it is mounted.", "target@dir", "share")
    readonly: bool = flag("It cannot be written.", "readonly")
    alias: str | None = alias()
    address: Mapping[str, Scalar] = address()
    more: Mapping[str, Scalar] = more({"fmode": "0644"})
    raw: tuple[str, ...] = raw()
