"""What VMs, filesystems and fencing mean in Pacemaker's words.

Resource names are ``fencing-sbd``, ``dlm``, ``fs-<name>``, ``vm-<name>``; a clone is called like
its primitive with ``-clone`` behind.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

from kvmha import timeouts
from kvmha.spec.cib import Cib, Constraint
from kvmha.spec.cib_parts import NvSet, Op
from kvmha.spec.cib_resources import Resource
from kvmha.spec.model import ClusterSpec, Filesystem, Vm
from kvmha.values import duration

PARTS = ("fencing", "locking", "filesystems", "vms")

# What keeps two nodes from fencing each other at once; taken out again at three nodes
# (SUSE's `crm cluster health sbd` enforces the same values).
DELAY_MAX = {"pcmk_delay_max": "30s"}
PRIORITY_DELAY = {"priority-fencing-delay": "60s"}
PRIORITY = {"priority": "1"}
TRANSPORT = {"migration_transport": "ssh"}


def shorthand(spec: ClusterSpec, agent: str, parts: Collection[str] = PARTS) -> Cib:
    """Return the objects that ``parts`` of ``spec`` stand for.

    ``agent`` is the platform's ``stonith`` type for SBD. Every VM has to have a filesystem.
    """
    filesystems = spec.storage.filesystems
    resources = [_fencing(spec, agent)]
    constraints: list[Constraint] = []
    if "locking" in parts and filesystems:
        resources.append(_clone(_dlm()))
    if "filesystems" in parts:
        for filesystem in filesystems:
            resources.append(_clone(_filesystem(filesystem)))
            constraints += _after(f"fs-{filesystem.name}-clone", "dlm-clone", "locking")
    if "vms" in parts:
        for vm in spec.vms:
            resources.append(_vm(spec, vm))
            constraints += _vm_constraints(spec, vm)
    return Cib(
        properties=_values(_properties(spec)),
        rsc_defaults=_values(_rsc_defaults(spec)),
        resources=tuple(resources),
        constraints=tuple(constraints),
    )


def _properties(spec: ClusterSpec) -> dict[str, str]:
    seconds = -(-timeouts.derive(spec).stonith_timeout // 1000)
    return {
        "stonith-enabled": "true",
        "stonith-timeout": f"{seconds}s",
        # Without quorum DLM blocks, so nothing on it can be stopped: only freeze is possible.
        "no-quorum-policy": "freeze" if spec.storage.filesystems else "stop",
        **(PRIORITY_DELAY if is_two(spec) else {}),
    }


def _rsc_defaults(spec: ClusterSpec) -> dict[str, str]:
    # Above the largest preference, so that a VM stays where it is when a node comes back.
    return {"resource-stickiness": "200", **(PRIORITY if is_two(spec) else {})}


def _fencing(spec: ClusterSpec, agent: str) -> Resource:
    devices = {"devices": ",".join(spec.fencing.sbd.devices)} if agent == "fence_sbd" else {}
    return Resource(
        id="fencing-sbd",
        agent=f"stonith:{agent}",
        params=_values({**devices, **(DELAY_MAX if is_two(spec) else {})}),
        ops=(
            _op("start", "60s"),
            _op("monitor", "60s", interval="120s"),
        ),
    )


def _dlm() -> Resource:
    return Resource(
        id="dlm",
        agent="ocf:pacemaker:controld",
        ops=(
            _op("start", "90s"),
            _op("stop", "100s"),
            _op("monitor", "60s", interval="60s"),
        ),
    )


def _filesystem(filesystem: Filesystem) -> Resource:
    return Resource(
        id=f"fs-{filesystem.name}",
        agent="ocf:heartbeat:Filesystem",
        params=_values(
            {
                "device": filesystem.device,
                "directory": filesystem.mount,
                "fstype": filesystem.type,
                **({"options": filesystem.options} if filesystem.options else {}),
            }
        ),
        ops=(
            # A mount may have to wait for a dead node's journal.
            _op("start", "180s"),
            _op("stop", "180s", on_fail="fence"),
            _op("monitor", "60s", interval="20s"),
        ),
    )


def _vm(spec: ClusterSpec, vm: Vm) -> Resource:
    """Return the resource of ``vm``.

    The agent's utilization is off: it would write into the CIB at every monitor. A stop that
    takes too long fences the node, so the guest's own time to stop is the limit.
    """
    moves = (
        _op("migrate_to", duration(vm.stop_timeout)),
        _op("migrate_from", duration(vm.start_timeout)),
    )
    return Resource(
        id=f"vm-{vm.name}",
        agent="ocf:heartbeat:VirtualDomain",
        params=_values(
            {
                "config": f"{spec.folder_of(vm)}/{vm.name}.xml",
                "hypervisor": "qemu:///system",
                **(TRANSPORT if vm.migrate else {}),
                "autoset_utilization_cpu": "false",
                "autoset_utilization_host_memory": "false",
                "autoset_utilization_hv_memory": "false",
            }
        ),
        meta=_values({"allow-migrate": "true" if vm.migrate else "false"}),
        ops=(
            _op("start", duration(vm.start_timeout)),
            _op("stop", duration(vm.stop_timeout), on_fail="fence"),
            _op("monitor", duration(vm.monitor_timeout), interval=duration(vm.monitor_interval)),
            *(moves if vm.migrate else ()),
        ),
    )


def _vm_constraints(spec: ClusterSpec, vm: Vm) -> list[Constraint]:
    resource = f"vm-{vm.name}"
    filesystem = spec.filesystem_of(vm)
    assert filesystem is not None  # _vm has asked for the folder on it
    found = _after(resource, f"fs-{filesystem.name}-clone", "storage")
    scores = [str(max(100 - 10 * rank, 10)) for rank in range(len(vm.prefer))]
    wishes = [("prefer", node, score) for node, score in zip(vm.prefer, scores, strict=True)]
    wishes += [("avoid", node, "-INFINITY") for node in vm.avoid]
    for wish, node, score in wishes:
        identity = f"location-{resource}-{wish}-{node}"
        found.append(Constraint(kind="location", id=identity, rsc=resource, node=node, score=score))
    return found


def _after(resource: str, base: str, why: str) -> list[Constraint]:
    """Return what makes ``resource`` run only where and after ``base`` does.

    The ids do not name ``base``, so that a change of it is an update.
    """
    return [
        Constraint(kind="order", id=f"order-{why}-{resource}", first=base, then=resource),
        Constraint(
            kind="colocation",
            id=f"colocation-{why}-{resource}",
            rsc=resource,
            with_rsc=base,
            score="INFINITY",
        ),
    ]


def _clone(primitive: Resource) -> Resource:
    return Resource(
        id=f"{primitive.id}-clone",
        kind="clone",
        meta=_values({"interleave": "true"}),
        members=(primitive,),
    )


def _op(name: str, timeout: str, interval: str = "0s", on_fail: str | None = None) -> Op:
    return Op(name=name, interval=interval, timeout=timeout, on_fail=on_fail)


def _values(values: Mapping[str, str]) -> tuple[NvSet, ...]:
    return (NvSet(values=values),) if values else ()


def is_two(spec: ClusterSpec) -> bool:
    """Tell whether the nodes are so few that they could fence each other at once."""
    return len(spec.nodes) == 2
