"""Virtual machines in Pacemaker's words: ``vm-<name>``."""

from __future__ import annotations

from kvmha.spec.cib import Constraint
from kvmha.spec.cib_resources import Resource
from kvmha.spec.model import ClusterSpec
from kvmha.spec.shorthand import lvm, placement, vm_monitor
from kvmha.spec.shorthand.words import after, op, values
from kvmha.spec.vms import Vm
from kvmha.values import duration

TRANSPORTS = ("ssh", "tcp")
FAMILIES = ("order-volume-", "colocation-volume-")


def properties(spec: ClusterSpec) -> dict[str, str]:
    """Return the cluster's properties that follow from how VMs move."""
    limit = spec.libvirt.migration.limit
    return {} if limit is None else {"migration-limit": str(limit)}


def primitive(spec: ClusterSpec, vm: Vm) -> Resource:
    """Return the resource of ``vm``.

    The agent's utilization is off: it would write into the CIB at every monitor. A stop that
    takes too long fences the node, so the guest's own time to stop is the limit.
    """
    moves = (
        op("migrate_to", duration(vm.migrate_to_timeout or vm.stop_timeout)),
        op("migrate_from", duration(vm.migrate_from_timeout or vm.start_timeout)),
    )
    return Resource(
        id=f"vm-{vm.name}",
        agent="ocf:heartbeat:VirtualDomain",
        params=values(
            {
                "config": f"{spec.folder_of(vm)}/{vm.name}.xml",
                "hypervisor": "qemu:///system",
                **(_migration(spec) if vm.migrate else {}),
                **(vm_monitor.params(spec, vm) if vm.monitor else {}),
                "autoset_utilization_cpu": "false",
                "autoset_utilization_host_memory": "false",
                "autoset_utilization_hv_memory": "false",
                **{name: _word(value) for name, value in vm.params.items()},
            }
        ),
        meta=values(
            {
                "allow-migrate": "true" if vm.migrate else "false",
                **({} if vm.priority is None else {"priority": str(vm.priority)}),
            }
        ),
        utilization=values(placement.utilization(spec, vm)),
        ops=(
            op("start", duration(vm.start_timeout)),
            op("stop", duration(vm.stop_timeout), on_fail="fence"),
            op("monitor", duration(vm.monitor_timeout), interval=duration(vm.monitor_interval)),
            *(moves if vm.migrate else ()),
        ),
    )


def constraints(spec: ClusterSpec, vm: Vm) -> list[Constraint]:
    """Return where and after what the resource of ``vm`` runs."""
    resource = f"vm-{vm.name}"
    filesystem = spec.filesystem_of(vm)
    assert filesystem is not None  # _vm has asked for the folder on it
    found = after(resource, filesystem.resource, "storage")
    leases = spec.lockspace
    if leases is not None and leases != filesystem:
        found += after(resource, leases.resource, "lockspace")
    for disk in vm.disks:
        base = lvm.base(spec, disk.volume) if disk.volume else None
        if base:
            found += after(resource, base, f"volume-{lvm.joined(disk.volume)}")
    scores = [str(max(100 - 10 * rank, 10)) for rank in range(len(vm.prefer))]
    wishes = [("prefer", node, score) for node, score in zip(vm.prefer, scores, strict=True)]
    wishes += [("avoid", node, "-INFINITY") for node in vm.avoid]
    for wish, node, score in wishes:
        identity = f"location-{resource}-{wish}-{node}"
        found.append(Constraint(kind="location", id=identity, rsc=resource, node=node, score=score))
    return found


def _migration(spec: ClusterSpec) -> dict[str, str]:
    """Return how the agent moves a VM; speed is in MiB/s, downtime in milliseconds."""
    said = spec.libvirt.migration
    found = {
        "migration_transport": said.transport,
        "migration_user": said.user,
        "migration_speed": said.bandwidth,
        "migration_downtime": said.downtime,
        "migrate_options": said.options,
    }
    return {name: str(value) for name, value in found.items() if value}


def _word(value: str | int | bool) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
