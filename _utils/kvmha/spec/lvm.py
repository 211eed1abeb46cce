"""Volume groups that the cluster shares, and their logical volumes: the words of LVM."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from kvmha.spec.classes import vocabulary
from kvmha.spec.fields import said

if TYPE_CHECKING:  # the model is made of this
    from kvmha.spec.model import ClusterSpec

SHARED = "shared"
EXCLUSIVE = "exclusive"
PRESENT = "present"
LVMLOCKD = "lvmlockd"
CLVMD = "clvmd"


@vocabulary(frozen=True)
class Volume:
    """``storage.volume_groups[].volumes[]``: one logical volume."""

    name: str = said("name", "Name of the volume.", example="db1")
    size: int = said(
        "size",
        "Least size; LVM rounds up to whole extents. It grows, and is never made smaller.",
        example="20GiB",
    )
    access: str = said(
        "text",
        "Where it is active; empty: as its group says.",
        default="",
        choices=("", SHARED, EXCLUSIVE),
        example="shared",
    )
    state: str = said(
        "text",
        "Whether it exists. To remove one takes `consent.overwrite` with its path, `/dev/VG/LV`.",
        default=PRESENT,
        choices=(PRESENT, "absent"),
        example="absent",
    )


@vocabulary(frozen=True)
class VolumeGroup:
    """``storage.volume_groups[]``: an LVM volume group on shared disks."""

    name: str = said("name", "Name of the group.", example="vg-vms")
    devices: tuple[str, ...] = said(
        "device",
        "Its shared disks. One more is added to the group; none is ever taken out.",
        many=True,
        example=["/dev/disk/by-id/scsi-vms"],
    )
    access: str = said(
        "text",
        "Where its volumes are active: `shared` on all nodes at once (for a cluster filesystem, "
        "or disks of VMs that move live), `exclusive` on one node at a time.",
        default=EXCLUSIVE,
        choices=(SHARED, EXCLUSIVE),
        example="shared",
    )
    volumes: tuple[Volume, ...] = said(
        "object", "Logical volumes.", many=True, of=Volume, default=()
    )

    def access_of(self, volume: Volume) -> str:
        """Return where ``volume`` of this group is active: ``shared`` or ``exclusive``."""
        return volume.access or self.access


@vocabulary(frozen=True)
class Lvm:
    """``storage.lvm``: how the nodes agree on changes of volume groups."""

    backend: str = said(
        "text",
        "The locking daemon; `clvmd` for SLES 12 and older, which know no other.",
        default=LVMLOCKD,
        choices=(LVMLOCKD, CLVMD),
        example="lvmlockd",
    )
    filter: tuple[str, ...] = said(
        "text",
        "Which devices LVM looks at, as `devices/global_filter` of lvm.conf says it: `a|REGEX|` "
        "to accept, `r|REGEX|` to reject, the first that matches counts; none: left alone.",
        many=True,
        default=(),
        example=["r|^/dev/sd[b-z]|"],
    )


@dataclass(frozen=True)
class LogicalVolume:
    """A volume with the group it is in; ``name`` is ``vg/lv``."""

    group: VolumeGroup
    volume: Volume

    @property
    def name(self) -> str:
        """The name LVM's programs take: ``vg/lv``."""
        return f"{self.group.name}/{self.volume.name}"

    @property
    def shared(self) -> bool:
        """Whether it is active on all nodes at once."""
        return self.group.access_of(self.volume) == SHARED

    @property
    def present(self) -> bool:
        """Whether the pillar wants it."""
        return self.volume.state == PRESENT


def volumes(spec: ClusterSpec) -> Iterator[LogicalVolume]:
    """Yield every logical volume that ``spec`` names, those that are to go too."""
    for group in spec.storage.volume_groups:
        for volume in group.volumes:
            yield LogicalVolume(group, volume)


def lookup(spec: ClusterSpec, name: str) -> LogicalVolume | None:
    """Return the logical volume ``vg/lv`` that ``spec`` wants, None when there is none.

    One with ``state: absent`` is none.
    """
    return next((one for one in volumes(spec) if one.name == name and one.present), None)


def path(name: str) -> str:
    """Return the device of ``vg/lv``: ``/dev/vg/lv``, there while it is active on the node."""
    return f"/dev/{name}"


def used_by_a_vm(spec: ClusterSpec, name: str) -> bool:
    """Tell whether a VM has a disk on ``vg/lv``."""
    disks = (disk for vm in spec.vms for disk in vm.disks)
    return any(disk.volume == name for disk in disks)
