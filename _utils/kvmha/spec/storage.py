"""What the virtual machines stand on: the words of ``storage``."""

from __future__ import annotations

from kvmha.spec.classes import vocabulary
from kvmha.spec.fields import said
from kvmha.spec.iscsi import Iscsi
from kvmha.spec.multipath import Multipath


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
    iscsi: Iscsi = said("object", "Disks over the network.", of=Iscsi, default=Iscsi)
    multipath: Multipath = said(
        "object", "Several paths to one disk.", of=Multipath, default=Multipath
    )

    @property
    def has_san(self) -> bool:
        """Tell whether disks come to a node only after a login, or get their names by multipath."""
        return bool(self.iscsi.targets) or self.multipath.used
