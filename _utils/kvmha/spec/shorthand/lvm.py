"""Clustered LVM in Pacemaker's words: ``lvmlockd``, and ``lv-<vg>-<lv>`` for each volume.

One resource for each logical volume, never one for a whole group: LVM-activate takes a group
for active as soon as any of its volumes is (its ``lvm_status``), so a volume that is added to a
running group would be active nowhere; and a group may hold volumes of both kinds of access.
A shared volume is a clone, an exclusive one a primitive outside of any clone.

For clvmd the resource is the group's, since that is all that ``ocf:heartbeat:LVM`` knows.
"""

from __future__ import annotations

from collections.abc import Iterator

from kvmha.spec.cib import Constraint
from kvmha.spec.cib_resources import Resource
from kvmha.spec.lvm import (
    CLVMD,
    EXCLUSIVE,
    SHARED,
    LogicalVolume,
    VolumeGroup,
    lookup,
    used_by_a_vm,
    volumes,
)
from kvmha.spec.model import ClusterSpec
from kvmha.spec.shorthand.words import after, clone, op, values

# What stands on an exclusive volume pulls it along; on its own it has no reason to stay.
_FOLLOWS = {"resource-stickiness": "0"}
_OPS = (
    op("start", "90s"),
    op("stop", "90s", on_fail="fence"),
    op("monitor", "90s", interval="30s"),
)


def locking(spec: ClusterSpec) -> tuple[list[Resource], list[Constraint]]:
    """Return the daemon that locks volume groups, on every node after DLM; nothing without any."""
    if not spec.storage.volume_groups:
        return [], []
    daemon = _daemon(spec)
    return [clone(daemon)], after(f"{daemon.id}-clone", "dlm-clone", "locking")


def activation(
    spec: ClusterSpec, *, for_vms: bool = False
) -> tuple[list[Resource], list[Constraint]]:
    """Return what activates volumes: those that only a VM needs, or all others.

    A VM's own exclusive volume comes with the VM: before that, its disk is filled on the node
    where the volume was made.
    """
    resources: list[Resource] = []
    constraints: list[Constraint] = []
    for primitive, shared, waits in _activated(spec):
        if waits != for_vms:
            continue
        made = clone(primitive) if shared else primitive
        resources.append(made)
        constraints += after(made.id, f"{_daemon(spec).id}-clone", "locking")
    return resources, constraints


def base(spec: ClusterSpec, name: str) -> str | None:
    """Return the id of the resource after which the user of volume ``vg/lv`` runs.

    That is a clone for a shared volume, a primitive for an exclusive one, and None for a
    volume that the pillar does not want.
    """
    found = lookup(spec, name)
    if found is None:
        return None
    identity = _identity(spec, found)
    return f"{identity}-clone" if found.shared else identity


def identity(volume: LogicalVolume) -> str:
    """Return the id of the resource of ``volume``."""
    return f"lv-{joined(volume.name)}"


def joined(name: str) -> str:
    """Return ``vg/lv`` as a part of ids, joined as device-mapper does it: each dash doubled.

    So group ``a-b`` with volume ``c`` is another than group ``a`` with volume ``b-c``.
    """
    return name.replace("-", "--").replace("/", "-")


def resources(volume: LogicalVolume) -> tuple[str, ...]:
    """Return the ids that the resource of ``volume`` may have, outermost first."""
    return f"{identity(volume)}-clone", identity(volume)


def places(spec: ClusterSpec) -> dict[str, str]:
    """Return where the pillar says what each resource here stands for, by the resource's id."""
    found = {}
    for i, group in enumerate(spec.storage.volume_groups):
        for j, volume in enumerate(group.volumes):
            resource = _identity(spec, LogicalVolume(group, volume))
            found[resource] = f"storage.volume_groups[{i}].volumes[{j}]"
    if found:
        found[_daemon(spec).id] = "storage.lvm"
    return {one: place for key, place in found.items() for one in (key, f"{key}-clone")}


def _identity(spec: ClusterSpec, volume: LogicalVolume) -> str:
    old = spec.storage.lvm.backend == CLVMD
    return f"vg-{volume.group.name}" if old else identity(volume)


def _activated(spec: ClusterSpec) -> Iterator[tuple[Resource, bool, bool]]:
    """Yield each primitive, whether it is cloned, and whether it waits for the VMs."""
    wanted = [one for one in volumes(spec) if one.present]
    if spec.storage.lvm.backend != CLVMD:
        for one in wanted:
            waits = not one.shared and used_by_a_vm(spec, one.name)
            yield _activate(one), one.shared, waits
        return
    for group in spec.storage.volume_groups:
        inside = [one for one in wanted if one.group is group]
        shared = group.access == SHARED
        waits = not shared and any(used_by_a_vm(spec, one.name) for one in inside)
        if inside:
            yield _group(group), shared, waits


def _daemon(spec: ClusterSpec) -> Resource:
    old = spec.storage.lvm.backend == CLVMD
    return Resource(
        id="clvmd" if old else "lvmlockd",
        agent="ocf:lvm2:clvmd" if old else "ocf:heartbeat:lvmlockd",
        ops=(
            op("start", "90s"),
            op("stop", "100s" if old else "90s"),
            op("monitor", "90s", interval="60s"),
        ),
    )


def _activate(volume: LogicalVolume) -> Resource:
    return Resource(
        id=identity(volume),
        agent="ocf:heartbeat:LVM-activate",
        params=values(
            {
                "vgname": volume.group.name,
                "lvname": volume.volume.name,
                "vg_access_mode": "lvmlockd",
                "activation_mode": SHARED if volume.shared else EXCLUSIVE,
            }
        ),
        meta=values({} if volume.shared else _FOLLOWS),
        ops=_OPS,
    )


def _group(group: VolumeGroup) -> Resource:
    exclusive = group.access == EXCLUSIVE
    return Resource(
        id=f"vg-{group.name}",
        agent="ocf:heartbeat:LVM",
        params=values({"volgrpname": group.name, "exclusive": str(exclusive).lower()}),
        meta=values(_FOLLOWS if exclusive else {}),
        ops=_OPS,
    )
