"""Virtual machines in Pacemaker's words: ``vm-<name>``."""

from __future__ import annotations

from kvmha.spec.cib import Constraint
from kvmha.spec.cib_resources import Resource
from kvmha.spec.model import ClusterSpec
from kvmha.spec.shorthand import placement, vm_monitor
from kvmha.spec.shorthand.words import after, op, values
from kvmha.spec.vms import Vm
from kvmha.values import duration

TRANSPORT = {"migration_transport": "ssh"}


def primitive(spec: ClusterSpec, vm: Vm) -> Resource:
    """Return the resource of ``vm``.

    The agent's utilization is off: it would write into the CIB at every monitor. A stop that
    takes too long fences the node, so the guest's own time to stop is the limit.
    """
    moves = (
        op("migrate_to", duration(vm.stop_timeout)),
        op("migrate_from", duration(vm.start_timeout)),
    )
    return Resource(
        id=f"vm-{vm.name}",
        agent="ocf:heartbeat:VirtualDomain",
        params=values(
            {
                "config": f"{spec.folder_of(vm)}/{vm.name}.xml",
                "hypervisor": "qemu:///system",
                **(TRANSPORT if vm.migrate else {}),
                **(vm_monitor.params(spec, vm) if vm.monitor else {}),
                "autoset_utilization_cpu": "false",
                "autoset_utilization_host_memory": "false",
                "autoset_utilization_hv_memory": "false",
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
    found = after(resource, f"fs-{filesystem.name}-clone", "storage")
    scores = [str(max(100 - 10 * rank, 10)) for rank in range(len(vm.prefer))]
    wishes = [("prefer", node, score) for node, score in zip(vm.prefer, scores, strict=True)]
    wishes += [("avoid", node, "-INFINITY") for node in vm.avoid]
    for wish, node, score in wishes:
        identity = f"location-{resource}-{wish}-{node}"
        found.append(Constraint(kind="location", id=identity, rsc=resource, node=node, score=score))
    return found
