"""Virtual machines: each runs exactly once, and lives."""

from __future__ import annotations

from collections.abc import Mapping

from kvmha.gates import answers, pacemaker_view
from kvmha.gates.answers import Observations
from kvmha.spec.model import ClusterSpec


def places(seen: Observations) -> dict[str, list[str]]:
    """Return VM -> the nodes whose libvirt runs it."""
    found: dict[str, list[str]] = {}
    for node, domains in answers.of(seen, "domains"):
        for name in domains["running"]:
            found.setdefault(name, []).append(node)
    return found


def judge_running(spec: ClusterSpec, seen: Observations) -> list[str]:
    """Every VM is active in the libvirt of exactly one node, and Pacemaker knows that node."""
    found = [*answers.silent(seen), *answers.broken(seen, "pacemaker", "domains")]
    where = places(seen)
    for vm in spec.vms:
        hosts = where.get(vm.name, [])
        if len(hosts) > 1:
            found.append(_twice(vm.name, hosts, seen))
        elif not hosts:
            found.append(f"{vm.name} runs nowhere (hint: see {spec.folder_of(vm)} and the journal)")
        for node, status in answers.of(seen, "pacemaker"):
            known = pacemaker_view.started_on(status, f"vm-{vm.name}")
            if hosts and known != hosts:
                said = ", ".join(known) or "nowhere"
                found.append(f"{node}: Pacemaker has vm-{vm.name} {said}, libvirt {hosts}")
    for _node, status in answers.of(seen, "pacemaker"):
        found.extend(pacemaker_view.troubles(status))
    return list(dict.fromkeys(found))


def _twice(vm: str, hosts: list[str], seen: Observations) -> str:
    """Tell a VM that moves live, paused where it goes to, from one that runs twice."""
    states = {
        node: domains.get("domains", {}).get(vm) for node, domains in answers.of(seen, "domains")
    }
    going = [node for node in hosts if states[node] == "paused"]
    if len(going) == len(hosts) - 1:
        (source,) = set(hosts) - set(going)
        return f"{vm} is moving from {source} to {', '.join(going)}"
    return (
        f"{vm} RUNS ON {' AND '.join(hosts)}: its disks are in danger (hint: destroy"
        " all but one at once, with virsh destroy, then see why fencing did not help)"
    )


def judge_alive(
    spec: ClusterSpec, before: Mapping[str, int], after: Mapping[str, int]
) -> list[str]:
    """Every guest's heartbeat went on between two looks."""
    return [
        f"{vm.name}: its heartbeat stands at {after.get(vm.name, 'nothing')}"
        for vm in spec.vms
        if not after.get(vm.name, -1) > before.get(vm.name, 0)
    ]


def heartbeats(seen: Observations) -> dict[str, int]:
    """Return VM -> the highest heartbeat seen: where it does not run there may be none."""
    found: dict[str, int] = {}
    for _node, values in answers.of(seen, "heartbeats"):
        for name, value in values.items():
            if isinstance(value, int):
                found[name] = max(value, found.get(name, value))
    return found
