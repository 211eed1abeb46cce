"""Rules for filesystems that are said as resources, beside or among the shorthand's."""

from __future__ import annotations

from collections.abc import Iterator

from kvmha.errors import Problem
from kvmha.rules.objects import Objects, Placed
from kvmha.rules.registry import objects_rule
from kvmha.spec.storage import SHARED

_KINDS = ("/dev/", "UUID=", "LABEL=", "PARTUUID=", "PARTLABEL=", "-U", "-L")
_NEEDS = (
    *("cib.resources[].agent", "cib.resources[].template", "cib.resources[].params"),
    "cib.resources[].kind",
)


@objects_rule(*_NEEDS)
def resources_mount_apart(objects: Objects) -> Iterator[Problem]:
    """Refuse a resource that mounts where a filesystem is mounted on every node.

    Source: ocf_heartbeat_Filesystem(7): the agent takes whatever is mounted there for its own.
    Two that only ever run on different nodes may share a mount point, so of the others only
    clones count.
    """
    first: dict[str, Placed] = {}
    mounts = sorted(_mounts(objects, "directory"), key=lambda one: not _is_cloned(one[0]))
    for placed, directory in mounts:
        other = first.setdefault(directory, placed)
        if other is placed or not _is_cloned(other) or _is_shorthand_pair(placed, other):
            continue
        one, said = _later(placed, other)
        message = f"{directory} is mounted by {said.resource.id} already"
        place = f"{one.place}.params.directory"
        yield Problem(place, message, "choose another folder", "RESOURCE_MOUNT_DUPLICATE")


@objects_rule(*_NEEDS, "fencing.sbd.devices[]", "storage.filesystems[].device")
def resources_do_not_share_disks(objects: Objects) -> Iterator[Problem]:
    """Refuse one disk in two resources unless its filesystem is made for that.

    Source: ocf_heartbeat_Filesystem(7): mounted on two nodes at once, a filesystem other than
    OCFS2 and GFS2 is destroyed. Subvolumes of Btrfs, binds and read-only mounts are let pass.
    """
    used = dict.fromkeys(objects.spec.fencing.disks, ("SBD", False))
    for placed, device in _mounts(objects, "device"):
        if not device.startswith(_KINDS) or _is_harmless(objects, placed):
            continue
        shared = objects.parameter(placed.resource, "fstype") in SHARED
        if device not in used:
            used[device] = (placed.resource.id, shared)
            continue
        other, may_share = used[device]
        if placed.place.startswith("cib.") and not (shared and may_share):
            message = f"{device} is used by {other} already"
            place = f"{placed.place}.params.device"
            hint = "mount it once, and colocate with that"
            yield Problem(place, message, hint, "RESOURCE_DEVICE_DUPLICATE")


def _mounts(objects: Objects, name: str) -> Iterator[tuple[Placed, str]]:
    for placed in objects.all:
        resource = placed.resource
        if resource.kind == "primitive" and objects.agent(resource).endswith(":Filesystem"):
            value = objects.parameter(resource, name)
            if value:
                yield placed, value.rstrip("/") or "/"


def _is_harmless(objects: Objects, placed: Placed) -> bool:
    kind = (objects.parameter(placed.resource, "fstype") or "").lower()
    options = (objects.parameter(placed.resource, "options") or "").split(",")
    return kind in ("btrfs", "none") or bool({"bind", "rbind", "ro"} & {*options})


def _is_cloned(placed: Placed) -> bool:
    holder = placed.holder
    while holder is not None:
        if holder.resource.kind in ("clone", "master"):
            return True
        holder = holder.holder
    return False


def _is_shorthand_pair(one: Placed, other: Placed) -> bool:
    """Tell whether both are shorthands, whose mounts are compared by ``mounts_differ``."""
    return not one.place.startswith("cib.") and not other.place.startswith("cib.")


def _later(one: Placed, other: Placed) -> tuple[Placed, Placed]:
    """Return the one to blame, which is said in full words, and the other."""
    return (one, other) if one.place.startswith("cib.") else (other, one)
