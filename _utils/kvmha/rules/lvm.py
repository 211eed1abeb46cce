"""Rules for shared volume groups, their volumes, and who uses them."""

from __future__ import annotations

import re
from collections.abc import Iterator

from kvmha.errors import Problem
from kvmha.rules.helpers import repeated
from kvmha.rules.registry import rule
from kvmha.spec.lvm import CLVMD, EXCLUSIVE, LogicalVolume, lookup, path, volumes
from kvmha.spec.model import ClusterSpec
from kvmha.values import nearest

_RESERVED = re.compile(
    r"(snapshot|pvmove)|.*_(cdata|cmeta|corig|cpool|cvol|wcorig|mimage|mlog|rimage|rmeta|imeta|"
    r"iorig|pmspare|tdata|tmeta|vdata|vorigin)"
)
_LONGEST = 127
_VOLUMES = (
    "storage.volume_groups[].name",
    "storage.volume_groups[].access",
    "storage.volume_groups[].volumes[]",
)


@rule()
def volume_group_names_differ(spec: ClusterSpec) -> Iterator[Problem]:
    """Want a name per volume group: LVM knows it by nothing else."""
    names = (
        (f"storage.volume_groups[{i}].name", "", group.name)
        for i, group in enumerate(spec.storage.volume_groups)
    )
    hint = "give every volume group its own name"
    yield from repeated(names, hint=hint, code="VOLUME_GROUP_DUPLICATE")


@rule()
def volume_names_differ(spec: ClusterSpec) -> Iterator[Problem]:
    """Want a logical volume once, whether it is to be there or to go."""
    names = ((f"{place}.name", "", one.name) for place, one in _placed(spec))
    yield from repeated(names, hint="say it once", code="VOLUME_DUPLICATE")


@rule("storage.volume_groups[].name", "storage.volume_groups[].volumes[].name")
def volume_names_fit(spec: ClusterSpec) -> Iterator[Problem]:
    """Refuse names that LVM keeps for itself, or that device-mapper has no room for.

    Source: lvm(8), "Valid names". Device-mapper joins both names and doubles each dash.
    """
    for place, one in _placed(spec):
        if _RESERVED.match(one.volume.name):
            message = f"{one.volume.name!r} is a name that LVM keeps for itself"
            yield Problem(f"{place}.name", message, "choose another", "VOLUME_NAME_RESERVED")
        length = len(one.name) + one.name.count("-")
        if length > _LONGEST:
            message = f"{one.name} takes {length} characters"
            hint = f"device-mapper has room for {_LONGEST}, and doubles each dash"
            yield Problem(f"{place}.name", message, hint, "VOLUME_NAME_LONG")


@rule(*_VOLUMES, "storage.lvm")
def clvmd_activates_groups(spec: ClusterSpec) -> Iterator[Problem]:
    """Refuse two kinds of access in a group under clvmd.

    Source: ocf_heartbeat_LVM(7): the agent has no parameter for a logical volume.
    """
    if spec.storage.lvm.backend != CLVMD:
        return
    for place, one in _placed(spec):
        if one.volume.access not in ("", one.group.access):
            message = f"clvmd activates all of '{one.group.name}' as {one.group.access}"
            hint = "put it into a group of its own"
            yield Problem(f"{place}.access", message, hint, "CLVMD_ACCESS_MIXED")


@rule(*_VOLUMES, "storage.filesystems[].device", "vms[].disks[]")
def volumes_are_known(spec: ClusterSpec) -> Iterator[Problem]:
    """Want every volume that a filesystem or a disk stands on to be one of the pillar."""
    names = [one.name for one in volumes(spec) if one.present]
    for place, name in _uses(spec):
        if lookup(spec, name) is None:
            hint = nearest(name, names) or "name it under storage.volume_groups"
            yield Problem(place, f"there is no volume '{name}'", hint, "VOLUME_UNKNOWN")


@rule("storage.volume_groups[].name", "vms[].disks[].device")
def volumes_are_said_as_volumes(spec: ClusterSpec) -> Iterator[Problem]:
    """Want a VM's logical volume said as ``volume``: only then it runs where that is active."""
    for i, vm in enumerate(spec.vms):
        for j, disk in enumerate(vm.disks):
            if name := _volume_of(spec, disk.device):
                message = f"{disk.device} is a logical volume"
                hint = f"say volume: {name}"
                yield Problem(f"vms[{i}].disks[{j}].device", message, hint, "VOLUME_AS_DEVICE")


@rule(*_VOLUMES, "storage.filesystems[].device", "storage.filesystems[].type")
def cluster_filesystems_stand_on_shared_volumes(spec: ClusterSpec) -> Iterator[Problem]:
    """Want a volume that is active on all nodes below what is mounted on all nodes."""
    for i, filesystem in enumerate(spec.storage.filesystems):
        found = lookup(spec, _volume_of(spec, filesystem.device))
        if found and not found.shared and filesystem.is_shared:
            message = f"{found.name} is active on one node, {filesystem.type} mounted on all"
            place = f"storage.filesystems[{i}].device"
            yield Problem(place, message, "give the volume access: shared", "VOLUME_NOT_SHARED")


@rule(*_VOLUMES, "vms[].disks[]", "vms[].migrate")
def live_migration_wants_shared_volumes(spec: ClusterSpec) -> Iterator[Problem]:
    """Refuse to move a VM live off an exclusive volume.

    Source: lvmlockd(8): while both hosts have the disk open the lock would have to be on two
    nodes; only a shared lock can.
    """
    for i, vm in enumerate(spec.vms):
        for j, disk in enumerate(vm.disks):
            found = lookup(spec, disk.volume)
            if vm.migrate and found and not found.shared:
                message = f"'{vm.name}' moves live, but {found.name} is {EXCLUSIVE}"
                hint = "give the volume access: shared, or take out migrate"
                place = f"vms[{i}].disks[{j}].volume"
                yield Problem(place, message, hint, "VOLUME_NOT_SHARED")


def _placed(spec: ClusterSpec) -> Iterator[tuple[str, LogicalVolume]]:
    for i, group in enumerate(spec.storage.volume_groups):
        for j, volume in enumerate(group.volumes):
            yield f"storage.volume_groups[{i}].volumes[{j}]", LogicalVolume(group, volume)


def _uses(spec: ClusterSpec) -> Iterator[tuple[str, str]]:
    """Yield place and ``vg/lv`` of each use of a volume."""
    for i, filesystem in enumerate(spec.storage.filesystems):
        if name := _volume_of(spec, filesystem.device):
            yield f"storage.filesystems[{i}].device", name
    for i, vm in enumerate(spec.vms):
        for j, disk in enumerate(vm.disks):
            if disk.volume:
                yield f"vms[{i}].disks[{j}].volume", disk.volume


def _volume_of(spec: ClusterSpec, device: str) -> str:
    """Return the ``vg/lv`` of the pillar's groups that ``device`` is the path of; or nothing."""
    name = device.removeprefix("/dev/")
    groups = {group.name for group in spec.storage.volume_groups}
    is_ours = name.count("/") == 1 and name.partition("/")[0] in groups
    return name if is_ours and path(name) == device else ""
