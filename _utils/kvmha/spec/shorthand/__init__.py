"""What VMs, filesystems and fencing mean in Pacemaker's words, one file for each.

Resource names are ``fencing-sbd``, ``fencing-<name>``, ``dlm``, ``lvmlockd``, ``lv-<vg>-<lv>``,
``fs-<name>``, ``vm-<name>``, and ``up-<vm>`` and ``vip-<tier>`` for tiers with an address; a
clone is called like its primitive with ``-clone`` behind.
"""

from __future__ import annotations

from collections.abc import Collection

from kvmha.spec.cib import Cib, Constraint
from kvmha.spec.cib_resources import Resource
from kvmha.spec.model import ClusterSpec
from kvmha.spec.shorthand import fencing, lvm, placement, storage, tiers, vms
from kvmha.spec.shorthand.words import clone, values

PARTS = ("fencing", "locking", "filesystems", "vms")


def shorthand(spec: ClusterSpec, agent: str, parts: Collection[str] = PARTS) -> Cib:
    """Return the objects that ``parts`` of ``spec`` stand for.

    ``agent`` is the platform's ``stonith`` type for SBD. Every VM has to have a filesystem.
    """
    resources = fencing.devices(spec, agent)
    constraints: list[Constraint] = []
    if "locking" in parts and spec.storage.uses_dlm:
        resources.append(clone(storage.dlm()))
        _add(resources, constraints, lvm.locking(spec))
    if "filesystems" in parts:
        _add(resources, constraints, lvm.activation(spec))
        for filesystem in spec.storage.filesystems:
            resources.append(storage.resource(filesystem))
            constraints += storage.constraints(spec, filesystem)
    whole = "vms" in parts
    if whole:
        _add(resources, constraints, lvm.activation(spec, for_vms=True))
        for vm in spec.vms:
            resources.append(vms.primitive(spec, vm))
            constraints += vms.constraints(spec, vm)
        resources += tiers.resources(spec)
        constraints += [*placement.constraints(spec), *tiers.constraints(spec)]
    return Cib(
        properties=values(
            fencing.properties(spec)
            | vms.properties(spec)
            | (placement.properties(spec) if whole else {})
        ),
        nodes=placement.nodes(spec) if whole else (),
        rsc_defaults=values(fencing.rsc_defaults(spec)),
        resources=tuple(resources),
        constraints=tuple(constraints),
        fencing_levels=fencing.levels(spec),
    )


def _add(
    resources: list[Resource],
    constraints: list[Constraint],
    more: tuple[list[Resource], list[Constraint]],
) -> None:
    resources += more[0]
    constraints += more[1]
