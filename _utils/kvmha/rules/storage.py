"""Rules for shared disks and what is mounted from them."""

from __future__ import annotations

import re
from collections.abc import Iterator

from kvmha.errors import Problem
from kvmha.rules.helpers import filesystem_devices, repeated, sbd_devices
from kvmha.rules.registry import rule
from kvmha.spec.model import ClusterSpec

_UNSTABLE = re.compile(r"/dev/((sd|vd|hd|xvd)[a-z]+\d*|nvme\d+n\d+(p\d+)?|dm-\d+|loop\d+)\Z")
_SYSTEM = {
    *("/", "/bin", "/boot", "/dev", "/etc", "/home", "/lib", "/lib64", "/opt", "/proc", "/root"),
    *("/run", "/sbin", "/sys", "/tmp", "/usr", "/var", "/var/lib", "/var/log"),
}


def is_unstable(path: str) -> bool:
    """Tell whether ``path`` is a name that the kernel hands out in the order disks appear."""
    return _UNSTABLE.match(path) is not None


@rule()
def device_names_are_stable(spec: ClusterSpec) -> Iterator[Problem]:
    """Refuse names the kernel hands out in the order disks appear.

    Source: sbd(8) and SUSE's guide: on the next boot, or on the next node, /dev/sdb is another
    disk, and this program formats disks.
    """
    for place, device in [*sbd_devices(spec), *filesystem_devices(spec)]:
        if is_unstable(device):
            message = f"{device} can be another disk on the next node or boot"
            yield Problem(place, message, "use its /dev/disk/by-id/ name", "DEVICE_UNSTABLE")


@rule()
def filesystem_names_differ(spec: ClusterSpec) -> Iterator[Problem]:
    """Want a name per filesystem: it becomes the id of a resource and the label."""
    names = (
        (f"storage.filesystems[{i}].name", "", each.name)
        for i, each in enumerate(spec.storage.filesystems)
    )
    hint = "give every filesystem its own name"
    yield from repeated(names, hint=hint, code="FILESYSTEM_NAME_DUPLICATE")


@rule()
def devices_have_one_use(spec: ClusterSpec) -> Iterator[Problem]:
    """Want each disk in one place: formatting would destroy the other use."""
    fencing = [(device, f"SBD ({place})") for place, device in sbd_devices(spec)]
    used = dict(reversed(fencing))
    for place, device in filesystem_devices(spec):
        if device in used:
            message = f"{device} is already used by {used[device]}"
            yield Problem(place, message, "name another disk", "DEVICE_DUPLICATE")
        used.setdefault(device, place)


@rule()
def mounts_differ(spec: ClusterSpec) -> Iterator[Problem]:
    """Want a mount point per filesystem."""
    mounts = (
        (f"storage.filesystems[{i}].mount", each.name, each.mount)
        for i, each in enumerate(spec.storage.filesystems)
    )
    yield from repeated(mounts, hint="choose another folder", code="MOUNT_DUPLICATE")


@rule()
def mounts_are_apart(spec: ClusterSpec) -> Iterator[Problem]:
    """Refuse a mount point within another: their clones start in no order."""
    for i, each in enumerate(spec.storage.filesystems):
        for other in spec.storage.filesystems:
            if each.mount.startswith(f"{other.mount}/"):
                message = f"{each.mount} is inside the mount of '{other.name}'"
                place = f"storage.filesystems[{i}].mount"
                yield Problem(place, message, "choose a folder outside of it", "MOUNT_NESTED")


@rule("storage.filesystems[].mount")
def mounts_spare_the_system(spec: ClusterSpec) -> Iterator[Problem]:
    """Refuse to mount over a folder that the host itself lives in."""
    for i, each in enumerate(spec.storage.filesystems):
        if each.mount in _SYSTEM:
            message = f"{each.mount} belongs to the host"
            place = f"storage.filesystems[{i}].mount"
            yield Problem(place, message, "for example /srv/vmstore", "MOUNT_ON_SYSTEM")


@rule("nodes", "storage.filesystems[].max_nodes")
def slots_suffice(spec: ClusterSpec) -> Iterator[Problem]:
    """Want a slot per node: no more nodes can mount (mkfs.ocfs2(8), ``-N``)."""
    count = len(spec.nodes)
    for i, each in enumerate(spec.storage.filesystems):
        if each.max_nodes < count:
            message = f"{each.max_nodes} slots are too few for {count} nodes"
            hint = f"at least {count}, better some more for nodes to come"
            place = f"storage.filesystems[{i}].max_nodes"
            yield Problem(place, message, hint, "SLOTS_TOO_FEW")


@rule("fencing.sbd.devices[]", "storage.filesystems[].device", "consent.overwrite[]")
def consent_names_our_devices(spec: ClusterSpec) -> Iterator[Problem]:
    """Want consent for devices of this spec only: a slip of the pen must not pass unseen."""
    ours = {device for _, device in [*sbd_devices(spec), *filesystem_devices(spec)]}
    for index, device in enumerate(spec.consent.overwrite):
        if device not in ours:
            message = f"{device} is no device of this cluster"
            hint = f"ours are {', '.join(sorted(ours)) or 'none'}"
            yield Problem(f"consent.overwrite[{index}]", message, hint, "CONSENT_UNKNOWN")
