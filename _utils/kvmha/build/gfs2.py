"""What GFS2 needs on a disk, and what is still missing of it."""

from __future__ import annotations

from dataclasses import dataclass, replace

from kvmha.build import formatting
from kvmha.build.formatting import MIB, DiskSeen, Wanted
from kvmha.documents.gfs2_volume import Volume
from kvmha.errors import KvmhaError
from kvmha.plan import Action, Change, Plan
from kvmha.spec.model import ClusterSpec
from kvmha.spec.storage import Filesystem

PROTOCOL = "lock_dlm"
_JOURNAL_SMALLEST, _JOURNAL_LARGEST = 8 * MIB, 128 * MIB


@dataclass(frozen=True)
class Seen:
    """What was observed: the disk, the volume on it, and whether this node has it mounted."""

    disk: DiskSeen
    volume: Volume | None
    mounted: bool = False


def table(spec: ClusterSpec, filesystem: Filesystem) -> str:
    """Return the lock table: the cluster's name, as corosync knows it, and the lockspace's."""
    return f"{spec.cluster.name}:{filesystem.name}"


def wanted(spec: ClusterSpec, filesystem: Filesystem) -> Wanted:
    """Return ``filesystem`` as it should be made; its label is the lock table."""
    name = table(spec, filesystem)
    text = f"{name} ({filesystem.max_nodes} journals)"
    return Wanted(filesystem, spec.cluster.name, name, text)


def ours(spec: ClusterSpec, filesystem: Filesystem, volume: Volume | None) -> bool:
    """Tell whether ``volume`` takes the locks of ``filesystem`` in this cluster."""
    sought = (PROTOCOL, table(spec, filesystem))
    return volume is not None and (volume.protocol, volume.table) == sought


def mkfs(spec: ClusterSpec, filesystem: Filesystem, size: int) -> list[str]:
    """Return the command that makes ``filesystem`` on its disk of ``size`` bytes.

    ``-O`` keeps it from asking; what is on the disk was dealt with before. ``-K`` leaves the
    disk's other content, our note, as it is. Journals take a sixteenth of a small disk instead
    of 128 MiB each. Raises KvmhaError for a disk that the journals would fill by half.
    """
    least = max(64 * MIB, 2 * _JOURNAL_SMALLEST * filesystem.max_nodes)
    if size < least:
        raise KvmhaError(
            f"{filesystem.device} has {size // MIB} MiB: too small for GFS2 with "
            f"{filesystem.max_nodes} journals",
            hint=f"at least {least // MIB} MiB, or a smaller max_nodes",
        )
    usable = formatting.usable(size)
    journal = min(max(usable // (16 * filesystem.max_nodes), _JOURNAL_SMALLEST), _JOURNAL_LARGEST)
    return [
        "mkfs.gfs2",
        *("-q", "-O", "-K"),
        *("-p", PROTOCOL),
        *("-t", table(spec, filesystem)),
        *("-j", str(filesystem.max_nodes)),
        *("-J", str(journal // MIB)),
        *("-b", str(formatting.BLOCK)),
        filesystem.device,
        str(usable // formatting.BLOCK),
    ]


def plan(spec: ClusterSpec, filesystem: Filesystem, seen: Seen) -> Plan:
    """Return what is needed for ``filesystem`` to be on its disk with a journal per node.

    Raises Refused without consent. Journals are added where it is mounted, and safe at any
    time; they are never taken away.
    """
    there = ours(spec, filesystem, seen.volume)
    todo = formatting.plan(
        wanted(spec, filesystem), seen.disk, spec.consent.overwrite, is_there=there
    )
    if not there or seen.volume is None:
        mkfs(spec, filesystem, seen.disk.size)
        return todo
    missing = filesystem.max_nodes - seen.volume.journals
    if missing <= 0:
        return todo
    if not seen.mounted:
        return todo.noted(f"{filesystem.name} gets {missing} more journals where it is mounted")
    change = Change(
        Action.UPDATE,
        f"gfs2:{filesystem.device}:journals",
        seen.volume.journals,
        filesystem.max_nodes,
    )
    return replace(todo, changes=(*todo.changes, change))


def jadd(filesystem: Filesystem, volume: Volume) -> list[str]:
    """Return the command that adds the missing journals to ``filesystem`` where it is mounted.

    Their size is gfs2_jadd's own, 32 MiB: it takes no smaller one.
    """
    missing = filesystem.max_nodes - volume.journals
    return ["gfs2_jadd", "-q", "-j", str(missing), filesystem.mount]
