"""Placement in Pacemaker's words: utilization, and what belongs together or apart."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations

from kvmha.spec.cib import CibNode, Constraint
from kvmha.spec.model import ClusterSpec
from kvmha.spec.placement import Company
from kvmha.spec.shorthand.words import values
from kvmha.spec.vms import Vm

# Above resource-stickiness and every preference, so that a wish is fulfilled as soon as the hosts
# allow; below INFINITY, so that a VM whose wish cannot be fulfilled runs all the same.
WISH = 1000
FAMILIES = ("colocation-together-", "colocation-apart-")


def properties(spec: ClusterSpec) -> dict[str, str]:
    """Return the cluster's properties; none where Pacemaker's own choice stays."""
    strategy = spec.placement.strategy
    return {"placement-strategy": strategy} if strategy else {}


def nodes(spec: ClusterSpec) -> tuple[CibNode, ...]:
    """Return what the hosts have, in case that it is counted; memory in MiB."""
    if not spec.placement.strategy:
        return ()
    return tuple(
        CibNode(
            name=node.name,
            id=str(node.id),  # Pacemaker takes corosync's; a node that is yet to join has none
            utilization=values(_amounts(node.capacity.memory >> 20, node.capacity.cpus)),
        )
        for node in spec.nodes
        if node.capacity is not None
    )


def utilization(spec: ClusterSpec, vm: Vm) -> dict[str, str]:
    """Return what ``vm`` needs of a host, in case that it is counted; memory in MiB, rounded up.

    A VM that needs what a host has no number for could not run there at all, so processors
    are counted where every host says how many it has.
    """
    if not spec.placement.strategy:
        return {}
    counted = all(node.capacity is not None and node.capacity.cpus for node in spec.nodes)
    return _amounts(-(-vm.memory >> 20), vm.vcpus if counted else 0)


def constraints(spec: ClusterSpec) -> Iterator[Constraint]:
    """Yield what keeps VMs together and apart."""
    for company in spec.placement.together:
        vms = _known(spec, company)
        for other in vms[1:]:
            yield colocation("together", other, vms[0], "INFINITY" if company.strict else str(WISH))
    for company in spec.placement.apart:
        yield from apart("apart", _known(spec, company), strict=company.strict)


def apart(why: str, vms: tuple[str, ...], *, strict: bool) -> Iterator[Constraint]:
    """Yield what keeps each two of ``vms`` on different hosts."""
    for first, other in combinations(vms, 2):
        yield colocation(why, other, first, "-INFINITY" if strict else str(-WISH))


def colocation(why: str, vm: str, other: str, score: str) -> Constraint:
    """Return what places ``vm`` with regard to ``other``."""
    return Constraint(
        kind="colocation",
        id=f"colocation-{why}-vm-{vm}-vm-{other}",
        rsc=f"vm-{vm}",
        with_rsc=f"vm-{other}",
        score=score,
    )


def _known(spec: ClusterSpec, company: Company) -> tuple[str, ...]:
    """Return the VMs of ``company``, each once; one that is not there is told by a rule."""
    names = {vm.name for vm in spec.vms}
    return tuple(dict.fromkeys(name for name in company.vms if name in names))


def _amounts(memory: int, cpus: int) -> dict[str, str]:
    return {"memory": str(memory), **({"cpu": str(cpus)} if cpus else {})}
