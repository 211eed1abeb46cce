"""What the SLS files must know of a cluster to be written: names, in the pillar's order."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from kvmha.spec import ClusterSpec, lvm
from kvmha.spec.libvirt_pools import pool_volumes


def layout(spec: ClusterSpec | None) -> dict[str, Any]:
    """Return what there is to do, everything empty where the pillar has mistakes (None).

    ``filesystems`` have ``name`` and ``maker``, the state module that makes them; ``ocfs2`` is
    the cluster stack of OCFS2, empty where it is not used. ``vms`` are names, ``volume_groups``,
    ``volumes`` and ``former_volumes`` those of LVM. ``lockspace`` is the filesystem that holds
    virtlockd's leases. ``san`` tells whether disks come by iSCSI or multipath. ``libvirt`` has
    the states of networks, pools and their volumes: function, key and name, in their order.
    """
    named = list(lvm.volumes(spec)) if spec else []
    return {
        "filesystems": [
            {"name": filesystem.name, "maker": filesystem.maker}
            for filesystem in (spec.storage.filesystems if spec else ())
        ],
        "ocfs2": spec.storage.ocfs2_stack if spec else "",
        "volume_groups": [group.name for group in spec.storage.volume_groups] if spec else [],
        "volumes": [one.name for one in named if one.present],
        "former_volumes": [one.name for one in named if not one.present],
        "vms": [vm.name for vm in spec.vms] if spec else [],
        "san": spec.storage.has_san if spec else False,
        "lockspace": spec.lockspace.name if spec and spec.lockspace else "",
        "libvirt": libvirt_objects(spec) if spec else [],
    }


def libvirt_objects(spec: ClusterSpec) -> list[dict[str, str]]:
    """Return the states of networks, pools and volumes: ``state``, ``kind`` and ``name`` of each.

    A pool is there before its volumes.
    """

    def states(kind: str, names: Iterable[tuple[str, bool]], there: str) -> list[dict[str, str]]:
        listed = [
            {"state": there if is_wanted else "absent", "kind": kind, "name": name}
            for name, is_wanted in names
        ]
        return sorted(listed, key=lambda each: each["state"] == "absent")

    volumes = ((f"{pool.name}/{one.name}", one.present) for pool, one in pool_volumes(spec))
    return [
        *states("network", ((one.name, one.present) for one in spec.libvirt.networks), "defined"),
        *states("pool", ((one.name, one.present) for one in spec.libvirt.pools), "defined"),
        *states("volume", volumes, "present"),
    ]


def run(spec: ClusterSpec | None) -> dict[str, Any]:
    """Return what the whole run must know beside that.

    ``moves`` is how VMs move live, empty where none does; ``san`` as above.
    """
    return {
        "moves": spec.libvirt.migration.transport if spec and spec.moves else "",
        "san": spec.storage.has_san if spec else False,
    }
