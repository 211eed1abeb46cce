"""What XFS and ext4 need on a disk: filesystems that one node mounts at a time."""

from __future__ import annotations

from kvmha.build import formatting
from kvmha.build.formatting import MIB, DiskSeen, Wanted
from kvmha.errors import KvmhaError
from kvmha.plan import Plan
from kvmha.spec.model import ClusterSpec
from kvmha.spec.storage import Filesystem

KINDS = ("xfs", "ext4")
# xfs_format.h, struct xfs_dsb: sb_inprogress.
_XFS_MAGIC, _XFS_IN_PROGRESS = b"XFSB", 126
# mkfs.xfs(8) takes no less than 300 MB for anything but tests.
_SMALLEST = {"xfs": 301 * MIB, "ext4": 16 * MIB}


def wanted(spec: ClusterSpec, filesystem: Filesystem) -> Wanted:
    """Return ``filesystem`` as it should be made; by its label it is known again."""
    text = f"{filesystem.name} ({filesystem.type})"
    return Wanted(filesystem, spec.cluster.name, filesystem.name, text)


def is_unfinished(head: bytes) -> bool:
    """Tell whether a disk that begins with ``head`` carries an XFS whose mkfs was cut short.

    mkfs.xfs clears the end of the disk, and with it our note; it has a mark of its own.
    """
    return head.startswith(_XFS_MAGIC) and head[_XFS_IN_PROGRESS] != 0


def mkfs(filesystem: Filesystem, size: int) -> list[str]:
    """Return the command that makes ``filesystem`` on its disk of ``size`` bytes.

    The disk is not discarded: that would take our note. Raises KvmhaError for a disk that is
    too small.
    """
    usable = formatting.usable(size)
    if usable < _SMALLEST[filesystem.type]:
        raise KvmhaError(
            f"{filesystem.device} has {size // MIB} MiB: too small for {filesystem.type}",
            hint=f"at least {_SMALLEST[filesystem.type] // MIB + 1} MiB",
        )
    label = ["-L", filesystem.name]
    if filesystem.type == "xfs":
        return ["mkfs.xfs", "-q", "-K", *label, "-d", f"size={usable}", filesystem.device]
    blocks = usable // formatting.BLOCK
    size_words = ["-b", str(formatting.BLOCK), filesystem.device, str(blocks)]
    return ["mkfs.ext4", "-q", "-E", "nodiscard", *label, *size_words]


def plan(spec: ClusterSpec, filesystem: Filesystem, seen: DiskSeen) -> Plan:
    """Return what is needed for ``filesystem`` to be on its disk; raise Refused without consent.

    It is there when type and label are right and no format of ours was cut short. Nothing was
    ever mounted from one that was: Pacemaker mounts it after this.
    """
    one = wanted(spec, filesystem)
    there = formatting.is_labelled(one, seen) and not formatting.is_interrupted(one, seen)
    todo = formatting.plan(one, seen, spec.consent.overwrite, is_there=there)
    if todo:
        mkfs(filesystem, seen.size)
    return todo
