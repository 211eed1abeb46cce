"""What the virtual machines stand on: the words of ``storage``."""

from __future__ import annotations

from kvmha.spec.classes import vocabulary
from kvmha.spec.fields import said
from kvmha.spec.iscsi import Iscsi
from kvmha.spec.lvm import Lvm, VolumeGroup
from kvmha.spec.multipath import Multipath
from kvmha.spec.ocfs2 import Ocfs2

# Filesystems that several nodes may mount at once; of the others, one node at a time.
SHARED = ("ocfs2", "gfs2")


@vocabulary(frozen=True)
class Filesystem:
    """``storage.filesystems[]``: mounted on every node, or (xfs, ext4) on one at a time."""

    name: str = said("name", "Name of its resource and label.", example="vmstore")
    type: str = said(
        "text",
        "Kind of filesystem.",
        default="ocfs2",
        choices=("ocfs2", "gfs2", "xfs", "ext4"),
        example="ocfs2",
    )
    device: str = said("device", "Shared disk.", example="/dev/disk/by-id/scsi-vmstore")
    mount: str = said("path", "Mount point.", example="/srv/vmstore")
    options: str = said("text", "Mount options.", default="noatime", example="noatime")
    max_nodes: int = said(
        "integer",
        "Nodes that can mount it: slots of OCFS2, journals of GFS2. They are added when this "
        "grows, and never taken away.",
        default=8,
        minimum=2,
        maximum=32,
        example=8,
    )

    @property
    def is_shared(self) -> bool:
        """Whether all nodes mount it at once."""
        return self.type in SHARED

    @property
    def resource(self) -> str:
        """The id of what mounts it in Pacemaker: a clone where all nodes do."""
        return f"fs-{self.name}-clone" if self.is_shared else f"fs-{self.name}"

    @property
    def maker(self) -> str:
        """The execution module and state that make it: ``ocfs2``, ``gfs2`` or ``filesystem``."""
        return self.type if self.is_shared else "filesystem"


@vocabulary(frozen=True)
class Storage:
    """``storage``: what the virtual machines stand on."""

    filesystems: tuple[Filesystem, ...] = said(
        "object", "Filesystems on shared disks.", many=True, of=Filesystem, default=()
    )
    iscsi: Iscsi = said("object", "Disks over the network.", of=Iscsi, default=Iscsi)
    multipath: Multipath = said(
        "object", "Several paths to one disk.", of=Multipath, default=Multipath
    )
    volume_groups: tuple[VolumeGroup, ...] = said(
        "object", "LVM volume groups on shared disks.", many=True, of=VolumeGroup, default=()
    )
    lvm: Lvm = said("object", "How the nodes agree on changes of them.", of=Lvm, default=Lvm)
    ocfs2: Ocfs2 = said("object", "How OCFS2's nodes know of each other.", of=Ocfs2, default=Ocfs2)

    @property
    def has_san(self) -> bool:
        """Tell whether disks come to a node only after a login, or get their names by multipath."""
        return bool(self.iscsi.targets) or self.multipath.used

    @property
    def uses_ocfs2(self) -> bool:
        """Whether there is a filesystem of that type."""
        return any(each.type == "ocfs2" for each in self.filesystems)

    @property
    def ocfs2_stack(self) -> str:
        """The cluster stack that the nodes need for OCFS2; empty where none is used."""
        return self.ocfs2.stack if self.uses_ocfs2 else ""

    def needs_dlm(self, filesystem: Filesystem) -> bool:
        """Tell whether ``filesystem`` takes its locks from Pacemaker's DLM."""
        own = filesystem.type == "ocfs2" and self.ocfs2.stack == "o2cb"
        return filesystem.is_shared and not own

    @property
    def uses_dlm(self) -> bool:
        """Whether a filesystem or a volume group takes its locks from Pacemaker's DLM."""
        return any(map(self.needs_dlm, self.filesystems)) or bool(self.volume_groups)
