"""Rules for placement: which VMs belong together or apart, and what hosts have."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations

from kvmha.errors import Problem
from kvmha.rules.helpers import known
from kvmha.rules.registry import rule
from kvmha.spec.model import ClusterSpec
from kvmha.spec.placement import Company
from kvmha.values import size

_LISTS = ("placement.together[].vms[]", "placement.apart[].vms[]")


@rule("vms[].name", "vms", *_LISTS)
def companies_name_vms(spec: ClusterSpec) -> Iterator[Problem]:
    """Want ``together`` and ``apart`` to name two VMs or more, each once."""
    names = [vm.name for vm in spec.vms]
    for place, company in _companies(spec):
        for i, name in enumerate(company.vms):
            if name not in names:
                message = f"there is no VM '{name}'"
                yield Problem(f"{place}.vms[{i}]", message, known(name, names), "VM_UNKNOWN")
        if len(set(company.vms)) < max(2, len(company.vms)):
            message = f"{', '.join(company.vms)}: these are not two VMs or more, each once"
            hint = "name those that it is about"
            yield Problem(f"{place}.vms", message, hint, "COMPANY_TOO_SMALL")


@rule(*_LISTS)
def companies_do_not_contradict(spec: ClusterSpec) -> Iterator[Problem]:
    """Refuse to want two VMs together and apart; the members of a spread tier are apart."""
    apart = {
        frozenset(pair): f"placement.apart[{i}]"
        for i, company in enumerate(spec.placement.apart)
        for pair in combinations(company.vms, 2)
    }
    for i, tier in enumerate(spec.tiers):
        if tier.spread or tier.strict:
            names = [vm.name for vm in spec.members_of(tier.name)]
            apart |= {frozenset(pair): f"tiers[{i}]" for pair in combinations(names, 2)}
    for i, company in enumerate(spec.placement.together):
        for pair in combinations(company.vms, 2):
            other = apart.get(frozenset(pair))
            if other and len(set(pair)) == 2:
                message = f"'{pair[0]}' and '{pair[1]}' are kept apart by {other}"
                hint = "take them out of one of the two"
                yield Problem(f"placement.together[{i}]", message, hint, "COMPANY_CONTRADICTS")


@rule()
def companies_are_said_once(spec: ClusterSpec) -> Iterator[Problem]:
    """Refuse to say the same of two VMs twice, for ``strict`` could then differ."""
    for word, companies in (
        ("together", spec.placement.together),
        ("apart", spec.placement.apart),
    ):
        seen: dict[frozenset[str], int] = {}
        for i, company in enumerate(companies):
            for pair in map(frozenset, combinations(dict.fromkeys(company.vms), 2)):
                if pair in seen:
                    message = (
                        f"placement.{word}[{seen[pair]}] says it of {' and '.join(sorted(pair))}"
                    )
                    hint = "say it once"
                    yield Problem(f"placement.{word}[{i}]", message, hint, "COMPANY_TWICE")
                seen.setdefault(pair, i)


@rule("placement.strategy", "nodes[].capacity")
def counting_needs_capacities(spec: ClusterSpec) -> Iterator[Problem]:
    """Want the capacity of every node where it is counted: without one, no VM may run there.

    Source: Pacemaker Explained, "Utilization and Placement Strategy".
    """
    if not spec.placement.counts:
        return
    for index, node in enumerate(spec.nodes):
        if node.capacity is None:
            message = f"'{node.name}' has no capacity, and {spec.placement.strategy} counts it"
            hint = "for example {memory: 56GiB, cpus: 32}"
            yield Problem(f"nodes[{index}]", message, hint, "CAPACITY_UNKNOWN")


@rule("nodes[].capacity.cpus")
def processors_are_counted_everywhere(spec: ClusterSpec) -> Iterator[Problem]:
    """Want the processors of all nodes or of none, or they would count for some VMs only."""
    said = [bool(node.capacity and node.capacity.cpus) for node in spec.nodes]
    if spec.placement.counts and any(said) and not all(said):
        lacking = said.index(False)
        message = f"'{spec.nodes[lacking].name}' has no number of processors, others have"
        hint = "say capacity.cpus of every node, or of none"
        yield Problem(f"nodes[{lacking}].capacity", message, hint, "CAPACITY_UNEVEN")


@rule("placement.strategy", "nodes[].capacity", "vms[].avoid[]", "nodes[].name")
def vms_fit_a_node(spec: ClusterSpec) -> Iterator[Problem]:
    """Want two nodes with room enough for each VM, or it is not highly available."""
    if not spec.placement.counts:
        return
    for index, vm in enumerate(spec.vms):
        capacities = [
            node.capacity for node in spec.nodes if node.capacity and node.name not in vm.avoid
        ]
        able = [
            one for one in capacities
            if one.memory >= vm.memory and (not one.cpus or one.cpus >= vm.vcpus)
        ]  # fmt: skip
        if len(able) < 2 <= len(capacities):
            need = f"{size(vm.memory)} and {vm.vcpus} vcpu"
            message = f"'{vm.name}' needs {need}, which {len(able)} of its nodes have"
            hint = "a smaller VM, or more under nodes[].capacity"
            yield Problem(f"vms[{index}]", message, hint, "VM_TOO_LARGE")


def _companies(spec: ClusterSpec) -> Iterator[tuple[str, Company]]:
    for i, company in enumerate(spec.placement.together):
        yield f"placement.together[{i}]", company
    for i, company in enumerate(spec.placement.apart):
        yield f"placement.apart[{i}]", company
