"""The CIB objects that a ClusterSpec wants, part by part.

The parts are cumulative, since each stands on the one before: ``fencing``, ``locking``,
``filesystems``, ``vms``. Resource names are ``fencing-sbd``, ``dlm``, ``fs-<name>``,
``vm-<name>``; a clone is called like its primitive with ``-clone`` behind.
"""

from __future__ import annotations

from collections.abc import Mapping

from kvmha import timeouts
from kvmha.documents.cib import Clone, Constraint, Op, Primitive, Wanted
from kvmha.errors import KvmhaError
from kvmha.spec.model import ClusterSpec, Filesystem, Vm
from kvmha.values import duration

PARTS = ("fencing", "locking", "filesystems", "vms")
PREFIXES = ("fs-", "vm-")

# What keeps two nodes from fencing each other at once; taken out again at three nodes
# (SUSE's `crm cluster health sbd` enforces the same values).
_DELAY_MAX = {"pcmk_delay_max": "30s"}
_PRIORITY_DELAY = {"priority-fencing-delay": "60s"}
_PRIORITY = {"priority": "1"}
_TRANSPORT = {"migration_transport": "ssh"}


def build(spec: ClusterSpec, fencing_agent: str, part: str = "vms") -> Wanted:
    """Return what is to be in the CIB for ``part`` and all parts before it.

    ``fencing_agent`` is the platform's ``stonith`` type for SBD. Raises KvmhaError for an
    unknown ``part``.
    """
    if part not in PARTS:
        raise KvmhaError(f"part: {part!r} is no part of the CIB", hint=", ".join(PARTS))
    parts = PARTS[: PARTS.index(part) + 1]
    two = len(spec.nodes) == 2
    filesystems = spec.storage.filesystems
    resources: list[Primitive | Clone] = [_fencing(spec, fencing_agent)]
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
    return Wanted(
        properties=_properties(spec, two),
        rsc_defaults=_rsc_defaults(spec, two),
        op_defaults=_words(spec.cib.op_defaults),
        resources=tuple(resources),
        constraints=tuple(constraints),
        former={} if two else {"property": _PRIORITY_DELAY, "rsc_defaults": _PRIORITY},
        families=_families(spec) if "vms" in parts else (),
    )


def _properties(spec: ClusterSpec, two: bool) -> dict[str, str]:
    seconds = -(-timeouts.derive(spec).stonith_timeout // 1000)
    return {
        "stonith-enabled": "true",
        "stonith-timeout": f"{seconds}s",
        # Without quorum DLM blocks, so nothing on it can be stopped: only freeze is possible.
        "no-quorum-policy": "freeze" if spec.storage.filesystems else "stop",
        **(_PRIORITY_DELAY if two else {}),
        **_words(spec.cib.properties),
    }


def _rsc_defaults(spec: ClusterSpec, two: bool) -> dict[str, str]:
    # Above the largest preference, so that a VM stays where it is when a node comes back.
    sticky = {"resource-stickiness": "200"}
    return {**sticky, **(_PRIORITY if two else {}), **_words(spec.cib.rsc_defaults)}


def _fencing(spec: ClusterSpec, agent: str) -> Primitive:
    two = len(spec.nodes) == 2
    devices = {"devices": ",".join(spec.fencing.sbd.devices)} if agent == "fence_sbd" else {}
    return Primitive(
        "fencing-sbd",
        f"stonith:{agent}",
        params={**devices, **(_DELAY_MAX if two else {})},
        ops=(
            _op("start", "60s"),
            _op("monitor", "60s", interval="120s"),
        ),
        former={} if two else _DELAY_MAX,
    )


def _dlm() -> Primitive:
    return Primitive(
        "dlm",
        "ocf:pacemaker:controld",
        ops=(
            _op("start", "90s"),
            _op("stop", "100s"),
            _op("monitor", "60s", interval="60s"),
        ),
    )


def _filesystem(filesystem: Filesystem) -> Primitive:
    return Primitive(
        f"fs-{filesystem.name}",
        "ocf:heartbeat:Filesystem",
        params={
            "device": filesystem.device,
            "directory": filesystem.mount,
            "fstype": filesystem.type,
            **({"options": filesystem.options} if filesystem.options else {}),
        },
        ops=(
            # A mount may have to wait for a dead node's journal.
            _op("start", "180s"),
            _op("stop", "180s", **{"on-fail": "fence"}),
            _op("monitor", "60s", interval="20s"),
        ),
    )


def _vm(spec: ClusterSpec, vm: Vm) -> Primitive:
    """Return the resource of ``vm``.

    The agent's utilization is off: it would write into the CIB at every monitor. A stop that
    takes too long fences the node, so the guest's own time to stop is the limit.
    """
    moves = (
        _op("migrate_to", duration(vm.stop_timeout)),
        _op("migrate_from", duration(vm.start_timeout)),
    )
    return Primitive(
        f"vm-{vm.name}",
        "ocf:heartbeat:VirtualDomain",
        params={
            "config": f"{spec.folder_of(vm)}/{vm.name}.xml",
            "hypervisor": "qemu:///system",
            **(_TRANSPORT if vm.migrate else {}),
            "autoset_utilization_cpu": "false",
            "autoset_utilization_host_memory": "false",
            "autoset_utilization_hv_memory": "false",
        },
        meta={"allow-migrate": "true" if vm.migrate else "false"},
        ops=(
            _op("start", duration(vm.start_timeout)),
            _op("stop", duration(vm.stop_timeout), **{"on-fail": "fence"}),
            _op("monitor", duration(vm.monitor_timeout), interval=duration(vm.monitor_interval)),
            *(moves if vm.migrate else ()),
        ),
        former={} if vm.migrate else _TRANSPORT,
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
        attributes = {"rsc": resource, "node": node, "score": score}
        found.append(Constraint("location", identity, attributes))
    return found


def _families(spec: ClusterSpec) -> tuple[str, ...]:
    return tuple(
        f"location-vm-{vm.name}-{wish}-" for vm in spec.vms for wish in ("prefer", "avoid")
    )


def _after(resource: str, base: str, why: str) -> list[Constraint]:
    """Return what makes ``resource`` run only where and after ``base`` does.

    The ids do not name ``base``, so that a change of it is an update.
    """
    return [
        Constraint("order", f"order-{why}-{resource}", {"first": base, "then": resource}),
        Constraint(
            "colocation",
            f"colocation-{why}-{resource}",
            {"rsc": resource, "with-rsc": base, "score": "INFINITY"},
        ),
    ]


def _clone(primitive: Primitive) -> Clone:
    return Clone(f"{primitive.id}-clone", primitive, {"interleave": "true"})


def _op(name: str, timeout: str, interval: str = "0s", **more: str) -> Op:
    return Op(name, {"interval": interval, "timeout": timeout, **more})


def _words(values: Mapping[str, str | int | bool]) -> dict[str, str]:
    return {
        key: str(value).lower() if isinstance(value, bool) else str(value)
        for key, value in values.items()
    }
