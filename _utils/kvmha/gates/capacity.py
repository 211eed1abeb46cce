"""Whether the hosts' memory suffices for the virtual machines, a host being lost included.

This is reckoned before there is a cluster, from what the pillar says of a host (``capacity``), or
else from all the memory it has. Once the cluster stands its own scheduler answers, which heeds
everything else too: ``kvmha.tools.simulation``, ``pacemaker.capacity``.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from kvmha.spec.model import ClusterSpec
from kvmha.spec.vms import Vm
from kvmha.values import size


def judge(spec: ClusterSpec, memory: Mapping[str, int]) -> list[str]:
    """Return a line for every VM that is larger than each host it may run on.

    ``memory`` is node name -> bytes of the host; a VM with a host of unknown size passes. So
    does a host; one that has less than its ``capacity`` says is told too.
    """
    found = list(_overstated(spec, memory))
    memory = _room(spec, memory)
    for vm in spec.vms:
        hosts = _allowed(vm, (node.name for node in spec.nodes))
        if hosts and all(host in memory for host in hosts):
            largest = max(hosts, key=lambda host: memory[host])
            if vm.memory > memory[largest]:
                found.append(
                    f"{vm.name}: its {size(vm.memory)} of memory are more than any host has that it"
                    f" may run on: {largest} has {_about(memory[largest])} (hint: vms[].memory)"
                )
    return found


def notes(spec: ClusterSpec, memory: Mapping[str, int]) -> list[str]:
    """Return a line for every host whose loss leaves VMs without room.

    All is laid out anew on the hosts that are left, the largest VM first, each on the first
    host with room that it may run on. That is neither what Pacemaker does nor the densest
    packing, and hosts can be overcommitted: so it is advice, and speaks against nothing.
    """
    memory = _room(spec, memory)
    if not all(node.name in memory for node in spec.nodes):
        return []
    found = []
    for node in spec.nodes:
        left = {other.name: memory[other.name] for other in spec.nodes if other != node}
        homeless = unplaced(spec.vms, left)
        if homeless:
            each = ", ".join(f"{vm.name} ({size(vm.memory)})" for vm in homeless)
            found.append(
                f"without {node.name} there may be no memory for {each}: the other hosts have"
                f" {_about(sum(left.values()))} (hint: smaller VMs, or more memory)"
            )
    return found


def unplaced(vms: Iterable[Vm], room: Mapping[str, int]) -> list[Vm]:
    """Return the VMs for which no host has room left: first fit, in decreasing size."""
    left = dict(room)
    homeless = []
    for vm in sorted(vms, key=lambda vm: vm.memory, reverse=True):
        host = next((host for host in _allowed(vm, left) if left[host] >= vm.memory), None)
        if host is None:
            homeless.append(vm)
        else:
            left[host] -= vm.memory
    return homeless


def _room(spec: ClusterSpec, memory: Mapping[str, int]) -> dict[str, int]:
    """Return the memory for VMs on each host of which it is known."""
    said = {node.name: node.capacity.memory for node in spec.nodes if node.capacity}
    return {**memory, **said}


def _overstated(spec: ClusterSpec, memory: Mapping[str, int]) -> Iterator[str]:
    for node in spec.nodes:
        if node.capacity and node.capacity.memory > memory.get(node.name, node.capacity.memory):
            yield (
                f"{node.name}: its capacity says {size(node.capacity.memory)} of memory, it has"
                f" {_about(memory[node.name])} (hint: nodes[].capacity)"
            )


def _allowed(vm: Vm, hosts: Iterable[str]) -> list[str]:
    return [host for host in hosts if host not in vm.avoid]


def _about(count: int) -> str:
    """Return bytes in the way people speak of a host's memory."""
    gib = count / 1024**3
    return f"{gib:.1f}GiB" if gib >= 1 else f"{count // 1024**2}MiB"
