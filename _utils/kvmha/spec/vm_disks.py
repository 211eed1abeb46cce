"""Where a virtual machine's disks are and what is on them: the words of ``vms[].disks``."""

from __future__ import annotations

from kvmha.spec.classes import vocabulary
from kvmha.spec.fields import said


@vocabulary(frozen=True)
class Disk:
    """``vms[].disks[]``: one disk: a `file`, a logical `volume`, or a `device` of the SAN."""

    file: str = said(
        "text",
        "File below the VM's folder, or an absolute path on its filesystem.",
        default="",
        example="disk0.raw",
    )
    volume: str = said(
        "text",
        "Logical volume, as `group/volume`.",
        default="",
        example="vg-vms/db1",
    )
    device: str = said(
        "device",
        "Shared disk that it has for itself.",
        default="",
        example="/dev/disk/by-id/scsi-db1",
    )
    size: int = said(
        "size", "Size of a new file; a volume or device has to be at least this.", example="20GiB"
    )
    format: str = said(
        "text",
        "Format of the file; volumes and devices are raw.",
        default="raw",
        choices=("raw", "qcow2"),
        example="raw",
    )
    source: str = said(
        "text",
        "Image a new disk is filled from, `salt://`, `http(s)://` or a path on the node;"
        " empty: none.",
        default="",
        example="salt://images/leap.raw",
    )
    checksum: str = said(
        "text",
        "What the image has to be, `sha256:` or `sha512:` and digits; empty: not looked at.",
        default="",
        example="sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
    )
    existing: bool = said(
        "boolean",
        "Take the volume or device with what is on it.",
        default=False,
        example=True,
    )
    bus: str = said(
        "text",
        "Bus the guest sees it on.",
        default="virtio",
        choices=("virtio", "scsi", "sata", "ide"),
        example="virtio",
    )

    @property
    def place(self) -> str:
        """What the pillar calls it: the file, volume or device."""
        return self.file or self.volume or self.device

    @property
    def is_block(self) -> bool:
        """Whether it is a block device: a volume or a device, not a file."""
        return not self.file


@vocabulary(frozen=True)
class Seed:
    """``vms[].seed``: cloud-init's NoCloud seed, a small disk that the guest reads at its start.

    A text that begins with `salt://` is fetched. `secret:NAME` is the value NAME of the pillar
    key `kvmha_secrets`: the way for texts with passwords.
    """

    user_data: str = said(
        "word", "The text `user-data`.", default="", example="salt://seeds/web1.yaml"
    )
    meta_data: str = said(
        "word",
        "The text `meta-data`; empty: the VM's name as instance and host.",
        default="",
        example="instance-id: web1-2",
    )
    network_config: str = said(
        "word", "The text `network-config`; empty: none.", default="", example="secret:web1-net"
    )


@vocabulary(frozen=True)
class Install:
    """``vms[].install``: an installer that fills the disks, once, before the cluster has the VM.

    Either an `iso` to boot from, or `kernel` and `initrd`; paths on the nodes, `salt://` or
    `http(s)://`. The installer's first restart or power-off is its end.
    """

    iso: str = said("text", "Image of its medium.", default="", example="salt://iso/leap.iso")
    checksum: str = said(
        "text",
        "What the medium has to be; empty: not looked at.",
        default="",
        example="sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
    )
    kernel: str = said("text", "Its kernel.", default="", example="salt://leap/linux")
    initrd: str = said("text", "Its initial RAM disk.", default="", example="salt://leap/initrd")
    cmdline: str = said(
        "text", "The kernel's command line.", default="", example="install=http://192.168.56.1/leap"
    )
    answers: str = said(
        "word",
        "Unattended file, on a disk labelled OEMDRV: a text, `salt://...` or `secret:NAME`.",
        default="",
        example="salt://leap/autoinst.xml",
    )
    answers_file: str = said(
        "name",
        "Its name there; AutoYaST looks for autoinst.xml, Anaconda for ks.cfg.",
        default="autoinst.xml",
        example="ks.cfg",
    )
    timeout: int = said(
        "duration", "How long it may take.", default=7_200_000, minimum=1000, example="2h"
    )

    @property
    def is_wanted(self) -> bool:
        """Whether there is an installer at all."""
        return bool(self.iso or self.kernel)
