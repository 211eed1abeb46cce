"""What the SLS files must know of a cluster to be written: names, in the pillar's order."""

from __future__ import annotations

from typing import Any

from kvmha.spec import ClusterSpec, lvm


def layout(spec: ClusterSpec | None) -> dict[str, Any]:
    """Return what there is to do, everything empty where the pillar has mistakes (None).

    ``filesystems`` have ``name`` and ``maker``, the state module that makes them; ``ocfs2`` is
    the cluster stack of OCFS2, empty where it is not used. ``vms`` are names, ``volume_groups``,
    ``volumes`` and ``former_volumes`` those of LVM. ``lockspace`` is the filesystem that holds
    virtlockd's leases. ``san`` tells whether disks come by iSCSI or multipath.
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
    }


def run(spec: ClusterSpec | None) -> dict[str, Any]:
    """Return what the whole run must know beside that.

    ``moves`` is how VMs move live, empty where none does; ``san`` as above.
    """
    return {
        "moves": spec.libvirt.migration.transport if spec and spec.moves else "",
        "san": spec.storage.has_san if spec else False,
    }
