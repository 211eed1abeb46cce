"""The CIB objects that a ClusterSpec wants, part by part.

The parts are cumulative, since each stands on the one before: ``fencing``, ``locking``,
``filesystems``, ``vms``. Resource names are ``fencing-sbd``, ``dlm``, ``fs-<name>``,
``vm-<name>``; a clone is called like its primitive with ``-clone`` behind.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from kvmha import timeouts
from kvmha.build.cib_codec import encode
from kvmha.build.cib_overlay import laid_over
from kvmha.documents.cib import Former, Wanted
from kvmha.documents.cib_ids import repeated
from kvmha.documents.cib_tell import address
from kvmha.documents.cib_types import Exact, Types
from kvmha.errors import InvalidInput, KvmhaError, Problem
from kvmha.spec.cib import Cib, Constraint
from kvmha.spec.cib_parts import NvSet, Op
from kvmha.spec.cib_resources import Resource
from kvmha.spec.model import ClusterSpec, Filesystem, Vm
from kvmha.values import duration

PARTS = ("fencing", "locking", "filesystems", "vms")

# What keeps two nodes from fencing each other at once; taken out again at three nodes
# (SUSE's `crm cluster health sbd` enforces the same values).
_DELAY_MAX = {"pcmk_delay_max": "30s"}
_PRIORITY_DELAY = {"priority-fencing-delay": "60s"}
_PRIORITY = {"priority": "1"}
_TRANSPORT = {"migration_transport": "ssh"}


def build(
    spec: ClusterSpec,
    fencing_agent: str,
    part: str = "vms",
    secrets: Mapping[str, str] | None = None,
    types: Types | None = None,
) -> Wanted:
    """Return what is to be in the CIB for ``part`` and all parts before it.

    ``fencing_agent`` is the platform's ``stonith`` type for SBD; ``secrets`` are the values
    that ``secrets`` in the spec name. Raises KvmhaError for an unknown ``part``.
    """
    if part not in PARTS:
        raise KvmhaError(f"part: {part!r} is no part of the CIB", hint=", ".join(PARTS))
    whole = part == PARTS[-1]
    own = _shorthand(spec, fencing_agent, PARTS[: PARTS.index(part) + 1])
    return of_words(
        laid_over(own, spec.cib, whole=whole),
        former=tuple(_former(spec)),
        families=_families(spec) if whole else (),
        unmanaged=spec.unmanaged if whole else "keep",
        secrets=secrets,
        types=types,
    )


def of_words(
    cib: Cib,
    *,
    former: tuple[Former, ...] = (),
    families: tuple[str, ...] = (),
    unmanaged: str = "report",
    secrets: Mapping[str, str] | None = None,
    types: Types | None = None,
) -> Wanted:
    """Return what ``cib`` says as it is to be in the CIB, without anything of our own.

    Raises InvalidInput when it says an id twice.
    """
    tree = encode(cib, "configuration", secrets)
    if again := repeated(tree):
        hint = "give each its own id, or say it once"
        problems = [
            Problem(address(one), "stands there twice", hint, "CIB_ID_TWICE") for one in again
        ]
        raise InvalidInput("the CIB's words", problems)
    return Wanted(tree, former, families, unmanaged, types or Exact())


def _shorthand(spec: ClusterSpec, agent: str, parts: tuple[str, ...]) -> Cib:
    """Return what VMs, filesystems and fencing mean in Pacemaker's words."""
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
        **(_PRIORITY_DELAY if _is_two(spec) else {}),
    }


def _rsc_defaults(spec: ClusterSpec) -> dict[str, str]:
    # Above the largest preference, so that a VM stays where it is when a node comes back.
    return {"resource-stickiness": "200", **(_PRIORITY if _is_two(spec) else {})}


def _former(spec: ClusterSpec) -> Iterable[Former]:
    """Yield what we set for two nodes, or for VMs that may migrate, where neither is so now."""
    if not _is_two(spec):
        for owner, tag, values in (
            ("crm_config", "cluster_property_set", _PRIORITY_DELAY),
            ("rsc_defaults", "meta_attributes", _PRIORITY),
            ("fencing-sbd", "instance_attributes", _DELAY_MAX),
        ):
            yield from (Former(owner, tag, name, value) for name, value in values.items())
    for vm in spec.vms:
        if not vm.migrate:
            for name, value in _TRANSPORT.items():
                yield Former(f"vm-{vm.name}", "instance_attributes", name, value)


def _fencing(spec: ClusterSpec, agent: str) -> Resource:
    devices = {"devices": ",".join(spec.fencing.sbd.devices)} if agent == "fence_sbd" else {}
    return Resource(
        id="fencing-sbd",
        agent=f"stonith:{agent}",
        params=_values({**devices, **(_DELAY_MAX if _is_two(spec) else {})}),
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
                **(_TRANSPORT if vm.migrate else {}),
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


def _families(spec: ClusterSpec) -> tuple[str, ...]:
    return tuple(
        f"location-vm-{vm.name}-{wish}-" for vm in spec.vms for wish in ("prefer", "avoid")
    )


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


def _is_two(spec: ClusterSpec) -> bool:
    return len(spec.nodes) == 2
