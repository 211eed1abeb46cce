"""Storage pools that libvirt has on every node, and their volumes: ``libvirt.pools``."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from kvmha.spec.classes import vocabulary
from kvmha.spec.fields import said

if TYPE_CHECKING:  # the model is made of this
    from kvmha.spec.model import ClusterSpec

DIR, LOGICAL, ISCSI = "dir", "logical", "iscsi"
PRESENT, ABSENT = "present", "absent"


@vocabulary(frozen=True)
class PoolVolume:
    """``libvirt.pools[].volumes[]``: a file of the folder, or a logical volume of the group."""

    name: str = said("name", "Name of the volume.", example="seed.qcow2")
    size: int = said(
        "size", "Size of a new one; an existing one is kept as it is.", example="10GiB"
    )
    format: str = said(
        "text",
        "Format of a file; logical volumes are raw.",
        default="raw",
        choices=("raw", "qcow2"),
        example="qcow2",
    )
    state: str = said(
        "text",
        "Whether it exists. To remove one takes `consent.overwrite` with its path.",
        default=PRESENT,
        choices=(PRESENT, ABSENT),
        example="absent",
    )

    @property
    def present(self) -> bool:
        """Whether it is to exist."""
        return self.state == PRESENT


@vocabulary(frozen=True)
class Pool:
    """``libvirt.pools[]``: storage of each node for itself; the cluster's own is no pool."""

    name: str = said("name", "Name of the pool.", example="images")
    type: str = said(
        "text",
        "`dir`: a folder, made where it is missing. `logical`: an LVM volume group that exists. "
        "`iscsi`: a target without CHAP, whose disks are the volumes.",
        choices=(DIR, LOGICAL, ISCSI),
        example="dir",
    )
    path: str = said("path", "The folder of `dir`.", default="", example="/var/lib/libvirt/images")
    group: str = said("name", "The volume group of `logical`.", default="", example="vg-local")
    iqn: str = said(
        "text", "The target of `iscsi`.", default="", example="iqn.2026-11.com.example:san2"
    )
    portal: str = said(
        "text",
        "Address of the target, with or without its port (3260).",
        default="",
        example="192.168.56.1",
    )
    volumes: tuple[PoolVolume, ...] = said(
        "object", "Its volumes; what else it has is left alone.", many=True, of=PoolVolume,
        default=(),
    )  # fmt: skip
    state: str = said(
        "text",
        "Whether libvirt has it. What is in it stays; one in use is not removed.",
        default=PRESENT,
        choices=(PRESENT, ABSENT),
        example="absent",
    )

    @property
    def present(self) -> bool:
        """Whether it is to exist."""
        return self.state == PRESENT

    @property
    def target(self) -> str:
        """The folder in which its volumes are."""
        return {DIR: self.path.rstrip("/"), LOGICAL: f"/dev/{self.group}"}.get(
            self.type, "/dev/disk/by-path"
        )

    def path_of(self, volume: PoolVolume) -> str:
        """Return the path of ``volume``, by which consent names it."""
        return f"{self.target}/{volume.name}"


def pool_volumes(spec: ClusterSpec) -> Iterator[tuple[Pool, PoolVolume]]:
    """Yield every volume of a pool that is to exist, beside its pool."""
    for pool in spec.libvirt.pools:
        if pool.present:
            for volume in pool.volumes:
                yield pool, volume
