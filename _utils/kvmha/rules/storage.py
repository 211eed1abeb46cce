"""Rules for shared disks and what is mounted from them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from ipaddress import ip_address

from kvmha.errors import Problem
from kvmha.rules.helpers import repeated, sbd_devices, stored_on
from kvmha.rules.registry import rule
from kvmha.spec.libvirt_pools import pool_volumes
from kvmha.spec.lvm import path, volumes
from kvmha.spec.model import ClusterSpec
from kvmha.values import duration

_UNSTABLE = re.compile(r"/dev/((sd|vd|hd|xvd)[a-z]+\d*|nvme\d+n\d+(p\d+)?|dm-\d+|loop\d+)\Z")
# The longest label: ocfs2_fs.h, mkfs.gfs2(8) -t, mkfs.xfs(8) -L, mke2fs(8) -L.
_LABEL = {"ocfs2": 63, "gfs2": 30, "xfs": 12, "ext4": 16}
_GFS2_NAME = re.compile(r"[A-Za-z0-9_-]+\Z")
_O2CB_NUMBERS = 254
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
    for place, device in [*sbd_devices(spec), *stored_on(spec)]:
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
    for place, device in stored_on(spec):
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
    """Want a slot, or journal, per node: no more can mount (mkfs.ocfs2(8), mkfs.gfs2(8))."""
    count = len(spec.nodes)
    for i, each in enumerate(spec.storage.filesystems):
        if each.is_shared and each.max_nodes < count:
            message = f"{each.max_nodes} slots are too few for {count} nodes"
            hint = f"at least {count}, better some more for nodes to come"
            place = f"storage.filesystems[{i}].max_nodes"
            yield Problem(place, message, hint, "SLOTS_TOO_FEW")


@rule(
    "fencing.sbd.devices[]",
    "storage.filesystems[].device",
    "storage.volume_groups[]",
    "vms[].disks",
    "libvirt.pools",
    "consent.overwrite[]",
)
def consent_names_our_devices(spec: ClusterSpec) -> Iterator[Problem]:
    """Want consent for devices of this spec only: a slip of the pen must not pass unseen."""
    disks = [*sbd_devices(spec), *stored_on(spec)]
    ours = {device for _, device in disks} | {path(one.name) for one in volumes(spec)}
    ours |= {pool.path_of(volume) for pool, volume in pool_volumes(spec)}
    for index, device in enumerate(spec.consent.overwrite):
        if device not in ours:
            message = f"{device} is no device of this cluster"
            hint = f"ours are {', '.join(sorted(ours)) or 'none'}"
            yield Problem(f"consent.overwrite[{index}]", message, hint, "CONSENT_UNKNOWN")


@rule("storage.filesystems[].name", "storage.filesystems[].type")
def filesystem_labels_fit(spec: ClusterSpec) -> Iterator[Problem]:
    """Keep names within the label of their filesystem: by it we know what is ours."""
    for i, each in enumerate(spec.storage.filesystems):
        place, most = f"storage.filesystems[{i}].name", _LABEL.get(each.type, 63)
        if len(each.name) > most:
            message = f"{each.name!r} has {len(each.name)} characters"
            yield Problem(place, message, f"at most {most} in a label of {each.type}", "LABEL_LONG")
        elif each.type == "gfs2" and not _GFS2_NAME.match(each.name):
            message = f"{each.name!r} cannot be part of GFS2's lock table"
            yield Problem(place, message, "letters, digits, '-' and '_'", "LABEL_CHARACTERS")


@rule("cluster.name", "storage.filesystems[].type")
def lock_tables_hold_the_name(spec: ClusterSpec) -> Iterator[Problem]:
    """Want a cluster's name that GFS2's lock table can hold (mkfs.gfs2(8), ``-t``)."""
    used = any(each.type == "gfs2" for each in spec.storage.filesystems)
    if used and not _GFS2_NAME.match(spec.cluster.name):
        message = f"{spec.cluster.name!r} cannot be part of GFS2's lock table"
        yield Problem("cluster.name", message, "letters, digits, '-' and '_'", "LOCK_TABLE_NAME")


@rule("cluster.name", "nodes[].id", "nodes[].links[]", "storage")
def o2cb_can_say_it(spec: ClusterSpec) -> Iterator[Problem]:
    """Want names, numbers and addresses that cluster.conf can hold: ocfs2.cluster.conf(5)."""
    if spec.storage.ocfs2_stack != "o2cb":
        return
    if not spec.cluster.name.isalnum() or not spec.cluster.name.isascii():
        message = f"{spec.cluster.name!r} is no name of a cluster for o2cb"
        yield Problem("cluster.name", message, "letters and digits only", "O2CB_NAME")
    for i, node in enumerate(spec.nodes):
        if node.id > _O2CB_NUMBERS:
            hint = f"at most {_O2CB_NUMBERS}"
            yield Problem(f"nodes[{i}].id", f"{node.id} is no node number", hint, "O2CB_NUMBER")
        if node.links and ip_address(node.links[0]).version != 4:
            message = f"o2cb cannot talk to {node.links[0]}"
            yield Problem(f"nodes[{i}].links[0]", message, "an IPv4 address", "O2CB_ADDRESS")


@rule("storage.ocfs2.idle_timeout", "storage.ocfs2.keepalive_delay")
def keepalives_come_in_time(spec: ClusterSpec) -> Iterator[Problem]:
    """Want OCFS2 to ask for a sign of life before it gives up: the kernel refuses otherwise.

    Source: fs/ocfs2/cluster/nodemanager.c, ``o2nm_cluster_keepalive_delay_ms_store``.
    """
    ocfs2 = spec.storage.ocfs2
    if ocfs2.keepalive_delay >= ocfs2.idle_timeout:
        message = f"{duration(ocfs2.keepalive_delay)} is no less than the idle timeout"
        hint = f"less than {duration(ocfs2.idle_timeout)}, the default is 2s"
        yield Problem("storage.ocfs2.keepalive_delay", message, hint, "KEEPALIVE_LATE")


@rule("storage.filesystems[].name", "storage.filesystems[].type", "vms[].filesystem")
def single_mounts_do_not_migrate(spec: ClusterSpec) -> Iterator[Problem]:
    """Refuse live migration of a VM whose disks only one node has at a time."""
    for i, vm in enumerate(spec.vms):
        home = spec.filesystem_of(vm)
        if vm.migrate and home is not None and not home.is_shared:
            message = f"'{vm.name}' cannot run where {home.name} ({home.type}) is not mounted yet"
            hint = "put it on ocfs2 or gfs2, or leave migrate out: it then stops and starts"
            yield Problem(f"vms[{i}].migrate", message, hint, "MIGRATE_SINGLE_MOUNT")
